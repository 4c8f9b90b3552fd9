import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Up to which counter value earlier texts are no longer complete: an edit is merged with others' only where the text it was
 * made from is still known. What was purged before this was noted nowhere.
 */
export class PurgedVersions1730000085000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE collections ADD COLUMN versions_purged_seq bigint NOT NULL DEFAULT 0');
    await db.query('UPDATE collections SET versions_purged_seq = seq');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE collections DROP COLUMN versions_purged_seq');
  }
}
