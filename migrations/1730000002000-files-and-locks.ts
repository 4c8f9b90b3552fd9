import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A small tree of plain files per account, and WebDAV locks on anything that has a path. */
export class FilesAndLocks1730000002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE files (
        account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        path         text COLLATE "C" NOT NULL,
        is_folder    boolean NOT NULL,
        content      bytea,
        size         integer NOT NULL DEFAULT 0,
        type         text NOT NULL DEFAULT 'application/octet-stream',
        etag         text NOT NULL,
        properties   jsonb NOT NULL DEFAULT '{}',
        created_at   timestamptz NOT NULL DEFAULT now(),
        modified_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, path)
      );
      CREATE TABLE locks (
        account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        token       uuid NOT NULL,
        path        text COLLATE "C" NOT NULL,
        infinite    boolean NOT NULL,
        exclusive   boolean NOT NULL,
        principal   uuid NOT NULL,
        owner       text NOT NULL,
        expires_at  timestamptz NOT NULL,
        PRIMARY KEY (account_id, token)
      );
      CREATE INDEX locks_path ON locks (account_id, path);
      CREATE TABLE item_properties (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        item_id        bigint NOT NULL,
        properties     jsonb NOT NULL,
        PRIMARY KEY (account_id, collection_id, item_id),
        FOREIGN KEY (account_id, collection_id, item_id) REFERENCES items ON DELETE CASCADE
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE item_properties, locks, files');
  }
}
