import { randomUUID } from 'node:crypto';
import { decodeCharset } from '../../../formats/mime/charset.js';
import { fieldValue, type HeaderField, joinMessage, splitMessage } from '../../../formats/mime/headers.js';
import { decodeTransfer } from '../../../formats/mime/transfer.js';

/** A MIME entity (RFC 2045 §2.4): header fields and body bytes. */
export interface Entity {
  readonly fields: readonly HeaderField[];
  readonly body: Uint8Array;
}

/** Content-Type taken apart. */
export interface ContentType {
  /** Lower case, `text/plain` where there is none. */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_PARTS = 1000;
const LINE = 76;

export function contentType(entity: Entity): ContentType {
  const field = entity.fields.find(({ name }) => name === 'content-type');
  const [type = '', ...rest] = field ? fieldValue(field).split(';') : [];
  const parameters = new Map<string, string>();
  for (const one of rest.join(';').matchAll(/([\w*.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/g))
    parameters.set((one[1] as string).toLowerCase(), one[2]?.replace(/\\(.)/g, '$1') ?? one[3] ?? '');
  return { type: type.trim().toLowerCase() || 'text/plain', parameters };
}

/** Whether a part is meant to be read with the message, not saved beside it. */
export function isShown(entity: Entity): boolean {
  const disposition = entity.fields.find(({ name }) => name === 'content-disposition');
  return !disposition || !/^\s*attachment/i.test(fieldValue(disposition));
}

/** The text of a text entity. */
export function textOf(entity: Entity): string {
  const encoding = entity.fields.find(({ name }) => name === 'content-transfer-encoding');
  const bytes = decodeTransfer(entity.body, encoding ? fieldValue(encoding).toLowerCase() : '7bit');
  return decodeCharset(bytes, contentType(entity).parameters.get('charset'));
}

/** The same entity with another text, as UTF-8 in base64. */
export function withText(entity: Entity, text: string): Entity {
  const { type } = contentType(entity);
  return {
    fields: [
      ...entity.fields.filter(({ name }) => name !== 'content-type' && name !== 'content-transfer-encoding'),
      field('Content-Type', `${type}; charset=utf-8`),
      field('Content-Transfer-Encoding', 'base64'),
    ],
    body: Buffer.from(lines(Buffer.from(text, 'utf8').toString('base64')), 'latin1'),
  };
}

/** The parts of a multipart entity, byte for byte; null when it has no usable boundary (RFC 2046 §5.1). */
export function partsOf(entity: Entity): Entity[] | null {
  const boundary = contentType(entity).parameters.get('boundary');
  if (!boundary) return null;
  const text = Buffer.from(entity.body).toString('latin1');
  const marker = new RegExp(`(?:^|\\r?\\n)--${boundary.replace(/[^\w]/g, '\\$&')}(--)?[ \\t]*(?=\\r?\\n|$)`, 'g');
  const marks = [...text.matchAll(marker)].slice(0, MAX_PARTS);
  const parts = marks.flatMap((mark, at) => {
    if (mark[1]) return [];
    const from = mark.index + mark[0].length;
    return [partOf(text.slice(from, marks[at + 1]?.index ?? text.length).replace(/^\r?\n/, ''))];
  });
  return parts.length > 0 ? parts : null;
}

/** A part may have no header at all. */
function partOf(text: string): Entity {
  if (/^\r?\n/.test(text)) return { fields: [], body: Buffer.from(text.replace(/^\r?\n/, ''), 'latin1') };
  try {
    return splitMessage(Buffer.from(text, 'latin1'));
  } catch {
    return { fields: [], body: Buffer.from(text, 'latin1') };
  }
}

/** A multipart entity with these parts; the fields given stay, but for those that describe the old content. */
export function multipartOf(type: string, parts: readonly Entity[], fields: readonly HeaderField[] = []): Entity {
  const boundary = `=_${randomUUID()}`;
  const pieces = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\n`),
    joinMessage(part.fields, part.body),
    Buffer.from('\r\n'),
  ]);
  return {
    fields: [...fields.filter(({ name }) => !isContentField(name)), field('Content-Type', `${type}; boundary="${boundary}"`)],
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

/** Only what describes the content: what stays with it when it becomes a part. */
export function contentOnly(entity: Entity): Entity {
  return { ...entity, fields: entity.fields.filter(({ name }) => isContentField(name)) };
}

function isContentField(name: string): boolean {
  return name.startsWith('content-');
}

export function field(name: string, value: string): HeaderField {
  return { name: name.toLowerCase(), raw: `${name}: ${value}` };
}

function lines(text: string): string {
  return (text.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []).join('\r\n');
}
