import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Collections shared with other accounts. The row belongs to the owner's account; `mount_id` and `slug` are the
 * collection's identity in the grantee's home, where name and properties may differ from the owner's.
 */
export class Shares1730000003000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE shares (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        grantee_id     uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        access         text NOT NULL CHECK (access IN ('busy', 'read', 'write')),
        status         text NOT NULL CHECK (status IN ('invited', 'accepted', 'declined')),
        mount_id       integer NOT NULL,
        slug           text COLLATE "C" NOT NULL,
        name           text,
        summary        text NOT NULL DEFAULT '',
        properties     jsonb NOT NULL DEFAULT '{}',
        created_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, collection_id, grantee_id),
        FOREIGN KEY (account_id, collection_id) REFERENCES collections ON DELETE CASCADE
      );
      CREATE UNIQUE INDEX shares_mount ON shares (grantee_id, mount_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE shares');
  }
}
