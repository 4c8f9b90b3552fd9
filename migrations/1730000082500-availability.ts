import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What somebody says of his availability in all calendars (RFC 7953 §7.2.4). */
export class Availability1730000082500 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE availability (
        account_id  uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
        text        text NOT NULL
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE availability');
  }
}
