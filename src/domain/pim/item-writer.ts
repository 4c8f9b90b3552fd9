import type { MergedText } from '../../formats/merge/index.js';
import { parseCursor } from '../changes/cursor.js';
import { DomainError } from '../errors.js';
import type { ChangeHub } from '../notify/hub.js';
import type { Clock, Id, Session } from '../types.js';
import { splitAlarms, withAlarms } from './alarms.js';
import { MAY_READ, MAY_WRITE, requireAccess } from './collections.js';
import { ItemReader } from './item-reader.js';
import { MassRemovalGuard } from './mass-removal.js';
import { type Edit, heldText, mergeEdit } from './merge.js';
import type { Collection, Item, ItemDraft, ItemHead, ItemRef, PimKind, Precondition, PutResult } from './model.js';
import { checkPrecondition } from './preconditions.js';
import type { OutboxJob, Scheduler } from './scheduler.js';
import type { ItemRow, PimStore, PimWrite, Place } from './store.js';
import { visibleTo } from './visibility.js';
import { requireUnique, rowOf, transferWithin, twice, write } from './write.js';

/** Earlier texts of one item that are read to find out what a client saw. */
const MOST_HISTORY = { count: 50, bytes: 32 * 1024 * 1024 };

const CALENDARS: ReadonlySet<PimKind> = new Set(['calendar', 'tasks']);

/** Every write of an item: its rules, its transaction, and who is told. */
export class ItemWriter extends ItemReader {
  private readonly guard: MassRemovalGuard;

  constructor(
    store: PimStore,
    hub: Pick<ChangeHub, 'publish'>,
    private readonly clock: Clock,
    massRemoval: number,
    private readonly scheduler: Scheduler | null,
  ) {
    super(store, hub);
    this.guard = new MassRemovalGuard(store, clock, massRemoval);
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

/** Whose alarms are kept beside the text: those of whoever is not the owner. */
export function viewerOf(s: Session, { access, kind }: Collection): Id | null {
  return access === 'owner' || kind === 'contacts' ? null : s.account;
}

/** A change as scheduling is asked about it; `row` is null where the item is to be deleted. */
interface Change<R extends ItemRow | null> {
  readonly collection: Collection;
  readonly before: Item | null;
  readonly row: R;
  readonly when: Precondition | undefined;
}
