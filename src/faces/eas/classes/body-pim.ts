import { type Component, escapeText, Property } from '../../../formats/content-lines.js';
import { htmlToText, textToHtml, truncateUtf8 } from '../../../formats/mime/text.js';
import { childText, type Element, el, text } from '../../../formats/wbxml/tree.js';
import { cleaned, type ValueType } from '../schema/values.js';
import { atLeast } from '../versions.js';
import type { BodyPreference, RenderContext } from './item-class.js';

/** The notes of an item in the forms it is kept in; empty text for none. */
export interface Notes {
  readonly plain: string;
  readonly html?: string;
}

/** A Body (MS-ASAIRS 2.2.2.9): as shown, with the notes it was made from, or as a client sent it. */
export interface Body {
  readonly type: 1 | 2;
  readonly data: string;
  /** Bytes of the whole. */
  readonly size?: number;
  readonly truncated?: boolean;
  readonly preview?: string;
  readonly notes?: Notes;
}

const PLAIN = 1;
const HTML = 2;

export const bodyValue: ValueType<Body> = {
  read: readBody,
  write: (body) => [
    el('AirSyncBase:Type', body.type),
    el('AirSyncBase:EstimatedDataSize', body.size ?? Buffer.byteLength(body.data)),
    // Some clients stumble over Truncated 0 in bodies that are no mail.
    body.truncated ? el('AirSyncBase:Truncated', true) : undefined,
    body.truncated && body.data === '' ? undefined : el('AirSyncBase:Data', body.data),
    body.preview ? el('AirSyncBase:Preview', body.preview) : undefined,
  ],
  same: sameBody,
  isNothing: (body) => body.data === '' && !body.truncated,
};

/** Without Data a body says nothing (it is kept). RTF and MIME are not kept for items that are no mail. */
function readBody(element: Element): Body | undefined {
  const data = childText(element, 'AirSyncBase:Data');
  const type = Number(childText(element, 'AirSyncBase:Type') ?? PLAIN);
  if (data === undefined || (type !== PLAIN && type !== HTML)) return undefined;
  return { type, data: cleaned(data), truncated: childText(element, 'AirSyncBase:Truncated')?.trim() === '1' };
}

/**
 * Whether what a client sent is what it was shown: the same text, the same HTML, HTML that says no more than the text, or
 * the beginning of what was too long for it.
 */
function sameBody(shown: Body, sent: Body): boolean {
  const notes = shown.notes ?? { plain: shown.data };
  if (sent.type === HTML && notes.html !== undefined) return sameText(notes.html, sent.data);
  const plain = sent.type === HTML ? htmlToText(sent.data) : sent.data;
  if (sent.truncated) return squeezed(notes.plain).startsWith(squeezed(plain));
  return sent.type === HTML ? squeezed(notes.plain) === squeezed(plain) : sameText(notes.plain, plain);
}

function sameText(a: string, b: string): boolean {
  return cleaned(a).trimEnd() === cleaned(b).trimEnd();
}

function squeezed(value: string): string {
  return value.replace(/[\s\u00a0]+/g, ' ').trim();
}

/** The body a device asked for; without a preference all of the text, since no device asks for the rest of an item. */
export function bodyFor(notes: Notes, context: RenderContext): Body | undefined {
  if (notes.plain === '' && !notes.html) return undefined;
  const choices = candidates(notes, context.bodyPreferences);
  const chosen = choices.find((choice) => !refused(choice)) ?? choices.at(-1);
  return chosen && { ...cut(chosen), ...previewOf(chosen, notes, context), notes };
}

interface Choice {
  readonly type: 1 | 2;
  readonly data: string;
  readonly preference: BodyPreference | undefined;
}

/** The item's own form where it is wanted, else HTML before text; text without limits last (MS-ASAIRS, preference rules). */
function candidates(notes: Notes, preferences: readonly BodyPreference[]): Choice[] {
  const order = notes.html === undefined ? ([PLAIN, HTML] as const) : ([HTML, PLAIN] as const);
  const wanted = order.flatMap((type) => {
    const preference = preferences.find((candidate) => candidate.type === type);
    return preference ? [{ type, data: dataOf(notes, type), preference }] : [];
  });
  return wanted.length > 0 ? wanted : [{ type: PLAIN, data: dataOf(notes, PLAIN), preference: undefined }];
}

function dataOf(notes: Notes, type: 1 | 2): string {
  if (type === HTML) return cleaned(notes.html ?? textToHtml(notes.plain));
  return cleaned(notes.plain).replace(/\n/g, '\r\n');
}

function refused({ data, preference }: Choice): boolean {
  const { allOrNone, truncationSize } = preference ?? {};
  return allOrNone === true && truncationSize !== undefined && Buffer.byteLength(data) > truncationSize;
}

function cut({ type, data, preference }: Choice): Body {
  const size = Buffer.byteLength(data);
  const most = preference?.truncationSize ?? Number.POSITIVE_INFINITY;
  if (size <= most) return { type, data, size };
  return { type, data: Buffer.from(truncateUtf8(Buffer.from(data), most)).toString(), size, truncated: true };
}

/** Not beside plain text, which is its own preview (MS-ASAIRS Preview). */
function previewOf({ type, preference }: Choice, notes: Notes, { version }: RenderContext): Pick<Body, 'preview'> {
  if (type === PLAIN || !preference?.preview || !atLeast(version, '14.0')) return {};
  return { preview: [...squeezed(notes.plain)].slice(0, preference.preview).join('') };
}

/** Properties that hold a description as HTML: Outlook's, and that of RFC 9073 §6.5. */
const HTML_PROPERTIES = ['X-ALT-DESC', 'STYLED-DESCRIPTION'] as const;

function htmlProperty(component: Component): Property | undefined {
  const found = HTML_PROPERTIES.flatMap((name) => component.all(name));
  return found.find((property) => property.param('FMTTYPE')?.toLowerCase() === 'text/html' && property.text.trim() !== '');
}

/** DESCRIPTION, and its HTML form where there is one. */
export function descriptionOf(component: Component): Notes {
  const html = htmlProperty(component)?.text;
  const plain = component.first('DESCRIPTION')?.text ?? '';
  return { plain: plain.trim() === '' && html !== undefined ? htmlToText(html) : plain, html };
}

/** The text of what a client sent; empty for nothing. */
export function plainOf(body: Body | undefined): string {
  if (!body) return '';
  return (body.type === HTML ? htmlToText(body.data) : body.data).replace(/\r\n?/g, '\n').trimEnd();
}

/** Writes what a client sent; an HTML form of the text before it goes with that text. */
export function setDescription(component: Component, body: Body | undefined): void {
  for (const name of HTML_PROPERTIES) component.remove(name);
  const plain = plainOf(body);
  if (plain === '') component.remove('DESCRIPTION');
  else component.set('DESCRIPTION', escapeText(plain), { ALTREP: undefined });
  if (body?.type === HTML && plain !== '')
    component.add(new Property('X-ALT-DESC', escapeText(body.data), { FMTTYPE: 'text/html' }));
}

/** The text of an element of version 2.5, which knows no other form. */
export function plainBody(element: Element): Body | undefined {
  const data = text(element);
  return data ? { type: PLAIN, data: cleaned(data) } : undefined;
}
