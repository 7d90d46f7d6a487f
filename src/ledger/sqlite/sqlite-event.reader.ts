import type { Origin, RecordedEvent } from '../../domain/envelope.js';
import type { Position, StreamId, StreamKind, Subject } from '../../domain/identifiers.js';
import type { FedEvent } from '../ledger-feed.port.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { EventEvidence, EventPage, StreamRow } from '../ledger.port.js';
import { PAGE_ROWS_MAX, parseState, readBody, rowsOf } from '../stored-rows.js';
import type {
  EventColumns,
  FeedColumns,
  LedgerStatements,
  OriginColumns,
  StreamColumns,
} from './ledger-statements.js';

/** Reads events, streams and origins in pages, on a handle of the ledger. */
export class SqliteEventReader {
  constructor(private readonly statements: LedgerStatements) {}

  /** A page of the whole ledger in order of position. */
  eventsAfter(after: Position | null, limit: number): EventPage {
    const rowsMax = rowsOf(limit);
    const rows = this.statements.eventsAfter.all(after ?? -1, rowsMax);
    const events = rows.map(eventOf);
    return { events, next: rows.length < rowsMax ? null : (events.at(-1)?.position ?? null) };
  }

  /** A page of the whole ledger in order of position, with origins: one statement for both. */
  feed(after: Position | null, limit: number): FedEvent[] {
    return this.statements.feed.all(after ?? -1, rowsOf(limit)).map(fedEventOf);
  }

  /** The events at these positions, without those that there are none at. */
  eventsAt(positions: readonly Position[]): RecordedEvent[] {
    const asked = JSON.stringify(positions.slice(0, PAGE_ROWS_MAX));
    return this.statements.eventsAt.all(asked).map(eventOf);
  }

  /** A page of one stream, newest first, along its chain of previous positions. */
  streamEvents(streamId: StreamId, before: Position | null, limit: number): EventPage {
    const rowsMax = rowsOf(limit);
    const events: RecordedEvent[] = [];
    let position = this.firstBelow(streamId, before);
    while (position !== null && events.length < rowsMax) {
      const event = eventOf(this.rowAt(position, streamId));
      events.push(event);
      position = event.previousPosition;
    }
    return { events, next: position === null ? null : (events.at(-1)?.position ?? null) };
  }

  /** A stream's row. */
  streamRow<Kind extends StreamKind>(streamId: StreamId): StreamRow<Kind> | undefined {
    const row = this.statements.stream.get(streamId);
    return row === undefined ? undefined : streamRowOf<Kind>(row);
  }

  /** Streams of a kind, newest id first: their ids begin with the kind, so they lie together. */
  streamsOfKind<Kind extends StreamKind>(
    kind: Kind,
    before: StreamId | null,
    limit: number,
  ): StreamRow<Kind>[] {
    const afterLast = `${kind};`;
    return this.statements.streamsBetween
      .all(`${kind}:`, before ?? afterLast, rowsOf(limit))
      .map((row) => streamRowOf<Kind>(row));
  }

  /** Whose streams the next ones by id are: no index is kept for what is asked so seldom. */
  streamsOwnedBy(
    subject: Subject,
    after: StreamId | null,
  ): { streamIds: readonly StreamId[]; next: StreamId | null } {
    const rows = this.statements.streamOwners.all(after ?? '', PAGE_ROWS_MAX);
    const own = rows.filter(([, owner]) => owner === subject);
    return {
      streamIds: own.map(([streamId]) => streamId as StreamId),
      next: rows.length < PAGE_ROWS_MAX ? null : ((rows.at(-1)?.[0] ?? null) as StreamId | null),
    };
  }

  /** The origin of the event at a position, unless it had none or was erased. */
  origin(position: Position): Origin | undefined {
    const row = this.statements.origin.get(position);
    return row === undefined ? undefined : originOf(row);
  }

  /** The origins of the events at these positions that had one and were not erased. */
  origins(positions: readonly Position[]): Map<Position, Origin> {
    const rows = this.statements.originsAt.all(JSON.stringify(positions));
    return new Map(rows.map((row) => [row[0], originOf(row)]));
  }

  /** What the events at these positions are proved with, without those that there are none at. */
  evidenceAt(positions: readonly Position[]): EventEvidence[] {
    return positions.slice(0, PAGE_ROWS_MAX).flatMap((position) => {
      const body = this.statements.event.get(position)?.[6];
      if (body === undefined) return [];
      const salt = this.statements.origin.get(position)?.[1];
      const origin = this.origin(position);
      const isKept = origin !== undefined && salt !== undefined;
      return [{ position, body, origin: isKept ? { salt, ...origin } : undefined }];
    });
  }

  /** Where a page begins: at the stream's last event, or at its newest one below a position. */
  private firstBelow(streamId: StreamId, before: Position | null): Position | null {
    let position = this.statements.stream.get(streamId)?.[4] ?? null;
    if (before === null) return position;
    const row = this.statements.event.get(before);
    if (row?.[1] === streamId) return row[3];
    while (position !== null && position >= before) position = this.rowAt(position, streamId)[3];
    return position;
  }

  private rowAt(position: Position, streamId: StreamId): EventColumns {
    const row = this.statements.event.get(position);
    if (row?.[1] === streamId && (row[3] ?? -1) < position) return row;
    throw new LedgerCorrupted(`${streamId} refers to position ${position}, which is not its own`);
  }
}

function eventOf([
  position,
  ,
  ,
  previousPosition,
  ,
  appendedAt,
  body,
]: EventColumns): RecordedEvent {
  return readBody(body, { position, previousPosition, appendedAt });
}

function originOf([, , address, userAgent, requestId]: OriginColumns): Origin {
  return { address, userAgent, requestId };
}

function fedEventOf([
  position,
  previousPosition,
  appendedAt,
  body,
  address,
  userAgent,
  requestId,
]: FeedColumns): FedEvent {
  const event = readBody(body, { position, previousPosition, appendedAt });
  return { event, origin: address === null ? undefined : { address, userAgent, requestId } };
}

function streamRowOf<Kind extends StreamKind>(row: StreamColumns): StreamRow<Kind> {
  const [streamId, kind, , version, lastPosition, , state] = row;
  return {
    streamId: streamId as StreamId,
    kind: kind as Kind,
    version,
    lastPosition,
    state: parseState<Kind>(streamId, state),
  };
}
