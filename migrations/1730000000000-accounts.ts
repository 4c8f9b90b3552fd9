import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts and what devices know of them. `next_id` numbers collections and mail folders of an account together. */
export class Accounts1730000000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE accounts (
        id            uuid PRIMARY KEY,
        address       text COLLATE "C" NOT NULL UNIQUE,
        aliases       text[] NOT NULL DEFAULT '{}',
        display_name  text NOT NULL DEFAULT '',
        zone          text NOT NULL DEFAULT 'UTC',
        next_id       integer NOT NULL DEFAULT 1,
        created_at    timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE mail_folders (
        account_id    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        id            integer NOT NULL,
        path          text COLLATE "C" NOT NULL,
        delimiter     text NOT NULL DEFAULT '/',
        role          text,
        selectable    boolean NOT NULL DEFAULT true,
        uid_validity  text,
        object_id     text,
        PRIMARY KEY (account_id, id),
        UNIQUE (account_id, path)
      );
      CREATE TABLE devices (
        account_id          uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        id                  text COLLATE "C" NOT NULL,
        type                text NOT NULL DEFAULT '',
        user_agent          text NOT NULL DEFAULT '',
        protocol            text NOT NULL DEFAULT '',
        information         jsonb NOT NULL DEFAULT '{}',
        policy_key          bigint NOT NULL DEFAULT 0,
        pending_policy_key  bigint NOT NULL DEFAULT 0,
        wipe                text NOT NULL DEFAULT 'none',
        blocked             boolean NOT NULL DEFAULT false,
        cache               json NOT NULL DEFAULT '{}',
        created_at          timestamptz NOT NULL DEFAULT now(),
        changed_at          timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, id)
      );
      CREATE TABLE sync_states (
        account_id     uuid NOT NULL,
        device_id      text COLLATE "C" NOT NULL,
        collection_id  text COLLATE "C" NOT NULL,
        current_key    text NOT NULL,
        current_data   json NOT NULL,
        previous_key   text,
        previous_data  json,
        changed_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, device_id, collection_id),
        FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
      );
      CREATE TABLE sent_messages (
        account_id  uuid NOT NULL,
        device_id   text COLLATE "C" NOT NULL,
        client_id   text COLLATE "C" NOT NULL,
        begun_at    timestamptz NOT NULL DEFAULT now(),
        sent_at     timestamptz,
        PRIMARY KEY (account_id, device_id, client_id),
        FOREIGN KEY (account_id, device_id) REFERENCES devices ON DELETE CASCADE
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE sent_messages, sync_states, devices, mail_folders, accounts');
  }
}
