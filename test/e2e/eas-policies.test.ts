import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type EasPhone, HttpFault, type Tag, t } from '../support/eas-phone.js';
import type { PhoneIdentity } from '../support/eas-phone-wire.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import type { Gateway } from '../support/gateway.js';
import { builtPath } from '../support/paths.js';

const STRICT = { DevicePasswordEnabled: true, MinDevicePasswordLength: 6, AllowCamera: false, MaxEmailAgeFilter: 2 };
const TABLE = {
  families: [
    { name: 'strict', devices: ['Strict*'], partial: 'refuse', managed: 'refuse', policy: STRICT },
    { name: 'lenient', devices: ['Lenient'], policy: { DevicePasswordEnabled: true, DevicePasswordHistory: 3 } },
    { name: 'old', devices: ['Old'], versions: { to: '14.1' } },
    { name: 'desktop', devices: ['WindowsOutlook*'], unprovisionable: 'refuse' },
  ],
};
const TYPE = 'MS-EAS-Provisioning-WBXML';

let world: World;
before(async () => {
  world = await startWorld({ env: { EAS_POLICIES: JSON.stringify(TABLE) } });
});

const fresh = (user: string, identity: Partial<PhoneIdentity>): Promise<EasPhone> =>
  world.phone(user, { deviceId: user, ...identity }, { fresh: true });

const ask = (...parts: readonly (Tag | undefined)[]): Tag =>
  t(
    'Provision:Provision',
    parts[0],
    t('Provision:Policies', t('Provision:Policy', t('Provision:PolicyType', TYPE), parts.slice(1))),
  );

/** The first phase: the policy, its key and the Status of the command. */
async function offered(phone: EasPhone): Promise<{ document: Tag | undefined; key: string; status: string }> {
  phone.policyKey = '0';
  const { tree, status } = await phone.raw({ command: 'Provision', body: ask(phone.deviceInformation()) });
  const policy = tree?.child('Provision:Policies', 'Provision:Policy');
  return {
    document: policy?.child('Provision:Data', 'Provision:EASProvisionDoc'),
    key: policy?.text('Provision:PolicyKey') ?? '0',
    status: tree?.text('Provision:Status') ?? `HTTP ${status}`,
  };
}

/** The second phase: the Status of the command, and the key that must be carried from then on. */
async function acknowledged(phone: EasPhone, key: string, status: number): Promise<{ status: string; key: string | undefined }> {
  phone.policyKey = key;
  const body = ask(undefined, t('Provision:PolicyKey', key), t('Provision:Status', status));
  const answer = await phone.raw({ command: 'Provision', body });
  return {
    status: answer.tree?.text('Provision:Status') ?? `HTTP ${answer.status}`,
    key: answer.tree?.child('Provision:Policies', 'Provision:Policy')?.text('Provision:PolicyKey'),
  };
}

const folderStatus = async (phone: EasPhone): Promise<string> => {
  const body = t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0'));
  const { tree, status } = await phone.raw({ command: 'FolderSync', body });
  return tree?.text('FolderHierarchy:Status') ?? `HTTP ${status}`;
};

describe('policies by family of devices (MS-ASPROV 3.1.5.1)', { concurrency: false }, () => {
  test('a device gets the policy of its family, whole and in order; others one that asks for nothing', async () => {
    const strict = await offered(await fresh('anna', { deviceType: 'StrictPhone' }));
    assert.equal(strict.document?.text('Provision:DevicePasswordEnabled'), '1');
    assert.equal(strict.document?.text('Provision:MinDevicePasswordLength'), '6');
    assert.equal(strict.document?.text('Provision:AllowCamera'), '0');
    assert.equal(strict.document?.text('Provision:AllowWiFi'), '1');
    const open = await offered(await fresh('anna', { deviceType: 'Any', deviceId: 'anna2' }));
    assert.equal(open.document?.text('Provision:DevicePasswordEnabled'), '0');
    assert.deepEqual(
      strict.document?.kids.map(({ name }) => name),
      open.document?.kids.map(({ name }) => name),
    );
  });

  test('partial, no and foreign compliance are refused where the policy says so: 139, 145', async () => {
    for (const [given, expected] of [
      [2, '139'],
      [3, '139'],
      [4, '145'],
    ] as const) {
      const phone = await fresh('bert', { deviceType: 'StrictPhone', deviceId: `bert${given}` });
      const { key } = await offered(phone);
      assert.equal((await acknowledged(phone, key, given)).status, expected);
      assert.equal(await folderStatus(phone), '142');
    }
    const old = await fresh('bert', { deviceType: 'StrictPhone', deviceId: 'bertold', version: '12.1' });
    const { key } = await offered(old);
    assert.equal((await acknowledged(old, key, 2)).status, 'HTTP 403');
  });

  test('partial compliance is accepted where it may be, and told to the operator', async () => {
    const phone = await fresh('cleo', { deviceType: 'Lenient' });
    const { key } = await offered(phone);
    const { status, key: final } = await acknowledged(phone, key, 2);
    assert.equal(status, '1');
    phone.policyKey = final;
    assert.equal(await folderStatus(phone), '1');
    assert.match(await gateway('devices', address('cleo')), /^cleo\tLenient\t16\.1\t.*\tpolicy partial\tallowed$/m);
  });

  test('a version that can not say what a strict policy asks for is refused', async () => {
    const phone = await fresh('dora', { deviceType: 'StrictPhone', version: '12.0' });
    assert.equal((await offered(phone)).status, 'HTTP 403');
  });

  test('MaxEmailAgeFilter holds on the server, too', async () => {
    const user = address('emil');
    const imap = await world.imap('emil');
    await imap.append('INBOX', message({ subject: 'old' }), [], new Date(Date.now() - 10 * 24 * 3600_000));
    await world.dovecot.deliver(user, message({ subject: 'new' }));
    const phone = await world.phone('emil', { deviceType: 'StrictPhone', deviceId: 'emil' });
    await phone.syncAll(phone.folder(2));
    const subjects = [...phone.folder(2).items.values()].map((item) => item.text('Email:Subject'));
    assert.deepEqual(subjects, ['new']);
    assert.equal((await phone.getItemEstimate(phone.folder(2))).estimate, 0);
  });

  test('programs that know no policies are refused where the family says so (141)', async () => {
    assert.equal(await folderStatus(await fresh('finn', { deviceType: 'WindowsOutlook15', version: '14.0' })), '141');
  });

  test('a family’s range of versions: another version is 400 with X-MS-RP', async () => {
    const newer = await fresh('gina', { deviceType: 'Old', version: '16.1' });
    const answer = await newer.raw({ command: 'FolderSync' });
    assert.deepEqual([answer.status, answer.headers['x-ms-rp']], [400, '2.5,12.0,12.1,14.0,14.1']);
    await world.phone('gina', { deviceType: 'Old', version: '14.1', deviceId: 'gina' });
  });
});

describe('a wipe (MS-ASPROV RemoteWipe, AccountOnlyRemoteWipe)', { concurrency: false }, () => {
  for (const [how, element, version] of [
    ['wipe', 'RemoteWipe', '14.1'],
    ['wipe-account', 'AccountOnlyRemoteWipe', '16.1'],
  ] as const)
    test(`${how}: a waiting phone is told at once, wipes, and stays out until it is let in`, async () => {
      const user = `lost${how.length}`;
      const phone = await world.phone(user, { version, deviceId: user });
      await phone.syncAll(phone.folder(2));
      const waits = phone.ping([phone.folder(2)], 120);
      await eventually(
        'the wait',
        () => waitingRequests(world.gateway),
        (count) => count > 0,
      );
      await gateway('devices', address(user), user, how);
      assert.equal((await waits).status, '140');
      assert.equal(await folderStatus(phone), '140');
      const { tree } = await phone.raw({ command: 'Provision', body: t('Provision:Provision'), policyKey: '0' });
      assert.ok(tree?.child(`Provision:${element}`));
      const done = t('Provision:Provision', t(`Provision:${element}`, t('Provision:Status', 1)));
      assert.equal((await phone.raw({ command: 'Provision', body: done })).tree?.text('Provision:Status'), '1');
      assert.match(await gateway('devices', address(user)), /\twipe done$/m);
      assert.equal(await folderStatus(phone), '129');
      await gateway('devices', address(user), user, 'allow');
      await phone.provision();
      assert.equal(await folderStatus(phone), '1');
    });

  test('the user orders it by the API', async () => {
    const phone = await world.phone('owner', { deviceId: 'owner' });
    const authorization = `Basic ${Buffer.from(`${address('owner')}:demo`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const url = `${world.gateway.url}/api/v1/devices/owner`;
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ wipe: 'device' }) });
    assert.equal(((await answer.json()) as { wipe: string }).wipe, 'pending');
    assert.equal(await folderStatus(phone), '140');
  });
});

describe('another configuration', { concurrency: false }, () => {
  test('a changed policy invalidates the key (144); other versions are announced by X-MS-RP until the phone begins anew', async () => {
    const phone = await world.phone('henk', { deviceType: 'Changing', deviceId: 'henk', version: '14.1' });
    const table = {
      versions: { from: '12.1', to: '14.1' },
      families: [{ name: 'changing', devices: ['changing'], policy: { DevicePasswordEnabled: true } }],
    };
    const other = await world.secondGateway({ EAS_POLICIES: JSON.stringify(table) });
    const there = await world.phone(
      'henk',
      { deviceType: 'Changing', deviceId: 'henk', version: '14.1', url: other.url },
      { fresh: true },
    );
    there.policyKey = phone.policyKey;
    assert.equal(await folderStatus(there), '144');
    const { key } = await offered(there);
    there.policyKey = (await acknowledged(there, key, 1)).key;
    const { versions } = await there.options();
    assert.deepEqual(versions, ['12.1', '14.0', '14.1']);
    const settings = () =>
      there.raw({ command: 'Settings', body: t('Settings:Settings', t('Settings:UserInformation', t('Settings:Get'))) });
    assert.equal((await settings()).headers['x-ms-rp'], '12.1,14.0,14.1');
    assert.equal(await folderStatus(there), '1');
    assert.equal((await settings()).headers['x-ms-rp'], undefined);
    await other.stop();
  });

  test('an HTTP fault is not taken for an answer', async () => {
    const newer = await fresh('ines', { version: '16.1', deviceType: 'Old' });
    await assert.rejects(newer.folderSync(), HttpFault);
  });
});

async function gateway(...args: string[]): Promise<string> {
  const env = { ...process.env, DATABASE_URL: world.databaseUrl, IMAP_URL: world.dovecot.url };
  return (await promisify(execFile)(process.execPath, [builtPath('src', 'cli.js'), ...args], { env })).stdout;
}

async function waitingRequests({ url }: Gateway): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^gateway_waiting_requests (\d+)/m.exec(text)?.[1] ?? 0);
}
