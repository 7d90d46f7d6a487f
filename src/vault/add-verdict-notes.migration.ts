import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds what operators write about incidents. */
export class AddVerdictNotes1763942400000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "verdict_notes" (
        "note_id" text PRIMARY KEY NOT NULL,
        "subject" text,
        "sealed" blob NOT NULL)`,
    );
    await queryRunner.query(
      `CREATE INDEX "verdict_notes_about_subject" ON "verdict_notes" ("subject")`,
    );
  }

  /** Going back would destroy every note: it is refused. */
  down(): Promise<void> {
    return Promise.reject(new Error('the notes in the vault cannot be reverted'));
  }
}
