import { randomUUID } from 'node:crypto';
import { formatCursor, parseCursor, staleCursor } from '../changes/cursor.js';
import type { ChangePage, Cursor } from '../changes/feed.js';
import { DomainError } from '../errors.js';
import { type ChangeHub, HIERARCHY } from '../notify/hub.js';
import type { Id, Session } from '../types.js';
import { describe, etagOf } from './index-rows.js';
import { CALENDAR_COMPONENTS, KINDS } from './kinds.js';
import type {
  Access,
  Collection,
  CollectionDraft,
  CollectionPatch,
  IndexQuery,
  Item,
  ItemDraft,
  ItemHead,
  ItemRef,
  PimKind,
  Precondition,
  PutResult,
} from './model.js';
import { checkPrecondition } from './preconditions.js';
import type { Pim } from './service.js';
import type { Found, ItemRow, PimStore, PimWrite, Place, StoredCollection } from './store.js';

/** Most collections of one account; a runaway client that makes one per refresh stops here. */
const MAX_COLLECTIONS = 500;
/** Most items asked for by name or id in one call. */
const MAX_BATCH = 1000;
const MAX_NAME_BYTES = 255;

const MAY_READ: ReadonlySet<Access> = new Set(['owner', 'write', 'read']);
const MAY_WRITE: ReadonlySet<Access> = new Set(['owner', 'write']);

/** The rules for calendars, tasks, contacts and notes over a store. */
export class PimService implements Pim {
  constructor(
    private readonly store: PimStore,
    private readonly hub: Pick<ChangeHub, 'publish'>,
  ) {}

  async collections(s: Session): Promise<readonly Collection[]> {
    return (await this.store.collections(s, s.account)).map(ownCollection);
  }

  async collection(s: Session, id: Id): Promise<Collection> {
    const found = (await this.collections(s)).find((collection) => collection.id === id);
    if (!found) throw new DomainError('not-found', 'no such collection');
    return found;
  }

  async createCollection(s: Session, draft: CollectionDraft): Promise<Collection> {
    const existing = await this.store.collections(s, s.account);
    if (existing.length >= MAX_COLLECTIONS)
      throw new DomainError('too-large', 'too many collections', { reason: 'quota-not-exceeded' });
    const stored = await this.store.createCollection(s, s.account, {
      kind: draft.kind,
      slug: draft.slug === undefined ? randomUUID() : checkedName(draft.slug),
      name: draft.name,
      primary: false,
      components: checkedComponents(draft),
      properties: draft.properties ?? {},
    });
    this.hub.publish(s.account, HIERARCHY);
    return ownCollection(stored);
  }

  async updateCollection(s: Session, collection: Collection, patch: CollectionPatch): Promise<Collection> {
    requireAccess(collection, MAY_WRITE);
    await this.store.updateCollection(s, collection.source, patch);
    this.hub.publish(collection.source.account, HIERARCHY);
    return this.collection(s, collection.id);
  }

  async deleteCollection(s: Session, collection: Collection): Promise<void> {
    if (collection.access !== 'owner')
      throw new DomainError('forbidden', 'only the owner may delete a collection', { reason: 'need-privileges' });
    if (collection.primary) throw new DomainError('forbidden', 'the default collection stays', { reason: 'need-privileges' });
    await this.store.deleteCollection(s, collection.source);
    this.hub.publish(collection.source.account, HIERARCHY);
  }

  async item(s: Session, collection: Collection, ref: ItemRef): Promise<Item | null> {
    const found =
      'name' in ref ? await this.itemsByName(s, collection, [ref.name]) : await this.itemsById(s, collection, [ref.id]);
    return found[0] ?? null;
  }

  itemsByName(s: Session, collection: Collection, names: readonly string[]): Promise<readonly Item[]> {
    requireAccess(collection, MAY_READ);
    return this.store.items(s, collection.source, { names: checkedBatch(names) });
  }

  async itemsById(s: Session, collection: Collection, ids: readonly Id[]): Promise<readonly Item[]> {
    requireAccess(collection, MAY_READ);
    return this.store.items(s, collection.source, { ids: checkedBatch(ids).filter(isItemId) });
  }

  heads(s: Session, collection: Collection): AsyncIterable<ItemHead> {
    requireAccess(collection, MAY_READ);
    return this.store.heads(s, collection.source);
  }

  search(s: Session, collection: Collection, query: IndexQuery): AsyncIterable<Found> {
    requireAccess(collection, MAY_READ);
    return this.store.search(s, collection.source, query);
  }

  async put(s: Session, collection: Collection, draft: ItemDraft, when?: Precondition): Promise<PutResult> {
    requireAccess(collection, MAY_WRITE);
    const row = rowOf(collection.kind, collection.components, draft, s.user.zone);
    const result = await this.store.write(s, [collection.source], (tx) => write(tx, collection.source, row, draft, when));
    this.changed(collection);
    return result;
  }

  async remove(s: Session, collection: Collection, ref: ItemRef, when?: Precondition): Promise<void> {
    requireAccess(collection, MAY_WRITE);
    await this.store.write(s, [collection.source], async (tx) => {
      const current = await tx.find(collection.source, ref);
      checkPrecondition(current, when);
      if (!current) throw new DomainError('not-found', 'no such item');
      await tx.remove(collection.source, current);
    });
    this.changed(collection);
  }

  async transfer(
    s: Session,
    from: { readonly collection: Collection; readonly ref: ItemRef },
    to: { readonly collection: Collection; readonly name: string },
    options: { readonly copy: boolean; readonly overwrite: boolean; readonly when?: Precondition },
  ): Promise<{ readonly created: boolean; readonly item: ItemHead }> {
    requireAccess(from.collection, options.copy ? MAY_READ : MAY_WRITE);
    requireAccess(to.collection, MAY_WRITE);
    const [source, target] = [from.collection.source, to.collection.source];
    const result = await this.store.write(s, [source, target], async (tx) => {
      const item = await tx.find(source, from.ref);
      checkPrecondition(item, options.when);
      if (!item) throw new DomainError('not-found', 'no such item');
      const row = rowOf(to.collection.kind, to.collection.components, { name: to.name, text: item.text }, s.user.zone);
      return transferWithin(tx, { source, target, item, row, ...options });
    });
    if (!options.copy) this.changed(from.collection);
    this.changed(to.collection);
    return result;
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

  private changed(collection: Collection): void {
    this.hub.publish(collection.source.account, collection.source.collection);
  }
}

/** The write of one item under the lock of its collection. */
async function write(tx: PimWrite, place: Place, row: ItemRow, draft: ItemDraft, when?: Precondition): Promise<PutResult> {
  const repeated = draft.creationKey === undefined ? null : await tx.created(place, draft.creationKey);
  if (repeated !== null) {
    const item = await tx.find(place, { id: repeated });
    return { item: item ?? removedItem(repeated, row), created: false, repeated: true, verbatim: item?.text === draft.text };
  }
  const current = await tx.find(place, draft.id === undefined ? { name: row.name } : { id: draft.id });
  checkPrecondition(current, when);
  if (draft.id !== undefined && !current) throw new DomainError('not-found', 'no such item');
  await checkUid(tx, place, row.uid, current);
  if (!current) {
    return { item: await tx.insert(place, row, draft.creationKey), created: true, repeated: false, verbatim: true };
  }
  const unchanged = current.text === row.text;
  const item = unchanged
    ? current
    : await tx.update(place, current, draft.id === undefined ? row : { ...row, name: current.name });
  return { item, created: false, repeated: false, verbatim: true };
}

/** One resource per UID, and a resource keeps its UID (RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1). */
async function checkUid(tx: PimWrite, place: Place, uid: string, current: ItemHead | null): Promise<void> {
  if (current?.uid === uid) return;
  const holder = current ?? (await tx.find(place, { uid }));
  if (holder)
    throw new DomainError('conflict', 'the UID belongs to another item', { reason: 'no-uid-conflict', href: holder.name });
}

interface Transfer {
  readonly source: Place;
  readonly target: Place;
  readonly item: Item;
  readonly row: ItemRow;
  readonly copy: boolean;
  readonly overwrite: boolean;
}

async function transferWithin(tx: PimWrite, transfer: Transfer): Promise<{ created: boolean; item: ItemHead }> {
  const { source, target, item, row } = transfer;
  const replaced = await tx.find(target, { name: row.name });
  const same = replaced?.id === item.id && placeKey(source) === placeKey(target);
  if (same) throw new DomainError('forbidden', 'source and destination are the same item');
  if (replaced && !transfer.overwrite) throw new DomainError('precondition-failed', 'the destination exists');
  if (replaced) await tx.remove(target, replaced);
  if (!transfer.copy) await tx.remove(source, item);
  await checkUid(tx, target, row.uid, null);
  return { created: replaced === null, item: await tx.insert(target, row) };
}

function rowOf(kind: PimKind, components: readonly string[], draft: ItemDraft, zone: string): ItemRow {
  const { maxBytes, extension } = KINDS[kind];
  if (Buffer.byteLength(draft.text) > maxBytes)
    throw new DomainError('too-large', 'the item is too large', { reason: 'max-resource-size' });
  const index = describe(kind, draft.text, zone);
  if (!components.includes(index.component)) {
    throw new DomainError('forbidden', `the collection holds no ${index.component}`, {
      reason: kind === 'contacts' ? 'supported-address-data' : 'supported-calendar-component',
    });
  }
  const name = draft.name === undefined ? nameFor(index.uid, extension) : checkedName(draft.name);
  return { ...index, name, text: draft.text, etag: etagOf(draft.text), scheduleTag: null };
}

/** A readable resource name where the UID is one, otherwise a random one. */
function nameFor(uid: string, extension: string): string {
  return `${/^[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,120}$/.test(uid) ? uid : randomUUID()}.${extension}`;
}

function checkedName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const bad = name === '' || name === '.' || name === '..' || /[/\u0000-\u001f\u007f]/.test(name);
  if (bad || Buffer.byteLength(name) > MAX_NAME_BYTES) throw new DomainError('invalid', 'not a usable name');
  return name;
}

function checkedComponents(draft: CollectionDraft): readonly string[] {
  const allowed = draft.kind === 'contacts' ? KINDS.contacts.components : CALENDAR_COMPONENTS;
  const components = draft.components ?? KINDS[draft.kind].components;
  if (components.length === 0 || components.some((component) => !allowed.includes(component))) {
    throw new DomainError('forbidden', 'unsupported component', { reason: 'supported-calendar-component' });
  }
  return [...new Set(components)];
}

function checkedBatch<T>(values: readonly T[]): readonly T[] {
  if (values.length > MAX_BATCH) throw new RangeError(`more than ${MAX_BATCH} items at a time`);
  return values;
}

function isItemId(id: Id): boolean {
  return /^[1-9]\d{0,17}$/.test(id);
}

function requireAccess(collection: Collection, allowed: ReadonlySet<Access>): void {
  if (!allowed.has(collection.access)) throw new DomainError('forbidden', 'no access', { reason: 'need-privileges' });
}

/** What a repeated creation answers when the item was deleted in between: its identity, so that the client sees it go. */
function removedItem(id: Id, row: ItemRow): Item {
  const { name, uid, component, etag, scheduleTag, text } = row;
  return { id, name, uid, component, etag, scheduleTag, text, size: Buffer.byteLength(text), modified: new Date(0), origin: '' };
}

function ownCollection(stored: StoredCollection): Collection {
  const { place, ...rest } = stored;
  return { ...rest, id: place.collection, source: place, access: 'owner' };
}

function placeKey(place: Place): string {
  return `${place.account} ${place.collection}`;
}
