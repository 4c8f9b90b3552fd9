import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EasPhone, HttpFault, LostAnswer, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { contact, edited, event } from '../support/eas-phone-items.js';
import { address, type DavHome, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';

/** Bytes that are text in no encoding and compress badly. */
const ATTACHMENT = Buffer.concat(Array.from({ length: 3000 }, (_, n) => createHash('sha256').update(`part ${n}`).digest()));

let world: World;
before(async () => {
  world = await startWorld();
});

/** The same story by each protocol version and each form of the query. */
const PHONES = [
  { version: '16.1', base64: false, user: 'alice' },
  { version: '16.0', base64: false, user: 'anna' },
  { version: '14.1', base64: true, user: 'arthur' },
  { version: '14.0', base64: false, user: 'agnes' },
  { version: '12.1', base64: true, user: 'adam' },
  { version: '12.0', base64: false, user: 'abel' },
  { version: '2.5', base64: false, user: 'aaron' },
] as const;

for (const { version, base64, user } of PHONES) {
  describe(`a phone that speaks ${version}${base64 ? ' with base64 queries' : ''}`, { concurrency: false }, () => {
    let phone: EasPhone;
    let dav: DavHome;
    let inbox: PhoneFolder;
    let calendar: PhoneFolder;
    let contacts: PhoneFolder;
    const me = address(user);
    const friend = address(`bob-of-${user}`);
    const deliver = (parts: Parameters<typeof message>[0]) => world.dovecot.deliver(me, message({ to: me, ...parts }));
    const flags = async (box: string, subject: string) =>
      (await world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', me, 'flags', 'mailbox', box, 'header', 'subject', subject))
        .split('\n')
        .slice(1)
        .join('\n')
        .trim();
    const subjects = async (who: string, box: string) =>
      (await world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', who, 'hdr.subject', 'mailbox', box))
        .split('\n')
        .slice(1)
        .filter(Boolean);
    const bySubject = (folder: PhoneFolder, subject: string, name = 'Email:Subject') => {
      const found = [...folder.items].filter(([, item]) => item.text(name) === subject);
      assert.equal(
        found.length,
        1,
        `${found.length} items named ${subject} among ${[...folder.items.values()].map((item) => item.text(name))}`,
      );
      return found[0]!;
    };

    const isOld = Number(version) < 14;
    const isOldest = version === '2.5';
    const textOf = (item: Tag) => (isOldest ? item.text('Email:Body') : item.text('AirSyncBase:Body', 'AirSyncBase:Data')) ?? '';

    before(async () => {
      phone = await world.phone(user, { version, base64, deviceId: `phone${version.replace('.', '')}` }, { fresh: true });
    });
    after(() => phone.close());

    test('OPTIONS tells versions and commands (MS-ASHTTP 2.2.3)', async () => {
      const { versions, commands, answer } = await phone.options();
      assert.equal(answer.status, 200);
      for (const offered of PHONES.map((each) => each.version)) assert.ok(versions.includes(offered), `${versions}`);
      assert.deepEqual(
        versions,
        [...versions].sort((a, b) => Number(a) - Number(b)),
      );
      const served = [
        'Sync',
        'SendMail',
        'FolderSync',
        'MoveItems',
        'GetItemEstimate',
        'Ping',
        'ItemOperations',
        'Settings',
        'Provision',
      ];
      assert.deepEqual(
        served.filter((command) => !commands.includes(command)),
        [],
      );
    });

    test(`before it is provisioned it gets nothing but ${isOld ? 'HTTP 449' : 'Status 142'}`, async () => {
      const answer = await phone.raw({
        command: 'FolderSync',
        body: t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0')),
        policyKey: '0',
      });
      assert.equal(answer.status, isOld ? 449 : 200);
      if (!isOld) assert.equal(answer.tree?.text('FolderHierarchy:Status'), '142');
    });

    test('Provision in two phases (MS-ASPROV 3.1.5)', async () => {
      const { temporary, final } = await phone.provision();
      assert.notEqual(temporary, final);
    });

    test(`a wrong policy key is ${isOld ? 'HTTP 449' : 'Status 144'}`, async () => {
      const body = t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0'));
      const wrong = String((Number(phone.policyKey) % 0xfffffff0) + 1);
      const answer = await phone.raw({ command: 'FolderSync', body, policyKey: wrong });
      assert.equal(answer.status, isOld ? 449 : 200);
      if (!isOld) assert.equal(answer.tree?.text('FolderHierarchy:Status'), '144');
    });

    test('FolderSync gives the hierarchy', async () => {
      const result = await phone.folderSync();
      assert.equal(result.status, '1');
      for (const type of [2, 3, 4, 5, 8, 9]) assert.ok(phone.folder(type).name);
      [inbox, calendar, contacts] = [phone.folder(2), phone.folder(8), phone.folder(9)];
      assert.deepEqual(await phone.folderSync(), { status: '1', added: [], updated: [], deleted: [] });
    });

    test('a command that the version does not have is refused (MS-ASCMD 2.2.2, 138)', async () => {
      const missing = isOldest ? ['Settings', 'ItemOperations'] : isOld ? [] : ['GetAttachment'];
      for (const command of missing) {
        const answer = await phone.raw({ command });
        if (isOld) assert.equal(answer.status, 400);
        else assert.match(answer.tree?.toString() ?? '', /Status "138"/);
      }
    });

    test('Settings tells the address and takes the device information', {
      skip: isOldest && 'there is no Settings yet',
    }, async () => {
      const answer = await phone.settings(phone.deviceInformation(), t('Settings:UserInformation', t('Settings:Get')));
      assert.equal(answer.text('Settings:Status'), '1');
      assert.equal(answer.text('Settings:DeviceInformation', 'Settings:Status'), '1');
      const information = answer.child('Settings:UserInformation');
      assert.equal(information?.text('Settings:Status'), '1');
      assert.ok(
        [...information!.walk()].some((tag) => tag.name === 'Settings:SMTPAddress' && tag.value === me),
        `${answer}`,
      );
    });

    test('Sync of INBOX with bodies', async () => {
      await deliver({ subject: 'Plain words', text: 'Grüße aus dem Text' });
      await deliver({ subject: 'Bright colours', html: '<html><body><p>Hello <b>phone</b> €</p></body></html>' });
      await deliver({
        subject: 'With a file',
        text: 'See the file',
        attachment: { name: 'data.bin', type: 'application/octet-stream', data: ATTACHMENT },
      });
      await phone.syncAll(inbox);
      assert.equal(inbox.items.size, 3);
      const body = (subject: string) => textOf(bySubject(inbox, subject)[1]);
      assert.match(body('Plain words'), /Grüße aus dem Text/);
      assert.match(body('Bright colours'), isOldest ? /Hello phone €/ : /Hello <b>phone<\/b> €/);
      const [, plain] = bySubject(inbox, 'Plain words');
      assert.equal(plain.text('Email:Read'), '0');
      assert.match(plain.text('Email:From') ?? '', /carol@example\.test/);
      assert.match(plain.text('Email:To') ?? '', new RegExp(me));
      assert.ok(Math.abs(Date.parse(plain.text('Email:DateReceived') ?? '') - Date.now()) < 120_000);
      assert.equal((await phone.getItemEstimate(inbox)).estimate, 0);
    });

    test('nothing new is an empty answer', async () => {
      const before = inbox.syncKey;
      const result = await phone.sync([inbox]);
      assert.ok(result.empty || result.collections.get(inbox.id)?.added.length === 0);
      assert.ok(result.empty ? inbox.syncKey === before : true);
    });

    test('marked as read on the phone, it is read in Dovecot', async () => {
      const [id] = bySubject(inbox, 'Plain words');
      assert.doesNotMatch(await flags('INBOX', 'Plain words'), /\\Seen/);
      phone.change(inbox, id, t('Email:Read', 1));
      const result = await phone.sync([inbox]);
      assert.equal(result.collections.get(inbox.id)?.status, '1');
      assert.deepEqual(result.collections.get(inbox.id)?.changed, [], 'its own change comes back');
      assert.match(await flags('INBOX', 'Plain words'), /\\Seen/);
      assert.doesNotMatch(await flags('INBOX', 'Bright colours'), /\\Seen/);
    });

    test('flagged in Dovecot, it is flagged on the phone', async () => {
      await world.dovecot.doveadm(
        'flags',
        'add',
        '-u',
        me,
        '\\Flagged',
        'mailbox',
        'INBOX',
        'header',
        'subject',
        'Bright colours',
      );
      const result = await phone.syncAll(inbox);
      const [id, item] = bySubject(inbox, 'Bright colours');
      assert.deepEqual(result.changed, [id]);
      if (!isOldest) assert.equal(item.text('Email:Flag', 'Email:Status'), '2');
      assert.match(textOf(item), /Hello/, 'a change of flags keeps the message');
    });

    test('an attachment is fetched byte for byte', async () => {
      const [, item] = bySubject(inbox, 'With a file');
      const page = isOldest ? 'Email' : 'AirSyncBase';
      const attachment = item.child(`${page}:Attachments`, `${page}:Attachment`);
      assert.equal(attachment?.text(`${page}:DisplayName`), 'data.bin');
      const reference = attachment?.text(isOldest ? 'Email:AttName' : 'AirSyncBase:FileReference') ?? '';
      if (isOld) {
        const { type, data } = await phone.getAttachment(reference);
        assert.equal(type, 'application/octet-stream');
        assert.ok(data.equals(ATTACHMENT));
        await assert.rejects(phone.getAttachment(`${reference}.9`), HttpFault);
      }
      if (isOldest) return;
      const whole = await phone.fetchAttachment(reference);
      assert.equal(whole.type, 'application/octet-stream');
      assert.ok(whole.data.equals(ATTACHMENT), `${whole.data.length} bytes of ${ATTACHMENT.length}`);
      const part = await phone.fetchAttachment(reference, '1000-1999');
      assert.ok(part.data.equals(ATTACHMENT.subarray(1000, 2000)));
      assert.equal(part.total, String(ATTACHMENT.length));
      const { tree, parts } = await phone.fetchMultipart(reference);
      const number = [...tree.walk()].find((tag) => tag.name === 'ItemOperations:Part');
      assert.ok(parts[Number(number?.value) - 1]?.equals(ATTACHMENT));
    });

    test('a message is fetched as MIME and as text', async () => {
      const [id] = bySubject(inbox, 'With a file');
      if (isOldest) {
        assert.match(textOf(await phone.syncFetch(inbox, id)), /^See the file\s*$/);
        inbox.mimeSupport = 2;
        assert.match((await phone.syncFetch(inbox, id)).text('Email:MIMEData') ?? '', /^Subject: With a file\r?$/m);
        inbox.mimeSupport = undefined;
        return;
      }
      const mime = await phone.fetchItem(inbox, id, { body: 4, mimeSupport: 2 });
      assert.equal(mime.text('AirSyncBase:Body', 'AirSyncBase:Type'), '4');
      assert.match(mime.text('AirSyncBase:Body', 'AirSyncBase:Data') ?? '', /^Subject: With a file\r?$/m);
      const plain = await phone.fetchItem(inbox, id, { body: 1 });
      assert.match(plain.text('AirSyncBase:Body', 'AirSyncBase:Data') ?? '', /^See the file\s*$/);
    });

    test('deleted on the phone, it lies in Trash', async () => {
      const [id] = bySubject(inbox, 'Bright colours');
      phone.delete(inbox, id);
      await phone.sync([inbox]);
      assert.deepEqual((await subjects(me, 'INBOX')).sort(), ['Plain words', 'With a file']);
      assert.deepEqual(await subjects(me, 'Trash'), ['Bright colours']);
      await phone.syncAll(phone.folder(4));
      bySubject(phone.folder(4), 'Bright colours');
      await phone.syncAll(inbox);
      assert.equal(inbox.items.size, 2);
    });

    test('moved on the phone, it keeps no twin', async () => {
      await deliver({ subject: 'To be moved', text: 'x' });
      await phone.syncAll(inbox);
      const trash = phone.folder(4);
      const [id] = bySubject(inbox, 'To be moved');
      const [moved] = await phone.moveItems(inbox, [id], trash);
      assert.equal(moved?.status, '3');
      await phone.syncAll(inbox);
      await phone.syncAll(trash);
      assert.equal(inbox.items.size, 2);
      const [newId] = bySubject(trash, 'To be moved');
      assert.equal(moved?.id, newId);
    });

    test('a sent message arrives at bob, once, and is kept in Sent', async () => {
      const mime = message({ from: me, to: friend, subject: 'Dinner?', text: 'At eight' });
      const clientId = phone.nextClientId();
      await assert.rejects(phone.sendMail(mime, { clientId, lose: 'answer' }), LostAnswer);
      assert.equal(await phone.sendMail(mime, { clientId }), isOld ? '1' : '118', 'a ClientId counts once');
      assert.equal(await phone.sendMail(message({ from: me, to: friend, subject: 'Lunch?', text: 'At one' })), '1');
      assert.deepEqual(
        (
          await eventually(
            'bob has mail',
            () => subjects(friend, 'INBOX'),
            ({ length }) => length >= 2,
          )
        ).sort(),
        ['Dinner?', 'Lunch?'],
      );
      const sent = phone.folder(5);
      await phone.syncAll(sent);
      assert.equal(sent.items.size, 2);
      assert.equal(bySubject(sent, 'Dinner?')[1].text('Email:Read'), '1');
    });

    test('an event and a contact of the phone are seen over CalDAV and CardDAV', async () => {
      dav = await world.dav(user);
      await phone.syncAll(calendar);
      await phone.syncAll(contacts);
      assert.equal(calendar.items.size + contacts.items.size, 0);
      const date = { start: '20270301T090000Z', end: '20270301T100000Z' };
      const asked = phone.add(
        calendar,
        ...event(version, { subject: 'Dentist', ...date, location: 'Main Street 5', body: 'Bring the card', reminder: 30 }),
      );
      const added = phone.add(
        contacts,
        ...contact({ first: 'Ada', last: 'Beispiel', email: 'ada@example.org', mobile: '+49 170 1', note: 'Likes tea' }, version),
      );
      const { collections } = await phone.sync([calendar, contacts]);
      assert.equal(collections.get(calendar.id)?.outcomes.get(asked)?.status, '1');
      assert.equal(collections.get(contacts.id)?.outcomes.get(added)?.status, '1');
      const [ics] = [...(await dav.list(dav.calendar)).values()];
      assert.match(ics!.text, /^SUMMARY:Dentist\r$/m);
      assert.match(ics!.text, /^LOCATION:Main Street 5\r$/m);
      assert.match(ics!.text, /^DESCRIPTION:Bring the card\r$/m);
      assert.match(ics!.text, /^DTSTART;TZID=[^:]+:20270301T100000\r$/m, 'nine UTC is ten in Berlin');
      assert.match(ics!.text, /^BEGIN:VALARM\r$/m);
      const [vcf] = [...(await dav.list(dav.contacts)).values()];
      assert.match(vcf!.text, /^N:Beispiel;Ada;/m);
      assert.match(vcf!.text, /^(\w+\.)?EMAIL[^:]*:ada@example\.org\r$/m);
      assert.match(vcf!.text, /^(\w+\.)?NOTE[^:]*:Likes tea\r$/m);
      for (const folder of [calendar, contacts]) await assertQuiet(phone, folder);
    });

    test('what was changed over CalDAV and CardDAV is seen after a Ping', async () => {
      const [[icsPath, ics]] = [...(await dav.list(dav.calendar))] as [[string, { etag: string; text: string }]];
      const [[vcfPath, vcf]] = [...(await dav.list(dav.contacts))] as [[string, { etag: string; text: string }]];
      const ping = phone.ping([inbox, calendar, contacts], 60);
      await sleep(300);
      await dav.put(icsPath, ics.text.replace('SUMMARY:Dentist', 'SUMMARY:Dentist\\, at last'), ics.etag);
      const woken = await ping;
      assert.deepEqual(woken.folders, [calendar.id]);
      assert.ok(woken.ms < 20_000, `${woken.ms} ms`);
      assert.equal((await phone.syncAll(calendar)).changed.length, 1);
      assert.equal(calendar.items.size, 1);
      bySubject(calendar, 'Dentist, at last', 'Calendar:Subject');
      await dav.put(vcfPath, vcf.text.replaceAll('Beispiel', 'Muster'), vcf.etag);
      const second = await phone.ping([inbox, calendar, contacts], 60);
      assert.deepEqual(second.folders, [contacts.id], 'a change from before the Ping is told at once');
      assert.equal((await phone.syncAll(contacts)).changed.length, 1);
      assert.equal([...contacts.items.values()][0]?.text('Contacts:LastName'), 'Muster');
    });

    test('an event made over CalDAV is added, changed and deleted on the phone', async () => {
      const path = `${dav.calendar}made-on-a-desk.ics`;
      const text = (summary: string) =>
        ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//desk//EN', 'BEGIN:VEVENT', 'UID:made-on-a-desk', 'DTSTAMP:20270101T000000Z',
          'DTSTART:20270405T080000Z', 'DTEND:20270405T083000Z', `SUMMARY:${summary}`, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: lines
      await dav.put(path, text('Stand-up'));
      assert.equal((await phone.syncAll(calendar)).added.length, 1);
      const [id, item] = bySubject(calendar, 'Stand-up', 'Calendar:Subject');
      assert.equal(item.text('Calendar:StartTime'), '20270405T080000Z');
      assert.equal(item.text('Calendar:EndTime'), '20270405T083000Z');
      await dav.put(path, text('Sit-down'));
      assert.deepEqual((await phone.syncAll(calendar)).changed, [id]);
      await dav.remove(path);
      assert.deepEqual((await phone.syncAll(calendar)).deleted, [id]);
      assert.equal(calendar.items.size, 1);
    });

    test('a lost answer and a repeated request double nothing', async () => {
      await dav.put(
        `${dav.contacts}new-card.vcf`,
        ['BEGIN:VCARD', 'VERSION:3.0', 'UID:new-card', 'N:Neu;Nora;;;', 'FN:Nora Neu', 'END:VCARD', ''].join('\r\n'),
      );
      await deliver({ subject: 'While you were away', text: 'x' });
      const [oldEvent] = [...calendar.items.keys()] as [string];
      phone.change(calendar, oldEvent, ...edited(version, calendar.items.get(oldEvent), t('Calendar:Subject', 'Dentist, moved')));
      const date = { start: '20270302T090000Z', end: '20270302T100000Z' };
      const eventId = phone.add(calendar, ...event(version, { subject: 'Only once', ...date }));
      const contactId = phone.add(contacts, ...contact({ first: 'Uno', last: 'Solo' }));
      const [message1] = bySubject(inbox, 'Plain words');
      phone.delete(inbox, message1);
      const folders = [inbox, calendar, contacts];
      await assert.rejects(phone.sync(folders, { lose: 'answer' }), LostAnswer);
      await assert.rejects(phone.sync(folders, { lose: 'answer' }), LostAnswer);
      const { collections } = await phone.sync(folders);
      for (const folder of folders) assert.equal(collections.get(folder.id)?.status, '1');
      assert.equal(collections.get(calendar.id)?.outcomes.get(eventId)?.status, '1');
      assert.equal(collections.get(contacts.id)?.outcomes.get(contactId)?.status, '1');
      for (const folder of folders) {
        await phone.syncAll(folder);
        await assertQuiet(phone, folder);
      }
      assert.deepEqual([...calendar.items.values()].map((item) => item.text('Calendar:Subject')).sort(), [
        'Dentist, moved',
        'Only once',
      ]);
      assert.deepEqual([...contacts.items.values()].map((item) => item.text('Contacts:LastName')).sort(), [
        'Muster',
        'Neu',
        'Solo',
      ]);
      assert.deepEqual([...inbox.items.values()].map((item) => item.text('Email:Subject')).sort(), [
        'While you were away',
        'With a file',
      ]);
      const events = [...(await dav.list(dav.calendar)).values()].map(({ text }) => /^SUMMARY:(.*)\r$/m.exec(text)?.[1]);
      assert.deepEqual(events.sort(), ['Dentist\\, moved', 'Only once']);
      assert.equal((await dav.list(dav.contacts)).size, 3);
      assert.deepEqual((await subjects(me, 'Trash')).sort(), ['Bright colours', 'Plain words', 'To be moved']);
    });

    test('deleted on the phone, event and contact are gone everywhere', async () => {
      for (const folder of [calendar, contacts]) for (const id of folder.items.keys()) phone.delete(folder, id);
      await phone.sync([calendar, contacts]);
      assert.equal((await dav.list(dav.calendar)).size, 0);
      assert.equal((await dav.list(dav.contacts)).size, 0);
      for (const folder of [calendar, contacts]) await assertQuiet(phone, folder);
    });
  });
}

/** The phone's own changes do not come back, and nothing else happened. */
async function assertQuiet(phone: EasPhone, folder: PhoneFolder): Promise<void> {
  const { added, changed, deleted, softDeleted } = await phone.syncAll(folder);
  assert.deepEqual(
    { added, changed, deleted, softDeleted },
    { added: [], changed: [], deleted: [], softDeleted: [] },
    folder.name,
  );
}
