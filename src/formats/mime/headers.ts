import libmime from 'libmime';

/** A message or header that can't be read. */
export class MimeError extends Error {
  override readonly name = 'MimeError';
}

/** Longer headers are refused. */
export const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_FIELDS = 2000;

/** A header field as it stands in the message. */
export interface HeaderField {
  /** Lower-case name. */
  readonly name: string;
  /** The field with its folding, without the final line end; one character per byte. */
  readonly raw: string;
}

/** A message cut after its header; the body's bytes are not copied. */
export interface SplitMessage {
  readonly fields: readonly HeaderField[];
  readonly body: Uint8Array;
}

/** Cuts a message into header fields and body. @throws MimeError when there is no header or it is too long. */
export function splitMessage(raw: Uint8Array): SplitMessage {
  const data = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const start = skipLeadingLines(data);
  const { headerEnd, bodyStart } = findBody(data, start);
  if (headerEnd - start > MAX_HEADER_BYTES) throw new MimeError('header too long');
  const fields = parseFields(data.toString('latin1', start, headerEnd));
  if (fields.length === 0) throw new MimeError('no header fields');
  return { fields, body: raw.subarray(bodyStart) };
}

/** Puts fields and body together again with CRLF after each field. */
export function joinMessage(fields: readonly HeaderField[], body: Uint8Array): Uint8Array {
  const header = Buffer.from(`${fields.map((field) => field.raw).join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([header, body]);
}

/** Header text → fields; lines that are no field are dropped. */
export function parseFields(text: string): readonly HeaderField[] {
  const fields: { name: string; raw: string }[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const last = fields.at(-1);
    const name = /^([!-9;-~]{1,200})[ \t]*:/.exec(line)?.[1];
    if (/^[ \t]/.test(line)) {
      if (last) last.raw += `\r\n${line}`;
    } else if (name !== undefined) {
      if (fields.length >= MAX_FIELDS) throw new MimeError('too many header fields');
      fields.push({ name: name.toLowerCase(), raw: line });
    }
  }
  return fields;
}

/** A field's value without its name, unfolded, not decoded. */
export function fieldValue(field: HeaderField): string {
  return field.raw
    .slice(field.raw.indexOf(':') + 1)
    .replace(/\r\n(?=[ \t])/g, '')
    .trim();
}

/** A header value for people: UTF-8 where it is raw, encoded words (RFC 2047) decoded. Never fails. */
export function decodeValue(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is for anything beyond ASCII
  const text = /[^\u0000-\u007f]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
  if (!text.includes('=?')) return text;
  try {
    return libmime.decodeWords(text);
  } catch {
    return text;
  }
}

/** A header block as IMAP gives it → first value of each name, decoded, at most `maxLength` characters each. */
export function headerMap(block: Uint8Array, maxLength: number): ReadonlyMap<string, string> {
  const text = Buffer.from(block.buffer, block.byteOffset, Math.min(block.byteLength, MAX_HEADER_BYTES)).toString('latin1');
  const map = new Map<string, string>();
  for (const field of parseFields(text)) {
    if (!map.has(field.name)) map.set(field.name, decodeValue(fieldValue(field).slice(0, maxLength)));
  }
  return map;
}

/** Some clients begin with an empty line, some mailboxes with an mbox `From ` line. */
function skipLeadingLines(data: Buffer): number {
  let at = 0;
  while (at < 4 && (data[at] === 0x0d || data[at] === 0x0a)) at++;
  if (data.toString('latin1', at, at + 5) !== 'From ') return at;
  const end = data.indexOf(0x0a, at);
  return end < 0 ? data.length : end + 1;
}

function findBody(data: Buffer, start: number): { headerEnd: number; bodyStart: number } {
  const found = [
    { at: data.indexOf('\r\n\r\n', start, 'latin1'), length: 4 },
    { at: data.indexOf('\n\n', start, 'latin1'), length: 2 },
  ].filter(({ at }) => at >= 0);
  const first = found.sort((a, b) => a.at - b.at)[0];
  return first ? { headerEnd: first.at, bodyStart: first.at + first.length } : { headerEnd: data.length, bodyStart: data.length };
}
