import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, LostAnswer, type PhoneFolder, t } from '../support/eas-phone.js';
import { contact, event } from '../support/eas-phone-items.js';
import { address, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

const card = (uid: string): string => `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nN:${uid};;;;\r\nFN:${uid}\r\nEND:VCARD\r\n`;
const names = (folder: PhoneFolder): string[] =>
  [...folder.items.values()].map((item) => item.text('Contacts:LastName') ?? '').sort();
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
