import { type RequestListener, STATUS_CODES } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { PROBLEM_MEDIA_TYPE } from '../access/problem-details.js';
import { newUuid } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { logRequests } from '../operations/request-log.hook.js';
import type { Connections } from './connections.js';

/** No request body may be larger, in bytes. */
const BODY_BYTES_MAX = 64 * 1024;

/** The HTTP server under Nest: bodies arrive raw, and every request knows when it came. */
export function fastifyAdapter(
  settings: Settings,
  log: Logger,
  connections: Connections,
): FastifyAdapter {
  const adapter = new FastifyAdapter({
    // Of Fastify's own lines only what went wrong: where the server listens says the banner.
    loggerInstance: log.isLevelEnabled('warn') ? log.child({}, { level: 'warn' }) : log,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for every request would be made on the hot path and write nothing.
    childLoggerFactory: (logger: FastifyBaseLogger) => logger,
    serverFactory: (handler: RequestListener) => connections.serve(handler),
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    genReqId: () => newUuid(),
    routerOptions: { maxParamLength: 200 },
    // No route has a schema of Fastify's: what compiles those is a hundred modules.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
    frameworkErrors: refuseUnroutable,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  logRequests(fastify, log);
  // Before Fastify closes its first server: it does not wait for the others.
  fastify.addHook('preClose', () => connections.finish());
  fastify.decorateRequest('receivedAt');
  fastify.addHook('onRequest', (request, _reply, done) => {
    request.receivedAt = Date.now();
    done();
  });
  return adapter;
}

/** A URL that cannot be read never reaches Nest, and Fastify's own answer would repeat it. */
function refuseUnroutable(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  const status = error.statusCode ?? 400;
  void reply
    .status(status)
    .headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify({ type: 'about:blank', status, title: STATUS_CODES[status] }));
}

function noSchemas(): never {
  throw new Error(
    'a route has a schema: what it takes is checked by the schemas of its parameters',
  );
}
