import type { Cursor } from '../../../domain/changes/feed.js';
import { isDomainError } from '../../../domain/errors.js';
import type { Collection, Item } from '../../../domain/pim/model.js';
import type { Session } from '../../../domain/types.js';
import { IdRanges } from '../../../formats/ranges.js';
import { childText, type Element, el, elements, isElement } from '../../../formats/wbxml/tree.js';
import type { PimItemClass } from '../classes/item-class.js';
import { ownerOf } from '../classes/owner.js';
import type { EasContext } from '../context.js';
import { cappedFilter } from '../policy.js';
import { atLeast } from '../versions.js';
import { EVERYTHING, FILTERS, windowOf } from './filter.js';
import { applyToPim, settlePim } from './pim-apply.js';
import { PIM_CLASSES } from './pim-classes.js';
import type { ClientCommand } from './request.js';
import { type AppliedReply, type Delta, type ItemSource, type Rendered, serverId, type Window } from './source.js';
import { DEFAULT_OPTIONS, type Draft, type Reply, type SyncOptions } from './state.js';

const PAGE = 500;
/** Pages of changes looked through in one request; what is left waits for the next. */
const MAX_PAGES = 40;
const CHUNK = 100;
/** Up to so many items are looked at one by one to see whether they are inside the window. */
const FEW = 20;

/** A calendar, task list, address book or notebook as a source of items; ids are the item's numbers. */
export class PimSource implements ItemSource {
  readonly itemClass: PimItemClass;
  readonly takesEdits = true;
  /** Items of repeated commands that go back to the device. */
  readonly #repeated: number[] = [];

  /**
   * @param requestKey SyncKey of the request, part of what makes a creation unique
   * @param latest the collection's cursor, where it was read for several collections at once
   */
  constructor(
    private readonly context: EasContext,
    readonly collection: Collection,
    readonly requestKey: string,
    private latest?: Cursor,
  ) {
    this.itemClass = PIM_CLASSES[collection.kind];
  }

  /**
   * Who acts here. One device may hold the accounts of two people who share a collection: to neither is the other's edit an echo.
   */
  get session(): Session {
    const { session } = this.context;
    if (!this.collection.owner) return session;
    return { ...session, origin: `${session.origin}@${session.account}`, scheduling: 'server' };
  }

  get className(): string {
    return this.itemClass.className;
  }

  get filters(): ReadonlySet<number> {
    const { kind } = this.collection;
    return kind === 'calendar' || kind === 'tasks' ? FILTERS[kind] : ANY_FILTER;
  }

  /** Contacts and notes know no window: their FilterType is ignored (MS-ASCMD FilterType). */
  window(filter: number, now: Date): Window {
    if (this.filters === ANY_FILTER) return EVERYTHING;
    const isEvents = this.filters === FILTERS.calendar;
    return windowOf(isEvents ? cappedFilter(filter, this.context.policy, 'MaxCalendarAgeFilter') : filter, now);
  }

  async head(): Promise<Cursor> {
    const cursors = await this.#pim.cursors(this.context.session, [this.collection]);
    const cursor = cursors.get(this.collection.id);
    if (cursor === undefined) throw new CollectionGone();
    return cursor;
  }

  async list(window: Window): Promise<IdRanges> {
    const { session } = this.context;
    const ids: number[] = [];
    if (window.since || window.incomplete) {
      for await (const item of this.#pim.search(session, this.collection, this.#query(window)))
        if (this.#shows(item.component) && this.#open(item, window)) ids.push(Number(item.id));
    } else {
      for await (const head of this.#pim.heads(session, this.collection))
        if (this.#shows(head.component)) ids.push(Number(head.id));
    }
    return IdRanges.of(ids);
  }

  async since(draft: Draft): Promise<Delta> {
    const from = draft.point as Cursor;
    const delta = { gone: [] as number[], changed: [] as number[], fresh: [] as number[], looked: 0 };
    if (this.latest === from) return { ...delta, point: from, reset: false, gone: IdRanges.empty };
    let point = from;
    try {
      for (let page = 0; page < MAX_PAGES; page++) {
        const { changes, next, more } = await this.#pim.since(this.context.session, this.collection, point, PAGE);
        for (const change of changes) this.#sort(change, draft, delta);
        delta.looked += changes.length;
        point = next;
        if (!more) break;
      }
    } catch (error) {
      if (isDomainError(error, 'stale-cursor')) return { ...delta, point, reset: true, gone: IdRanges.empty };
      throw error;
    }
    return { ...delta, point, reset: false, gone: IdRanges.of(delta.gone) };
  }

  async inside(ids: readonly number[], window: Window): Promise<Iterable<number>> {
    if (!window.since && !window.incomplete) return ids;
    if (ids.length > FEW) {
      const listed = await this.list(window);
      return ids.filter((id) => listed.has(id));
    }
    const inside: number[] = [];
    for (const item of await this.#pim.itemsById(this.context.session, this.collection, ids.map(String))) {
      const query = { ...this.#query(window), uid: item.uid };
      for await (const found of this.#pim.search(this.context.session, this.collection, query))
        if (found.id === item.id && this.#open(found, window)) inside.push(Number(item.id));
    }
    return inside;
  }

  async *render(ids: readonly number[], _form: 'Add' | 'Change', draft: Draft): AsyncGenerator<Rendered> {
    for (let at = 0; at < ids.length; at += CHUNK) {
      const wanted = ids.slice(at, at + CHUNK);
      const items = await this.#pim.itemsById(this.context.session, this.collection, wanted.map(String));
      const byId = new Map(items.map((item) => [Number(item.id), item]));
      for (const id of wanted) {
        const item = byId.get(id);
        if (item) await this.itemClass.prepare?.(item.text);
        yield item ? this.renderItem(item, draft) : { id, missing: true };
      }
    }
  }

  /** One item as ApplicationData; the fence around texts that can't be shown. */
  renderItem(item: Item, draft: Pick<Draft, 'options'>): Rendered {
    const id = Number(item.id);
    try {
      const { session, version, services } = this.context;
      const files = {
        serverId: serverId(this.collection.id, id),
        isKept: (uri: string) => services.attachments.ownerIn(uri) !== null,
      };
      const context = {
        version,
        user: ownerOf(session, this.collection),
        bodyPreferences: draft.options.bodies,
        now: services.clock.now(),
        files,
      };
      const data = this.itemClass.render(item.text, context);
      return { id, data, bytes: size(data) };
    } catch (error) {
      return { id, error };
    }
  }

  /** One item for ItemOperations. */
  async fetch(id: number, options: SyncOptions): Promise<Rendered> {
    const item = await this.#pim.item(this.context.session, this.collection, { id: String(id) });
    if (item) await this.itemClass.prepare?.(item.text);
    return item ? this.renderItem(item, { options }) : { id, missing: true };
  }

  async apply(commands: readonly ClientCommand[], draft: Draft): Promise<readonly AppliedReply[]> {
    if (commands.length > 0) this.latest = undefined;
    const replies = await applyToPim(this.context, this, commands, draft);
    // Marked only now: to further edits of the device these are no changes of somebody else's.
    draft.mark(IdRanges.of(this.#repeated.splice(0)));
    return replies;
  }

  settle(command: ClientCommand, reply: Reply, draft: Draft): void {
    const tells = this.itemClass.answer !== undefined && atLeast(this.context.version, '16.0');
    this.#repeated.push(...settlePim(this.collection, command, reply, draft, tells));
  }

  /** A change made by this device is not sent back, if the device holds the item: then it has what it sent. */
  #sort(
    change: { readonly id: string; readonly gone: boolean; readonly origin: string; readonly component: string },
    draft: Draft,
    delta: { readonly gone: number[]; readonly changed: number[]; readonly fresh: number[] },
  ): void {
    const id = Number(change.id);
    const held = draft.known.has(id);
    if (change.gone) delta.gone.push(id);
    else if (!this.#shows(change.component)) return;
    else if (!held) delta.fresh.push(id);
    else if (change.origin !== this.session.origin) delta.changed.push(id);
  }

  #shows(component: string): boolean {
    return this.itemClass.components.includes(component);
  }

  #query(window: Window) {
    const component = this.itemClass.components.length === 1 ? { component: this.itemClass.components[0] } : {};
    return window.since
      ? { ...component, overlaps: { start: window.since.getTime(), end: Number.POSITIVE_INFINITY } }
      : component;
  }

  /** FilterType 8: tasks that are done are outside. */
  #open(item: Item, window: Window): boolean {
    if (!window.incomplete) return true;
    const rendered = this.renderItem(item, { options: DEFAULT_OPTIONS });
    return !('data' in rendered) || childText(el('AirSync:ApplicationData', rendered.data), 'Tasks:Complete') !== '1';
  }

  get #pim() {
    return this.context.services.pim;
  }
}

/** The collection was deleted: Status 12. */
export class CollectionGone extends Error {
  override readonly name = 'CollectionGone';
}

const ANY_FILTER: ReadonlySet<number> = new Set(Array.from({ length: 9 }, (_none, filter) => filter));
const TAG_BYTES = 4;

function size(data: readonly Element[]): number {
  let bytes = 0;
  for (const element of data) {
    bytes += TAG_BYTES + size(elements(element));
    for (const node of element.content) if (!isElement(node)) bytes += node.length;
  }
  return bytes;
}
