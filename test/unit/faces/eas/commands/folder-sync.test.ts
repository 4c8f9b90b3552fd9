import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LostAnswer, type Tag, t } from '../../../../support/eas-phone.js';
import { type EasServer, startEasServer } from '../../../../support/eas-server.js';

describe('FolderSync (MS-ASCMD 2.2.1.5) and changes of the hierarchy', () => {
  let server: EasServer;
  before(async () => {
    server = await startEasServer();
  });
  after(() => server.close());

  it('lists the folders a phone expects, each special type once, parents first', async () => {
    const work = server.mail.addFolder('Work');
    server.mail.addFolder('Deep', null, work.id);
    const phone = await server.ready({ deviceId: 'list' });
    const types = [...phone.folders.values()].map((folder) => folder.type);
    for (const type of ['2', '3', '4', '5', '6', '7', '8', '9', '10'])
      assert.equal(types.filter((one) => one === type).length, 1, type);
    assert.equal([...phone.folders.values()].find((folder) => folder.name === 'Deep')?.parent, work.id);
  });

  it('tells what changed and keeps the key when nothing did', async () => {
    const phone = await server.ready({ deviceId: 'delta' });
    const { folderKey } = phone;
    const none = await phone.folderSync();
    assert.deepEqual([none.added, none.updated, none.deleted, phone.folderKey], [[], [], [], folderKey]);
    const made = server.mail.addFolder('New');
    assert.deepEqual((await phone.folderSync()).added, [made.id]);
    await server.mail.renameFolder(server.session, made.id, null, 'Newer');
    assert.deepEqual((await phone.folderSync()).updated, [made.id]);
    await server.mail.deleteFolder(server.session, made.id);
    assert.deepEqual((await phone.folderSync()).deleted, [made.id]);
  });

  it('tells it again when the answer was lost, and knows no other key (Status 9)', async () => {
    const phone = await server.ready({ deviceId: 'lost' });
    const made = server.mail.addFolder('Lost');
    await assert.rejects(phone.folderSync({ lose: 'answer' }), LostAnswer);
    assert.deepEqual((await phone.folderSync()).added, [made.id]);
    phone.folderKey = 'nonsense';
    assert.equal((await phone.folderSync()).status, '9');
  });

  it('leaves the state of the items alone when it starts over', async () => {
    server.mail.deliver('INBOX', { subject: 'kept' });
    const phone = await server.ready({ deviceId: 'scratch' });
    await phone.syncAll(phone.folder(2));
    await phone.folderSync({ fromScratch: true });
    assert.equal((await phone.sync([phone.folder(2)])).empty, true);
  });

  it('loses no folder while the mail server is down', async () => {
    const phone = await server.ready({ deviceId: 'down' });
    server.mail.down = true;
    const result = await phone.folderSync();
    server.mail.down = false;
    assert.deepEqual([result.status, result.deleted], ['1', []]);
  });

  const command = async (phone: Awaited<ReturnType<EasServer['ready']>>, name: string, ...content: Tag[]) => {
    const root = `FolderHierarchy:${name}`;
    const { tree } = await phone.raw({ command: name, body: t(root, t('FolderHierarchy:SyncKey', phone.folderKey), content) });
    const status = tree?.text('FolderHierarchy:Status');
    if (status === '1') phone.folderKey = tree?.text('FolderHierarchy:SyncKey') ?? '';
    return { status, id: tree?.text('FolderHierarchy:ServerId') };
  };
  const named = (name: string, type: number, parent = '0') => [
    t('FolderHierarchy:ParentId', parent),
    t('FolderHierarchy:DisplayName', name),
    t('FolderHierarchy:Type', type),
  ];

  it('makes, renames and deletes folders, and does not tell them again', async () => {
    const phone = await server.ready({ deviceId: 'change' });
    const made = await command(phone, 'FolderCreate', ...named('By phone', 12));
    assert.equal(made.status, '1');
    const calendar = await command(phone, 'FolderCreate', ...named('Team', 13));
    assert.equal(calendar.status, '1');
    assert.deepEqual((await phone.folderSync()).added, []);
    const id = t('FolderHierarchy:ServerId', made.id ?? '');
    const [parent, name] = named('Renamed', 12) as [Tag, Tag];
    assert.equal((await command(phone, 'FolderUpdate', id, parent, name)).status, '1');
    assert.equal(server.mail.byName('Renamed').id, made.id);
    assert.equal((await command(phone, 'FolderDelete', id)).status, '1');
    assert.equal((await command(phone, 'FolderDelete', t('FolderHierarchy:ServerId', calendar.id ?? ''))).status, '1');
    assert.deepEqual((await phone.folderSync()).deleted, []);
  });

  it('refuses a name that exists (2), an unknown parent (5), a special folder (3), a default type (10), a wrong key (9)', async () => {
    const phone = await server.ready({ deviceId: 'refuse' });
    assert.equal((await command(phone, 'FolderCreate', ...named('INBOX', 12))).status, '2');
    assert.equal((await command(phone, 'FolderCreate', ...named('Child', 12, 'nowhere'))).status, '5');
    assert.equal((await command(phone, 'FolderDelete', t('FolderHierarchy:ServerId', phone.folder(2).id))).status, '3');
    assert.equal((await command(phone, 'FolderCreate', ...named('Second inbox', 2))).status, '10');
    phone.folderKey = 'nonsense';
    assert.equal((await command(phone, 'FolderCreate', ...named('Key', 12))).status, '9');
  });
});
