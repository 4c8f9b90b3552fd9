import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = ['current_data', 'previous_data'];

/**
 * Sync states are rewritten with every change that a phone sees. That of a large folder with scattered unread messages has
 * some ten kilobytes, and compressing them takes several times as long as writing them.
 */
export class PlainStates1730000020000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await db.query(`ALTER TABLE sync_states ALTER COLUMN ${column} SET STORAGE EXTERNAL`);
  }

  async down(db: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await db.query(`ALTER TABLE sync_states ALTER COLUMN ${column} SET STORAGE EXTENDED`);
  }
}
