import { IdRanges } from '../../../formats/ranges.js';
import { type Element, el } from '../../../formats/wbxml/tree.js';
import type { Skipped } from './skip.js';
import { type ItemSource, type Rendered, serverId, type Window } from './source.js';
import type { Draft } from './state.js';

/** How much one answer may hold. Shared by the collections of a request. */
export interface Budget {
  /** Changes that may still be sent, over all collections. */
  items: number;
  /** Bytes of item data that may still be sent. */
  bytes: number;
  /** Milliseconds of `performance.now()` after which nothing more is begun. */
  readonly deadline: number;
}

/** Phones give up after 28 to 30 s without an answer. */
const ANSWER_MS = 18_000;
const ANSWER_BYTES = 4 * 1024 * 1024;
/** So much looked through for nothing is worth remembering. */
const MUCH = 50;

export function newBudget(items: number): Budget {
  return { items, bytes: ANSWER_BYTES, deadline: performance.now() + ANSWER_MS };
}

/**
 * Brings the draft up to date: what waits for its Add, Change, Delete, SoftDelete. The same for Sync, GetItemEstimate
 * and Ping, so that they can't disagree. False when the device must start over.
 */
export async function refresh(source: ItemSource, draft: Draft, now: Date): Promise<boolean> {
  const window = windowFor(source, draft, now);
  if (draft.point === null) draft.point = await source.head();
  else if (!(await follow(source, draft, now))) return false;
  if (draft.window !== window.name) {
    moveWindow(draft, await source.list(window));
    draft.window = window.name;
  }
  return true;
}

async function follow(source: ItemSource, draft: Draft, now: Date): Promise<boolean> {
  const delta = await source.since(draft);
  if (delta.reset) return false;
  const window = windowFor(source, draft, now);
  const held = draft.known;
  draft.gone = draft.gone.union(delta.gone.intersect(held));
  for (const set of ['pending', 'changed', 'outside'] as const) draft[set] = draft[set].minus(delta.gone);
  const fresh = await within(source, delta.fresh, window, false);
  const changed = await within(source, delta.changed, window, true);
  draft.pending = draft.pending.union(fresh);
  draft.mark(changed);
  draft.outside = draft.outside.union(IdRanges.of(delta.changed).minus(changed)).minus(changed);
  draft.point = delta.point;
  if (window.conversations && delta.fresh.length > 0) draft.window = '';
  if (delta.looked >= MUCH) draft.worthStoring = true;
  return true;
}

/** An old conversation comes back with a new message, so the whole window is looked at again then. */
function windowFor(source: ItemSource, draft: Draft, now: Date): Window {
  const window = source.window(draft.options.filter, now);
  if (!draft.options.conversations || window.since === null) return window;
  return { ...window, name: `${window.name} with conversations`, conversations: true };
}

async function within(source: ItemSource, ids: readonly number[], window: Window, held: boolean): Promise<IdRanges> {
  return ids.length === 0 ? IdRanges.empty : IdRanges.of(await source.inside(ids, window, held));
}

/** Items that left the window are taken off the device, items that came into it are sent. */
function moveWindow(draft: Draft, listed: IdRanges): void {
  draft.pending = listed.minus(draft.known);
  draft.outside = draft.known.minus(listed).minus(draft.gone);
  draft.changed = draft.changed.intersect(listed);
}

/** Commands of the server for one collection, up to the window size and the budget. */
export interface Filled {
  readonly commands: readonly Element[];
  readonly more: boolean;
}

/** Takes what fits out of the draft and makes it into Commands (MS-ASCMD Commands). */
export async function fill(
  source: ItemSource,
  collection: string,
  draft: Draft,
  windowSize: number,
  budget: Budget,
  skipped: Skipped,
): Promise<Filled> {
  const commands: Element[] = [];
  let room = Math.min(windowSize, budget.items);
  const spend = (count: number) => {
    room -= count;
    budget.items -= count;
  };
  for (const [set, tag] of [
    ['gone', 'AirSync:Delete'],
    ['outside', 'AirSync:SoftDelete'],
  ] as const) {
    const ids = first(draft[set], room);
    for (const id of ids) commands.push(el(tag, el('AirSync:ServerId', serverId(collection, id))));
    forget(draft, ids);
    spend(ids.length);
  }
  for (const [set, form] of [
    ['changed', 'Change'],
    ['pending', 'Add'],
  ] as const) {
    const ids = first(draft[set], room, form === 'Add');
    if (ids.length === 0) continue;
    const taken = await take(source, collection, ids, form, draft, budget, skipped);
    commands.push(...taken);
    spend(taken.length);
  }
  return { commands, more: draft.waiting > 0 };
}

async function take(
  source: ItemSource,
  collection: string,
  ids: readonly number[],
  form: 'Add' | 'Change',
  draft: Draft,
  budget: Budget,
  skipped: Skipped,
): Promise<Element[]> {
  const commands: Element[] = [];
  const done: number[] = [];
  const sent: number[] = [];
  for await (const item of source.render(ids, form, draft)) {
    done.push(item.id);
    if ('data' in item) {
      sent.push(item.id);
      commands.push(command(collection, form, item));
      budget.bytes -= item.bytes;
    } else if ('error' in item) {
      skipped.note(collection, item.id, item.error);
      draft.worthStoring = true;
    }
    if (budget.bytes <= 0 || performance.now() > budget.deadline) break;
  }
  const handled = IdRanges.of(done);
  draft.pending = draft.pending.minus(handled);
  draft.changed = draft.changed.minus(handled);
  if (form === 'Add') draft.known = draft.known.union(IdRanges.of(sent));
  return commands;
}

function command(collection: string, form: 'Add' | 'Change', item: Extract<Rendered, { data: readonly Element[] }>): Element {
  return el(`AirSync:${form}`, el('AirSync:ServerId', serverId(collection, item.id)), el('AirSync:ApplicationData', item.data));
}

/** Up to `count` of the set; `newest`: from the highest number down. */
function first(set: IdRanges, count: number, newest = false): number[] {
  const ids: number[] = [];
  if (count <= 0) return ids;
  for (const id of newest ? set.descending() : set) {
    ids.push(id);
    if (ids.length >= count) break;
  }
  return ids;
}

function forget(draft: Draft, ids: readonly number[]): void {
  if (ids.length === 0) return;
  const set = IdRanges.of(ids);
  draft.known = draft.known.minus(set);
  draft.gone = draft.gone.minus(set);
  draft.outside = draft.outside.minus(set);
  for (const [flag, uids] of draft.flags) draft.flags.set(flag, uids.minus(set));
}
