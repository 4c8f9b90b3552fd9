import type { AttachedTo } from '../../../domain/attachments/attachments.js';
import type { AttachmentDraft } from '../../../domain/attachments/model.js';
import type { Item } from '../../../domain/pim/model.js';
import { C } from '../../../formats/xml/names.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { requireUnlocked } from '../locks.js';
import type { DavReply } from '../message.js';
import { itemHeaders } from '../methods/get.js';
import { representation } from '../methods/put.js';
import { preconditionOf } from '../preconditions.js';
import type { Resource } from '../resource.js';

/** The query of a request for managed attachments (RFC 8607 §3.3). */
export interface AttachmentAction {
  readonly action: string;
  readonly id: string | null;
  readonly instances: readonly string[] | null;
}

/** Most instances of one request. */
const MAX_INSTANCES = 200;

export function actionOf(x: Exchange): AttachmentAction | null {
  const { target } = x.request;
  const query = target.includes('?') ? new URLSearchParams(target.slice(target.indexOf('?') + 1)) : null;
  const action = query?.get('action') ?? null;
  if (query === null || action === null) return null;
  const rid = query.get('rid');
  return { action, id: query.get('managed-id'), instances: rid === null ? null : rid.split(',').map((part) => part.trim()) };
}

type Action = (x: Exchange, to: AttachedTo, asked: AttachmentAction) => Promise<DavReply>;

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['attachment-add', add],
  ['attachment-update', update],
  ['attachment-remove', remove],
]);

/** POST of an attachment to its calendar object (RFC 8607 §3.3). */
export async function changeAttachments(x: Exchange, { collection, item }: Resource, asked: AttachmentAction): Promise<DavReply> {
  const run = ACTIONS.get(asked.action);
  if (run === undefined) throw conditionError(403, C('valid-action-parameter'));
  const rids = asked.instances ?? [];
  if (rids.length > MAX_INSTANCES || rids.includes('')) throw conditionError(403, C('valid-rid-parameter'));
  if (collection === null || item === null) throw new DavError(404);
  await requireUnlocked(x, x.request.place);
  return run(x, { collection, ref: { name: item.name } }, asked);
}

async function add(x: Exchange, to: AttachedTo, { id, instances }: AttachmentAction): Promise<DavReply> {
  if (id !== null) throw invalidId();
  const when = await preconditionOf(x);
  const { item, attachment } = await x.services.attachments.add(x.session, to, draftOf(x), { instances, when });
  return answer(x, item, 201, attachment.id);
}

async function update(x: Exchange, to: AttachedTo, { id, instances }: AttachmentAction): Promise<DavReply> {
  if (id === null) throw invalidId();
  // It is the same everywhere, so it can't be replaced in some instances alone (RFC 8607 §3.3.2).
  if (instances !== null) throw conditionError(403, C('valid-rid-parameter'));
  const when = await preconditionOf(x);
  const { item, attachment } = await x.services.attachments.update(x.session, to, id, draftOf(x), when);
  return answer(x, item, 200, attachment.id);
}

async function remove(x: Exchange, to: AttachedTo, { id, instances }: AttachmentAction): Promise<DavReply> {
  if (id === null) throw invalidId();
  const when = await preconditionOf(x);
  return answer(x, await x.services.attachments.remove(x.session, to, id, { instances, when }), 200, null);
}

function invalidId(): DavError {
  return conditionError(403, C('valid-managed-id-parameter'));
}

/** The item with what was changed in it, where the client prefers that; else its validators (RFC 8607 §3.4 to §3.6). */
function answer(x: Exchange, item: Item, status: number, id: string | null): DavReply {
  const managed: Record<string, string> = id === null ? {} : { 'Cal-Managed-ID': id };
  if (x.preferences.return === 'representation') {
    const whole = representation(x, item, status);
    const location = { 'Content-Location': x.request.target.split('?')[0] ?? '' };
    return { ...whole, headers: { ...whole.headers, ...location, ...managed } };
  }
  return { status: status === 200 ? 204 : status, headers: { ...itemHeaders(item), ...managed } };
}

function draftOf(x: Exchange): AttachmentDraft {
  const type = (x.request.header('content-type') ?? '').split(';')[0]?.trim() ?? '';
  return { name: filenameOf(x.request.header('content-disposition') ?? ''), type, content: x.request.body };
}

/** RFC 6266 §4.3: the extended form counts for more. */
function filenameOf(disposition: string): string {
  const extended = /filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  try {
    if (extended !== undefined) return decodeURIComponent(extended);
  } catch {
    // Not percent-encoded UTF-8: the plain form may do.
  }
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition);
  const name = plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2] ?? '';
  // Header bytes come as Latin-1; most clients mean UTF-8.
  const decoded = Buffer.from(name, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? name : decoded;
}
