import { randomUUID } from 'node:crypto';
import { isDomainError } from '../../../domain/errors.js';
import type { Item } from '../../../domain/pim/model.js';
import { C, CARD } from '../../../formats/xml/names.js';
import { requireKnownAttachments } from '../attachments/known.js';
import { isRewritten } from '../card-form.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { requireUnlocked } from '../locks.js';
import type { DavReply } from '../message.js';
import { encodeSegment, type HomeType } from '../paths.js';
import { preconditionOf } from '../preconditions.js';
import type { Resource } from '../resource.js';
import { withHref } from '../scheduling/unique.js';
import { itemForm, itemHeaders } from './get.js';
import { allow } from './options.js';

/**
 * PUT of an item (RFC 4791 §5.3.2, RFC 6352 §6.3.2). The entity tag is named only when the stored bytes are those that were
 * sent, since clients take it as leave not to fetch them (RFC 4791 §5.3.4).
 */
export async function put(x: Exchange): Promise<DavReply> {
  const { place } = x.request;
  if (place.at !== 'item') throw new DavError(405, undefined, { Allow: allow(place) });
  const collection = await x.collectionAt(place);
  if (collection === null) throw new DavError(409);
  const text = bodyText(x, place.type);
  const when = await preconditionOf(x);
  await requireUnlocked(x, place, { member: true });
  await requireKnownAttachments(x, collection, place.name, text);
  const wantsBody = x.preferences.return === 'representation';
  try {
    const { item, created, verbatim } = await x.services.pim.put(x.session, collection, { name: place.name, text }, when);
    const headers = storedHeaders(item, verbatim);
    return wantsBody ? representation(x, item, created ? 201 : 200) : { status: created ? 201 : 204, headers };
  } catch (error) {
    const current = wantsBody && isDomainError(error, 'precondition-failed') ? await x.find(place) : null;
    // RFC 8144 §3.2: whoever is late sees at once what there is now.
    if (current?.item) return representation(x, current.item as Item, 412);
    throw await withHref(x, error);
  }
}

/** Validators of what was stored; the tag only where a GET gives the very bytes that were sent. */
function storedHeaders(item: Item, verbatim: boolean): Record<string, string> {
  const { ETag, ...others } = itemHeaders(item);
  return verbatim && ETag !== undefined && !isRewritten(item.text) ? { ...others, ETag } : others;
}

/** An answer with the item as it is now (RFC 7240 §4.2). */
export function representation(x: Exchange, item: Item, status: number): DavReply {
  const { target, place } = x.request;
  const { headers: own, body } = itemForm(x, 'type' in place ? place.type : null, item);
  const headers = {
    ...own,
    'Content-Location': target,
    'Preference-Applied': 'return=representation',
  };
  return { status, headers, body: body() };
}

const MEDIA: Readonly<Record<HomeType, { readonly types: readonly string[]; readonly refusal: DavError }>> = {
  calendars: { types: ['text/calendar'], refusal: conditionError(403, C('supported-calendar-data')) },
  addressbooks: {
    // Names of the type before RFC 6350 registered one.
    types: ['text/vcard', 'text/x-vcard', 'text/directory'],
    refusal: conditionError(403, CARD('supported-address-data')),
  },
};
const BROKEN: Readonly<Record<HomeType, DavError>> = {
  calendars: conditionError(403, C('valid-calendar-data')),
  addressbooks: conditionError(403, CARD('valid-address-data')),
};

/** The body as text. A missing or a general type is taken for the right one: the content decides. */
function bodyText(x: Exchange, type: HomeType): string {
  if (x.request.header('content-range') !== undefined) throw new DavError(400);
  const [media = '', ...params] = (x.request.header('content-type') ?? '').split(';').map((part) => part.trim().toLowerCase());
  const general = media === '' || media === 'application/octet-stream' || media === 'text/plain';
  if (!general && !MEDIA[type].types.includes(media)) throw MEDIA[type].refusal;
  const charset = params
    .find((param) => param.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset)) throw new DavError(415);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(x.request.body);
  } catch {
    throw BROKEN[type];
  }
}

/** POST to a collection: a new item under a name of the server's choice (RFC 5995). */
export async function addMember(x: Exchange, target: Resource): Promise<DavReply> {
  if (target.collection === null) throw new DavError(403);
  await preconditionOf(x);
  await requireUnlocked(x, x.request.place);
  const text = bodyText(x, target.type ?? 'calendars');
  await requireKnownAttachments(x, target.collection, null, text);
  const name = `${randomUUID()}.${target.kind === 'addressbook' ? 'vcf' : 'ics'}`;
  const { item, verbatim } = await x.services.pim.put(x.session, target.collection, { name, text });
  const headers = { ...storedHeaders(item, verbatim), Location: target.href + encodeSegment(item.name) };
  return { status: 201, headers };
}
