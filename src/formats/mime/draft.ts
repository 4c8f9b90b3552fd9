import libmime from 'libmime';
import { parseAddressList } from './addresses.js';
import { carry, field, multipart, type Pieces, textEntity } from './append.js';
import { type HeaderField, joinMessage, MimeError } from './headers.js';
import { mailbox } from './outgoing.js';
import { parseRaw, type RawPart } from './raw-parts.js';
import { attachmentParts, bodyParts, isInline, type TextKind } from './structure.js';
import { htmlToText } from './text.js';

/** A file that is added to a draft. */
export interface NewAttachment {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Without angle brackets; null: no text refers to it. */
  readonly contentId: string | null;
  readonly isInline: boolean;
  /** It is a message of its own. */
  readonly isMessage: boolean;
}

/** The header fields of a draft that are written anew; null removes one. Recipients as people write them. */
export interface DraftFields {
  readonly to?: string | null;
  readonly cc?: string | null;
  readonly bcc?: string | null;
  readonly replyTo?: string | null;
  readonly subject?: string | null;
  readonly importance?: 'low' | 'normal' | 'high';
  readonly from?: string;
  readonly date?: string;
  /** Without angle brackets. */
  readonly messageId?: string;
}

/** What changes in a draft; everything else stays as it is. */
export interface DraftChange {
  readonly fields: DraftFields;
  readonly text?: { readonly kind: TextKind; readonly text: string };
  /** A whole message that takes the place of the old one. */
  readonly mime?: Uint8Array;
  readonly add: readonly NewAttachment[];
  /** IMAP sections of attachments to leave out. */
  readonly remove: ReadonlySet<string>;
}

const LINE = /.{76}/g;

/**
 * Makes a draft, or changes one: attachments that stay keep their bytes. `boundary` gives a new boundary at each call.
 * @throws MimeError when the message can't be read
 */
export function changeDraft(raw: Uint8Array | null, change: DraftChange, boundary: () => string): Uint8Array {
  if (change.mime) return withAttachments(header(change.mime, change.fields), change.add, boundary);
  if (!raw) return compose(null, new Uint8Array(), change, boundary);
  const root = parseRaw(raw);
  if (root.fields.length === 0) throw new MimeError('no header fields');
  if (!change.text && change.remove.size === 0) return withAttachments(header(raw, change.fields), change.add, boundary);
  return compose(root, raw, change, boundary);
}

function withAttachments(raw: Uint8Array, add: readonly NewAttachment[], boundary: () => string): Uint8Array {
  return add.length === 0 ? raw : Buffer.concat(carry(raw, add.map(attachmentEntity), boundary));
}

function header(raw: Uint8Array, fields: DraftFields): Uint8Array {
  const root = parseRaw(raw);
  return joinMessage(changedFields(root.fields, fields), raw.subarray(root.bodyStart));
}

/** The body is put together anew: texts, pictures inside them, attachments. */
function compose(root: RawPart | null, raw: Uint8Array, change: DraftChange, boundary: () => string): Uint8Array {
  const kept = root ? attachmentParts(root).filter((part) => !change.remove.has(part.section)) : [];
  const entity = (part: RawPart): Pieces => entityOf(raw, root as RawPart, part);
  const shown = [...kept.filter(isInline).map(entity), ...change.add.filter((one) => one.isInline).map(attachmentEntity)];
  const files = [
    ...kept.filter((part) => !isInline(part)).map(entity),
    ...change.add.filter((one) => !one.isInline).map(attachmentEntity),
  ];
  const texts = change.text ? textEntities(change.text) : root ? oldTexts(root).map(entity) : [];
  const only = texts[0] ?? [textEntity('plain', '', [])];
  const text = texts.length > 1 ? multipart('alternative', texts, [], boundary()) : only;
  const related = shown.length > 0 ? multipart('related', [text, ...shown], [], boundary()) : text;
  const whole = files.length > 0 ? multipart('mixed', [related, ...files], [], boundary()) : related;
  const own = (root?.fields ?? []).filter(({ name }) => !name.startsWith('content-'));
  const fields = changedFields(own, change.fields).filter(({ name }) => !name.startsWith('content-'));
  return Buffer.concat([Buffer.from(`${fields.map((each) => each.raw).join('\r\n')}\r\n`, 'latin1'), ...whole]);
}

/** HTML goes with a plain form of it, as mail programs send it. */
function textEntities({ kind, text }: { readonly kind: TextKind; readonly text: string }): Pieces[] {
  if (kind === 'plain') return [[textEntity('plain', text, [])]];
  return [[textEntity('plain', htmlToText(text), [])], [textEntity('html', text, [])]];
}

function oldTexts(root: RawPart): RawPart[] {
  return [...new Set([...bodyParts(root, 'plain'), ...bodyParts(root, 'html')])];
}

/** A part with its header. That of a message of one part is the message's. */
export function entityOf(raw: Uint8Array, root: RawPart, part: RawPart): Pieces {
  if (part !== root) return [raw.subarray(part.start, part.end)];
  const content = part.fields.filter(({ name }) => name.startsWith('content-'));
  return [joinMessage(content, new Uint8Array()), raw.subarray(part.bodyStart, part.end)];
}

function attachmentEntity({ name, type, bytes, contentId, isInline: inline, isMessage }: NewAttachment): Pieces {
  const file = `filename*=utf-8''${encodeURIComponent(name).replace(/['()*]/g, percent)}`;
  const media = isMessage ? 'message/rfc822' : /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream';
  const fields = [
    field('Content-Type', media),
    // A message inside another is never encoded (RFC 2046 §5.2.1).
    field('Content-Transfer-Encoding', isMessage ? '8bit' : 'base64'),
    field('Content-Disposition', `${inline ? 'inline' : 'attachment'}; ${file}`),
    ...(contentId ? [field('Content-ID', `<${contentId.replace(/[^!-~]|[<>]/g, '')}>`)] : []),
  ];
  const body = isMessage ? bytes : Buffer.from(Buffer.from(bytes).toString('base64').replace(LINE, '$&\r\n'), 'latin1');
  return [joinMessage(fields, new Uint8Array()), body];
}

function percent(sign: string): string {
  return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Names of the fields and how each is written. */
const WRITERS: readonly [key: keyof DraftFields, name: string, write: (value: string) => string][] = [
  ['from', 'From', (value) => value],
  ['to', 'To', recipients],
  ['cc', 'Cc', recipients],
  ['bcc', 'Bcc', recipients],
  ['replyTo', 'Reply-To', recipients],
  ['subject', 'Subject', encoded],
  ['date', 'Date', (value) => value],
  ['messageId', 'Message-ID', (value) => `<${value}>`],
  ['importance', 'Importance', (value) => value],
];

/** The old fields without those that are written anew, and these. */
function changedFields(old: readonly HeaderField[], fields: DraftFields): readonly HeaderField[] {
  const named = WRITERS.filter(([key]) => fields[key] !== undefined);
  const gone = new Set(named.map(([, name]) => name.toLowerCase()));
  if (gone.has('importance')) gone.add('x-priority');
  const written = named.flatMap(([key, name, write]) => {
    const value = fields[key] ? write(fields[key]) : '';
    return value === '' ? [] : [field(name, value)];
  });
  const rest = old.filter(({ name }) => !gone.has(name));
  const versioned = rest.some(({ name }) => name === 'mime-version') ? [] : [field('MIME-Version', '1.0')];
  return [...written, ...rest, ...versioned];
}

/** Phones separate by commas or semicolons. What is no address yet, in a draft, is kept as text. */
function recipients(value: string): string {
  const list = parseAddressList(commas(value));
  return list.length > 0 ? list.map(({ name, address }) => mailbox(name, address)).join(',\r\n ') : encoded(value);
}

function commas(value: string): string {
  return value.replace(/"(?:[^"\\]|\\.)*"|;/g, (found) => (found === ';' ? ',' : found));
}

/** One line; words beyond ASCII are encoded (RFC 2047). */
export function encoded(value: string): string {
  const line = value.replace(/\p{Cc}+/gu, ' ').trim();
  return /^[ -~]*$/.test(line) && line.length < 900 ? line : libmime.encodeWords(line, 'B', 52);
}
