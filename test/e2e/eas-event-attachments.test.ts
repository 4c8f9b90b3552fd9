import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { calendarPath, event as eventText } from '../support/dav-data.js';
import { type EasPhone, LostAnswer, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { contact, edited, event } from '../support/eas-phone-items.js';
import { type PimServer, startPimServer } from '../support/pim-server.js';

const PUBLIC = 'http://gateway.test';
const INLINE = 'ATTACH;FMTTYPE=text/plain;FILENAME=in.txt;ENCODING=BASE64;VALUE=BINARY:aW5saW5l';
const LINK = 'ATTACH:https://elsewhere.test/file.pdf';

const pattern = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, n) => (n * 7 + (n >> 8)) & 0xff));

const file = (clientId: string, name: string, bytes: Buffer): Tag =>
  t(
    'AirSyncBase:Add',
    t('AirSyncBase:ClientId', clientId),
    t('AirSyncBase:Content', new Uint8Array(bytes)),
    t('AirSyncBase:ContentType', 'application/pdf'),
    t('AirSyncBase:DisplayName', name),
    t('AirSyncBase:Method', 1),
  );

const gone = (reference: string): Tag => t('AirSyncBase:Delete', t('AirSyncBase:FileReference', reference));

/** Names and FileReferences of an item's, or an answer's, attachments. */
const filesOf = (item: Tag | undefined) =>
  (item?.child('AirSyncBase:Attachments')?.all('AirSyncBase:Attachment') ?? []).map((each) => ({
    name: each.text('AirSyncBase:DisplayName'),
    clientId: each.text('AirSyncBase:ClientId'),
    reference: each.text('AirSyncBase:FileReference') ?? '',
    size: each.text('AirSyncBase:EstimatedDataSize'),
  }));

describe('attachments of events (MS-ASCAL and MS-ASAIRS Attachments of 16.x, RFC 8607)', { concurrency: false }, () => {
  let server: PimServer;
  before(async () => {
    server = await startPimServer();
  });
  after(() => server.close());

  async function person(name: string, version = '16.1') {
    const address = `${name}@example.test`;
    const phone = await server.phone(address, { version, deviceId: `${name}phone` });
    const folder = phone.folder(8);
    await phone.syncAll(folder);
    return { phone, folder, dav: await server.client(address), home: calendarPath(address, 'calendar') };
  }
  type Person = Awaited<ReturnType<typeof person>>;

  const only = (folder: PhoneFolder): [string, Tag] => {
    assert.equal(folder.items.size, 1);
    return [...folder.items][0] as [string, Tag];
  };

  /** The stored event: where it is, its lines, and the paths of its managed attachments. */
  async function stored({ dav, home }: Person) {
    const { responses } = await dav.propfind(home, ['{DAV:}getetag'], 1);
    const [href = ''] = responses.map((one) => one.href).filter((path) => path.endsWith('.ics'));
    const text = (await dav.request('GET', href)).text.replace(/\r\n[ \t]/g, '');
    const lines = text.split('\r\n');
    const urls = lines.flatMap((line) => /^ATTACH.*MANAGED-ID.*?:(http:.*)$/.exec(line)?.[1]?.slice(PUBLIC.length) ?? []);
    return { href, text, lines, urls };
  }

  const attach = ({ dav }: Person, href: string, body: Uint8Array) =>
    dav.request('POST', `${href}?action=attachment-add`, {
      body,
      headers: { 'content-type': 'application/zip', 'content-disposition': 'attachment; filename="desk.zip"' },
    });

  const meeting = (phone: EasPhone) =>
    event(phone.version, { subject: 'With files', start: '20270301T090000Z', end: '20270301T100000Z' });

  for (const version of ['16.0', '16.1'])
    test(`${version}: what a phone adds is a managed attachment, byte for byte, and goes when the phone deletes it`, async () => {
      const one = await person(`adds${version.replace('.', '')}`, version);
      const { phone, folder, dav } = one;
      const [first, second] = [pattern(100_000), pattern(321)];
      const id = phone.add(folder, ...meeting(phone), t('AirSyncBase:Attachments', file('c1', 'plan — ä.pdf', first)));
      const { outcomes } = await phone.syncAll(folder);
      const [made] = filesOf(outcomes.get(id)?.data);
      assert.equal(made?.clientId, 'c1');
      const { urls, lines } = await stored(one);
      assert.ok(lines.some((line) => line.startsWith('ATTACH') && line.includes('SIZE=100000') && line.includes('plan — ä.pdf')));
      const got = await dav.request('GET', urls[0] ?? '');
      assert.deepEqual(
        [got.status, got.headers['content-type'], got.headers['content-length']],
        [200, 'application/pdf', '100000'],
      );
      assert.deepEqual((await phone.fetchAttachment(made?.reference ?? '')).data, first);
      const [item] = only(folder);
      phone.change(folder, item, t('AirSyncBase:Attachments', file('c2', 'two.pdf', second)));
      const [more] = filesOf((await phone.syncAll(folder)).outcomes.get(item)?.data);
      assert.equal(more?.clientId, 'c2');
      assert.deepEqual((await phone.fetchAttachment(more?.reference ?? '')).data, second);
      assert.equal((await stored(one)).urls.length, 2);
      phone.change(folder, item, t('AirSyncBase:Attachments', gone(made?.reference ?? '')));
      await phone.syncAll(folder);
      const left = await stored(one);
      assert.deepEqual([left.urls.length, left.text.includes('two.pdf'), left.text.includes('plan')], [1, true, false]);
      assert.equal((await dav.request('GET', urls[0] ?? '')).status, 404, 'nobody names it');
    });

  test('what a desktop program adds is shown, fetched in ranges too, and gone when it is removed there', async () => {
    const one = await person('desk');
    const { phone, folder, dav, home } = one;
    const path = `${home}desk.ics`;
    await dav.request('PUT', path, {
      body: eventText('desk', 'SUMMARY:Desk', INLINE, LINK),
      headers: { 'content-type': 'text/calendar' },
    });
    const bytes = pattern(1_200_000);
    const added = await attach(one, path, bytes);
    assert.equal(added.status, 201);
    await phone.syncAll(folder);
    const [id, item] = only(folder);
    const [inline, kept, ...others] = filesOf(item);
    assert.deepEqual([inline?.name, inline?.size, kept?.name, kept?.size], ['in.txt', '6', 'desk.zip', '1200000']);
    assert.deepEqual(others, [], 'a link to elsewhere can not be fetched here');
    const whole = await phone.fetchAttachment(kept?.reference ?? '');
    assert.deepEqual([whole.type, whole.data.equals(bytes)], ['application/zip', true]);
    const range = await phone.fetchAttachment(kept?.reference ?? '', '10-19');
    assert.deepEqual([range.data, range.total], [bytes.subarray(10, 20), '1200000']);
    assert.equal((await phone.fetchAttachment(inline?.reference ?? '')).data.toString(), 'inline');
    phone.change(folder, id, t('Calendar:Subject', 'Renamed'));
    await phone.syncAll(folder);
    const { lines, urls } = await stored(one);
    assert.ok(lines.includes(INLINE) && lines.includes(LINK) && lines.includes('SUMMARY:Renamed') && urls.length === 1);
    const other = await server.phone('other@example.test', { version: '16.1', deviceId: 'otherphone' });
    await assert.rejects(other.fetchAttachment(kept?.reference ?? ''), /Fetch failed/, 'others are told that there is none');
    await dav.request('POST', `${path}?action=attachment-remove&managed-id=${added.headers['cal-managed-id']}`);
    await phone.syncAll(folder);
    assert.deepEqual(
      filesOf(only(folder)[1]).map(({ name }) => name),
      ['in.txt'],
    );
    phone.change(folder, id, t('AirSyncBase:Attachments', gone(inline?.reference ?? '')));
    await phone.syncAll(folder);
    assert.deepEqual(
      (await stored(one)).lines.filter((line) => line.startsWith('ATTACH')),
      [LINK],
    );
  });

  test('an edit of a 14.1 phone, which knows none, leaves them in place', async () => {
    const one = await person('older', '14.1');
    const { phone, folder, dav, home } = one;
    const path = `${home}older.ics`;
    await dav.request('PUT', path, {
      body: eventText('older', 'SUMMARY:Older', INLINE, LINK),
      headers: { 'content-type': 'text/calendar' },
    });
    await attach(one, path, pattern(10));
    await phone.syncAll(folder);
    const [id, item] = only(folder);
    assert.equal(item.child('AirSyncBase:Attachments'), undefined);
    const before = (await stored(one)).lines.filter((line) => line.startsWith('ATTACH'));
    phone.change(folder, id, ...edited('14.1', item, t('Calendar:Subject', 'Edited')));
    await phone.syncAll(folder);
    const { lines } = await stored(one);
    assert.ok(lines.includes('SUMMARY:Edited'));
    assert.deepEqual(
      lines.filter((line) => line.startsWith('ATTACH')),
      before,
    );
    assert.equal(before.length, 3);
  });

  for (const version of ['16.0', '16.1'])
    test(`${version}: files that a new series has in single occurrences are theirs alone, byte for byte`, async () => {
      const one = await person(`parts${version.replace('.', '')}`, version);
      const { phone, folder, dav } = one;
      const [whole, first, second] = [pattern(50), pattern(70_000), pattern(99)];
      const exception = (day: number, ...more: Tag[]) =>
        t('Calendar:Exception', t('AirSyncBase:InstanceId', `202703${day}T090000Z`), ...more);
      const weekly = t('Calendar:Recurrence', t('Calendar:Type', 0), t('Calendar:Occurrences', 5), t('Calendar:Interval', 1));
      const id = phone.add(
        folder,
        ...event(version, { subject: 'Parts', start: '20270308T090000Z', end: '20270308T100000Z' }),
        weekly,
        t('AirSyncBase:Attachments', file('c0', 'all.pdf', whole)),
        t(
          'Calendar:Exceptions',
          exception(10, t('Calendar:Subject', 'Tenth'), t('AirSyncBase:Attachments', file('c1', 'ten.pdf', first))),
          // Names are of one list: another may use them again.
          exception(11, t('AirSyncBase:Attachments', file('c1', 'eleven.pdf', second))),
          exception(12, t('Calendar:Deleted', 1), t('AirSyncBase:Attachments', file('c3', 'gone.pdf', second))),
        ),
      );
      await assert.rejects(phone.sync([folder], { lose: 'answer' }), LostAnswer);
      const { outcomes } = await phone.syncAll(folder);
      assert.equal(outcomes.get(id)?.status, '1');
      const { text } = await stored(one);
      const parts = text.split('BEGIN:VEVENT').slice(1);
      const names = (part = '') => [...part.matchAll(/FILENAME="?([a-z.]+)/g)].map(([, name]) => name);
      assert.deepEqual(parts.map(names), [['all.pdf'], ['all.pdf', 'ten.pdf'], ['all.pdf', 'eleven.pdf']]);
      const bytesOf = async (part: string | undefined, name: string) => {
        const [, url = ''] = new RegExp(`ATTACH[^\\r\\n]*${name}[^\\r\\n]*?:(http:[^\\r\\n]*)`).exec(part ?? '') ?? [];
        return (await dav.request('GET', url.slice(PUBLIC.length))).body;
      };
      assert.deepEqual(await bytesOf(parts[1], 'ten.pdf'), first);
      assert.deepEqual(await bytesOf(parts[2], 'eleven.pdf'), second);
      const fresh = await server.phone(`parts${version.replace('.', '')}@example.test`, { version, deviceId: `fresh${id}` });
      await fresh.syncAll(fresh.folder(8));
      const [, item] = only(fresh.folder(8));
      const exceptions = item.child('Calendar:Exceptions')?.all('Calendar:Exception') ?? [];
      assert.deepEqual(
        exceptions.map((each) => filesOf(each).map(({ name }) => name)),
        [['all.pdf', 'ten.pdf'], ['all.pdf', 'eleven.pdf'], []],
      );
      const ten = filesOf(exceptions[0]).find(({ name }) => name === 'ten.pdf');
      assert.deepEqual((await fresh.fetchAttachment(ten?.reference ?? '')).data, first);
    });

  test('after a lost answer nothing is there twice, and the phone learns the FileReference', async () => {
    const one = await person('loser');
    const { phone, folder } = one;
    phone.add(folder, ...meeting(phone));
    await phone.syncAll(folder);
    const [id] = only(folder);
    phone.change(folder, id, t('AirSyncBase:Attachments', file('c1', 'once.pdf', pattern(50))));
    await assert.rejects(phone.sync([folder], { lose: 'answer' }), LostAnswer);
    await phone.syncAll(folder);
    assert.equal((await stored(one)).urls.length, 1);
    const [shown, ...more] = filesOf(only(folder)[1]);
    assert.deepEqual([shown?.name, more], ['once.pdf', []]);
    assert.deepEqual((await phone.fetchAttachment(shown?.reference ?? '')).data, pattern(50));
  });

  test('who is invited fetches what the organizer attached', async () => {
    const [guest, host] = [await person('guest'), await person('host')];
    const path = `${host.home}invite.ics`;
    const people = ['host', 'guest'].map((name) => `ATTENDEE:mailto:${name}@example.test`);
    await host.dav.request('PUT', path, {
      body: eventText('invite', 'DTSTART:20990301T100000Z', 'ORGANIZER:mailto:host@example.test', ...people),
      headers: { 'content-type': 'text/calendar' },
    });
    assert.equal((await attach(host, path, pattern(77))).status, 201);
    const held = () => [...guest.folder.items.values()].flatMap(filesOf);
    const until = Date.now() + 30_000;
    do {
      await sleep(50);
      await guest.phone.syncAll(guest.folder);
    } while (held().length === 0 && Date.now() < until);
    const [shown] = held();
    assert.equal(shown?.name, 'desk.zip');
    assert.deepEqual((await guest.phone.fetchAttachment(shown?.reference ?? '')).data, pattern(77));
  });

  test('content that comes again under its identifier is kept once', async () => {
    const session = await server.session('again@example.test');
    const { pim, attachments } = server.services;
    const [calendar] = (await pim.collections(session)).filter(({ kind }) => kind === 'calendar');
    assert.ok(calendar);
    const id = '0f0e0d0c-0b0a-8908-8706-050403020100';
    const draft = { id, name: 'a.txt', type: 'text/plain', content: pattern(5) };
    const [one, two] = [
      await attachments.hold(session, calendar, draft),
      await attachments.hold(session, calendar, { ...draft, content: pattern(5) }),
    ];
    assert.deepEqual(one, two);
    assert.equal(attachments.ownerIn(one.url), 'again@example.test');
    assert.equal(attachments.ownerIn('https://elsewhere.test/dav/attachments/again%40example.test/x/y'), null);
  });

  test('a file too large is Status 122, one of another item Status 6; both leave the event as it was', async () => {
    const one = await person('large');
    const { phone, folder } = one;
    phone.add(folder, ...meeting(phone));
    await phone.syncAll(folder);
    const [id] = only(folder);
    const before = (await stored(one)).text;
    phone.change(folder, id, t('AirSyncBase:Attachments', file('c1', 'big.bin', Buffer.alloc(15 * 1024 * 1024 + 1))));
    assert.equal((await phone.syncAll(folder)).outcomes.get(id)?.status, '122');
    phone.change(folder, id, t('AirSyncBase:Attachments', gone(`${id}0:m${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`)));
    assert.equal((await phone.syncAll(folder)).outcomes.get(id)?.status, '6');
    assert.equal((await stored(one)).text, before);
  });

  test('what the server made of a Change whose answer was lost goes back to the phone (FileAs)', async () => {
    const { phone } = await person('renamer', '14.1');
    const folder = phone.folder(9);
    phone.add(folder, ...contact({ first: 'Carla', last: 'Old', email: 'c@x.example' }));
    await phone.syncAll(folder);
    const fresh = await server.phone('renamer@example.test', { version: '14.1', deviceId: 'second' });
    await fresh.syncAll(fresh.folder(9));
    const [id, item] = only(fresh.folder(9));
    fresh.change(fresh.folder(9), id, ...edited('14.1', item, t('Contacts:LastName', 'New')));
    await assert.rejects(fresh.sync([fresh.folder(9)], { lose: 'answer' }), LostAnswer);
    await fresh.syncAll(fresh.folder(9));
    await phone.syncAll(folder);
    const shown = only(folder)[1].text('Contacts:FileAs');
    assert.match(shown ?? '', /New/);
    assert.equal(only(fresh.folder(9))[1].text('Contacts:FileAs'), shown);
  });
});
