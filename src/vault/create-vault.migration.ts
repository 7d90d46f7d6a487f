import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first schema of the vault. */
export class CreateVault1763683200000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "secret_digests" (
        "secret_id" text PRIMARY KEY NOT NULL,
        "client_id" text NOT NULL,
        "sealed" blob NOT NULL)`,
    );
    await queryRunner.query(
      `CREATE TABLE "password_hashes" (
        "credential_id" text PRIMARY KEY NOT NULL,
        "subject" text NOT NULL,
        "sealed" blob NOT NULL)`,
    );
    await queryRunner.query(
      `CREATE INDEX "password_hashes_of_subject" ON "password_hashes" ("subject")`,
    );
    await queryRunner.query(
      `CREATE TABLE "private_keys" ("vault_id" text PRIMARY KEY NOT NULL, "sealed" blob NOT NULL)`,
    );
    await queryRunner.query(
      `CREATE TABLE "profiles" ("subject" text PRIMARY KEY NOT NULL, "sealed" blob NOT NULL)`,
    );
    await queryRunner.query(
      `CREATE TABLE "canaries" ("key_id" text PRIMARY KEY NOT NULL, "sealed" blob NOT NULL)`,
    );
  }

  /** Going back would destroy every secret: it is refused. */
  down(): Promise<void> {
    return Promise.reject(new Error('the first schema of the vault cannot be reverted'));
  }
}
