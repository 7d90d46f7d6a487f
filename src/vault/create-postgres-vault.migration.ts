import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every dead row is worth a vacuum: by default an erased person's box would stay in the table until a
 * fifth of all rows are dead.
 */
const ERASABLE = `WITH (
  autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
  toast.autovacuum_vacuum_threshold = 0, toast.autovacuum_vacuum_scale_factor = 0)`;

/** Ids compare by their bytes: an index in a language's order breaks when that order is revised. */
const ID = 'text COLLATE "C"';

/** The first schema of the vault on PostgreSQL. */
export class CreatePostgresVault1764028800000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE vault.secret_digests (
        secret_id ${ID} PRIMARY KEY,
        client_id ${ID} NOT NULL,
        sealed bytea NOT NULL)`,
    );
    await queryRunner.query(
      `CREATE TABLE vault.password_hashes (
        credential_id ${ID} PRIMARY KEY,
        subject ${ID} NOT NULL,
        sealed bytea NOT NULL) ${ERASABLE}`,
    );
    await queryRunner.query(
      `CREATE INDEX password_hashes_of_subject ON vault.password_hashes (subject)`,
    );
    await queryRunner.query(
      `CREATE TABLE vault.private_keys (vault_id ${ID} PRIMARY KEY, sealed bytea NOT NULL)`,
    );
    await queryRunner.query(
      `CREATE TABLE vault.profiles (subject ${ID} PRIMARY KEY, sealed bytea NOT NULL) ${ERASABLE}`,
    );
    await queryRunner.query(
      `CREATE TABLE vault.address_ranges (
        revocation_id ${ID} PRIMARY KEY,
        sealed bytea NOT NULL) ${ERASABLE}`,
    );
    await queryRunner.query(
      `CREATE TABLE vault.verdict_notes (
        note_id ${ID} PRIMARY KEY,
        subject ${ID},
        sealed bytea NOT NULL) ${ERASABLE}`,
    );
    await queryRunner.query(
      `CREATE INDEX verdict_notes_about_subject ON vault.verdict_notes (subject)`,
    );
    await queryRunner.query(
      `CREATE TABLE vault.canaries (key_id ${ID} PRIMARY KEY, sealed bytea NOT NULL)`,
    );
  }

  /** Going back would destroy every secret: it is refused. */
  down(): Promise<void> {
    return Promise.reject(new Error('the first schema of the vault cannot be reverted'));
  }
}
