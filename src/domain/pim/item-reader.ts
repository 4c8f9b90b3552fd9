import { formatCursor, parseCursor, staleCursor } from '../changes/cursor.js';
import type { ChangePage, Cursor } from '../changes/feed.js';
import { DomainError } from '../errors.js';
import type { Id, Session } from '../types.js';
import { withAlarms } from './alarms.js';
import { CollectionService } from './collection-service.js';
import { MAY_READ, MAY_WRITE, requireAccess } from './collections.js';
import type { Collection, IndexQuery, Item, ItemBrief, ItemHead, ItemRef } from './model.js';
import type { Found } from './store.js';
import { visibleTo } from './visibility.js';
import { placeKey } from './write.js';

/** Most items asked for by name or id in one call. */
export const MAX_BATCH = 1000;

/** Items as each viewer may see them, and what changed. */
export class ItemReader extends CollectionService {
  async item(s: Session, collection: Collection, ref: ItemRef): Promise<Item | null> {
    const found =
      'name' in ref ? await this.itemsByName(s, collection, [ref.name]) : await this.itemsById(s, collection, [ref.id]);
    return found[0] ?? null;
  }

  async itemsByName(s: Session, collection: Collection, names: readonly string[]): Promise<readonly Item[]> {
    requireAccess(collection, MAY_READ);
    return this.seen(s, collection, await this.store.items(s, collection.source, { names: checkedBatch(names) }));
  }

  async itemsById(s: Session, collection: Collection, ids: readonly Id[]): Promise<readonly Item[]> {
    requireAccess(collection, MAY_READ);
    return this.seen(s, collection, await this.store.items(s, collection.source, { ids: checkedBatch(ids).filter(isItemId) }));
  }

  async itemProperties(
    s: Session,
    collection: Collection,
    name?: string,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    requireAccess(collection, MAY_READ);
    // They may tell more than the times.
    if (collection.access === 'busy') return new Map();
    return this.store.itemProperties(s, collection.source, name ?? null);
  }

  async setItemProperties(
    s: Session,
    collection: Collection,
    name: string,
    changes: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    requireAccess(collection, MAY_WRITE);
    await this.store.setItemProperties(s, collection.source, name, changes);
  }

  heads(s: Session, collection: Collection): AsyncIterable<ItemHead> {
    requireAccess(collection, MAY_READ);
    return this.store.heads(s, collection.source);
  }

  briefs(s: Session, collection: Collection): AsyncIterable<readonly ItemBrief[]> {
    requireAccess(collection, MAY_READ);
    return this.store.briefs(s, collection.source);
  }

  async *search(s: Session, collection: Collection, query: IndexQuery): AsyncIterable<Found> {
    for await (const found of this.searchBatches(s, collection, query)) yield* found;
  }

  async *searchBatches(s: Session, collection: Collection, query: IndexQuery): AsyncIterable<readonly Found[]> {
    requireAccess(collection, MAY_READ);
    // The index knows the owner's alarms, not the viewer's.
    const { alarms, ...rest } = query;
    const asked = collection.access === 'owner' || !alarms ? query : rest;
    for await (const batch of this.store.search(s, collection.source, asked)) yield this.seen(s, collection, batch);
  }

  async cursors(s: Session, collections: readonly Collection[]): Promise<ReadonlyMap<Id, Cursor>> {
    const counters = await this.store.counters(
      s,
      collections.map((collection) => collection.source),
    );
    const byPlace = new Map(counters.map((counter) => [placeKey(counter), formatCursor(counter)]));
    return new Map(
      collections.flatMap((collection): [Id, Cursor][] => {
        const cursor = byPlace.get(placeKey(collection.source));
        return cursor === undefined ? [] : [[collection.id, cursor]];
      }),
    );
  }

  async since(s: Session, collection: Collection, from: Cursor | null, limit: number): Promise<ChangePage> {
    requireAccess(collection, MAY_READ);
    const position = from === null ? null : parseCursor(from);
    const raw = await this.store.changes(s, collection.source, position?.seq ?? null, limit + 1);
    if (!raw) throw new DomainError('not-found', 'no such collection');
    if (position && position.epoch !== raw.epoch) throw staleCursor('of another collection');
    if (position && position.seq > raw.head) throw staleCursor('from the future');
    if (position && position.seq < raw.purged) throw staleCursor('older than what is kept');
    const more = raw.changes.length > limit;
    const changes = raw.changes.slice(0, limit);
    const last = changes.at(-1);
    const seq = more && last ? last.seq : raw.head;
    return { changes, more, next: formatCursor({ epoch: raw.epoch, seq }) };
  }

  /** Items as the viewer sees them: no more than he may, and in other people's calendars with his own alarms. */
  private async seen<I extends Item>(
    s: Session,
    { access, source, kind }: Collection,
    items: readonly I[],
  ): Promise<readonly I[]> {
    if (access === 'owner') return items;
    const reduced = items.map((item) => ({ ...item, ...visibleTo(access, item) }));
    if (access !== 'write' || kind === 'contacts') return reduced;
    const ids = items.map(({ id }) => id);
    const own = await this.store.alarms(s, source, s.account, ids);
    return own.size === 0 ? reduced : reduced.map((item) => ({ ...item, text: withAlarms(item.text, own.get(item.id) ?? null) }));
  }
}

function checkedBatch<T>(values: readonly T[]): readonly T[] {
  if (values.length > MAX_BATCH) throw new RangeError(`more than ${MAX_BATCH} items at a time`);
  return values;
}

function isItemId(id: Id): boolean {
  return /^[1-9]\d{0,17}$/.test(id);
}
