import { DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { dropLocks, requireUnlocked } from '../locks.js';
import { type DavReply, depthOf } from '../message.js';
import type { Place } from '../paths.js';
import { preconditionOf } from '../preconditions.js';
import { allow } from './options.js';

/** DELETE of an item or a collection (RFC 4918 §9.6). */
export async function remove(x: Exchange): Promise<DavReply> {
  const { place } = x.request;
  if (place.at === 'message') return removeMessage(x, place);
  if (place.at !== 'item' && place.at !== 'collection') throw new DavError(405, undefined, { Allow: allow(place) });
  const collection = await x.collectionAt(place);
  if (collection === null) throw new DavError(404);
  const when = await preconditionOf(x);
  const locked = await requireUnlocked(x, place, { member: true, below: true });
  if (place.at === 'item') {
    await x.services.pim.remove(x.session, collection, { name: place.name }, when);
    if (locked) await dropLocks(x, place);
    return { status: 204 };
  }
  // RFC 4918 §9.6.1: a collection goes as a whole.
  if (depthOf(x.request, 'infinity') !== 'infinity') throw new DavError(400);
  if (locked) await dropLocks(x, place);
  await x.services.pim.deleteCollection(x.session, collection);
  return { status: 204 };
}

/** Clients take a message out of the inbox once it was shown (RFC 6638 §2.2). */
async function removeMessage(x: Exchange, place: Place & { at: 'message' }): Promise<DavReply> {
  x.requireSelf(place.user);
  await preconditionOf(x);
  if (!(await x.services.scheduling.removeInboxItem(x.session, place.name))) throw new DavError(404);
  return { status: 204 };
}
