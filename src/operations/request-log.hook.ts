import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isLoggedOnce } from '../access/failure-log.js';

const UNAVAILABLE = 503;

/**
 * Logs finished requests: what we failed at as an error, what was not available as a warning, and the
 * rest only at level debug, so that nothing is written while all goes well, nor twice.
 */
export function logRequests(fastify: FastifyInstance, log: Logger): void {
  const isDetailed = log.isLevelEnabled('debug');
  fastify.addHook('onResponse', (request, reply, done) => {
    const { statusCode: status } = reply;
    if (status >= 500 && !isLoggedOnce(request)) {
      log[status === UNAVAILABLE ? 'warn' : 'error'](factsOf(request, reply), 'request failed');
    } else if (isDetailed) {
      log.debug(factsOf(request, reply), 'request finished');
    }
    done();
  });
}

/** The route is the declared one: a URL's path and query hold what the caller put there. */
function factsOf(request: FastifyRequest, reply: FastifyReply): object {
  return {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 100) / 100,
  };
}
