import type { Logger } from '@nestjs/common';
import { ClockWrong } from '../ledger/ledger.errors.js';

/** Requests whose failure is logged once, and not with each of them. */
const loggedOnce = new WeakSet<object>();

/**
 * Logs why a request failed by our fault. A clock that is wrong refuses every request until it is right
 * again: whoever watches the ledger logs that, when it begins and when it is over.
 */
export function logFailure(
  logger: Logger,
  exception: unknown,
  request: { readonly id: string },
): void {
  if (exception instanceof ClockWrong) loggedOnce.add(request);
  else logger.error({ err: exception, requestId: request.id });
}

/** Whether what a request failed with is logged already, without it. */
export function isLoggedOnce(request: object): boolean {
  return loggedOnce.has(request);
}
