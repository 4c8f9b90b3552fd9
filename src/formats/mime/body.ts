import { bytesPerCharacter, decodeCharset, htmlCharset } from './charset.js';
import { bodyParts, decodedSize, type MimePart, type TextKind, textKind } from './structure.js';
import { cleanText, htmlToText, MAX_CONVERT_CHARS, textToHtml, truncateUtf8, unflow } from './text.js';
import { decodeTransfer, encodedBytes } from './transfer.js';

/** No body is read beyond so many encoded bytes, whatever was asked. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** HTML has head and markup before its first word: at least so much is read for its plain form. */
const MIN_HTML_BYTES = 64 * 1024;

/** The wished form of a text body. */
export interface TextWish {
  readonly type: TextKind;
  /** At most so many bytes of UTF-8 in the result; absent: all. */
  readonly maxBytes?: number;
}

/** A part of the body to read, and how many encoded bytes of it. */
export interface BodyRead {
  readonly part: MimePart;
  /** Absent: the whole part. */
  readonly maxBytes?: number;
}

/** What was read of one part. */
export interface BodyPiece {
  readonly part: MimePart;
  readonly bytes: Uint8Array;
}

/** A text body in UTF-8. */
export interface MadeBody {
  readonly data: Uint8Array;
  readonly truncated: boolean;
  /** Bytes of the whole body in this form; exact when it was read whole. */
  readonly estimatedSize: number;
}

/** Which bytes of which parts are needed for a wish. Empty when the message has no text. */
export function planBody(root: MimePart, wish: TextWish): readonly BodyRead[] {
  return bodyParts(root, wish.type).map((part) => {
    const limit = neededBytes(part, wish);
    return part.size > limit ? { part, maxBytes: limit } : { part };
  });
}

/** Makes the body from what was read: decoded, converted, joined, cut. */
export function makeBody(pieces: readonly BodyPiece[], wish: TextWish): MadeBody {
  const texts = pieces.map((piece) => pieceText(piece, wish.type));
  const whole = Buffer.from(texts.join(wish.type === 'html' ? '' : '\r\n'), 'utf8');
  const data = wish.maxBytes === undefined ? whole : truncateUtf8(whole, wish.maxBytes);
  const complete = pieces.every(({ part, bytes }) => bytes.length >= part.size);
  return {
    data,
    truncated: !complete || data.length < whole.length,
    estimatedSize: complete ? whole.length : Math.max(estimate(pieces, whole.length), whole.length + 1),
  };
}

/** A body of which nothing was read: only its size, from the structure. */
export function unreadBody(root: MimePart, wish: TextWish): MadeBody {
  const size = bodyParts(root, wish.type).reduce((sum, part) => sum + decodedSize(part), 0);
  return { data: new Uint8Array(0), truncated: size > 0, estimatedSize: size };
}

function neededBytes(part: MimePart, wish: TextWish): number {
  if (wish.maxBytes === undefined) return MAX_BODY_BYTES;
  const characters = wish.maxBytes * bytesPerCharacter(part.parameters.charset);
  const converted = textKind(part) === 'html' && wish.type === 'plain';
  const decoded = converted ? Math.min(MAX_CONVERT_CHARS, Math.max(MIN_HTML_BYTES, characters * 8)) : characters;
  return Math.min(MAX_BODY_BYTES, encodedBytes(decoded, part.encoding));
}

function pieceText({ part, bytes }: BodyPiece, wish: TextKind): string {
  const decoded = decodeTransfer(bytes, part.encoding);
  const kind = textKind(part);
  const charset = part.parameters.charset ?? (kind === 'html' ? htmlCharset(decoded) : undefined);
  const cut = bytes.length < part.size;
  const text = cleanText(decodeCharset(decoded, charset).replace(cut ? /\ufffd{1,3}$/ : /^\ufeff/, ''));
  if (kind === 'html') return wish === 'html' ? text : htmlToText(text);
  const plain =
    part.parameters.format?.toLowerCase() === 'flowed' ? unflow(text, part.parameters.delsp?.toLowerCase() === 'yes') : text;
  return wish === 'html' ? textToHtml(plain) : plain;
}

/** Scales what the read bytes became to the parts' whole sizes. */
function estimate(pieces: readonly BodyPiece[], made: number): number {
  const read = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  const all = pieces.reduce((sum, piece) => sum + Math.max(piece.part.size, piece.bytes.length), 0);
  return read === 0 ? all : Math.ceil((made * all) / read);
}
