import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { before, describe, it } from 'node:test';
import type { Dovecot } from '../../src/demo/dovecot.js';
import { isDomainError } from '../../src/domain/errors.js';
import type { BodyText, BodyWish, MailFolder, MessageSummary } from '../../src/domain/mail/model.js';
import type { Mail } from '../../src/domain/mail/service.js';
import { startTestDovecot } from '../support/dovecot.js';
import { mailSession, testBackend, testMail, textMessage } from '../support/mail-user.js';
import { fixturePath } from '../support/paths.js';

const user = 'reader@example.test';
const s = mailSession(user);
let dovecot: Dovecot;
let mail: Mail;
let inbox: MailFolder;

before(async () => {
  dovecot = await startTestDovecot();
  mail = testMail(testBackend(dovecot.url));
  inbox = (await mail.folders(s)).find(({ role }) => role === 'inbox') as MailFolder;
});

/** Appends a fixture to INBOX and returns its summary. */
async function put(fixture: string): Promise<MessageSummary> {
  const uid = (await mail.append(s, inbox, await readFile(fixturePath('eml', `${fixture}.eml`)), [])) as number;
  const [summary] = await mail.summaries(s, inbox, [uid]);
  assert.ok(summary);
  return summary;
}

async function bodyOf(message: MessageSummary, wish: BodyWish): Promise<BodyText> {
  const body = (await mail.bodies(s, inbox, [message], () => wish)).get(message.uid);
  assert.ok(body, 'no body');
  return body;
}

const textOf = (body: BodyText) => Buffer.from(body.data).toString('utf8');

describe('bodies', () => {
  const expected: [string, 'plain' | 'html', RegExp][] = [
    ['related-with-attachment', 'plain', /^Schöne Grüße, siehe Bild\.$/],
    ['related-with-attachment', 'html', /^<html><body><p>Schöne <b>Grüße<\/b><\/p><img src="cid:pic@example"><\/body><\/html>$/],
    ['apple-text-picture-text', 'plain', /^Before the picture\.\s+After the picture\.\s*$/],
    ['apple-text-picture-text', 'html', /Before the picture\..*After the picture\./s],
    ['latin1-quoted-printable', 'plain', /^Café € 50, soft break = sign\.\s*$/],
    ['iso-2022-jp', 'plain', /^日本語のメール\s*$/],
    ['utf8-declared-as-ascii', 'plain', /^Zürich – größer\s*$/],
    ['unknown-charset', 'plain', /^Fünf$/],
    ['signed', 'plain', /^This text is signed\. ?\s*$/],
    ['invitation', 'plain', /^Let us meet\.\s*$/],
    [
      'flowed',
      'plain',
      /^A paragraph that the sender's program broke into lines\.\r\n\r\n> quoted text goes on\r\nFrom the start\r\n-- \r\nBob/,
    ],
    ['forwarded', 'html', /See below\./],
    ['picture-only', 'plain', /^$/],
    ['broken', 'html', /<b>bold<\/b>/],
  ];
  for (const [fixture, type, pattern] of expected) {
    it(`${fixture} as ${type}`, async () => {
      const body = await bodyOf(await put(fixture), { type });
      assert.match(textOf(body), pattern);
      assert.equal(body.truncated, false);
      assert.equal(body.estimatedSize, body.data.length);
    });
  }

  it('are cut on a character boundary, fetching little', async () => {
    const text = 'Größe '.repeat(20_000);
    const uid = (await mail.append(
      s,
      inbox,
      Buffer.from(textMessage('long', text, ['Content-Type: text/plain; charset=utf-8'])),
      [],
    )) as number;
    const [message] = await mail.summaries(s, inbox, [uid]);
    const body = await bodyOf(message as MessageSummary, { type: 'plain', maxBytes: 1003 });
    assert.ok(body.data.length <= 1003 && body.data.length > 998);
    assert.ok(!textOf(body).includes('\ufffd') && text.startsWith(textOf(body)));
    assert.ok(body.truncated && Math.abs(body.estimatedSize - Buffer.byteLength(text)) < 1000, String(body.estimatedSize));
    const none = await bodyOf(message as MessageSummary, { type: 'plain', maxBytes: 0 });
    assert.deepEqual([none.data.length, none.truncated], [0, true]);
  });

  it('as MIME are the message byte for byte, or its beginning', async () => {
    const message = await put('signed');
    const raw = await readFile(fixturePath('eml', 'signed.eml'));
    const whole = await bodyOf(message, { type: 'mime' });
    assert.ok(raw.equals(whole.data));
    assert.deepEqual([whole.truncated, whole.estimatedSize], [false, raw.length]);
    const head = await bodyOf(message, { type: 'mime', maxBytes: 100 });
    assert.ok(raw.subarray(0, 100).equals(head.data));
    assert.deepEqual([head.truncated, head.estimatedSize], [true, raw.length]);
  });

  it('of expunged messages are missing, the others come', async () => {
    const [first, second] = [await put('flowed'), await put('signed')];
    await mail.remove(s, inbox, [first.uid]);
    const bodies = await mail.bodies(s, inbox, [first, second], () => ({ type: 'html' }));
    assert.deepEqual([...bodies.keys()], [second.uid]);
  });
});

describe('summaries', () => {
  it('tell the envelope decoded, and flags without \\Seen', async () => {
    const message = await put('related-with-attachment');
    assert.equal(message.subject, 'Grüße aus Köln');
    assert.deepEqual(message.from, [{ name: 'Bob Test', address: 'bob@example.test' }]);
    assert.equal(message.date?.toISOString(), '2026-03-02T10:00:00.000Z');
    await bodyOf(message, { type: 'html' });
    await bodyOf(message, { type: 'mime' });
    const [again] = await mail.summaries(s, inbox, [message.uid]);
    assert.deepEqual(again?.flags, []);
  });

  it('come newest first and leave out what is not there', async () => {
    const [a, b] = [await put('flowed'), await put('signed')];
    const found = await mail.summaries(s, inbox, [a.uid, 999_999, b.uid]);
    assert.deepEqual(
      found.map(({ uid }) => uid),
      [b.uid, a.uid],
    );
    assert.deepEqual(await mail.summaries(s, inbox, []), []);
  });

  it('bear a broken message', async () => {
    const message = await put('broken');
    assert.ok(message.structure.type.startsWith('multipart/'));
    assert.ok(mail.attachments(message).length <= 2);
  });
});

describe('attachments', () => {
  it('are listed from the structure with decoded names and sizes', async () => {
    const message = await put('related-with-attachment');
    const pdf = await readFile(fixturePath('eml', 'related-with-attachment.pdf'));
    const list = mail
      .attachments(message)
      .map(({ filename, type, inline, contentId }) => ({ filename, type, inline, contentId }));
    assert.deepEqual(list, [
      { filename: 'dot.png', type: 'image/png', inline: true, contentId: 'pic@example' },
      { filename: 'Übersicht März.pdf', type: 'application/pdf', inline: false, contentId: null },
    ]);
    assert.ok(Math.abs((mail.attachments(message)[1]?.estimatedSize ?? 0) - pdf.length) < 20);
  });

  it('are fetched byte for byte', async () => {
    const message = await put('related-with-attachment');
    const pdf = mail.attachments(message)[1];
    const { type, filename, content } = await mail.download(s, inbox, message.uid, pdf?.section ?? '');
    assert.deepEqual([type, filename], ['application/pdf', 'Übersicht März.pdf']);
    assert.ok((await buffer(content)).equals(await readFile(fixturePath('eml', 'related-with-attachment.pdf'))));
  });

  it('of several megabytes come in chunks', async () => {
    const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_, n) => (n * 7919) % 251));
    const encoded = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
    const head = [
      'MIME-Version: 1.0',
      'Content-Type: application/octet-stream; name=big.bin',
      'Content-Transfer-Encoding: base64',
    ];
    const uid = (await mail.append(s, inbox, Buffer.from(textMessage('big', encoded, head)), [])) as number;
    const { content } = await mail.download(s, inbox, uid, '1');
    assert.ok((await buffer(content)).equals(bytes));
    const raw = await mail.download(s, inbox, uid, '');
    assert.equal((await buffer(raw.content)).length, textMessage('big', encoded, head).length);
  });

  it('that are messages come whole, and what is not there is not found', async () => {
    const message = await put('forwarded');
    const inner = mail.attachments(message)[0];
    assert.deepEqual([inner?.embedded, inner?.filename], [true, 'Inner.eml']);
    const { content } = await mail.download(s, inbox, message.uid, inner?.section ?? '');
    assert.match((await buffer(content)).toString(), /^From: carol@example\.test\r\nSubject: Inner\r\n[\s\S]*inner text/);
    for (const [uid, section] of [
      [message.uid, '9'],
      [message.uid, '1.HEADER'],
      [999_999, '1'],
    ] as const) {
      await assert.rejects(mail.download(s, inbox, uid, section), (error) => isDomainError(error, 'not-found'));
    }
  });
});

describe('changes by the user', () => {
  it('flags, moves with UIDs told, deletes for good, appends with a date', async () => {
    const archive = (await mail.folders(s)).find(({ role }) => role === 'archive') as MailFolder;
    const [a, b] = [await put('flowed'), await put('signed')];
    await mail.setFlags(s, inbox, [a.uid, b.uid], { add: ['\\Seen', '$Forwarded'] });
    await mail.setFlags(s, inbox, [b.uid], { remove: ['\\Seen'] });
    const flags = async (uid: number) => [...((await mail.summaries(s, inbox, [uid]))[0]?.flags ?? [])].sort();
    assert.deepEqual([await flags(a.uid), await flags(b.uid)], [['$Forwarded', '\\Seen'], ['$Forwarded']]);
    const moved = await mail.move(s, inbox, [a.uid, b.uid, 999_999], archive);
    assert.deepEqual([...moved.keys()], [a.uid, b.uid]);
    const there = await mail.list(s, archive, null);
    assert.ok([...moved.values()].every((uid) => there.has(uid)));
    await mail.remove(s, archive, [...moved.values()]);
    assert.equal((await mail.list(s, archive, null)).size, 0);
    const received = new Date('2020-05-06T07:08:09Z');
    const uid = (await mail.append(s, archive, Buffer.from(textMessage('old')), ['\\Seen'], received)) as number;
    const [old] = await mail.summaries(s, archive, [uid]);
    assert.deepEqual([old?.received.toISOString(), old?.flags], [received.toISOString(), ['\\Seen']]);
    assert.equal((await mail.list(s, archive, new Date('2021-01-01'))).size, 0);
  });

  it('search text, header and dates', async () => {
    const folder = await mail.createFolder(s, null, 'Searched');
    await mail.append(s, folder, Buffer.from(textMessage('apples', 'a word: zwiebel')), []);
    await mail.append(s, folder, Buffer.from(textMessage('pears', 'nothing')), []);
    assert.equal(String(await mail.search(s, folder, { text: 'Zwiebel' })), '1');
    assert.equal(String(await mail.search(s, folder, { text: 'Bücher' })), '');
    assert.equal(String(await mail.search(s, folder, { header: { 'Message-ID': '<pears@example.test>' } })), '2');
    assert.equal(String(await mail.search(s, folder, { before: new Date('2000-01-01') })), '');
    assert.equal(String(await mail.search(s, folder, {})), '1-2');
  });
});
