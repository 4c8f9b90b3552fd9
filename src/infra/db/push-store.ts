import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { DomainError } from '../../domain/errors.js';
import type { NewSubscription, PushOutcome, PushStore, PushSubscription, VapidKeys } from '../../domain/push/model.js';
import type { Id, Scope } from '../../domain/types.js';
import { row, rows, type Statement } from './sql.js';

const MAX_SUBSCRIPTIONS = 200;
/** After so many failures in a row a subscription is dropped. */
const PATIENCE = 20;

const statement = (name: string, text: string): Statement => ({ name, text });

const SETTING = statement('setting', 'SELECT value FROM settings WHERE name = $1');
const INSERT_SETTING = statement('insert_setting', 'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING');

const COUNT = statement('count_push', 'SELECT count(*)::integer AS held FROM push_subscriptions WHERE account_id = $1');
const EXPIRE = statement('expire_push', 'DELETE FROM push_subscriptions WHERE account_id = $1 AND expires_at <= now()');

const SAVE = statement(
  'save_push',
  `INSERT INTO push_subscriptions AS p
     (account_id, id, collection_id, resource, public_key, auth_secret, content_update, property_update, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   ON CONFLICT (account_id, collection_id, md5(resource)) DO UPDATE SET
     public_key = $5, auth_secret = $6, content_update = $7, property_update = $8, expires_at = $9, failures = 0
   RETURNING id`,
);

const REMOVE = statement('remove_push', 'DELETE FROM push_subscriptions WHERE account_id = $1 AND id = $2 RETURNING id');

const OF = statement(
  'push_of',
  `SELECT id, collection_id AS collection, resource, public_key AS "publicKey", auth_secret AS "authSecret",
     content_update AS "contentUpdate", property_update AS "propertyUpdate", expires_at AS expires
   FROM push_subscriptions WHERE account_id = $1 AND collection_id = $2 AND expires_at > now()`,
);

const SUCCEEDED = statement(
  'push_succeeded',
  'UPDATE push_subscriptions SET failures = 0 WHERE account_id = $1 AND id = $2 AND failures > 0',
);

const FAILED = statement(
  'push_failed',
  `WITH failed AS (UPDATE push_subscriptions SET failures = failures + 1 WHERE account_id = $1 AND id = $2 RETURNING failures)
   SELECT failures FROM failed`,
);

/** WebDAV-Push subscriptions in PostgreSQL. */
export class PostgresPushStore implements PushStore {
  constructor(private readonly pool: Pool) {}

  async keys(make: () => VapidKeys): Promise<VapidKeys> {
    const stored = await row<{ value: VapidKeys }>(this.pool, SETTING, ['vapid']);
    if (stored) return stored.value;
    await rows(this.pool, INSERT_SETTING, ['vapid', JSON.stringify(make())]);
    return (await row<{ value: VapidKeys }>(this.pool, SETTING, ['vapid']))?.value as VapidKeys;
  }

  async save(s: Scope, subscription: NewSubscription): Promise<{ id: Id; created: boolean }> {
    await rows(this.pool, EXPIRE, [s.account]);
    const held = await row<{ held: number }>(this.pool, COUNT, [s.account]);
    if ((held?.held ?? 0) >= MAX_SUBSCRIPTIONS) throw new DomainError('too-large', 'too many subscriptions');
    const id = randomUUID();
    const { collection, resource, publicKey, authSecret, contentUpdate, propertyUpdate, expires } = subscription;
    const values = [s.account, id, collection, resource, publicKey, authSecret, contentUpdate, propertyUpdate, expires];
    const saved = await row<{ id: string }>(this.pool, SAVE, values);
    return { id: saved?.id ?? id, created: saved?.id === id };
  }

  async remove(s: Scope, id: Id): Promise<boolean> {
    return (await row(this.pool, REMOVE, [s.account, id])) !== undefined;
  }

  of(account: Id, collection: Id): Promise<PushSubscription[]> {
    return rows<PushSubscription>(this.pool, OF, [account, collection]);
  }

  async delivered(account: Id, id: Id, outcome: PushOutcome): Promise<void> {
    if (outcome === 'ok') await rows(this.pool, SUCCEEDED, [account, id]);
    const failures = outcome === 'failed' ? (await row<{ failures: number }>(this.pool, FAILED, [account, id]))?.failures : 0;
    if (outcome === 'gone' || (failures ?? 0) >= PATIENCE) await row(this.pool, REMOVE, [account, id]);
  }
}
