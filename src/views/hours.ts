import type { Instant } from '../domain/identifiers.js';

/** An hour, in milliseconds. */
export const HOUR = 3_600_000;

/** When the hour (UTC) began that an instant lies in. */
export function hourOf(instant: Instant): Instant {
  return Math.floor(instant / HOUR) * HOUR;
}
