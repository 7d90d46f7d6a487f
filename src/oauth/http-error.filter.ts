import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LedgerError } from '../ledger/ledger.errors.js';
import { OAuthError } from './oauth.error.js';

const OAUTH_PATH = /^\/(?:oauth|\.well-known)\//;

/** Turns every failure into the answer of its door: OAuth errors here, problem details elsewhere. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(HttpErrorFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const answer = this.oauthErrorOf(error);
    void OAUTH_PATH.test(request.url);
    void reply
      .status(answer.status)
      .headers({ 'cache-control': 'no-store', pragma: 'no-cache', ...answer.headers })
      .send(answer.toJSON());
  }

  private oauthErrorOf(error: unknown): OAuthError {
    if (error instanceof OAuthError) return error;
    if (error instanceof HttpException) {
      return new OAuthError('invalid_request', error.message, { status: error.getStatus() });
    }
    this.logger.error(error);
    if (error instanceof LedgerError && error.code !== 'ledger_corrupted') {
      return new OAuthError('temporarily_unavailable', 'try again shortly', {
        headers: { 'retry-after': '1' },
      });
    }
    return new OAuthError('server_error', 'something went wrong here');
  }
}
