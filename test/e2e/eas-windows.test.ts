import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { LostAnswer, type PhoneFolder } from '../support/eas-phone.js';
import { contact } from '../support/eas-phone-items.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

const card = (uid: string): string => `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nN:${uid};;;;\r\nFN:${uid}\r\nEND:VCARD\r\n`;
const subjects = (folder: PhoneFolder): string[] =>
  [...folder.items.values()].map((item) => item.text('Email:Subject') ?? '').sort();
const one = <T>(values: Iterable<T>): T => {
  const [first, ...others] = values;
  assert.ok(first !== undefined && others.length === 0, 'exactly one');
  return first;
};

describe('windows and filters (sync-rules §2, §3)', { concurrency: false }, () => {
  const COUNT = 25;

  test('a mailbox comes in windows, newest first, and nothing twice', async () => {
    for (let n = 0; n < COUNT; n++) {
      await world.dovecot.deliver(address('win'), message({ subject: `m${String(n).padStart(2, '0')}`, text: 'x' }));
    }
    const phone = await world.phone('win');
    const inbox = phone.folder(2);
    inbox.window = 10;
    await phone.sync([inbox]);
    const sizes: number[] = [];
    for (let more = true; more; ) {
      const result = (await phone.sync([inbox])).collections.get(inbox.id)!;
      sizes.push(result.added.length);
      more = result.more;
    }
    assert.deepEqual(sizes, [10, 10, 5]);
    assert.equal(new Set(subjects(inbox)).size, COUNT);
    assert.equal((await phone.getItemEstimate(inbox)).estimate, 0);
  });

  test('an estimate counts what waits and moves no key', async () => {
    const phone = await world.phone('win', { deviceId: 'win2' });
    const inbox = phone.folder(2);
    assert.equal((await phone.getItemEstimate(inbox, '0')).status, '3');
    await phone.sync([inbox]);
    const key = inbox.syncKey;
    assert.deepEqual(await phone.getItemEstimate(inbox), { status: '1', estimate: COUNT });
    assert.deepEqual(await phone.getItemEstimate(inbox), { status: '1', estimate: COUNT });
    assert.equal((await phone.getItemEstimate(inbox, `${key}7`)).status, '4');
    await phone.syncAll(inbox);
    assert.equal(inbox.items.size, COUNT);
  });

  test('a window lost on its way comes again, and the next follows it', async () => {
    const phone = await world.phone('win', { deviceId: 'win3' });
    const inbox = phone.folder(2);
    inbox.window = 7;
    await phone.sync([inbox]);
    for (let more = true; more; ) {
      await assert.rejects(phone.sync([inbox], { lose: 'answer' }), LostAnswer);
      more = (await phone.sync([inbox])).collections.get(inbox.id)!.more;
    }
    assert.equal(new Set(subjects(inbox)).size, COUNT);
    assert.equal(inbox.items.size, COUNT);
  });

  test('the window of the whole request is kept', async () => {
    const desk = await world.dav('win');
    for (let n = 0; n < 8; n++) await desk.put(`${desk.contacts}w${n}.vcf`, card(`W${n}`));
    const phone = await world.phone('win', { deviceId: 'win4' });
    const [inbox, contacts] = [phone.folder(2), phone.folder(9)];
    await phone.sync([inbox, contacts]);
    for (let round = 0; round < 10 && inbox.items.size + contacts.items.size < COUNT + 8; round++) {
      const before = inbox.items.size + contacts.items.size;
      await phone.sync([contacts, inbox], { window: 6 });
      assert.ok(inbox.items.size + contacts.items.size - before <= 6);
    }
    assert.equal(inbox.items.size + contacts.items.size, COUNT + 8);
  });

  test('GetChanges 0 takes the phone’s changes and sends none', async () => {
    const phone = await world.phone('win', { deviceId: 'win5' });
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    const desk = await world.dav('win');
    await desk.put(`${desk.contacts}late.vcf`, card('Late'));
    contacts.getChanges = false;
    phone.add(contacts, ...contact({ first: 'My', last: 'Own' }));
    const result = (await phone.sync([contacts])).collections.get(contacts.id)!;
    assert.deepEqual([result.added, result.outcomes.size], [[], 1]);
    contacts.getChanges = true;
    assert.equal((await phone.syncAll(contacts)).added.length, 1);
  });

  test('old mail leaves by SoftDelete when the filter narrows, and comes back', async () => {
    const imap = await world.imap('filter');
    const days = (n: number) => new Date(Date.now() - n * 86_400_000);
    for (const [subject, age] of [
      ['today', 0],
      ['last week', 8],
      ['last month', 40],
    ] as const) {
      await imap.append('INBOX', message({ to: address('filter'), subject, text: 'x' }), [], days(age));
    }
    const phone = await world.phone('filter');
    const inbox = phone.folder(2);
    inbox.filter = 5;
    await phone.syncAll(inbox);
    assert.deepEqual(subjects(inbox), ['last week', 'today']);
    inbox.filter = 2;
    const narrowed = await phone.syncAll(inbox);
    assert.deepEqual([narrowed.softDeleted.length, narrowed.deleted.length], [1, 0]);
    assert.deepEqual(subjects(inbox), ['today']);
    inbox.filter = 0;
    await phone.syncAll(inbox);
    assert.deepEqual(subjects(inbox), ['last month', 'last week', 'today']);
    const [old] = [...inbox.items].find(([, item]) => item.text('Email:Subject') === 'last month')!;
    inbox.filter = 5;
    assert.deepEqual((await phone.syncAll(inbox)).softDeleted, [old]);
    assert.equal(
      (await world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', address('filter'), 'uid', 'mailbox', 'INBOX')).trim().split('\n')
        .length,
      4,
      'nothing is gone from the mailbox',
    );
  });

  test('what is outside the filter is deleted without a word', async () => {
    const phone = await world.phone('filter', { deviceId: 'filter2' });
    const inbox = phone.folder(2);
    inbox.filter = 2;
    await phone.syncAll(inbox);
    await world.dovecot.doveadm('expunge', '-u', address('filter'), 'mailbox', 'INBOX', 'header', 'subject', 'last month');
    const result = await phone.syncAll(inbox);
    assert.deepEqual([result.deleted, result.softDeleted], [[], []]);
  });

  test('a filter that its class does not have is Status 4', async () => {
    const phone = await world.phone('filter', { deviceId: 'filter3' });
    const [inbox, calendar] = [phone.folder(2), phone.folder(8)];
    for (const [folder, filter] of [
      [inbox, 8],
      [calendar, 2],
    ] as const) {
      folder.filter = filter;
      const { collections, status } = await phone.sync([folder]);
      assert.equal(collections.get(folder.id)?.status ?? status, '4', `${folder.name} ${filter}`);
      folder.filter = undefined;
    }
  });

  test('old events leave a calendar filter, endless ones stay', async () => {
    const desk = await world.dav('filter');
    const put = (uid: string, start: string, rule = '') =>
      desk.put(
        `${desk.calendar}${uid}.ics`,
        `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:${start}\r\nDURATION:PT1H\r\n${rule}SUMMARY:${uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
      );
    await put('past', '20200101T100000Z');
    await put('future', '20990101T100000Z');
    await put('endless', '20200101T100000Z', 'RRULE:FREQ=WEEKLY\r\n');
    await put('ended', '20200101T100000Z', 'RRULE:FREQ=WEEKLY;COUNT=5\r\n');
    const phone = await world.phone('filter', { deviceId: 'filter4' });
    const calendar = phone.folder(8);
    calendar.filter = 4;
    await phone.syncAll(calendar);
    const titles = () => [...calendar.items.values()].map((item) => item.text('Calendar:Subject')).sort();
    assert.deepEqual(titles(), ['endless', 'future']);
    calendar.filter = 0;
    await phone.syncAll(calendar);
    assert.deepEqual(titles(), ['ended', 'endless', 'future', 'past']);
  });
});

describe('bodies (MS-ASAIRS)', { concurrency: false }, () => {
  const long = 'Ein Satz mit Umlauten äöü und €. '.repeat(400);

  test('a body is cut at the size asked, on a character, and its whole size is told', async () => {
    await world.dovecot.deliver(address('body'), message({ to: address('body'), subject: 'long', text: long }));
    const phone = await world.phone('body');
    const inbox = phone.folder(2);
    inbox.bodies = [{ type: 1, truncation: 1001, preview: 60 }];
    await phone.syncAll(inbox);
    const body = one(inbox.items.values()).child('AirSyncBase:Body')!;
    assert.equal(body.text('AirSyncBase:Truncated'), '1');
    const data = body.text('AirSyncBase:Data') ?? '';
    assert.ok(Buffer.byteLength(data) <= 1001 && Buffer.byteLength(data) > 990, `${Buffer.byteLength(data)}`);
    assert.ok(long.startsWith(data.replaceAll('\r\n', '')) && !data.includes('\ufffd'));
    assert.ok(Number(body.text('AirSyncBase:EstimatedDataSize')) > 10_000);
  });

  test('plain text, HTML and MIME as asked', async () => {
    await world.dovecot.deliver(
      address('kinds'),
      message({ to: address('kinds'), subject: 'html', html: '<p>Hallo <b>Welt</b></p><script>bad()</script>' }),
    );
    const forms = [
      { type: 1, expect: /^\s*Hallo Welt\s*$/ },
      { type: 2, expect: /<p>Hallo <b>Welt<\/b><\/p>/ },
      { type: 4, expect: /^Subject: html\r?$/m },
    ] as const;
    for (const { type, expect } of forms) {
      const phone = await world.phone('kinds', { deviceId: `kinds${type}` });
      const inbox = phone.folder(2);
      inbox.bodies = [{ type }];
      inbox.mimeSupport = type === 4 ? 2 : 0;
      await phone.syncAll(inbox);
      const item = one(inbox.items.values());
      assert.equal(item.text('AirSyncBase:Body', 'AirSyncBase:Type'), String(type));
      assert.match(item.text('AirSyncBase:Body', 'AirSyncBase:Data') ?? '', expect);
      assert.equal(item.text('AirSyncBase:NativeBodyType'), '2');
    }
  });

  test('options are remembered for requests without them', async () => {
    const phone = await world.phone('kinds', { deviceId: 'kinds9' });
    const inbox = phone.folder(2);
    inbox.bodies = [{ type: 1 }];
    await phone.sync([inbox]);
    inbox.bodies = [];
    await phone.syncAll(inbox);
    assert.equal(one(inbox.items.values()).text('AirSyncBase:Body', 'AirSyncBase:Type'), '1');
  });
});
