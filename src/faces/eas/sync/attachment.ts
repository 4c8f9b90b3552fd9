import type { Readable } from 'node:stream';
import { DomainError } from '../../../domain/errors.js';

/** An inclusive range of bytes, counted from 0. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** More than any mail server accepts; guards the memory of one answer. */
const MAX_BYTES = 128 * 1024 * 1024;

/** `m-n` (MS-ASCMD Range); null when it is none. */
export function readRange(text: string): ByteRange | null {
  const match = /^\s*(\d{1,12})-(\d{1,12})\s*$/.exec(text);
  const range = match && { first: Number(match[1]), last: Number(match[2]) };
  return range && range.first <= range.last ? range : null;
}

/** The bytes of a stream inside the range, all without one, and how many the stream has. @throws DomainError `too-large` */
export async function slice(
  content: Readable,
  range: ByteRange | null,
): Promise<{ readonly bytes: Uint8Array; readonly total: number }> {
  const chunks: Buffer[] = [];
  let at = 0;
  let held = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    const from = range ? Math.max(0, range.first - at) : 0;
    const to = range ? Math.min(chunk.length, range.last + 1 - at) : chunk.length;
    if (from < to) {
      chunks.push(chunk.subarray(from, to));
      held += to - from;
    }
    if (held > MAX_BYTES) throw new DomainError('too-large', 'attachment is too large to be sent at once');
    at += chunk.length;
  }
  return { bytes: Buffer.concat(chunks), total: at };
}
