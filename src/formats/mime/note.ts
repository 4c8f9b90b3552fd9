import { field, multipart, type Pieces, textEntity } from './append.js';
import { encoded, entityOf } from './draft.js';
import { fieldValue, type HeaderField, MimeError } from './headers.js';
import { parseRaw, type RawPart } from './raw-parts.js';
import { attachmentParts, bodyParts, isInline } from './structure.js';
import { escapeHtml, htmlToText } from './text.js';
import { decodeTransfer } from './transfer.js';

/**
 * Notes as Apple's apps keep them in a mailbox: a message whose Subject is the note's first line and whose body is its HTML.
 * An edit is a new message with the same identifier in place of the old one. Not a public standard: by what the apps write.
 */
export const NOTE_TYPE = 'com.apple.mail-note';

/** Header fields of such a message, in lower case. */
export const NOTE_FIELD = {
  type: 'x-uniform-type-identifier',
  identifier: 'x-universally-unique-identifier',
  created: 'x-mail-created-date',
  /** RFC 5322 §3.6.5: the note's categories. */
  keywords: 'keywords',
  /** Outlook's kind of note, where it is not the usual one. */
  messageClass: 'x-ms-message-class',
} as const;

/** What is written of a note; null removes a field, absent keeps it. A note keeps the identifier and the date of creation it has. */
export interface NoteFields {
  readonly subject?: string;
  /** As they stand in the header. */
  readonly from?: string;
  readonly date: string;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly identifier: string;
  readonly created?: string;
  readonly keywords?: readonly string[] | null;
  readonly messageClass?: string | null;
}

/** A new note. */
export function newNote(fields: NoteFields, html: string): Uint8Array {
  return Buffer.from(textEntity('html', html, changed([], fields)));
}

/**
 * The next form of a note: what is not named stays, byte for byte, pictures and other parts among it. Parts that the old text
 * showed and the new one does not name are shown at its end: who edits by another protocol never saw them.
 * @throws MimeError when the message can't be read
 */
export function changeNote(raw: Uint8Array, fields: NoteFields, html: string | null, boundary: () => string): Uint8Array {
  const root = parseRaw(raw);
  if (root.fields.length === 0) throw new MimeError('no header fields');
  if (html === null) {
    const all = changed(root.fields, fields);
    return Buffer.concat([headerOf(all), raw.subarray(root.bodyStart)]);
  }
  const own = changed(
    root.fields.filter(({ name }) => !name.startsWith('content-')),
    fields,
  );
  const kept = attachmentParts(root);
  const shown = kept.filter(isInline);
  const text: Pieces = [textEntity('html', withReferences(html, oldHtml(raw, root), shown), [])];
  const related =
    shown.length > 0 ? multipart('related', [text, ...shown.map((part) => entityOf(raw, root, part))], [], boundary()) : text;
  const files = kept.filter((part) => !isInline(part)).map((part) => entityOf(raw, root, part));
  const whole = files.length > 0 ? multipart('mixed', [related, ...files], [], boundary()) : related;
  return Buffer.concat([lines(own), ...whole]);
}

/** Stands for an empty line while HTML is made into text. */
const EMPTY_LINE = '\ue000';

/** The text of a note's HTML, in which each line is a division and an empty line one that holds a line break. */
export function noteText(html: string): string {
  const marked = html.replace(/(<div\b[^<>]{0,500}>)\s{0,20}<br\b[^<>]{0,200}>\s{0,20}<\/div>/gi, `$1${EMPTY_LINE}</div>`);
  return htmlToText(marked).replaceAll(EMPTY_LINE, '').replaceAll('\u00a0', ' ');
}

/** The HTML of a note's text, in the way Apple's apps write it. */
export function noteHtml(text: string): string {
  const [first = '', ...rest] = text.replace(/\r\n?/g, '\n').split('\n').map(lineHtml);
  return `${first || divided('')}${rest.map(divided).join('')}`;
}

function divided(line: string): string {
  return `<div>${line || '<br>'}</div>`;
}

function lineHtml(line: string): string {
  return escapeHtml(line.replaceAll('\t', '    ')).replace(/^ +| {2,}| $/g, (blanks) => `${'&nbsp;'.repeat(blanks.length)}`);
}

/** The values of a header of this name, decoded. */
export function noteField(fields: ReadonlyMap<string, string>, name: keyof typeof NOTE_FIELD): string {
  return (fields.get(NOTE_FIELD[name]) ?? '').replace(/\p{Cc}+/gu, ' ').trim();
}

/** Keywords are phrases with commas between them (RFC 5322 §3.6.5); quoted ones may hold a comma. */
export function readKeywords(value: string): readonly string[] {
  const found = [...value.matchAll(/"((?:[^"\\]|\\.)*)"|([^,"]+)/g)].map(([, quoted, plain]) =>
    (quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1')).trim(),
  );
  return [...new Set(found.filter((word) => word !== ''))];
}

function changed(old: readonly HeaderField[], fields: NoteFields): readonly HeaderField[] {
  const had = (name: string) => old.find((each) => each.name === name);
  const created = had(NOTE_FIELD.created) ? undefined : (fields.created ?? dateOf(had('date')) ?? fields.date);
  const written: [name: string, value: string | null | undefined][] = [
    ['From', fields.from],
    ['Subject', fields.subject === undefined ? undefined : encoded(fields.subject)],
    ['Date', fields.date],
    ['Message-ID', `<${fields.messageId}>`],
    ['X-Uniform-Type-Identifier', NOTE_TYPE],
    ['X-Universally-Unique-Identifier', had(NOTE_FIELD.identifier) ? undefined : fields.identifier],
    ['X-Mail-Created-Date', created],
    ['Keywords', fields.keywords ? phrases(fields.keywords) : fields.keywords],
    ['X-MS-Message-Class', fields.messageClass],
    ['MIME-Version', had('mime-version') ? undefined : '1.0'],
  ];
  const gone = new Set(written.filter(([, value]) => value !== undefined).map(([name]) => name.toLowerCase()));
  const fresh = written.flatMap(([name, value]) => (value ? [field(name, value)] : []));
  return [...fresh, ...old.filter(({ name }) => !gone.has(name))];
}

function dateOf(date: HeaderField | undefined): string | undefined {
  return date && fieldValue(date);
}

/** Each phrase quoted, so that a comma in it stays its own; encoded where it is not ASCII. */
function phrases(words: readonly string[]): string | null {
  const quoted = words.map((word) => `"${word.replace(/\p{Cc}+/gu, ' ').replace(/["\\]/g, '\\$&')}"`);
  return words.length === 0 ? null : quoted.map((word) => encoded(word)).join(',\r\n ');
}

function headerOf(fields: readonly HeaderField[]): Uint8Array {
  return Buffer.concat([lines(fields), Buffer.from('\r\n')]);
}

function lines(fields: readonly HeaderField[]): Uint8Array {
  return Buffer.from(`${fields.map(({ raw }) => raw).join('\r\n')}\r\n`, 'latin1');
}

/** The old HTML as far as it is ASCII: enough to find the elements that show parts. */
function oldHtml(raw: Uint8Array, root: RawPart): string {
  return bodyParts(root, 'html')
    .map((part) => decodeTransfer(raw.subarray(part.bodyStart, part.end), part.encoding).toString('latin1'))
    .join('');
}

function withReferences(html: string, old: string, shown: readonly RawPart[]): string {
  const missing = shown.filter(({ contentId }) => contentId && !names(html, contentId));
  const elements = missing.map(({ contentId }) => `<div>${elementOf(old, contentId as string)}</div>`);
  const end = html.search(/<\/body\s{0,20}>(?![\s\S]*<\/body\s{0,20}>)/i);
  return end < 0 ? html + elements.join('') : html.slice(0, end) + elements.join('') + html.slice(end);
}

function names(html: string, contentId: string): boolean {
  return html.includes(`cid:${contentId}`) || html.includes(`cid:${encodeURIComponent(contentId)}`);
}

/** The element of the old text that shows a part: a picture, or what Apple's apps put there for any file. */
function elementOf(old: string, contentId: string): string {
  for (const [tag, name = ''] of old.matchAll(/<(img|object|embed|video|audio)\b[^<>]{0,4000}>/gi))
    if (names(tag, contentId) && /^[ -~\s]*$/.test(tag)) return /^(?:img|embed)$/i.test(name) ? tag : `${tag}</${name}>`;
  return `<img src="cid:${escapeHtml(contentId)}">`;
}
