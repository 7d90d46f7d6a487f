import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appendOnly } from './append-only.js';

/** INSERT OR REPLACE deletes what it replaces without asking a trigger on DELETE. */
const inOrder = (table: string, isOutOfOrder: string): string =>
  `CREATE TRIGGER ${table}_refuse_gap BEFORE INSERT ON ${table}
   WHEN ${isOutOfOrder}
   BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`;

const statements = [
  'ALTER TABLE logs RENAME TO first_log',
  `CREATE TABLE logs (
     log_id INTEGER NOT NULL,
     origin TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     open INTEGER NOT NULL,
     PRIMARY KEY (log_id, epoch)
   ) STRICT, WITHOUT ROWID`,
  'INSERT INTO logs SELECT log_id, origin, epoch, open FROM first_log',
  'DROP TABLE first_log',
  appendOnly('logs', 'UPDATE'),
  appendOnly('logs', 'DELETE'),
  inOrder('logs', 'NEW.epoch <= (SELECT max(epoch) FROM logs WHERE log_id = NEW.log_id)'),
  `CREATE TABLE tiles (
     log_id INTEGER NOT NULL DEFAULT 0 CHECK (log_id = 0),
     level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 63),
     tile_index INTEGER NOT NULL,
     hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
     PRIMARY KEY (log_id, level, tile_index)
   ) STRICT, WITHOUT ROWID`,
  appendOnly('tiles', 'UPDATE'),
  appendOnly('tiles', 'DELETE'),
  inOrder(
    'tiles',
    `NEW.tile_index IS NOT (SELECT coalesce(max(tile_index), -1) + 1 FROM tiles
     WHERE log_id = NEW.log_id AND level = NEW.level)`,
  ),
  `CREATE TABLE checkpoints (
     log_id INTEGER NOT NULL DEFAULT 0 CHECK (log_id = 0),
     epoch INTEGER NOT NULL,
     size INTEGER NOT NULL CHECK (size > 0),
     root BLOB NOT NULL CHECK (length(root) = 32),
     note TEXT NOT NULL,
     sealed_at INTEGER NOT NULL,
     PRIMARY KEY (log_id, epoch, size)
   ) STRICT, WITHOUT ROWID`,
  appendOnly('checkpoints', 'UPDATE'),
  appendOnly('checkpoints', 'DELETE'),
  inOrder(
    'checkpoints',
    `(NEW.epoch, NEW.size) <= (SELECT epoch, size FROM checkpoints
     WHERE log_id = NEW.log_id ORDER BY epoch DESC, size DESC LIMIT 1)`,
  ),
];

/**
 * The tables of the Merkle tree: its full tiles, and the signed checkpoints of each epoch. What is not
 * in a full tile yet is computed from the events. `logs` has a row for each epoch from now on.
 */
export class AddSeals1763769600000 implements MigrationInterface {
  /** What it runs, in order: a verification compares the schema with what these make. */
  static readonly statements: readonly string[] = statements;
  readonly name = 'AddSeals1763769600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the ledger cannot be undone');
  }
}
