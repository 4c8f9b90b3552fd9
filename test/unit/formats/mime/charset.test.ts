import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { bytesPerCharacter, decodeCharset, htmlCharset } from '../../../../src/formats/mime/charset.js';

describe('decodeCharset', () => {
  const cases: [string | undefined, Buffer, string][] = [
    ['utf-8', Buffer.from('Zürich 🙂'), 'Zürich 🙂'],
    ['"UTF-8"', Buffer.from('\ufeffmit Marke'), 'mit Marke'],
    ['iso-8859-1', Buffer.from([0x80, 0x93, 0xe4]), '€“ä'],
    ['gb2312', iconv.encode('汉字', 'gb18030'), '汉字'],
    ['ks_c_5601-1987', iconv.encode('한글', 'cp949'), '한글'],
    ['Shift_JIS', iconv.encode('日本', 'shift_jis'), '日本'],
    ['iso-2022-jp', Buffer.from('\x1b$B\x46\x7c\x4b\x5c\x1b(B', 'latin1'), '日本'],
    ['koi8-r', iconv.encode('Привет', 'koi8-r'), 'Привет'],
    ['utf-7', Buffer.from('Hi +AOQ-'), 'Hi ä'],
    ['utf-16le', Buffer.from('äb', 'utf16le'), 'äb'],
    [undefined, Buffer.from('größer'), 'größer'],
    ['us-ascii', Buffer.from('größer'), 'größer'],
    ['us-ascii', Buffer.from('größer', 'latin1'), 'größer'],
    ['utf-8', Buffer.from('größer', 'latin1'), 'größer'],
    ['x-nonsense', Buffer.from('größer', 'latin1'), 'größer'],
    ['utf-8', Buffer.from('größe').subarray(0, 3), 'gr'],
  ];
  for (const [charset, bytes, text] of cases) it(`${charset}: ${text}`, () => assert.equal(decodeCharset(bytes, charset), text));

  it('keeps real UTF-8 though a byte of it is broken', () => {
    const broken = Buffer.concat([Buffer.from('grö'), Buffer.from([0xff]), Buffer.from('ßer')]);
    assert.equal(decodeCharset(broken, 'utf-8'), 'grö\ufffdßer');
  });

  it('never fails', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.oneof(fc.string(), fc.constantFrom('utf-8', 'gbk', 'iso-2022-kr')),
        (bytes, charset) => decodeCharset(bytes, charset).length >= 0,
      ),
    );
  });
});

describe('htmlCharset', () => {
  it('reads the declaration of the document', () => {
    assert.equal(htmlCharset(Buffer.from('<html><head><meta charset="koi8-r">')), 'koi8-r');
    assert.equal(htmlCharset(Buffer.from('<META http-equiv=Content-Type content="text/html; charset=gb2312">')), 'gb2312');
    assert.equal(htmlCharset(Buffer.from('<p>charset=none</p>')), undefined);
  });
});

it('UTF-16 and UTF-32 need more bytes per character', () => {
  assert.deepEqual(['utf-8', 'UTF-16', 'ucs-2', 'utf-32be', undefined].map(bytesPerCharacter), [1, 2, 2, 4, 1]);
});
