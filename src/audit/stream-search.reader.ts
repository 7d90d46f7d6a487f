import { setImmediate } from 'node:timers/promises';
import type { StreamId, StreamKind } from '../domain/identifiers.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';

/** So many streams are read at one go; between two goes the server's other work has its turn. */
const STREAMS_AT_ONCE = 1000;

/** Which streams of a kind are looked for, and how far. */
export interface StreamSearch<Kind extends StreamKind> {
  /** Only what is older than this stream; null: begin with the newest. */
  readonly before: StreamId | null;
  readonly limit: number;
  /** Undefined: every stream is. */
  readonly isChosen?: ((row: StreamRow<Kind>) => boolean | Promise<boolean>) | undefined;
  /** So many streams are looked at before the search stops. */
  readonly searchedMax: number;
}

/** What a search found, newest id first, and the last stream it looked at; null: there is no more. */
export interface FoundStreams<Kind extends StreamKind> {
  readonly rows: readonly StreamRow<Kind>[];
  readonly next: StreamId | null;
}

/** Looks through the streams of a kind, a page at a time, newest id first. */
export async function searchStreams<Kind extends StreamKind>(
  ledger: Ledger,
  kind: Kind,
  { before, limit, isChosen, searchedMax }: StreamSearch<Kind>,
): Promise<FoundStreams<Kind>> {
  const rowsAtOnce = Math.min(STREAMS_AT_ONCE, isChosen === undefined ? limit + 1 : Infinity);
  const rows: StreamRow<Kind>[] = [];
  let seen = before;
  for (let searched = 0; ;) {
    const page = await ledger.streamsOfKind(kind, seen, rowsAtOnce);
    for (const row of page) {
      if (rows.length === limit || searched === searchedMax) return { rows, next: seen };
      if (isChosen === undefined || (await isChosen(row))) rows.push(row);
      seen = row.streamId;
      searched += 1;
    }
    if (page.length < rowsAtOnce) return { rows, next: null };
    await setImmediate();
  }
}
