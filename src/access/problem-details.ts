import { types } from 'node:util';
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  HttpStatus,
  Logger,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ClockWrong } from '../ledger/ledger.errors.js';
import { logFailure } from './failure-log.js';

/** A problem as RFC 9457 says it. All of it is shown to the caller: no secret, no inside. */
export interface ProblemDetails {
  readonly status: number;
  /** Short, and the same for every occurrence. */
  readonly title: string;
  /** What this occurrence is about, in a sentence that helps the caller. */
  readonly detail?: string | undefined;
  /** A stable code of this kind of problem; `about:blank` when the status says it all. */
  readonly type?: string | undefined;
  /** More members (RFC 9457, 3.2). */
  readonly [extension: string]: unknown;
}

/** Ends a request at a door that is not OAuth's with problem details. */
export class Problem extends HttpException {
  constructor(
    readonly details: ProblemDetails,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super({ type: 'about:blank', ...details }, details.status);
  }
}

/** The media type of problem details. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** What the caller is told of failures that are not its fault and will pass. */
const passing: ReadonlyMap<string, string> = new Map([
  ['ledger_busy', 'Too many requests are waiting. Try again shortly.'],
  ['ledger_unavailable', 'The service cannot write or read its ledger now. Nothing was lost.'],
  ['ledger_locked', 'The service cannot write or read its ledger now. Nothing was lost.'],
  ['clock_ahead', 'The service cannot write its ledger now. Nothing was lost.'],
  ['clock_behind', 'The service cannot write its ledger now. Nothing was lost.'],
  ['disk_full', 'The service cannot write its ledger now. Nothing was lost.'],
  ['read_only', 'The service cannot write its ledger now. Nothing was lost.'],
  ['vault_unavailable', 'The service cannot read or write its vault now. Nothing was lost.'],
]);

/**
 * Answers every exception with problem details: ours as they are, HTTP exceptions by their status,
 * passing troubles of the ledger and the vault with 503, and anything else with a 500 that says nothing.
 */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  private readonly logger = new Logger('HTTP');

  /** Answers, and logs what is our fault. */
  catch(exception: unknown, host: ArgumentsHost): void {
    const { details, headers } = problemOf(exception);
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    if (details.status >= 500) logFailure(this.logger, exception, request);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    void reply
      .status(details.status)
      .headers({ 'cache-control': 'no-store', ...headers })
      .type(PROBLEM_MEDIA_TYPE)
      .send(JSON.stringify({ type: 'about:blank', ...details }));
  }
}

interface ProblemAnswer {
  readonly details: ProblemDetails;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the caller is told of an exception. */
export function problemOf(exception: unknown): ProblemAnswer {
  if (exception instanceof Problem) return exception;
  if (exception instanceof HttpException) {
    return fromStatus(exception.getStatus(), messageOf(exception));
  }
  const { code, statusCode, name } = (exception ?? {}) as {
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly name?: unknown;
  };
  const trouble = typeof code === 'string' ? passing.get(code) : undefined;
  if (trouble !== undefined || name === 'TooManyHashes') {
    const detail = trouble ?? passing.get('ledger_busy');
    return {
      details: { status: 503, title: 'Service Unavailable', detail },
      headers: { 'retry-after': String(waitSecondsOf(exception)) },
    };
  }
  // Fastify's own: a body too large, a media type or a JSON text that it cannot read.
  const isCallers = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return isCallers && types.isNativeError(exception)
    ? fromStatus(statusCode, exception.message)
    : fromStatus(500, undefined);
}

/** Callers come back after this at the latest: somebody may set the clock at any moment. */
const WAIT_SECONDS_MAX = 60;

/** In how many seconds it is worth trying again what failed, from 1 to 60 (RFC 9110, 10.2.3). */
export function waitSecondsOf(exception: unknown): number {
  if (!(exception instanceof ClockWrong)) return 1;
  return Math.min(Math.ceil(exception.waitMilliseconds / 1000), WAIT_SECONDS_MAX);
}

/** A validation pipe says several things at once. */
function messageOf(exception: HttpException): string {
  const response = exception.getResponse();
  const message =
    typeof response === 'string' ? response : (response as { message?: unknown }).message;
  return Array.isArray(message) ? message.join('; ') : exception.message;
}

function fromStatus(status: number, message: string | undefined): ProblemAnswer {
  const title = titleOf(status);
  // Nest's own message of a 404 repeats the path, and so whatever was put into it.
  const isForCaller = status < 500 && status !== 404 && message !== '' && message !== title;
  return { details: { status, title, ...(isForCaller ? { detail: message } : {}) }, headers: {} };
}

/** The reason phrase of a status: `Not Found`. */
function titleOf(status: number): string {
  const name = HttpStatus[status] ?? (status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST');
  return name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
