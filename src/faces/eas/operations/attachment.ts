import type { Id } from '../../../domain/types.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, children, childText, type Element, el, elements } from '../../../formats/wbxml/tree.js';
import { readFileReference } from '../classes/email.js';
import { type EventFileName, readEventFile } from '../classes/event-attachments.js';
import type { EasContext } from '../context.js';
import { StatusError } from '../status.js';
import { type ByteRange, readRange, slice } from '../sync/attachment.js';
import { splitServerId } from '../sync/source.js';
import { openEventFile } from './event-attachment.js';
import { countBytes, type LargeBytes, type Output, placeholder, within } from './large.js';
import { STATUS } from './operation.js';

/** What may stand in the Options beside a FileReference. */
const OPTIONS = new Set<TagName>(['ItemOperations:Range', 'ItemOperations:UserName', 'ItemOperations:Password']);
/** Attachments of more bytes are sent while they are read. */
const LARGE = 1024 * 1024;

/** Where an attachment is. */
export interface AttachmentName {
  readonly folder: Id;
  readonly uid: number;
  readonly section: string;
}

/** Reads a FileReference; null when it is none of ours. */
export function readAttachmentName(reference: string): AttachmentName | null {
  const named = readFileReference(reference);
  const id = named && splitServerId(named.serverId);
  return named && id ? { folder: id.collection, uid: id.number, section: named.section } : null;
}

/** The bytes of an attachment, at hand or still to be read. */
export interface Attachment {
  readonly type: string;
  readonly bytes: Uint8Array | LargeBytes;
  readonly total: number;
}

/** Opens an attachment or a range of it. @throws DomainError `not-found` */
export async function openAttachment(context: EasContext, name: AttachmentName, range: ByteRange | null): Promise<Attachment> {
  const { mail } = context.services;
  const folder = await mail.folder(context.session, name.folder);
  const download = () => mail.download(context.session, folder, name.uid, name.section);
  const { type, size, content } = await download();
  if (size <= LARGE) return { type, ...(await slice(content, range)) };
  const total = await countBytes(content);
  const span = { first: range?.first ?? 0, last: Math.min(range?.last ?? total - 1, total - 1) };
  const length = Math.max(0, span.last + 1 - span.first);
  async function* open(): AsyncGenerator<Uint8Array> {
    yield* within((await download()).content, span);
  }
  return { type, bytes: { length, open }, total };
}

/** Properties of an attachment that is fetched, whole or a range of bytes (MS-ASCMD FileReference, Range). */
export async function fetchAttachment(context: EasContext, element: Element, output: Output): Promise<readonly Element[]> {
  const { name, range } = readRequest(element);
  const { type, bytes, total } = await ('key' in name
    ? openEventFile(context, name, range)
    : openAttachment(context, name, range));
  if (range && bytes.length === 0) throw new StatusError(STATUS.BadRange, 'nothing in that Range');
  output.left -= bytes.length;
  if (output.left < 0) throw new StatusError(STATUS.TooLarge, 'the attachments together are too large');
  const where = range
    ? [el('ItemOperations:Range', `${range.first}-${range.first + bytes.length - 1}`), el('ItemOperations:Total', total)]
    : [];
  return [...where, el('AirSyncBase:ContentType', type), put(bytes, output)];
}

/** Part or Data. */
function put(bytes: Uint8Array | LargeBytes, { parts, large }: Output): Element {
  const isLarge = 'open' in bytes;
  if (parts) {
    const part = parts.push(isLarge ? new Uint8Array() : bytes);
    if (isLarge) large.set(part, bytes);
    return el('ItemOperations:Part', part);
  }
  if (!isLarge) return el('ItemOperations:Data', Buffer.from(bytes).toString('base64'));
  const mark = placeholder();
  large.set(mark, bytes);
  return el('ItemOperations:Data', mark);
}

function readRequest(element: Element): { readonly name: AttachmentName | EventFileName; readonly range: ByteRange | null } {
  const references = children(element, 'AirSyncBase:FileReference');
  const reference = childText(element, 'AirSyncBase:FileReference') ?? '';
  const options = child(element, 'ItemOperations:Options');
  const others = options ? elements(options).filter(({ tag }) => !OPTIONS.has(tag)) : [];
  if (reference === '' || references.length > 1 || others.length > 0)
    throw new StatusError(STATUS.ProtocolError, 'one FileReference, not empty, with a Range at most');
  const name = readEventFile(reference) ?? readAttachmentName(reference);
  if (!name) throw new StatusError(STATUS.BadAttachment, 'unknown FileReference');
  const text = childText(options, 'ItemOperations:Range');
  const range = text === undefined ? null : readRange(text);
  if (text !== undefined && !range) throw new StatusError(STATUS.BadRange, 'unreadable Range');
  return { name, range };
}
