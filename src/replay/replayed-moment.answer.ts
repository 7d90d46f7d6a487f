import { z } from 'zod';
import type { Moment } from '../access/moment.js';
import type { Instant } from '../domain/identifiers.js';

/** An instant as the answers of the replay write it: RFC 3339 in UTC, with milliseconds. */
export const timeText = z.iso
  .datetime({ precision: 3 })
  .meta({ example: '2026-11-21T02:14:07.000Z' });

/** The moment of the example. */
export const momentExample = {
  position: 1204,
  at: '2026-11-21T02:14:06.990Z',
  asked: '2026-11-21T02:14:07.000Z',
};

/** The moment of the ledger that an answer is about: nothing after its position had happened. */
export const replayedMoment = z
  .object({
    position: z.int().nonnegative().meta({ description: 'Of the newest event by then.' }),
    at: timeText.describe('When that event was recorded.'),
    asked: timeText.optional().meta({ description: 'The time that was asked for, if it was one.' }),
  })
  .meta({
    id: 'ReplayedMoment',
    description: 'A moment of the ledger: nothing after its position had happened.',
    examples: [momentExample],
  });
/** The moment of the ledger that an answer is about. */
export type ReplayedMoment = z.infer<typeof replayedMoment>;

/** Milliseconds as the answers of the replay write an instant. */
export function timeTextOf(instant: Instant): string {
  return new Date(instant).toISOString();
}

/** A moment as the answers of the replay write it. */
export function replayedMomentOf({
  position,
  recordedAt,
  instant,
  isAsked,
}: Moment): ReplayedMoment {
  const asked = isAsked ? { asked: timeTextOf(instant) } : {};
  return { position, at: timeTextOf(recordedAt), ...asked };
}
