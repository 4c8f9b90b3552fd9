import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attachmentParts, bodyParts, decodedSize, findPart, type MimePart } from '../../../../src/formats/mime/structure.js';

/** `['mixed', ['plain'], …]` in short: type, options, children. */
function part(type: string, more: Partial<MimePart> = {}, children: readonly MimePart[] = []): MimePart {
  const base = { section: '', parameters: {}, disposition: null, filename: null, contentId: null, encoding: '7bit', size: 10 };
  return { ...base, type: type.includes('/') ? type : `text/${type}`, children, ...more };
}

const mixed = (...children: MimePart[]) => part('multipart/mixed', {}, children);
const alternative = (...children: MimePart[]) => part('multipart/alternative', {}, children);
const related = (...children: MimePart[]) => part('multipart/related', {}, children);
const image = (more: Partial<MimePart> = {}) => part('image/png', more);
const file = part('application/pdf', { disposition: 'attachment', filename: 'a.pdf' });
const types = (parts: readonly MimePart[]) => parts.map(({ type }) => type.split('/')[1]);

describe('bodyParts', () => {
  const cases: [string, MimePart, string[], string[]][] = [
    ['plain', part('plain'), ['plain'], ['plain']],
    ['html', part('html'), ['html'], ['html']],
    ['alternative', alternative(part('plain'), part('html')), ['plain'], ['html']],
    ['alternative with related html', alternative(part('plain'), related(part('html'), image())), ['plain'], ['html']],
    ['related around alternative', related(alternative(part('plain'), part('html')), image()), ['plain'], ['html']],
    ['alternative with a calendar', alternative(part('plain'), part('text/calendar')), ['plain'], ['plain']],
    ['texts around a picture', mixed(part('plain'), image(), part('plain')), ['plain', 'plain'], ['plain', 'plain']],
    ['a named text after the body', mixed(part('plain'), part('plain', { filename: 'log.txt' })), ['plain'], ['plain']],
    ['an attached text', mixed(part('plain', { disposition: 'attachment' })), [], []],
    [
      'signed',
      part('multipart/signed', {}, [alternative(part('plain'), part('html')), part('application/pgp-signature')]),
      ['plain'],
      ['html'],
    ],
    [
      'report',
      part('multipart/report', {}, [part('plain'), part('message/delivery-status'), part('plain')]),
      ['plain'],
      ['plain'],
    ],
    ['encrypted', part('multipart/encrypted', {}, [part('plain'), part('plain')]), [], []],
    ['S/MIME encrypted', part('application/pkcs7-mime'), [], []],
    ['embedded message', mixed(part('message/rfc822')), [], []],
    ['empty multipart', mixed(), [], []],
  ];
  for (const [name, root, plain, html] of cases) {
    it(name, () => {
      assert.deepEqual(types(bodyParts(root, 'plain')), plain);
      assert.deepEqual(types(bodyParts(root, 'html')), html);
    });
  }

  it("follows related's start parameter", () => {
    const root = part('multipart/related', { parameters: { start: '<b>' } }, [
      part('plain', { contentId: 'a' }),
      part('html', { contentId: 'b' }),
    ]);
    assert.deepEqual(types(bodyParts(root, 'plain')), ['html']);
  });

  it('is bounded in number and bears deep trees', () => {
    assert.equal(bodyParts(mixed(...Array.from({ length: 500 }, () => part('plain'))), 'html').length, 20);
    let deep = part('plain');
    for (let n = 0; n < 40; n++) deep = mixed(deep);
    assert.equal(bodyParts(deep, 'html').length, 1);
  });
});

describe('attachmentParts', () => {
  it('are all leaves that are not the body or another form of it', () => {
    const root = mixed(
      alternative(part('plain'), related(part('html'), image({ contentId: 'x' }))),
      file,
      part('message/rfc822'),
    );
    assert.deepEqual(types(attachmentParts(root)), ['png', 'pdf', 'rfc822']);
    assert.deepEqual(types(attachmentParts(alternative(part('plain'), part('text/calendar')))), []);
    assert.deepEqual(types(attachmentParts(mixed(part('plain'), part('text/calendar', { disposition: 'attachment' })))), [
      'calendar',
    ]);
    assert.deepEqual(types(attachmentParts(image())), ['png']);
  });
});

it('findPart finds by section', () => {
  const root = mixed(part('plain', { section: '1' }), part('html', { section: '2.1' }));
  assert.equal(findPart(root, '2.1')?.type, 'text/html');
  assert.equal(findPart(root, '3'), undefined);
});

it('decodedSize estimates base64 with line ends', () => {
  const encoded = Buffer.alloc(5700).toString('base64').replace(/.{76}/g, '$&\r\n');
  assert.ok(Math.abs(decodedSize(part('image/png', { encoding: 'base64', size: encoded.length })) - 5700) < 3);
});
