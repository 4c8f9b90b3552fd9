import type { Lock } from '../../domain/locks/model.js';
import type { Id } from '../../domain/types.js';
import { D } from '../../formats/xml/names.js';
import { textElement } from '../../formats/xml/write.js';
import { conditionError } from './errors.js';
import type { Exchange } from './exchange.js';
import { submittedTokens } from './if-header.js';
import { collectionPath, encodeSegment, filePath, homeOf, type Place } from './paths.js';

/** Where locks of a resource are kept: in its owner's account, under a path that is the same for every viewer. */
export interface LockPlace {
  readonly account: Id;
  readonly path: string;
  /** The path of the collection it is a member of. */
  readonly parent: string;
}

/** The lock place of what is, or could be, at a place; null where nothing can be locked. */
export async function lockPlaceOf(x: Exchange, place: Place): Promise<LockPlace | null> {
  if (place.at === 'file') {
    x.requireSelf(place.user);
    const path = place.path === '' ? '/files' : `/files/${place.path}`;
    return { account: x.session.account, path, parent: path.slice(0, path.lastIndexOf('/')) };
  }
  const collection = await x.collectionAt(place);
  if (collection === null) return null;
  const { account, collection: id } = collection.source;
  const parent = `/collections/${id}`;
  return place.at === 'item'
    ? { account, path: `${parent}/${place.name}`, parent }
    : { account, path: parent, parent: '/collections' };
}

/** Locks that cover a place. */
export async function locksOn(x: Exchange, place: Place): Promise<readonly Lock[]> {
  const at = await lockPlaceOf(x, place);
  return at === null ? [] : x.services.locks.covering(x.session, at.account, at.path, false);
}

/** How a lock's token stands in headers and elements. */
export function lockToken(lock: Lock): string {
  return `urn:uuid:${lock.token}`;
}

/** The token in a Lock-Token or If header, without its scheme. */
export function tokenIn(text: string): string | null {
  return /^<?(?:urn:uuid:|opaquelocktoken:)([0-9a-fA-F-]{36})>?$/.exec(text.trim())?.[1]?.toLowerCase() ?? null;
}

/** What a write does beyond changing the resource itself. */
export interface LockReach {
  /** It adds or removes a member of the collection above (RFC 4918 §7.4). */
  readonly member?: boolean;
  /** It changes everything beneath. */
  readonly below?: boolean;
}

/**
 * Wants the token of each lock that a write runs into, submitted by the lock's own user (RFC 4918 §7.5). Returns whether
 * there are locks at all.
 * @throws DavError 423 `lock-token-submitted` with the paths of the locked resources
 */
export async function requireUnlocked(x: Exchange, place: Place, reach: LockReach = {}): Promise<boolean> {
  const at = await lockPlaceOf(x, place);
  if (at === null) return false;
  const found = await x.services.locks.covering(x.session, at.account, reach.member ? at.parent : at.path, true);
  const inTheWay = found.filter((lock) => concerns(lock, at, reach));
  if (inTheWay.length === 0) return false;
  const submitted = submittedTokens(x.request.header('if'));
  const open = new Set(
    inTheWay.filter((lock) => submitted.has(lockToken(lock)) && lock.principal === x.session.account).map(({ path }) => path),
  );
  const closed = inTheWay.filter(({ path }) => !open.has(path));
  const first = closed[0];
  if (first !== undefined) {
    throw conditionError(423, D('lock-token-submitted'), textElement(D('href'), await hrefOfLock(x, first)));
  }
  return true;
}

function concerns(lock: Lock, at: LockPlace, reach: LockReach): boolean {
  if (lock.path === at.path || (lock.infinite && at.path.startsWith(`${lock.path}/`))) return true;
  if (reach.member && lock.path === at.parent) return true;
  return reach.below === true && lock.path.startsWith(`${at.path}/`);
}

/** The URL path of a locked resource as this viewer knows it. */
export async function hrefOfLock(x: Exchange, lock: Lock): Promise<string> {
  const [, area, ...rest] = lock.path.split('/');
  if (area === 'files') {
    const path = rest.join('/');
    const file = await x.services.files.head(x.session, path);
    return filePath(x.address, path, file?.isFolder ?? false);
  }
  const [id, name] = rest;
  const collection = (await x.collections()).find(({ source }) => source.collection === id);
  if (collection === undefined) return x.request.target;
  const parent = collectionPath(homeOf(collection.kind), x.address, collection.slug);
  return name === undefined ? parent : parent + encodeSegment(name);
}

/** Forgets the locks on what is gone. */
export async function dropLocks(x: Exchange, place: Place): Promise<void> {
  const at = await lockPlaceOf(x, place);
  if (at !== null) await x.services.locks.removeUnder(x.session, at.account, at.path);
}
