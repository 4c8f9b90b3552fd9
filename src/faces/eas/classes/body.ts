import { isUtf8 } from 'node:buffer';
import type { BodyText, BodyWish, MailFolder, MessagePart, MessageSummary } from '../../../domain/mail/model.js';
import { htmlToText } from '../../../formats/mime/text.js';
import { uniqueHtml, uniqueTextAsHtml } from '../../../formats/mime/unique.js';
import { type Element, el, optional } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import type { SyncOptions } from '../sync/state.js';
import { has } from '../versions.js';
import type { BodyPreference } from './item-class.js';

/** Which forms of a body a device wants. */
export type BodyWishes = Pick<SyncOptions, 'bodies' | 'mimeSupport' | 'mimeTruncation'>;

/** A body in the form chosen for the device; `data` null: too large for it, only the size is told. */
export interface RenderedBody {
  readonly type: 1 | 2 | 4;
  readonly data: Uint8Array | null;
  /** What stands for the data in the document, where they are too many to be held. */
  readonly mark?: Uint8Array;
  readonly truncated: boolean;
  readonly estimatedSize: number;
  readonly preview: string | null;
}

/** MIMETruncation: characters of a MIME body (MS-ASCMD MIMETruncation); 8 and more: all. */
const MIME_CUTS = [0, 4096, 5120, 7168, 10240, 20480, 51200, 102400];

const WISH = { 1: 'plain', 2: 'html', 4: 'mime' } as const;
const BASE64_RATIO = 3 / 4;
const UTF8_MOST = 4;

/**
 * Bytes of one body in an answer with many items. What is longer is cut there and fetched whole by itself (ItemOperations):
 * a message of 100 MB must not be held.
 */
export const MOST_OF_MANY = 2 * 1024 * 1024;
/** The same for a body that is fetched by itself. MIME above that is sent while it is read. */
export const MOST_OF_ONE = 16 * 1024 * 1024;
/** MIME of more bytes is not held but sent while it is read. */
const HELD_MIME = 1024 * 1024;

interface Choice {
  readonly type: 1 | 2 | 4;
  readonly maxBytes?: number;
  readonly allOrNone: boolean;
}

/** Bodies of the messages as the device prefers them; a message whose body can't be made is missing. */
export async function renderBodies(
  context: EasContext,
  folder: MailFolder,
  messages: readonly MessageSummary[],
  wishes: BodyWishes,
  most = MOST_OF_MANY,
): Promise<ReadonlyMap<number, RenderedBody>> {
  const choices = new Map(messages.map((message) => [message.uid, choose(message, statedIn(context, wishes), most)]));
  const bodies = new Map<number, RenderedBody>();
  let open = messages;
  while (open.length > 0) {
    const wanted = open.filter((message) => choices.get(message.uid)?.[0]);
    for (const message of open) if (!wanted.includes(message)) bodies.set(message.uid, sizeOnly(message));
    const read = await fetchBodies(context, folder, wanted, (message) => wishOf(choices.get(message.uid)?.[0]));
    for (const [uid, body] of read) {
      const [choice] = choices.get(uid) ?? [];
      if (choice && !(choice.allOrNone && body.truncated)) bodies.set(uid, { ...rendered(choice, body), preview: null });
    }
    open = wanted.filter((message) => read.has(message.uid) && !bodies.has(message.uid));
    for (const message of open) choices.get(message.uid)?.shift();
  }
  return has(context.version, 'preview') ? withPreviews(context, folder, messages, wishes.bodies, bodies) : bodies;
}

/** How many bytes of raw MIME a device gets of one message, where they are too many to be held; null: they are not, or it gets none. */
export function streamedMime(context: EasContext, message: MessageSummary, wishes: BodyWishes): number | null {
  const [choice] = choose(message, statedIn(context, wishes), Number.POSITIVE_INFINITY);
  if (choice?.type !== 4) return null;
  const bytes = Math.min(message.size, choice.maxBytes ?? Number.POSITIVE_INFINITY);
  return bytes > HELD_MIME ? bytes : null;
}

function statedIn(context: EasContext, wishes: BodyWishes): BodyWishes {
  return has(context.version, 'bodyPreference') ? wishes : withOldBodies(wishes);
}

/** Version 2.5 has no BodyPreference: plain text, or MIME where MIMESupport asks for it. */
function withOldBodies(wishes: BodyWishes): BodyWishes {
  return wishes.bodies.length > 0 ? wishes : { ...wishes, bodies: [{ type: 1 }, { type: 4 }] };
}

/** The forms to try, best first (MS-ASAIRS BodyPreference; an AllOrNone form that is surely too large is left out). */
function choose(message: MessageSummary, wishes: BodyWishes, most: number): Choice[] {
  const { bodies, mimeSupport } = wishes;
  if (bodies.length === 0) return [];
  const native = nativeType(message.structure);
  const mime = mimeSupport === 2 || (mimeSupport === 1 && isSmime(message.structure));
  const order = [...(mime ? [4 as const] : []), native, 2 as const, 1 as const];
  const wanted = [...new Set(order)].flatMap((type) => {
    const preference = bodies.find((body) => body.type === type);
    return preference ? [choiceOf(type, preference, wishes, most)] : [];
  });
  const fitting = wanted.filter((choice) => !choice.allOrNone || estimate(message, choice.type) <= (choice.maxBytes ?? 0));
  return wanted.length === 0 ? [{ type: 1, allOrNone: false, maxBytes: most }] : fitting;
}

function choiceOf(type: 1 | 2 | 4, preference: BodyPreference, wishes: BodyWishes, most: number): Choice {
  const cut = type === 4 ? MIME_CUTS[wishes.mimeTruncation] : undefined;
  const maxBytes = Math.min(preference.truncationSize ?? most, cut ?? most, most);
  return {
    type,
    ...(Number.isFinite(maxBytes) && { maxBytes }),
    allOrNone: preference.allOrNone === true && preference.truncationSize !== undefined,
  };
}

function wishOf(choice: Choice | undefined): BodyWish | null {
  if (!choice) return null;
  return { type: WISH[choice.type], ...(choice.maxBytes !== undefined && { maxBytes: choice.maxBytes }) };
}

function rendered(choice: Choice, body: BodyText): Omit<RenderedBody, 'preview'> {
  return { type: choice.type, data: body.data, truncated: body.truncated, estimatedSize: body.estimatedSize };
}

function sizeOnly(message: MessageSummary): RenderedBody {
  const type = nativeType(message.structure);
  return { type, data: null, truncated: true, estimatedSize: estimate(message, type), preview: null };
}

/** Asks for all at once; when that fails because of one of them, for each by itself. */
async function fetchBodies(
  context: EasContext,
  folder: MailFolder,
  messages: readonly MessageSummary[],
  wish: (message: MessageSummary) => BodyWish | null,
): Promise<ReadonlyMap<number, BodyText>> {
  const { mail } = context.services;
  if (messages.length === 0) return new Map();
  try {
    return await mail.bodies(context.session, folder, messages, wish);
  } catch (error) {
    if (messages.length === 1 || (error as { kind?: string }).kind === 'unavailable') throw error;
    context.log.warn({ folder: folder.id, err: error }, 'bodies could not be read together');
    const bodies = new Map<number, BodyText>();
    for (const message of messages) {
      const single = await mail.bodies(context.session, folder, [message], wish).catch(() => new Map<number, BodyText>());
      for (const [uid, body] of single) bodies.set(uid, body);
    }
    return bodies;
  }
}

/** Preview: the first characters as plain text, beside a body that is not itself the plain text. */
async function withPreviews(
  context: EasContext,
  folder: MailFolder,
  messages: readonly MessageSummary[],
  preferences: readonly BodyPreference[],
  bodies: ReadonlyMap<number, RenderedBody>,
): Promise<ReadonlyMap<number, RenderedBody>> {
  const length = (body: RenderedBody | undefined) =>
    (body && preferences.find((preference) => preference.type === body.type)?.preview) ?? 0;
  const wanted = messages.filter((message) => {
    const body = bodies.get(message.uid);
    return body !== undefined && length(body) > 0 && (body.type !== 1 || body.data === null);
  });
  if (wanted.length === 0) return bodies;
  const texts = await fetchBodies(context, folder, wanted, (message) => ({
    type: 'plain',
    maxBytes: length(bodies.get(message.uid)) * UTF8_MOST * 2,
  }));
  const complete = new Map(bodies);
  for (const [uid, text] of texts) {
    const body = bodies.get(uid);
    if (body) complete.set(uid, { ...body, preview: previewText(text.data, length(body)) });
  }
  return complete;
}

/** HTML of a message that is looked through for what is its own. */
const MOST_OF_PART = 512 * 1024;

/** What each message says itself, without what it quotes of its conversation (MS-ASCON BodyPart). */
export async function renderBodyParts(
  context: EasContext,
  folder: MailFolder,
  messages: readonly MessageSummary[],
  wish: BodyPreference,
): Promise<ReadonlyMap<number, RenderedBody>> {
  const kind = (message: MessageSummary) => (nativeType(message.structure) === 2 ? ('html' as const) : ('plain' as const));
  const texts = await fetchBodies(context, folder, messages, (message) => ({ type: kind(message), maxBytes: MOST_OF_PART }));
  const parts = new Map<number, RenderedBody>();
  for (const message of messages) {
    const text = texts.get(message.uid);
    if (text) parts.set(message.uid, ownPart(Buffer.from(text.data).toString('utf8'), kind(message), wish));
  }
  return parts;
}

function ownPart(text: string, kind: 'html' | 'plain', { truncationSize, allOrNone, preview }: BodyPreference): RenderedBody {
  const whole = Buffer.from(kind === 'html' ? uniqueHtml(text) : uniqueTextAsHtml(text));
  const truncated = truncationSize !== undefined && whole.length > truncationSize;
  const data = truncated ? (allOrNone ? null : whole.subarray(0, charBoundary(whole, truncationSize))) : whole;
  const words = preview ? previewText(Buffer.from(htmlToText(whole.toString('utf8'))), preview) : null;
  return { type: 2, data, truncated, estimatedSize: whole.length, preview: words };
}

/** The last place at or before `at` where a character begins. */
function charBoundary(text: Buffer, at: number): number {
  let end = at;
  while (end > 0 && ((text[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}

/** The BodyPart element (MS-ASAIRS 2.2.2.10). */
export function bodyPartElement({ data, truncated, estimatedSize, preview }: RenderedBody): Element {
  return el(
    'AirSyncBase:BodyPart',
    el('AirSyncBase:Status', 1),
    el('AirSyncBase:Type', 2),
    el('AirSyncBase:EstimatedDataSize', estimatedSize),
    truncated ? el('AirSyncBase:Truncated', 1) : undefined,
    data ? el('AirSyncBase:Data', textOrBytes(data)) : undefined,
    preview ? el('AirSyncBase:Preview', preview) : undefined,
  );
}

function previewText(data: Uint8Array, length: number): string {
  const text = Buffer.from(data).toString('utf8').replace(/\s+/g, ' ').trim();
  return [...text].slice(0, length).join('');
}

/** The Body element; `data` is left to a Part of a multipart answer where one is named (MS-ASAIRS 2.2.2.9). */
export function bodyElement(body: RenderedBody, part?: number): Element {
  return el(
    'AirSyncBase:Body',
    el('AirSyncBase:Type', body.type),
    el('AirSyncBase:EstimatedDataSize', Math.max(body.estimatedSize, body.truncated ? 0 : (body.data?.length ?? 0))),
    body.truncated ? el('AirSyncBase:Truncated', 1) : undefined,
    body.data && part === undefined ? el('AirSyncBase:Data', textOrBytes(body.data)) : undefined,
    body.mark && part === undefined ? el('AirSyncBase:Data', body.mark) : undefined,
    optional('ItemOperations:Part', part),
    body.preview ? el('AirSyncBase:Preview', body.preview) : undefined,
  );
}

/** Text goes as a string; bytes that are no UTF-8 (raw MIME) go unchanged as OPAQUE. */
export function textOrBytes(data: Uint8Array): string | Uint8Array {
  return isUtf8(data) ? Buffer.from(data).toString('utf8') : data;
}

/** 2 when the message has an HTML body, else 1 (MS-ASAIRS NativeBodyType). */
export function nativeType(structure: MessagePart): 1 | 2 {
  return textPart(structure, 'text/html') ? 2 : 1;
}

/** Whether the message is signed or encrypted by S/MIME, so that it must go as MIME. */
export function isSmime(structure: MessagePart): boolean {
  return /^application\/(x-)?pkcs7-mime$/.test(structure.type) || isClearSigned(structure);
}

/** multipart/signed by S/MIME. */
export function isClearSigned(structure: MessagePart): boolean {
  return structure.type === 'multipart/signed' && /pkcs7/i.test(structure.parameters.protocol ?? 'pkcs7');
}

/** The size in bytes that the body will have in that form, by the structure alone. */
function estimate(message: MessageSummary, type: 1 | 2 | 4): number {
  if (type === 4) return message.size;
  const part = textPart(message.structure, type === 2 ? 'text/html' : 'text/plain') ?? anyText(message.structure);
  if (!part) return 0;
  return Math.round(part.encoding.toLowerCase() === 'base64' ? part.size * BASE64_RATIO : part.size);
}

function anyText(structure: MessagePart): MessagePart | undefined {
  return textPart(structure, 'text/html') ?? textPart(structure, 'text/plain');
}

function textPart(part: MessagePart, type: string): MessagePart | undefined {
  if (part.type === type && part.disposition !== 'attachment') return part;
  if (!part.type.startsWith('multipart/')) return undefined;
  for (const inner of part.children) {
    const found = textPart(inner, type);
    if (found) return found;
  }
  return undefined;
}
