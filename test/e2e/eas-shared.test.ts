import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Collection, Share } from '../../src/domain/pim/model.js';
import { calendarPath, event as ical } from '../support/dav-data.js';
import { type EasPhone, LostAnswer, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { edited, event } from '../support/eas-phone-items.js';
import { type PimServer, startPimServer } from '../support/pim-server.js';

const ALICE = 'alice@example.test';
const ICS = { 'content-type': 'text/calendar' };
const MALFORMED = '6';

let server: PimServer;
let team: Collection;
let people = 0;

before(async () => {
  server = await startPimServer();
  const client = await server.client(ALICE);
  const session = await server.session(ALICE);
  team = await server.services.pim.createCollection(session, { kind: 'calendar', name: 'Team', slug: 'team' });
  const put = async (uid: string, ...lines: string[]) =>
    assert.equal((await client.request('PUT', `${place}${uid}.ics`, { body: ical(uid, ...lines), headers: ICS })).status, 201);
  await put('plans', 'SUMMARY:Plans', 'LOCATION:Room');
  await put('doctor', 'SUMMARY:Doctor', 'CLASS:PRIVATE');
});
after(() => server.close());

const place = calendarPath(ALICE, 'team');

/** Alice's text of an event, or undefined. */
async function stored(uid: string): Promise<string | undefined> {
  const { status, text } = await (await server.client(ALICE)).request('GET', `${place}${uid}.ics`);
  return status === 200 ? text : undefined;
}

interface Scene {
  readonly address: string;
  readonly phone: EasPhone;
  readonly shared: PhoneFolder;
  /** The item of a subject. */
  item(subject: string): [id: string, item: Tag];
}

async function scene(version: string, access: Share['access']): Promise<Scene> {
  const address = `guest${++people}@example.test`;
  await server.session(address);
  await server.services.pim.share(await server.session(ALICE), team, address, { access });
  const phone = await server.phone(address, { version, deviceId: `guest${people}` });
  const shared = [...phone.folders.values()].find(({ name }) => name.startsWith('Team'));
  assert.equal(shared?.type, '13', 'another calendar than the own one');
  await phone.syncAll(shared);
  return {
    address,
    phone,
    shared,
    item: (subject) => {
      const found = [...shared.items].find(([, one]) => one.text('Calendar:Subject') === subject);
      assert.ok(found, `${subject} is on the phone`);
      return found;
    },
  };
}

for (const version of ['2.5', '14.1', '16.1']) {
  describe(`a calendar that is shared to a phone (${version})`, () => {
    it('for reading: edit, deletion and addition are refused, each for itself, and the phone has again what is stored', async () => {
      const { phone, shared, item } = await scene(version, 'read');
      assert.equal(shared.items.size, 2);
      assert.ok(item('Busy'), 'what its owner marked private shows its time alone');
      const [before, [id, plans]] = [await stored('plans'), item('Plans')];
      phone.change(shared, id, ...edited(version, plans, t('Calendar:Subject', 'Mine')));
      const added = phone.add(shared, ...event(version, { subject: 'New', start: '20270301T090000Z', end: '20270301T100000Z' }));
      const { outcomes } = await phone.syncAll(shared);
      assert.equal(outcomes.get(id)?.status, MALFORMED);
      assert.equal(outcomes.get(added)?.status, MALFORMED);
      assert.equal(item('Plans')[0], id, 'the edit is taken back on the phone');
      phone.delete(shared, id);
      const { added: again } = await phone.syncAll(shared);
      assert.deepEqual(again, [id], 'it comes anew after the phone has deleted it');
      item('Plans');
      assert.equal(shared.items.size, 2);
      assert.equal(await stored('plans'), before);
      assert.equal(await stored('New'), undefined);
    });

    it('for reading: what was deleted comes again also where the answer was lost', async () => {
      const { phone, shared, item } = await scene(version, 'read');
      const [id] = item('Plans');
      phone.delete(shared, id);
      await assert.rejects(phone.sync([shared], { lose: 'answer' }), LostAnswer);
      await phone.syncAll(shared);
      await phone.syncAll(shared);
      item('Plans');
      assert.equal(shared.items.size, 2);
    });

    it('for reading: nothing is moved into it or out of it', async () => {
      const { phone, shared, item } = await scene(version, 'read');
      const own = phone.folder(8);
      const [id] = item('Plans');
      await phone.syncAll(own);
      const added = phone.add(own, ...event(version, { subject: 'Own', start: '20270301T090000Z', end: '20270301T100000Z' }));
      const { outcomes } = await phone.syncAll(own);
      const mine = outcomes.get(added)?.serverId ?? '';
      assert.deepEqual(
        [...(await phone.moveItems(own, [mine], shared)), ...(await phone.moveItems(shared, [id], own))].map(
          ({ status }) => status,
        ),
        ['5', '5'],
      );
      await phone.syncAll(own);
      await phone.syncAll(shared);
      assert.ok(own.items.has(mine));
      item('Plans');
      assert.ok(await stored('plans'));
    });

    it('for busy times: subjects and places stay with their owner', async () => {
      const { shared } = await scene(version, 'busy');
      const subjects = [...shared.items.values()].map((one) => one.text('Calendar:Subject'));
      assert.deepEqual(subjects, ['Busy', 'Busy']);
      assert.doesNotMatch(String([...shared.items.values()]), /Room|Doctor|Plans/);
    });

    it('for writing: the owner has the edit, with all that the phone can not say', async () => {
      const { phone, shared, item } = await scene(version, 'write');
      const subject = `Plans of ${version}`;
      await (await server.client(ALICE)).request('PUT', `${place}w${version}.ics`, {
        body: ical(`w${version}`, 'SUMMARY:Draft', 'X-KEEP;X-P=1:this'),
        headers: ICS,
      });
      await phone.syncAll(shared);
      const [id, draft] = item('Draft');
      phone.change(shared, id, ...edited(version, draft, t('Calendar:Subject', subject)));
      const { outcomes } = await phone.syncAll(shared);
      assert.ok([undefined, '1'].includes(outcomes.get(id)?.status));
      const text = (await stored(`w${version}`)) ?? '';
      assert.match(text, new RegExp(`SUMMARY:${subject}\\r\\n`));
      assert.match(text, /X-KEEP;X-P=1:this/);
      phone.delete(shared, id);
      await phone.syncAll(shared);
      assert.equal(await stored(`w${version}`), undefined);
    });

    it('keeps a name of its own on the phone, and leaves it alone when it is deleted there', async () => {
      const { phone, shared, address } = await scene(version, 'write');
      const change = async (command: 'FolderUpdate' | 'FolderDelete', ...more: Tag[]) => {
        const head = [t('FolderHierarchy:SyncKey', phone.folderKey), t('FolderHierarchy:ServerId', shared.id)];
        const answer = await phone.ask(command, t(`FolderHierarchy:${command}`, ...head, ...more));
        assert.equal(answer.text('FolderHierarchy:Status'), '1');
        phone.folderKey = answer.text('FolderHierarchy:SyncKey') ?? '';
      };
      await change('FolderUpdate', t('FolderHierarchy:ParentId', '0'), t('FolderHierarchy:DisplayName', 'Ours'));
      const names = async (who: string) =>
        (await server.services.pim.collections(await server.session(who))).map(({ name }) => name);
      assert.ok((await names(address)).includes('Ours'));
      assert.ok((await names(ALICE)).includes('Team'), 'its owner’s name for it stays');
      await change('FolderDelete');
      assert.ok(!(await names(address)).includes('Ours'));
      assert.ok((await names(ALICE)).includes('Team'));
      assert.ok(await stored('plans'));
    });

    it('goes from the phone when its owner takes it back', async () => {
      const { phone, shared, address } = await scene(version, 'read');
      await server.services.pim.share(await server.session(ALICE), team, address, null);
      const late = await phone.sync([shared]);
      assert.equal(late.collections.get(shared.id)?.status ?? late.status, '12');
      const { deleted } = await phone.folderSync();
      assert.equal(deleted.length, 1);
      assert.ok(!phone.folders.has(shared.id));
    });
  });
}

it('no request failed for another reason', () => assert.deepEqual(server.errors, []));
