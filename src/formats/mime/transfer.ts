import { Transform, type TransformCallback } from 'node:stream';

/** Removes a content transfer encoding (RFC 2045 §6) piece by piece; never fails, junk is skipped. */
export interface TransferDecoder {
  push(bytes: Uint8Array): Buffer;
  end(): Buffer;
}

const DECODERS: Readonly<Record<string, () => TransferDecoder>> = {
  base64: () => new Base64Decoder(),
  'quoted-printable': () => new QuotedPrintableDecoder(),
};

/** Encoded bytes per decoded byte, at worst: base64 with line ends, quoted-printable with each byte escaped. */
const EXPANSION: Readonly<Record<string, number>> = { base64: 1.4, 'quoted-printable': 3.2 };

/** A decoder for an encoding; unknown ones and 7bit, 8bit, binary pass through. */
export function transferDecoder(encoding: string): TransferDecoder {
  return (DECODERS[encoding.trim().toLowerCase()] ?? (() => new PassDecoder()))();
}

/** Decodes the bytes at hand; a cut end loses only the incomplete unit. */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Buffer {
  const decoder = transferDecoder(encoding);
  const head = decoder.push(bytes);
  const tail = decoder.end();
  return tail.length === 0 ? head : Buffer.concat([head, tail]);
}

/** How many encoded bytes hold at least `decoded` decoded ones. */
export function encodedBytes(decoded: number, encoding: string): number {
  return Math.ceil(decoded * (EXPANSION[encoding] ?? 1)) + 128;
}

/** The same as a stream, for downloads. */
export function transferStream(encoding: string): Transform {
  const decoder = transferDecoder(encoding);
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      done(null, decoder.push(chunk));
    },
    flush(done: TransformCallback) {
      done(null, decoder.end());
    },
  });
}

class PassDecoder implements TransferDecoder {
  push(bytes: Uint8Array): Buffer {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  end(): Buffer {
    return Buffer.alloc(0);
  }
}

/** Decodes whole groups of four; `=` ends a group, so that concatenated base64 texts are read too. */
class Base64Decoder implements TransferDecoder {
  private rest = '';

  push(bytes: Uint8Array): Buffer {
    const text =
      this.rest +
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        .toString('latin1')
        .replace(/[^A-Za-z0-9+/=]+/g, '');
    const whole = text.length - (text.length % 4);
    this.rest = text.slice(whole);
    return decodeGroups(text.slice(0, whole));
  }

  end(): Buffer {
    const rest = this.rest;
    this.rest = '';
    return decodeGroups(rest);
  }
}

function decodeGroups(text: string): Buffer {
  const padding = text.indexOf('=');
  if (padding < 0 || padding >= text.length - 2) return Buffer.from(text, 'base64');
  return Buffer.concat(text.split(/=+/).map((piece) => Buffer.from(piece, 'base64')));
}

const EQUALS = 0x3d;
const LF = 0x0a;
const CR = 0x0d;

class QuotedPrintableDecoder implements TransferDecoder {
  private rest: Buffer = Buffer.alloc(0);

  push(bytes: Uint8Array): Buffer {
    const input =
      this.rest.length > 0 ? Buffer.concat([this.rest, bytes]) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const cut = incompleteEscape(input);
    this.rest = Buffer.from(input.subarray(cut));
    return unescapeBytes(input.subarray(0, cut));
  }

  end(): Buffer {
    const rest = this.rest;
    this.rest = Buffer.alloc(0);
    return rest.length > 1 && rest[1] !== CR ? unescapeBytes(rest) : Buffer.alloc(0);
  }
}

/** Where an escape begins that the input's end cuts, else its length. */
function incompleteEscape(input: Buffer): number {
  const at = input.indexOf(EQUALS, Math.max(0, input.length - 2));
  return at < 0 ? input.length : at;
}

function unescapeBytes(input: Buffer): Buffer {
  let at = input.indexOf(EQUALS);
  if (at < 0) return input;
  const output = Buffer.allocUnsafe(input.length);
  let length = 0;
  let from = 0;
  while (at >= 0) {
    length += input.copy(output, length, from, at);
    const { skip, value } = readEscape(input, at);
    if (value !== null) output[length++] = value;
    from = at + skip;
    at = input.indexOf(EQUALS, from);
  }
  length += input.copy(output, length, from);
  return output.subarray(0, length);
}

/** `=4F`, a soft line break (also with blanks before a bare LF), or a stray `=` that stays as it is. */
function readEscape(input: Buffer, at: number): { skip: number; value: number | null } {
  const high = hexValue(input[at + 1]);
  const low = hexValue(input[at + 2]);
  if (high >= 0 && low >= 0) return { skip: 3, value: high * 16 + low };
  if (input[at + 1] === LF) return { skip: 2, value: null };
  if (input[at + 1] === CR) return { skip: input[at + 2] === LF ? 3 : 2, value: null };
  return { skip: 1, value: EQUALS };
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
