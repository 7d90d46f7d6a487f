import { streamPages } from '../access/event-pages.js';
import { type Position, type StreamKind, streamIdOf } from '../domain/identifiers.js';
import { stateAfter } from '../domain/investigation/state-difference.rules.js';
import type { StateOf } from '../domain/streams.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';

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
