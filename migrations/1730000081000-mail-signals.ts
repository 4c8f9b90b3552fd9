import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a mail folder was last signalled as changed. Room in each page, since rows are only ever overwritten. */
export class MailSignals1730000081000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE mail_signals (
        account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        folder_id     integer NOT NULL,
        signalled_at  timestamptz NOT NULL,
        PRIMARY KEY (account_id, folder_id)
      ) WITH (fillfactor = 50)
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE mail_signals');
  }
}
