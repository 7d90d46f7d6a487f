import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { securityHeaders } from '../access/security-headers.js';
import type { Settings } from '../config/settings.js';
import { openApiDocument } from './openapi.document.js';

const PATH = '/docs';
const ASSETS = new Set(['/swagger-ui.css', '/swagger-ui-bundle.js']);
const HOUR_MS = 3_600_000;

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
export async function serveDocumentation(
  application: NestFastifyApplication,
  settings: Settings,
): Promise<void> {
  const headers = pageHeaders(settings);
  const fastify = application.getHttpAdapter().getInstance();
  await application.register(fastifyStatic, {
    root: swaggerUiDirectory(),
    prefix: PATH,
    decorateReply: false,
    index: false,
    maxAge: HOUR_MS,
    allowedPath: (path) => ASSETS.has(path),
  });
  const text = (path: string, mediaType: string, body: () => string): void => {
    fastify.get(path, (_request: unknown, reply: FastifyReply) =>
      reply.headers(headers).type(`${mediaType}; charset=utf-8`).send(body()),
    );
  };
  // Whoever opens the server's address in a browser wants to know what it is.
  fastify.get('/', (_request: unknown, reply: FastifyReply) =>
    reply.headers(headers).redirect(PATH),
  );
  text(PATH, 'text/html', () => page);
  text(`${PATH}/page.css`, 'text/css', () => stylesheet);
  text(`${PATH}/page.js`, 'text/javascript', () => script);
  let document: string | undefined;
  text(`${PATH}/openapi.json`, 'application/json', () => {
    document ??= JSON.stringify(openApiDocument(application, settings));
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

/** Of the Swagger UI that @nestjs/swagger brings along. */
function swaggerUiDirectory(): string {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return dirname(resolve('swagger-ui-dist/package.json'));
}
