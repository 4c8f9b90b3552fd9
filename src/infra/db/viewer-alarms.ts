import type { Pool, PoolClient } from 'pg';
import type { Place } from '../../domain/pim/store.js';
import type { Id } from '../../domain/types.js';
import { row, rows, type Statement } from './sql.js';

const statement = (name: string, text: string): Statement => ({ name, text });

const FIND = statement(
  'viewer_alarms',
  `SELECT item_id::text AS item, alarms FROM viewer_alarms
   WHERE account_id = $1 AND collection_id = $2 AND viewer_id = $3 AND item_id = ANY($4::bigint[])`,
);
const SET = statement(
  'set_viewer_alarms',
  `INSERT INTO viewer_alarms (account_id, collection_id, viewer_id, item_id, alarms) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (account_id, collection_id, item_id, viewer_id) DO UPDATE SET alarms = $5`,
);
const REMOVE = statement(
  'remove_viewer_alarms',
  'DELETE FROM viewer_alarms WHERE account_id = $1 AND collection_id = $2 AND viewer_id = $3 AND item_id = $4',
);

/** A viewer's alarms by item. */
export async function findAlarms(
  db: Pool | PoolClient,
  { account, collection }: Place,
  viewer: Id,
  items: readonly Id[],
): Promise<ReadonlyMap<Id, string>> {
  const found = await rows<{ item: Id; alarms: string }>(db, FIND, [account, collection, viewer, items]);
  return new Map(found.map(({ item, alarms }) => [item, alarms]));
}

/** Null: the viewer has none. */
export async function setAlarms(
  db: PoolClient,
  { account, collection }: Place,
  viewer: Id,
  item: Id,
  alarms: string | null,
): Promise<void> {
  const key = [account, collection, viewer, item];
  if (alarms === null) await row(db, REMOVE, key);
  else await row(db, SET, [...key, alarms]);
}
