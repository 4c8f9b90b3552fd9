import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BodyPiece, makeBody, planBody, unreadBody } from '../../../../src/formats/mime/body.js';
import type { MimePart } from '../../../../src/formats/mime/structure.js';

function text(type: string, content: Uint8Array | string, more: Partial<MimePart> = {}): BodyPiece {
  const bytes = Buffer.from(content);
  const base = {
    section: '1',
    parameters: { charset: 'utf-8' },
    disposition: null,
    filename: null,
    contentId: null,
    encoding: '8bit',
    children: [],
  };
  return { part: { ...base, type, size: bytes.length, ...more }, bytes };
}

const made = (pieces: readonly BodyPiece[], type: 'plain' | 'html', maxBytes?: number) => {
  const body = makeBody(pieces, { type, ...(maxBytes !== undefined && { maxBytes }) });
  return { ...body, text: Buffer.from(body.data).toString() };
};

describe('makeBody', () => {
  it('converts between the forms', () => {
    assert.equal(made([text('text/html', '<p>Größe</p>')], 'plain').text, 'Größe');
    assert.match(made([text('text/plain', 'a<b')], 'html').text, /<body>a&lt;b<\/body>/);
  });

  it('joins several parts', () => {
    assert.equal(made([text('text/plain', 'one'), text('text/html', '<b>two</b>')], 'plain').text, 'one\r\ntwo');
  });

  it('tells exactly what it read whole, and estimates the rest', () => {
    const whole = made([text('text/plain', 'x'.repeat(100))], 'plain', 10);
    assert.deepEqual([whole.text.length, whole.truncated, whole.estimatedSize], [10, true, 100]);
    const cut = made([text('text/plain', 'x'.repeat(100), { size: 5000 })], 'plain', 100);
    assert.deepEqual([cut.text.length, cut.truncated, cut.estimatedSize], [100, true, 5000]);
  });

  it('drops a character that the fetch cut', () => {
    const bytes = Buffer.from('Größe');
    assert.equal(made([text('text/plain', bytes.subarray(0, 3), { size: 50 })], 'plain').text, 'Gr');
    const japanese = Buffer.from([0x93, 0xfa, 0x96]);
    assert.equal(made([text('text/plain', japanese, { size: 50, parameters: { charset: 'shift_jis' } })], 'plain').text, '日');
  });

  it("takes the document's own charset when the header names none", () => {
    const html = Buffer.from('<meta charset="koi8-r"><p>\xf0\xd2\xc9', 'latin1');
    assert.equal(made([text('text/html', html, { parameters: {} })], 'plain').text, 'При');
  });

  it('removes what WBXML strings can not hold', () => {
    assert.equal(made([text('text/plain', 'a\0b')], 'plain').text, 'ab');
  });
});

describe('planBody', () => {
  const { part } = text('text/plain', '', { size: 1_000_000 });

  it('reads no more than needed', () => {
    assert.deepEqual(planBody({ ...part, size: 100 }, { type: 'plain', maxBytes: 500 }), [{ part: { ...part, size: 100 } }]);
    const limit = (more: Partial<MimePart>, type: 'plain' | 'html' = 'plain') =>
      planBody({ ...part, ...more }, { type, maxBytes: 1000 })[0]?.maxBytes ?? 0;
    assert.ok(limit({}) >= 1000 && limit({}) < 1500);
    assert.ok(limit({ encoding: 'base64' }) >= 1370 && limit({ encoding: 'base64' }) < 2000);
    assert.ok(limit({ encoding: 'quoted-printable' }) >= 3000);
    assert.ok(limit({ parameters: { charset: 'utf-16' } }) >= 2000);
    assert.ok(limit({ type: 'text/html' }) >= 60_000, 'HTML for its plain form needs more');
    assert.ok(limit({ type: 'text/html' }, 'html') < 1500);
  });

  it('is bounded without a wish', () => {
    assert.equal(planBody({ ...part, size: 1e9 }, { type: 'plain' })[0]?.maxBytes, 16 * 1024 * 1024);
  });

  it('tells the size alone', () => {
    assert.deepEqual(
      { ...unreadBody(part, { type: 'plain', maxBytes: 0 }), data: 0 },
      { data: 0, truncated: true, estimatedSize: 1_000_000 },
    );
  });
});
