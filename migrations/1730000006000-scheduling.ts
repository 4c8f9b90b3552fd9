import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Scheduling messages: those still to be delivered, what was sent and received last, what lies in the scheduling inboxes,
 * and how far each INBOX was looked through for invitations.
 */
export class Scheduling1730000006000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE schedule_outbox (
        account_id     uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        id             uuid NOT NULL,
        channel        text NOT NULL CHECK (channel IN ('local', 'mail')),
        method         text NOT NULL,
        uid            text COLLATE "C" NOT NULL,
        sender         text NOT NULL,
        recipient      text NOT NULL,
        recipient_id   uuid,
        collection_id  integer,
        text           text NOT NULL,
        due_at         timestamptz NOT NULL DEFAULT now(),
        tries          integer NOT NULL DEFAULT 0,
        created_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, id)
      );
      CREATE INDEX schedule_outbox_due ON schedule_outbox (channel, due_at);
      CREATE TABLE schedule_ledger (
        account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        uid         text COLLATE "C" NOT NULL,
        direction   text NOT NULL CHECK (direction IN ('out', 'in')),
        peer        text COLLATE "C" NOT NULL,
        recurrence  text COLLATE "C" NOT NULL,
        sequence    integer NOT NULL,
        method      text NOT NULL,
        digest      text NOT NULL,
        at          timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (account_id, uid, direction, peer, recurrence, sequence, method)
      );
      CREATE INDEX schedule_ledger_age ON schedule_ledger (at);
      CREATE TABLE schedule_inbox (
        account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        name        text COLLATE "C" NOT NULL,
        uid         text COLLATE "C" NOT NULL,
        method      text NOT NULL,
        text        text NOT NULL,
        etag        text NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (account_id, name)
      );
      CREATE INDEX schedule_inbox_age ON schedule_inbox (account_id, created_at);
      CREATE TABLE schedule_mail_marks (
        account_id    uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
        uid_validity  text NOT NULL,
        next_uid      bigint NOT NULL
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE schedule_mail_marks, schedule_inbox, schedule_ledger, schedule_outbox');
  }
}
