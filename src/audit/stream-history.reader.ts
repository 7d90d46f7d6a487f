import { setImmediate } from 'node:timers/promises';
import { streamPages } from '../access/event-pages.js';
import type { RecordedEvent } from '../domain/envelope.js';
import {
  type Position,
  type StreamId,
  type StreamKind,
  streamIdOf,
} from '../domain/identifiers.js';
import type { EventWithOrigin } from '../domain/investigation/family-record.rules.js';
import { stateAfter } from '../domain/investigation/state-difference.rules.js';
import type { StateOf } from '../domain/streams.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';

/** So many events are read at one go; between two goes the server's other work has its turn. */
const EVENTS_AT_ONCE = 500;
/** A stream with more events than this is not read as a whole. */
export const HISTORY_EVENTS_MAX = 20_000;

/** A stream has too many events to be read as a whole. */
export class HistoryTooLong extends Error {
  constructor(streamId: StreamId) {
    super(`${streamId} has more than ${HISTORY_EVENTS_MAX} events`);
    this.name = 'HistoryTooLong';
  }
}

/** The events of a stream up to a position, oldest first. Throws HistoryTooLong. */
export async function historyOf(
  ledger: Ledger,
  streamId: StreamId,
  upTo: Position,
): Promise<readonly RecordedEvent[]> {
  const history: RecordedEvent[] = [];
  let before: Position | null = upTo + 1;
  while (before !== null) {
    const page = await ledger.streamEvents(streamId, before, EVENTS_AT_ONCE);
    history.push(...page.events);
    if (history.length > HISTORY_EVENTS_MAX) throw new HistoryTooLong(streamId);
    before = page.next;
    await setImmediate();
  }
  return history.reverse();
}

/** The same with where the requests came from. */
export async function originatedHistoryOf(
  ledger: Ledger,
  streamId: StreamId,
  upTo: Position,
): Promise<readonly EventWithOrigin[]> {
  const history = await historyOf(ledger, streamId, upTo);
  const origins = await ledger.origins(history.map(({ position }) => position));
  return history.map((event) => ({ event, origin: origins.get(event.position) }));
}

/**
 * A stream as it was at a position, however long it is; undefined when there was none. It is folded a
 * page at a time, of which one is in memory.
 */
export async function streamRowAt<Kind extends StreamKind>(
  ledger: Ledger,
  kind: Kind,
  id: string,
  upTo: Position,
): Promise<StreamRow<Kind> | undefined> {
  const row = await ledger.streamRow(kind, id);
  if (row === undefined || row.lastPosition <= upTo) return row;
  const streamId = streamIdOf(kind, id);
  let then: StreamRow<Kind> | undefined;
  for await (const page of streamPages(ledger, streamId, { after: null, upTo })) {
    for (const event of page) {
      const { streamVersion: version, position: lastPosition } = event;
      const state: StateOf<Kind> = stateAfter(kind, then?.state, event);
      then = { streamId, kind, version, lastPosition, state };
    }
  }
  return then;
}
