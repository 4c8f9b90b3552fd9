import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { type Appendix, append, bodyFragment, textKinds, withThread } from '../../../../src/formats/mime/append.js';
import { MimeError } from '../../../../src/formats/mime/headers.js';
import { parseRaw } from '../../../../src/formats/mime/raw-parts.js';

const head = 'From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Re: x\r\n';
const appendix: Appendix = { plain: '> Grüße', html: '<blockquote>Grüße</blockquote>', inline: [], attachments: [] };
const picture = Buffer.from(
  'Content-Type: image/png\r\nContent-ID: <p1>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=',
);
const file = Buffer.from('Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF');
let count = 0;
const boundary = () => `=_b${++count}`;
const made = (text: string, what: Partial<Appendix> = {}) =>
  Buffer.from(append(Buffer.from(text, 'latin1'), { ...appendix, ...what }, boundary));

describe('what stands below a new message (MS-ASCMD SmartReply, SmartForward)', () => {
  it('goes below plain text, whatever its charset and encoding', async () => {
    for (const [type, body] of [
      ['text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable', 'Gr=FC=DFe von =\r\nhier'],
      ['text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64', Buffer.from('Grüße von hier').toString('base64')],
      [
        'text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64',
        Buffer.from('Grüße von hier', 'utf16le').toString('base64'),
      ],
    ]) {
      const mail = await PostalMime.parse(made(`${head}Content-Type: ${type}\r\n\r\n${body}`));
      assert.match(mail.text ?? '', /^Grüße von hier\s+> Grüße/);
      assert.equal(mail.subject, 'Re: x');
    }
  });

  it('goes into both forms of an alternative, inside the body of the HTML, whose charset is UTF-8 from then on', async () => {
    const html = '<html><head><meta charset="iso-8859-1"></head><body>j=E4</body></html>';
    const text = `${head}Content-Type: multipart/alternative; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\nja\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${html.replaceAll('="', '=3D"')}\r\n--b--\r\nepilogue`;
    const raw = made(text);
    const mail = await PostalMime.parse(raw);
    assert.match(mail.text ?? '', /^ja\s+> Grüße/);
    assert.match(mail.html ?? '', /<meta charset="utf-8">[\s\S]*<body>jä<blockquote>Grüße<\/blockquote><\/body>/);
    assert.match(raw.toString('latin1'), /epilogue$/);
    assert.deepEqual([...textKinds(Buffer.from(text, 'latin1'))].sort(), ['html', 'plain']);
  });

  it('puts pictures of the HTML beside it and files after all; without HTML both are files', async () => {
    const html = await PostalMime.parse(
      made(`${head}Content-Type: text/html\r\n\r\n<p>x</p>`, { inline: [[picture]], attachments: [[file]] }),
    );
    assert.deepEqual(
      html.attachments.map(({ related, mimeType }) => [related ?? false, mimeType]),
      [
        [true, 'image/png'],
        [false, 'application/pdf'],
      ],
    );
    const plain = await PostalMime.parse(made(`${head}\r\nx`, { inline: [[picture]], attachments: [[file]] }));
    assert.deepEqual(
      plain.attachments.map(({ mimeType }) => mimeType),
      ['image/png', 'application/pdf'],
    );
    assert.match(plain.text ?? '', /^x\s+> Grüße/);
  });

  it('keeps every other byte, whatever the line ends and boundaries are', () => {
    for (const eol of ['\r\n', '\n']) {
      const own = ['Content-Type: image/x; q="a;b"', 'X-Odd:   kept', '', 'raw \t bytes  ', '.', ''].join(eol);
      const text = `${head.replaceAll('\r\n', eol)}Content-Type: multipart/mixed; boundary="b+(?"${eol}${eol}--b+(?${eol}${eol}see${eol}--b+(?${eol}${own}${eol}--b+(?--${eol}`;
      const raw = made(text, { attachments: [[file]] }).toString('latin1');
      assert.ok(raw.includes(own));
      assert.ok(raw.includes(file.toString()));
      assert.equal(parseRaw(Buffer.from(raw, 'latin1')).children.length, 3);
    }
  });

  it('a line of the text is never taken for a boundary', () => {
    const text = `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n-- \r\nAlice\r\n--b--\r\n`;
    const root = parseRaw(made(text, { plain: '--b--\r\n--b\r\nevil' }));
    assert.deepEqual(
      root.children.map(({ type }) => type),
      ['text/plain'],
    );
  });

  it('leaves encrypted messages alone, and signed ones but for what is carried', () => {
    const sealed = `${head}Content-Type: application/pkcs7-mime\r\n\r\nMIIB`;
    assert.equal(made(sealed, { attachments: [[file]] }).toString(), sealed);
    const signed = `${head}Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\ntext \r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--s--\r\n`;
    assert.equal(made(signed).toString(), signed);
    assert.ok(
      made(signed, { attachments: [[file]] })
        .toString()
        .includes(signed.slice(head.length)),
    );
  });

  it('survives what is broken, and refuses what has no header', () => {
    for (const type of [
      'multipart/mixed',
      'multipart/mixed; boundary=""',
      'multipart/alternative; boundary=nowhere',
      'nonsense',
      '"',
      'application/pdf',
    ])
      assert.match(made(`${head}Content-Type: ${type}\r\n\r\nbody`).toString('latin1'), /> Gr=C3=BC=C3=9Fe/, type);
    assert.throws(() => made('\u0000\u0001'), MimeError);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('--b', '--b--', '', 'x', 'Content-Type: multipart/mixed; boundary=b', '\n', ' ')),
        (lines) => {
          made(`${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${lines.join('\r\n')}`, { attachments: [[file]] });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is quick with hostile HTML', () => {
    const started = performance.now();
    for (const piece of ['</body>', '<style', '<body', '<style>', '<meta charset='])
      bodyFragment(`<body>${piece.repeat(50_000)}`);
    made(`${head}Content-Type: text/html\r\n\r\n${'</body '.repeat(50_000)}`);
    assert.ok(performance.now() - started < 3000);
  });
});

describe('threads (RFC 5322 §3.6.4)', () => {
  const raw = Buffer.from(`${head}\r\nbody`);
  const thread = { messageId: '<m2@x>', references: '<m0@x> <m1@x>', isReply: true };
  it('adds In-Reply-To and References where the phone left them out', () => {
    const text = Buffer.from(withThread(raw, thread)).toString();
    assert.match(text, /\r\nIn-Reply-To: <m2@x>\r\nReferences: <m0@x>\r\n <m1@x>\r\n <m2@x>\r\n\r\nbody$/);
    assert.doesNotMatch(Buffer.from(withThread(raw, { ...thread, isReply: false })).toString(), /In-Reply-To/);
    const own = Buffer.from(`${head}In-Reply-To: <a@b>\r\nReferences: <a@b>\r\n\r\nbody`);
    assert.equal(withThread(own, thread), own);
    assert.equal(withThread(raw, { ...thread, messageId: '' }), raw);
  });
  it('keeps the first and the latest of a long chain', () => {
    const references = Array.from({ length: 200 }, (_, n) => `<r${n}@x>`).join(' ');
    const found: string[] =
      Buffer.from(withThread(raw, { ...thread, references }))
        .toString()
        .match(/<[^<>]+@x>/g) ?? [];
    assert.ok(found.includes('<r0@x>') && found.includes('<r199@x>') && found.length <= 51);
  });
});
