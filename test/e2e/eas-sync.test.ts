import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, LostAnswer, type PhoneFolder, t } from '../support/eas-phone.js';
import { contact, event } from '../support/eas-phone-items.js';
import { address, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

const card = (uid: string): string => `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nN:${uid};;;;\r\nFN:${uid}\r\nEND:VCARD\r\n`;
const names = (folder: PhoneFolder): string[] =>
  [...folder.items.values()].map((item) => item.text('Contacts:LastName') ?? '').sort();
const subjects = (folder: PhoneFolder): string[] =>
  [...folder.items.values()].map((item) => item.text('Email:Subject') ?? '').sort();
const one = <T>(values: Iterable<T>): T => {
  const [first, ...others] = values;
  assert.ok(first !== undefined && others.length === 0, 'exactly one');
  return first;
};

/** A copy of a folder at an earlier moment: a phone restored from a backup, or one whose answer got lost. */
function atKey(phone: EasPhone, folder: PhoneFolder, key: string): void {
  folder.syncKey = key;
  phone.folders.set(folder.id, folder);
}

describe('SyncKeys (sync-rules §1)', { concurrency: false }, () => {
  test('key 0 gives a key and no items', async () => {
    const desk = await world.dav('kay');
    await desk.put(`${desk.contacts}a.vcf`, card('A'));
    const phone = await world.phone('kay');
    const contacts = phone.folder(9);
    const result = await phone.sync([contacts]);
    assert.equal(result.collections.get(contacts.id)?.status, '1');
    assert.equal(contacts.items.size, 0);
    await phone.syncAll(contacts);
    assert.deepEqual(names(contacts), ['A']);
  });

  test('key 0 with GetChanges, or with commands, is Status 4', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay2' });
    const { id } = phone.folder(9);
    const collection = (...more: ReturnType<typeof t>[]) =>
      t(
        'AirSync:Sync',
        t('AirSync:Collections', t('AirSync:Collection', t('AirSync:SyncKey', '0'), t('AirSync:CollectionId', id), more)),
      );
    const add = t(
      'AirSync:Add',
      t('AirSync:ClientId', 'c1'),
      t('AirSync:ApplicationData', contact({ first: 'Too', last: 'Early' })),
    );
    for (const more of [t('AirSync:GetChanges'), t('AirSync:Commands', add)]) {
      const { tree } = await phone.command('Sync', collection(more));
      const status = tree?.text('AirSync:Status') ?? tree?.text('AirSync:Collections', 'AirSync:Collection', 'AirSync:Status');
      assert.equal(status, '4', `${more}\n${tree}`);
    }
    const desk = await world.dav('kay');
    assert.equal((await desk.list(desk.contacts)).size, 1, 'nothing was stored');
  });

  test('the key before may be used again, older and unknown ones are Status 3', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay3' });
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    const keys: string[] = [];
    for (const name of ['Eins', 'Zwei', 'Drei']) {
      keys.push(contacts.syncKey);
      phone.add(contacts, ...contact({ first: 'K', last: name }));
      await phone.sync([contacts]);
    }
    assert.equal(new Set(keys).size, 3);
    for (const key of [keys[0]!, '17', `{${'x'.repeat(40)}}1`, 'ä', '-1', "'; --"]) {
      atKey(phone, contacts, key);
      const { collections, status } = await phone.sync([contacts]);
      assert.equal(collections.get(contacts.id)?.status ?? status, '3', key);
    }
    atKey(phone, contacts, '0');
    await phone.syncAll(contacts);
    assert.deepEqual(names(contacts), ['A', 'Drei', 'Eins', 'Zwei']);
  });

  test('one bad key does not spoil the other collections', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay4' });
    const [calendar, contacts] = [phone.folder(8), phone.folder(9)];
    await phone.syncAll(calendar);
    await phone.syncAll(contacts);
    const desk = await world.dav('kay');
    await desk.put(`${desk.contacts}b.vcf`, card('B'));
    atKey(phone, calendar, 'nonsense');
    const { collections } = await phone.sync([calendar, contacts]);
    assert.equal(collections.get(calendar.id)?.status, '3');
    assert.equal(collections.get(contacts.id)?.added.length, 1);
  });

  test('another device has keys of its own', async () => {
    const [first, second] = [await world.phone('kay', { deviceId: 'kay5' }), await world.phone('kay', { deviceId: 'kay6' })];
    await first.syncAll(first.folder(9));
    const contacts = second.folder(9);
    atKey(second, contacts, first.folder(9).syncKey);
    const { collections, status } = await second.sync([contacts]);
    assert.equal(collections.get(contacts.id)?.status ?? status, '3');
  });

  test('an item added twice after a lost answer has one ServerId', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay7' });
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    const before = contacts.items.size;
    const clientId = phone.add(contacts, ...contact({ first: 'Ein', last: 'Mal' }));
    for (const lose of ['answer', 'connection', 'answer'] as const)
      await assert.rejects(phone.sync([contacts], { lose }), LostAnswer);
    const { collections } = await phone.sync([contacts]);
    const serverId = collections.get(contacts.id)?.outcomes.get(clientId)?.serverId;
    assert.ok(serverId);
    await phone.syncAll(contacts);
    assert.equal(contacts.items.size, before + 1);
    const desk = await world.dav('kay');
    assert.equal((await desk.list(desk.contacts)).size, before + 1);
  });

  test('a delete repeated after a lost answer is done once', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay8' });
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    const [id] = [...contacts.items].find(([, item]) => item.text('Contacts:LastName') === 'Mal')!;
    phone.delete(contacts, id);
    await assert.rejects(phone.sync([contacts], { lose: 'answer' }), LostAnswer);
    const { collections } = await phone.sync([contacts]);
    assert.equal(collections.get(contacts.id)?.status, '1');
    assert.equal(contacts.items.has(id), false);
    assert.deepEqual((await phone.syncAll(contacts)).added, []);
  });

  test('FolderSync with key 0 leaves the items alone (Gmail sends it each time)', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay9' });
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    const ids = [...phone.folders.keys()].sort();
    const key = contacts.syncKey;
    for (let round = 0; round < 3; round++) assert.equal((await phone.folderSync({ fromScratch: true })).status, '1');
    assert.deepEqual([...phone.folders.keys()].sort(), ids);
    assert.equal(phone.folder(9).syncKey, key);
    const desk = await world.dav('kay');
    await desk.put(`${desk.contacts}c.vcf`, card('C'));
    assert.equal((await phone.syncAll(phone.folder(9))).added.length, 1);
  });

  test('a wrong FolderSync key is Status 9', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay10' });
    phone.folderKey = '4711';
    assert.equal((await phone.folderSync()).status, '9');
    assert.equal((await phone.folderSync()).status, '1');
  });

  test('a FolderSync answer that was lost comes again', async () => {
    const phone = await world.phone('kay', { deviceId: 'kay11' });
    await world.dovecot.doveadm('mailbox', 'create', '-u', address('kay'), 'Projects');
    await assert.rejects(phone.folderSync({ lose: 'answer' }), LostAnswer);
    const again = await phone.folderSync();
    assert.equal(again.added.length, 1);
    await world.dovecot.doveadm('mailbox', 'create', '-u', address('kay'), 'Projects/2027');
    assert.equal((await phone.folderSync()).added.length, 1);
    const [child] = [...phone.folders.values()].filter(({ name }) => name === '2027');
    assert.equal(phone.folders.get(child!.parent)?.name, 'Projects');
    await world.dovecot.doveadm('mailbox', 'rename', '-u', address('kay'), 'Projects/2027', 'Projects/2028');
    await phone.folderSync();
    assert.equal(
      [...phone.folders.values()]
        .filter(({ name }) => /^202[78]$/.test(name))
        .map(({ name }) => name)
        .join(),
      '2028',
    );
    await world.dovecot.doveadm('mailbox', 'delete', '-u', address('kay'), 'Projects/2028');
    assert.equal((await phone.folderSync()).deleted.length, 1);
  });
});

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

describe('changes on both sides', { concurrency: false }, () => {
  test('two phones and a desk see each other’s work', async () => {
    const [a, b] = [
      await world.phone('duo', { deviceId: 'duoa' }),
      await world.phone('duo', { deviceId: 'duob', version: '14.1' }),
    ];
    const [calA, calB] = [a.folder(8), b.folder(8)];
    await a.syncAll(calA);
    await b.syncAll(calB);
    const date = { start: '20270601T090000Z', end: '20270601T100000Z' };
    a.add(calA, ...event('16.1', { subject: 'From A', ...date }));
    await a.sync([calA]);
    b.add(calB, ...event('14.1', { subject: 'From B', ...date }));
    await b.syncAll(calB);
    await a.syncAll(calA);
    const titles = (folder: PhoneFolder) => [...folder.items.values()].map((item) => item.text('Calendar:Subject')).sort();
    assert.deepEqual(
      [titles(calA), titles(calB)],
      [
        ['From A', 'From B'],
        ['From A', 'From B'],
      ],
    );
    const [id] = [...calB.items].find(([, item]) => item.text('Calendar:Subject') === 'From A')!;
    b.delete(calB, id);
    await b.sync([calB]);
    assert.equal((await a.syncAll(calA)).deleted.length, 1);
  });

  test('a conflict is Status 7 and the server’s version comes, or the phone wins when it asks so', async () => {
    const desk = await world.dav('con');
    await desk.put(`${desk.contacts}x.vcf`, card('Base'));
    for (const [conflict, winner] of [
      [1, 'Desk'],
      [0, 'Phone'],
    ] as const) {
      const phone = await world.phone('con', { deviceId: `con${conflict}` });
      const contacts = phone.folder(9);
      contacts.conflict = conflict;
      await phone.syncAll(contacts);
      const id = one(contacts.items.keys());
      await desk.put(`${desk.contacts}x.vcf`, card('Base').replaceAll('N:Base', 'N:Desk'));
      phone.change(contacts, id, ...contact({ first: '', last: 'Phone' }));
      const result = (await phone.sync([contacts])).collections.get(contacts.id)!;
      assert.equal(result.outcomes.get(id)?.status, conflict === 1 ? '7' : undefined);
      await phone.syncAll(contacts);
      assert.deepEqual(names(contacts), [winner]);
      assert.match(one((await desk.list(desk.contacts)).values()).text, new RegExp(`^N:${winner};`, 'm'));
      await desk.put(`${desk.contacts}x.vcf`, card('Base'));
    }
  });

  test('a change of an unknown item is Status 8, a bad one Status 6, and the rest is done', async () => {
    const phone = await world.phone('odd');
    const calendar = phone.folder(8);
    await phone.syncAll(calendar);
    phone.change(calendar, 'no-such-item', t('Calendar:Subject', 'x'));
    const bad = phone.add(calendar, ...event('16.1', { subject: 'bad', start: 'yesterday', end: '20270301T100000Z' }));
    const good = phone.add(calendar, ...event('16.1', { subject: 'good', start: '20270301T090000Z', end: '20270301T100000Z' }));
    const { outcomes } = (await phone.sync([calendar])).collections.get(calendar.id)!;
    assert.equal(outcomes.get('no-such-item')?.status, '8');
    assert.equal(outcomes.get(bad)?.status, '6');
    assert.equal(outcomes.get(good)?.status, '1');
    assert.equal((await phone.syncAll(calendar)).added.length, 0);
    const desk = await world.dav('odd');
    assert.equal((await desk.list(desk.calendar)).size, 1);
  });

  test('mail is not made by a phone’s Sync (Status 6)', async () => {
    const phone = await world.phone('odd', { deviceId: 'odd2' });
    const inbox = phone.folder(2);
    await phone.syncAll(inbox);
    const id = phone.add(inbox, t('Email:Subject', 'forged'));
    assert.equal((await phone.sync([inbox])).collections.get(inbox.id)?.outcomes.get(id)?.status, '6');
  });
});
