/**
 * Values of content lines: TEXT escapes (RFC 5545 §3.3.11, RFC 6350 §3.4), lists, structured values, parameter values
 * (RFC 6868), quoted-printable (vCard 2.1) and folding (RFC 5545 §3.1).
 */

import iconv from 'iconv-lite';

const UNESCAPES: Readonly<Record<string, string>> = { n: '\n', N: '\n', '\\': '\\', ';': ';', ',': ',', ':': ':', '"': '"' };

// Control characters other than tab and line feed have no place in TEXT (RFC 5545 §3.1 CONTROL).
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Escapes a text for a TEXT value: backslash, semicolon, comma, line break. Other control characters are dropped. */
export function escapeText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(CONTROLS, '')
    .replace(/[\\;,]/g, '\\$&')
    .replace(/\n/g, '\\n');
}

/** The reverse of escapeText. A backslash before anything else is kept, as clients forget to escape it in paths. */
export function unescapeText(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\([\s\S])/g, (whole, char: string) => UNESCAPES[char] ?? whole);
}

/** Splits a raw value at a separator that is not escaped by a backslash; the pieces stay escaped. */
export function splitEscaped(value: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === '\\') at++;
    else if (char === separator) {
      parts.push(value.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(value.slice(start));
  return parts;
}

/** `a\,b,c` → `['a,b', 'c']`: CATEGORIES, RESOURCES, NICKNAME. An empty value is an empty list. */
export function parseList(value: string): string[] {
  return value === '' ? [] : splitEscaped(value, ',').map(unescapeText);
}

export function formatList(items: readonly string[]): string {
  return items.map(escapeText).join(',');
}

/** `Doe;John;Q.,P.` → `[['Doe'], ['John'], ['Q.', 'P.']]`: N, ADR, ORG. An empty component is an empty list. */
export function parseStructured(value: string): string[][] {
  return splitEscaped(value, ';').map(parseList);
}

export function formatStructured(components: readonly (readonly string[] | string)[]): string {
  return components.map((part) => (typeof part === 'string' ? escapeText(part) : formatList(part))).join(';');
}

const PARAM_DECODE: Readonly<Record<string, string>> = { '^n': '\n', "^'": '"', '^^': '^' };
const PARAM_ENCODE: Readonly<Record<string, string>> = { '\n': '^n', '"': "^'", '^': '^^' };

/** RFC 6868 §3.2 */
export function decodeParamValue(value: string): string {
  return value.includes('^') ? value.replace(/\^[n'^]/g, (code) => PARAM_DECODE[code] as string) : value;
}

/** A parameter value as it stands in a line: RFC 6868 §3.1, quoted where it holds `,` `;` or `:`. */
export function encodeParamValue(value: string): string {
  const encoded = value
    .replace(/\r\n?/g, '\n')
    .replace(/[\n"^]/g, (char) => PARAM_ENCODE[char] as string)
    .replace(CONTROLS, '');
  return /[,;:]/.test(encoded) ? `"${encoded}"` : encoded;
}

/** Bytes of a quoted-printable value (RFC 2045 §6.7), soft breaks already joined; damaged escapes are kept as they are. */
export function decodeQuotedPrintable(value: string, charset = 'utf-8'): string {
  const bytes = Buffer.from(
    value.replace(/=([0-9A-Fa-f]{2})|[^\x20-\x7e\t]/g, (whole, hex?: string) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : Buffer.from(whole, 'utf8').toString('latin1'),
    ),
    'latin1',
  );
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // Old phones name code pages that the Web never had; what nobody knows is taken for UTF-8.
    return iconv.encodingExists(charset) ? iconv.decode(bytes, charset) : bytes.toString('utf8');
  }
}

const OCTETS = 75;

function octets(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** Folds a logical line to at most 75 octets per physical line, never inside a character (RFC 5545 §3.1). No final line end. */
export function foldLine(line: string, eol = '\r\n'): string {
  if (line.length <= OCTETS / 3) return line;
  const pieces: string[] = [];
  let start = 0;
  let width = 0;
  for (let at = 0; at < line.length; ) {
    const codePoint = line.codePointAt(at) as number;
    const size = octets(codePoint);
    if (width + size > OCTETS) {
      pieces.push(line.slice(start, at));
      start = at;
      width = 1; // the space that starts a continuation
    }
    width += size;
    at += codePoint > 0xffff ? 2 : 1;
  }
  pieces.push(line.slice(start));
  return pieces.join(`${eol} `);
}

/** Breaks a quoted-printable line softly: `=` at the end of each piece, never inside an escape (vCard 2.1 §2.1.3). */
export function foldQuotedPrintable(line: string, eol = '\r\n'): string {
  const pieces: string[] = [];
  const head = line.indexOf(':') + 1; // is never broken
  let start = 0;
  while (line.length - start > OCTETS) {
    let end = Math.max(start + OCTETS - 1, head);
    const code = line.lastIndexOf('=', end - 1);
    if (code >= head && code > start && code > end - 3) end = code;
    pieces.push(line.slice(start, end));
    start = end;
  }
  pieces.push(line.slice(start));
  return pieces.join(`=${eol}`);
}
