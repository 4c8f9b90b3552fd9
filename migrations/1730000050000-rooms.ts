import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Accounts that are rooms or resources, and when those are taken. Two meetings at once are impossible by constraint,
 * whatever the processes do that decide.
 */
export class Rooms1730000050000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE EXTENSION IF NOT EXISTS btree_gist;
      ALTER TABLE accounts ADD COLUMN kind text NOT NULL DEFAULT 'individual'
        CHECK (kind IN ('individual', 'room', 'resource'));
      CREATE TABLE bookings (
        account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        uid         text COLLATE "C" NOT NULL,
        during      tstzrange NOT NULL,
        EXCLUDE USING gist (account_id WITH =, during WITH &&)
      );
      CREATE INDEX bookings_uid ON bookings (account_id, uid);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE bookings; ALTER TABLE accounts DROP COLUMN kind');
  }
}
