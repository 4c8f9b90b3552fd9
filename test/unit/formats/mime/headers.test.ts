import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decodeValue,
  fieldValue,
  headerMap,
  joinMessage,
  MimeError,
  parseFields,
  splitMessage,
} from '../../../../src/formats/mime/headers.js';

const split = (text: string) => splitMessage(Buffer.from(text, 'latin1'));

describe('splitMessage', () => {
  it('cuts header and body, whatever the line ends', () => {
    for (const end of ['\r\n', '\n']) {
      const { fields, body } = split(['A: 1', 'B: 2', ' folded', '', 'body', ''].join(end));
      assert.deepEqual(
        fields.map((field) => [field.name, fieldValue(field)]),
        [
          ['a', '1'],
          ['b', '2 folded'],
        ],
      );
      assert.equal(Buffer.from(body).toString(), `body${end}`);
    }
  });

  it('bears leading empty lines, an mbox line, no body, junk lines', () => {
    assert.equal(split('\r\nA: 1\r\n\r\nx').fields.length, 1);
    assert.equal(split('From bob Mon Mar 2\nA: 1\n\nx').fields[0]?.name, 'a');
    assert.equal(split('A: 1').body.length, 0);
    assert.deepEqual(
      split('A: 1\r\njunk line\r\nB: 2\r\n\r\n').fields.map(({ name }) => name),
      ['a', 'b'],
    );
  });

  it('refuses what is no message or too long', () => {
    for (const text of ['', '\r\n\r\n', 'no header', `A: ${'x'.repeat(1_100_000)}\r\n\r\n`, 'A: 1\r\n'.repeat(3000)]) {
      assert.throws(() => split(text), MimeError);
    }
  });

  it('joins to the same bytes', () => {
    const raw = 'A: 1\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\tfolded\r\nX: \xe4\r\n\r\nbody \xff\r\n';
    const { fields, body } = split(raw);
    assert.equal(Buffer.from(joinMessage(fields, body)).toString('latin1'), raw);
  });

  it('never fails otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (raw) => {
        try {
          splitMessage(raw);
        } catch (error) {
          assert.ok(error instanceof MimeError);
        }
      }),
    );
  });
});

describe('headerMap', () => {
  it('unfolds, decodes, keeps the first of a name, limits', () => {
    const block = Buffer.from(
      `Thread-Topic: =?utf-8?B?R3LDvMOfZQ==?=\r\nReferences: <a@x>\r\n <b@x>\r\nReferences: <c@x>\r\nLong: ${'y'.repeat(100)}\r\n\r\n`,
    );
    const map = headerMap(block, 50);
    assert.equal(map.get('thread-topic'), 'Grüße');
    assert.equal(map.get('references'), '<a@x> <b@x>');
    assert.equal(map.get('long')?.length, 50);
  });

  it('reads raw UTF-8 and broken encoded words as they are', () => {
    assert.equal(decodeValue(Buffer.from('Grüße').toString('latin1')), 'Grüße');
    assert.equal(decodeValue('=?utf-8?B?broken'), '=?utf-8?B?broken');
    assert.equal(parseFields(': no name\r\n a\r\n').length, 0);
  });
});
