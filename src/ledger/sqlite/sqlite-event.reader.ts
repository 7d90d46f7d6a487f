import type { Origin, RecordedEvent } from '../../domain/envelope.js';
import type { Position, StreamId, StreamKind } from '../../domain/identifiers.js';
import type { StateOf } from '../../domain/streams.js';
import { recordedEvent } from '../event-body.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { EventPage, StreamRow } from '../ledger.port.js';
import type { EventColumns, LedgerStatements, StreamColumns } from './ledger-statements.js';

/** No read of the ledger takes more rows than this at once. */
export const PAGE_ROWS_MAX = 1000;

/** Reads events, streams and origins in pages, on a handle of the ledger. */
export class SqliteEventReader {
  constructor(private readonly statements: LedgerStatements) {}

  /** A page of the whole ledger in order of position. */
  eventsAfter(after: Position | null, limit: number): EventPage {
    const wanted = Math.min(limit, PAGE_ROWS_MAX);
    const rows = this.statements.eventsAfter.all(after ?? -1, wanted);
    const events = rows.map(eventOf);
    return { events, next: rows.length < wanted ? null : (events.at(-1)?.position ?? null) };
  }

  /** A page of one stream, newest first, along its chain of previous positions. */
  streamEvents(streamId: StreamId, before: Position | null, limit: number): EventPage {
    const events: RecordedEvent[] = [];
    let position = before === null ? this.lastPosition(streamId) : this.previous(streamId, before);
    while (position !== null && events.length < Math.min(limit, PAGE_ROWS_MAX)) {
      const event = this.eventAt(position, streamId);
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

  /** Streams of a kind that has few, newest id first. */
  streamsOfKind<Kind extends StreamKind>(
    kind: Kind,
    before: StreamId | null,
    limit: number,
  ): StreamRow<Kind>[] {
    const below = before ?? `${kind};`;
    return this.statements.fewStreams
      .all(kind, below, Math.min(limit, PAGE_ROWS_MAX))
      .map((row) => streamRowOf<Kind>(row));
  }

  /** The origin of the event at a position, unless it had none or was erased. */
  origin(position: Position): Origin | undefined {
    const row = this.statements.origin.get(position);
    if (row === undefined) return undefined;
    const [, , address, userAgent, requestId] = row;
    return { address, userAgent, requestId };
  }

  private lastPosition(streamId: StreamId): Position | null {
    return this.statements.stream.get(streamId)?.[3] ?? null;
  }

  private previous(streamId: StreamId, before: Position): Position | null {
    const row = this.statements.event.get(before);
    return row?.[1] === streamId ? row[3] : null;
  }

  private eventAt(position: Position, streamId: StreamId): RecordedEvent {
    const row = this.statements.event.get(position);
    if (row?.[1] !== streamId) {
      throw new LedgerCorrupted(`${streamId} refers to position ${position}, which is not its own`);
    }
    return eventOf(row);
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
  return recordedEvent(body, { position, previousPosition, appendedAt });
}

function streamRowOf<Kind extends StreamKind>(row: StreamColumns): StreamRow<Kind> {
  const [streamId, kind, version, lastPosition, state] = row;
  return {
    streamId: streamId as StreamId,
    kind: kind as Kind,
    version,
    lastPosition,
    state: JSON.parse(state) as StateOf<Kind>,
  };
}
