import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { D } from '../support/dav-client.js';
import { calendarPath } from '../support/dav-data.js';
import { type EasPhone, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { event } from '../support/eas-phone-items.js';
import { type PimServer, startPimServer } from '../support/pim-server.js';

let server: PimServer;
before(async () => {
  server = await startPimServer();
});
after(() => server.close());

type Command = 'FolderCreate' | 'FolderUpdate' | 'FolderDelete';
const id = (value: string) => t('FolderHierarchy:ServerId', value);
const under = (value: string) => t('FolderHierarchy:ParentId', value);
const named = (value: string) => t('FolderHierarchy:DisplayName', value);
const type = (value: number) => t('FolderHierarchy:Type', value);

/** Changes the hierarchy from the phone. @returns Status and the new folder's id */
async function change(phone: EasPhone, command: Command, ...more: Tag[]): Promise<[status: string, id: string]> {
  const body = t(`FolderHierarchy:${command}`, t('FolderHierarchy:SyncKey', phone.folderKey), ...more);
  const answer = await phone.ask(command, body);
  phone.folderKey = answer.text('FolderHierarchy:SyncKey') ?? phone.folderKey;
  return [answer.text('FolderHierarchy:Status') ?? '', answer.text('FolderHierarchy:ServerId') ?? ''];
}

/** A folder that another phone of the user learns of. */
async function seen(other: EasPhone, folderId: string): Promise<PhoneFolder> {
  await other.folderSync();
  const found = other.folders.get(folderId);
  assert.ok(found, 'another phone has the folder');
  return found;
}

for (const version of ['2.5', '12.1', '14.1', '16.1']) {
  const address = `calendars${version.replace('.', '')}@example.test`;

  describe(`several calendars from the phone (${version})`, () => {
    let phone: EasPhone;
    let other: EasPhone;
    before(async () => {
      phone = await server.phone(address, { version, deviceId: 'one' });
      other = await server.phone(address, { version, deviceId: 'two' });
    });

    const collections = async () => server.services.pim.collections(await server.session(address));
    const names = async () => (await collections()).map(({ name }) => name);

    it('a calendar is made, filled, renamed and deleted, for CalDAV clients too (MS-ASCMD 2.2.1.3 to 2.2.1.6)', async () => {
      const [made, folderId] = await change(phone, 'FolderCreate', under('0'), named('Club'), type(13));
      assert.equal(made, '1');
      const { added, updated } = await phone.folderSync();
      assert.deepEqual([added, updated], [[], []], 'the phone knows what it made');
      const club = await seen(other, folderId);
      assert.deepEqual([club.name, club.type, club.parent], ['Club', '13', '0']);
      await other.syncAll(club);
      const clientId = other.add(
        club,
        ...event(version, { subject: 'Match', start: '20270301T090000Z', end: '20270301T100000Z' }),
      );
      assert.equal((await other.syncAll(club)).outcomes.get(clientId)?.status, '1');
      const slug = (await collections()).find(({ name }) => name === 'Club')?.slug ?? '';
      const client = await server.client(address);
      const place = calendarPath(address, slug);
      const shown = async () => (await client.propfind(place, [D('displayname')], 1)).responses;
      assert.equal((await shown()).length, 2, 'the calendar and its event');
      assert.deepEqual(await change(phone, 'FolderUpdate', id(folderId), under('0'), named('Society')), ['1', '']);
      assert.equal((await shown())[0]?.props.get(D('displayname'))?.text, 'Society');
      assert.equal((await seen(other, folderId)).name, 'Society');
      assert.deepEqual(await change(phone, 'FolderDelete', id(folderId)), ['1', '']);
      assert.equal((await client.request('PROPFIND', place, { depth: 0 })).status, 404);
      assert.deepEqual((await other.folderSync()).deleted.length, 1);
    });

    it('address books, task lists and notebooks are made as well', async () => {
      const kinds = Number(version) < 14 ? ([14, 15] as const) : ([14, 15, 17] as const);
      for (const kind of kinds) {
        const [status, folderId] = await change(phone, 'FolderCreate', under('0'), named(`More ${kind}`), type(kind));
        assert.equal(status, '1');
        assert.equal((await seen(other, folderId)).type, String(kind));
      }
    });

    it('a name that is taken is Status 2, for a new calendar and for another one', async () => {
      const [, first] = await change(phone, 'FolderCreate', under('0'), named('First'), type(13));
      const [, second] = await change(phone, 'FolderCreate', under('0'), named('Second'), type(13));
      assert.equal((await change(phone, 'FolderCreate', under('0'), named('first'), type(13)))[0], '2');
      assert.equal((await change(phone, 'FolderUpdate', id(second), under('0'), named('FIRST')))[0], '2');
      assert.ok((await names()).includes('Second'));
      assert.equal(
        (await change(phone, 'FolderUpdate', id(first), under('0'), named('FIRST')))[0],
        '1',
        'its own name otherwise written',
      );
    });

    it('calendars lie side by side: one made below another is told to be at the top', async () => {
      const own = phone.folder(8);
      const [status, folderId] = await change(phone, 'FolderCreate', under(own.id), named('Below'), type(13));
      assert.equal(status, '1');
      // What the phone believes of its folder.
      phone.folders.set(folderId, Object.assign(await seen(other, folderId), { parent: own.id }));
      const { updated } = await phone.folderSync();
      assert.deepEqual(updated, [folderId]);
      assert.equal(phone.folders.get(folderId)?.parent, '0');
      assert.deepEqual((await phone.folderSync()).updated, []);
    });

    it('the default calendar stays: Status 3 for its deletion, 2 for another name', async () => {
      const own = phone.folder(8);
      assert.equal((await change(phone, 'FolderDelete', id(own.id)))[0], '3');
      assert.equal((await change(phone, 'FolderUpdate', id(own.id), under('0'), named('Mine')))[0], '2');
      assert.equal((await change(phone, 'FolderDelete', id('9999')))[0], '4');
    });
  });
}

it('no request failed for another reason', () => assert.deepEqual(server.errors, []));
