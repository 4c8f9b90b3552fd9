import type { Cursor } from '../../../domain/changes/feed.js';
import type { Collection } from '../../../domain/pim/model.js';
import { D } from '../../../formats/xml/names.js';
import type { XmlElement } from '../../../formats/xml/read.js';
import { element, textElement, type XmlSink } from '../../../formats/xml/write.js';
import type { Exchange } from '../exchange.js';
import { type HomeState, homeStateIn, homeToken, INBOX, type MemberState, OUTBOX, presentState } from '../home-state.js';
import { LIMITS } from '../limits.js';
import type { DavReply } from '../message.js';
import { multistatus, statusRow } from '../multistatus.js';
import { encodeSegment, type HomeType } from '../paths.js';
import { askedIn, Planner } from '../props/plan.js';
import type { Resource } from '../resource.js';
import { SyncAnswer, type SyncRequest } from './sync-collection.js';

/**
 * sync-collection on a home (RFC 6578 §3.3). Level 1 tells of collections that are new, gone, have other properties or other
 * items; level infinite of the items as well.
 */
export async function homeSync(x: Exchange, body: XmlElement, target: Resource, from: SyncRequest): Promise<DavReply> {
  const type = target.type ?? 'calendars';
  const known = homeStateIn(x, type, from.token);
  const present = await presentState(x, type);
  const collections = await x.collectionsOf(type);
  // Tokens that are too old are told by the status, before the answer begins.
  if (from.infinite) await checkCursors(x, collections, known, present);
  const planner = new Planner(x, askedIn(body, { mode: 'prop', elements: [] }));
  const answer = new HomeAnswer(x, target, planner, known, from);
  return multistatus((sink) => answer.write(sink, present, collections));
}

/** Items of a collection that was made anew under an old name can't be told from those of the old one. */
async function checkCursors(x: Exchange, all: readonly Collection[], known: HomeState, present: HomeState): Promise<void> {
  for (const collection of all) {
    const [before, now] = [known.get(collection.slug), present.get(collection.slug)];
    if (!before?.cursor || before.cursor === now?.cursor) continue;
    await x.services.pim.since(x.session, collection, before.cursor, 1);
  }
}

/** The cursor of a collection of which no items are known. */
const NOTHING = '' as Cursor;

/** Writes what changed, and what the client knows then. */
class HomeAnswer {
  #room: number;

  constructor(
    private readonly x: Exchange,
    private readonly target: Resource,
    private readonly planner: Planner,
    /** Becomes what the client knows with each row written. */
    private readonly known: HomeState,
    private readonly from: SyncRequest,
  ) {
    this.#room = from.limit ?? Number.POSITIVE_INFINITY;
  }

  async write(sink: XmlSink, present: HomeState, collections: readonly Collection[]): Promise<void> {
    const more = !(await this.#all(sink, present, collections));
    // RFC 6578 §3.6.
    if (more) sink.add(statusRow(this.target.href, 507, element(D('number-of-matches-within-limits'))));
    sink.add(textElement(D('sync-token'), homeToken(this.x, this.#type, this.known)));
  }

  get #type(): HomeType {
    return this.target.type ?? 'calendars';
  }

  /** Returns whether everything was written. */
  async #all(sink: XmlSink, present: HomeState, collections: readonly Collection[]): Promise<boolean> {
    for (const slug of [...this.known.keys()].filter((name) => !present.has(name))) {
      if (!this.#row(sink, statusRow(`${this.target.href}${encodeSegment(slug)}/`, 404))) return false;
      this.known.delete(slug);
    }
    for (const [slug, now] of present) {
      const collection = collections.find((candidate) => candidate.slug === slug);
      const done = collection === undefined ? await this.#other(sink, slug, now) : await this.#collection(sink, collection, now);
      if (!done) return false;
      await sink.flush();
    }
    return true;
  }

  /** Adds a row, if there is room for one. */
  #row(sink: XmlSink, row: string): boolean {
    if (this.#room < 1) return false;
    this.#room -= 1;
    sink.add(row);
    return true;
  }

  async #collection(sink: XmlSink, collection: Collection, now: MemberState): Promise<boolean> {
    const before = this.known.get(collection.slug);
    const resource = this.x.collectionResource(collection);
    const changed = before?.look !== now.look || (!this.from.infinite && before.cursor !== now.cursor);
    if (changed && !this.#row(sink, await this.planner.row(resource))) return false;
    // With its row the collection is known; of its items as much as before.
    const cursor = this.from.infinite ? (before?.cursor ?? NOTHING) : now.cursor;
    this.known.set(collection.slug, { cursor, look: now.look });
    return cursor === now.cursor || this.#items(sink, collection, resource, { cursor, look: now.look });
  }

  /** The changes of a collection's items, after its own row. */
  async #items(sink: XmlSink, collection: Collection, resource: Resource, { cursor, look }: MemberState): Promise<boolean> {
    const from = cursor === NOTHING ? null : cursor;
    const plan = await this.planner.plan(resource.kind === 'addressbook' ? 'card' : 'event');
    if (this.#room < 1) return false;
    const limit = this.from.limit === null ? null : this.#room;
    const first = await this.x.services.pim.since(this.x.session, collection, from, limit ?? LIMITS.syncPage);
    this.#room -= first.changes.length;
    const { next, more } = await new SyncAnswer(this.x, collection, this.target, plan).changes(sink, first, limit);
    this.known.set(collection.slug, { cursor: next, look });
    return !more;
  }

  /** Inbox and outbox: what lies in the inbox is no part of this (RFC 6578 §3.3 `sync-traversal-supported`). */
  async #other(sink: XmlSink, slug: string, now: MemberState): Promise<boolean> {
    const before = this.known.get(slug);
    if (before !== undefined && before.cursor === now.cursor) return true;
    const resource = slug === INBOX ? this.x.inbox() : this.x.outbox();
    const closed = this.from.infinite && slug !== OUTBOX;
    const row = closed ? statusRow(resource.href, 403, element(D('sync-traversal-supported'))) : await this.planner.row(resource);
    if (!this.#row(sink, row)) return false;
    this.known.set(slug, now);
    return true;
  }
}
