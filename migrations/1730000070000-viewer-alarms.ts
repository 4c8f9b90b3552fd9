import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The alarms that somebody has set for himself on items of a calendar that is shared to him. */
export class ViewerAlarms1730000070000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE viewer_alarms (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        item_id        bigint NOT NULL,
        viewer_id      uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        alarms         text NOT NULL,
        PRIMARY KEY (account_id, collection_id, item_id, viewer_id),
        FOREIGN KEY (account_id, collection_id, item_id) REFERENCES items ON DELETE CASCADE
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE viewer_alarms');
  }
}
