import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';

/** Charset labels as they occur in mail → the name that decodes what senders mean by them (as browsers do). */
const ALIASES: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  'unicode-1-1-utf-8': 'utf-8',
  'unicode-1-1-utf-7': 'utf-7',
  'us-ascii': '',
  ascii: '',
  'ansi_x3.4-1968': '',
  'x-unknown': '',
  unknown: '',
  'unknown-8bit': '',
  default: '',
  binary: '',
  '8bit': '',
  'iso-8859-1': 'windows-1252',
  iso8859_1: 'windows-1252',
  latin1: 'windows-1252',
  'iso-8859-8-i': 'iso-8859-8',
  'iso-8859-9': 'windows-1254',
  gb2312: 'gb18030',
  gbk: 'gb18030',
  'x-gbk': 'gb18030',
  'ks_c_5601-1987': 'cp949',
  'euc-kr': 'cp949',
  'x-sjis': 'shift_jis',
  'cp-850': 'cp850',
};

/** Bytes of text → string. A wrong, unknown or missing charset is guessed; nothing fails. */
export function decodeCharset(bytes: Uint8Array, charset: string | undefined): string {
  const label = (charset ?? '')
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, '')
    .slice(0, 40);
  const name = ALIASES[label] ?? label;
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (name === '' || name === 'utf-8') return decodeUtf8OrGuess(data);
  return decodeNamed(data, name) ?? decodeUtf8OrGuess(data);
}

/** The charset an HTML document declares in its first kilobyte. */
export function htmlCharset(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 2048)).toString('latin1');
  return /<meta\s[^>]{0,200}?charset\s*=\s*["']?([\w:.-]{2,40})/i.exec(head)?.[1];
}

/** How many bytes one character of ASCII takes: two in UTF-16, four in UTF-32. */
export function bytesPerCharacter(charset: string | undefined): number {
  const label = (charset ?? '').toLowerCase();
  if (/^(utf-?16|ucs-?2|unicode$)/.test(label)) return 2;
  return /^(utf-?32|ucs-?4)/.test(label) ? 4 : 1;
}

/** iconv-lite knows most; the stateful ISO-2022 family only the runtime's own decoder. */
function decodeNamed(data: Buffer, name: string): string | undefined {
  if (iconv.encodingExists(name)) return iconv.decode(data, name);
  try {
    return new TextDecoder(name).decode(data);
  } catch {
    return undefined;
  }
}

/** Text that claims to be UTF-8 or nothing: what is not UTF-8 at all is read as Western European. */
function decodeUtf8OrGuess(data: Buffer): string {
  const whole = data.subarray(0, data.length - cutCharacter(data));
  if (isUtf8(whole) || hasMultibyte(whole)) return stripMark(whole.toString('utf8'));
  return iconv.decode(data, 'windows-1252');
}

/** Bytes at the end that begin a UTF-8 character the data doesn't finish. */
function cutCharacter(data: Buffer): number {
  for (let back = 1; back <= Math.min(3, data.length); back++) {
    const byte = data[data.length - back] as number;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Whether broken UTF-8 still holds real multi-byte characters. */
function hasMultibyte(data: Buffer): boolean {
  return /[\u0080-\ufffc]/.test(data.toString('utf8'));
}

function stripMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
