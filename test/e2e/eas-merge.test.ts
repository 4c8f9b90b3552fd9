import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { poolOf } from '../../src/infra/db/data-source.js';
import { PostgresPimStore } from '../../src/infra/db/pim-store.js';
import { type EasPhone, LostAnswer, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { contact, edited } from '../support/eas-phone-items.js';
import { type PimServer, startPimServer } from '../support/pim-server.js';

/** A phone and a desktop program edit the same item before they hear of each other (MS-ASCMD Conflict). */

const VERSIONS = ['2.5', '14.1', '16.1'] as const;
const FOLDERS = { calendar: 8, contacts: 9, tasks: 7, notes: 10 } as const;
type Kind = keyof typeof FOLDERS;
const TYPES: Record<Kind, string> = { calendar: 'ics', contacts: 'vcf', tasks: 'ics', notes: 'ics' };
const unfolded = (text: string) => text.replace(/\r?\n[ \t]/g, '');
const lines = (...all: string[]) => `${all.join('\r\n')}\r\n`;

let server: PimServer;
let count = 0;
before(async () => {
  server = await startPimServer();
});
after(() => server.close());

/** One user's item, as a phone holds it and a desktop program can replace it. */
class Pair {
  private constructor(
    readonly phone: EasPhone,
    readonly folder: PhoneFolder,
    readonly id: string,
    private readonly path: string,
    private readonly dav: Awaited<ReturnType<PimServer['client']>>,
  ) {}

  /** The phone has synced the one item of the folder. */
  static async of(kind: Kind, version: string, text: string): Promise<Pair> {
    const user = `merge${++count}@example.test`;
    const dav = await server.client(user);
    const home = kind === 'contacts' ? 'addressbooks' : 'calendars';
    const path = `/dav/${home}/${user}/${kind}/item.${TYPES[kind]}`;
    const phone = await server.phone(user, { version, deviceId: `merge${count}` });
    const folder = phone.folder(FOLDERS[kind]);
    const pair = new Pair(phone, folder, '', path, dav);
    await pair.put(text.replaceAll('{user}', user));
    await phone.syncAll(folder);
    return new Pair(phone, folder, [...folder.items.keys()][0] as string, path, dav);
  }

  get item(): Tag {
    return this.folder.items.get(this.id) as Tag;
  }

  async put(text: string): Promise<void> {
    const type = this.path.endsWith('.vcf') ? 'text/vcard' : 'text/calendar';
    const { status } = await this.dav.request('PUT', this.path, {
      body: text,
      headers: { 'content-type': `${type}; charset=utf-8` },
    });
    assert.ok([201, 204].includes(status), `PUT: ${status}`);
  }

  /** The desktop program replaces what it finds. */
  async desk(...changes: readonly (readonly [string | RegExp, string])[]): Promise<void> {
    let { text } = await this.dav.request('GET', this.path);
    for (const [from, to] of changes) {
      assert.notEqual(text.replace(from, to), text, `${from} in ${text}`);
      text = text.replace(from, to);
    }
    await this.put(text);
  }

  async remove(): Promise<void> {
    assert.equal((await this.dav.request('DELETE', this.path)).status, 204);
  }

  async stored(): Promise<string> {
    const { status, text } = await this.dav.request('GET', this.path);
    return status === 200 ? unfolded(text) : '';
  }

  edit(...changed: Tag[]): void {
    this.phone.change(this.folder, this.id, ...edited(this.phone.version, this.item, ...changed));
  }

  /** One Sync; the status of the item's Change, and whether the item came back. */
  async sync(): Promise<{ status: string; back: boolean }> {
    const result = (await this.phone.sync([this.folder])).collections.get(this.folder.id);
    return { status: result?.outcomes.get(this.id)?.status ?? '1', back: result?.changed.includes(this.id) ?? false };
  }

  async lose(how: 'answer' | 'connection' = 'answer'): Promise<void> {
    await assert.rejects(this.phone.sync([this.folder], { lose: how }), LostAnswer);
  }

  /** Nothing more comes, and a new phone is given what this one holds. */
  async settled(only?: readonly string[]): Promise<void> {
    await this.phone.syncAll(this.folder);
    const { version } = this.phone;
    const user = this.phone.wire.identity.user;
    const fresh = await server.phone(user, { version, deviceId: `fresh${this.id.replace(/\W/g, '')}${count}` });
    const folder = fresh.folder(Number(this.folder.type));
    await fresh.syncAll(folder);
    const told = (item: Tag) => item.kids.filter(({ local }) => !only || only.includes(local)).map(String);
    const shown = (of: PhoneFolder) => [...of.items].map(([id, item]) => [id, ...told(item).sort()].join('\n')).sort();
    assert.deepEqual(shown(this.folder), shown(folder));
  }

  async has(...expected: readonly (string | RegExp)[]): Promise<void> {
    const text = await this.stored();
    for (const line of expected)
      assert.ok(typeof line === 'string' ? text.split('\r\n').includes(line) : line.test(text), `${line} in ${text}`);
  }
}

const appointment = (...more: string[]) =>
  lines(
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Desk//EN', 'BEGIN:VEVENT', 'UID:item', 'DTSTAMP:20260101T000000Z'],
    ...['DTSTART:20270301T090000Z', 'DTEND:20270301T100000Z', 'SUMMARY:Lunch', 'LOCATION:Here', 'X-KEEP;X-P="a;b":1'],
    ...more,
    ...['END:VEVENT', 'END:VCALENDAR'],
  );
const SERIES = 'RRULE:FREQ=DAILY;COUNT=10';
const CARD = lines(
  'BEGIN:VCARD',
  'VERSION:3.0',
  'UID:item',
  'N:Base;Ann;;;',
  'FN:Ann Base',
  'TEL;TYPE=CELL:1',
  'X-KEEP:1',
  'END:VCARD',
);
const place = (version: string, name: string) =>
  version.startsWith('16') ? t('AirSyncBase:Location', t('AirSyncBase:DisplayName', name)) : t('Calendar:Location', name);
/** What a desktop program says of one occurrence, before the end of the object. */
const occurrence = (day: string, ...more: string[]): [RegExp, string] => [
  /END:VCALENDAR/,
  lines(
    ...['BEGIN:VEVENT', 'UID:item', 'DTSTAMP:20260101T000000Z', `RECURRENCE-ID:202703${day}T090000Z`],
    ...[`DTSTART:202703${day}T090000Z`, `DTEND:202703${day}T100000Z`, ...more, 'END:VEVENT', 'END:VCALENDAR'],
  ).trimEnd(),
];

for (const version of VERSIONS) {
  const isModern = version.startsWith('16');

  describe(`${version}: edits on both sides`, { concurrency: false }, () => {
    it('of different properties of an event are both kept, and the phone is told', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      pair.edit(t('Calendar:Subject', 'Dinner'));
      await pair.desk(['LOCATION:Here', 'LOCATION:There\r\nX-DESK:1'], ['BEGIN:VEVENT', 'BEGIN:VEVENT\r\nCATEGORIES:Work']);
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has('SUMMARY:Dinner', 'LOCATION:There', 'X-DESK:1', 'X-KEEP;X-P="a;b":1', 'CATEGORIES:Work');
      assert.equal(pair.item.text('Calendar:Subject'), 'Dinner');
      assert.match(String(pair.item), /There/);
      await pair.settled();
    });

    it('of the same property: the server wins, the other part of the edit is kept (Status 7)', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      pair.edit(t('Calendar:Subject', 'Dinner'), place(version, 'There'));
      await pair.desk(['SUMMARY:Lunch', 'SUMMARY:Tea']);
      assert.deepEqual(await pair.sync(), { status: '7', back: true });
      await pair.has('SUMMARY:Tea', 'LOCATION:There');
      await pair.settled();
    });

    it('to the same value are no conflict', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      pair.edit(t('Calendar:Subject', 'Dinner'));
      await pair.desk(['SUMMARY:Lunch', 'SUMMARY:Dinner']);
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.settled();
    });

    it('of two occurrences are both kept', async () => {
      const pair = await Pair.of('calendar', version, appointment(SERIES));
      const subject = t('Calendar:Subject', 'Only this');
      if (isModern) {
        const data = t('AirSync:ApplicationData', subject);
        pair.folder.pending.push({ kind: 'Change', id: pair.id, data, instance: '20270303T090000Z' });
      } else {
        const key = t('Calendar:ExceptionStartTime', '20270303T090000Z');
        pair.edit(t('Calendar:Exceptions', t('Calendar:Exception', subject, key)));
      }
      await pair.desk(occurrence('05', 'SUMMARY:Only that'));
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has(
        'SUMMARY:Lunch',
        /RECURRENCE-ID:20270303T090000Z[\s\S]*SUMMARY:Only this/,
        /RECURRENCE-ID:20270305T090000Z[\s\S]*SUMMARY:Only that/,
      );
      await pair.settled();
    });

    it('an occurrence that the phone sets apart follows the series in what the phone left alone', async () => {
      const pair = await Pair.of('calendar', version, appointment(SERIES));
      const subject = t('Calendar:Subject', 'Only this');
      if (isModern) {
        const data = t('AirSync:ApplicationData', subject);
        pair.folder.pending.push({ kind: 'Change', id: pair.id, data, instance: '20270303T090000Z' });
      } else {
        const key = t('Calendar:ExceptionStartTime', '20270303T090000Z');
        pair.edit(t('Calendar:Exceptions', t('Calendar:Exception', subject, key)));
      }
      await pair.desk(['LOCATION:Here', 'LOCATION:There']);
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      const own =
        /BEGIN:VEVENT(?:(?!END:VEVENT)[\s\S])*RECURRENCE-ID(?:(?!END:VEVENT)[\s\S])*/.exec(await pair.stored())?.[0] ?? '';
      assert.match(own, /SUMMARY:Only this/);
      assert.match(own, /LOCATION:There/);
      await pair.settled();
    });

    it('a deleted occurrence stays deleted, whoever changed it meanwhile', async () => {
      const deletion = (pair: Pair) => {
        if (isModern) pair.folder.pending.push({ kind: 'Delete', id: pair.id, data: undefined, instance: '20270303T090000Z' });
        else {
          const key = t('Calendar:ExceptionStartTime', '20270303T090000Z');
          pair.edit(t('Calendar:Exceptions', t('Calendar:Exception', t('Calendar:Deleted', 1), key)));
        }
      };
      const deleted = await Pair.of('calendar', version, appointment(SERIES));
      deletion(deleted);
      await deleted.desk(occurrence('03', 'SUMMARY:Changed'), ['LOCATION:Here', 'LOCATION:There']);
      await deleted.sync();
      await deleted.has('EXDATE:20270303T090000Z', 'LOCATION:There');
      assert.doesNotMatch(await deleted.stored(), /RECURRENCE-ID/);
      await deleted.settled();
      const changed = await Pair.of('calendar', version, appointment(SERIES));
      const subject = t('Calendar:Subject', 'Changed');
      const key = t('Calendar:ExceptionStartTime', '20270303T090000Z');
      if (isModern) {
        const data = t('AirSync:ApplicationData', subject);
        changed.folder.pending.push({ kind: 'Change', id: changed.id, data, instance: '20270303T090000Z' });
      } else changed.edit(t('Calendar:Exceptions', t('Calendar:Exception', subject, key)));
      await changed.desk([SERIES, `${SERIES}\r\nEXDATE:20270303T090000Z`]);
      assert.deepEqual(await changed.sync(), { status: '7', back: true });
      await changed.has('EXDATE:20270303T090000Z');
      assert.doesNotMatch(await changed.stored(), /RECURRENCE-ID/);
      await changed.settled();
    });

    it('of different properties of a contact are both kept', async () => {
      const pair = await Pair.of('contacts', version, CARD);
      pair.edit(t('Contacts:MobilePhoneNumber', '2'));
      await pair.desk([
        'N:Base;Ann;;;\r\nFN:Ann Base',
        'N:Desk;Ann;;;\r\nFN:Ann Desk\r\nitem1.URL:https://x.test/\r\nitem1.X-ABLabel:Club',
      ]);
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has('TEL;TYPE=CELL:2', 'N:Desk;Ann;;;', 'FN:Ann Desk', 'X-KEEP:1', 'item1.X-ABLabel:Club');
      assert.equal(pair.item.text('Contacts:LastName'), 'Desk');
      await pair.settled();
    });

    it('of different properties of a task are both kept', async () => {
      const todo = [
        'BEGIN:VCALENDAR',
        'VERSION:2.0',
        'PRODID:-//Desk//EN',
        'BEGIN:VTODO',
        'UID:item',
        'DTSTAMP:20260101T000000Z',
      ];
      const pair = await Pair.of('tasks', version, lines(...todo, 'SUMMARY:Buy', 'X-KEEP:1', 'END:VTODO', 'END:VCALENDAR'));
      pair.edit(t('Tasks:Subject', 'Sell'));
      await pair.desk(['X-KEEP:1', 'X-KEEP:1\r\nPRIORITY:1\r\nX-DESK:1']);
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has('SUMMARY:Sell', 'PRIORITY:1', 'X-KEEP:1', 'X-DESK:1');
      assert.equal(pair.item.text('Tasks:Importance'), '2');
      await pair.settled();
    });

    if (version !== '2.5')
      it('of different properties of a note are both kept', async () => {
        const note = [
          'BEGIN:VCALENDAR',
          'VERSION:2.0',
          'PRODID:-//Desk//EN',
          'BEGIN:VJOURNAL',
          'UID:item',
          'DTSTAMP:20260101T000000Z',
        ];
        const pair = await Pair.of('notes', version, lines(...note, 'SUMMARY:Idea', 'X-KEEP:1', 'END:VJOURNAL', 'END:VCALENDAR'));
        pair.phone.change(pair.folder, pair.id, t('Notes:Subject', 'Plan'));
        await pair.desk(['X-KEEP:1', 'X-KEEP:1\r\nCATEGORIES:Work']);
        assert.deepEqual(await pair.sync(), { status: '1', back: true });
        await pair.has('SUMMARY:Plan', 'CATEGORIES:Work', 'X-KEEP:1');
      });

    if (version !== '2.5')
      it('the phone wins where it asks so, and only where both changed the same', async () => {
        const pair = await Pair.of('calendar', version, appointment());
        pair.folder.conflict = 0;
        pair.edit(t('Calendar:Subject', 'Dinner'));
        await pair.desk(['SUMMARY:Lunch', 'SUMMARY:Tea'], ['LOCATION:Here', 'LOCATION:There']);
        assert.deepEqual(await pair.sync(), { status: '1', back: true });
        await pair.has('SUMMARY:Dinner', 'LOCATION:There');
        await pair.settled();
      });
  });

  describe(`${version}: answers that get lost`, { concurrency: false }, () => {
    it('the same edit again, after another one of the desktop', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      pair.edit(t('Calendar:Subject', 'Dinner'));
      await pair.desk(['LOCATION:Here', 'LOCATION:There']);
      await pair.lose();
      await pair.desk(['X-KEEP;X-P="a;b":1', 'X-KEEP;X-P="a;b":1\r\nX-DESK:2'], ['SUMMARY:Dinner', 'SUMMARY:Late dinner']);
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has('SUMMARY:Late dinner', 'LOCATION:There', 'X-DESK:2');
      assert.equal(pair.item.text('Calendar:Subject'), 'Late dinner');
      await pair.settled();
    });

    it('an item that was edited on the phone before it heard that it was added', async () => {
      const pair = await Pair.of('contacts', version, CARD);
      const [first, second] = ['1', '2'].map((mobile) =>
        t('AirSync:ApplicationData', contact({ first: 'New', last: 'One', mobile })),
      );
      const id = pair.phone.add(pair.folder);
      const send = (data: Tag | undefined) => pair.folder.pending.splice(0, 1, { kind: 'Add', id, data });
      send(first);
      await pair.lose();
      send(second);
      const { outcomes } = (await pair.phone.sync([pair.folder])).collections.get(pair.folder.id)!;
      assert.equal(outcomes.get(id)?.status, '1');
      await pair.settled(['MobilePhoneNumber']);
      assert.equal(pair.folder.items.get(outcomes.get(id)?.serverId ?? '')?.text('Contacts:MobilePhoneNumber'), '2');
    });

    it('a conflict is told again', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      pair.edit(t('Calendar:Subject', 'Dinner'), place(version, 'There'));
      await pair.desk(['SUMMARY:Lunch', 'SUMMARY:Tea']);
      await pair.lose();
      assert.deepEqual(await pair.sync(), { status: '7', back: true });
      await pair.has('SUMMARY:Tea', 'LOCATION:There');
      await pair.settled();
    });

    it('an edit that is taken back before the phone hears of the first', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      const start = pair.item;
      pair.edit(t('Calendar:Subject', 'Dinner'));
      await pair.desk(['LOCATION:Here', 'LOCATION:There']);
      await pair.lose();
      await pair.has('SUMMARY:Dinner', 'LOCATION:There');
      pair.folder.pending.length = 0;
      pair.phone.change(pair.folder, pair.id, ...edited(version, start, t('Calendar:Subject', 'Lunch')));
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has('SUMMARY:Lunch', 'LOCATION:There');
      await pair.settled();
    });

    it('edits while the phone takes no changes', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      pair.folder.getChanges = false;
      const start = pair.item;
      pair.edit(t('Calendar:Subject', 'Dinner'));
      await pair.desk(['LOCATION:Here', 'LOCATION:There']);
      assert.deepEqual(await pair.sync(), { status: '1', back: false });
      pair.phone.change(pair.folder, pair.id, ...edited(version, start, t('Calendar:Subject', 'Supper')));
      assert.deepEqual(await pair.sync(), { status: '1', back: false });
      pair.folder.getChanges = undefined;
      await pair.desk(['X-KEEP;X-P="a;b":1', 'X-KEEP;X-P="a;b":1\r\nX-DESK:2']);
      await pair.phone.syncAll(pair.folder);
      await pair.has('SUMMARY:Supper', 'LOCATION:There', 'X-DESK:2');
      await pair.settled();
    });
  });

  describe(`${version}: what can't be merged`, { concurrency: false }, () => {
    it('an item that the desktop deleted is gone, whatever the phone made of it', async () => {
      const pair = await Pair.of('contacts', version, CARD);
      pair.edit(t('Contacts:MobilePhoneNumber', '2'));
      await pair.remove();
      assert.equal((await pair.sync()).status, '8');
      assert.equal(pair.folder.items.size, 0);
      assert.equal(await pair.stored(), '');
    });

    it('an item that the phone deleted is gone, whatever the desktop made of it', async () => {
      const pair = await Pair.of('contacts', version, CARD);
      pair.phone.delete(pair.folder, pair.id);
      await pair.desk(['TEL;TYPE=CELL:1', 'TEL;TYPE=CELL:2']);
      assert.equal((await pair.sync()).status, '1');
      assert.equal(pair.folder.items.size, 0);
      assert.equal(await pair.stored(), '');
    });

    it('once the text that the phone saw is forgotten the server wins', async () => {
      const pair = await Pair.of('calendar', version, appointment());
      pair.edit(t('Calendar:Subject', 'Dinner'));
      await pair.desk(['LOCATION:Here', 'LOCATION:There']);
      const session = await server.session(pair.phone.wire.identity.user);
      const [calendar] = await server.services.pim.collections(session);
      await server.database.query("UPDATE item_versions SET replaced_at = now() - interval '40 days' WHERE account_id = $1", [
        calendar?.source.account,
      ]);
      await purge();
      await pair.desk(['X-KEEP;X-P="a;b":1', 'X-KEEP;X-P="a;b":1\r\nX-DESK:2']);
      assert.deepEqual(await pair.sync(), { status: '7', back: true });
      await pair.has('SUMMARY:Lunch', 'LOCATION:There', 'X-DESK:2');
      pair.edit(t('Calendar:Subject', 'Supper'));
      await pair.desk(['LOCATION:There', 'LOCATION:Elsewhere']);
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has('SUMMARY:Supper', 'LOCATION:Elsewhere');
      await pair.settled();
    });
  });
}

async function purge(): Promise<void> {
  const day = 86_400_000;
  const store = new PostgresPimStore(poolOf(server.database));
  await store.purge({ tombstones: new Date(Date.now() - 100 * day), versions: new Date(Date.now() - 30 * day) });
}

describe('many changes at once', { concurrency: false }, () => {
  it('an item whose change still waits for its turn is merged from what the phone has', async () => {
    const user = 'window@example.test';
    const dav = await server.client(user);
    const path = (n: number) => `/dav/addressbooks/${user}/contacts/c${n}.vcf`;
    const put = (n: number, ...more: string[]) =>
      dav.request('PUT', path(n), {
        body: lines('BEGIN:VCARD', 'VERSION:3.0', `UID:c${n}`, `N:${n};C;;;`, `FN:C ${n}`, ...more, 'END:VCARD'),
        headers: { 'content-type': 'text/vcard; charset=utf-8' },
      });
    for (let n = 0; n < 4; n++) await put(n);
    const phone = await server.phone(user, { version: '14.1', deviceId: 'window' });
    const contacts = phone.folder(9);
    await phone.syncAll(contacts);
    const held = new Map(contacts.items);
    for (let n = 0; n < 4; n++) await put(n, 'TITLE:desk');
    contacts.window = 1;
    await phone.sync([contacts]);
    for (let n = 0; n < 4; n++) await put(n, 'TITLE:desk', 'NOTE:desk');
    const waiting = [...contacts.items].filter(([id, item]) => item === held.get(id)).map(([id]) => id);
    assert.ok(waiting.length >= 2, 'some wait');
    for (const id of waiting)
      phone.change(contacts, id, ...edited('14.1', contacts.items.get(id), t('Contacts2:NickName', 'phone')));
    const { outcomes } = (await phone.sync([contacts])).collections.get(contacts.id)!;
    assert.deepEqual(
      [...outcomes.values()].map(({ status }) => status),
      [],
    );
    await phone.syncAll(contacts);
    for (const id of waiting) {
      const item = contacts.items.get(id);
      assert.deepEqual([item?.text('Contacts:JobTitle'), item?.text('Contacts2:NickName')], ['desk', 'phone']);
    }
  });

  it('two edits of one item in one request', async () => {
    const pair = await Pair.of('calendar', '16.1', appointment(SERIES));
    for (const [day, subject] of [
      ['03', 'Three'],
      ['04', 'Four'],
    ] as const) {
      const data = t('AirSync:ApplicationData', t('Calendar:Subject', subject));
      pair.folder.pending.push({ kind: 'Change', id: pair.id, data, instance: `202703${day}T090000Z` });
    }
    await pair.desk(['LOCATION:Here', 'LOCATION:There'], occurrence('05', 'SUMMARY:Five'));
    await pair.sync();
    await pair.has('LOCATION:There', /SUMMARY:Three/, /SUMMARY:Four/, /SUMMARY:Five/);
    await pair.settled();
  });

  it('two phones of different versions and a desktop program edit one contact', async () => {
    const pair = await Pair.of('contacts', '14.1', CARD);
    const other = await server.phone(pair.phone.wire.identity.user, { version: '16.1', deviceId: 'other' });
    const contacts = other.folder(9);
    await other.syncAll(contacts);
    pair.edit(t('Contacts:MobilePhoneNumber', '2'));
    other.change(contacts, pair.id, ...edited('16.1', contacts.items.get(pair.id), t('Contacts:JobTitle', 'Boss')));
    await pair.desk(['X-KEEP:1', 'X-KEEP:1\r\nEMAIL:a@x.test']);
    await other.sync([contacts]);
    assert.deepEqual(await pair.sync(), { status: '1', back: true });
    await pair.has('TEL;TYPE=CELL:2', 'TITLE:Boss', 'EMAIL:a@x.test');
    await other.syncAll(contacts);
    assert.equal(contacts.items.get(pair.id)?.text('Contacts:MobilePhoneNumber'), '2');
    await pair.settled();
  });
});

describe('answers to meetings', { concurrency: false }, () => {
  for (const version of ['14.1', '16.1'])
    it(`${version}: an answer hides nothing that a desktop program changed before, nor does a later edit undo it`, async () => {
      const invited = appointment(
        'ORGANIZER:mailto:boss@elsewhere.test',
        'ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{user}',
      );
      const pair = await Pair.of('calendar', version, invited);
      await pair.desk(['X-KEEP;X-P="a;b":1', 'X-KEEP;X-P="a;b":1\r\nCATEGORIES:Desk']);
      const { tree } = await pair.phone.command(
        'MeetingResponse',
        t(
          'MeetingResponse:MeetingResponse',
          t(
            'MeetingResponse:Request',
            t('MeetingResponse:UserResponse', 1),
            t('MeetingResponse:CollectionId', pair.folder.id),
            t('MeetingResponse:RequestId', pair.id),
          ),
        ),
      );
      assert.equal(tree?.text('MeetingResponse:Result', 'MeetingResponse:Status'), '1');
      pair.edit(t('Calendar:Reminder', 45));
      assert.deepEqual(await pair.sync(), { status: '1', back: true });
      await pair.has('CATEGORIES:Desk', /PARTSTAT=ACCEPTED/, /TRIGGER:-PT45M/);
      assert.match(String(pair.item), /Desk/);
      await pair.settled();
    });
});

describe('one device with the accounts of two people', { concurrency: false }, () => {
  it('shows each of them what the other changed in a calendar that they share, and keeps both edits', async () => {
    const pair = await Pair.of('calendar', '14.1', appointment());
    const [owner, guest] = [pair.phone.wire.identity.user, 'guest@example.test'];
    const session = await server.session(owner);
    await server.session(guest);
    const { pim } = server.services;
    const calendar = (await pim.collections(session)).find(({ kind }) => kind === 'calendar')!;
    await pim.share(session, calendar, guest, { access: 'write' });
    const other = await server.phone(guest, { version: '14.1', deviceId: pair.phone.wire.identity.deviceId });
    const mounted = [...other.folders.values()].find(({ type }) => type === '13')!;
    await other.syncAll(mounted);
    const [id, item] = [...mounted.items][0]!;
    other.change(mounted, id, ...edited('14.1', item, t('Calendar:Location', 'There')));
    await other.syncAll(mounted);
    pair.edit(t('Calendar:Subject', 'Dinner'));
    assert.deepEqual(await pair.sync(), { status: '1', back: true });
    await pair.has('SUMMARY:Dinner', 'LOCATION:There');
    await other.syncAll(mounted);
    assert.equal(mounted.items.get(id)?.text('Calendar:Subject'), 'Dinner');
    other.change(mounted, id, ...edited('14.1', mounted.items.get(id), t('Calendar:Location', 'Elsewhere')));
    await other.syncAll(mounted);
    assert.deepEqual(await pair.sync(), { status: '1', back: true });
    assert.equal(pair.item.text('Calendar:Location'), 'Elsewhere');
    await pair.settled();
  });
});
