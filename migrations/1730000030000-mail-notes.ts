import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What phones say of messages and IMAP has no place for: dates and reminders of flags, when something was answered, which
 * conversations go to which folder. And what could not be shown to a device, for the operator.
 */
export class MailNotes1730000030000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE mail_notes (
        account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        message     text COLLATE "C" NOT NULL,
        note        jsonb NOT NULL,
        changed_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, message)
      );
      CREATE TABLE conversation_moves (
        account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        conversation  text COLLATE "C" NOT NULL,
        folder_id     text COLLATE "C" NOT NULL,
        changed_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, conversation)
      );
      CREATE TABLE left_out (
        account_id     uuid NOT NULL,
        device_id      text COLLATE "C" NOT NULL,
        collection_id  text COLLATE "C" NOT NULL,
        item           text COLLATE "C" NOT NULL,
        reason         text NOT NULL,
        left_out_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, device_id, collection_id, item),
        FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE left_out, conversation_moves, mail_notes');
  }
}
