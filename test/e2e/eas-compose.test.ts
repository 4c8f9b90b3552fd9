import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import PostalMime from 'postal-mime';
import { type EasPhone, LostAnswer, type PhoneFolder, t } from '../support/eas-phone.js';
import { event } from '../support/eas-phone-items.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';
import { repositoryRoot } from '../support/paths.js';

const me = address('cora');
const friend = address('carl');
const BYTES = Buffer.concat(Array.from({ length: 500 }, (_, n) => createHash('sha256').update(`compose ${n}`).digest()));
const fixture = (name: string) => readFileSync(join(repositoryRoot, 'test/fixtures/eml', name));

let world: World;
let phone: EasPhone;
let inbox: PhoneFolder;

before(async () => {
  world = await startWorld();
  phone = await world.phone('cora', { deviceId: 'compose1' });
  inbox = phone.folder(2);
});

const deliver = (raw: string | Buffer) => world.dovecot.deliver(me, raw);
const sent = () => world.submission.messages;
const lastSent = () => sent().at(-1)!.raw;
const parse = (raw: Uint8Array) => PostalMime.parse(raw);

async function received(subject: string): Promise<{ folder: string; item: string }> {
  await phone.syncAll(inbox);
  const found = [...inbox.items].find(([, item]) => item.text('Email:Subject') === subject);
  assert.ok(found, `${subject} is not in the inbox`);
  return { folder: inbox.id, item: found[0] };
}

const flags = async (subject: string) =>
  (await world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', me, 'flags', 'mailbox', 'INBOX', 'header', 'subject', subject))
    .split('\n')
    .slice(1)
    .join(' ');

const note = (text: string, subject = 'Re: x') => message({ from: me, to: friend, subject, text });
const html = (body: string, subject = 'Re: x') => message({ from: me, to: friend, subject, html: body });

describe('SmartReply (MS-ASCMD 2.2.1.20)', () => {
  test('quotes the text of the original below, sets \\Answered and ties the threads', async () => {
    await deliver(message({ to: me, subject: 'Plans', text: 'First line\r\n> older line\r\nGrüße', messageId: 'plans' }));
    const source = await received('Plans');
    assert.equal(await phone.compose('SmartReply', { mime: note('Yes, öfter!'), source }), '1');
    const mail = await parse(lastSent());
    assert.match(mail.text ?? '', /^Yes, öfter!\s+_{10,}\s+From: Carol <carol@example\.test>/);
    assert.match(mail.text ?? '', /Subject: Plans\s+> First line\s+>> older line\s+> Grüße/);
    assert.equal(mail.inReplyTo, '<plans@example.test>');
    assert.match(mail.references ?? '', /<plans@example\.test>/);
    assert.match(await flags('Plans'), /\\Answered/);
    assert.doesNotMatch(await flags('Plans'), /\\Seen/);
    const sentBox = phone.folder(5);
    await phone.syncAll(sentBox);
    assert.ok([...sentBox.items.values()].some((item) => item.text('Email:Subject') === 'Re: x'));
  });

  test('an HTML answer holds the HTML of the original and the pictures inside it, byte for byte', async () => {
    await deliver(
      fixture('related-with-attachment.eml')
        .toString('latin1')
        .replace(/^To: .*$/m, `To: ${me}`),
    );
    const original = await parse(fixture('related-with-attachment.eml'));
    const source = await received(original.subject ?? '');
    assert.equal(await phone.compose('SmartReply', { mime: html('<html><body><p>Fine</p></body></html>'), source }), '1');
    const mail = await parse(lastSent());
    assert.match(mail.html ?? '', /<p>Fine<\/p><hr>[\s\S]*<blockquote type="cite">[\s\S]*<\/blockquote><\/body>/);
    const pictures = original.attachments.filter(
      (each) => each.contentId && original.html?.includes(`cid:${each.contentId.slice(1, -1)}`),
    );
    assert.ok(pictures.length > 0);
    assert.deepEqual(
      mail.attachments.map(({ contentId, content }) => [contentId, sha(content)]),
      pictures.map(({ contentId, content }) => [contentId, sha(content)]),
      'a reply carries the pictures of its text and no attachments',
    );
  });

  test('ReplaceMime sends the message as it is', async () => {
    const source = await received('Plans');
    const mime = note('All of it is mine');
    assert.equal(await phone.compose('SmartReply', { mime, source, replace: true }), '1');
    assert.equal((await parse(lastSent())).text?.trim(), 'All of it is mine');
    assert.equal(bodyOf(lastSent()), bodyOf(Buffer.from(mime)));
  });

  test('attachments of the answer keep their bytes', async () => {
    const source = await received('Plans');
    const mime = message({
      from: me,
      to: friend,
      subject: 'Re: x',
      text: 'See',
      attachment: { name: 'b.bin', type: 'application/octet-stream', data: BYTES },
    });
    assert.equal(await phone.compose('SmartReply', { mime, source }), '1');
    const encoded = (raw: string) => /filename="b\.bin"[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(raw)?.[1];
    assert.ok(encoded(mime));
    assert.equal(encoded(lastSent().toString('latin1')), encoded(mime));
    assert.match((await parse(lastSent())).text ?? '', /See[\s\S]*> First line/);
  });

  test('a signed or encrypted answer is not touched', async () => {
    const source = await received('Plans');
    const head = `From: ${me}\r\nTo: ${friend}\r\nSubject: Re: sealed\r\nMIME-Version: 1.0\r\n`;
    const signed = `${head}Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nsigned \r\n\r\n--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--s--\r\n`;
    const sealed = `${head}Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIBAAEC\r\n`;
    for (const mime of [signed, sealed]) {
      assert.equal(await phone.compose('SmartReply', { mime, source }), '1');
      assert.equal(bodyOf(lastSent()), bodyOf(Buffer.from(mime)));
    }
  });

  test('a ClientId counts once, even when the source is gone by then (Status 118)', async () => {
    await deliver(message({ to: me, subject: 'Short-lived', text: 'x' }));
    const source = await received('Short-lived');
    const clientId = phone.nextClientId();
    const count = sent().length;
    await assert.rejects(phone.compose('SmartReply', { mime: note('once'), source, clientId, lose: 'answer' }), LostAnswer);
    await world.dovecot.doveadm('expunge', '-u', me, 'mailbox', 'INBOX', 'header', 'subject', 'Short-lived');
    assert.equal(await phone.compose('SmartReply', { mime: note('once'), source, clientId }), '118');
    assert.equal(sent().length, count + 1);
  });

  test('a source that is gone is Status 150, and nothing is sent', async () => {
    const count = sent().length;
    const clientId = phone.nextClientId();
    for (const source of [
      { folder: inbox.id, item: `${inbox.id}:99999` },
      { folder: 'nowhere', item: 'nowhere:1' },
      { folder: inbox.id, item: 'nonsense' },
      { longId: 'nonsense' },
    ])
      assert.equal(await phone.compose('SmartReply', { mime: note('x'), source, clientId }), '150');
    assert.equal(sent().length, count);
    const source = await received('Plans');
    assert.equal(await phone.compose('SmartReply', { mime: note('x'), source, clientId }), '1', 'the ClientId is free again');
  });

  test('ids that do not fit together are Status 105, a date that is none 104, an occurrence of what does not recur 146', async () => {
    const source = await received('Plans');
    const reply = (ids: object) => phone.compose('SmartReply', { mime: note('x'), source: ids });
    assert.equal(await reply({ ...source, longId: 'x' }), '105');
    assert.equal(await reply({ folder: source.folder }), '105');
    assert.equal(await reply({ ...source, instance: 'tomorrow' }), '104');
    assert.equal(await reply({ ...source, instance: '2027-03-01T09:00:00.000Z' }), '146');
  });

  test('unreadable MIME is Status 107, no recipient 119, an AccountId 166, rights management 168, no Source 103', async () => {
    const source = await received('Plans');
    assert.equal(await phone.compose('SmartReply', { mime: 'no header at all', source }), '107');
    assert.equal(await phone.compose('SmartReply', { mime: `From: ${me}\r\nSubject: x\r\n\r\nx`, source }), '119');
    assert.equal(
      await phone.compose('SmartReply', { mime: note('x'), source, more: [t('ComposeMail:AccountId', 'other')] }),
      '166',
    );
    const template = t('RightsManagement:TemplateID', '00000000-0000-0000-0000-000000000001');
    assert.equal(await phone.compose('SmartReply', { mime: note('x'), source, more: [template] }), '168');
    assert.equal(await phone.compose('SmartReply', { mime: note('x') }), '103');
    assert.equal(await phone.compose('SmartReply', { source }), '103');
  });
});

describe('SmartForward (MS-ASCMD 2.2.1.19)', () => {
  test('carries text and attachments byte for byte and sets $Forwarded', async () => {
    const attachment = { name: 'übersicht.bin', type: 'application/octet-stream', data: BYTES };
    const raw = message({ to: me, subject: 'Files', text: 'Two files', attachment });
    await deliver(raw);
    const source = await received('Files');
    assert.equal(await phone.compose('SmartForward', { mime: note('FYI', 'Fwd: Files'), source }), '1');
    const mail = await parse(lastSent());
    assert.match(mail.text ?? '', /^FYI\s+_{10,}\s+From: [\s\S]*Subject: Files\s+Two files/);
    assert.equal(mail.attachments.length, 1);
    assert.equal(sha(mail.attachments[0]!.content), sha(BYTES));
    const part = (text: string) => text.slice(text.indexOf('Content-Type: application/octet-stream')).split('\r\n--')[0];
    assert.equal(part(lastSent().toString('latin1')), part(Buffer.from(raw).toString('latin1')), 'header and body of the part');
    assert.match(await flags('Files'), /\$Forwarded/);
  });

  test('its own attachments come before those of the original', async () => {
    const source = await received('Files');
    const own = { name: 'own.bin', type: 'application/octet-stream', data: Buffer.from('own') };
    const mime = message({ from: me, to: friend, subject: 'Fwd: Files', text: 'both', attachment: own });
    assert.equal(await phone.compose('SmartForward', { mime, source }), '1');
    const mail = await parse(lastSent());
    assert.deepEqual(
      mail.attachments.map(({ content }) => sha(content)),
      [sha(own.data), sha(BYTES)],
    );
  });

  test('a message that is one file, and one inside another, are carried whole', async () => {
    const head = (subject: string) => `From: x@example.test\r\nTo: ${me}\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\n`;
    await deliver(
      `${head('Only a file')}Content-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="a.pdf"\r\n\r\n${BYTES.subarray(0, 50).toString('base64')}\r\n`,
    );
    let source = await received('Only a file');
    assert.equal(await phone.compose('SmartForward', { mime: note('x', 'Fwd'), source }), '1');
    const [file] = (await parse(lastSent())).attachments;
    assert.equal(sha(file!.content), sha(BYTES.subarray(0, 50)));
    assert.equal(file!.filename, 'a.pdf');
    await deliver(
      fixture('forwarded.eml')
        .toString('latin1')
        .replace(/^To: .*$/m, `To: ${me}`),
    );
    const nested = await parse(fixture('forwarded.eml'));
    source = await received(nested.subject ?? '');
    assert.equal(await phone.compose('SmartForward', { mime: note('x', 'Fwd'), source }), '1');
    assert.match(lastSent().toString('latin1'), /Content-Type: message\/rfc822/i);
  });

  test('a signed original goes along whole, its signature unbroken', async () => {
    const raw = fixture('signed.eml')
      .toString('latin1')
      .replace(/^To: .*$/m, `To: ${me}`);
    await deliver(raw);
    const source = await received((await parse(fixture('signed.eml'))).subject ?? '');
    assert.equal(await phone.compose('SmartForward', { mime: note('see', 'Fwd'), source }), '1');
    const out = lastSent().toString('latin1');
    assert.match(out, /Content-Type: message\/rfc822/);
    assert.ok(out.includes(bodyOf(Buffer.from(raw, 'latin1')).trimEnd()), 'the signed bytes are all there');
  });

  test('an event is forwarded as an invitation, one occurrence of a series by its InstanceId', async () => {
    const calendar = phone.folder(8);
    await phone.syncAll(calendar);
    const facts = { start: '20270301T090000Z', end: '20270301T100000Z', location: 'Room 5', body: 'Bring cake', reminder: 10 };
    const series = t('Calendar:Recurrence', t('Calendar:Type', 0), t('Calendar:Interval', 1), t('Calendar:Occurrences', 5));
    const once = phone.add(calendar, ...event('16.1', { subject: 'Single', ...facts }));
    const often = phone.add(calendar, ...event('16.1', { subject: 'Daily', ...facts }), series);
    const { outcomes } = await phone.syncAll(calendar);
    const item = (id: string) => ({ folder: calendar.id, item: outcomes.get(id)?.serverId ?? '' });
    assert.equal(await phone.compose('SmartForward', { mime: note('Come', 'FW: Single'), source: item(once) }), '1');
    let mail = await parse(lastSent());
    assert.match(mail.text ?? '', /^Come[\s\S]*Subject: Single\s+When: Monday[\s\S]*Where: Room 5[\s\S]*Bring cake/);
    let ics = Buffer.from(mail.attachments[0]!.content as ArrayBuffer).toString();
    assert.match(ics, /METHOD:REQUEST[\s\S]*SUMMARY:Single/);
    assert.doesNotMatch(ics, /VALARM/);
    const instance = '2027-03-03T09:00:00.000Z';
    const forwardees = t(
      'ComposeMail:Forwardees',
      t('ComposeMail:Forwardee', t('ComposeMail:Name', 'Carl'), t('ComposeMail:Email', friend)),
    );
    const bodyNote = t('AirSyncBase:Body', t('AirSyncBase:Type', 1), t('AirSyncBase:Data', 'Only on Wednesday'));
    const source = { ...item(often), instance };
    assert.equal(await phone.compose('SmartForward', { source, more: [bodyNote, forwardees] }), '1');
    mail = await parse(lastSent());
    assert.equal(mail.subject, 'FW: Daily');
    assert.equal(mail.to?.[0]?.address, friend);
    assert.equal(mail.from?.address, me);
    assert.match(mail.text ?? '', /^Only on Wednesday[\s\S]*When: Wednesday/);
    ics = Buffer.from(mail.attachments[0]!.content as ArrayBuffer).toString();
    assert.match(ics, /RECURRENCE-ID/);
    assert.doesNotMatch(ics.slice(ics.indexOf('BEGIN:VEVENT')), /RRULE/);
    const reply = (ids: object) => phone.compose('SmartReply', { mime: note('x'), source: ids });
    assert.equal(await reply({ ...item(once), instance }), '146');
    assert.equal(await reply({ ...item(often), instance: '2029-03-03T09:00:00.000Z' }), '150');
    assert.equal(await reply(item(often)), '1');
  });

  test('Forwardees beside Mime are Status 178, without an address 179', async () => {
    const source = await received('Files');
    const forwardee = (email: string) => t('ComposeMail:Forwardees', t('ComposeMail:Forwardee', t('ComposeMail:Email', email)));
    const forward = (how: object) => phone.compose('SmartForward', { source, ...how });
    assert.equal(await forward({ mime: note('x'), more: [forwardee(friend)] }), '178');
    assert.equal(await forward({ replace: true, more: [forwardee(friend)] }), '178');
    assert.equal(await forward({ more: [forwardee('nobody')] }), '179');
    assert.equal(await forward({ more: [t('ComposeMail:Forwardees')] }), '179');
    assert.equal(await forward({ more: [forwardee(friend)] }), '1');
    assert.equal(sha((await parse(lastSent())).attachments[0]!.content), sha(BYTES));
  });
});

function sha(bytes: string | ArrayBuffer | Uint8Array): string {
  return createHash('sha256')
    .update(typeof bytes === 'string' ? bytes : new Uint8Array(bytes))
    .digest('hex');
}

function bodyOf(raw: Buffer): string {
  const text = raw.toString('latin1');
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

describe('a forwarded message of 45 MB (MS-ASCMD 2.2.1.19)', () => {
  test('goes out byte for byte; one too large is Status 122, and nothing is sent', async () => {
    const large = Buffer.concat(Array.from({ length: 2048 }, () => BYTES)).subarray(0, 32 * 1024 * 1024);
    const imap = await world.imap('cora');
    const put = async (subject: string, data: Buffer) => {
      const attachment = { name: 'large.bin', type: 'application/octet-stream', data };
      await imap.append('INBOX', Buffer.from(message({ to: me, subject, text: 'x', attachment })));
      return received(subject);
    };
    const source = await put('Large', large);
    assert.equal(await phone.compose('SmartForward', { mime: note('see', 'Fwd: Large'), source, save: false }), '1');
    const mail = await parse(lastSent());
    assert.equal(sha(mail.attachments[0]!.content), sha(large));
    const count = sent().length;
    const tooLarge = await put('Too large', Buffer.concat([large, large]).subarray(0, 40 * 1024 * 1024));
    assert.equal(await phone.compose('SmartForward', { mime: note('see', 'Fwd: Too large'), source: tooLarge }), '122');
    assert.equal(sent().length, count);
  });
});
