import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type EasPhone, type PhoneFolder, t } from '../support/eas-phone.js';
import { type EasServer, startEasServer } from '../support/eas-server.js';

let server: EasServer;
before(async () => {
  server = await startEasServer({ damping: { held: 5, refused: 7 } });
});
after(() => server.close());

async function synced(deviceId: string, version = '16.1'): Promise<[EasPhone, PhoneFolder]> {
  const phone = await server.ready({ deviceId, version });
  await phone.syncAll(phone.folder(2));
  return [phone, phone.folder(2)];
}

const syncOf = (phone: EasPhone, folder: PhoneFolder) =>
  t('AirSync:Sync', t('AirSync:Collections', folder.request(phone.version)));

describe('loops of a phone are damped', { concurrency: false }, () => {
  test('the same Sync over and over is refused in the end, with when to come again (MS-ASHTTP Retry-After, X-MS-ASThrottle)', async () => {
    const [phone, inbox] = await synced('looping');
    const body = syncOf(phone, inbox);
    const statuses: number[] = [];
    for (let n = 0; n < 8; n++) statuses.push((await phone.raw({ command: 'Sync', body })).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 200, 503]);
    const { headers } = await phone.raw({ command: 'Sync', body });
    assert.ok(Number(headers['retry-after']) > 0);
    assert.equal(headers['x-ms-asthrottle'], 'SyncCommands');
    assert.equal((await phone.folderSync()).status, '1');
    const [other, folder] = await synced('calm');
    assert.equal((await other.raw({ command: 'Sync', body: syncOf(other, folder) })).status, 200);
  });

  test('a phone that gets mail all the time is not looping, though each Ping looks like the last', async () => {
    const [phone, inbox] = await synced('busy');
    for (let n = 0; n < 12; n++) {
      server.mail.deliver('INBOX', { subject: `mail ${n}` });
      assert.equal((await phone.ping([inbox], 60)).status, '2');
      assert.equal((await phone.syncAll(inbox)).added.length, 1);
    }
  });

  test('a folder that a phone watches and never fetches: told three times, then only what is new', async () => {
    const [phone, inbox] = await synced('watching');
    const trash = phone.folder(4);
    await phone.syncAll(trash);
    server.mail.deliver('Trash', { subject: 'thrown away' });
    for (let n = 0; n < 3; n++) assert.deepEqual((await phone.ping([inbox, trash], 60)).folders, [trash.id]);
    const waits = phone.ping([inbox, trash], 60);
    server.mail.deliver('INBOX', { subject: 'news' });
    assert.deepEqual((await waits).folders, [inbox.id]);
    await phone.syncAll(inbox);
    server.mail.deliver('Trash', { subject: 'another' });
    assert.deepEqual((await phone.ping([inbox, trash], 60)).folders, [trash.id]);
    assert.equal((await phone.syncAll(trash)).added.length, 2);
  });
});

describe('a Collection without CollectionId (2.5 and 12.0)', { concurrency: false }, () => {
  const bare = (name: string, key: string) =>
    t('AirSync:Sync', t('AirSync:Collections', t('AirSync:Collection', t('AirSync:Class', name), t('AirSync:SyncKey', key))));

  for (const version of ['2.5', '12.0'])
    test(`${version}: means the default folder of its Class`, async () => {
      const phone = await server.ready({ deviceId: `bare${version}`, version });
      for (const [name, type] of [
        ['Email', 2],
        ['Calendar', 8],
        ['Contacts', 9],
      ] as const) {
        const { tree } = await phone.raw({ command: 'Sync', body: bare(name, '0') });
        const collection = tree?.child('AirSync:Collections', 'AirSync:Collection');
        assert.deepEqual(
          [collection?.text('AirSync:Status'), collection?.text('AirSync:CollectionId')],
          ['1', phone.folder(type).id],
        );
        const next = await phone.raw({ command: 'Sync', body: bare(name, collection?.text('AirSync:SyncKey') ?? '') });
        assert.equal(next.tree?.child('AirSync:Collections', 'AirSync:Collection')?.text('AirSync:Status'), '1');
      }
    });

  test('is Status 4 from 12.1 on, and for an unknown Class', async () => {
    const status = async (version: string, name: string) => {
      const phone = await server.ready({ deviceId: `bare${version}${name}`, version });
      return (await phone.raw({ command: 'Sync', body: bare(name, '0') })).tree?.text('AirSync:Status');
    };
    assert.equal(await status('12.1', 'Email'), '4');
    assert.equal(await status('16.1', 'Email'), '4');
    assert.equal(await status('12.0', 'Nonsense'), '4');
  });
});

describe('text messages (MS-ASMS), which are not kept here', { concurrency: false }, () => {
  const sms = () => t('AirSync:Options', t('AirSync:Class', 'SMS'), t('AirSync:FilterType', 0));

  test('a second Options block for them is passed over; two of them, or another class, are Status 4', async () => {
    const [phone, inbox] = await synced('samsung', '14.1');
    const request = (...more: ReturnType<typeof t>[]) =>
      t(
        'AirSync:Sync',
        t(
          'AirSync:Collections',
          t('AirSync:Collection', t('AirSync:SyncKey', inbox.syncKey), t('AirSync:CollectionId', inbox.id), more),
        ),
      );
    const status = async (...more: ReturnType<typeof t>[]) => {
      const { tree } = await phone.raw({ command: 'Sync', body: request(...more) });
      return tree?.text('AirSync:Status') ?? tree?.child('AirSync:Collections')?.kids[0]?.text('AirSync:Status') ?? 'empty';
    };
    assert.equal(await status(sms(), sms()), '4');
    assert.notEqual(await status(t('AirSync:Options', t('AirSync:FilterType', 0)), sms()), '4');
  });

  test('a Collection of Class SMS beside that of the mail does not spoil it', async () => {
    const [phone, inbox] = await synced('samsung2', '12.1');
    server.mail.deliver('INBOX', { subject: 'mail beside SMS' });
    const collection = (name: string) =>
      t('AirSync:Collection', t('AirSync:Class', name), t('AirSync:SyncKey', inbox.syncKey), t('AirSync:CollectionId', inbox.id));
    const body = t('AirSync:Sync', t('AirSync:Collections', collection('Email'), collection('SMS')));
    const { tree } = await phone.raw({ command: 'Sync', body });
    const answered = tree?.child('AirSync:Collections')?.kids ?? [];
    assert.equal(answered.length, 1);
    assert.equal(answered[0]?.child('AirSync:Commands')?.kids.length, 1);
  });

  test('one that the phone adds is item Status 6 with its Class, and nothing is stored', async () => {
    const [phone, inbox] = await synced('samsung3', '14.1');
    const before = inbox.items.size;
    const add = t(
      'AirSync:Add',
      t('AirSync:Class', 'SMS'),
      t('AirSync:ClientId', 'sms1'),
      t('AirSync:ApplicationData', t('Email:From', '"Ada" [MOBILE:+15550100]'), t('Email:Read', 0)),
    );
    const body = t(
      'AirSync:Sync',
      t(
        'AirSync:Collections',
        t(
          'AirSync:Collection',
          t('AirSync:SyncKey', inbox.syncKey),
          t('AirSync:CollectionId', inbox.id),
          t('AirSync:Commands', add),
        ),
      ),
    );
    const { tree } = await phone.raw({ command: 'Sync', body });
    const response = tree?.child('AirSync:Collections', 'AirSync:Collection', 'AirSync:Responses', 'AirSync:Add');
    assert.deepEqual(
      [response?.text('AirSync:Class'), response?.text('AirSync:ClientId'), response?.text('AirSync:Status')],
      ['SMS', 'sms1', '6'],
    );
    assert.equal(
      (await server.ready({ deviceId: 'samsung4' }).then((other) => other.syncAll(other.folder(2)))).added.length,
      before,
    );
  });
});
