import { isDomainError } from '../../../domain/errors.js';
import type { Collection } from '../../../domain/pim/model.js';
import { D } from '../../../formats/xml/names.js';
import { conditionError, conditionOf, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { dropLocks, requireUnlocked } from '../locks.js';
import { type DavReply, depthOf } from '../message.js';
import { multistatusOf, statusRow } from '../multistatus.js';
import { collectionPath, encodeSegment, homeOf, type Place } from '../paths.js';
import { preconditionOf } from '../preconditions.js';
import { withHref } from '../scheduling/unique.js';
import { allow } from './options.js';

/** COPY (RFC 4918 §9.8). */
export const copy = (x: Exchange): Promise<DavReply> => transfer(x, true);
/** MOVE (RFC 4918 §9.9): of an item one transaction, a tombstone in the old collection and an item in the new. */
export const move = (x: Exchange): Promise<DavReply> => transfer(x, false);

async function transfer(x: Exchange, isCopy: boolean): Promise<DavReply> {
  const { place } = x.request;
  if (place.at !== 'item' && place.at !== 'collection') throw new DavError(405, undefined, { Allow: allow(place) });
  const to = destinationOf(x);
  if (place.at === 'collection') return isCopy ? copyCollection(x, place, to) : moveCollection(x, place, to);
  await x.resolve(place);
  const target = to.at === 'item' ? await x.collectionAt(to) : null;
  if (to.at !== 'item' || target === null) throw new DavError(to.at === 'item' ? 409 : 403);
  const from = await x.collectionAt(place);
  if (from === null) throw new DavError(404);
  const when = await preconditionOf(x);
  const locked = !isCopy && (await requireUnlocked(x, place, { member: true }));
  await requireUnlocked(x, to, { member: true });
  const options = { copy: isCopy, overwrite: overwriteOf(x), when };
  const [source, destination] = [
    { collection: from, ref: { name: place.name } },
    { collection: target, name: to.name },
  ];
  const done = await x.services.pim.transfer(x.session, source, destination, options).catch(async (error) => {
    throw await withHref(x, error);
  });
  if (locked) await dropLocks(x, place);
  return done.created
    ? { status: 201, headers: { Location: x.collectionHref(target) + encodeSegment(to.name) } }
    : { status: 204 };
}

/** RFC 4918 §10.6. */
export function overwriteOf(x: Exchange): boolean {
  const value = x.request.header('overwrite')?.trim().toUpperCase() ?? 'T';
  if (value !== 'T' && value !== 'F') throw new DavError(400);
  return value === 'T';
}

/** A copy of a collection with its properties, and with its items unless Depth is 0 (RFC 4918 §9.8.3). */
async function copyCollection(x: Exchange, place: Place, to: Place): Promise<DavReply> {
  const source = await x.collectionAt(place);
  if (source === null) throw new DavError(404);
  if (to.at !== 'collection' || !x.isSelf(to.user) || to.type !== homeOf(source.kind)) throw new DavError(403);
  const depth = depthOf(x.request, 'infinity');
  if (depth === undefined || depth === '1') throw new DavError(400);
  await preconditionOf(x);
  await requireUnlocked(x, to, { below: true });
  const replaced = await clear(x, to, source);
  const { kind, name, components, properties } = source;
  const target = await x.services.pim.createCollection(x.session, { kind, slug: to.slug, name, components, properties });
  const failed = depth === 'infinity' ? await copyItems(x, source, target) : [];
  if (failed.length > 0) return multistatusOf(failed);
  return { status: replaced ? 204 : 201, headers: { Location: collectionPath(to.type, x.address, to.slug) } };
}

/** A collection keeps its identity, items and shares under the new path; its locks end (RFC 4918 §9.9). */
async function moveCollection(x: Exchange, place: Place, to: Place): Promise<DavReply> {
  const source = await x.collectionAt(place);
  if (source === null) throw new DavError(404);
  if (to.at !== 'collection' || !x.isSelf(to.user) || to.type !== homeOf(source.kind)) throw new DavError(403);
  if (depthOf(x.request, 'infinity') !== 'infinity') throw new DavError(400);
  await preconditionOf(x);
  const locked = await requireUnlocked(x, place, { member: true, below: true });
  await requireUnlocked(x, to, { below: true });
  const replaced = await x.collectionAt(to);
  if (replaced?.id === source.id) throw new DavError(403);
  if (replaced !== null && !overwriteOf(x)) throw new DavError(412);
  await x.services.pim.moveCollection(x.session, source, to.slug, replaced);
  if (locked) await dropLocks(x, place);
  return { status: replaced === null ? 201 : 204, headers: { Location: collectionPath(to.type, x.address, to.slug) } };
}

/** Removes what is at the destination; returns whether something was. */
async function clear(x: Exchange, to: Place, source: Collection): Promise<boolean> {
  const there = await x.collectionAt(to);
  if (there === null) return false;
  if (there.id === source.id) throw new DavError(403);
  if (!overwriteOf(x)) throw new DavError(412);
  await x.services.pim.deleteCollection(x.session, there);
  return true;
}

/** What can't be copied does not keep the rest from it (RFC 4918 §9.8.5). */
async function copyItems(x: Exchange, source: Collection, target: Collection): Promise<readonly string[]> {
  const failed: string[] = [];
  const names: string[] = [];
  for await (const { name } of x.services.pim.heads(x.session, source)) names.push(name);
  for (const name of names) {
    const options = { copy: true, overwrite: true };
    const from = { collection: source, ref: { name } };
    try {
      await x.services.pim.transfer(x.session, from, { collection: target, name }, options);
    } catch (error) {
      if (!isDomainError(error, 'forbidden')) throw error;
      const condition = conditionOf(await withHref(x, error), 'calendars', (path) => path);
      failed.push(statusRow(x.collectionHref(source) + encodeSegment(name), 403, condition));
    }
  }
  return failed;
}

/** The place a Destination header names (RFC 4918 §10.3). @throws DavError 400, 502 for other servers */
export function destinationOf(x: Exchange): NonNullable<ReturnType<Exchange['placeOf']>> {
  const header = x.request.header('destination')?.trim();
  if (!header) throw new DavError(400);
  if (!header.startsWith('/') && !isHere(x, header)) throw new DavError(502);
  const place = x.placeOf(header);
  if (place === null) throw conditionError(403, D('valid-resource-name'));
  return place;
}

function isHere(x: Exchange, url: string): boolean {
  if (!URL.canParse(url)) throw new DavError(400);
  const { host } = new URL(url);
  const here = [x.request.header('host'), x.request.header('x-forwarded-host'), new URL(x.services.publicUrl).host];
  return here.some((name) => name?.toLowerCase() === host.toLowerCase() || name?.split(':')[0] === host.split(':')[0]);
}
