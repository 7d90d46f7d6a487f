import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { securityHeaders } from '../access/security-headers.js';
import type { Settings } from '../config/settings.js';
import { entityTagOf, isKnownTo } from './entity-tag.js';
import { openApiDocument } from './openapi.document.js';

const PATH = '/docs';
/** Of the Swagger UI that @nestjs/swagger brings along, with their media types. */
const ASSETS = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' };

/** They come from a package and change with a release only; the rest is asked for again each time. */
const ASSET_CACHING = { 'cache-control': 'public, max-age=3600' };

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>API · Token Ledger</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${PATH}/swagger-ui.css">
<link rel="stylesheet" href="${PATH}/page.css">
</head>
<body>
<div id="api"><p>This page needs JavaScript. The document itself is at <a href="${PATH}/openapi.json">${PATH}/openapi.json</a>.</p></div>
<script src="${PATH}/swagger-ui-bundle.js"></script>
<script src="${PATH}/page.js"></script>
</body>
</html>
`;

const stylesheet = `body { margin: 0; background: #fff; color: #3b4151; font-family: sans-serif; }
#api > p { margin: 2rem; }
.swagger-ui .info { margin: 2rem 0; }
`;

/** Nothing of the page's address is used, and no validator elsewhere is asked. */
const script = `SwaggerUIBundle({
  url: '${PATH}/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
});
`;

/**
 * Serves the API's documentation at `/docs`, where `/` leads, and the OpenAPI document behind it.
 * Everything comes from this server, and the page runs no inline script and no inline style.
 */
export function serveDocumentation(application: NestFastifyApplication, settings: Settings): void {
  const headers = pageHeaders(settings);
  const fastify = application.getHttpAdapter().getInstance();
  const serve = (
    path: string,
    mediaType: string,
    make: () => Promise<Body>,
    caching: Readonly<Record<string, string>> = {},
  ): void => {
    let made: Promise<TaggedBody> | undefined;
    fastify.get(path, async (request: FastifyRequest, reply: FastifyReply) => {
      const { body, entityTag } = await (made ??= make().then(tagged));
      void reply.headers({ ...headers, ...caching, etag: entityTag });
      if (isKnownTo(request.headers['if-none-match'], entityTag)) return reply.code(304).send();
      return reply.type(`${mediaType}; charset=utf-8`).send(body);
    });
  };
  // Whoever opens the server's address in a browser wants to know what it is.
  fastify.get('/', (_request: unknown, reply: FastifyReply) =>
    reply.headers(headers).redirect(PATH),
  );
  serve(PATH, 'text/html', () => Promise.resolve(page));
  serve(`${PATH}/page.css`, 'text/css', () => Promise.resolve(stylesheet));
  serve(`${PATH}/page.js`, 'text/javascript', () => Promise.resolve(script));
  for (const [name, mediaType] of Object.entries(ASSETS)) {
    const read = (): Promise<Buffer> => readFile(join(swaggerUiDirectory(), name));
    serve(`${PATH}/${name}`, mediaType, read, ASSET_CACHING);
  }
  serve(`${PATH}/openapi.json`, 'application/json', async () =>
    JSON.stringify(await openApiDocument(application, settings)),
  );
}

type Body = string | Buffer;

/** What is served, and how a browser that has it already says so. */
interface TaggedBody {
  readonly body: Body;
  readonly entityTag: string;
}

function tagged(body: Body): TaggedBody {
  return { body, entityTag: entityTagOf(body) };
}

function pageHeaders({ issuer }: Settings): Record<string, string> {
  return {
    ...securityHeaders({ secure: issuer.startsWith('https:') }),
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'cache-control': 'no-cache',
  };
}

function swaggerUiDirectory(): string {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return dirname(resolve('swagger-ui-dist/package.json'));
}
