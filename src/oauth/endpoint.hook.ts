import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';

/** What an endpoint answers to. */
interface Endpoint {
  readonly methods: readonly string[];
  /** Whether scripts of any site may call it; never with cookies. */
  readonly crossOrigin: boolean;
}

const READ: Endpoint = { methods: ['GET', 'HEAD'], crossOrigin: true };
const POSTED: Endpoint = { methods: ['POST'], crossOrigin: false };
const PAGE: Endpoint = { methods: ['GET', 'HEAD', 'POST'], crossOrigin: false };

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ['/.well-known/openid-configuration', READ],
  ['/.well-known/oauth-authorization-server', READ],
  ['/oauth/jwks', READ],
  ['/oauth/token', { ...POSTED, crossOrigin: true }],
  ['/oauth/revoke', { ...POSTED, crossOrigin: true }],
  ['/oauth/userinfo', { methods: ['GET', 'HEAD', 'POST'], crossOrigin: true }],
  ['/oauth/introspect', POSTED],
  ['/oauth/register', POSTED],
  // Never by HEAD: it would issue a code, or sign somebody out.
  ['/oauth/authorize', { methods: ['GET', 'POST'], crossOrigin: false }],
  ['/oauth/logout', { methods: ['GET', 'POST'], crossOrigin: false }],
  ['/sign-in', PAGE],
  ['/consent', PAGE],
]);

const CROSS_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'www-authenticate, retry-after',
};
const PREFLIGHT_HEADERS = 'authorization, content-type, dpop';
const PREFLIGHT_SECONDS = 7200;

/**
 * What holds for whole endpoints, before anything is read: which methods they have (RFC 9110, 15.5.6),
 * which of them scripts of other sites may call (browser-based clients), and headers that every answer has.
 */
@Injectable()
export class EndpointHook implements OnModuleInit {
  private readonly always: Readonly<Record<string, string>>;

  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(SETTINGS) { issuer }: Settings,
  ) {
    this.always = {
      'x-content-type-options': 'nosniff',
      ...(issuer.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    };
  }

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onRequest', (request, reply, done) => {
      void reply.headers(this.always);
      const endpoint = endpointOf(request);
      if (endpoint === undefined || admits(endpoint, request, reply)) done();
    });
  }
}

function endpointOf(request: FastifyRequest): Endpoint | undefined {
  const mark = request.url.indexOf('?');
  const path = mark === -1 ? request.url : request.url.slice(0, mark);
  // The router also takes a path that is percent-encoded.
  return endpoints.get(path) ?? endpoints.get(request.routeOptions.url ?? '');
}

/** Whether the request goes on to its handler; otherwise it was answered here. */
function admits(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): boolean {
  if (endpoint.crossOrigin) void reply.headers(CROSS_ORIGIN);
  if (endpoint.methods.includes(request.method)) return true;
  const allow = endpoint.methods.join(', ');
  void reply.header('allow', allow);
  if (request.method === 'OPTIONS') {
    if (endpoint.crossOrigin) void reply.headers(preflight(allow));
    void reply.status(204).send();
    return false;
  }
  void reply
    .status(405)
    .headers({ 'cache-control': 'no-store' })
    .type('application/json; charset=utf-8')
    .send(
      JSON.stringify({
        error: 'invalid_request',
        error_description: `this endpoint only answers to ${allow}`,
      }),
    );
  return false;
}

/** Fetch, CORS-preflight: the answer to a browser that asks first. */
function preflight(methods: string): Record<string, string> {
  return {
    'access-control-allow-methods': methods,
    'access-control-allow-headers': PREFLIGHT_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  };
}
