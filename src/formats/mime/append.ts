import { encode, wrap } from 'nodemailer/lib/qp';
import { decodeCharset, htmlCharset } from './charset.js';
import { fieldValue, type HeaderField, joinMessage, MimeError, splitMessage } from './headers.js';
import { parseRaw, type RawPart } from './raw-parts.js';
import { bodyParts, type TextKind, textKind } from './structure.js';
import { textToHtml } from './text.js';
import { decodeTransfer } from './transfer.js';

/** Bytes in pieces: large ones are put together once. */
export type Pieces = readonly Uint8Array[];

/** What a reply or a forwarded message carries of the message it is about. */
export interface Appendix {
  /** Below a plain text, lines ended by CRLF. */
  readonly plain: string;
  /** Below an HTML text: a fragment that can stand inside `body`. */
  readonly html: string;
  /** Whole MIME entities that the HTML shows by their Content-ID. */
  readonly inline: readonly Pieces[];
  /** Whole MIME entities to carry as they are. */
  readonly attachments: readonly Pieces[];
}

/** A piece of a message that is replaced; everything else keeps its bytes. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

const CRLF = Buffer.from('\r\n');
const SIGNED = /^multipart\/signed$/;
const PROTECTED = /^(multipart\/(signed|encrypted)|application\/(x-)?pkcs7-mime)$/;

/** Whether a change of the body would break a signature or can't be made (RFC 1847, RFC 8551). */
export function isProtected(part: { readonly type: string }): boolean {
  return PROTECTED.test(part.type);
}

/** In which forms a message has text. */
export function textKinds(raw: Uint8Array): ReadonlySet<TextKind> {
  return new Set(targets(parseRaw(raw)).map(textKind));
}

/**
 * A new message with an appendix below its text. Only the text parts are written anew; attachments of both keep their bytes,
 * and a signed or encrypted message is left alone. `boundary` gives a new boundary at each call.
 * @throws MimeError when the message can't be read
 */
export function append(raw: Uint8Array, appendix: Appendix, boundary: () => string): Uint8Array {
  const root = parseRaw(raw);
  if (root.fields.length === 0) throw new MimeError('no header fields');
  const all = [...appendix.inline, ...appendix.attachments];
  // What is encrypted must not get a clear text beside it; what is signed may carry parts, itself untouched.
  if (isProtected(root)) return SIGNED.test(root.type) ? Buffer.concat(carry(raw, all, boundary)) : raw;
  const texts = targets(root);
  const html = texts.find((part) => textKind(part) === 'html');
  const carried = html ? appendix.attachments : all;
  const edits = texts.map((part) => extended(raw, part, appendix, part === html ? appendix.inline : [], boundary));
  const own = texts.length > 0 ? [] : [[textEntity('plain', appendix.plain, [])]];
  return Buffer.concat(carry(Buffer.concat(spliced(raw, edits)), [...own, ...carried], boundary));
}

/** The parts below whose text the appendix goes: the last of each form. */
function targets(root: RawPart): RawPart[] {
  const last = (['plain', 'html'] as const).map((kind) => bodyParts(root, kind).at(-1));
  return [...new Set(last)].filter((part) => part !== undefined);
}

function extended(raw: Uint8Array, part: RawPart, appendix: Appendix, inline: readonly Pieces[], boundary: () => string): Edit {
  const kind = textKind(part);
  const text = textOf(raw, part);
  const whole = kind === 'html' ? intoHtml(text, appendix.html) : `${text}\r\n\r\n${appendix.plain}`;
  const others = part.fields.filter((field) => !/^content-/.test(field.name));
  const content = part.fields.filter((field) => KEPT.has(field.name));
  if (inline.length === 0) return { ...part, bytes: textEntity(kind, whole, [...others, ...content], part) };
  const entities = [[textEntity(kind, whole, content, part)], ...inline];
  return { ...part, bytes: Buffer.concat(multipart('related', entities, others, boundary())) };
}

/** Content headers that stay when the text of a part changes. */
const KEPT = new Set(['content-id', 'content-description', 'content-disposition', 'content-language', 'content-location']);

function textOf(raw: Uint8Array, part: RawPart): string {
  const bytes = decodeTransfer(raw.subarray(part.bodyStart, part.end), part.encoding);
  const charset = part.parameters.charset ?? (textKind(part) === 'html' ? htmlCharset(bytes) : undefined);
  const text = decodeCharset(bytes, charset);
  return textKind(part) === 'html' ? text.replace(META_CHARSET, '$1utf-8') : text;
}

/** The document is UTF-8 from now on, whatever it says of itself. */
const META_CHARSET = /(<meta\s[^>]{0,200}?charset\s*=\s*["']?)[\w:.-]{2,40}/i;

/** Before the end of the body, or at the end of what is no whole document. */
function intoHtml(html: string, fragment: string): string {
  const at = bodyEnd(html);
  return at < 0 ? `${html}\r\n${fragment}` : `${html.slice(0, at)}${fragment}${html.slice(at)}`;
}

function bodyEnd(html: string): number {
  return [...html.matchAll(/<\/body\s{0,20}>/gi)].at(-1)?.index ?? -1;
}

/** A text part in UTF-8; of the old Content-Type the parameters stay that are not about its bytes. */
export function textEntity(kind: TextKind, text: string, fields: readonly HeaderField[], part?: RawPart): Uint8Array {
  const flowed = kind === 'plain' && part?.parameters.format ? '; format=flowed' : '';
  // A line that begins with two dashes could be taken for a boundary.
  const body = wrap(encode(text.replace(/\r\n|\r|\n/g, '\r\n')), 72).replace(/^--/gm, '=2D-');
  const header = [
    ...fields,
    field('Content-Type', `text/${kind}; charset=utf-8${flowed}`),
    field('Content-Transfer-Encoding', 'quoted-printable'),
  ];
  return joinMessage(header, Buffer.from(body, 'latin1'));
}

export function field(name: string, value: string): HeaderField {
  return { name: name.toLowerCase(), raw: `${name}: ${value}` };
}

export function multipart(
  subtype: string,
  entities: readonly Pieces[],
  fields: readonly HeaderField[],
  boundary: string,
): Pieces {
  const type = field('Content-Type', `multipart/${subtype}; boundary="${boundary}"`);
  const delimiter = Buffer.from(`--${boundary}\r\n`);
  const parts = entities.flatMap((entity) => [delimiter, ...entity, CRLF]);
  return [joinMessage([...fields, type], new Uint8Array()), ...parts, Buffer.from(`--${boundary}--\r\n`)];
}

/** Adds entities after all parts of a message: into its own multipart/mixed, or into a new one around it. */
export function carry(raw: Uint8Array, entities: readonly Pieces[], boundary: () => string): Pieces {
  if (entities.length === 0) return [raw];
  const root = parseRaw(raw);
  const last = root.children.at(-1);
  if (root.type === 'multipart/mixed' && last) {
    const delimiter = Buffer.from(`\r\n--${root.parameters.boundary}\r\n`);
    const parts = entities.flatMap((entity) => [delimiter, ...entity]);
    return [raw.subarray(0, last.end), ...parts, raw.subarray(last.end)];
  }
  const isContent = ({ name }: HeaderField) => name.startsWith('content-');
  const inner = [joinMessage(root.fields.filter(isContent), new Uint8Array()), raw.subarray(root.bodyStart)];
  const outer = root.fields.filter((each) => !isContent(each));
  const isEmpty = root.bodyStart >= root.end && root.children.length === 0;
  return multipart('mixed', isEmpty ? entities : [inner, ...entities], outer, boundary());
}

function spliced(raw: Uint8Array, edits: readonly Edit[]): Pieces {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, bytes } of [...edits].sort((a, b) => a.start - b.start)) {
    chunks.push(raw.subarray(at, start), bytes);
    at = end;
  }
  return [...chunks, raw.subarray(at)];
}

/** What ties a message to the one it answers or forwards (RFC 5322 §3.6.4). */
export interface Ancestor {
  /** Without angle brackets. */
  readonly messageId: string;
  readonly references: string;
  readonly isReply: boolean;
}

const MAX_REFERENCES = 50;

/** Adds In-Reply-To and References where the phone left them out; the body keeps its bytes. @throws MimeError */
export function withThread(raw: Uint8Array, { messageId, references, isReply }: Ancestor): Uint8Array {
  const { fields, body } = splitMessage(raw);
  const id = /[^<>\s]+/.exec(messageId)?.[0];
  if (!id) return raw;
  const has = (name: string) => fields.some((each) => each.name === name && fieldValue(each) !== '');
  const chain = [...new Set([...(references.match(/<[^<>\s]+>/g) ?? []), `<${id}>`])];
  const kept = chain.length > MAX_REFERENCES ? [chain[0] as string, ...chain.slice(1 - MAX_REFERENCES)] : chain;
  const added = [
    ...(isReply && !has('in-reply-to') ? [field('In-Reply-To', `<${id}>`)] : []),
    ...(has('references') ? [] : [field('References', kept.join('\r\n '))]),
  ];
  return added.length === 0 ? raw : joinMessage([...fields, ...added], body);
}

/** Plain text as an HTML fragment. */
export function textFragment(text: string): string {
  return bodyFragment(textToHtml(text));
}

const MAX_STYLE = 64 * 1024;

/** The inside of an HTML document's body, with the styles of its head before it. */
export function bodyFragment(html: string): string {
  const open = /<body\b[^<>]{0,5000}>/i.exec(html);
  if (!open) return html.replace(/<(?:\/?(?:html|head|body)|!doctype)\b[^<>]{0,5000}>/gi, '');
  const close = bodyEnd(html);
  const inner = html.slice(open.index + open[0].length, close < open.index ? undefined : close);
  return stylesOf(html.slice(0, Math.min(open.index, MAX_STYLE))) + inner;
}

function stylesOf(head: string): string {
  const styles: string[] = [];
  let from = -1;
  for (const tag of head.matchAll(/<(\/?)style\b[^<>]{0,1000}>/gi)) {
    if (tag[1] === '') from = from < 0 ? tag.index : from;
    else if (from >= 0) {
      styles.push(head.slice(from, tag.index + tag[0].length));
      from = -1;
    }
  }
  return styles.join('');
}
