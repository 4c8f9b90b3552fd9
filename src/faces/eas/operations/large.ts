import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { encode, multiByte } from '../../../formats/wbxml/encode.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import { type EasAnswer, WBXML } from '../context.js';
import { MULTIPART, multipartHeader } from '../multipart.js';
import type { ByteRange } from '../sync/attachment.js';

/** Bytes too many to be held: read again when they are sent, so many as were counted. */
export interface LargeBytes {
  readonly length: number;
  /** Inside a document they stand as they are (OPAQUE), not as text in base64. */
  readonly raw?: boolean;
  open(): AsyncIterable<Uint8Array>;
}

/** What the answer to a list of operations is made of besides its document. */
export interface Output {
  /** Bytes that go beside the document in a multipart answer; null: they go inside. */
  readonly parts: Uint8Array[] | null;
  /** Large ones by the number of their part, or by the text that stands for them inside the document. */
  readonly large: Map<number | string, LargeBytes>;
  /** How many more bytes of attachments one answer may have. */
  left: number;
}

/** A stream is read twice rather than held: first to count, for an answer begins with its length. */
export async function countBytes(content: Readable): Promise<number> {
  let total = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) total += chunk.length;
  return total;
}

/** The bytes of a stream inside a range, as they come. */
export async function* within(content: Readable, { first, last }: ByteRange): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    const from = Math.max(0, first - at);
    const to = Math.min(chunk.length, last + 1 - at);
    if (from < to) yield chunk.subarray(from, to);
    at += chunk.length;
    if (at > last) break;
  }
}

/** A place in the document that large bytes will take. */
export function placeholder(): string {
  return `large-${randomBytes(24).toString('hex')}`;
}

/** The document with the large bytes in their places: in base64, or as they are where their place is OPAQUE. */
export function inlineStream(root: Element, large: Output['large']): EasAnswer {
  const whole = Buffer.from(encode(root));
  const places = [...large].map(([mark, bytes]) => placeOf(whole, String(mark), bytes)).sort((a, b) => a.from - b.from);
  const grown = places.reduce((sum, { from, to, length }) => sum + length - (to - from), 0);
  async function* body(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const { from, to, content } of places) {
      yield whole.subarray(at, from);
      yield* content();
      at = to;
    }
    yield whole.subarray(at);
  }
  return { kind: 'stream', type: WBXML, length: whole.length + grown, body: body() };
}

/** What is replaced in the document, and by what. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly length: number;
  content(): AsyncIterable<Uint8Array>;
}

function placeOf(whole: Buffer, mark: string, bytes: LargeBytes): Place {
  const at = whole.indexOf(mark);
  const to = at + mark.length;
  if (!bytes.raw) return { from: at, to, length: base64Length(bytes.length), content: () => inBase64(exactly(bytes)) };
  const count = Uint8Array.from(multiByte(bytes.length));
  async function* content(): AsyncGenerator<Uint8Array> {
    yield count;
    yield* exactly(bytes);
  }
  // Before the mark stands its own length: one byte, for it is short.
  return { from: at - 1, to, length: count.length + bytes.length, content };
}

/** A multipart answer of which some parts are large. */
export function multipartStream(root: Element, parts: readonly Uint8Array[], large: Output['large']): EasAnswer {
  const all: readonly (Uint8Array | LargeBytes)[] = [encode(root), ...parts.map((part, at) => large.get(at + 1) ?? part)];
  const header = multipartHeader(all.map(({ length }) => length));
  async function* body(): AsyncGenerator<Uint8Array> {
    yield header;
    for (const part of all) {
      if ('open' in part) yield* exactly(part);
      else yield part;
    }
  }
  const length = all.reduce((sum, part) => sum + part.length, header.length);
  return { kind: 'stream', type: MULTIPART, length, body: body() };
}

/** @throws Error when there are not as many bytes as were counted: the message changed in between */
export async function* exactly({ length, open }: LargeBytes): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of open()) {
    sent += chunk.length;
    if (sent > length) break;
    yield chunk;
  }
  if (sent !== length) throw new Error(`an attachment had ${sent} bytes instead of ${length}`);
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** Whole groups of three bytes at a time. */
async function* inBase64(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    const all = rest.length > 0 ? Buffer.concat([rest, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const whole = all.length - (all.length % 3);
    if (whole > 0) yield Buffer.from(all.toString('base64', 0, whole), 'latin1');
    rest = Buffer.from(all.subarray(whole));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
}
