import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import PostalMime from 'postal-mime';
import type { MessageSummary } from '../../../../../src/domain/mail/model.js';
import { type OriginalPart, smartMessage } from '../../../../../src/faces/eas/compose/smart.js';
import { MimeError } from '../../../../../src/formats/mime/headers.js';

const summary = {
  from: [{ name: 'Bob', address: 'bob@example.test' }],
  to: [{ name: '', address: 'alice@example.test' }],
  cc: [],
  subject: 'Grüße <x>',
  date: new Date('2026-01-02T03:04:05Z'),
  received: new Date(),
} as unknown as MessageSummary;
const original = { summary, plain: 'first\n> second', html: '<html><body class="a"><p>first</p></body></html>' };
const attachment: OriginalPart = {
  type: 'application/pdf',
  parameters: { name: 'x' },
  encoding: 'base64',
  filename: 'Übersicht.pdf',
  contentId: null,
  inline: false,
  bytes: Buffer.from('AAEC\r\nAwQF\r\n'),
};

const head = 'From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Re: x\r\n';
const compose = (text: string, verb: 'reply' | 'forward' = 'reply', parts: OriginalPart[] = []) =>
  PostalMime.parse(smartMessage(Buffer.from(text), verb, original, parts));

describe('SmartReply and SmartForward without ReplaceMime (MS-ASCMD 2.2.1.19, 2.2.1.20)', () => {
  it('quotes the original below plain text, whatever its charset', async () => {
    const text = `${head}Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n`;
    const mail = await compose(text);
    assert.match(mail.text ?? '', /^Grüße\s+-----Original Message-----\r?\nFrom: Bob <bob@example.test>/);
    assert.match(mail.text ?? '', /Subject: Grüße <x>\r?\n\r?\n> first\r?\n>> second/);
    assert.equal(mail.subject, 'Re: x');
  });

  it('puts it inside the body of HTML, and into both forms of an alternative', async () => {
    const alternative = `${head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nyes\r\n--b\r\nContent-Type: text/html\r\n\r\n<html><body>yes</body></html>\r\n--b--\r\n`;
    const mail = await compose(alternative);
    assert.match(mail.text ?? '', /^yes\s+-----Original/);
    assert.match(
      mail.html ?? '',
      /<body>yes<br>[\s\S]*Subject:<\/b> Grüße &lt;x&gt;[\s\S]*<blockquote type="cite"><p>first<\/p><\/blockquote>\s*<\/body><\/html>/,
    );
  });

  it('attaches the parts of a forwarded message byte for byte, beside those of the phone', async () => {
    const mixed = `${head}Content-Type: multipart/mixed; boundary="b+("\r\n\r\n--b+(\r\n\r\nsee below\r\n--b+(\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=p.png\r\n\r\niVBORw0KGgo=\r\n--b+(--`;
    const mail = await compose(mixed, 'forward', [attachment]);
    assert.match(mail.text ?? '', /^see below[\s\S]*\r?\n\r?\nfirst\r?\n> second/);
    assert.deepEqual(
      mail.attachments.map(({ filename }) => filename),
      ['p.png', 'Übersicht.pdf'],
    );
    assert.deepEqual(Buffer.from(mail.attachments[1]?.content as ArrayBuffer), Buffer.from([0, 1, 2, 3, 4, 5]));
    const raw = Buffer.from(smartMessage(Buffer.from(mixed), 'forward', original, [attachment])).toString('latin1');
    assert.ok(raw.includes('\r\n\r\nAAEC\r\nAwQF\r\n\r\n--'));
    assert.ok(raw.includes('iVBORw0KGgo='));
  });

  it('does not open what is signed: the quote goes beside it', async () => {
    const signed = `${head}Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=s\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nsigned text\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--s--\r\n`;
    const raw = Buffer.from(smartMessage(Buffer.from(signed), 'reply', original, [])).toString('latin1');
    assert.ok(
      raw.includes(
        '--s\r\nContent-Type: text/plain\r\n\r\nsigned text\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--s--',
      ),
    );
    assert.match((await compose(signed)).text ?? '', /signed text[\s\S]*Original Message/);
  });

  it('survives messages that are broken', async () => {
    for (const type of [
      'multipart/mixed',
      'multipart/mixed; boundary=""',
      'multipart/alternative; boundary=nowhere',
      'nonsense',
      '"',
    ])
      assert.ok(smartMessage(Buffer.from(`${head}Content-Type: ${type}\r\n\r\nbody`), 'reply', original, []).length > 0, type);
    assert.throws(() => smartMessage(Buffer.from('\u0000\u0001'), 'reply', original, []), MimeError);
  });
});
