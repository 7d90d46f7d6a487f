import type { Instant, Position } from '../../domain/identifiers.js';
import { PAGE_ROWS_MAX } from '../stored-rows.js';
import type {
  LedgerSource,
  SequenceRow,
  StoredCheckpoint,
  StoredEvent,
  StoredKey,
  StoredLog,
  StoredStream,
  StreamPartition,
} from '../verification/ledger.source.js';
import { prepareSchema } from './ledger-schema.js';
import { type NamedStatement, PostgresConnections } from './postgres-connection.js';
import { schemaFaults } from './schema-faults.js';
import { STORED_STREAM, type StoredStreamColumns, storedStreamOf } from './stored-stream.js';

/** A verification may read whole tables, in milliseconds. */
const STATEMENT_TIMEOUT = 60_000;

type EventRow = readonly [
  position: Position,
  streamId: string,
  streamVersion: number,
  previousPosition: Position | null,
  type: string,
  appendedAt: Instant,
  body: string,
  salt: string | null,
  address: string,
  userAgent: string,
  requestId: string,
];
type KeyRow = readonly [
  project: string,
  keyKind: string,
  key: string,
  streamId: string,
  lastPosition: Position | null,
  isOfPart: number,
];

type CheckpointRow = readonly [size: number, root: Buffer, note: string, sealedAt: Instant];
type Extent = readonly [of: number, first: number, last: number];

const statement = (name: string, text: string): NamedStatement => ({
  name: `verify.${name}`,
  text,
});

/** Whether a stream is of part number `index` of `count`. */
const isOfPart = (streamId: string, index: string, count: string): string =>
  `(hashtext(${streamId}) & 2147483647) % ${count} = ${index}`;

const EVENTS = `SELECT e.position, stream_id, stream_version, previous_position, type, appended_at,
    body, salt, address, user_agent, request_id
  FROM ledger.events e LEFT JOIN ledger.origins o ON o.log_id = e.log_id AND o.position = e.position
  WHERE e.log_id = 0`;
const CHECKPOINT = `SELECT size, root, note, sealed_at FROM ledger.checkpoints
  WHERE log_id = 0 AND epoch = $1`;

/** The extents of what follows log_id in a key, found without reading each row. */
const extents = (table: string, of: string, within: string): string =>
  `WITH RECURSIVE found AS (
     SELECT (SELECT min(${of}) FROM ledger.${table} WHERE log_id = 0) AS ${of}
     UNION ALL
     SELECT (SELECT min(t.${of}) FROM ledger.${table} t WHERE log_id = 0 AND t.${of} > found.${of})
     FROM found WHERE ${of} IS NOT NULL)
   SELECT ${of},
     (SELECT min(${within}) FROM ledger.${table} t WHERE log_id = 0 AND t.${of} = found.${of}),
     (SELECT max(${within}) FROM ledger.${table} t WHERE log_id = 0 AND t.${of} = found.${of})
   FROM found WHERE ${of} IS NOT NULL ORDER BY ${of}`;

const READS = {
  counts: statement(
    'counts',
    `SELECT (SELECT coalesce(max(position) + 1, 0) FROM ledger.events WHERE log_id = 0),
       (SELECT count(*) FROM ledger.streams)`,
  ),
  positionFrom: statement(
    'position-from',
    'SELECT min(position) FROM ledger.events WHERE log_id = 0 AND position >= $1',
  ),
  sequenceBefore: statement(
    'sequence-before',
    `SELECT position, appended_at FROM ledger.events WHERE log_id = 0 AND position < $1
     ORDER BY position DESC LIMIT 1`,
  ),
  event: statement('event', `${EVENTS} AND e.position = $1`),
  sequence: statement(
    'sequence',
    `SELECT position, appended_at FROM ledger.events
     WHERE log_id = 0 AND position > $1 AND position <= $2 ORDER BY position`,
  ),
  events: statement(
    'events',
    `${EVENTS} AND e.position > $1 AND e.position <= $2 AND ${isOfPart('stream_id', '$3', '$4')}
     ORDER BY e.position`,
  ),
  streams: statement(
    'streams',
    `SELECT ${STORED_STREAM}
     FROM ledger.streams WHERE log_id = 0 AND stream_id > $1 AND ${isOfPart('stream_id', '$2', '$3')}
     ORDER BY stream_id LIMIT ${PAGE_ROWS_MAX}`,
  ),
  keys: statement(
    'keys',
    `SELECT k.project_id, key_kind, key, k.stream_id, last_position,
       (${isOfPart('k.stream_id', '$4', '$5')})::integer
     FROM ledger.directory_keys k
     LEFT JOIN ledger.streams s ON s.log_id = 0 AND s.stream_id = k.stream_id
     WHERE (k.project_id, key_kind, key) > ($1, $2, $3)
     ORDER BY k.project_id, key_kind, key LIMIT ${PAGE_ROWS_MAX}`,
  ),
  bodies: statement(
    'bodies',
    `SELECT body FROM ledger.events WHERE log_id = 0 AND position >= $1 ORDER BY position LIMIT $2`,
  ),
  fullTile: statement(
    'full-tile',
    'SELECT hashes FROM ledger.tiles WHERE log_id = 0 AND level = $1 AND tile_index = $2',
  ),
  log: statement(
    'log',
    `WITH RECURSIVE chain AS (
       SELECT e.* FROM ledger.streams s JOIN ledger.events e
         ON e.log_id = 0 AND e.position = s.last_position AND e.stream_id = s.stream_id
       WHERE s.log_id = 0 AND s.stream_id = 'log:0'
       UNION ALL
       SELECT e.* FROM chain c JOIN ledger.events e ON e.log_id = 0
         AND e.position = c.previous_position AND e.position < c.position
         AND e.stream_id = 'log:0')
     SELECT epoch AS place, origin, open, NULL AS body FROM ledger.logs WHERE log_id = 0
     UNION ALL SELECT position, NULL, NULL, body FROM chain ORDER BY place`,
  ),
  sealedEpochs: statement('sealed-epochs', extents('checkpoints', 'epoch', 'size')),
  tileLevels: statement('tile-levels', extents('tiles', 'level', 'tile_index')),
  newestSize: statement(
    'newest-size',
    `SELECT coalesce(max(size), 0) FROM ledger.checkpoints
     WHERE log_id = 0 AND epoch = $1 AND size <= $2`,
  ),
  checkpoint: statement('checkpoint', `${CHECKPOINT} AND size = $2`),
  checkpoints: statement(
    'checkpoints',
    `${CHECKPOINT} AND size > $2 AND size <= $3 ORDER BY size LIMIT ${PAGE_ROWS_MAX}`,
  ),
  /** What no walk over events, streams and keys can see. */
  damage: statement(
    'damage',
    `SELECT 'an origin belongs to no event' WHERE
       (SELECT max(position) FROM ledger.origins)
         > (SELECT coalesce(max(position), -1) FROM ledger.events)
     UNION ALL SELECT 'an origin has a position below 0' WHERE
       (SELECT min(position) FROM ledger.origins) < 0
     UNION ALL SELECT 'a stream has no id' WHERE
       EXISTS (SELECT FROM ledger.streams WHERE stream_id = '')
     UNION ALL SELECT 'a unique key has no project' WHERE
       EXISTS (SELECT FROM ledger.directory_keys WHERE project_id = '')
     UNION ALL SELECT format('%s is not of log 0 alone', name) FROM (VALUES
       ('logs', (SELECT min(log_id) FROM ledger.logs), (SELECT max(log_id) FROM ledger.logs)),
       ('events', (SELECT min(log_id) FROM ledger.events), (SELECT max(log_id) FROM ledger.events)),
       ('origins', (SELECT min(log_id) FROM ledger.origins),
         (SELECT max(log_id) FROM ledger.origins)),
       ('streams', (SELECT min(log_id) FROM ledger.streams),
         (SELECT max(log_id) FROM ledger.streams)),
       ('tiles', (SELECT min(log_id) FROM ledger.tiles), (SELECT max(log_id) FROM ledger.tiles)),
       ('checkpoints', (SELECT min(log_id) FROM ledger.checkpoints),
         (SELECT max(log_id) FROM ledger.checkpoints))) AS found (name, first, last)
       WHERE first <> 0 OR last <> 0
     UNION ALL SELECT 'directory_version is not one row' WHERE
       (SELECT count(*) FROM ledger.directory_version) <> 1`,
  ),
} as const;

/**
 * Opens a ledger on PostgreSQL for verification, beside servers that may be running. Throws a
 * LedgerError when it is not there, or newer than we are.
 */
export async function openPostgresSource(url: string): Promise<LedgerSource> {
  await prepareSchema({ ownerUrl: url, runtimeRole: undefined, mayMigrate: false });
  return new PostgresSource(new PostgresConnections(url, 1, STATEMENT_TIMEOUT));
}

/** A ledger on PostgreSQL as a verification reads it: each read is one statement. */
class PostgresSource implements LedgerSource {
  constructor(private readonly connections: PostgresConnections) {}

  async counts(): Promise<{ events: number; streams: number }> {
    const [row] = await this.rows<[number, number]>('counts');
    return { events: row?.[0] ?? 0, streams: row?.[1] ?? 0 };
  }

  async positionFrom(position: Position): Promise<Position | undefined> {
    return (await this.value<Position | null>('positionFrom', position)) ?? undefined;
  }

  async sequenceBefore(position: Position): Promise<SequenceRow | undefined> {
    const [row] = await this.rows<SequenceRow>('sequenceBefore', position);
    return row;
  }

  async event(position: Position): Promise<StoredEvent | undefined> {
    const [row] = await this.rows<EventRow>('event', position);
    return row && storedEvent(row);
  }

  sequence(after: Position, upTo: Position): Promise<readonly SequenceRow[]> {
    return this.rows<SequenceRow>('sequence', after, upTo);
  }

  async events(
    after: Position,
    upTo: Position,
    { index, count }: StreamPartition,
  ): Promise<readonly StoredEvent[]> {
    const rows = await this.rows<EventRow>('events', after, upTo, index, count);
    return rows.map(storedEvent);
  }

  async streams(
    after: string,
    { index, count }: StreamPartition,
  ): Promise<readonly StoredStream[]> {
    const rows = await this.rows<StoredStreamColumns>('streams', after, index, count);
    return rows.map(storedStreamOf);
  }

  async keys(
    after: StoredKey | undefined,
    { index, count }: StreamPartition,
  ): Promise<readonly StoredKey[]> {
    const { project = '', keyKind = '', key = '' } = after ?? {};
    const rows = await this.rows<KeyRow>('keys', project, keyKind, key, index, count);
    return rows.map(storedKey);
  }

  async bodies(from: Position, limit: number): Promise<readonly string[]> {
    const rows = await this.rows<[string]>('bodies', from, Math.min(limit, PAGE_ROWS_MAX));
    return rows.map(([body]) => body);
  }

  fullTile(level: number, index: number): Promise<Buffer | undefined> {
    return this.value<Buffer>('fullTile', level, index);
  }

  async log(): Promise<StoredLog> {
    const rows = await this.rows<[number, string | null, number, string]>('log');
    return {
      rows: rows.flatMap(([epoch, origin, open]) =>
        origin === null ? [] : [{ epoch, origin, open }],
      ),
      events: rows.flatMap(([position, origin, , body]) =>
        origin === null ? [{ position, body }] : [],
      ),
    };
  }

  async sealedEpochs(): ReturnType<LedgerSource['sealedEpochs']> {
    const rows = await this.rows<Extent>('sealedEpochs');
    return rows.map(([epoch, sizeMin, sizeMax]) => ({ epoch, sizeMin, sizeMax }));
  }

  async tileLevels(): ReturnType<LedgerSource['tileLevels']> {
    const rows = await this.rows<Extent>('tileLevels');
    return rows.map(([level, indexMin, indexMax]) => ({ level, indexMin, indexMax }));
  }

  async newestSize(epoch: number, sizeMax: number): Promise<number> {
    return (await this.value<number>('newestSize', epoch, sizeMax)) ?? 0;
  }

  async checkpoint(epoch: number, size: number): Promise<StoredCheckpoint | undefined> {
    const [row] = await this.rows<CheckpointRow>('checkpoint', epoch, size);
    return row && storedCheckpoint(row);
  }

  async checkpoints(
    epoch: number,
    after: number,
    upTo: number,
  ): Promise<readonly StoredCheckpoint[]> {
    const rows = await this.rows<CheckpointRow>('checkpoints', epoch, after, upTo);
    return rows.map(storedCheckpoint);
  }

  async damage(): Promise<readonly string[]> {
    const rows = await this.rows<[string]>('damage');
    return [...(await schemaFaults(this.connections)), ...rows.map(([problem]) => problem)];
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private rows<Row extends readonly unknown[]>(
    read: keyof typeof READS,
    ...values: readonly unknown[]
  ): Promise<readonly Row[]> {
    return this.connections.rows<Row>(READS[read], values);
  }

  private async value<Value>(
    read: keyof typeof READS,
    ...values: readonly unknown[]
  ): Promise<Value | undefined> {
    const [row] = await this.rows<[Value]>(read, ...values);
    return row?.[0];
  }
}

function storedEvent(row: EventRow): StoredEvent {
  const [position, streamId, streamVersion, previousPosition, type, appendedAt, body] = row;
  const [, , , , , , , salt, address, userAgent, requestId] = row;
  const origin = salt === null ? undefined : { salt, address, userAgent, requestId };
  return {
    position,
    streamId,
    streamVersion,
    previousPosition,
    type,
    appendedAt,
    body,
    origin,
  };
}

function storedKey([project, keyKind, key, streamId, lastPosition, isOfPart]: KeyRow): StoredKey {
  return { project, keyKind, key, streamId, lastPosition, isOfPart };
}

function storedCheckpoint([size, root, note, sealedAt]: CheckpointRow): StoredCheckpoint {
  return { size, root, note, sealedAt };
}
