import type { PimKind } from '../../domain/pim/model.js';
import type { Statement } from './sql.js';

/** The statements of the PIM store. $1 is always the account, $2 the collection. */

export interface CollectionRow {
  id: number;
  kind: PimKind;
  slug: string;
  name: string;
  is_primary: boolean;
  components: string[];
  seq: string;
  properties: Record<string, string>;
}

export interface ItemColumns {
  id: string;
  name: string;
  uid: string;
  component: string;
  text: string;
  size: number;
  etag: string;
  schedule_tag: string | null;
  origin: string;
  /** Milliseconds since the epoch. */
  modified: number;
}

/** A change, or the collection itself, which has no `id`; a tombstone has no `etag`. */
export interface ChangeRow {
  id: string | null;
  name: string;
  origin: string;
  etag: string | null;
  component: string;
  seq: string;
  epoch: number;
  purged_seq: string;
}

const COLLECTION_COLUMNS = 'id, kind, slug, name, is_primary, components, seq, properties';
/** Milliseconds are read in a tenth of the time that a timestamp's text takes. */
const HEAD_NAMES = 'id, name, uid, component, size, etag, schedule_tag, origin';
const HEAD_COLUMNS = `${HEAD_NAMES}, (extract(epoch FROM modified_at) * 1000)::float8 AS modified`;
const ITEM_COLUMNS = `${HEAD_COLUMNS}, text`;

const statement = (name: string, text: string): Statement => ({ name, text });

export const COLLECTIONS = statement(
  'collections',
  `SELECT ${COLLECTION_COLUMNS} FROM collections WHERE account_id = $1 ORDER BY is_primary DESC, id`,
);

export const NEXT_ID = statement(
  'next_id',
  'UPDATE accounts SET next_id = next_id + 1 WHERE id = $1 RETURNING next_id - 1 AS id',
);

export const INSERT_COLLECTION = statement(
  'insert_collection',
  `INSERT INTO collections (account_id, id, kind, slug, name, is_primary, components, epoch, properties)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${COLLECTION_COLUMNS}`,
);

export const UPDATE_COLLECTION = statement(
  'update_collection',
  `UPDATE collections SET name = coalesce($3, name), properties = (properties || $4::jsonb) - $5::text[]
   WHERE account_id = $1 AND id = $2 RETURNING id`,
);

export const DELETE_COLLECTION = statement(
  'delete_collection',
  'DELETE FROM collections WHERE account_id = $1 AND id = $2 RETURNING id',
);

export const MOVE_COLLECTION = statement(
  'move_collection',
  'UPDATE collections SET slug = $3 WHERE account_id = $1 AND id = $2 RETURNING id',
);

/** A look-up in the index of UIDs for each other collection of the account. */
export const MEETING_ELSEWHERE = statement(
  'meeting_elsewhere',
  `SELECT i.collection_id::text AS collection, i.name FROM collections c
   JOIN items i ON i.account_id = c.account_id AND i.collection_id = c.id AND i.uid = $3
   WHERE c.account_id = $1 AND c.id <> $2 AND i.schedule_tag IS NOT NULL LIMIT 1`,
);

/** $3 is the name of one item, or null for all. */
export const ITEM_PROPERTIES = statement(
  'item_properties',
  `SELECT i.name, p.properties FROM item_properties p
   JOIN items i ON i.account_id = p.account_id AND i.collection_id = p.collection_id AND i.id = p.item_id
   WHERE p.account_id = $1 AND p.collection_id = $2 AND ($3::text IS NULL OR i.name = $3)`,
);

export const PROPERTIES_OF_ITEM = statement(
  'properties_of_item',
  'SELECT properties FROM item_properties WHERE account_id = $1 AND collection_id = $2 AND item_id = $3',
);

export const KEEP_WITH_ITEM = statement(
  'keep_with_item',
  'INSERT INTO item_properties (account_id, collection_id, item_id, properties) VALUES ($1, $2, $3, $4)',
);

/** $4 is what is set, $5 what is removed, $6 how many items of the collection may have something. */
export const SET_ITEM_PROPERTIES = statement(
  'set_item_properties',
  `WITH item AS (SELECT id FROM items WHERE account_id = $1 AND collection_id = $2 AND name = $3),
     kept AS (
       INSERT INTO item_properties AS p (account_id, collection_id, item_id, properties)
       SELECT $1, $2, id, ($4::jsonb) - $5::text[] FROM item
       WHERE EXISTS (SELECT 1 FROM item_properties WHERE account_id = $1 AND collection_id = $2 AND item_id = item.id)
         OR (SELECT count(*) FROM item_properties WHERE account_id = $1 AND collection_id = $2) < $6
       ON CONFLICT (account_id, collection_id, item_id) DO UPDATE SET properties = (p.properties || $4::jsonb) - $5::text[]
       RETURNING item_id)
   SELECT id, EXISTS (SELECT 1 FROM kept) AS kept FROM item`,
);

export const ITEMS_BY_NAME = statement(
  'items_by_name',
  `SELECT ${ITEM_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 AND name = ANY($3::text[])`,
);

export const ITEMS_BY_ID = statement(
  'items_by_id',
  `SELECT ${ITEM_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 AND id = ANY($3::bigint[])`,
);

export const ITEM_BY_UID = statement(
  'item_by_uid',
  `SELECT ${ITEM_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 AND uid = $3`,
);

/** Two look-ups in indexes: an OR of both conditions has the planner read the whole collection when it is small. */
export const ITEM_BY_NAME_OR_UID = statement(
  'item_by_name_or_uid',
  `(SELECT ${ITEM_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 AND name = $3)
   UNION ALL (SELECT ${ITEM_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 AND uid = $4) LIMIT 1`,
);

export const HEADS = statement(
  'heads',
  `SELECT ${HEAD_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 AND id > $3 ORDER BY id LIMIT $4`,
);

export const BRIEFS = statement(
  'briefs',
  `SELECT id, name, component, etag FROM items WHERE account_id = $1 AND collection_id = $2 AND id > $3 ORDER BY id LIMIT $4`,
);

const SEARCHED = `FROM items WHERE account_id = $1 AND collection_id = $2
   AND ($3::text IS NULL OR component = $3) AND ($4::text IS NULL OR uid = $4)`;

/** What a search finds, before the texts are read: `size` decides how many are read at once. */
export interface MatchRow {
  id: string;
  exact: boolean;
  size: number;
}

/** $5 is the id to go on after, $6 how many. */
export const SEARCH = statement('search', `SELECT id, true AS exact, size ${SEARCHED} AND id > $5 ORDER BY id LIMIT $6`);

const IN_TIME = `${SEARCHED} AND spans && $5::tstzmultirange AND id > $6`;
/** Where the time asked about lies within `exact`, the spans are the occurrences themselves. */
const IS_EXACT = 'exact @> $5::tstzmultirange AS exact';

/** $5 is the time asked about, $6 the id to go on after. */
export const SEARCH_SPANS = statement('search_spans', `SELECT id, ${IS_EXACT}, size ${IN_TIME} ORDER BY id`);

/** An item that a search finds; without a text where those before it fill what is read at once. */
export type NearRow = Omit<ItemColumns, 'text'> & { readonly text: string | null; readonly exact: boolean };

/** The first $7 of those with their texts, as far as these fit into $8 bytes: all there is to most questions. */
export const SEARCH_SPANS_NEAR = statement(
  'search_spans_near',
  `SELECT ${HEAD_NAMES}, exact, modified, CASE WHEN sum(size) OVER (ORDER BY id) - size < $8::bigint THEN text END AS text
   FROM (SELECT ${HEAD_COLUMNS}, ${IS_EXACT}, text ${IN_TIME} ORDER BY id LIMIT $7) found ORDER BY id`,
);

export const SEARCH_ALARMS = statement(
  'search_alarms',
  `SELECT id, false AS exact, size ${SEARCHED} AND alarms && $5::tstzmultirange ORDER BY id`,
);

export const COUNTERS = statement(
  'counters',
  `SELECT account_id, id, epoch, seq FROM collections
   WHERE (account_id, id) IN (SELECT * FROM unnest($1::uuid[], $2::integer[]))`,
);

const COLLECTION_ROW = `SELECT NULL::bigint AS id, NULL AS name, NULL AS origin, NULL AS etag, NULL AS component, seq, epoch, purged_seq
   FROM collections WHERE account_id = $1 AND id = $2`;
const CHANGE_COLUMNS = 'id, name, origin, etag, component, seq, NULL::integer, NULL::bigint';

/**
 * The collection's head and purge mark, and a page of changes, in one round trip; two index scans that are merged by
 * counter. What belongs to the collection stands in a row of its own: repeated in every row it would cost as much as the rest.
 */
export const CHANGES = statement(
  'changes',
  `${COLLECTION_ROW} UNION ALL SELECT * FROM (
     (SELECT ${CHANGE_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 AND seq > $4 ORDER BY seq LIMIT $3)
     UNION ALL
     (SELECT ${CHANGE_COLUMNS.replace('etag', 'NULL')} FROM tombstones
        WHERE account_id = $1 AND collection_id = $2 AND seq > $4 ORDER BY seq LIMIT $3)
     ORDER BY seq LIMIT $3
   ) changes`,
);

export const LISTING = statement(
  'listing',
  `${COLLECTION_ROW} UNION ALL
     (SELECT ${CHANGE_COLUMNS} FROM items WHERE account_id = $1 AND collection_id = $2 ORDER BY seq LIMIT $3)`,
);

/** Holds the collection's counter until the end of the transaction, and tells where the collection is mounted. */
export const LOCK = statement(
  'lock',
  `SELECT seq, ARRAY(SELECT grantee_id || '/' || mount_id FROM shares
     WHERE account_id = $1 AND collection_id = $2 AND status = 'accepted') AS mounts
   FROM collections WHERE account_id = $1 AND id = $2 FOR NO KEY UPDATE`,
);

export const CREATED = statement(
  'created',
  'SELECT item_id FROM creations WHERE account_id = $1 AND collection_id = $2 AND key = $3',
);

const NEXT_SEQ = 'WITH counter AS (UPDATE collections SET seq = seq + 1 WHERE account_id = $1 AND id = $2 RETURNING seq)';

export const INSERT_ITEM = statement(
  'insert_item',
  `${NEXT_SEQ}, item AS (
     INSERT INTO items (account_id, collection_id, id, name, uid, component, text, size, etag, schedule_tag, seq, origin, spans, exact, alarms)
     SELECT $1, $2, seq, $3, $4, $5, $6, $7, $8, $9, seq, $10, $11::tstzmultirange, $12::tstzrange, $13::tstzmultirange FROM counter RETURNING ${ITEM_COLUMNS}
   ), creation AS (
     INSERT INTO creations (account_id, collection_id, key, item_id) SELECT $1, $2, $14::text, id FROM item WHERE $14::text IS NOT NULL
   ) SELECT * FROM item`,
);

export const UPDATE_ITEM = statement(
  'update_item',
  `${NEXT_SEQ}, version AS (
     INSERT INTO item_versions (account_id, collection_id, item_id, seq, name, uid, component, text, replaced_by, deleted)
     SELECT $1, $2, i.id, counter.seq, i.name, i.uid, i.component, i.text, $10, false FROM items i, counter
     WHERE i.account_id = $1 AND i.collection_id = $2 AND i.id = $14
   ) UPDATE items SET name = $3, uid = $4, component = $5, text = $6, size = $7, etag = $8, schedule_tag = $9, origin = $10,
       spans = $11::tstzmultirange, exact = $12::tstzrange, alarms = $13::tstzmultirange, seq = counter.seq, modified_at = now()
     FROM counter WHERE account_id = $1 AND collection_id = $2 AND id = $14
     RETURNING ${HEAD_COLUMNS}, text`,
);

export const DELETE_ITEM = statement(
  'delete_item',
  `${NEXT_SEQ}, item AS (
     DELETE FROM items WHERE account_id = $1 AND collection_id = $2 AND id = $3 RETURNING id, name, uid, component, text
   ), version AS (
     INSERT INTO item_versions (account_id, collection_id, item_id, seq, name, uid, component, text, replaced_by, deleted)
     SELECT $1, $2, item.id, counter.seq, item.name, item.uid, item.component, item.text, $4, true FROM item, counter
   ) INSERT INTO tombstones (account_id, collection_id, id, name, component, seq, origin)
     SELECT $1, $2, item.id, item.name, item.component, counter.seq, $4 FROM item, counter RETURNING seq`,
);

export interface ShareRow {
  account_id: string;
  address: string;
  display_name: string;
  /** Not of those a collection is shared with. */
  aliases?: readonly string[];
  access: 'busy' | 'read' | 'write';
  status: 'invited' | 'accepted' | 'declined';
  summary: string;
}

export type MountRow = ShareRow &
  CollectionRow & { mount_id: number; mount_slug: string; mount_name: string | null; mount_properties: Record<string, string> };

export const SHARED_WITH = statement(
  'shared_with',
  `SELECT s.account_id, a.address, a.display_name, a.aliases, s.access, s.status, s.summary, s.mount_id, s.slug AS mount_slug,
     s.name AS mount_name, s.properties AS mount_properties, ${COLLECTION_COLUMNS.replace(/\w+/g, 'c.$&')}
   FROM shares s JOIN collections c ON c.account_id = s.account_id AND c.id = s.collection_id JOIN accounts a ON a.id = s.account_id
   WHERE s.grantee_id = $1 ORDER BY s.mount_id`,
);

export type HomeRow = CollectionRow & Partial<MountRow>;

/** Own collections, and after them those of others, whose rows have a mount. */
export const HOME = statement(
  'home',
  `SELECT ${COLLECTION_COLUMNS}, NULL::uuid AS account_id, NULL AS address, NULL AS display_name, NULL::text[] AS aliases, NULL AS access,
     NULL AS status, NULL AS summary, NULL::integer AS mount_id, NULL AS mount_slug, NULL AS mount_name, NULL::jsonb AS mount_properties
   FROM collections WHERE account_id = $1
   UNION ALL
   SELECT ${COLLECTION_COLUMNS.replace(/\w+/g, 'c.$&')}, s.account_id, a.address, a.display_name, a.aliases, s.access,
     s.status, s.summary, s.mount_id, s.slug, s.name, s.properties
   FROM shares s JOIN collections c ON c.account_id = s.account_id AND c.id = s.collection_id JOIN accounts a ON a.id = s.account_id
   WHERE s.grantee_id = $1 ORDER BY mount_id NULLS FIRST, is_primary DESC, id`,
);

export const SHARES = statement(
  'shares',
  `SELECT a.id AS account_id, a.address, a.display_name, s.access, s.status, s.summary
   FROM shares s JOIN accounts a ON a.id = s.grantee_id WHERE s.account_id = $1 AND s.collection_id = $2 ORDER BY a.address`,
);

export const GRANTEE = statement(
  'grantee',
  'SELECT id FROM accounts WHERE address = lower($1) OR lower($1) = ANY(aliases) LIMIT 1',
);

export const SET_SHARE = statement(
  'set_share',
  `INSERT INTO shares AS s (account_id, collection_id, grantee_id, access, status, summary, mount_id, slug)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (account_id, collection_id, grantee_id) DO UPDATE SET access = $4, summary = $6 RETURNING mount_id`,
);

export const END_SHARE = statement(
  'end_share',
  'DELETE FROM shares WHERE account_id = $1 AND collection_id = $2 AND grantee_id = $3 RETURNING mount_id',
);

export const UPDATE_MOUNT = statement(
  'update_mount',
  `UPDATE shares SET status = coalesce($4, status), name = coalesce($5, name), slug = coalesce($8, slug),
     properties = (properties || $6::jsonb) - $7::text[]
   WHERE account_id = $1 AND collection_id = $2 AND grantee_id = $3 RETURNING mount_id`,
);

export interface VersionRow {
  item_id: string;
  seq: string;
  name: string;
  uid: string;
  component: string;
  text: string;
  replaced_by: string;
  deleted: boolean;
  replaced_at: Date;
}

export const VERSIONS = statement(
  'versions',
  `SELECT item_id, seq, name, uid, component, text, replaced_by, deleted, replaced_at FROM item_versions
   WHERE account_id = $1 AND collection_id = $2 AND ($3::bigint IS NULL OR item_id = $3)
     AND ($4::timestamptz IS NULL OR replaced_at >= $4) ORDER BY seq DESC LIMIT $5`,
);

/**
 * Texts of an item that ended after a counter value, oldest first; none where some may be missing. The text is left out of
 * those past $7 bytes.
 */
export const HISTORY = statement(
  'history',
  `SELECT replaced_by, CASE WHEN sum(octet_length(text)) OVER (ORDER BY seq) <= $7 THEN text END AS text FROM (
     SELECT v.seq, v.replaced_by, v.text FROM collections c
       JOIN item_versions v ON v.account_id = c.account_id AND v.collection_id = c.id AND v.item_id = $5 AND v.seq > $4
     WHERE c.account_id = $1 AND c.id = $2 AND c.epoch = $3 AND c.versions_purged_seq <= $4 AND $5 <= $4
     ORDER BY v.seq LIMIT $6
   ) ended ORDER BY seq`,
);

/** A cursor below the highest purged tombstone could miss a deletion, so it becomes stale. */
export const PURGE_TOMBSTONES = statement(
  'purge_tombstones',
  `WITH purged AS (DELETE FROM tombstones WHERE deleted_at < $1 RETURNING account_id, collection_id, seq),
     marks AS (SELECT account_id, collection_id, max(seq) AS seq, count(*) AS rows FROM purged GROUP BY 1, 2)
   UPDATE collections c SET purged_seq = greatest(c.purged_seq, marks.seq) FROM marks
   WHERE c.account_id = marks.account_id AND c.id = marks.collection_id RETURNING marks.rows::integer AS purged`,
);

/** Whoever saw no more than the latest purged text can't be told what he saw. */
export const PURGE_VERSIONS = statement(
  'purge_versions',
  `WITH purged AS (DELETE FROM item_versions WHERE replaced_at < $1 RETURNING account_id, collection_id, seq),
     marks AS (SELECT account_id, collection_id, max(seq) AS seq, count(*) AS rows FROM purged GROUP BY 1, 2)
   UPDATE collections c SET versions_purged_seq = greatest(c.versions_purged_seq, marks.seq) FROM marks
   WHERE c.account_id = marks.account_id AND c.id = marks.collection_id RETURNING marks.rows::integer AS purged`,
);

export const PURGE_CREATIONS = statement('purge_creations', 'DELETE FROM creations WHERE created_at < $1 RETURNING 1 AS purged');

export const MARK_RESTORE_POINT = statement(
  'mark_restore_point',
  `INSERT INTO restore_points AS p (account_id, collection_id, seq, origin, removed, at) VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (account_id, collection_id, seq) DO UPDATE SET removed = greatest(p.removed, $5)`,
);

export const RESTORE_POINTS = statement(
  'restore_points',
  'SELECT seq, origin, removed, at FROM restore_points WHERE account_id = $1 AND collection_id = $2 ORDER BY seq DESC LIMIT 100',
);

export const PURGE_RESTORE_POINTS = statement(
  'purge_restore_points',
  'DELETE FROM restore_points WHERE at < $1 RETURNING 1 AS purged',
);
