import { encode } from '../../formats/wbxml/encode.js';
import type { Element } from '../../formats/wbxml/tree.js';
import type { EasAnswer } from './context.js';

const INTEGER = 4;

/** A document and the parts it refers to: count, then offset and length of each, then all of them (MS-ASCMD 2.2.1.10.1). */
export function multipart(root: Element, parts: readonly Uint8Array[]): EasAnswer {
  const all = [encode(root), ...parts];
  const header = Buffer.alloc(INTEGER * (1 + 2 * all.length));
  header.writeUInt32LE(all.length, 0);
  let offset = header.length;
  for (const [at, part] of all.entries()) {
    header.writeUInt32LE(offset, INTEGER * (1 + 2 * at));
    header.writeUInt32LE(part.length, INTEGER * (2 + 2 * at));
    offset += part.length;
  }
  return { kind: 'bytes', type: 'application/vnd.ms-sync.multipart', body: Buffer.concat([header, ...all]) };
}
