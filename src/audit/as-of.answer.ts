import { z } from 'zod';
import { eventAt, type Moment } from '../access/moment.js';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Instant } from '../domain/identifiers.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';
import { asOfExample } from './answer.examples.js';

/** A moment as the audit answers write it: ISO 8601 in UTC, with milliseconds. */
export const moment = z.iso
  .datetime({ precision: 3 })
  .meta({ example: '2026-11-21T02:14:07.000Z' });

/** Which event of the ledger an answer goes up to: nothing that came later is in it. */
export const asOf = z
  .object({
    position: z.int().nonnegative().meta({ description: 'Of the newest event.', example: 1204 }),
    at: moment.describe('When the newest event was recorded.'),
    asked: moment.optional().meta({
      description: 'The time that was asked about: what has expired is told as of then.',
    }),
    lag: z
      .int()
      .positive()
      .optional()
      .meta({
        description:
          'So many events that the ledger had by then are not in this answer yet: the views that ' +
          'lists are read from follow it. Absent when there are none.',
      }),
  })
  .meta({
    id: 'AsOf',
    description: 'The newest event that the answer saw.',
    examples: [asOfExample],
  });
/** Which event of the ledger an answer goes up to. */
export type AsOf = z.infer<typeof asOf>;

/** Milliseconds as the audit answers write a moment. */
export function momentOf(instant: Instant): string {
  return new Date(instant).toISOString();
}

/** An answer that goes up to this event. */
export function asOfEvent({ position, recordedAt }: RecordedEvent): AsOf {
  return { position, at: momentOf(recordedAt) };
}

/**
 * What an answer goes up to that looked at the ledger's end first and at these streams then: they may
 * have grown in between, and whoever sees an event of a commit has seen all before it.
 */
export async function asOfStreams(
  ledger: Ledger,
  newest: RecordedEvent,
  rows: readonly Pick<StreamRow, 'lastPosition'>[],
): Promise<AsOf> {
  const last = rows.reduce((most, row) => Math.max(most, row.lastPosition), newest.position);
  return asOfEvent(last === newest.position ? newest : await eventAt(ledger, last));
}

/** What an answer about a moment goes up to. */
export function asOfMoment({ position, recordedAt, instant, isAsked }: Moment): AsOf {
  const asked = isAsked ? { asked: momentOf(instant) } : {};
  return { position, at: momentOf(recordedAt), ...asked };
}

/** The ledger's newest event now. A ledger that a server has opened is never empty. */
export async function newestEvent(ledger: Ledger): Promise<RecordedEvent> {
  return eventAt(ledger, (await ledger.size()) - 1);
}
