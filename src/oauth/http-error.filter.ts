import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  Inject,
  Injectable,
  Logger,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ErrorPage } from '../access/error-page.port.js';
import { logFailure } from '../access/failure-log.js';
import { FailureLimits } from '../access/failure-limits.js';
import { ProblemDetailsFilter, problemOf } from '../access/problem-details.js';
import { addressOf } from '../access/request-context.js';
import { securityHeaders } from '../access/security-headers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { OAuthError } from './oauth.error.js';

const OAUTH_PATH = /^\/oauth\//;
/** Where a person sees the failure, not a program. */
const PAGE_PATH = /^\/(?:oauth\/(?:authorize|logout)|sign-in|consent)(?:\?|$)/;

/** Answers every failure in the language of its door: a page, an OAuth error, or problem details. */
@Catch()
@Injectable()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('HTTP');
  private readonly problems = new ProblemDetailsFilter();

  constructor(
    private readonly limits: FailureLimits,
    private readonly errorPage: ErrorPage,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const isPage = PAGE_PATH.test(request.url);
    if (!isPage && !OAUTH_PATH.test(request.url) && !(exception instanceof OAuthError)) {
      // oxlint-disable-next-line promise/valid-params -- a filter's catch, not a promise's
      this.problems.catch(exception, host);
      return;
    }
    if (reply.sent) return;
    try {
      await this.answer(exception, request, reply, isPage);
    } catch (error) {
      // Nobody waits for a filter: what it throws would end the process.
      this.logger.error({ err: error, requestId: request.id });
      reply.raw.destroy();
    }
  }

  private async answer(
    exception: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
    isPage: boolean,
  ): Promise<void> {
    const error = await this.limited(this.oauthErrorOf(exception, request), request);
    void reply.status(error.status).headers({ ...error.headers, 'cache-control': 'no-store' });
    if (isPage) return this.sendPage(error, request, reply);
    await reply
      .header('pragma', 'no-cache')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(error));
  }

  private async sendPage(
    error: OAuthError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const html = this.errorPage.render({
      title: error.status >= 500 ? 'Something went wrong' : 'This request cannot be completed',
      message: error.sentence,
      errorCode: error.error,
      requestId: request.id,
    });
    const secure = this.settings.issuer.startsWith('https:');
    await reply.headers(securityHeaders({ secure })).type('text/html; charset=utf-8').send(html);
  }

  /** Failing calls are limited per address; a call that succeeds never is. */
  private async limited(error: OAuthError, request: FastifyRequest): Promise<OAuthError> {
    if (error.status >= 500) return error;
    const wait = await this.limits.callFailed(addressOf(request));
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
    if (status === 404) {
      // Nest's own message repeats the URL, and so whatever was put into it.
      return new OAuthError('invalid_request', 'there is no such endpoint', { status });
    }
    if (status === 413) {
      return new OAuthError('invalid_request', 'the body is too large', { status });
    }
    if (status < 500) {
      // What cannot be read is no other error than what can be read and is wrong (RFC 6749, 5.2).
      const isUnreadable = status === 415;
      const description = 'the request cannot be read';
      return new OAuthError('invalid_request', description, {
        status: isUnreadable ? 400 : status,
      });
    }
    logFailure(this.logger, exception, request);
    return status === 503
      ? new OAuthError('temporarily_unavailable', 'try again shortly', { headers })
      : new OAuthError('server_error', 'something went wrong here');
  }
}
