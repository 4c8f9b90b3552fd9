import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Attachments of calendar objects that the server keeps (RFC 8607): the content in pieces, so that it can be streamed, and
 * which items name which attachment. Links have no reference to the attachment: an invitee's item names the organizer's.
 */
export class Attachments1730000040000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE attachments (
        account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        id          uuid NOT NULL,
        name        text NOT NULL,
        type        text NOT NULL,
        size        integer NOT NULL,
        touched_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, id)
      );
      CREATE INDEX attachments_age ON attachments (touched_at);
      CREATE TABLE attachment_parts (
        account_id     uuid NOT NULL,
        attachment_id  uuid NOT NULL,
        part           integer NOT NULL,
        content        bytea NOT NULL,
        PRIMARY KEY (account_id, attachment_id, part),
        FOREIGN KEY (account_id, attachment_id) REFERENCES attachments ON DELETE CASCADE
      );
      ALTER TABLE attachment_parts ALTER COLUMN content SET STORAGE EXTERNAL;
      CREATE TABLE attachment_links (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        item_id        bigint NOT NULL,
        attachment_id  uuid NOT NULL,
        PRIMARY KEY (account_id, collection_id, item_id, attachment_id),
        FOREIGN KEY (account_id, collection_id, item_id) REFERENCES items ON DELETE CASCADE
      );
      CREATE INDEX attachment_links_attachment ON attachment_links (account_id, attachment_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE attachment_links, attachment_parts, attachments');
  }
}
