import type { MigrationInterface, QueryRunner } from 'typeorm';

/** WebDAV-Push subscriptions, and settings of the installation that it makes for itself (VAPID keys). */
export class Push1730000004000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE settings (
        name   text PRIMARY KEY,
        value  jsonb NOT NULL
      );
      CREATE TABLE push_subscriptions (
        account_id       uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
        id               uuid NOT NULL,
        collection_id    text COLLATE "C" NOT NULL,
        resource         text NOT NULL,
        public_key       text NOT NULL,
        auth_secret      text NOT NULL,
        content_update   boolean NOT NULL,
        property_update  boolean NOT NULL,
        failures         integer NOT NULL DEFAULT 0,
        expires_at       timestamptz NOT NULL,
        PRIMARY KEY (account_id, id)
      );
      CREATE UNIQUE INDEX push_subscriptions_resource ON push_subscriptions (account_id, collection_id, md5(resource));
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE push_subscriptions, settings');
  }
}
