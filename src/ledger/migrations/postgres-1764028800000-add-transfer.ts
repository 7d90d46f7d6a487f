import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `CREATE TABLE ledger.transfer (
     log_id integer PRIMARY KEY,
     origin text NOT NULL,
     begun_at timestamptz NOT NULL
   )`,
];

/** Room for the mark of a ledger that is being copied in: while it has a row, nobody may serve it. */
export class AddTransfer1764028800000 implements MigrationInterface {
  /** What it runs, in order. */
  static readonly statements: readonly string[] = statements;
  readonly name = 'AddTransfer1764028800000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the ledger cannot be undone');
  }
}
