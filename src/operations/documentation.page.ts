import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { securityHeaders } from '../access/security-headers.js';
import type { Settings } from '../config/settings.js';
import { openApiDocument } from './openapi.document.js';

const PATH = '/docs';
/** Of the Swagger UI that @nestjs/swagger brings along, with their media types. */
const ASSETS = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' };
const ASSET_CACHING = 'public, max-age=3600';

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
  const text = (path: string, mediaType: string, body: () => string | Promise<string>): void => {
    fastify.get(path, async (_request: unknown, reply: FastifyReply) =>
      reply
        .headers(headers)
        .type(`${mediaType}; charset=utf-8`)
        .send(await body()),
    );
  };
  // Whoever opens the server's address in a browser wants to know what it is.
  fastify.get('/', (_request: unknown, reply: FastifyReply) =>
    reply.headers(headers).redirect(PATH),
  );
  text(PATH, 'text/html', () => page);
  text(`${PATH}/page.css`, 'text/css', () => stylesheet);
  text(`${PATH}/page.js`, 'text/javascript', () => script);
  for (const [name, mediaType] of Object.entries(ASSETS)) {
    fastify.get(`${PATH}/${name}`, async (_request: unknown, reply: FastifyReply) =>
      reply
        .headers({ ...headers, 'cache-control': ASSET_CACHING })
        .type(`${mediaType}; charset=utf-8`)
        .send(await readFile(join(swaggerUiDirectory(), name))),
    );
  }
  let document: Promise<string> | undefined;
  text(`${PATH}/openapi.json`, 'application/json', () => {
    document ??= openApiDocument(application, settings).then((one) => JSON.stringify(one));
    return document;
  });
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
