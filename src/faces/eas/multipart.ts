import { encode } from '../../formats/wbxml/encode.js';
import type { Element } from '../../formats/wbxml/tree.js';
import type { EasAnswer } from './context.js';

const INTEGER = 4;
export const MULTIPART = 'application/vnd.ms-sync.multipart';

/** A document and the parts it refers to: count, then offset and length of each, then all of them (MS-ASCMD 2.2.1.10.1). */
export function multipart(root: Element, parts: readonly Uint8Array[]): EasAnswer {
  const all = [encode(root), ...parts];
  const header = multipartHeader(all.map((part) => part.length));
  return { kind: 'bytes', type: MULTIPART, body: Buffer.concat([header, ...all]) };
}

/** Count, offset and length of parts of these lengths. */
export function multipartHeader(lengths: readonly number[]): Buffer {
  const header = Buffer.alloc(INTEGER * (1 + 2 * lengths.length));
  header.writeUInt32LE(lengths.length, 0);
  let offset = header.length;
  for (const [at, length] of lengths.entries()) {
    header.writeUInt32LE(offset, INTEGER * (1 + 2 * at));
    header.writeUInt32LE(length, INTEGER * (2 + 2 * at));
    offset += length;
  }
  return header;
}
