import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendOnly } from './append-only.js';

const statements = [
  `CREATE TABLE logs (
     log_id INTEGER PRIMARY KEY,
     origin TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     open INTEGER NOT NULL
   ) STRICT`,
  `INSERT INTO logs (log_id, origin, epoch, open)
     VALUES (0, 'token-ledger/' || lower(hex(randomblob(16))), 0, 1)`,
  `CREATE TABLE events (
     log_id INTEGER NOT NULL DEFAULT 0 CHECK (log_id = 0),
     position INTEGER PRIMARY KEY,
     stream_id TEXT NOT NULL,
     stream_version INTEGER NOT NULL,
     previous_position INTEGER,
     type TEXT NOT NULL,
     appended_at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT`,
  appendOnly('events', 'UPDATE'),
  appendOnly('events', 'DELETE'),
  // INSERT OR REPLACE deletes what it replaces without asking a trigger on DELETE.
  `CREATE TRIGGER events_refuse_gap BEFORE INSERT ON events
   WHEN NEW.position IS NOT (SELECT coalesce(max(position), -1) + 1 FROM events)
   BEGIN SELECT RAISE(ABORT, 'events is append-only'); END`,
  `CREATE TABLE origins (
     position INTEGER PRIMARY KEY,
     salt TEXT NOT NULL,
     address TEXT NOT NULL,
     user_agent TEXT NOT NULL,
     request_id TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE streams (
     log_id INTEGER NOT NULL DEFAULT 0 CHECK (log_id = 0),
     stream_id TEXT NOT NULL PRIMARY KEY,
     kind TEXT NOT NULL,
     project_id TEXT NOT NULL,
     subject_id TEXT,
     client_id TEXT,
     version INTEGER NOT NULL,
     last_position INTEGER NOT NULL,
     digest TEXT NOT NULL,
     state TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE directory_keys (
     project_id TEXT NOT NULL,
     key_kind TEXT NOT NULL,
     key TEXT NOT NULL,
     stream_id TEXT NOT NULL,
     PRIMARY KEY (project_id, key_kind, key)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE directory_version (
     singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
     version INTEGER NOT NULL
   ) STRICT`,
  'INSERT INTO directory_version (singleton, version) VALUES (1, 0)',
];

/**
 * The tables of the ledger on SQLite. One log, so its position is the row id: appending touches one
 * place of one tree. A stream's history follows `previous_position`, so no second index on events.
 */
export class CreateLedger1763683200000 implements MigrationInterface {
  /** What it runs, in order: a verification compares the schema with what these make. */
  static readonly statements: readonly string[] = statements;
  readonly name = 'CreateLedger1763683200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the ledger cannot be undone');
  }
}
