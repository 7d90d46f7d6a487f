import type { Origin, RecordedEvent } from '../../domain/envelope.js';
import type { Position, StreamId, StreamKind, Subject } from '../../domain/identifiers.js';
import type { FedEvent, LogIdentity } from '../ledger-feed.port.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { EventEvidence, EventPage, StreamRow } from '../ledger.port.js';
import { PAGE_ROWS_MAX, parseState, readBody, rowsOf } from '../stored-rows.js';
import type { NamedStatement, PostgresConnections } from './postgres-connection.js';

type EventColumns = readonly [
  position: Position,
  previousPosition: Position | null,
  appendedAt: number,
  body: string,
];
type FedColumns = readonly [
  ...event: EventColumns,
  salt: string | null,
  address: string,
  userAgent: string,
  requestId: string,
  /** Only where the chain of a stream is followed. */
  streamId?: StreamId | null,
];
type StreamColumns = readonly [
  streamId: string,
  kind: string,
  version: number,
  lastPosition: Position,
  state: string,
];

const EVENT = 'e.position, e.previous_position, e.appended_at, e.body';
const ORIGIN = 'o.salt, o.address, o.user_agent, o.request_id';
const ORIGIN_OF_EVENT =
  'LEFT JOIN ledger.origins o ON o.log_id = e.log_id AND o.position = e.position';
const STREAM = 'stream_id, kind, version, last_position, state';

const statement = (name: string, text: string): NamedStatement => ({
  name: `ledger.${name}`,
  text,
});

const LOG = statement(
  'log',
  'SELECT origin, epoch FROM ledger.logs WHERE log_id = 0 ORDER BY epoch DESC LIMIT 1',
);
const SIZE = statement(
  'size',
  'SELECT coalesce(max(position) + 1, 0) FROM ledger.events WHERE log_id = 0',
);
const SIZE_BYTES = statement(
  'size-bytes',
  `SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
   WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r'`,
);
const FEED = statement(
  'feed',
  `SELECT ${EVENT}, ${ORIGIN} FROM ledger.events e ${ORIGIN_OF_EVENT}
   WHERE e.log_id = 0 AND e.position > $1 ORDER BY e.position LIMIT $2`,
);
const EVENTS_AFTER = statement(
  'events-after',
  `SELECT ${EVENT} FROM ledger.events e WHERE log_id = 0 AND position > $1
   ORDER BY position LIMIT $2`,
);
const EVENTS_AT = statement(
  'events-at',
  `SELECT ${EVENT}, ${ORIGIN} FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (position, place)
   JOIN ledger.events e ON e.log_id = 0 AND e.position = wanted.position ${ORIGIN_OF_EVENT}
   ORDER BY wanted.place`,
);
const ORIGINS = statement(
  'origins',
  `SELECT position, address, user_agent, request_id FROM ledger.origins
   WHERE log_id = 0 AND position = ANY ($1)`,
);
const ERASE_ORIGINS = statement(
  'erase-origins',
  'DELETE FROM ledger.origins WHERE log_id = 0 AND position = ANY ($1)',
);
const STREAM_ROW = statement(
  'stream-row',
  `SELECT ${STREAM} FROM ledger.streams WHERE log_id = 0 AND stream_id = $1`,
);
const STREAMS_BETWEEN = statement(
  'streams-between',
  `SELECT ${STREAM} FROM ledger.streams WHERE log_id = 0 AND stream_id > $1 AND stream_id < $2
   ORDER BY stream_id DESC LIMIT $3`,
);
const STREAM_OWNERS = statement(
  'stream-owners',
  `SELECT stream_id, subject_id FROM ledger.streams WHERE log_id = 0 AND stream_id > $1
   ORDER BY stream_id LIMIT ${PAGE_ROWS_MAX}`,
);
/**
 * Follows a stream from its last event backwards; the walk ends with the page. Where it should begin
 * and there is no event, there is a row without a position.
 */
const STREAM_EVENTS = statement(
  'stream-events',
  `WITH RECURSIVE first AS (
     SELECT CASE WHEN b.position IS NULL THEN s.last_position ELSE b.previous_position END AS position
     FROM ledger.streams s
     LEFT JOIN ledger.events b ON b.log_id = 0 AND b.position = $2 AND b.stream_id = s.stream_id
     WHERE s.log_id = 0 AND s.stream_id = $1
   ), chain AS (
     SELECT e.* FROM first f LEFT JOIN ledger.events e ON e.log_id = 0 AND e.position = f.position
     WHERE f.position IS NOT NULL
     UNION ALL
     SELECT e.* FROM chain c JOIN ledger.events e
       ON e.log_id = 0 AND e.position = c.previous_position AND e.position < c.position)
   SELECT ${EVENT}, ${ORIGIN}, e.stream_id FROM (
     SELECT * FROM chain
     WHERE $2::bigint IS NULL OR position IS NULL OR position < $2 LIMIT $3) e
   ${ORIGIN_OF_EVENT} ORDER BY e.position DESC`,
);

/** Reads events, streams and origins in pages. Each read is one statement, and so of one moment. */
export class PostgresEventReader {
  constructor(private readonly connections: PostgresConnections) {}

  async log(): Promise<LogIdentity> {
    const [row] = await this.connections.rows<[string, number]>(LOG, []);
    if (row === undefined) throw new LedgerCorrupted('the log has no row');
    const [origin, epoch] = row;
    return { origin, epoch };
  }

  async size(): Promise<Position> {
    const [row] = await this.connections.rows<[Position]>(SIZE, []);
    return row?.[0] ?? 0;
  }

  /** How much room all tables of the ledger take, with their indexes. */
  async sizeBytes(): Promise<number> {
    const [row] = await this.connections.rows<[number]>(SIZE_BYTES, []);
    return row?.[0] ?? 0;
  }

  /** A page of the whole ledger in order of position. */
  async eventsAfter(after: Position | null, limit: number): Promise<EventPage> {
    const rowsMax = rowsOf(limit);
    const rows = await this.connections.rows<EventColumns>(EVENTS_AFTER, [after ?? -1, rowsMax]);
    const next = rows.length < rowsMax ? null : (rows.at(-1)?.[0] ?? null);
    const events = rows.map(([position, previousPosition, appendedAt, body]) =>
      readBody(body, { position, previousPosition, appendedAt }),
    );
    return { events, next };
  }

  /** A page of the whole ledger in order of position, with origins. */
  async feed(after: Position | null, limit: number): Promise<readonly FedEvent[]> {
    const rows = await this.connections.rows<FedColumns>(FEED, [after ?? -1, rowsOf(limit)]);
    return rows.map(fedEventOf);
  }

  /** The events at these positions, without those that there are none at. */
  async eventsAt(positions: readonly Position[]): Promise<readonly RecordedEvent[]> {
    return (await this.rowsAt(positions)).map(([position, previousPosition, appendedAt, body]) =>
      readBody(body, { position, previousPosition, appendedAt }),
    );
  }

  /** What the events at these positions are proved with, without those that there are none at. */
  async evidenceAt(positions: readonly Position[]): Promise<readonly EventEvidence[]> {
    return (await this.rowsAt(positions)).map((row) => {
      const [position, , , body, salt] = row;
      const origin = originOf(row);
      const isKept = origin !== undefined && salt !== null;
      return { position, body, origin: isKept ? { salt, ...origin } : undefined };
    });
  }

  /** Origins of events that were not erased, by position. */
  async origins(positions: readonly Position[]): Promise<ReadonlyMap<Position, Origin>> {
    const rows = await this.connections.rows<[Position, string, string, string]>(ORIGINS, [
      positions,
    ]);
    return new Map(
      rows.map(([position, address, userAgent, requestId]) => [
        position,
        { address, userAgent, requestId },
      ]),
    );
  }

  /** Deletes the origins of events. */
  async eraseOrigins(positions: readonly Position[]): Promise<void> {
    await this.connections.rows(ERASE_ORIGINS, [positions]);
  }

  /** A page of one stream, newest first, along its chain of previous positions. */
  async streamEvents(
    streamId: StreamId,
    before: Position | null,
    limit: number,
  ): Promise<EventPage> {
    const page = await this.streamFeed(streamId, before, limit);
    const events = page.map(({ event }) => event);
    const last = events.at(-1);
    const isEnd = (last?.previousPosition ?? null) === null;
    return { events, next: isEnd ? null : (last?.position ?? null) };
  }

  /** A page of one stream with origins, newest first. */
  async streamFeed(
    streamId: StreamId,
    before: Position | null,
    limit: number,
  ): Promise<readonly FedEvent[]> {
    const rowsMax = rowsOf(limit);
    const rows = await this.connections.rows<FedColumns>(STREAM_EVENTS, [
      streamId,
      before,
      rowsMax,
    ]);
    const stray = rows.find((row) => row[8] !== streamId);
    if (stray !== undefined) throw notItsOwn(streamId, stray[0]);
    const beforeOldest = rows.at(-1)?.[1] ?? null;
    if (rows.length < rowsMax && beforeOldest !== null) throw notItsOwn(streamId, beforeOldest);
    return rows.map(fedEventOf);
  }

  /** A stream's row. */
  async streamRow<Kind extends StreamKind>(
    streamId: StreamId,
  ): Promise<StreamRow<Kind> | undefined> {
    const [row] = await this.connections.rows<StreamColumns>(STREAM_ROW, [streamId]);
    return row === undefined ? undefined : streamRowOf<Kind>(row);
  }

  /** Streams of a kind, newest id first: their ids begin with the kind, so they lie together. */
  async streamsOfKind<Kind extends StreamKind>(
    kind: Kind,
    before: StreamId | null,
    limit: number,
  ): Promise<readonly StreamRow<Kind>[]> {
    const afterLast = `${kind};`;
    const rows = await this.connections.rows<StreamColumns>(STREAMS_BETWEEN, [
      `${kind}:`,
      before ?? afterLast,
      rowsOf(limit),
    ]);
    return rows.map((row) => streamRowOf<Kind>(row));
  }

  /** Whose streams the next ones by id are: no index is kept for what is asked so seldom. */
  async streamsOwnedBy(
    subject: Subject,
    after: StreamId | null,
  ): Promise<{ readonly streamIds: readonly StreamId[]; readonly next: StreamId | null }> {
    const rows = await this.connections.rows<[StreamId, string | null]>(STREAM_OWNERS, [
      after ?? '',
    ]);
    const streamIds = rows.flatMap(([streamId, owner]) => (owner === subject ? [streamId] : []));
    const next = rows.length < PAGE_ROWS_MAX ? null : (rows.at(-1)?.[0] ?? null);
    return { streamIds, next };
  }

  private rowsAt(positions: readonly Position[]): Promise<readonly FedColumns[]> {
    return this.connections.rows<FedColumns>(EVENTS_AT, [positions.slice(0, PAGE_ROWS_MAX)]);
  }
}

function notItsOwn(streamId: StreamId, position: Position | null): LedgerCorrupted {
  const place = position === null ? 'an event that is not there' : `position ${position}`;
  return new LedgerCorrupted(`${streamId} refers to ${place}, which is not its own`);
}

function fedEventOf(row: FedColumns): FedEvent {
  const [position, previousPosition, appendedAt, body] = row;
  return {
    event: readBody(body, { position, previousPosition, appendedAt }),
    origin: originOf(row),
  };
}

function originOf([, , , , salt, address, userAgent, requestId]: FedColumns): Origin | undefined {
  return salt === null ? undefined : { address, userAgent, requestId };
}

function streamRowOf<Kind extends StreamKind>(row: StreamColumns): StreamRow<Kind> {
  const [streamId, kind, version, lastPosition, state] = row;
  return {
    streamId: streamId as StreamId,
    kind: kind as Kind,
    version,
    lastPosition,
    state: parseState<Kind>(streamId, state),
  };
}
