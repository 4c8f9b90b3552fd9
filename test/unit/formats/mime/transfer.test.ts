import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeTransfer, encodedBytes, transferDecoder, transferStream } from '../../../../src/formats/mime/transfer.js';

/** Feeds a decoder in pieces of a length. */
function inPieces(encoded: Buffer, encoding: string, length: number): Buffer {
  const decoder = transferDecoder(encoding);
  const pieces: Buffer[] = [];
  for (let at = 0; at < encoded.length; at += length) pieces.push(Buffer.from(decoder.push(encoded.subarray(at, at + length))));
  return Buffer.concat([...pieces, decoder.end()]);
}

function quotedPrintable(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`)
    .join('')
    .replace(/.{72}/g, '$&=\r\n');
}

describe('transfer encodings', () => {
  it('decode what was encoded, however it is cut into pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 90 }), (bytes, length) => {
        const base64 = Buffer.from(Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n'));
        assert.deepEqual(inPieces(base64, 'base64', length), Buffer.from(bytes));
        assert.deepEqual(inPieces(Buffer.from(quotedPrintable(bytes)), 'quoted-printable', length), Buffer.from(bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('never fail on junk', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('base64', 'quoted-printable', '7bit', 'x-nonsense'),
        (bytes, encoding) => {
          assert.ok(decodeTransfer(bytes, encoding).length <= bytes.length);
        },
      ),
    );
  });

  const cases: [string, string, string][] = [
    ['quoted-printable', 'a=3Db', 'a=b'],
    ['quoted-printable', 'soft=\r\nbreak=\nagain', 'softbreakagain'],
    ['quoted-printable', 'lower =c3=bc', 'lower ü'],
    ['quoted-printable', 'stray = sign =ZZ', 'stray = sign =ZZ'],
    ['quoted-printable', 'cut =C', 'cut =C'],
    ['quoted-printable', 'cut =', 'cut '],
    ['base64', 'aGVs bG8=\r\n', 'hello'],
    ['base64', 'aGVsbG8=aGVsbG8=', 'hellohello'],
    ['base64', 'aG!Vs*bG8', 'hello'],
    ['base64', 'aGVsb', 'hel'],
    ['BASE64', 'aGVsbG8=', 'hello'],
    ['binary', 'as=20it is', 'as=20it is'],
  ];
  for (const [encoding, encoded, decoded] of cases) {
    it(`${encoding}: ${JSON.stringify(encoded)}`, () =>
      assert.equal(decodeTransfer(Buffer.from(encoded), encoding).toString(), decoded));
  }

  it('read enough encoded bytes for the decoded ones wanted', () => {
    for (const wanted of [0, 1, 57, 1000, 100_000]) {
      const bytes = Buffer.alloc(wanted * 2, 0xfc);
      const base64 = Buffer.from(bytes.toString('base64').replace(/.{76}/g, '$&\r\n'));
      assert.ok(decodeTransfer(base64.subarray(0, encodedBytes(wanted, 'base64')), 'base64').length >= wanted);
      const quoted = Buffer.from(quotedPrintable(bytes.subarray(0, wanted + 10)));
      assert.ok(
        decodeTransfer(quoted.subarray(0, encodedBytes(wanted, 'quoted-printable')), 'quoted-printable').length >=
          Math.min(wanted, bytes.length),
      );
    }
  });

  it('work as a stream', async () => {
    const encoded = Buffer.from('x'.repeat(10_000)).toString('base64');
    const stream = Readable.from(encoded.match(/.{1,7}/g) ?? [], { objectMode: false }).pipe(transferStream('base64'));
    assert.equal((await buffer(stream)).toString(), 'x'.repeat(10_000));
  });
});
