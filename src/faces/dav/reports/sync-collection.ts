import type { Change, ChangePage, Cursor } from '../../../domain/changes/feed.js';
import type { Collection } from '../../../domain/pim/model.js';
import { D } from '../../../formats/xml/names.js';
import { childOf, textOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { element, textElement, type XmlSink } from '../../../formats/xml/write.js';
import { Batches } from '../batches.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { LIMITS } from '../limits.js';
import { type DavReply, depthOf } from '../message.js';
import { multistatus, statusRow } from '../multistatus.js';
import { encodeSegment } from '../paths.js';
import { askedIn, type Plan, Planner } from '../props/plan.js';
import { HOMES, type ItemView, type Resource } from '../resource.js';
import { cursorIn, syncToken } from '../sync-token.js';
import { homeSync } from './home-sync.js';

/** sync-collection (RFC 6578 §3). */
export async function syncCollection(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const from = requestOf(x, body);
  if (HOMES.includes(target.kind)) return homeSync(x, body, target, from);
  const { collection } = target;
  if (collection === null) throw new DavError(403);
  const cursor = cursorOf(from.token);
  const plan = await new Planner(x, askedIn(body, { mode: 'prop', elements: [] })).plan(
    target.kind === 'addressbook' ? 'card' : 'event',
  );
  // The first page is read before the answer begins: a token that is too old is told by the status.
  const first = await x.services.pim.since(x.session, collection, cursor, from.limit ?? LIMITS.syncPage);
  const answer = new SyncAnswer(x, collection, target, plan);
  return multistatus((sink) => answer.write(sink, first, from.limit));
}

/** What a sync-collection asks. */
export interface SyncRequest {
  /** As it was given; null at the first synchronisation. */
  readonly token: string | null;
  /** What is below the members is asked as well. */
  readonly infinite: boolean;
  /** How many changes the client takes at once. */
  readonly limit: number | null;
}

function cursorOf(token: string | null): Cursor | null {
  const cursor = token === null ? null : cursorIn(token);
  if (token !== null && cursor === null) throw conditionError(403, D('valid-sync-token'));
  return cursor;
}

/** RFC 6578 §6.1; the old draft put sync-level into the Depth header. */
function requestOf(x: Exchange, body: XmlElement): SyncRequest {
  const depth = depthOf(x.request, '0');
  const level = childOf(body, D('sync-level'));
  const asked = level === undefined ? depth : textOf(level).trim();
  if (depth === undefined || (level !== undefined && depth !== '0' && asked !== depth)) throw new DavError(400);
  if (asked !== '1' && asked !== 'infinite' && asked !== 'infinity') throw new XmlError('sync-level must be 1 or infinite');
  const token = childOf(body, D('sync-token'));
  if (token === undefined) throw new XmlError('sync-token is missing');
  const given = textOf(token).trim();
  return { token: given === '' ? null : given, infinite: asked !== '1', limit: limitIn(body) };
}

function limitIn(body: XmlElement): number | null {
  const limit = childOf(body, D('limit'));
  const results = limit === undefined ? undefined : childOf(limit, D('nresults'));
  if (results === undefined) return null;
  const count = Number(/^\s*(\d{1,9})\s*$/.exec(textOf(results))?.[1] ?? Number.NaN);
  if (!(count > 0)) throw conditionError(403, D('number-of-matches-within-limits'));
  return Math.min(count, 10_000);
}

/** Writes the pages of one collection's changes. */
export class SyncAnswer {
  /** Names already in the answer, where it has more than one page. */
  readonly #written = new Set<string>();
  readonly #collection: Resource;

  constructor(
    private readonly x: Exchange,
    private readonly source: Collection,
    private readonly target: Resource,
    private readonly plan: Plan,
  ) {
    this.#collection = x.collectionResource(source);
  }

  /** All pages up to the present state, or one page where the client set a limit. */
  async write(sink: XmlSink, first: ChangePage, limit: number | null): Promise<void> {
    const { next, more } = await this.changes(sink, first, limit);
    // RFC 6578 §3.6: the collection itself says that there is more. The same holds when an item changed again while
    // this answer was written: each name appears once in an answer, so the rest comes with the next one.
    if (more) sink.add(statusRow(this.target.href, 507, element(D('number-of-matches-within-limits'))));
    sink.add(textElement(D('sync-token'), syncToken(next) ?? ''));
  }

  /** The rows alone; where the client has got to, and whether there is more. */
  async changes(sink: XmlSink, first: ChangePage, limit: number | null): Promise<{ next: Cursor; more: boolean }> {
    let next = first.next;
    let page = first;
    for (;;) {
      if (page.changes.some(({ name }) => this.#written.has(name))) return { next, more: true };
      const following = page.more && limit === null ? this.#after(page) : null;
      await this.#page(sink, page);
      next = page.next;
      if (following === null) return { next, more: page.more };
      page = await following;
    }
  }

  /** Read while the page before it is written; a failure is thrown where it is awaited. */
  #after(page: ChangePage): Promise<ChangePage> {
    const following = this.x.services.pim.since(this.x.session, this.source, page.next, LIMITS.syncPage);
    following.catch(() => undefined);
    return following;
  }

  async #page(sink: XmlSink, page: ChangePage): Promise<void> {
    const shown = new Set<string>();
    const batches = new Batches(page.changes);
    for (let batch = batches.next(); batch.length > 0; batch = batches.next()) {
      const live = await this.#views(batch, batches);
      for (const change of batch) {
        const row = shown.has(change.name) ? null : this.#row(change, live);
        if (row === null) continue;
        shown.add(change.name);
        if (sink.add(row)) await sink.flush();
      }
    }
    if (page.more) for (const { name } of page.changes) this.#written.add(name);
  }

  /**
   * The items of some changes by name. A name that is gone and taken again is left out where it is gone: the item that
   * has it now comes later in the feed.
   */
  async #views(changes: readonly Change[], batches: Batches<Change>): Promise<ReadonlyMap<string, ItemView>> {
    const views = new Map<string, ItemView>();
    for (const change of changes) if (!change.gone) views.set(change.name, change);
    const wanted = this.plan.needs === 'change' ? changes.filter(({ gone }) => gone) : changes;
    const names = [...new Set(wanted.map(({ name }) => name))];
    if (names.length === 0) return views;
    const items = await this.x.services.pim.itemsByName(this.x.session, this.source, names);
    for (const item of items) views.set(item.name, item);
    batches.learn(items);
    return views;
  }

  #row(change: Change, live: ReadonlyMap<string, ItemView>): string | null {
    const view = live.get(change.name);
    if (change.gone) return view === undefined ? this.#goneRow(change.name) : null;
    // Deleted since the page was read.
    if (view === undefined) return this.#goneRow(change.name);
    if (this.plan.needs !== 'change' && view.text === undefined) return this.#goneRow(change.name);
    return this.plan.itemRow(this.x.itemResource(this.#collection, view));
  }

  #goneRow(name: string): string {
    return statusRow(this.#collection.href + encodeSegment(name), 404);
  }
}
