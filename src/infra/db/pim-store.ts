import { randomInt, randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Position } from '../../domain/changes/cursor.js';
import { DomainError } from '../../domain/errors.js';
import type { IndexQuery, Item, ItemBrief, ItemHead, ItemVersion, RestorePoint, Share } from '../../domain/pim/model.js';
import type {
  Found,
  NewCollection,
  PimStore,
  PimWrite,
  Place,
  RawChanges,
  StoredCollection,
  StoredShare,
  Version,
} from '../../domain/pim/store.js';
import type { Id, Scope } from '../../domain/types.js';
import { PURGE_ATTACHMENTS } from './attachment-store.js';
import { gone, personOf, toChange, toCollection, toHead, toItem, toMount, toVersion } from './pim-rows.js';
import * as sql from './pim-sql.js';
import { PostgresPimWrite } from './pim-write.js';
import { formatSpans } from './spans.js';
import { codeOf, row, rows, type Statement, transaction } from './sql.js';
import { findAlarms } from './viewer-alarms.js';

const UNIQUE_VIOLATION = '23505';
/** Rows read at a time where a whole collection is streamed. */
const BATCH = 500;
/** Bytes of text that are read at a time. */
const BATCH_BYTES = 1024 * 1024;
/** Most items of a collection with which something is kept. */
const MAX_ITEMS_WITH_PROPERTIES = 2_000;
/** Rows without their texts read at a time. */
const PAGE = 1_000;

/** Collections and items in PostgreSQL. Every statement names `account_id` first. */
export class PostgresPimStore implements PimStore {
  constructor(private readonly pool: Pool) {}

  async collections(_s: Scope, account: Id): Promise<StoredCollection[]> {
    return (await rows<sql.CollectionRow>(this.pool, sql.COLLECTIONS, [account])).map((found) => toCollection(account, found));
  }

  async createCollection(_s: Scope, account: Id, draft: NewCollection): Promise<StoredCollection> {
    try {
      return await transaction(this.pool, (client) => insertCollection(client, account, draft));
    } catch (error) {
      if (codeOf(error) === UNIQUE_VIOLATION)
        throw new DomainError('conflict', 'a collection of that name exists', { cause: error });
      throw error;
    }
  }

  async updateCollection(
    _s: Scope,
    place: Place,
    patch: { readonly name?: string; readonly properties?: Readonly<Record<string, string | null>> },
  ): Promise<void> {
    const [set, removed] = propertyChanges(patch.properties);
    const found = await row(this.pool, sql.UPDATE_COLLECTION, [
      place.account,
      place.collection,
      patch.name ?? null,
      set,
      removed,
    ]);
    if (!found) throw gone();
  }

  async deleteCollection(_s: Scope, place: Place): Promise<void> {
    if (!(await row(this.pool, sql.DELETE_COLLECTION, [place.account, place.collection]))) throw gone();
  }

  async moveCollection(_s: Scope, place: Place, slug: string, replaced: Place | null): Promise<void> {
    try {
      await transaction(this.pool, async (client) => {
        if (replaced) await row(client, sql.DELETE_COLLECTION, [replaced.account, replaced.collection]);
        if (!(await row(client, sql.MOVE_COLLECTION, [place.account, place.collection, slug]))) throw gone();
      });
    } catch (error) {
      if (codeOf(error) === UNIQUE_VIOLATION)
        throw new DomainError('conflict', 'a collection of that name exists', { cause: error });
      throw error;
    }
  }

  async sharedWith(_s: Scope, account: Id): Promise<StoredShare[]> {
    return (await rows<sql.MountRow>(this.pool, sql.SHARED_WITH, [account])).map(toMount);
  }

  async home(_s: Scope, account: Id): Promise<{ own: StoredCollection[]; shared: StoredShare[] }> {
    const found = await rows<sql.HomeRow>(this.pool, sql.HOME, [account]);
    const isMount = (row: sql.HomeRow): row is sql.MountRow => row.mount_id !== null;
    return {
      own: found.filter((row) => !isMount(row)).map((row) => toCollection(account, row)),
      shared: found.filter(isMount).map(toMount),
    };
  }

  async shares(_s: Scope, place: Place): Promise<Share[]> {
    return (await rows<sql.ShareRow>(this.pool, sql.SHARES, [place.account, place.collection])).map((found) => ({
      grantee: personOf(found),
      access: found.access,
      status: found.status,
      summary: found.summary,
    }));
  }

  setShare(
    _s: Scope,
    place: Place,
    address: string,
    share: Pick<Share, 'access' | 'status' | 'summary'> | null,
  ): Promise<{ account: Id }> {
    return transaction(this.pool, async (client) => {
      const grantee = await row<{ id: string }>(client, sql.GRANTEE, [address]);
      if (!grantee || grantee.id === place.account) throw new DomainError('not-found', 'no such user');
      const key = [place.account, place.collection, grantee.id];
      if (share === null) await row(client, sql.END_SHARE, key);
      else {
        const next = await row<{ id: number }>(client, sql.NEXT_ID, [grantee.id]);
        await row(client, sql.SET_SHARE, [...key, share.access, share.status, share.summary, next?.id, randomUUID()]);
      }
      return { account: grantee.id };
    });
  }

  async updateMount(
    _s: Scope,
    place: Place,
    grantee: Id,
    patch: {
      readonly status?: Share['status'];
      readonly name?: string;
      readonly slug?: string;
      readonly properties?: Readonly<Record<string, string | null>>;
    },
  ): Promise<void> {
    const [set, removed] = propertyChanges(patch.properties);
    const { status = null, name = null, slug = null } = patch;
    const values = [place.account, place.collection, grantee, status, name, set, removed, slug];
    if (!(await row(this.pool, sql.UPDATE_MOUNT, values))) throw gone();
  }

  async versions(
    _s: Scope,
    place: Place,
    of: { readonly item: Id } | { readonly since: Date },
    limit: number,
  ): Promise<ItemVersion[]> {
    const [item, since] = 'item' in of ? [of.item, null] : [null, of.since];
    return (await rows<sql.VersionRow>(this.pool, sql.VERSIONS, [place.account, place.collection, item, since, limit])).map(
      toVersion,
    );
  }

  async history(
    _s: Scope,
    place: Place,
    item: Id,
    after: Position,
    limit: { readonly count: number; readonly bytes: number },
  ): Promise<Version[] | null> {
    const values = [place.account, place.collection, after.epoch, String(after.seq), item, limit.count + 1, limit.bytes];
    const found = await rows<{ replaced_by: string; text: string | null }>(this.pool, sql.HISTORY, values);
    if (found.length === 0 || found.length > limit.count) return null;
    const versions = found.flatMap(({ text, replaced_by }) => (text === null ? [] : [{ text, replacedBy: replaced_by }]));
    return versions.length === found.length ? versions : null;
  }

  async markRestorePoint(
    s: Scope,
    place: Place,
    point: { readonly seq: bigint; readonly removed: number; readonly at: Date },
  ): Promise<void> {
    const values = [place.account, place.collection, String(point.seq), s.origin, point.removed, point.at];
    await rows(this.pool, sql.MARK_RESTORE_POINT, values);
  }

  restorePoints(_s: Scope, place: Place): Promise<RestorePoint[]> {
    return rows<RestorePoint>(this.pool, sql.RESTORE_POINTS, [place.account, place.collection]);
  }

  async purge(before: { readonly tombstones: Date; readonly versions: Date }): Promise<number> {
    const work = [
      [sql.PURGE_TOMBSTONES, before.tombstones],
      [sql.PURGE_CREATIONS, before.tombstones],
      [sql.PURGE_VERSIONS, before.versions],
      [sql.PURGE_RESTORE_POINTS, before.versions],
      [PURGE_ATTACHMENTS, before.versions],
    ] as const;
    let purged = 0;
    for (const [statement, moment] of work) {
      for (const found of await rows<{ purged: number }>(this.pool, statement, [moment])) purged += found.purged;
    }
    return purged;
  }

  async items(
    _s: Scope,
    place: Place,
    by: { readonly names: readonly string[] } | { readonly ids: readonly Id[] },
  ): Promise<Item[]> {
    const found =
      'names' in by
        ? await rows<sql.ItemColumns>(this.pool, sql.ITEMS_BY_NAME, [place.account, place.collection, by.names])
        : await rows<sql.ItemColumns>(this.pool, sql.ITEMS_BY_ID, [place.account, place.collection, by.ids]);
    return found.map(toItem);
  }

  async *heads(_s: Scope, place: Place): AsyncIterable<ItemHead> {
    for await (const page of this.paged<sql.ItemColumns>(sql.HEADS, [place.account, place.collection], BATCH))
      yield* page.map(toHead);
  }

  async itemProperties(_s: Scope, place: Place, name: string | null): Promise<ReadonlyMap<string, Record<string, string>>> {
    const found = await rows<{ name: string; properties: Record<string, string> }>(this.pool, sql.ITEM_PROPERTIES, [
      place.account,
      place.collection,
      name,
    ]);
    return new Map(found.map((kept) => [kept.name, kept.properties]));
  }

  alarms(_s: Scope, place: Place, viewer: Id, items: readonly Id[]): Promise<ReadonlyMap<Id, string>> {
    return findAlarms(this.pool, place, viewer, items);
  }

  async setItemProperties(
    _s: Scope,
    place: Place,
    name: string,
    changes: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    const values = [place.account, place.collection, name, ...propertyChanges(changes), MAX_ITEMS_WITH_PROPERTIES];
    const found = await row<{ kept: boolean }>(this.pool, sql.SET_ITEM_PROPERTIES, values);
    if (!found) throw new DomainError('not-found', 'no such item');
    if (!found.kept) {
      throw new DomainError('too-large', 'too many items have properties', { reason: 'quota-not-exceeded' });
    }
  }

  briefs(_s: Scope, place: Place): AsyncIterable<readonly ItemBrief[]> {
    return this.paged<ItemBrief>(sql.BRIEFS, [place.account, place.collection], PAGE);
  }

  async *search(_s: Scope, place: Place, query: IndexQuery): AsyncIterable<readonly Found[]> {
    let after = '0';
    if (query.overlaps) {
      const { found, rest } = await this.near(place, query);
      if (found.length > 0) yield found;
      if (!rest) return;
      after = found.at(-1)?.id ?? after;
    }
    for await (const matches of this.matches(place, query, after))
      yield* ahead(batches(matches), (batch) => this.texts(place, batch));
  }

  /** What a search for a time finds first, with the texts, in one statement. `rest`: there may be more. */
  private async near(place: Place, query: IndexQuery): Promise<{ readonly found: Found[]; readonly rest: boolean }> {
    const page = await rows<sql.NearRow>(this.pool, sql.SEARCH_SPANS_NEAR, [...searched(place, query), '0', BATCH, BATCH_BYTES]);
    const found = page.flatMap(({ text, exact, ...head }) => (text === null ? [] : [{ ...toItem({ ...head, text }), exact }]));
    return { found, rest: page.length === BATCH || found.length < page.length };
  }

  private async texts(place: Place, matches: readonly sql.MatchRow[]): Promise<Found[]> {
    const exact = new Map(matches.map((match) => [match.id, match.exact]));
    const found = await rows<sql.ItemColumns>(this.pool, sql.ITEMS_BY_ID, [place.account, place.collection, [...exact.keys()]]);
    return found.map((columns) => Object.assign(toItem(columns), { exact: exact.get(columns.id) ?? false }));
  }

  async counters(_s: Scope, places: readonly Place[]): Promise<(Place & { epoch: number; seq: bigint })[]> {
    const found = await rows<{ account_id: string; id: number; epoch: number; seq: string }>(this.pool, sql.COUNTERS, [
      places.map((place) => place.account),
      places.map((place) => place.collection),
    ]);
    return found.map((counter) => ({
      account: counter.account_id,
      collection: String(counter.id),
      epoch: counter.epoch,
      seq: BigInt(counter.seq),
    }));
  }

  async changes(_s: Scope, place: Place, after: bigint | null, limit: number): Promise<RawChanges | null> {
    const statement = after === null ? sql.LISTING : sql.CHANGES;
    const values =
      after === null ? [place.account, place.collection, limit] : [place.account, place.collection, limit, String(after)];
    const found = await rows<sql.ChangeRow>(this.pool, statement, values);
    const collection = found.find(({ id }) => id === null);
    if (!collection) return null;
    return {
      epoch: collection.epoch,
      head: BigInt(collection.seq),
      purged: BigInt(collection.purged_seq),
      changes: found.flatMap((change) => (change.id === null ? [] : [toChange(change, change.id)])),
    };
  }

  write<T>(s: Scope, places: readonly Place[], work: (tx: PimWrite) => Promise<T>): Promise<T> {
    return transaction(this.pool, async (client) => {
      const write = new PostgresPimWrite(client, s.origin);
      for (const place of inLockOrder(places)) await write.lock(place);
      return work(write);
    });
  }

  private async *matches(place: Place, query: IndexQuery, after: string): AsyncGenerator<sql.MatchRow[]> {
    const values = searched(place, query);
    if (query.overlaps) yield await rows<sql.MatchRow>(this.pool, sql.SEARCH_SPANS, [...values, after]);
    else if (query.alarms) yield await rows<sql.MatchRow>(this.pool, sql.SEARCH_ALARMS, values);
    else yield* this.paged<sql.MatchRow>(sql.SEARCH, values, PAGE);
  }

  /** Pages of a statement whose last two parameters are the id to go on after and how many; the next is read meanwhile. */
  private async *paged<R extends { id: string }>(
    statement: Statement,
    values: readonly unknown[],
    size: number,
  ): AsyncGenerator<R[]> {
    const read = (after: string) => quietly(rows<R>(this.pool, statement, [...values, after, size]));
    for (let next: Promise<R[]> | null = read('0'); next !== null; ) {
      const page: R[] = await next;
      const last = page.at(-1);
      next = last && page.length === size ? read(last.id) : null;
      yield page;
    }
  }
}

/** What all searches are asked by: the place, the component, the UID, and the time where one is given. */
function searched(place: Place, { component, uid, overlaps, alarms }: IndexQuery): unknown[] {
  const time = overlaps ?? alarms;
  return [place.account, place.collection, component ?? null, uid ?? null, ...(time ? [formatSpans([time])] : [])];
}

/** Cuts what a search found into batches whose texts fit into memory together. */
function* batches(matches: readonly sql.MatchRow[]): Generator<sql.MatchRow[]> {
  let batch: sql.MatchRow[] = [];
  let bytes = 0;
  for (const match of matches) {
    if (batch.length === BATCH || (batch.length > 0 && bytes + match.size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(match);
    bytes += match.size;
  }
  if (batch.length > 0) yield batch;
}

/** Reads one step ahead: while one batch is used, the next is on its way. */
async function* ahead<A, B>(steps: Iterable<A>, read: (step: A) => Promise<B>): AsyncGenerator<B> {
  let next: Promise<B> | null = null;
  for (const step of steps) {
    const current = next;
    next = quietly(read(step));
    if (current) yield await current;
  }
  if (next) yield await next;
}

/** A failure is thrown where the promise is awaited; it is no unhandled one when nobody comes to that. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

async function insertCollection(client: PoolClient, account: Id, draft: NewCollection): Promise<StoredCollection> {
  const next = await row<{ id: number }>(client, sql.NEXT_ID, [account]);
  if (!next) throw gone();
  const created = await row<sql.CollectionRow>(client, sql.INSERT_COLLECTION, [
    account,
    next.id,
    draft.kind,
    draft.slug,
    draft.name,
    draft.primary,
    draft.components,
    randomInt(1, 2 ** 31),
    JSON.stringify(draft.properties),
  ]);
  return toCollection(account, created as sql.CollectionRow);
}

/** What is set, as JSON, and the names of what is removed. */
function propertyChanges(properties: Readonly<Record<string, string | null>> = {}): [set: string, removed: string[]] {
  const changes = Object.entries(properties);
  const set = Object.fromEntries(changes.filter(([, value]) => value !== null));
  return [JSON.stringify(set), changes.filter(([, value]) => value === null).map(([name]) => name)];
}

/** One order for all writers, so that two moves between the same collections can't block each other. */
function inLockOrder(places: readonly Place[]): Place[] {
  const unique = new Map(places.map((place) => [`${place.account} ${place.collection.padStart(12, '0')}`, place]));
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}
