import libmime from 'libmime';
import { decodeCharset } from '../../formats/mime/charset.js';
import { type Tree, textOf } from './tokens.js';

/** More parameters of one part are not looked at. */
const MAX_PARAMETERS = 200;

/** A parameter list of BODYSTRUCTURE, names in lower case; RFC 2231 continuations joined and decoded. */
export function readParameters(list: Tree | undefined): Record<string, string> {
  const plain = new Map<string, string>();
  const split: [name: string, value: string][] = [];
  const pairs = Array.isArray(list) ? (list as readonly Tree[]).slice(0, 2 * MAX_PARAMETERS) : [];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = textOf(pairs[at])?.toLowerCase() ?? '';
    const value = textOf(pairs[at + 1]) ?? '';
    if (name.includes('*')) split.push([name, value]);
    else if (name !== '') plain.set(name, value.includes('=?') ? libmime.decodeWords(value) : value);
  }
  const filename = extendedValue(plain.get('filename'));
  if (filename !== undefined) plain.set('filename', filename);
  for (const [name, value] of joined(split)) plain.set(name, value);
  return Object.fromEntries(plain);
}

/** Some programs write `charset'language'text` into the plain parameter. */
function extendedValue(value: string | undefined): string | undefined {
  return value && /^[\w-]+'[\w-]*'[^']+$/.test(value) && value.includes('%') ? decodeExtended(value) : undefined;
}

interface Segment {
  readonly index: number;
  readonly encoded: boolean;
  readonly value: string;
}

/** `name*`, `name*0`, `name*1*` … → `name` (RFC 2231 §3, §4). */
function joined(split: readonly (readonly [string, string])[]): [string, string][] {
  const byName = new Map<string, Segment[]>();
  for (const [key, value] of split) {
    const match = /^([^*]+)\*(?:(\d{1,4})(\*)?)?$/.exec(key);
    if (!match?.[1]) continue;
    const encoded = match[2] === undefined || match[3] !== undefined;
    byName.set(match[1], [...(byName.get(match[1]) ?? []), { index: Number(match[2] ?? 0), encoded, value }]);
  }
  return [...byName].map(([name, segments]) => {
    const sorted = segments.sort((a, b) => a.index - b.index);
    const texts = sorted.map(({ encoded, value }) => (encoded ? value : value.replaceAll('%', '%25')));
    return [name, sorted[0]?.encoded ? decodeExtended(texts.join('')) : decodeWords(sorted)];
  });
}

function decodeWords(segments: readonly Segment[]): string {
  return libmime.decodeWords(segments.map(({ value }) => value).join(''));
}

/** `charset'language'text`, the text percent-encoded. */
function decodeExtended(text: string): string {
  const match = /^([^']*)'[^']*'([\s\S]*)$/.exec(text);
  const escaped = (match?.[2] ?? text).replace(/\P{ASCII}+/gu, encodeURIComponent);
  const bytes = escaped.replace(/%([0-9A-F]{2})/gi, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeCharset(Buffer.from(bytes, 'latin1'), match?.[1] || 'utf-8');
}
