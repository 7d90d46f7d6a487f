import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { isOperatorScope, operatorAudienceOf } from '../domain/directory/operator-scopes.rules.js';
import { type ActiveAccessToken, AccessTokenStatuses } from './access-token-status.js';
import { FailureLimits } from './failure-limits.js';
import { Problem } from './problem-details.js';
import { addressOf } from './request-context.js';

const REQUIRED_SCOPES = 'token-ledger:required-scopes';
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** The scopes that a caller's access token needs, all of them; for a controller or one of its methods. */
export const RequireScopes = (...scopes: readonly string[]) => SetMetadata(REQUIRED_SCOPES, scopes);

const bearers = new WeakMap<object, ActiveAccessToken>();

/** The access token that the guard let through. Throws an Error on a door without the guard. */
export function bearerOf(request: object): ActiveAccessToken {
  const bearer = bearers.get(request);
  if (bearer === undefined) throw new Error('this door has no bearer guard');
  return bearer;
}

/** A handler's parameter: the access token that the guard let through. */
export const Bearer = createParamDecorator(
  (_: unknown, context: ExecutionContext): ActiveAccessToken =>
    bearerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/**
 * Lets a request through whose `Authorization: Bearer` token is good now, is meant for this server,
 * and has the scopes of `@RequireScopes` (RFC 6750; not as a form or query parameter). Operator scopes
 * count only where `<issuer>/admin` is the sole audience: any other could present the token here.
 */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly statuses: AccessTokenStatuses,
    private readonly limits: FailureLimits,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'issuer'>,
  ) {}

  /** True, or a Problem with the `WWW-Authenticate` of RFC 6750, 3. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const required =
      this.reflector.getAllAndOverride<readonly string[] | undefined>(REQUIRED_SCOPES, [
        context.getHandler(),
        context.getClass(),
      ]) ?? [];
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    try {
      bearers.set(request, await this.admit(request.headers.authorization, required));
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const wait = await this.limits.callFailed(addressOf(request));
      throw wait === undefined ? error : tooManyFailures(wait);
    }
  }

  private async admit(
    authorization: string | undefined,
    required: readonly string[],
  ): Promise<ActiveAccessToken> {
    if (authorization === undefined) throw challenge(401, required);
    if (!/^Bearer(?: |$)/i.test(authorization)) throw challenge(401, required);
    const text = BEARER.exec(authorization)?.[1];
    if (text === undefined) throw challenge(400, required, 'invalid_request');
    const status = await this.statuses.statusOf(text);
    if (!status.isActive) throw challenge(401, required, 'invalid_token');
    if (!this.isMeantFor(required, status.audience)) {
      throw challenge(401, required, 'invalid_token');
    }
    if (!required.every((scope) => status.scope.includes(scope))) {
      throw challenge(403, required, 'insufficient_scope');
    }
    return status;
  }

  private isMeantFor(required: readonly string[], audience: readonly string[]): boolean {
    const { issuer } = this.settings;
    const operator = operatorAudienceOf(issuer);
    const isForOperator = audience.includes(operator);
    if (required.some(isOperatorScope)) return isForOperator && audience.length === 1;
    return isForOperator || audience.includes(issuer);
  }
}

const sentences = {
  invalid_request: 'The Authorization header is not a bearer token.',
  invalid_token: 'The access token is missing, expired, revoked or not meant for this server.',
  insufficient_scope: 'The access token does not have the scopes that this needs.',
};

/** RFC 6750, 3: who has sent no token is told no error code. */
function challenge(
  status: 400 | 401 | 403,
  required: readonly string[],
  error?: keyof typeof sentences,
): Problem {
  const scope = required.length === 0 ? [] : [`scope="${required.join(' ')}"`];
  const code = error === undefined ? [] : [`error="${error}"`];
  const parameters = ['realm="token-ledger"', ...code, ...scope].join(', ');
  const title = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden' }[status];
  const detail = error === undefined ? 'An access token is needed.' : sentences[error];
  return new Problem({ status, title, detail }, { 'www-authenticate': `Bearer ${parameters}` });
}

/** The answer to failures beyond the limit; `wait` in seconds. */
export function tooManyFailures(wait: number): Problem {
  const detail = `Too many failing requests from this address. Try again in ${wait} s.`;
  return new Problem(
    { status: 429, title: 'Too Many Requests', detail },
    { 'retry-after': String(wait) },
  );
}
