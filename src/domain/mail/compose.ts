import { randomBytes } from 'node:crypto';
import {
  type Appendix,
  append,
  bodyFragment,
  isProtected,
  type Pieces,
  textFragment,
  textKinds,
  withThread,
} from '../../formats/mime/append.js';
import { MimeError } from '../../formats/mime/headers.js';
import { attachmentParts } from '../../formats/mime/structure.js';
import { escapeHtml } from '../../formats/mime/text.js';
import { DomainError } from '../errors.js';
import type { Session } from '../types.js';
import type { MailAddress, MailFolder, MessagePart, MessageSummary } from './model.js';
import type { Mail } from './service.js';

/** A message that is answered or forwarded. */
export interface Original {
  readonly folder: MailFolder;
  readonly message: MessageSummary;
}

export type Purpose = 'reply' | 'forward';

/** Larger messages are not made: no mail server takes them. */
const MAX_BYTES = 50 * 1024 * 1024;
/** Text of the original in a reply. */
const MAX_TEXT = 1024 * 1024;

/** Messages whose body is nothing without the rest: they are forwarded whole, so that the signature can be checked. */
const INDIVISIBLE = /^multipart\/report$/;

/**
 * The new message with the original below it: a reply quotes its text, a forwarded message holds its text and carries its
 * attachments byte for byte. A new message that is signed or encrypted stays as it is.
 * @throws DomainError `invalid` for a message that can't be read, `too-large`
 */
export async function composeAbout(
  mail: Mail,
  s: Session,
  raw: Uint8Array,
  original: Original,
  purpose: Purpose,
): Promise<Uint8Array> {
  return readable(async () => {
    const appendix = await appendixOf(mail, s, original, purpose, textKinds(raw).has('html'));
    return append(withThread(raw, ancestor(original.message, purpose)), appendix, newBoundary);
  });
}

/** The new message as it is, with what ties it to the original in its header. @throws DomainError `invalid` */
export function composeAlone(raw: Uint8Array, { message }: Original, purpose: Purpose): Promise<Uint8Array> {
  return readable(async () => withThread(raw, ancestor(message, purpose)));
}

/** Makes a whole of a message and what stands below it. @throws DomainError `invalid` */
export function composeWith(raw: Uint8Array, appendix: Appendix): Promise<Uint8Array> {
  return readable(async () => append(raw, appendix, newBoundary));
}

async function readable(work: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MimeError) throw new DomainError('invalid', error.message, { cause: error });
    throw error;
  }
}

function newBoundary(): string {
  return `=_${randomBytes(18).toString('hex')}`;
}

function ancestor({ messageId, headers }: MessageSummary, purpose: Purpose) {
  return { messageId, references: headers.get('references') ?? '', isReply: purpose === 'reply' };
}

async function appendixOf(mail: Mail, s: Session, original: Original, purpose: Purpose, html: boolean): Promise<Appendix> {
  const { folder, message } = original;
  const whole = purpose === 'forward' && (isProtected(message.structure) || INDIVISIBLE.test(message.structure.type));
  const texts = whole ? { plain: '', html: '' } : await textsOf(mail, s, original, html);
  const shown = new Set([...texts.html.matchAll(/\bcid:([^"'\s<>)]{1,500})/gi)].map(([, id]) => decoded(id as string)));
  const parts = whole ? [] : attachmentParts<MessagePart>(message.structure);
  const inline = parts.filter(({ contentId }) => contentId !== null && shown.has(contentId));
  const carried = purpose === 'forward' ? parts.filter((part) => !inline.includes(part)) : [];
  const total = [...inline, ...carried].reduce((sum, part) => sum + part.size, whole ? message.size : 0);
  if (total > MAX_BYTES) throw new DomainError('too-large', 'the attachments are too large');
  return {
    ...below(headLines(s, message), texts, purpose),
    inline: await entities(mail, s, folder, message, inline),
    attachments: whole ? [await embedded(mail, s, original)] : await entities(mail, s, folder, message, carried),
  };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** A text in two forms; HTML is a fragment, empty where there is only plain text. */
export interface Texts {
  readonly plain: string;
  readonly html: string;
}

/** A line above the original: `['From', 'Ada <ada@example.org>']`. */
export type HeadLine = readonly [name: string, value: string];

/** What stands below a new message: the original with its head, quoted in a reply. */
export function below(lines: readonly HeadLine[], texts: Texts, purpose: Purpose): Texts {
  return purpose === 'reply' ? quotedForms(lines, texts) : plainForms(lines, texts);
}

/** The text of the original in the forms that the new message has. */
async function textsOf(mail: Mail, s: Session, { folder, message }: Original, html: boolean): Promise<Texts> {
  const read = async (type: 'plain' | 'html') => {
    const body = (await mail.bodies(s, folder, [message], () => ({ type, maxBytes: MAX_TEXT }))).get(message.uid);
    return Buffer.from(body?.data ?? []).toString('utf8');
  };
  return { plain: await read('plain'), html: html ? bodyFragment(await read('html')) : '' };
}

/** What a mail program writes above the original. */
function headLines(s: Session, message: MessageSummary): readonly HeadLine[] {
  const lines: HeadLine[] = [
    ['From', people(message.from)],
    ['Sent', when(message.date ?? message.received, s.user.zone)],
    ['To', people(message.to)],
    ['Cc', people(message.cc)],
    ['Subject', message.subject],
  ];
  return lines.filter(([, value]) => value !== '');
}

const MOST_PEOPLE = 50;

function people(list: readonly MailAddress[]): string {
  const shown = list
    .slice(0, MOST_PEOPLE)
    .map(({ name, address }) => (name && name !== address ? `${name} <${address}>` : address));
  return [...shown, ...(list.length > MOST_PEOPLE ? ['…'] : [])].join('; ');
}

/** In the user's own zone, in a form that no country misreads. */
export function when(date: Date, zone: string): string {
  const form = { dateStyle: 'full', timeStyle: 'short' } as const;
  try {
    return date.toLocaleString('en-GB', { ...form, timeZone: zone });
  } catch {
    return `${date.toLocaleString('en-GB', { ...form, timeZone: 'UTC' })} UTC`;
  }
}

const RULE = '________________________________';

function head(lines: readonly HeadLine[]): Texts {
  const html = lines.map(([name, value]) => `<b>${name}:</b> ${escapeHtml(value)}<br>`).join('\r\n');
  return { plain: lines.map(([name, value]) => `${name}: ${value}`).join('\r\n'), html: `<hr><div>${html}</div><br>` };
}

function plainForms(lines: readonly HeadLine[], texts: Texts): Texts {
  const top = head(lines);
  return {
    plain: `${RULE}\r\n${top.plain}\r\n\r\n${texts.plain}\r\n`,
    html: `${top.html}<div>${texts.html || textFragment(texts.plain)}</div>`,
  };
}

function quotedForms(lines: readonly HeadLine[], texts: Texts): Texts {
  const top = head(lines);
  return {
    plain: `${RULE}\r\n${top.plain}\r\n\r\n${quoted(texts.plain)}\r\n`,
    html: `${top.html}<blockquote type="cite">${texts.html || textFragment(texts.plain)}</blockquote>`,
  };
}

/** RFC 3676 §4.5; blanks at the end would join lines where the new text is flowed. */
function quoted(text: string): string {
  const lines = text.replace(/\s+$/, '').split(/\r\n|\r|\n/);
  return lines.map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`).trimEnd()).join('\r\n');
}

/** Parts with their own headers, as the mail server has them. */
async function entities(
  mail: Mail,
  s: Session,
  folder: MailFolder,
  message: MessageSummary,
  parts: readonly MessagePart[],
): Promise<Pieces[]> {
  const found: Pieces[] = [];
  for (const part of parts) {
    const bytes = await section(mail, s, folder, message.uid, part.section);
    if (!bytes) throw new DomainError('not-found', 'the message is gone');
    found.push([await headerOf(mail, s, folder, message, part), bytes]);
  }
  return found;
}

/** The MIME header of a part (RFC 9051 §6.4.5.1). The only part of a message has its in that of the message. */
async function headerOf(
  mail: Mail,
  s: Session,
  folder: MailFolder,
  message: MessageSummary,
  part: MessagePart,
): Promise<Uint8Array> {
  const own = part === message.structure ? null : await section(mail, s, folder, message.uid, `${part.section}.MIME`);
  const text = own && Buffer.from(own).toString('latin1').trimEnd();
  return Buffer.from(`${text || describe(part)}\r\n\r\n`, 'latin1');
}

function describe(part: MessagePart): string {
  const name =
    part.filename === null ? '' : `; filename*=utf-8''${encodeURIComponent(part.filename).replace(/['()*]/g, percent)}`;
  return [
    `Content-Type: ${part.type}`,
    `Content-Transfer-Encoding: ${part.encoding}`,
    `Content-Disposition: attachment${name}`,
    ...(part.contentId === null ? [] : [`Content-ID: <${part.contentId}>`]),
  ].join('\r\n');
}

function percent(sign: string): string {
  return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The whole original as a part. */
async function embedded(mail: Mail, s: Session, { folder, message }: Original): Promise<Pieces> {
  const bytes = await section(mail, s, folder, message.uid, '');
  if (!bytes) throw new DomainError('not-found', 'the message is gone');
  const head = 'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="forwarded.eml"\r\n\r\n';
  return [Buffer.from(head), bytes];
}

async function section(mail: Mail, s: Session, folder: MailFolder, uid: number, name: string): Promise<Uint8Array | null> {
  const [part] = await mail.parts(s, folder, [{ uid, section: name }]);
  return part?.bytes ?? null;
}
