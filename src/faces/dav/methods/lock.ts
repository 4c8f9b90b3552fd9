import { isDomainError } from '../../../domain/errors.js';
import type { Lock } from '../../../domain/locks/model.js';
import { D } from '../../../formats/xml/names.js';
import { childOf, type XmlElement } from '../../../formats/xml/read.js';
import { document, element, serializeChildren } from '../../../formats/xml/write.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { submittedTokens } from '../if-header.js';
import { type LockPlace, lockPlaceOf, lockToken, requireUnlocked, tokenIn } from '../locks.js';
import { type DavReply, depthOf, xmlReply } from '../message.js';
import { preconditionOf } from '../preconditions.js';
import { activeLock } from '../props/locks.js';
import { allow } from './options.js';

/** Seconds that a lock lasts, when nothing is asked and at most. */
const USUAL_SECONDS = 3_600;
const MOST_SECONDS = 86_400;
const MAX_OWNER = 4_096;

/** LOCK (RFC 4918 §9.10). */
export async function lock(x: Exchange): Promise<DavReply> {
  const at = await lockPlaceOf(x, x.request.place);
  if (at === null) throw new DavError(x.request.place.at === 'item' ? 409 : 405, undefined, { Allow: allow(x.request.place) });
  const info = x.xml(D('lockinfo'));
  return info === null ? refresh(x, at) : create(x, at, info);
}

/** A LOCK without a body makes the locks named in the If header last longer (RFC 4918 §9.10.2). */
async function refresh(x: Exchange, at: LockPlace): Promise<DavReply> {
  const tokens = [...submittedTokens(x.request.header('if'))].map(tokenIn).filter((token) => token !== null);
  if (tokens.length === 0) throw new DavError(400);
  const covering = await x.services.locks.covering(x.session, at.account, at.path, false);
  const token = tokens.find((candidate) => covering.some((lock) => lock.token === candidate));
  const renewed = token === undefined ? null : await x.services.locks.refresh(x.session, at.account, token, secondsOf(x));
  if (renewed === null) throw conditionError(412, D('lock-token-matches-request-uri'));
  return answer(x, 200, renewed);
}

async function create(x: Exchange, at: LockPlace, info: XmlElement): Promise<DavReply> {
  const { place } = x.request;
  const scope = childOf(info, D('lockscope'));
  const exclusive = scope !== undefined && childOf(scope, D('exclusive')) !== undefined;
  const type = childOf(info, D('locktype'));
  const shared = scope !== undefined && childOf(scope, D('shared')) !== undefined;
  if (exclusive === shared || type === undefined || childOf(type, D('write')) === undefined) throw new DavError(422);
  const depth = depthOf(x.request, 'infinity');
  if (depth === undefined || depth === '1') throw new DavError(400);
  await preconditionOf(x);
  const resource = await x.find(place);
  if (resource === null && place.at !== 'file') throw new DavError(403);
  if (resource?.collection && resource.collection.access !== 'owner' && resource.collection.access !== 'write')
    throw new DavError(403);
  // A new name in a locked collection is a change of that collection.
  if (resource === null) await requireUnlocked(x, place, { member: true });
  const owner = childOf(info, D('owner'));
  const made = await take(x, at, {
    path: at.path,
    infinite: depth === 'infinity',
    exclusive,
    principal: x.session.account,
    owner: owner === undefined ? '' : serializeChildren(owner).slice(0, MAX_OWNER),
    seconds: secondsOf(x),
  });
  if (resource === null && place.at === 'file') await fill(x, at, place.path, made);
  return answer(x, resource === null ? 201 : 200, made, { 'Lock-Token': `<${lockToken(made)}>` });
}

type NewLock = Parameters<Exchange['services']['locks']['create']>[2];

async function take(x: Exchange, at: LockPlace, wanted: NewLock): Promise<Lock> {
  try {
    return await x.services.locks.create(x.session, at.account, wanted);
  } catch (error) {
    if (isDomainError(error, 'conflict')) throw conditionError(423, D('no-conflicting-lock'));
    throw error;
  }
}

/** Locking a name that is free makes an empty file (RFC 4918 §7.3). */
async function fill(x: Exchange, at: LockPlace, path: string, made: Lock): Promise<void> {
  try {
    await x.services.files.write(x.session, path, new Uint8Array(), 'application/octet-stream');
  } catch (error) {
    await x.services.locks.remove(x.session, at.account, made.token);
    throw error;
  }
}

/** RFC 4918 §10.7: the first value that can be met. */
function secondsOf(x: Exchange): number {
  for (const value of (x.request.header('timeout') ?? '').split(',')) {
    const seconds = /^\s*Second-(\d{1,10})\s*$/i.exec(value)?.[1];
    if (seconds !== undefined) return Math.max(1, Math.min(Number(seconds), MOST_SECONDS));
    if (/^\s*Infinite\s*$/i.test(value)) return MOST_SECONDS;
  }
  return USUAL_SECONDS;
}

async function answer(
  x: Exchange,
  status: number,
  made: Lock,
  headers: Readonly<Record<string, string>> = {},
): Promise<DavReply> {
  return xmlReply(status, document(D('prop'), element(D('lockdiscovery'), await activeLock(x, made))), headers);
}

/** UNLOCK (RFC 4918 §9.11). */
export async function unlock(x: Exchange): Promise<DavReply> {
  const at = await lockPlaceOf(x, x.request.place);
  const header = x.request.header('lock-token');
  if (header === undefined) throw new DavError(400);
  const token = tokenIn(header);
  const covering = at === null ? [] : await x.services.locks.covering(x.session, at.account, at.path, false);
  const found = covering.find((lock) => lock.token === token);
  if (at === null || found === undefined) throw conditionError(409, D('lock-token-matches-request-uri'));
  if (found.principal !== x.session.account) throw new DavError(403);
  await x.services.locks.remove(x.session, at.account, found.token);
  return { status: 204 };
}
