import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { headerMap, MimeError } from '../../../../src/formats/mime/headers.js';
import { changeNote, type NoteFields, newNote, noteHtml, noteText, readKeywords } from '../../../../src/formats/mime/note.js';
import { parseRaw } from '../../../../src/formats/mime/raw-parts.js';

const FIELDS: NoteFields = {
  subject: 'Einkäufe',
  from: 'Alice <alice@example.test>',
  date: 'Mon, 02 Mar 2026 10:00:00 +0000',
  messageId: 'new@example.test',
  identifier: 'AAAAAAAA-0000-4000-8000-000000000001',
};
const EDIT: NoteFields = { date: 'Tue, 03 Mar 2026 10:00:00 +0000', messageId: 'edit@example.test', identifier: 'UNUSED' };

const apple = (type: string, body: string, more: readonly string[] = []): Buffer =>
  Buffer.from(
    [
      'Subject: Shopping',
      'From: Alice <alice@example.test>',
      'X-Universally-Unique-Identifier: 0811AAB1-6B98-4236-A762-AC8CCDEAB7D4',
      `Content-Type: ${type}`,
      'X-Uniform-Type-Identifier: com.apple.mail-note',
      'Message-Id: <first@example.test>',
      'Date: Fri, 06 Jan 2012 23:19:33 +0100',
      'X-Mail-Created-Date: Fri, 06 Jan 2012 23:00:00 +0100',
      ...more,
      'Mime-Version: 1.0 (1.0)',
      '',
      body,
    ].join('\r\n'),
  );

const PICTURE = 'iVBORw0KGgo=';
const RELATED = [
  'preamble',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Shopping<div>=C3=A4pfel <object type=3D"application/x-apple-msg-attachment" data=3D"cid:p1@x"></object></div>',
  '--b',
  'Content-Type: image/png; name=p.png',
  'Content-Disposition: inline; filename=p.png',
  'Content-Id: <p1@x>',
  'Content-Transfer-Encoding: base64',
  'X-Apple-Unknown: stays',
  '',
  PICTURE,
  '--b--',
  '',
].join('\r\n');

const fieldsOf = (raw: Uint8Array) => headerMap(Buffer.from(raw).subarray(0, Buffer.from(raw).indexOf('\r\n\r\n')), 500);
let count = 0;
const boundary = () => `=_n${++count}`;
const changed = (raw: Uint8Array, fields: Partial<NoteFields>, html: string | null = null) =>
  Buffer.from(changeNote(raw, { ...EDIT, ...fields }, html, boundary));

describe('notes as Apple’s apps keep them in a mailbox', () => {
  it('a new note has all they look for', async () => {
    const raw = newNote(
      { ...FIELDS, keywords: ['Blau', 'a, "b"', 'Grün'], messageClass: 'IPM.StickyNote.X' },
      noteHtml('Einkäufe\nÄpfel'),
    );
    const header = fieldsOf(raw);
    assert.equal(header.get('x-uniform-type-identifier'), 'com.apple.mail-note');
    assert.equal(header.get('x-universally-unique-identifier'), FIELDS.identifier);
    assert.equal(header.get('x-mail-created-date'), FIELDS.date);
    assert.equal(header.get('subject'), 'Einkäufe');
    assert.equal(header.get('x-ms-message-class'), 'IPM.StickyNote.X');
    assert.deepEqual(readKeywords(header.get('keywords') ?? ''), ['Blau', 'a, "b"', 'Grün']);
    const mail = await PostalMime.parse(raw);
    assert.equal(mail.html?.trim(), 'Einkäufe<div>Äpfel</div>');
  });

  it('an edit of the header alone keeps every byte of the body, the identifier and the date of creation', () => {
    const raw = apple('multipart/related; boundary=b', RELATED, ['X-Unknown: kept']);
    const edited = changed(raw, { subject: 'Groceries', keywords: ['Red'] });
    assert.equal(edited.subarray(edited.indexOf('\r\n\r\n')).toString(), raw.subarray(raw.indexOf('\r\n\r\n')).toString());
    const header = fieldsOf(edited);
    assert.equal(header.get('subject'), 'Groceries');
    assert.equal(header.get('x-universally-unique-identifier'), '0811AAB1-6B98-4236-A762-AC8CCDEAB7D4');
    assert.equal(header.get('x-mail-created-date'), 'Fri, 06 Jan 2012 23:00:00 +0100');
    assert.equal(header.get('date'), EDIT.date);
    assert.equal(header.get('message-id'), '<edit@example.test>');
    assert.equal(header.get('x-unknown'), 'kept');
    assert.equal(header.get('content-type'), 'multipart/related; boundary=b');
    const without = changed(edited, { keywords: null });
    assert.equal(fieldsOf(without).get('keywords'), undefined);
  });

  it('pictures outlive an edit of the text by a phone that never saw them, and are still shown', async () => {
    const edited = changed(apple('multipart/related; boundary=b', RELATED), {}, noteHtml('Shopping\nBirnen'));
    const mail = await PostalMime.parse(edited);
    assert.match(mail.html ?? '', /^Shopping<div>Birnen<\/div><div><object [^>]*data="cid:p1@x"><\/object><\/div>/);
    assert.equal(mail.attachments.length, 1);
    assert.equal(mail.attachments[0]?.contentId, '<p1@x>');
    assert.ok(edited.includes(`X-Apple-Unknown: stays\r\n\r\n${PICTURE}`));
    const again = changed(edited, {}, '<html><body>One<img src="cid:p1@x"></body></html>');
    assert.equal((await PostalMime.parse(again)).html?.trim(), '<html><body>One<img src="cid:p1@x"></body></html>');
    const end = changed(edited, {}, '<html><body>One</body></html>');
    assert.match((await PostalMime.parse(end)).html ?? '', /One<div><object [^<]*<\/object><\/div><\/body><\/html>/);
  });

  it('files beside the text stay beside it; texts in several parts become one', async () => {
    const mixed = [
      '--b',
      'Content-Type: text/plain',
      '',
      'Shopping',
      '--b',
      'Content-Type: application/pdf; name=a.pdf',
      'Content-Disposition: attachment; filename=a.pdf',
      '',
      '%PDF',
      '--b',
      'Content-Type: text/plain',
      '',
      'more',
      '--b--',
      '',
    ].join('\r\n');
    const mail = await PostalMime.parse(changed(apple('multipart/mixed; boundary=b', mixed), {}, 'New'));
    assert.equal(mail.html?.trim(), 'New');
    assert.equal(mail.text, undefined);
    assert.deepEqual(
      mail.attachments.map(({ filename }) => filename),
      ['a.pdf'],
    );
  });

  it('a message without identifier or date of creation gets both', () => {
    const raw = Buffer.from('Subject: bare\r\nDate: Fri, 06 Jan 2012 23:19:33 +0100\r\n\r\nbare\r\n');
    const header = fieldsOf(changed(raw, { identifier: 'BBBB' }, 'x'));
    assert.equal(header.get('x-universally-unique-identifier'), 'BBBB');
    assert.equal(header.get('x-mail-created-date'), 'Fri, 06 Jan 2012 23:19:33 +0100');
    assert.equal(header.get('content-type'), 'text/html; charset=utf-8');
  });

  it('line ends in values never make a header, and what is no message is refused', () => {
    const raw = newNote({ ...FIELDS, subject: 'a\r\nBcc: evil@example.test', keywords: ['x\r\nBcc: y'] }, 'x');
    assert.equal(fieldsOf(raw).get('bcc'), undefined);
    assert.throws(() => changeNote(Buffer.from('\r\n\r\n'), EDIT, 'x', boundary), MimeError);
  });

  it('text → HTML → text is the same text', () => {
    const line = fc.oneof(
      fc.constantFrom('', ' ', '  x', '<b>', 'a & b', '&nbsp;', 'ä€😀', '- one', '> q', '--', 'x '),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const clean = lines.map((each) => each.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, ' ').replaceAll('\u00a0', ' '));
        const text = clean.join('\n').replace(/\s+$/, '');
        assert.equal(noteText(noteHtml(text)).replace(/\s+$/, ''), text);
      }),
      { seed: 7, numRuns: 400 },
    );
  });

  it('Apple’s empty lines are one empty line each', () => {
    const html =
      '<html><head></head><body style="x">First<div><br></div><div>a <b>b</b></div><div><br></div><div><br></div><div>c</div></body></html>';
    assert.equal(noteText(html).trimEnd(), 'First\n\na b\n\n\nc');
  });

  it('has the parts of what it made', () => {
    const edited = changed(apple('multipart/related; boundary=b', RELATED), {}, 'x');
    assert.deepEqual(
      parseRaw(edited).children.map(({ type }) => type),
      ['text/html', 'image/png'],
    );
  });
});
