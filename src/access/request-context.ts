import type { FastifyRequest } from 'fastify';
import type { RequestContext } from '../grants/request-context.js';
import { canonicalAddress } from './network-address.js';

const USER_AGENT_CHARACTERS_MAX = 256;

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request arrived, ms UTC: set before its body was read. */
    receivedAt?: number;
  }
}

/** The caller's address in its one form, also behind trusted proxies; `unknown` once it has hung up. */
export function addressOf(request: FastifyRequest): string {
  // A socket that was reset has forgotten its peer, whatever the type says.
  const address: string | undefined = request.ip;
  return address === undefined ? 'unknown' : canonicalAddress(address);
}

/** When and from where a request came. The address is the client's, behind trusted proxies too. */
export function requestContextOf(request: FastifyRequest): RequestContext {
  const userAgent = request.headers['user-agent'] ?? '';
  return {
    receivedAt: request.receivedAt ?? Date.now(),
    correlationId: request.id,
    origin: {
      address: addressOf(request),
      userAgent: userAgent.slice(0, USER_AGENT_CHARACTERS_MAX),
      requestId: request.id,
    },
  };
}
