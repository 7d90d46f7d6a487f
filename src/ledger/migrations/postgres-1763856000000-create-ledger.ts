import type { MigrationInterface, QueryRunner } from 'typeorm';
import { APPEND_FUNCTION } from './postgres-append-function.js';

/** Ids sort as on SQLite, by their bytes, whatever the language of the database. */
const TEXT = 'text COLLATE "C" NOT NULL';

/** The tables whose rows never change. */
export const APPEND_ONLY_TABLES = ['events', 'logs', 'tiles', 'checkpoints'] as const;

const appendOnly = (table: string): string =>
  `CREATE TRIGGER ${table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.${table}
   FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()`;

const statements = [
  `CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $refuse$
   BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $refuse$`,
  `CREATE TABLE ledger.logs (
     log_id integer NOT NULL,
     origin text NOT NULL,
     epoch integer NOT NULL,
     open integer NOT NULL,
     PRIMARY KEY (log_id, epoch)
   )`,
  `INSERT INTO ledger.logs (log_id, origin, epoch, open)
     VALUES (0, 'token-ledger/' || replace(gen_random_uuid()::text, '-', ''), 0, 1)`,
  `CREATE TABLE ledger.events (
     log_id integer NOT NULL,
     position bigint NOT NULL CHECK (position >= 0),
     stream_id ${TEXT},
     stream_version integer NOT NULL,
     previous_position bigint,
     type text NOT NULL,
     appended_at bigint NOT NULL,
     body text NOT NULL,
     PRIMARY KEY (log_id, position)
   )`,
  `CREATE TABLE ledger.origins (
     log_id integer NOT NULL,
     position bigint NOT NULL,
     salt text NOT NULL,
     address text NOT NULL,
     user_agent text NOT NULL,
     request_id text NOT NULL,
     PRIMARY KEY (log_id, position)
   )`,
  // Each append updates rows in place: no column of an index changes, there is room for the next row
  // on the same page, and what is dead is removed early. The index begins with what tells rows apart:
  // a planner without statistics takes the log for that.
  `CREATE TABLE ledger.streams (
     log_id integer NOT NULL,
     stream_id ${TEXT},
     kind text NOT NULL,
     project_id text NOT NULL,
     subject_id text,
     client_id text,
     version integer NOT NULL,
     last_position bigint NOT NULL,
     digest text NOT NULL,
     state text NOT NULL,
     PRIMARY KEY (stream_id, log_id)
   ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
     autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)`,
  `CREATE TABLE ledger.directory_keys (
     project_id ${TEXT},
     key_kind ${TEXT},
     key ${TEXT},
     stream_id ${TEXT},
     PRIMARY KEY (project_id, key_kind, key)
   )`,
  // What is random tells a directory from that of an older copy that has changed as often since.
  `CREATE TABLE ledger.directory_version (
     singleton integer PRIMARY KEY CHECK (singleton = 1),
     version bigint NOT NULL,
     nonce uuid NOT NULL DEFAULT gen_random_uuid()
   ) WITH (fillfactor = 10)`,
  'INSERT INTO ledger.directory_version (singleton, version) VALUES (1, 0)',
  `CREATE TABLE ledger.tiles (
     log_id integer NOT NULL,
     level integer NOT NULL CHECK (level BETWEEN 0 AND 63),
     tile_index bigint NOT NULL,
     hashes bytea NOT NULL CHECK (length(hashes) = 8192),
     PRIMARY KEY (log_id, level, tile_index)
   )`,
  `CREATE TABLE ledger.checkpoints (
     log_id integer NOT NULL,
     epoch integer NOT NULL,
     size bigint NOT NULL CHECK (size > 0),
     root bytea NOT NULL CHECK (length(root) = 32),
     note text NOT NULL,
     sealed_at bigint NOT NULL,
     PRIMARY KEY (log_id, epoch, size)
   )`,
  ...APPEND_ONLY_TABLES.map(appendOnly),
  APPEND_FUNCTION,
  'REVOKE ALL ON FUNCTION ledger.append FROM PUBLIC',
];

/**
 * The ledger on PostgreSQL: the tables that SQLite has, each row of a log, and the one function that
 * appends. A stream's history follows `previous_position`, so there is no second index on events.
 */
export class CreatePostgresLedger1763856000000 implements MigrationInterface {
  /** What it runs, in order. */
  static readonly statements: readonly string[] = statements;
  readonly name = 'CreatePostgresLedger1763856000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the ledger cannot be undone');
  }
}

/** What the role that serves requests may do, and nothing else: the tables belong to another role. */
export const RUNTIME_GRANTS: readonly string[] = [
  'USAGE ON SCHEMA ledger',
  'SELECT ON ALL TABLES IN SCHEMA ledger',
  'INSERT ON ledger.events, ledger.logs, ledger.tiles, ledger.checkpoints, ledger.directory_keys',
  'INSERT, DELETE ON ledger.origins',
  'INSERT, UPDATE ON ledger.streams',
  'UPDATE ON ledger.directory_version',
  'EXECUTE ON FUNCTION ledger.append',
];
