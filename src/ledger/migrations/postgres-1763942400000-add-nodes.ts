import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first of the two numbers of the advisory lock under which a log is sealed. */
const SEAL_LOCK_CLASS = 0x7365616c;

const statements = [
  `CREATE FUNCTION ledger.seal(
     of_log integer, base_epoch integer, base_size bigint, levels integer[], indexes bigint[],
     full_hashes bytea[], at_epoch integer, at_size bigint, at_root bytea, at_note text,
     at_time bigint
   ) RETURNS boolean LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp
   AS $seal$
   DECLARE
     newest_epoch integer;
     newest_size bigint;
   BEGIN
     PERFORM pg_advisory_xact_lock(${SEAL_LOCK_CLASS}, of_log);
     SELECT epoch, size INTO newest_epoch, newest_size FROM ledger.checkpoints
     WHERE log_id = of_log ORDER BY epoch DESC, size DESC LIMIT 1;
     IF newest_epoch IS DISTINCT FROM base_epoch OR newest_size IS DISTINCT FROM base_size
       OR at_epoch <> (SELECT max(epoch) FROM ledger.logs WHERE log_id = of_log) THEN
       RETURN false;
     END IF;
     INSERT INTO ledger.tiles (log_id, level, tile_index, hashes)
     SELECT of_log, t.level, t.tile_index, t.hashes
     FROM unnest(levels, indexes, full_hashes) AS t(level, tile_index, hashes);
     INSERT INTO ledger.checkpoints (log_id, epoch, size, root, note, sealed_at)
     VALUES (of_log, at_epoch, at_size, at_root, at_note, at_time);
     RETURN true;
   END $seal$`,
  'REVOKE ALL ON FUNCTION ledger.seal FROM PUBLIC',
  `CREATE TABLE ledger.leases (
     name text PRIMARY KEY,
     holder text NOT NULL,
     expires_at timestamptz NOT NULL
   )`,
  `CREATE TABLE ledger.nodes (
     node_id text PRIMARY KEY,
     settings jsonb NOT NULL,
     seen_at timestamptz NOT NULL
   )`,
];

/**
 * What several nodes on one ledger need: the function that adds a seal unless another node was faster,
 * leases on work that one of them does, and which of them live, with the settings that must agree.
 */
export class AddNodes1763942400000 implements MigrationInterface {
  /** What it runs, in order. */
  static readonly statements: readonly string[] = statements;
  readonly name = 'AddNodes1763942400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the ledger cannot be undone');
  }
}

/** What the role that serves requests may do with these. */
export const NODE_GRANTS: readonly string[] = [
  'INSERT, UPDATE ON ledger.leases',
  'INSERT, UPDATE, DELETE ON ledger.nodes',
  'EXECUTE ON FUNCTION ledger.seal',
];
