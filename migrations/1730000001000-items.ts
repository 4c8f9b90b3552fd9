import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Collections, items and what happened to them. An item's `id` is the counter value at which it was created, its `seq`
 * that of its latest change; the counter is taken under the collection's row lock, so commit order is counter order.
 */
export class Items1730000001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE EXTENSION IF NOT EXISTS btree_gist;
      CREATE TABLE collections (
        account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        id          integer NOT NULL,
        kind        text NOT NULL CHECK (kind IN ('calendar', 'tasks', 'contacts', 'notes')),
        slug        text COLLATE "C" NOT NULL,
        name        text NOT NULL,
        is_primary  boolean NOT NULL DEFAULT false,
        components  text[] NOT NULL,
        epoch       integer NOT NULL,
        seq         bigint NOT NULL DEFAULT 0,
        purged_seq  bigint NOT NULL DEFAULT 0,
        properties  jsonb NOT NULL DEFAULT '{}',
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, id),
        UNIQUE (account_id, slug)
      );
      CREATE UNIQUE INDEX collections_primary ON collections (account_id, kind) WHERE is_primary;
      CREATE TABLE items (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        id             bigint NOT NULL,
        name           text COLLATE "C" NOT NULL,
        uid            text COLLATE "C" NOT NULL,
        component      text NOT NULL,
        text           text NOT NULL,
        size           integer NOT NULL,
        etag           text NOT NULL,
        schedule_tag   text,
        seq            bigint NOT NULL,
        origin         text NOT NULL,
        spans          tstzmultirange,
        exact          tstzrange NOT NULL DEFAULT 'empty',
        alarms         tstzmultirange,
        modified_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, collection_id, id),
        UNIQUE (account_id, collection_id, name),
        UNIQUE (account_id, collection_id, uid),
        FOREIGN KEY (account_id, collection_id) REFERENCES collections ON DELETE CASCADE
      );
      CREATE INDEX items_seq ON items (account_id, collection_id, seq);
      CREATE INDEX items_spans ON items USING gist (account_id, collection_id, spans);
      CREATE TABLE tombstones (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        id             bigint NOT NULL,
        name           text NOT NULL,
        component      text NOT NULL,
        seq            bigint NOT NULL,
        origin         text NOT NULL,
        deleted_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, collection_id, id),
        FOREIGN KEY (account_id, collection_id) REFERENCES collections ON DELETE CASCADE
      );
      CREATE INDEX tombstones_seq ON tombstones (account_id, collection_id, seq);
      CREATE TABLE item_versions (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        item_id        bigint NOT NULL,
        seq            bigint NOT NULL,
        name           text NOT NULL,
        uid            text NOT NULL,
        component      text NOT NULL,
        text           text NOT NULL,
        replaced_by    text NOT NULL,
        deleted        boolean NOT NULL,
        replaced_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, collection_id, item_id, seq),
        FOREIGN KEY (account_id, collection_id) REFERENCES collections ON DELETE CASCADE
      );
      CREATE INDEX item_versions_age ON item_versions (account_id, replaced_at);
      CREATE TABLE creations (
        account_id     uuid NOT NULL,
        collection_id  integer NOT NULL,
        key            text COLLATE "C" NOT NULL,
        item_id        bigint NOT NULL,
        created_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, collection_id, key),
        FOREIGN KEY (account_id, collection_id) REFERENCES collections ON DELETE CASCADE
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE creations, item_versions, tombstones, items, collections');
  }
}
