/** Comments in JPEG files (ITU-T T.81 B.2.4.5): a note that every reader passes over. */

const SOI = 0xffd8;
const COM = 0xfffe;
/** Markers looked through for a comment: it is among the first. */
const MAX_SEGMENTS = 20;

/** The file with a comment as its first segment. @param text at most 65,000 bytes of UTF-8 */
export function withComment(jpeg: Uint8Array, text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(6);
  head.writeUInt16BE(SOI, 0);
  head.writeUInt16BE(COM, 2);
  head.writeUInt16BE(bytes.length + 2, 4);
  return Buffer.concat([head, bytes, jpeg.subarray(2)]);
}

/** The first comment of a file; undefined where it has none or is no JPEG. */
export function commentOf(bytes: Uint8Array): string | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 4 || file.readUInt16BE(0) !== SOI) return undefined;
  let at = 2;
  for (let segment = 0; segment < MAX_SEGMENTS && at + 4 <= file.length; segment++) {
    const [marker, length] = [file.readUInt16BE(at), file.readUInt16BE(at + 2)];
    if (marker < 0xffc0 || length < 2) return undefined;
    if (marker === COM) return file.subarray(at + 4, at + 2 + length).toString('utf8');
    at += 2 + length;
  }
  return undefined;
}
