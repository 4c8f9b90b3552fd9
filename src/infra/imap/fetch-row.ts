import type { FetchMessageObject, MessageAddressObject, MessageEnvelopeObject, MessageStructureObject } from 'imapflow';
import libmime from 'libmime';
import { readParameters } from './parameters.js';
import { type Token, type Tree, textOf, type Untagged } from './tokens.js';

/** Deeper nesting is cut: a sender decides how deep a message is. */
const MAX_DEPTH = 60;

/**
 * The row of a FETCH response as imapflow's own fetch would give it, without what nobody here reads: its names of all items
 * are compiled and compared as text, and each row gets an id by hash, which together cost half as much as reading the row.
 * Null when the row has no UID.
 */
export function readRow({ attributes }: Untagged): FetchMessageObject | null {
  const list = attributes?.[1] ?? [];
  const row: Partial<FetchMessageObject> = {};
  for (let at = 0; at + 1 < list.length; at += 2) {
    const item = list[at];
    if (!item || Array.isArray(item)) continue;
    const name = String((item as Token).value ?? '').toUpperCase();
    const read = (item as Token).section ? SECTIONS[name] : ITEMS[name];
    read?.(row, list[at + 1] as Tree);
  }
  return row.uid ? ({ seq: 0, ...row } as FetchMessageObject) : null;
}

type Item = (row: Partial<FetchMessageObject>, value: Tree) => void;

/** Data items of FETCH (RFC 9051 §7.5.2). */
const ITEMS: Readonly<Record<string, Item>> = {
  UID: (row, value) => {
    row.uid = wholeNumber(value);
  },
  FLAGS: (row, value) => {
    row.flags = new Set(asList(value).flatMap((flag) => textOf(flag) ?? []));
  },
  'RFC822.SIZE': (row, value) => {
    row.size = wholeNumber(value);
  },
  INTERNALDATE: (row, value) => {
    row.internalDate = dateOf(textOf(value));
  },
  ENVELOPE: (row, value) => {
    if (Array.isArray(value)) row.envelope = readEnvelope(value);
  },
  BODYSTRUCTURE: (row, value) => {
    if (Array.isArray(value)) row.bodyStructure = readStructure(value, [], 0);
  },
};

/** `BODY[HEADER.FIELDS (…)]`: the only section that a listing asks for. */
const SECTIONS: Readonly<Record<string, Item>> = {
  BODY: (row, value) => {
    const text = Array.isArray(value) ? undefined : (value as Token | null)?.value;
    if (Buffer.isBuffer(text)) row.headers = text;
    else if (typeof text === 'string') row.headers = Buffer.from(text);
  },
};

/** ENVELOPE (RFC 9051 §7.5.2): ten fields in a fixed order. */
function readEnvelope(list: readonly Tree[]): MessageEnvelopeObject {
  const [date, subject, from, sender, replyTo, to, cc, bcc, inReplyTo, messageId] = list;
  return {
    date: dateOf(textOf(date)),
    subject: decoded(textOf(subject)),
    from: addresses(from),
    sender: addresses(sender),
    replyTo: addresses(replyTo),
    to: addresses(to),
    cc: addresses(cc),
    bcc: addresses(bcc),
    inReplyTo: textOf(inReplyTo)?.trim(),
    messageId: textOf(messageId)?.trim(),
  } as MessageEnvelopeObject;
}

function addresses(list: Tree | undefined): MessageAddressObject[] | undefined {
  return Array.isArray(list) ? list.flatMap(address) : undefined;
}

/** Without a host it is the beginning of a group, whose name stands where the mailbox does, or the end of one. */
function address(entry: Tree): MessageAddressObject[] {
  const [name, , mailbox, host] = asList(entry);
  const local = textOf(mailbox) ?? '';
  const domain = textOf(host) ?? '';
  const shown = unquoted(decoded(textOf(name)) ?? '');
  if (domain !== '') return [{ name: shown, address: `${local}@${domain}` }];
  const group = shown || unquoted(decoded(local) ?? '');
  return group === '' ? [] : [{ name: group, address: '' }];
}

/** BODYSTRUCTURE (RFC 9051 §7.5.2): parts first, or type, subtype and the fields of one part. */
function readStructure(list: readonly Tree[], path: readonly number[], depth: number): MessageStructureObject {
  const part = path.length > 0 ? { part: path.join('.') } : {};
  return { ...part, ...(Array.isArray(list[0]) ? readMultipart(list, path, depth) : readPart(list, path, depth)) };
}

function readMultipart(list: readonly Tree[], path: readonly number[], depth: number): MessageStructureObject {
  const count = list.findIndex((node) => !Array.isArray(node));
  const nodes = list.slice(0, count < 0 ? list.length : count);
  const [subtype, parameters, disposition, , location] = list.slice(nodes.length);
  const inner = depth < MAX_DEPTH ? nodes : [];
  return {
    type: `multipart/${textOf(subtype)?.toLowerCase() ?? ''}`,
    parameters: readParameters(parameters),
    ...readDisposition(disposition, location),
    childNodes: inner.map((node, index) => readStructure(asList(node), [...path, index + 1], depth + 1)),
  };
}

function readPart(list: readonly Tree[], path: readonly number[], depth: number): MessageStructureObject {
  const [major, minor, parameters, id, , encoding, size] = list;
  const type = `${textOf(major)?.toLowerCase() ?? ''}/${textOf(minor)?.toLowerCase() ?? ''}`;
  // After the size stand an envelope, a structure and lines (embedded message), lines (text), or nothing; then the MD5.
  const own = type === 'message/rfc822' ? 3 : type.startsWith('text/') && !lacksLines(list) ? 1 : 0;
  const [, disposition, , location] = list.slice(7 + own);
  const embedded = type === 'message/rfc822' && depth < MAX_DEPTH ? list[8] : undefined;
  return {
    type,
    parameters: readParameters(parameters),
    id: textOf(id),
    encoding: textOf(encoding)?.toLowerCase(),
    size: wholeNumber(size ?? null),
    ...readDisposition(disposition, location),
    ...(Array.isArray(embedded) && { childNodes: [readStructure(embedded, path, depth + 1)] }),
  };
}

/** Some servers leave out the number of lines of a text: then the disposition stands one place earlier. */
function lacksLines(list: readonly Tree[]): boolean {
  return list.length === 11 && Array.isArray(list[8]) && !Array.isArray(list[9]);
}

function readDisposition(disposition: Tree | undefined, location: Tree | undefined): Partial<MessageStructureObject> {
  const [kind, parameters] = asList(disposition);
  return {
    ...(kind !== undefined && { disposition: textOf(kind)?.toLowerCase() ?? '' }),
    ...(Array.isArray(parameters) && { dispositionParameters: readParameters(parameters) }),
    ...(textOf(location) !== undefined && { location: textOf(location) }),
  };
}

function asList(value: Tree | undefined): readonly Tree[] {
  return Array.isArray(value) ? value : [];
}

function wholeNumber(value: Tree): number {
  const number = Number(textOf(value) ?? 0);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

function dateOf(text: string | undefined): Date | undefined {
  const date = text ? new Date(text) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}

/** Encoded words (RFC 2047); most texts have none. */
function decoded(text: string | undefined): string | undefined {
  return text?.includes('=?') ? libmime.decodeWords(text) : text;
}

function unquoted(name: string): string {
  return name.length > 2 && name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1) : name;
}
