import type { IndexQuery, Item } from '../../../domain/pim/model.js';
import { C, CARD, D } from '../../../formats/xml/names.js';
import { childOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { element } from '../../../formats/xml/write.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { calendarFilter } from '../filters/calendar.js';
import { cardFilter } from '../filters/card.js';
import { viewerOf } from '../filters/viewer.js';
import { type DavReply, depthOf } from '../message.js';
import { multistatus, statusRow } from '../multistatus.js';
import { askedIn, Planner } from '../props/plan.js';
import type { Resource } from '../resource.js';
import { inboxQuery } from './inbox.js';

/** A query made ready: what the index is asked, what is tested of each item, and how many rows are wanted. */
interface Query {
  readonly index: IndexQuery;
  readonly test: (item: Item) => boolean;
  readonly limit: number;
}

/** calendar-query (RFC 4791 §7.8). */
export async function calendarQuery(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const filter = childOf(body, C('filter'));
  if (filter === undefined) throw conditionError(403, C('valid-filter'));
  const { index, test } = calendarFilter(filter, viewerOf(x, body, target));
  if (target.kind === 'inbox') return inboxQuery(x, body, test);
  return answer(x, body, target, { index, test, limit: Number.POSITIVE_INFINITY });
}

/** addressbook-query (RFC 6352 §8.6). */
export async function addressbookQuery(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const filter = childOf(body, CARD('filter'));
  if (filter === undefined) throw conditionError(403, CARD('valid-filter'));
  const matches = cardFilter(filter);
  return answer(x, body, target, { index: {}, test: ({ text }) => matches(text), limit: limitIn(body) });
}

/** RFC 6352 §10.6. */
function limitIn(body: XmlElement): number {
  const limit = childOf(body, CARD('limit'));
  const results = limit === undefined ? undefined : childOf(limit, CARD('nresults'));
  if (results === undefined) return Number.POSITIVE_INFINITY;
  const count = /^\s*(\d{1,9})\s*$/.exec(textOf(results))?.[1];
  if (count === undefined) throw new DavError(400);
  return Number(count);
}

async function answer(x: Exchange, body: XmlElement, target: Resource, query: Query): Promise<DavReply> {
  const { collection } = target;
  if (collection === null) throw new DavError(403);
  if (target.item === null && depthOf(x.request, '1') === undefined) throw new DavError(400);
  const planner = new Planner(x, askedIn(body));
  const plan = await planner.plan(target.type === 'addressbooks' ? 'card' : 'event');
  const parent = x.collectionResource(collection);
  return multistatus(async (sink) => {
    let rows = 0;
    for await (const batch of candidates(x, target, query.index)) {
      for (const item of batch) {
        if (sink.isDue) await sink.yield();
        if (!query.test(item)) continue;
        rows += 1;
        if (rows > query.limit) {
          sink.add(statusRow(target.href, 507, element(D('number-of-matches-within-limits'))));
          return;
        }
        if (sink.add(plan.itemRow(x.itemResource(parent, item)))) await sink.flush();
      }
    }
  });
}

/** What the index finds in the collection, or the one item that the report was sent to. */
async function* candidates(x: Exchange, target: Resource, index: IndexQuery): AsyncIterable<readonly Item[]> {
  if (target.collection === null) return;
  if (target.item !== null) yield [target.item as Item];
  // RFC 4791 §7.8: with Depth 0 only the collection itself is looked at, and that is no calendar object.
  else if (depthOf(x.request, '1') !== '0') yield* x.services.pim.searchBatches(x.session, target.collection, index);
}
