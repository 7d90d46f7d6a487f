import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Room for what revocations of an address range are about, until they are completed. */
export class AddAddressRanges1763856000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE "address_ranges" (
        "revocation_id" text PRIMARY KEY NOT NULL,
        "sealed" blob NOT NULL)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE "address_ranges"`);
  }
}
