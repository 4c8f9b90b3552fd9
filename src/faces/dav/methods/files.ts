import { isDomainError } from '../../../domain/errors.js';
import type { FileHead } from '../../../domain/files/model.js';
import type { Precondition } from '../../../domain/pim/model.js';
import { DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { dropLocks, requireUnlocked } from '../locks.js';
import { type DavReply, depthOf } from '../message.js';
import { filePath, type Place } from '../paths.js';
import { parseEntityTags, preconditionOf } from '../preconditions.js';
import { destinationOf, overwriteOf } from './copy-move.js';
import { allow } from './options.js';

/** The place of a request to the area of plain files. @throws DavError 403 in other people's areas */
function placeOf(x: Exchange): Place & { at: 'file' } {
  const { place } = x.request;
  if (place.at !== 'file') throw new DavError(404);
  x.requireSelf(place.user);
  return place;
}

function headers(file: FileHead): Record<string, string> {
  return { ETag: `"${file.etag}"`, 'Last-Modified': file.modified.toUTCString() };
}

/** GET and HEAD of a file. */
export async function getFile(x: Exchange): Promise<DavReply> {
  const place = placeOf(x);
  const file = await x.services.files.head(x.session, place.path);
  if (file === null) throw new DavError(404);
  if (file.isFolder) throw new DavError(405, undefined, { Allow: allow(place) });
  const { ifMatch } = await preconditionOf(x);
  if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.includes(file.etag)) throw new DavError(412);
  const none = x.request.header('if-none-match');
  const known = none === undefined ? [] : parseEntityTags(none);
  if (known === '*' || known.some(({ tag }) => tag === file.etag)) return { status: 304, headers: headers(file) };
  return {
    status: 200,
    headers: { ...headers(file), 'Content-Type': file.type },
    body: await x.services.files.read(x.session, file.path),
  };
}

/** PUT of a file. */
export async function putFile(x: Exchange): Promise<DavReply> {
  const place = placeOf(x);
  if (x.request.header('content-range') !== undefined) throw new DavError(400);
  const before = await x.services.files.head(x.session, place.path);
  if (before?.isFolder) throw new DavError(405, undefined, { Allow: allow(place) });
  await judge(x, before);
  await requireUnlocked(x, place, { member: before === null });
  const type = x.request.header('content-type') ?? 'application/octet-stream';
  const { file, created } = await x.services.files.write(x.session, place.path, x.request.body, type.slice(0, 200));
  return { status: created ? 201 : 204, headers: headers(file) };
}

/** The conditions of a write (RFC 9110 §13.1, RFC 4918 §10.4). @throws DavError 412 */
async function judge(x: Exchange, file: FileHead | null): Promise<void> {
  const { ifMatch, ifNoneMatch }: Precondition = await preconditionOf(x);
  const matches = (tags: readonly string[] | '*'): boolean => file !== null && (tags === '*' || tags.includes(file.etag));
  if ((ifMatch !== undefined && !matches(ifMatch)) || (ifNoneMatch !== undefined && matches(ifNoneMatch)))
    throw new DavError(412);
}

/** DELETE of a file or a folder with all that is in it. */
export async function removeFile(x: Exchange): Promise<DavReply> {
  const place = placeOf(x);
  if (place.path === '') throw new DavError(403);
  const file = await x.services.files.head(x.session, place.path);
  if (file === null) throw new DavError(404);
  if (file.isFolder && depthOf(x.request, 'infinity') !== 'infinity') throw new DavError(400);
  await judge(x, file);
  await requireUnlocked(x, place, { member: true, below: true });
  await x.services.files.remove(x.session, place.path);
  await dropLocks(x, place);
  return { status: 204 };
}

/** MKCOL (RFC 4918 §9.3). */
export async function makeFolder(x: Exchange): Promise<DavReply> {
  const place = placeOf(x);
  if (x.request.body.byteLength > 0) throw new DavError(415);
  await preconditionOf(x);
  await requireUnlocked(x, place, { member: true });
  try {
    const folder = await x.services.files.createFolder(x.session, place.path);
    return { status: 201, headers: { Location: filePath(x.address, folder.path, true) } };
  } catch (error) {
    if (isDomainError(error, 'precondition-failed')) throw new DavError(405, undefined, { Allow: allow(place) });
    throw error;
  }
}

export const copyFile = (x: Exchange): Promise<DavReply> => transferFile(x, true);
export const moveFile = (x: Exchange): Promise<DavReply> => transferFile(x, false);

async function transferFile(x: Exchange, copy: boolean): Promise<DavReply> {
  const place = placeOf(x);
  const to = destinationOf(x);
  if (to.at !== 'file') throw new DavError(403);
  x.requireSelf(to.user);
  const depth = depthOf(x.request, 'infinity');
  if (depth === undefined || depth === '1' || (depth === '0' && !copy)) throw new DavError(400);
  await judge(x, await x.services.files.head(x.session, place.path));
  if (!copy) await requireUnlocked(x, place, { member: true, below: true });
  await requireUnlocked(x, to, { member: true, below: true });
  const options = { copy, overwrite: overwriteOf(x), shallow: depth === '0' };
  const created = await x.services.files.transfer(x.session, place.path, to.path, options);
  if (!copy) await dropLocks(x, place);
  if (!created) await dropLocks(x, to);
  return { status: created ? 201 : 204 };
}
