import type { FetchMessageObject, MessageAddressObject, MessageStructureObject } from 'imapflow';
import libmime from 'libmime';
import type { MailAddress, MessagePart, MessageSummary } from '../../domain/mail/model.js';
import { headerMap } from '../../formats/mime/headers.js';

/** Header fields a listing needs beyond the envelope. */
export const HEADER_FIELDS: readonly string[] = [
  'References',
  'Thread-Topic',
  'Thread-Index',
  'Importance',
  'X-Priority',
  'Sensitivity',
  'List-Unsubscribe',
];

const MAX_HEADER_CHARS = 8 * 1024;
const MAX_DEPTH = 40;
const MAX_PARTS = 1000;
const MAX_ADDRESSES = 2000;

/** A fetched message → summary. Whatever the server or the sender left out is empty. */
export function toSummary(message: FetchMessageObject): MessageSummary {
  const envelope = message.envelope ?? {};
  return {
    uid: message.uid,
    flags: [...(message.flags ?? [])].filter((flag) => flag !== '\\Recent'),
    received: validDate(message.internalDate) ?? validDate(envelope.date) ?? new Date(0),
    size: message.size ?? 0,
    subject: oneLine(envelope.subject),
    date: validDate(envelope.date),
    messageId: oneLine(envelope.messageId),
    inReplyTo: oneLine(envelope.inReplyTo),
    from: addresses(envelope.from),
    sender: addresses(envelope.sender),
    replyTo: addresses(envelope.replyTo),
    to: addresses(envelope.to),
    cc: addresses(envelope.cc),
    bcc: addresses(envelope.bcc),
    headers: message.headers ? headerMap(message.headers, MAX_HEADER_CHARS) : new Map(),
    structure: toStructure(message.bodyStructure),
  };
}

const EMPTY_PART: MessagePart = {
  section: '1',
  type: 'text/plain',
  parameters: {},
  disposition: null,
  filename: null,
  contentId: null,
  contentLocation: null,
  encoding: '7bit',
  size: 0,
  children: [],
};

/** BODYSTRUCTURE → parts, bounded in depth and number. An embedded message is a leaf: it is fetched whole. */
export function toStructure(root: MessageStructureObject | undefined): MessagePart {
  if (!root) return EMPTY_PART;
  const budget = { parts: MAX_PARTS };
  return toPart(root, root.childNodes && root.type !== 'message/rfc822' ? '' : '1', 0, budget);
}

function toPart(node: MessageStructureObject, fallback: string, depth: number, budget: { parts: number }): MessagePart {
  const type = mediaType(node.type);
  const children = type.startsWith('multipart/') && depth < MAX_DEPTH ? (node.childNodes ?? []) : [];
  return {
    section: node.part ?? fallback,
    type,
    parameters: { ...node.parameters },
    disposition: disposition(node.disposition),
    filename: filename(node),
    contentId: node.id ? node.id.trim().replace(/^<|>$/g, '') : null,
    contentLocation: node.location ?? null,
    encoding: (node.encoding ?? '7bit').trim().toLowerCase(),
    size: node.size ?? 0,
    children: children.slice(0, Math.max(0, budget.parts)).map((child, index) => {
      budget.parts--;
      return toPart(child, `${node.part ? `${node.part}.` : ''}${index + 1}`, depth + 1, budget);
    }),
  };
}

function mediaType(type: string | undefined): string {
  return type && /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type.toLowerCase() : 'application/octet-stream';
}

/** RFC 2183 §2.8: an unknown disposition is an attachment. */
function disposition(value: string | undefined): 'inline' | 'attachment' | null {
  if (!value) return null;
  return value.toLowerCase() === 'inline' ? 'inline' : 'attachment';
}

function filename(node: MessageStructureObject): string | null {
  const given = node.dispositionParameters?.filename ?? node.parameters?.name;
  if (!given) return null;
  const name = decodeWords(given)
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .replace(/^.*[/\\]/, '')
    .trim();
  return name === '' ? null : name.slice(0, 255);
}

function addresses(list: readonly MessageAddressObject[] | undefined): readonly MailAddress[] {
  return (list ?? []).slice(0, MAX_ADDRESSES).map(({ name, address }) => ({ name: oneLine(name), address: oneLine(address) }));
}

/** Controls in a header would break what is built from it. */
function oneLine(text: string | undefined): string {
  if (text && text.length < MAX_HEADER_CHARS && /^[!-~](?:[ -~]*[!-~])?$/.test(text)) return text;
  return (text ?? '')
    .replace(/[\p{Cc}\p{Surrogate}]+/gu, ' ')
    .trim()
    .slice(0, MAX_HEADER_CHARS);
}

function validDate(value: Date | string | undefined): Date | null {
  const date = typeof value === 'string' ? new Date(value) : value;
  return date && !Number.isNaN(date.getTime()) ? date : null;
}

function decodeWords(text: string): string {
  try {
    return libmime.decodeWords(text);
  } catch {
    return text;
  }
}
