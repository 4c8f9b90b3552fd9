import type { MergedText } from '../../formats/merge/index.js';
import { formatCursor, parseCursor, staleCursor } from '../changes/cursor.js';
import type { ChangePage, Cursor } from '../changes/feed.js';
import { DomainError, isDomainError } from '../errors.js';
import { type ChangeHub, HIERARCHY } from '../notify/hub.js';
import type { Clock, Id, Session } from '../types.js';
import { splitAlarms, withAlarms } from './alarms.js';
import {
  checkedName,
  MAY_READ,
  MAY_WRITE,
  mountedCollection,
  newCollection,
  ownCollection,
  requireAccess,
  splitPatch,
} from './collections.js';
import { MassRemovalGuard } from './mass-removal.js';
import { type Edit, heldText, mergeEdit } from './merge.js';
import type {
  Access,
  Collection,
  CollectionDraft,
  CollectionPatch,
  IndexQuery,
  Item,
  ItemBrief,
  ItemDraft,
  ItemHead,
  ItemRef,
  ItemVersion,
  Offer,
  PimKind,
  Precondition,
  PutResult,
  RestorePoint,
  Share,
  ShareDraft,
} from './model.js';
import { checkPrecondition } from './preconditions.js';
import type { OutboxJob, Scheduler } from './scheduler.js';
import type { Pim } from './service.js';
import type { Found, ItemRow, PimStore, PimWrite, Place } from './store.js';
import { visibleTo } from './visibility.js';
import { placeKey, requireUnique, rowOf, transferWithin, twice, write } from './write.js';

/** Most collections of one account; a runaway client that makes one per refresh stops here. */
const MAX_COLLECTIONS = 500;
/** Most items asked for by name or id in one call. */
const MAX_BATCH = 1000;
/** Most earlier texts that one restoration looks at. */
const MAX_RESTORED = 100_000;

/** Earlier texts of one item that are read to find out what a client saw. */
const MOST_HISTORY = { count: 50, bytes: 32 * 1024 * 1024 };

const OWNER: ReadonlySet<Access> = new Set(['owner']);

/** The rules for calendars, tasks, contacts and notes over a store. */
export class PimService implements Pim {
  private readonly guard: MassRemovalGuard;

  /** More than `massRemoval` items removed by one device within a minute leave a restore point. */
  constructor(
    private readonly store: PimStore,
    private readonly hub: Pick<ChangeHub, 'publish'>,
    private readonly clock: Clock,
    massRemoval = 50,
    private readonly scheduler: Scheduler | null = null,
  ) {
    this.guard = new MassRemovalGuard(store, clock, massRemoval);
  }

  async collections(s: Session): Promise<readonly Collection[]> {
    const { own, shared } = await this.store.home(s, s.account);
    const mounted = shared.filter((share) => share.status === 'accepted').map(mountedCollection);
    return [...own.map(ownCollection), ...mounted];
  }

  async collection(s: Session, id: Id): Promise<Collection> {
    const found = (await this.collections(s)).find((collection) => collection.id === id);
    if (!found) throw new DomainError('not-found', 'no such collection');
    return found;
  }

  async createCollection(s: Session, draft: CollectionDraft): Promise<Collection> {
    const existing = await this.store.collections(s, s.account);
    if (existing.length >= MAX_COLLECTIONS) {
      throw new DomainError('too-large', 'too many collections', { reason: 'quota-not-exceeded' });
    }
    const stored = await this.store.createCollection(s, s.account, newCollection(draft));
    this.hub.publish(s.account, HIERARCHY, s);
    return ownCollection(stored);
  }

  async updateCollection(s: Session, collection: Collection, patch: CollectionPatch): Promise<Collection> {
    if (collection.access === 'owner') await this.store.updateCollection(s, collection.source, patch);
    else await this.updateMounted(s, collection, patch);
    this.hub.publish(s.account, HIERARCHY, s);
    return this.collection(s, collection.id);
  }

  /** For somebody else's collection it ends the viewer's share of it. */
  async deleteCollection(s: Session, collection: Collection): Promise<void> {
    if (collection.access !== 'owner') {
      await this.store.setShare(s, collection.source, s.user.address, null);
    } else {
      if (collection.primary) throw new DomainError('forbidden', 'the default collection stays', { reason: 'need-privileges' });
      const shares = await this.store.shares(s, collection.source);
      await this.store.deleteCollection(s, collection.source);
      for (const { grantee } of shares) this.hub.publish(grantee.account, HIERARCHY, s);
    }
    this.hub.publish(s.account, HIERARCHY, s);
  }

  /** Of somebody else's collection only the place in the viewer's own home changes. */
  async moveCollection(s: Session, collection: Collection, slug: string, replaced: Collection | null): Promise<void> {
    const name = checkedName(slug);
    if (collection.access !== 'owner' || (replaced !== null && replaced.access !== 'owner')) {
      if (replaced) await this.deleteCollection(s, replaced);
      if (collection.access === 'owner') await this.store.moveCollection(s, collection.source, name, null);
      else await this.store.updateMount(s, collection.source, s.account, { slug: name });
    } else {
      if (replaced?.primary) throw new DomainError('forbidden', 'the default collection stays', { reason: 'need-privileges' });
      const shares = replaced ? await this.store.shares(s, replaced.source) : [];
      await this.store.moveCollection(s, collection.source, name, replaced?.source ?? null);
      for (const { grantee } of shares) this.hub.publish(grantee.account, HIERARCHY, s);
    }
    this.hub.publish(s.account, HIERARCHY, s);
  }

  async shares(s: Session, collection: Collection): Promise<readonly Share[]> {
    return this.store.shares(s, collection.source);
  }

  async share(s: Session, collection: Collection, address: string, share: ShareDraft | null): Promise<void> {
    requireAccess(collection, OWNER);
    const stored = share && { access: share.access, status: share.status ?? 'accepted', summary: share.summary ?? '' };
    const { account } = await this.store.setShare(s, collection.source, address, stored);
    this.hub.publish(account, HIERARCHY, s);
    this.hub.publish(s.account, HIERARCHY, s);
  }

  async offers(s: Session): Promise<readonly Offer[]> {
    const shared = await this.store.sharedWith(s, s.account);
    return shared.map((share) => ({
      collection: mountedCollection(share),
      hostSlug: share.collection.slug,
      status: share.status,
      owner: share.owner,
      summary: share.summary,
    }));
  }

  async answerOffer(s: Session, offer: Offer, accept: boolean): Promise<void> {
    await this.store.updateMount(s, offer.collection.source, s.account, { status: accept ? 'accepted' : 'declined' });
    this.hub.publish(s.account, HIERARCHY, s);
    this.hub.publish(offer.owner.account, HIERARCHY, s);
  }

  async versions(
    s: Session,
    collection: Collection,
    of: { readonly item: Id } | { readonly since: Date },
    limit = MAX_BATCH,
  ): Promise<readonly ItemVersion[]> {
    requireAccess(collection, MAY_WRITE);
    const found = await this.store.versions(s, collection.source, of, Math.min(limit, MAX_BATCH));
    return viewerOf(s, collection) === null
      ? found
      : found.map((version) => ({ ...version, text: splitAlarms(version.text).text }));
  }

  /** Puts an earlier text back: into its item where that is still there, else as a new item of the same name and UID. */
  async restore(s: Session, collection: Collection, version: ItemVersion): Promise<PutResult> {
    const living = (await this.itemsById(s, collection, [version.item]))[0];
    const quiet: Session = { ...s, scheduling: 'off' };
    if (living) return this.put(quiet, collection, { id: living.id, text: version.text });
    const nameTaken = (await this.item(s, collection, { name: version.name })) !== null;
    return this.put(quiet, collection, { name: nameTaken ? undefined : version.name, text: version.text });
  }

  restorePoints(s: Session, collection: Collection): Promise<readonly RestorePoint[]> {
    requireAccess(collection, MAY_WRITE);
    return this.store.restorePoints(s, collection.source);
  }

  async restoreDeleted(s: Session, collection: Collection, since: string): Promise<number> {
    const after = BigInt(since);
    const versions = await this.store.versions(s, collection.source, { since: new Date(0) }, MAX_RESTORED);
    const deleted = versions.filter((version) => version.deleted && BigInt(version.seq) > after);
    let restored = 0;
    for (const version of latestOfEach(deleted)) {
      const back = await this.restore(s, collection, version).catch((error: unknown) => {
        if (isDomainError(error, 'conflict')) return null; // somebody has made it anew in the meantime
        throw error;
      });
      if (back) restored++;
    }
    return restored;
  }

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

  async put(s: Session, collection: Collection, draft: ItemDraft, when?: Precondition): Promise<PutResult> {
    requireAccess(collection, MAY_WRITE);
    const { kind, components } = collection;
    const row = rowOf(kind, components, draft, this.clock.now());
    const jobs: OutboxJob[] = [];
    const result = await this.writing(s, [collection], (tx) =>
      write(tx, collection.source, row, draft, when, {
        viewer: viewerOf(s, collection),
        scheduled: (before, row) => this.scheduled(s, tx, { collection, before, row, when }, jobs),
        rowOf: (text) => rowOf(kind, components, { name: row.name, text }, this.clock.now()),
      }),
    );
    if (jobs.length > 0) this.scheduler?.committed(s, jobs);
    return result;
  }

  async merged(s: Session, collection: Collection, item: Item, edit: Edit): Promise<MergedText | null> {
    requireAccess(collection, MAY_WRITE);
    const { kind, source } = collection;
    const history = await this.store.history(s, source, item.id, parseCursor(edit.from), MOST_HISTORY);
    if (!history) return null;
    const viewer = viewerOf(s, collection) !== null;
    const { alarms } = viewer ? splitAlarms(item.text) : { alarms: null };
    const own = (text: string) => (viewer ? withAlarms(splitAlarms(text).text, alarms) : text);
    const seen = history.map((version) => ({ ...version, text: own(version.text) }));
    const held = heldText(kind, seen, item.text, s.origin);
    return held === null ? null : mergeEdit(kind, held, item.text, edit, viewer);
  }

  async remove(s: Session, collection: Collection, ref: ItemRef, when?: Precondition): Promise<void> {
    requireAccess(collection, MAY_WRITE);
    const jobs: OutboxJob[] = [];
    const seq = await this.writing(s, [collection], async (tx) => {
      const current = await tx.find(collection.source, ref);
      checkPrecondition(current, when);
      if (!current) throw new DomainError('not-found', 'no such item');
      await this.scheduled(s, tx, { collection, before: current, row: null, when }, jobs);
      return tx.remove(collection.source, current);
    });
    if (jobs.length > 0) this.scheduler?.committed(s, jobs);
    await this.guard.removed(s, collection.source, seq);
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
    return this.writing(s, [from.collection, to.collection], async (tx) => {
      const stored = await tx.find(source, from.ref);
      checkPrecondition(stored, options.when);
      if (!stored) throw new DomainError('not-found', 'no such item');
      if (
        options.copy &&
        stored.scheduleTag !== null &&
        source.account === target.account &&
        source.collection !== target.collection
      )
        throw twice({ ...source, name: stored.name });
      const { text, alarms } = await this.transferred(s, tx, from.collection, to.collection, stored, options.copy);
      const row = rowOf(to.collection.kind, to.collection.components, { name: to.name, text }, this.clock.now());
      const viewer = viewerOf(s, from.collection) ?? viewerOf(s, to.collection);
      const mounted = to.collection.access !== 'owner';
      const whose = { viewer, mounted, alarms };
      // Nobody is told: the meeting is where it was (RFC 6638 §3.2.5).
      return transferWithin(tx, {
        source,
        target,
        item: stored,
        row: { ...row, scheduleTag: stored.scheduleTag },
        ...whose,
        ...options,
      });
    });
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

  private async updateMounted(s: Session, collection: Collection, patch: CollectionPatch): Promise<void> {
    const { own, common } = splitPatch(patch);
    await this.store.updateMount(s, collection.source, s.account, own);
    if (Object.keys(common.properties ?? {}).length === 0) return;
    requireAccess(collection, MAY_WRITE);
    await this.store.updateCollection(s, collection.source, common);
  }

  /** The text that a copied or moved item has at its new place, and what becomes the mover's own alarms there. */
  private async transferred(
    s: Session,
    tx: PimWrite,
    from: Collection,
    to: Collection,
    stored: Item,
    copy: boolean,
  ): Promise<{ readonly text: string; readonly alarms: string | null }> {
    // Within the owner's calendars it stays what it is for everybody.
    if (!copy && from.source.account === to.source.account) return { text: stored.text, alarms: null };
    // A copy holds no more than its maker may read.
    const viewer = viewerOf(s, from);
    const seen = visibleTo(from.access, stored).text;
    const own = viewer === null ? null : await tx.alarms(from.source, viewer, stored.id);
    const text = viewer === null ? seen : withAlarms(seen, own);
    return to.access === 'owner' ? { text, alarms: null } : splitAlarms(text);
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

  /** The row as it is to be stored, after implicit scheduling; what is to be sent is added to `jobs`. */
  private async scheduled<R extends ItemRow | null>(s: Session, tx: PimWrite, change: Change<R>, jobs: OutboxJob[]): Promise<R> {
    const { collection, before, row, when } = change;
    jobs.length = 0; // the transaction may run again
    if (!this.scheduler || !CALENDARS.has(collection.kind)) return row;
    const after = row?.text ?? null;
    const plan = await this.scheduler.plan(s, tx.scheduling, { place: collection.source, before, after, when });
    jobs.push(...plan.jobs);
    if (!row || plan.text === null) return row;
    const { scheduleTag } = plan;
    if (scheduleTag !== null && !before?.scheduleTag && s.scheduling !== 'off')
      await requireUnique(tx, collection.source, row.uid);
    if (plan.text === after) return { ...row, scheduleTag };
    const { kind, components } = collection;
    return { ...rowOf(kind, components, { name: row.name, text: plan.text }, this.clock.now()), scheduleTag } as R;
  }

  /** A transaction over some collections; afterwards everybody who sees them is signalled. */
  private async writing<T>(s: Session, collections: readonly Collection[], work: (tx: PimWrite) => Promise<T>): Promise<T> {
    const places = collections.map((collection) => collection.source);
    const signals: Place[] = [];
    const result = await this.store.write(s, places, async (tx) => {
      const done = await work(tx);
      signals.splice(0, signals.length, ...places, ...places.flatMap((place) => tx.mounts(place)));
      return done;
    });
    for (const { account, collection } of signals) this.hub.publish(account, collection, s);
    return result;
  }
}

/** Of each UID the version that ended last. */
function latestOfEach(versions: readonly ItemVersion[]): readonly ItemVersion[] {
  const latest = new Map<string, ItemVersion>();
  for (const version of versions) if (!latest.has(version.uid)) latest.set(version.uid, version);
  return [...latest.values()];
}

/** Whose alarms are kept beside the text: those of whoever is not the owner. */
function viewerOf(s: Session, { access, kind }: Collection): Id | null {
  return access === 'owner' || kind === 'contacts' ? null : s.account;
}

/** A change as scheduling is asked about it; `row` is null where the item is to be deleted. */
interface Change<R extends ItemRow | null> {
  readonly collection: Collection;
  readonly before: Item | null;
  readonly row: R;
  readonly when: Precondition | undefined;
}

const CALENDARS: ReadonlySet<PimKind> = new Set(['calendar', 'tasks']);

function checkedBatch<T>(values: readonly T[]): readonly T[] {
  if (values.length > MAX_BATCH) throw new RangeError(`more than ${MAX_BATCH} items at a time`);
  return values;
}

function isItemId(id: Id): boolean {
  return /^[1-9]\d{0,17}$/.test(id);
}
