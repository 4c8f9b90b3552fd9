import { DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import { parseEntityTags } from '../preconditions.js';

/** GET and HEAD of an attachment, for whoever sees an item that names it. All others are told the same: there is none. */
export async function getAttachment(x: Exchange): Promise<DavReply> {
  const { place } = x.request;
  if (place.at !== 'attachment') throw new DavError(404);
  const owner = x.isSelf(place.user) ? x.session.user : await x.services.directory.byAddress(x.session, place.user);
  const opened = owner === null ? null : await x.services.attachments.open(x.session, owner.id, place.id);
  if (opened === null) throw new DavError(404);
  const { id, name, type, size } = opened.attachment;
  // Other content has another identifier, so the identifier is the entity tag.
  const headers = { ETag: `"${id}"`, 'Content-Type': type, 'Content-Disposition': dispositionOf(name) };
  const none = x.request.header('if-none-match');
  const known = none === undefined ? [] : parseEntityTags(none);
  if (known === '*' || known.some(({ tag }) => tag === id)) return { status: 304, headers };
  return { status: 200, headers, body: { length: size, bytes: opened.content() } };
}

/** RFC 6266: always to be saved, never shown as a page of this origin. */
function dispositionOf(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const full = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${full}`;
}
