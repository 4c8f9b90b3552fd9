import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Collection, Item } from '../../../../../src/domain/pim/model.js';
import type { Session } from '../../../../../src/domain/types.js';
import { type EasPhone, LostAnswer, type PhoneFolder, t } from '../../../../support/eas-phone.js';
import { contact, edited, event } from '../../../../support/eas-phone-items.js';
import { type EasServer, startEasServer } from '../../../../support/eas-server.js';

const vcard = (uid: string, last: string, ...more: string[]) =>
  ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `N:${last};Ada;;;`, `FN:Ada ${last}`, ...more, 'END:VCARD', ''].join('\r\n');
const ics = (uid: string, summary: string, start: string, ...more: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//desk//EN', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z',
    `DTSTART:${start}`, 'DURATION:PT1H', `SUMMARY:${summary}`, ...more, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: lines

describe('Sync of calendars and contacts (MS-ASCMD 2.2.1.21)', () => {
  let server: EasServer;
  let desk: Session;
  let phone: EasPhone;
  let contacts: PhoneFolder;
  let calendar: PhoneFolder;
  let cards: Collection;
  let events: Collection;
  let count = 0;

  before(async () => {
    server = await startEasServer();
    desk = { ...server.session, origin: 'dav:desk' };
  });
  after(() => server.close());
  beforeEach(async () => {
    phone = await server.ready({ deviceId: `pim${++count}` });
    [contacts, calendar] = [phone.folder(9), phone.folder(8)];
    cards = await server.services.pim.collection(desk, contacts.id);
    events = await server.services.pim.collection(desk, calendar.id);
    for (const collection of [cards, events])
      for await (const head of server.services.pim.heads(desk, collection))
        await server.services.pim.remove(desk, collection, { id: head.id });
  });

  const put = async (collection: Collection, text: string, id?: string) =>
    (await server.services.pim.put(desk, collection, { text, id })).item;
  const only = async (collection: Collection): Promise<Item> => {
    const items: Item[] = [];
    for await (const item of server.services.pim.search(desk, collection, {})) items.push(item);
    assert.equal(items.length, 1);
    return items[0] as Item;
  };
  const idOf = (folder: PhoneFolder, item: { id: string }) => `${folder.id}:${item.id}`;

  it('costs two statements for any number of collections when nothing changed', async () => {
    await put(cards, vcard('a', 'Lovelace'));
    for (const folder of [contacts, calendar]) await phone.syncAll(folder);
    await phone.sync([contacts, calendar]);
    server.statements();
    assert.equal((await phone.sync([contacts, calendar])).empty, true);
    assert.deepEqual(server.statements(), ['open_device', 'counters']);
  });

  it('gives one ServerId to an Add however often it comes, and does not echo it', async () => {
    await phone.syncAll(contacts);
    const client = phone.add(contacts, ...contact({ first: 'Grace', last: 'Hopper' }));
    await assert.rejects(phone.sync([contacts], { lose: 'answer' }), LostAnswer);
    await assert.rejects(phone.sync([contacts], { lose: 'answer' }), LostAnswer);
    const result = (await phone.sync([contacts])).collections.get(contacts.id);
    const item = await only(cards);
    assert.equal(result?.outcomes.get(client)?.serverId, idOf(contacts, item));
    assert.deepEqual(result?.added, []);
    assert.equal((await phone.sync([contacts])).empty, true);
  });

  it('takes a ClientId that was used before in an earlier request for a new item', async () => {
    await phone.syncAll(contacts);
    for (const last of ['One', 'Two']) {
      contacts.pending.push({ kind: 'Add', id: 'again', data: t('AirSync:ApplicationData', contact({ first: 'A', last })) });
      await phone.sync([contacts]);
    }
    assert.equal(contacts.items.size, 2);
  });

  it('finds the item again when its state was lost in the middle of an Add (kill -9 before the commit)', async () => {
    await phone.syncAll(contacts);
    const { commit } = server.services.devices;
    server.services.devices.commit = () => Promise.reject(new Error('killed'));
    const client = phone.add(contacts, ...contact({ first: 'Crash', last: 'Test' }));
    assert.equal((await phone.sync([contacts])).status, '110');
    server.services.devices.commit = commit;
    const result = (await phone.sync([contacts])).collections.get(contacts.id);
    assert.equal(result?.outcomes.get(client)?.serverId, idOf(contacts, await only(cards)));
    assert.equal((await phone.sync([contacts])).empty, true);
    server.errors.splice(0);
  });

  it('sends the change of another client as Change, its deletion as Delete', async () => {
    const item = await put(cards, vcard('b', 'Before'));
    assert.deepEqual((await phone.syncAll(contacts)).added, [idOf(contacts, item)]);
    await put(cards, vcard('b', 'After'), item.id);
    assert.deepEqual((await phone.syncAll(contacts)).changed, [idOf(contacts, item)]);
    await server.services.pim.remove(desk, cards, { id: item.id });
    assert.deepEqual((await phone.syncAll(contacts)).deleted, [idOf(contacts, item)]);
  });

  it('leaves out what was made and deleted between two syncs', async () => {
    await phone.syncAll(contacts);
    const item = await put(cards, vcard('c', 'Short'));
    await server.services.pim.remove(desk, cards, { id: item.id });
    const result = await phone.syncAll(contacts);
    assert.deepEqual([result.added, result.deleted], [[], []]);
  });

  const bothChange = async (conflict: number) => {
    const item = await put(cards, vcard('d', 'Original', 'NOTE:first'));
    contacts.conflict = conflict;
    await phone.syncAll(contacts);
    const id = idOf(contacts, item);
    await put(cards, vcard('d', 'Desk', 'NOTE:desk'), item.id);
    phone.change(contacts, id, ...edited('16.1', contacts.items.get(id), t('Contacts:LastName', 'Phone')));
    const result = (await phone.sync([contacts])).collections.get(contacts.id);
    return { id, result };
  };

  it('lets the server win a conflict: Status 7, and its version comes as Change (Conflict 1)', async () => {
    const { id, result } = await bothChange(1);
    assert.equal(result?.outcomes.get(id)?.status, '7');
    assert.deepEqual(result?.changed, [id]);
    assert.match((await only(cards)).text, /N:Desk/);
    assert.equal(contacts.items.get(id)?.text('Contacts:LastName'), 'Desk');
    assert.equal((await phone.sync([contacts])).empty, true);
  });

  it('lets the phone win a conflict, and gives it what was merged (Conflict 0)', async () => {
    const { id, result } = await bothChange(0);
    assert.equal(result?.outcomes.get(id)?.status ?? '1', '1');
    assert.deepEqual(result?.changed, [id]);
    assert.match((await only(cards)).text, /N:Phone/);
    assert.equal((await phone.sync([contacts])).empty, true);
  });

  it('does not overwrite what somebody writes between reading and writing', async () => {
    const item = await put(cards, vcard('e', 'Original'));
    await phone.syncAll(contacts);
    const id = idOf(contacts, item);
    const { pim } = server.services;
    const original = pim.put.bind(pim);
    let raced = false;
    pim.put = async (session, ...rest) => {
      if (!raced && session.origin.startsWith('eas:')) {
        raced = true;
        await original(desk, cards, { text: vcard('e', 'Raced', 'X-KEEP:me'), id: item.id });
      }
      return original(session, ...rest);
    };
    phone.change(contacts, id, ...edited('16.1', contacts.items.get(id), t('Contacts:LastName', 'Phone')));
    const result = (await phone.sync([contacts])).collections.get(contacts.id);
    pim.put = original;
    assert.equal(result?.outcomes.get(id)?.status, '7');
    assert.match((await only(cards)).text, /X-KEEP:me/);
  });

  it('deletes what another client changed, and knows no item that is gone (8)', async () => {
    const [kept, gone] = [await put(cards, vcard('f', 'Kept')), await put(cards, vcard('g', 'Gone'))];
    await phone.syncAll(contacts);
    await put(cards, vcard('f', 'Changed'), kept.id);
    await server.services.pim.remove(desk, cards, { id: gone.id });
    phone.delete(contacts, idOf(contacts, kept));
    const goneId = idOf(contacts, gone);
    phone.change(contacts, goneId, ...edited('16.1', contacts.items.get(goneId), t('Contacts:LastName', 'Late')));
    const result = (await phone.sync([contacts])).collections.get(contacts.id);
    assert.equal(result?.outcomes.get(goneId)?.status, '8');
    assert.equal(contacts.items.size, 0);
    assert.equal((await phone.sync([contacts])).empty, true);
  });

  it('gives a bad item a status of its own (6) and takes the others', async () => {
    await phone.syncAll(calendar);
    const time = { start: '20270301T090000Z', end: '20270301T100000Z' };
    const bad = phone.add(calendar, t('Calendar:StartTime', 'never'), t('Calendar:Subject', 'bad'));
    const good = phone.add(calendar, ...event('16.1', { subject: 'good', ...time }));
    const result = (await phone.sync([calendar])).collections.get(calendar.id);
    assert.deepEqual([result?.outcomes.get(bad)?.status, result?.outcomes.get(good)?.status], ['6', '1']);
  });

  it('leaves out one stored object that can not be shown, and the rest flows', async () => {
    const pool: { id: string }[] = [];
    for (const uid of ['h1', 'h2']) pool.push(await put(events, ics(uid, uid, '20270301T090000Z')));
    const { pim } = server.services;
    const original = pim.itemsById.bind(pim);
    pim.itemsById = async (...parameters) =>
      (await original(...parameters)).map((item) => (item.uid === 'h1' ? { ...item, text: 'BEGIN:VCALENDAR\r\nrubbish' } : item));
    const result = await phone.syncAll(calendar);
    pim.itemsById = original;
    assert.deepEqual(result.added, [idOf(calendar, pool[1] as Item)]);
    assert.equal((await phone.sync([calendar])).empty, true);
  });

  it('keeps to FilterType by the last occurrence, and takes off what another client moved out of it', async () => {
    const now = new Date();
    const at = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString().replace(/[-:]|\.\d+/g, '');
    await put(events, ics('past', 'past', at(-60)));
    const soon = await put(events, ics('soon', 'soon', at(3)));
    await put(events, ics('series', 'series', at(-400), 'RRULE:FREQ=WEEKLY'));
    calendar.filter = 4;
    assert.equal((await phone.syncAll(calendar)).added.length, 2);
    await put(events, ics('soon', 'soon', at(-50)), soon.id);
    const result = await phone.syncAll(calendar);
    assert.deepEqual([result.softDeleted, result.changed], [[idOf(calendar, soon)], []]);
    await put(events, ics('soon', 'soon', at(2)), soon.id);
    assert.deepEqual((await phone.syncAll(calendar)).added, [idOf(calendar, soon)]);
  });

  it('answers a deleted collection with Status 12', async () => {
    const made = await server.services.pim.createCollection(desk, { kind: 'contacts', name: 'Temporary' });
    await phone.folderSync();
    const folder = phone.folders.get(made.id) as PhoneFolder;
    await phone.syncAll(folder);
    await server.services.pim.deleteCollection(desk, await server.services.pim.collection(desk, made.id));
    assert.equal((await phone.sync([folder])).collections.get(folder.id)?.status, '12');
    await phone.folderSync();
  });

  it('serves two devices, each what it does not hold', async () => {
    const other = await server.ready({ deviceId: `other${count}`, version: '14.1' });
    await phone.syncAll(contacts);
    await other.syncAll(other.folder(9));
    phone.add(contacts, ...contact({ first: 'Shared', last: 'Card' }));
    await phone.sync([contacts]);
    assert.equal((await other.syncAll(other.folder(9))).added.length, 1);
    assert.equal((await phone.sync([contacts])).empty, true);
  });

  it('handles two requests of one device for one collection one after the other', async () => {
    await phone.syncAll(contacts);
    phone.add(contacts, ...contact({ first: 'Twice', last: 'Sent' }));
    const body = t('AirSync:Sync', t('AirSync:Collections', contacts.request()));
    const answers = await Promise.all([phone.raw({ command: 'Sync', body }), phone.raw({ command: 'Sync', body })]);
    const ids = answers.map(({ tree }) =>
      tree?.text('AirSync:Collections', 'AirSync:Collection', 'AirSync:Responses', 'AirSync:Add', 'AirSync:ServerId'),
    );
    assert.equal(ids[0], ids[1]);
    assert.equal(idOf(contacts, await only(cards)), ids[0]);
  });
});
