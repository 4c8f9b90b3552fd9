import { randomUUID } from 'node:crypto';
import { DomainError } from '../errors.js';
import type { Id } from '../types.js';
import { splitAlarms, withAlarms } from './alarms.js';
import { checkedName } from './collections.js';
import { describe, etagOf } from './index-rows.js';
import { KINDS } from './kinds.js';
import type { Item, ItemDraft, ItemHead, PimKind, Precondition, PutResult } from './model.js';
import { checkPrecondition } from './preconditions.js';
import type { ItemRow, PimWrite, Place } from './store.js';

/** The write of one item under the lock of its collection. */
export async function write(
  tx: PimWrite,
  place: Place,
  row: ItemRow,
  draft: ItemDraft,
  when: Precondition | undefined,
  by: Writer,
): Promise<PutResult> {
  const repeated = draft.creationKey === undefined ? null : await tx.created(place, draft.creationKey);
  if (repeated !== null) {
    const item = await tx.find(place, { id: repeated });
    return { item: item ?? removedItem(repeated, row), created: false, repeated: true, verbatim: item?.text === draft.text };
  }
  const found = await tx.find(place, draft.id === undefined ? { name: row.name, uid: row.uid } : { id: draft.id });
  const current = draft.id === undefined && found?.name !== row.name ? null : found;
  checkPrecondition(current, when);
  if (draft.id !== undefined && !current) throw new DomainError('not-found', 'no such item');
  requireUid(row.uid, current, found);
  const own = await personal(tx, place, row, current, by);
  if (current?.text === own.row.text && !own.changed) {
    return { item: own.shown(current), created: false, repeated: false, verbatim: own.shown(current).text === draft.text };
  }
  const final = own.stamped(await by.scheduled(current, own.row));
  const name = draft.id === undefined || !current ? final.name : current.name;
  const item = current ? await tx.update(place, current, { ...final, name }) : await tx.insert(place, final, draft.creationKey);
  if (own.changed && by.viewer !== null) await tx.setAlarms(place, by.viewer, item.id, own.alarms);
  const shown = own.shown(item);
  return { item: shown, created: current === null, repeated: false, verbatim: shown.text === draft.text };
}

/** Who writes, and what is done with the row before. */
export interface Writer {
  /** Somebody else than the owner, whose alarms are his own. */
  readonly viewer: Id | null;
  readonly scheduled: (before: Item | null, row: ItemRow) => Promise<ItemRow>;
  /** A row of the same name with another text. */
  readonly rowOf: (text: string) => ItemRow;
}

/** A row as it is stored for all, and what of it is the writer's own. */
interface Personal {
  readonly row: ItemRow;
  readonly alarms: string | null;
  /** Whether the writer's own alarms are others than before. */
  readonly changed: boolean;
  /** The row's entity tag moves with the alarms too, so that the writer's other devices fetch them. */
  readonly stamped: (final: ItemRow) => ItemRow;
  /** The item as the writer sees it. */
  readonly shown: (item: Item) => Item;
}

async function personal(tx: PimWrite, place: Place, row: ItemRow, current: Item | null, by: Writer): Promise<Personal> {
  const same = <T>(value: T): T => value;
  if (by.viewer === null) return { row, alarms: null, changed: false, stamped: same, shown: same };
  const { text, alarms } = splitAlarms(row.text);
  const before = current === null ? null : await tx.alarms(place, by.viewer, current.id);
  // The owner's alarms stay as they are.
  const stored = withAlarms(text, splitAlarms(current?.text ?? '').alarms);
  const changed = alarms !== before;
  return {
    row: stored === row.text ? row : by.rowOf(stored),
    alarms,
    changed,
    stamped: (final) => (changed ? { ...final, etag: etagOf(`${final.text}${randomUUID()}`) } : final),
    shown: (item) => ({ ...item, text: withAlarms(splitAlarms(item.text).text, alarms) }),
  };
}

/** One resource per UID, and a resource keeps its UID (RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1). */
function requireUid(uid: string, current: ItemHead | null, found: ItemHead | null): void {
  const holder = current ?? found;
  if (holder && current?.uid !== uid)
    throw new DomainError('conflict', 'the UID belongs to another item', { reason: 'no-uid-conflict', href: holder.name });
}

/** One meeting has one resource in an account: else answers would reach some copies only (RFC 6638 §3.2.4.2). */
export async function requireUnique(tx: PimWrite, place: Place, uid: string): Promise<void> {
  const elsewhere = await tx.meetingElsewhere(place, uid);
  if (elsewhere) throw twice({ ...elsewhere, account: place.account });
}

export function twice(elsewhere: Place & { readonly name: string }): DomainError {
  const reason = 'unique-scheduling-object-resource';
  return new DomainError('forbidden', 'the meeting is in another calendar', { reason, elsewhere });
}

export interface Transfer {
  readonly source: Place;
  readonly target: Place;
  readonly item: Item;
  readonly row: ItemRow;
  readonly copy: boolean;
  readonly overwrite: boolean;
  /** Whose own alarms go along. */
  readonly viewer: Id | null;
  /** Whether the target is somebody else's, so that alarms are kept beside the text; those given, else those of the source. */
  readonly mounted: boolean;
  readonly alarms: string | null;
}

export async function transferWithin(tx: PimWrite, transfer: Transfer): Promise<{ created: boolean; item: ItemHead }> {
  const { source, target, item, row } = transfer;
  const replaced = await tx.find(target, { name: row.name });
  const same = replaced?.id === item.id && placeKey(source) === placeKey(target);
  if (same) throw new DomainError('forbidden', 'source and destination are the same item');
  if (replaced && !transfer.overwrite) throw new DomainError('precondition-failed', 'the destination exists');
  const kept = await tx.properties(source, item.id);
  const alarms = transfer.viewer === null ? null : await tx.alarms(source, transfer.viewer, item.id);
  if (replaced) await tx.remove(target, replaced);
  if (!transfer.copy) await tx.remove(source, item);
  requireUid(row.uid, null, await tx.find(target, { uid: row.uid }));
  const inserted = await tx.insert(target, row);
  if (kept !== null) await tx.keep(target, inserted.id, kept);
  const own = transfer.alarms ?? alarms;
  if (own !== null && transfer.mounted && transfer.viewer !== null) await tx.setAlarms(target, transfer.viewer, inserted.id, own);
  return { created: replaced === null, item: inserted };
}

export function rowOf(kind: PimKind, components: readonly string[], draft: ItemDraft, now: Date): ItemRow {
  const { maxBytes, extension } = KINDS[kind];
  if (Buffer.byteLength(draft.text) > maxBytes)
    throw new DomainError('too-large', 'the item is too large', { reason: 'max-resource-size' });
  const index = describe(kind, draft.text, now);
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

/** What a repeated creation answers when the item was deleted in between: its identity, so that the client sees it go. */
function removedItem(id: Id, row: ItemRow): Item {
  const { name, uid, component, etag, scheduleTag, text } = row;
  return { id, name, uid, component, etag, scheduleTag, text, size: Buffer.byteLength(text), modified: new Date(0), origin: '' };
}

export function placeKey(place: Place): string {
  return `${place.account} ${place.collection}`;
}
