import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { t } from '../../../support/eas-phone.js';
import { encodeTag } from '../../../support/eas-phone-wbxml.js';
import { type EasServer, startEasServer } from '../../../support/eas-server.js';

const folderSync = t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0'));

describe('endpoint and policy gate (MS-ASHTTP, MS-ASPROV 3.1.5)', () => {
  let server: EasServer;
  before(async () => {
    server = await startEasServer();
  });
  after(() => server.close());

  it('announces versions and the commands that are served', async () => {
    const { versions, commands } = await server.phone().options();
    assert.deepEqual(versions, ['2.5', '12.0', '12.1', '14.0', '14.1', '16.0', '16.1']);
    assert.ok(commands.includes('Sync') && commands.includes('Ping') && commands.includes('ItemOperations'));
  });

  it('lets a device in only with its own policy key', async () => {
    const phone = server.phone({ deviceId: 'gate' });
    const status = async () =>
      (await phone.raw({ command: 'FolderSync', body: folderSync })).tree?.text('FolderHierarchy:Status');
    assert.equal(await status(), '142');
    const { temporary } = await phone.provision();
    assert.equal(await status(), '1');
    phone.policyKey = temporary;
    assert.equal(await status(), '144');
    phone.policyKey = '0';
    assert.equal(await status(), '142');
  });

  it('wants DeviceInformation in the first Provision from 14.1 on (165), not before', async () => {
    const body = t(
      'Provision:Provision',
      t('Provision:Policies', t('Provision:Policy', t('Provision:PolicyType', 'MS-EAS-Provisioning-WBXML'))),
    );
    const status = async (version: string) =>
      (await server.phone({ version, deviceId: `info${version}` }).raw({ command: 'Provision', body })).tree?.text(
        'Provision:Status',
      );
    assert.equal(await status('16.1'), '165');
    assert.equal(await status('14.1'), '165');
    assert.equal(await status('14.0'), '1');
  });

  it('refuses an acknowledgement with a key that was not given out (Policy Status 5)', async () => {
    const policy = t(
      'Provision:Policy',
      t('Provision:PolicyType', 'MS-EAS-Provisioning-WBXML'),
      t('Provision:PolicyKey', '77'),
      t('Provision:Status', 1),
    );
    const answer = await server
      .phone({ deviceId: 'ack' })
      .raw({ command: 'Provision', body: t('Provision:Provision', t('Provision:Policies', policy)) });
    assert.equal(answer.tree?.child('Provision:Policies', 'Provision:Policy')?.text('Provision:Status'), '5');
  });

  it('keeps what the device tells of itself', async () => {
    await server.phone({ deviceId: 'told' }).provision();
    const device = (await server.services.devices.list(server.session)).find((one) => one.id === 'told');
    assert.equal(device?.information.Model, 'Test Phone 1');
    assert.equal(device?.type, 'TestPhone');
  });

  it('asks no policy of Outlook for Windows and of the connectivity analyser', async () => {
    for (const deviceType of ['WindowsOutlook15', 'TestActiveSyncConnectivity'])
      assert.equal((await server.phone({ deviceType, deviceId: deviceType }).folderSync()).status, '1');
  });

  it('answers a device that only tries the account, and keeps nothing of it', async () => {
    const phone = server.phone({ deviceId: 'validate' });
    assert.equal((await phone.folderSync()).status, '1');
    assert.equal((await phone.folderSync({ fromScratch: true })).status, '1');
    const devices = await server.services.devices.list(server.session);
    assert.equal(
      devices.some((device) => device.id === 'validate'),
      false,
    );
  });

  it('wipes a device by Provision, and refuses everything else until then (140)', async () => {
    const phone = await server.ready({ deviceId: 'wiped' });
    await server.services.devices.save(server.session, 'wiped', { wipe: 'pending' });
    const refused = await phone.raw({ command: 'FolderSync', body: folderSync });
    assert.equal(refused.tree?.text('FolderHierarchy:Status'), '140');
    const order = await phone.raw({ command: 'Provision', body: t('Provision:Provision') });
    assert.ok(order.tree?.child('Provision:RemoteWipe'));
    const done = t('Provision:Provision', t('Provision:RemoteWipe', t('Provision:Status', 1)));
    assert.equal((await phone.raw({ command: 'Provision', body: done })).tree?.text('Provision:Status'), '1');
    assert.equal((await server.services.devices.open(server.session, 'wiped', []))?.device.wipe, 'done');
  });

  it('refuses a blocked device (129)', async () => {
    const phone = await server.ready({ deviceId: 'blocked' });
    await server.services.devices.save(server.session, 'blocked', { blocked: true });
    assert.equal((await phone.raw({ command: 'FolderSync', body: folderSync })).tree?.text('FolderHierarchy:Status'), '129');
  });

  it('names what the version does not have: 138 or, before 14.0, 400; and 501 for what does not exist', async () => {
    const phone = await server.ready({ deviceId: 'unserved' });
    const { tree } = await phone.raw({ command: 'GetHierarchy' });
    assert.equal(tree?.text('FolderHierarchy:Status'), '138');
    const old = await server.ready({ deviceId: 'old25', version: '2.5' });
    assert.equal((await old.raw({ command: 'Settings', body: t('Settings:Settings') })).status, 400);
    for (const dead of ['CreateCollection', 'DeleteCollection', 'MoveCollection', 'Notify'])
      assert.equal((await old.raw({ command: dead })).status, 501, dead);
    assert.equal((await phone.raw({ command: 'Nonsense' })).status, 501);
  });

  it('reads the base64 query too', async () => {
    const phone = await server.ready({ deviceId: 'base64', base64: true });
    assert.ok(phone.folders.size > 8);
  });

  it('says when to come again while the mail server is down', async () => {
    const phone = await server.ready({ deviceId: 'down' });
    const inbox = phone.folder(2);
    await phone.syncAll(inbox);
    server.mail.down = true;
    const answer = await phone.raw({ command: 'Sync', body: t('AirSync:Sync', t('AirSync:Collections', inbox.request())) });
    server.mail.down = false;
    assert.equal(answer.status, 503);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    assert.ok(server.errors.splice(0).length > 0);
  });

  it('refuses methods other than POST and OPTIONS', async () => {
    assert.equal((await fetch(`${server.url}/microsoft-server-activesync/`)).status, 405);
    const answer = await fetch(`${server.url}/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId=x`, {
      method: 'POST',
      body: encodeTag(folderSync),
      headers: { 'MS-ASProtocolVersion': '1.0' },
    });
    assert.equal(answer.status, 400);
  });
});
