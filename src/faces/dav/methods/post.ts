import { type ClarkName, CS, D, PUSH } from '../../../formats/xml/names.js';
import type { XmlElement } from '../../../formats/xml/read.js';
import { actionOf, changeAttachments } from '../attachments/post.js';
import { DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import { pushRegister } from '../push/register.js';
import type { Resource } from '../resource.js';
import { freeBusyRequest } from '../scheduling/outbox.js';
import { calendarServerShare, shareResource } from '../sharing/invite.js';
import { inviteReply } from '../sharing/reply.js';
import { allow } from './options.js';
import { addMember } from './put.js';

type XmlPost = (x: Exchange, body: XmlElement, target: Resource) => Promise<DavReply>;

/** What an XML document posted to a resource asks for, by its root element. */
const DOCUMENTS: ReadonlyMap<ClarkName, XmlPost> = new Map<ClarkName, XmlPost>([
  [PUSH('push-register'), pushRegister],
  [CS('share'), calendarServerShare],
  [CS('invite-reply'), inviteReply],
  [D('share-resource'), shareResource],
]);

const XML_TYPES: ReadonlySet<string> = new Set(['application/xml', 'text/xml', 'application/davsharing+xml']);

/**
 * POST: documents by their root element, items to a collection, free/busy requests to the outbox. The media type has to be
 * right: a form of a foreign page can't send any of these.
 */
export async function post(x: Exchange): Promise<DavReply> {
  const { place } = x.request;
  const type = (x.request.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const target = await x.resolve(place);
  const action = actionOf(x);
  if (action !== null && target.kind === 'event') return changeAttachments(x, target, action);
  if (target.kind === 'outbox') return freeBusyRequest(x, type);
  if (XML_TYPES.has(type)) {
    const body = x.xml();
    const run = body === null ? undefined : DOCUMENTS.get(body.name);
    if (body === null || run === undefined) throw new DavError(body === null ? 400 : 415);
    return run(x, body, target);
  }
  if (target.collection !== null && target.item === null && (type === 'text/calendar' || type === 'text/vcard')) {
    return addMember(x, target);
  }
  if (target.collection !== null && target.item === null) throw new DavError(415);
  throw new DavError(405, undefined, { Allow: allow(place) });
}
