import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which process watches an account's mailbox. A lease is good as long as its process shows that it lives. */
export class WatchLeases1730000007000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE processes (
        id          uuid PRIMARY KEY,
        started_at  timestamptz NOT NULL DEFAULT now(),
        expires_at  timestamptz NOT NULL
      );
      CREATE TABLE watch_leases (
        account_id  uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
        process_id  uuid NOT NULL,
        folders     text[] NOT NULL
      );
      CREATE INDEX watch_leases_process ON watch_leases (process_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE watch_leases, processes');
  }
}
