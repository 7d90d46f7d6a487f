import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Injectable,
  Logger,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FailureLimits } from '../access/failure-limits.js';
import { ProblemDetailsFilter, problemOf } from '../access/problem-details.js';
import { OAuthError } from './oauth.error.js';

const OAUTH_PATH = /^\/oauth\//;
/** What only answers to one method says so (RFC 9110, 15.5.6). */
const POSTED = /^\/oauth\/(?:token|revoke|introspect|register)(?:\?|$)/;

/** Answers every failure in the language of its door: OAuth errors, or else problem details. */
@Catch()
@Injectable()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('HTTP');
  private readonly problems = new ProblemDetailsFilter();

  constructor(private readonly limits: FailureLimits) {}

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (!OAUTH_PATH.test(request.url) && !(exception instanceof OAuthError)) {
      this.problems.catch(exception, host);
      return;
    }
    if (reply.sent) return;
    const error = await this.limited(this.oauthErrorOf(exception, request), request);
    await reply
      .status(error.status)
      .headers({ 'cache-control': 'no-store', pragma: 'no-cache', ...error.headers })
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(error));
  }

  /** Failing calls are limited per address; a call that succeeds never is. */
  private async limited(error: OAuthError, request: FastifyRequest): Promise<OAuthError> {
    if (error.status >= 500) return error;
    const wait = await this.limits.callFailed(request.ip);
    if (wait === undefined) return error;
    return new OAuthError('temporarily_unavailable', 'too many failing requests; wait', {
      status: 429,
      headers: { 'retry-after': String(wait) },
      cause: error,
    });
  }

  private oauthErrorOf(exception: unknown, request: FastifyRequest): OAuthError {
    if (exception instanceof OAuthError) return exception;
    const { details, headers } = problemOf(exception);
    const { status } = details;
    if (status === 404 && POSTED.test(request.url)) {
      return new OAuthError('invalid_request', 'the request must be a POST', {
        status: 405,
        headers: { allow: 'POST' },
      });
    }
    if (status < 500) {
      const description = exception instanceof HttpException ? exception.message : details.title;
      return new OAuthError('invalid_request', description, { status });
    }
    this.logger.error(exception);
    return status === 503
      ? new OAuthError('temporarily_unavailable', 'try again shortly', { headers })
      : new OAuthError('server_error', 'something went wrong here');
  }
}
