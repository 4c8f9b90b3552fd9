import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Moments before a device deleted unusually much, from which the owner may want to go back. */
export class RestorePoints1730000005000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE restore_points (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        seq            bigint NOT NULL,
        origin         text NOT NULL,
        removed        integer NOT NULL,
        at             timestamptz NOT NULL,
        PRIMARY KEY (account_id, collection_id, seq),
        FOREIGN KEY (account_id, collection_id) REFERENCES collections ON DELETE CASCADE
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE restore_points');
  }
}
