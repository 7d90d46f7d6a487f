import type { Instant } from '../domain/identifiers.js';
import { ClockBehind } from './ledger.errors.js';

/** So far behind the last event a clock is corrected and not refused, in milliseconds. */
const CLOCK_BEHIND_MAX = 60_000;

/**
 * When what is decided now is recorded: at the clock's time, never before the last event. Throws
 * ClockBehind when the clock is more than a minute behind that: what would be recorded then lies in
 * the future, where no window closes and every lifetime is too long.
 */
export function recordedTime(now: Instant, lastAppendedAt: Instant): Instant {
  const behind = lastAppendedAt - now;
  if (behind <= CLOCK_BEHIND_MAX) return Math.max(now, lastAppendedAt);
  const seconds = Math.ceil(behind / 1000).toLocaleString('en-US');
  const lastAt = `${new Date(lastAppendedAt).toISOString().slice(0, 19)}Z`;
  throw new ClockBehind(
    `the clock is ${seconds} s behind the last event of the ledger (${lastAt}): ` +
      'set the clock, or wait until it has caught up',
    behind - CLOCK_BEHIND_MAX,
  );
}
