import libmime from 'libmime';
import { fieldValue, type HeaderField, MAX_HEADER_BYTES, MimeError, parseFields } from './headers.js';
import type { MimePart } from './structure.js';

/** A part of a message at hand, with the place of its bytes in the message: what is not changed is never written anew. */
export interface RawPart extends MimePart {
  readonly fields: readonly HeaderField[];
  /** First byte of the header, first byte of the body, and the byte after the body. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly children: readonly RawPart[];
}

const MAX_PARTS = 1000;
const MAX_DEPTH = 20;
const CR = 0x0d;
const LF = 0x0a;

/** Takes a message apart as IMAP's BODYSTRUCTURE does; multiparts that can't be read are leaves. @throws MimeError */
export function parseRaw(raw: Uint8Array): RawPart {
  const data = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  return readPart(data, { start: 0, end: data.length }, '', 0, { parts: MAX_PARTS });
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function readPart(data: Buffer, { start, end }: Range, section: string, depth: number, budget: { parts: number }): RawPart {
  const { headerEnd, bodyStart } = headerOf(data, start, end);
  const fields = parseFields(data.toString('latin1', start, headerEnd));
  const facts = contentFacts(fields);
  const isMultipart = facts.type.startsWith('multipart/') && depth < MAX_DEPTH;
  const ranges = isMultipart ? splitBody(data, { start: bodyStart, end }, facts.parameters.boundary ?? '') : [];
  const children = ranges.slice(0, Math.max(0, budget.parts)).map((range, index) => {
    budget.parts--;
    return readPart(data, range, `${section}${section && '.'}${index + 1}`, depth + 1, budget);
  });
  const own = children.length > 0 || section !== '' ? section : '1';
  return { ...facts, section: own, fields, start, bodyStart, end, size: end - bodyStart, children };
}

/** Where the header ends: at the first empty line, which may be the very first. */
function headerOf(data: Buffer, start: number, end: number): { headerEnd: number; bodyStart: number } {
  for (let at = start; at < end; ) {
    const next = data.indexOf(LF, at);
    const lineEnd = next < 0 || next >= end ? end : next;
    const isEmpty = lineEnd === at || (lineEnd === at + 1 && data[at] === CR);
    if (isEmpty) return { headerEnd: at, bodyStart: Math.min(end, lineEnd + 1) };
    at = lineEnd + 1;
    if (at - start > MAX_HEADER_BYTES) throw new MimeError('header too long');
  }
  return { headerEnd: end, bodyStart: end };
}

function contentFacts(fields: readonly HeaderField[]): Omit<MimePart, 'section' | 'size' | 'children'> {
  const value = (name: string) => {
    const field = fields.find((each) => each.name === name);
    return field && fieldValue(field);
  };
  const type = parameters(value('content-type') ?? 'text/plain');
  const disposition = parameters(value('content-disposition') ?? '');
  const kind = disposition.value.trim().toLowerCase();
  const media = type.value.trim().toLowerCase();
  return {
    type: /^[\w.+-]+\/[\w.+-]+$/.test(media) ? media : 'application/octet-stream',
    parameters: type.params,
    disposition: kind === '' ? null : kind === 'inline' ? 'inline' : 'attachment',
    filename: disposition.params.filename ?? type.params.name ?? null,
    contentId: value('content-id')?.replace(/^<|>$/g, '') ?? null,
    encoding: (value('content-transfer-encoding') ?? '7bit').trim().toLowerCase(),
  };
}

function parameters(value: string): { value: string; params: Record<string, string> } {
  try {
    return libmime.parseHeaderValue(value);
  } catch {
    return { value: '', params: {} };
  }
}

/** The parts between the delimiter lines (RFC 2046 §5.1.1); a body without a closing delimiter ends with the message. */
function splitBody(data: Buffer, body: Range, boundary: string): Range[] {
  if (boundary === '') return [];
  const ranges: Range[] = [];
  let from = -1;
  for (const line of delimiters(data, body, `--${boundary}`)) {
    if (from >= 0) ranges.push({ start: from, end: Math.max(from, beforeLineEnd(data, line.start, from)) });
    from = line.closing ? -1 : line.end;
    if (line.closing) return ranges;
    if (ranges.length > MAX_PARTS) return ranges;
  }
  if (from >= 0) ranges.push({ start: from, end: body.end });
  return ranges;
}

/** Delimiter lines: where they begin, and where the next line does. */
function* delimiters(data: Buffer, body: Range, mark: string): Generator<Range & { readonly closing: boolean }> {
  for (let at = data.indexOf(mark, body.start, 'latin1'); at >= 0 && at < body.end; ) {
    const after = at + mark.length;
    const next = data.indexOf(LF, after);
    const end = next < 0 || next >= body.end ? body.end : next + 1;
    const rest = data.toString('latin1', after, Math.min(end, after + 200)).trim();
    const atLineStart = at === body.start || data[at - 1] === LF;
    if (atLineStart && (rest === '' || rest === '--')) yield { start: at, end, closing: rest === '--' };
    at = data.indexOf(mark, after, 'latin1');
  }
}

/** The line end before a delimiter belongs to the delimiter. */
function beforeLineEnd(data: Buffer, at: number, least: number): number {
  const lf = at > least && data[at - 1] === LF ? at - 1 : at;
  return lf > least && data[lf - 1] === CR ? lf - 1 : lf;
}
