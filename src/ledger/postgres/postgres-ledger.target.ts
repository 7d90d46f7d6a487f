import pg from 'pg';
import type { Position } from '../../domain/identifiers.js';
import { LedgerError } from '../ledger.errors.js';
import { LOG_LOCK_CLASS } from '../migrations/postgres-append-function.js';
import type { FullTile } from '../sealing/seal-store.port.js';
import type { LedgerTarget, TargetStanding } from '../transfer/ledger-target.port.js';
import type {
  StoredCheckpoint,
  StoredEvent,
  StoredKey,
  StoredLogRow,
  StoredStream,
} from '../verification/ledger.source.js';
import { prepareSchema } from './ledger-schema.js';
import { CONNECT_TIMEOUT, describeDatabase } from './postgres-connection.js';
import { postgresErrorOf, sqlStateOf } from './postgres-errors.js';
import { NODE_ALIVE_FOR } from './postgres-nodes.js';

/** How long others may hold the log unless it is said, and how long a statement may take, in ms. */
const LOCK_PATIENCE = 10_000;
const STATEMENT_TIMEOUT = 60_000;
/** PostgreSQL's word for a lock that was not had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** What is added on the way is made durable together, by what completes it. */
const sessionSettings = (
  lockPatience: number,
): string => `SET synchronous_commit = off; SET statement_timeout = ${STATEMENT_TIMEOUT};
  SET lock_timeout = ${lockPatience}; SET default_transaction_isolation = 'read committed';
  SELECT pg_catalog.pg_advisory_lock(${LOG_LOCK_CLASS}, 0)`;

const STANDING = `SELECT (SELECT origin FROM ledger.transfer WHERE log_id = 0) AS begun,
    (SELECT origin FROM ledger.logs ORDER BY log_id, epoch LIMIT 1) AS origin,
    (SELECT count(*) = 1 FROM ledger.logs) AND NOT EXISTS (SELECT FROM ledger.events)
      AND NOT EXISTS (SELECT FROM ledger.origins) AND NOT EXISTS (SELECT FROM ledger.streams)
      AND NOT EXISTS (SELECT FROM ledger.directory_keys) AND NOT EXISTS (SELECT FROM ledger.tiles)
      AND NOT EXISTS (SELECT FROM ledger.checkpoints) AS "isEmpty",
    EXISTS (SELECT FROM ledger.nodes
      WHERE seen_at > clock_timestamp() - $1 * interval '1 millisecond') AS "isServed",
    (coalesce(last.position, -1) + 1)::double precision AS events, last.body AS "lastBody"
  FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT position, body FROM ledger.events WHERE log_id = 0 ORDER BY position DESC LIMIT 1
  ) AS last ON true`;

/**
 * The row of the log that the migrations made gives way to those of the log that comes: nothing names
 * it yet. The trigger that refuses is away only inside this transaction, which locks the table.
 */
const BEGIN = `BEGIN;
  ALTER TABLE ledger.logs DISABLE TRIGGER logs_refuse_change;
  DELETE FROM ledger.logs;
  ALTER TABLE ledger.logs ENABLE TRIGGER logs_refuse_change`;

const MARK = `INSERT INTO ledger.transfer (log_id, origin, begun_at)
  VALUES (0, $1, clock_timestamp())`;

const ADD_LOG_ROWS = `INSERT INTO ledger.logs (log_id, origin, epoch, open)
  SELECT 0, origin, epoch, open
  FROM json_to_recordset($1) AS r(origin text, epoch integer, open integer)
  ON CONFLICT DO NOTHING`;

const ADD_EVENTS = `WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1) AS e("position" bigint, "streamId" text,
      "streamVersion" integer, "previousPosition" bigint, "type" text, "appendedAt" bigint,
      "body" text, "origin" json)
  ), added AS (
    INSERT INTO ledger.events (log_id, position, stream_id, stream_version, previous_position, type,
      appended_at, body)
    SELECT 0, "position", "streamId", "streamVersion", "previousPosition", "type", "appendedAt", "body"
    FROM given
  )
  INSERT INTO ledger.origins (log_id, position, salt, address, user_agent, request_id)
  SELECT 0, "position", "origin" ->> 'salt', "origin" ->> 'address', "origin" ->> 'userAgent',
    "origin" ->> 'requestId'
  FROM given WHERE "origin" IS NOT NULL`;

const KEEP_ORIGINS = `WITH kept AS MATERIALIZED (SELECT * FROM unnest($3::bigint[]) AS k(position)),
  erased AS (
    DELETE FROM ledger.origins o WHERE log_id = 0 AND position > $1 AND position <= $2
      AND NOT EXISTS (SELECT FROM kept WHERE kept.position = o.position)
  )
  SELECT count(*)::integer AS found FROM ledger.origins JOIN kept USING (position) WHERE log_id = 0`;

const ADD_STREAMS = `INSERT INTO ledger.streams (log_id, stream_id, kind, project_id, subject_id,
    client_id, version, last_position, digest, state)
  SELECT 0, "streamId", "kind", "project", "subjectId", "clientId", "version", "lastPosition",
    "digest", "state"
  FROM json_to_recordset($1) AS s("streamId" text, "kind" text, "project" text, "subjectId" text,
    "clientId" text, "version" integer, "lastPosition" bigint, "digest" text, "state" text)`;

const ADD_KEYS = `INSERT INTO ledger.directory_keys (project_id, key_kind, key, stream_id)
  SELECT "project", "keyKind", "key", "streamId"
  FROM json_to_recordset($1) AS k("project" text, "keyKind" text, "key" text, "streamId" text)`;

const ADD_TILES = `INSERT INTO ledger.tiles (log_id, level, tile_index, hashes)
  SELECT 0, * FROM unnest($1::integer[], $2::bigint[], $3::bytea[])`;

const ADD_CHECKPOINTS = `INSERT INTO ledger.checkpoints (log_id, epoch, size, root, note, sealed_at)
  SELECT 0, $1, * FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::bigint[])`;

/**
 * Opens the tables of a PostgreSQL as the role that owns them, made if need be, to copy a ledger into
 * them. Until it is closed nobody else can append; `lockPatience` is how long others may hold it before,
 * in milliseconds.
 *
 * Throws a LedgerError: `ledger_locked` when another process does, else like `openPostgresLedger`.
 */
export async function openPostgresTarget(
  ownerUrl: string,
  lockPatience = LOCK_PATIENCE,
): Promise<LedgerTarget> {
  await prepareSchema({ ownerUrl, runtimeRole: undefined, mayMigrate: true });
  const database = describeDatabase(ownerUrl);
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    application_name: 'token-ledger migrate-store',
    keepAlive: true,
  });
  // What breaks the connection fails the statement that uses it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(sessionSettings(lockPatience));
    return new PostgresLedgerTarget(client, database);
  } catch (error) {
    await client.end();
    if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw postgresErrorOf(error, database);
    const message = `another process writes to ${database}: wait until it has ended`;
    throw new LedgerError('ledger_locked', message, { cause: error });
  }
}

/** A ledger's tables, on the one connection that holds the lock of the log. */
class PostgresLedgerTarget implements LedgerTarget {
  constructor(
    private readonly client: pg.Client,
    private readonly database: string,
  ) {}

  async standing(): Promise<TargetStanding> {
    const [row] = await this.run<Nullable<TargetStanding>>(STANDING, [NODE_ALIVE_FOR]);
    return {
      begun: row?.begun ?? undefined,
      origin: row?.origin ?? undefined,
      isEmpty: row?.isEmpty === true,
      isServed: row?.isServed === true,
      events: row?.events ?? 0,
      lastBody: row?.lastBody ?? undefined,
    };
  }

  async begin(origin: string): Promise<void> {
    await this.run(BEGIN);
    await this.run(MARK, [origin]);
    await this.run('COMMIT');
  }

  async keepLogRows(rows: readonly StoredLogRow[]): Promise<void> {
    await this.run(ADD_LOG_ROWS, [JSON.stringify(rows)]);
  }

  async addEvents(events: readonly StoredEvent[]): Promise<void> {
    await this.run(ADD_EVENTS, [JSON.stringify(events)]);
  }

  async keepOrigins(after: Position, upTo: Position, of: readonly Position[]): Promise<number> {
    const [row] = await this.run<{ found: number }>(KEEP_ORIGINS, [after, upTo, of]);
    return row?.found ?? 0;
  }

  async clearFolds(): Promise<void> {
    await this.run('TRUNCATE ledger.streams, ledger.directory_keys');
  }

  async addStreams(streams: readonly StoredStream[]): Promise<void> {
    await this.run(ADD_STREAMS, [JSON.stringify(streams)]);
  }

  async addKeys(keys: readonly StoredKey[]): Promise<void> {
    await this.run(ADD_KEYS, [JSON.stringify(keys)]);
  }

  async keepDirectoryVersion(version: number): Promise<void> {
    await this.run('UPDATE ledger.directory_version SET version = $1', [version]);
  }

  async tiles(level: number): Promise<number> {
    const [row] = await this.run<{ count: number }>(
      `SELECT coalesce(max(tile_index) + 1, 0)::double precision AS count
       FROM ledger.tiles WHERE log_id = 0 AND level = $1`,
      [level],
    );
    return row?.count ?? 0;
  }

  async addTiles(tiles: readonly FullTile[]): Promise<void> {
    await this.run(ADD_TILES, [
      tiles.map(({ level }) => level),
      tiles.map(({ index }) => index),
      tiles.map(({ hashes }) => hashes),
    ]);
  }

  async newestSize(epoch: number): Promise<number> {
    const [row] = await this.run<{ size: number }>(
      `SELECT coalesce(max(size), 0)::double precision AS size
       FROM ledger.checkpoints WHERE log_id = 0 AND epoch = $1`,
      [epoch],
    );
    return row?.size ?? 0;
  }

  async addCheckpoints(epoch: number, checkpoints: readonly StoredCheckpoint[]): Promise<void> {
    await this.run(ADD_CHECKPOINTS, [
      epoch,
      checkpoints.map(({ size }) => size),
      checkpoints.map(({ root }) => root),
      checkpoints.map(({ note }) => note),
      checkpoints.map(({ sealedAt }) => sealedAt),
    ]);
  }

  async analyse(): Promise<void> {
    await this.run(`ANALYZE ledger.events, ledger.origins, ledger.streams, ledger.directory_keys,
      ledger.tiles, ledger.checkpoints`);
  }

  async complete(): Promise<void> {
    await this.run('SET synchronous_commit = on');
    await this.run('DELETE FROM ledger.transfer WHERE log_id = 0');
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  private async run<Row extends object>(
    text: string,
    values?: readonly unknown[],
  ): Promise<readonly Row[]> {
    try {
      const { rows } = await this.client.query<Row>(text, values && [...values]);
      return rows;
    } catch (error) {
      throw postgresErrorOf(error, this.database);
    }
  }
}

type Nullable<Row> = { readonly [Column in keyof Row]: Row[Column] | null };
