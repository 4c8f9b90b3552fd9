import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type EasPhone, LostAnswer, type PhoneFolder, t } from '../../../../support/eas-phone.js';
import { type EasServer, startEasServer } from '../../../../support/eas-server.js';

describe('Sync of mail (MS-ASCMD 2.2.1.21)', () => {
  let server: EasServer;
  let phone: EasPhone;
  let inbox: PhoneFolder;
  let phones = 0;

  before(async () => {
    server = await startEasServer();
  });
  after(() => server.close());
  beforeEach(async () => {
    for (const uid of server.mail.uidsOf('INBOX')) server.mail.expunge('INBOX', uid);
    phone = await server.ready({ deviceId: `mailphone${++phones}` });
    inbox = phone.folder(2);
  });

  const idOf = (uid: number) => `${inbox.id}:${uid}`;
  const field = (uid: number, tag: string) => inbox.items.get(idOf(uid))?.text(tag);

  it('brings what is there, newest first, then nothing', async () => {
    const first = server.mail.deliver('INBOX', { subject: 'Hello', html: '<p>Hi</p>' });
    const second = server.mail.deliver('INBOX', { subject: 'Re: Hello', text: 'Hi back', flags: ['\\Seen', '\\Flagged'] });
    const result = await phone.syncAll(inbox);
    assert.deepEqual(result.added, [idOf(second), idOf(first)]);
    assert.equal(field(first, 'Email:Subject'), 'Hello');
    assert.equal(field(second, 'Email:ThreadTopic'), 'Hello');
    assert.equal(field(second, 'Email:Read'), '1');
    assert.equal((await phone.sync([inbox])).empty, true);
    assert.deepEqual(server.errors, []);
  });

  it('costs one statement and one IMAP command when nothing changed', async () => {
    server.mail.deliver('INBOX', { subject: 'One' });
    await phone.syncAll(inbox);
    server.statements();
    server.mail.taken();
    assert.equal((await phone.sync([inbox])).empty, true);
    assert.deepEqual(server.statements(), ['open_device']);
    assert.deepEqual(server.mail.taken(), { changes: 1 });
  });

  it('pages a large folder without listing it again, in windows of the asked size', async () => {
    for (let count = 0; count < 25; count++) server.mail.deliver('INBOX', { subject: `Message ${count}` });
    inbox.window = 10;
    await phone.sync([inbox]);
    server.mail.taken();
    const sizes: number[] = [];
    for (let more = true; more; ) {
      const result = (await phone.sync([inbox])).collections.get(inbox.id);
      sizes.push(result?.added.length ?? 0);
      more = result?.more ?? false;
    }
    assert.deepEqual(sizes, [10, 10, 5]);
    assert.equal(server.mail.taken().list, 1);
  });

  it('sends a change of flags alone, and none that can not be seen', async () => {
    const uid = server.mail.deliver('INBOX', { subject: 'Flags' });
    await phone.syncAll(inbox);
    server.mail.flag('INBOX', uid, '$Junk');
    assert.equal((await phone.sync([inbox])).empty, true);
    server.mail.flag('INBOX', uid, '\\Seen');
    const result = await phone.syncAll(inbox);
    assert.deepEqual(result.changed, [idOf(uid)]);
    assert.equal(field(uid, 'Email:Read'), '1');
    assert.equal(field(uid, 'Email:Subject'), 'Flags');
  });

  it('carries read state, flag and categories to the mailbox and does not send them back', async () => {
    const uid = server.mail.deliver('INBOX', { subject: 'Mine' });
    await phone.syncAll(inbox);
    phone.change(
      inbox,
      idOf(uid),
      t('Email:Read', 1),
      t('Email:Flag', t('Email:Status', 2), t('Email:FlagType', 'Flag for follow up')),
      t('Email:Categories', t('Email:Category', 'Red category')),
    );
    const result = (await phone.sync([inbox])).collections.get(inbox.id);
    assert.deepEqual(result?.changed, []);
    assert.deepEqual(server.mail.flagsOf('INBOX', uid), ['Red=20category', '\\Flagged', '\\Seen']);
    assert.equal((await phone.sync([inbox])).empty, true);
    phone.change(inbox, idOf(uid), t('Email:Flag'), t('Email:Categories'));
    await phone.sync([inbox]);
    assert.deepEqual(server.mail.flagsOf('INBOX', uid), ['\\Seen']);
  });

  it('marks hundreds as read by one command', async () => {
    const uids = Array.from({ length: 200 }, (_none, count) => server.mail.deliver('INBOX', { subject: `n${count}` }));
    await phone.syncAll(inbox);
    server.mail.taken();
    for (const uid of uids) phone.change(inbox, idOf(uid), t('Email:Read', 1));
    await phone.syncAll(inbox);
    assert.equal(server.mail.taken().setFlags, 1);
    assert.deepEqual(server.mail.flagsOf('INBOX', uids[7] as number), ['\\Seen']);
  });

  it('moves deleted messages to Trash, and deletes for good where the phone says so (DeletesAsMoves)', async () => {
    const [kept, lost] = [server.mail.deliver('INBOX', { subject: 'kept' }), server.mail.deliver('INBOX', { subject: 'lost' })];
    await phone.syncAll(inbox);
    const before = server.mail.uidsOf('Trash').length;
    phone.delete(inbox, idOf(kept));
    await phone.sync([inbox]);
    assert.equal(server.mail.uidsOf('Trash').length, before + 1);
    inbox.deletesAsMoves = false;
    phone.delete(inbox, idOf(lost));
    await phone.sync([inbox]);
    assert.equal(server.mail.uidsOf('Trash').length, before + 1);
    assert.deepEqual(server.mail.uidsOf('INBOX'), []);
    assert.equal((await phone.sync([inbox])).empty, true);
  });

  it('sends Delete for what another client expunged, and nothing for what the phone never had', async () => {
    const uid = server.mail.deliver('INBOX', { subject: 'short-lived' });
    await phone.syncAll(inbox);
    const unseen = server.mail.deliver('INBOX', { subject: 'never seen' });
    server.mail.expunge('INBOX', unseen);
    assert.equal((await phone.sync([inbox])).empty, true);
    server.mail.expunge('INBOX', uid);
    assert.deepEqual((await phone.syncAll(inbox)).deleted, [idOf(uid)]);
  });

  it('repeats the answer when the phone repeats its key, without doing its commands twice', async () => {
    const [read, deleted] = [server.mail.deliver('INBOX', { subject: 'read' }), server.mail.deliver('INBOX', { subject: 'del' })];
    await phone.syncAll(inbox);
    phone.change(inbox, idOf(read), t('Email:Read', 1));
    phone.delete(inbox, idOf(deleted));
    const arrived = server.mail.deliver('INBOX', { subject: 'arrived' });
    await assert.rejects(phone.sync([inbox], { lose: 'answer' }), LostAnswer);
    server.mail.flag('INBOX', read, '\\Seen', false);
    server.mail.taken();
    const result = (await phone.sync([inbox])).collections.get(inbox.id);
    assert.deepEqual(result?.added, [idOf(arrived)]);
    assert.deepEqual(result?.changed, [idOf(read)]);
    assert.equal(field(read, 'Email:Read'), '0');
    const { setFlags, move } = server.mail.taken();
    assert.deepEqual([setFlags, move], [undefined, undefined]);
    assert.equal((await phone.sync([inbox])).empty, true);
  });

  it('answers an unknown key with Status 3 and starts over', async () => {
    await phone.syncAll(inbox);
    inbox.syncKey = '{00000000-0000-0000-0000-000000000000}9';
    assert.equal((await phone.sync([inbox])).collections.get(inbox.id)?.status, '3');
  });

  it('starts a folder over when its UIDs are void, and only that folder', async () => {
    server.mail.deliver('INBOX', { subject: 'x' });
    const trash = phone.folder(4);
    await phone.syncAll(inbox);
    await phone.syncAll(trash);
    server.mail.renumber('INBOX');
    const result = await phone.sync([inbox, trash]);
    assert.equal(result.collections.get(inbox.id)?.status, '3');
    assert.equal(result.collections.has(trash.id), false);
  });

  it('keeps to FilterType and takes off what leaves the window as SoftDelete', async () => {
    const day = 24 * 3600 * 1000;
    const now = Date.now();
    const old = server.mail.deliver('INBOX', { subject: 'old', received: new Date(now - 40 * day) });
    const young = server.mail.deliver('INBOX', { subject: 'young', received: new Date(now) });
    inbox.filter = 2;
    assert.deepEqual((await phone.syncAll(inbox)).added, [idOf(young)]);
    server.mail.flag('INBOX', old, '\\Seen');
    assert.equal((await phone.sync([inbox])).empty, true);
    inbox.filter = 0;
    assert.deepEqual((await phone.syncAll(inbox)).added, [idOf(old)]);
    inbox.filter = 3;
    assert.deepEqual((await phone.syncAll(inbox)).softDeleted, [idOf(old)]);
    server.clock.now = () => new Date(now + 10 * day);
    assert.deepEqual((await phone.syncAll(inbox)).softDeleted, [idOf(young)]);
    server.clock.now = () => new Date();
  });

  it('leaves out one message that can not be shown, and the rest arrives', async () => {
    const good = server.mail.deliver('INBOX', { subject: 'good' });
    const bad = server.mail.deliver('INBOX', { subject: 'bad' });
    server.mail.poison.add(bad);
    assert.deepEqual((await phone.syncAll(inbox)).added, [idOf(good)]);
    server.mail.poison.delete(bad);
    assert.deepEqual(server.errors, []);
  });

  it('finds a folder again that another client renamed, and tells of one that is gone by Status 12', async () => {
    const made = server.mail.addFolder('Projects');
    await phone.folderSync();
    const folder = phone.folders.get(made.id) as PhoneFolder;
    await phone.syncAll(folder);
    await server.mail.renameFolder(server.session, made.id, null, 'Work');
    const uid = server.mail.deliver('Work', { subject: 'in a renamed folder' });
    assert.deepEqual((await phone.syncAll(folder)).added, [`${made.id}:${uid}`]);
    await server.mail.deleteFolder(server.session, made.id);
    assert.equal((await phone.sync([folder])).collections.get(folder.id)?.status, '12');
  });

  it('refuses what is no protocol: Add of mail (6), unknown item (8), unknown FilterType, wait out of range (14)', async () => {
    await phone.syncAll(inbox);
    const client = phone.add(inbox, t('Email:Subject', 'from a phone'));
    phone.change(inbox, idOf(9999), t('Email:Read', 1));
    const { outcomes } = (await phone.sync([inbox])).collections.get(inbox.id) ?? assert.fail();
    assert.equal(outcomes.get(client)?.status, '6');
    assert.equal(outcomes.get(idOf(9999))?.status, '8');
    const late = await phone.sync([inbox], { heartbeat: 30 });
    assert.deepEqual([late.status, late.limit], ['14', '60']);
    const minutes = await phone.sync([inbox], { wait: 100 });
    assert.deepEqual([minutes.status, minutes.limit], ['14', '59']);
    inbox.filter = 6;
    assert.equal((await phone.sync([inbox])).collections.get(inbox.id)?.status, '4');
  });

  it('waits with a heartbeat until a message arrives', async () => {
    await phone.syncAll(inbox);
    const waiting = phone.sync([inbox], { heartbeat: 60 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const uid = server.mail.deliver('INBOX', { subject: 'wake up' });
    const began = performance.now();
    const result = await waiting;
    assert.deepEqual(result.collections.get(inbox.id)?.added, [idOf(uid)]);
    assert.ok(performance.now() - began < 1000);
  });

  it('runs an empty request from the one before, and asks for everything when it is not sure', async () => {
    assert.equal((await phone.syncEmpty()).status, '13');
    await phone.syncAll(inbox);
    const uid = server.mail.deliver('INBOX', { subject: 'by an empty request' });
    assert.deepEqual((await phone.syncEmpty()).collections.get(inbox.id)?.added, [idOf(uid)]);
    assert.equal((await phone.syncEmpty()).status, '13');
    assert.equal((await phone.sync([inbox])).empty, true);
  });

  it('gives bodies in the form asked for: plain, HTML, MIME, cut, none, with a preview', async () => {
    const uid = server.mail.deliver('INBOX', { subject: 'Body', html: `<p>${'long '.repeat(100)}</p>` });
    const body = () => inbox.items.get(idOf(uid))?.child('AirSyncBase:Body');
    const shape = () => ['Type', 'Truncated', 'Data', 'Preview'].map((name) => body()?.text(`AirSyncBase:${name}`)?.slice(0, 12));
    const again = async (bodies: PhoneFolder['bodies'], mimeSupport?: number) => {
      inbox.items.clear();
      Object.assign(inbox, { syncKey: '0', bodies, mimeSupport });
      await phone.syncAll(inbox);
      return shape();
    };
    assert.deepEqual(await again([{ type: 2 }]), ['2', undefined, '<p>long long', undefined]);
    assert.deepEqual(await again([{ type: 1, truncation: 5 }]), ['1', '1', 'long ', undefined]);
    assert.deepEqual(await again([{ type: 2, truncation: 9, allOrNone: true }, { type: 1 }]), [
      '1',
      undefined,
      'long long lo',
      undefined,
    ]);
    assert.deepEqual(await again([{ type: 4 }, { type: 1 }], 2), ['4', undefined, 'Subject: Bod', undefined]);
    assert.deepEqual(await again([{ type: 4 }, { type: 1 }], 1), ['1', undefined, 'long long lo', undefined]);
    assert.deepEqual(await again([{ type: 2, truncation: 8, preview: 9 }]), ['2', '1', '<p>long ', 'long long']);
    assert.deepEqual(await again([]), ['2', '1', undefined, undefined]);
  });
});
