import type { Item } from '../../../domain/pim/model.js';
import { cardForm } from '../card-form.js';
import { DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import type { HomeType } from '../paths.js';
import { parseEntityTags, preconditionOf } from '../preconditions.js';
import { contentType } from '../props/content-type.js';
import { timezonesAsked } from '../timezones.js';
import { allow } from './options.js';

/**
 * GET and HEAD of an item: the bytes as they were put (RFC 9110 §9.3.1), a card in another version where that is asked.
 * The transport leaves out the body for HEAD.
 */
export async function get(x: Exchange): Promise<DavReply> {
  const resource = await x.resolve(x.request.place);
  if (resource.item === null) throw new DavError(405, undefined, { Allow: allow(x.request.place) });
  const item = resource.item as Item;
  const { ifMatch } = await preconditionOf(x);
  if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.includes(item.etag)) throw new DavError(412);
  const { headers, etag, body } = itemForm(x, resource.type, item);
  const { 'Content-Type': _type, ...validators } = headers;
  return isUnchanged(x, item, etag) ? { status: 304, headers: validators } : { status: 200, headers, body: body() };
}

/** What a request is given of an item, with the headers that go with it. */
interface ItemForm {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly body: () => string;
}

export function itemForm(x: Exchange, type: HomeType | null, item: Item): ItemForm {
  const media = contentType(type, item.component);
  if (type !== 'addressbooks') {
    const zones = timezonesAsked(x.request);
    const body = () => (zones === null ? item.text : zones(item.text));
    return { headers: { ...itemHeaders(item), 'Content-Type': media }, etag: item.etag, body };
  }
  const { text, etag, version } = cardForm(x.request, item);
  const headers = {
    ...itemHeaders({ ...item, etag }),
    'Content-Type': version === null ? media : `${media}; version=${version}`,
    Vary: 'Accept, User-Agent, Prefer, Brief',
  };
  return { headers, etag, body: text };
}

/** Validators of an item (RFC 9110 §8.8, RFC 6638 §8.1). */
export function itemHeaders(item: Item): Record<string, string> {
  return {
    ETag: `"${item.etag}"`,
    'Last-Modified': item.modified.toUTCString(),
    ...(item.scheduleTag === null ? {} : { 'Schedule-Tag': `"${item.scheduleTag}"` }),
  };
}

/** RFC 9110 §13.1.2 and §13.1.3: If-Modified-Since counts only without If-None-Match. */
function isUnchanged(x: Exchange, item: Item, etag: string): boolean {
  const none = x.request.header('if-none-match');
  if (none !== undefined) {
    const tags = parseEntityTags(none);
    return tags === '*' || tags.some(({ tag }) => tag === etag);
  }
  const since = Date.parse(x.request.header('if-modified-since') ?? '');
  return Number.isFinite(since) && Math.floor(item.modified.getTime() / 1000) * 1000 <= since;
}
