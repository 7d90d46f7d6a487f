import type { StreamId, StreamKind } from '../domain/identifiers.js';
import type { StateOf } from '../domain/streams.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';

const PAGE = 1000;

/** The states of all streams of a kind, newest id first, a page at a time. */
export async function* statesOfKind<Kind extends StreamKind>(
  ledger: Ledger,
  kind: Kind,
): AsyncGenerator<StateOf<Kind>> {
  let before: StreamId | null = null;
  do {
    const page: readonly StreamRow<Kind>[] = await ledger.streamsOfKind<Kind>(kind, before, PAGE);
    for (const { state } of page) yield state;
    before = page.length < PAGE ? null : (page.at(-1)?.streamId ?? null);
  } while (before !== null);
}
