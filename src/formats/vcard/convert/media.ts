import { unescapeText } from '../../content-lines.js';
import { imageType } from '../photo.js';
import type { Draft } from './draft.js';

/** The registry tree of what a property holds when 3.0 names only the end of the media type (RFC 2426 §3.1.4). */
const TREES: Readonly<Record<string, string>> = { PHOTO: 'image', LOGO: 'image', SOUND: 'audio', KEY: 'application' };
/** Kinds of keys (RFC 2426 §3.7.2) and their media types. */
const KEYS: Readonly<Record<string, string>> = { x509: 'application/pkix-cert', pgp: 'application/pgp-keys' };
const UNKNOWN = 'application/octet-stream';
/** TYPE values that are no media type. */
const PLACES: ReadonlySet<string> = new Set(['home', 'work', 'pref']);

const DATA = /^data:([^,]*?)(;base64)?,/i;
const URI = /^[a-z][a-z0-9+.-]*:/i;

/** PHOTO, LOGO, SOUND, KEY: base64 in the line (RFC 2426 §2.4.1) to a data: URI (RFC 6350 §6.2.4, RFC 2397). */
export function mediaTo4(draft: Draft): void {
  if (draft.valueType === 'text') return;
  const isBase64 = /^(?:b|base64)$/i.test(draft.param('ENCODING') ?? '');
  const isLink = !isBase64 && (draft.valueType === 'uri' || URI.test(draft.value));
  if (!isBase64 && !isLink) return void (draft.value.trim() === '' || draft.setParam('VALUE', 'text'));
  draft.setParam('ENCODING', undefined);
  draft.setParam('VALUE', undefined);
  const type = takeMediaType(draft);
  if (isLink) {
    draft.value = draft.value.includes('\\') ? unescapeText(draft.value) : draft.value;
    if (!DATA.test(draft.value)) draft.setParam('MEDIATYPE', type);
  } else {
    const data = draft.value.replace(/\s+/g, '');
    draft.value = `data:${type ?? sniffed(draft, data)};base64,${data}`;
  }
}

function takeMediaType(draft: Draft): string | undefined {
  const named = draft.take('MEDIATYPE');
  const type = draft.types.find((one) => !PLACES.has(one.toLowerCase()))?.toLowerCase();
  if (type !== undefined) draft.dropType(type);
  if (named !== undefined || type === undefined) return named;
  return (draft.name === 'KEY' ? KEYS[type] : undefined) ?? `${TREES[draft.name]}/${type}`;
}

function sniffed(draft: Draft, data: string): string {
  const type = TREES[draft.name] === 'image' ? imageType(data) : undefined;
  return type ? `image/${type.toLowerCase()}` : UNKNOWN;
}

/** The reverse of mediaTo4. */
export function mediaTo3(draft: Draft): void {
  if (draft.valueType === 'text' || draft.value.trim() === '') return;
  const value = draft.value.startsWith('data:') && draft.value.includes('\\') ? unescapeText(draft.value) : draft.value;
  const data = DATA.exec(value);
  const type = (data ? data[1]?.toLowerCase() : draft.param('MEDIATYPE')?.toLowerCase()) || undefined;
  draft.setParam('VALUE', data ? undefined : 'uri');
  if (data) {
    const rest = value.slice(data[0].length);
    draft.value = data[2] ? rest.replace(/\s+/g, '') : Buffer.from(percentDecoded(rest), 'latin1').toString('base64');
    draft.setParam('ENCODING', 'b');
  } else draft.value = value;
  nameMediaType(draft, type);
}

function percentDecoded(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return bytes.replace(/%([0-9a-f]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function nameMediaType(draft: Draft, type: string | undefined): void {
  draft.setParam('MEDIATYPE', undefined);
  if (type === undefined || type === UNKNOWN) return;
  const key = draft.name === 'KEY' ? Object.entries(KEYS).find(([, media]) => media === type)?.[0] : undefined;
  const [tree, name, ...more] = type.split('/');
  const isUsual = tree === TREES[draft.name] && more.length === 0 && /^[a-z0-9.+-]+$/.test(name ?? '');
  if (key ?? isUsual) draft.types = [(key ?? (name as string)).toUpperCase(), ...draft.types];
  else draft.setParam('MEDIATYPE', type);
}
