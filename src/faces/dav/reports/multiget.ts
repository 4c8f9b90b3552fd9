import type { Collection, Item } from '../../../domain/pim/model.js';
import { D } from '../../../formats/xml/names.js';
import { elementsOf, textOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { attributeText, type XmlSink } from '../../../formats/xml/write.js';
import { Batches } from '../batches.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import { multistatus, statusRow } from '../multistatus.js';
import { encodeSegment } from '../paths.js';
import { askedIn, type Plan, Planner } from '../props/plan.js';
import type { Resource } from '../resource.js';
import { inboxMultiget } from './inbox.js';

/** calendar-multiget (RFC 4791 §7.9) and addressbook-multiget (RFC 6352 §8.7). */
export async function multiget(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const planner = new Planner(x, askedIn(body));
  const hrefs = elementsOf(body, D('href')).map((href) => textOf(href).trim());
  if (hrefs.length === 0) throw new XmlError('No href is given');
  if (target.kind === 'inbox') return inboxMultiget(x, planner, hrefs);
  const plan = await planner.plan(target.kind === 'addressbook' || target.kind === 'card' ? 'card' : 'event');
  return multistatus((sink) => writeRows(x, target, plan, hrefs, sink));
}

/** What one href of a multiget asks: an item's name, or nothing that can be here. */
interface Wanted {
  readonly href: string;
  readonly name: string | null;
}

/** While one batch is written the next one is read. */
async function writeRows(x: Exchange, target: Resource, plan: Plan, hrefs: readonly string[], sink: XmlSink): Promise<void> {
  const { collection } = target;
  if (collection === null) return;
  const parent = x.collectionResource(collection);
  const folders = new Set([parent.href]);
  const wanted = hrefs.map((href) => ({ href, name: nameIn(x, parent, href, folders) }));
  const batches = new Batches(wanted);
  let batch = batches.next();
  let ahead = fetch(x, collection, batch);
  while (batch.length > 0) {
    const items = await ahead;
    batches.learn(items.values());
    const following = batches.next();
    ahead = fetch(x, collection, following);
    // A failure of the batch ahead is thrown where it is awaited, unless this one fails first.
    ahead.catch(() => undefined);
    for (const row of batch) {
      const item = row.name === null ? undefined : items.get(row.name);
      const text = item === undefined ? statusRow(missingHref(parent, row), 404) : plan.itemRow(x.itemResource(parent, item));
      if (sink.add(text)) await sink.flush();
    }
    batch = following;
  }
}

async function fetch(x: Exchange, collection: Collection, wanted: readonly Wanted[]): Promise<ReadonlyMap<string, Item>> {
  const names = [...new Set(wanted.flatMap(({ name }) => (name === null ? [] : [name])))];
  if (names.length === 0) return new Map();
  const items = await x.services.pim.itemsByName(x.session, collection, names);
  return new Map(items.map((item) => [item.name, item]));
}

/** Names that stand in an href as they are. */
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/**
 * The name of an item of this collection, from an href in whatever encoding.
 * @param folders what stood before such names in the hrefs so far: the next one needs no reading
 */
function nameIn(x: Exchange, parent: Resource, href: string, folders: Set<string>): string | null {
  const start = href.lastIndexOf('/') + 1;
  const [folder, rest] = [href.slice(0, start), href.slice(start)];
  if (folders.has(folder) && PLAIN.test(rest)) return rest;
  const place = x.placeOf(href);
  const here =
    place?.at === 'item' && place.type === parent.type && place.slug === parent.collection?.slug && x.isSelf(place.user);
  if (here && place.name === rest) folders.add(folder);
  return here ? place.name : null;
}

/** An href that finds nothing is given back in our encoding, or, where it is none of ours, as it was asked. */
function missingHref(parent: Resource, { href, name }: Wanted): string {
  return name === null ? attributeText(href) : parent.href + encodeSegment(name);
}
