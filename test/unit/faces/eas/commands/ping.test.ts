import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { EasPhone, PhoneFolder } from '../../../../support/eas-phone.js';
import { type EasServer, startEasServer } from '../../../../support/eas-server.js';

const settle = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('Ping (MS-ASCMD 2.2.1.13)', () => {
  let server: EasServer;
  let phone: EasPhone;
  let inbox: PhoneFolder;
  let phones = 0;
  before(async () => {
    server = await startEasServer();
  });
  after(() => server.close());
  beforeEach(async () => {
    phone = await server.ready({ deviceId: `ping${++phones}` });
    inbox = phone.folder(2);
    await phone.syncAll(inbox);
  });

  it('answers at once when something waits already, and the next Sync returns it', async () => {
    server.mail.deliver('INBOX', { subject: 'already there' });
    const { status, folders } = await phone.ping([inbox], 60);
    assert.deepEqual([status, folders], ['2', [inbox.id]]);
    assert.equal((await phone.syncAll(inbox)).added.length, 1);
  });

  it('wakes for a message, not for a flag that nobody sees nor for what is outside the filter', async () => {
    const uid = server.mail.deliver('INBOX', { subject: 'seen' });
    inbox.filter = 3;
    await phone.syncAll(inbox);
    const waiting = phone.ping([inbox], 60);
    await settle();
    server.mail.flag('INBOX', uid, '$NotJunk');
    server.mail.deliver('INBOX', { subject: 'ancient', received: new Date('2001-01-01') });
    assert.equal(await Promise.race([waiting, settle().then(settle).then(settle)]), undefined);
    const began = performance.now();
    server.mail.deliver('INBOX', { subject: 'wake' });
    assert.equal((await waiting).status, '2');
    assert.ok(performance.now() - began < 1000);
    assert.equal((await phone.syncAll(inbox)).added.length, 1);
  });

  it('remembers its parameters, whole or in part (3 when it knows none)', async () => {
    assert.equal((await phone.ping(undefined)).status, '3');
    assert.equal((await phone.ping([inbox])).status, '3');
    server.mail.deliver('INBOX', { subject: 'one' });
    assert.equal((await phone.ping([inbox], 60)).status, '2');
    assert.deepEqual((await phone.ping(undefined)).folders, [inbox.id]);
  });

  it('refuses an interval out of range with the nearest (5), an unknown folder with 7', async () => {
    assert.deepEqual([(await phone.ping([inbox], 59)).heartbeat, (await phone.ping([inbox], 3541)).heartbeat], ['60', '3540']);
    assert.equal((await phone.ping([Object.assign(Object.create(inbox), { id: 'nowhere' })], 60)).status, '7');
  });

  it('tells of a change in the hierarchy (7)', async () => {
    const waiting = phone.ping([inbox], 60);
    await settle();
    server.mail.addFolder('Meanwhile');
    server.services.hub.publish(server.session.account, 'hierarchy');
    assert.equal((await waiting).status, '7');
    await phone.folderSync();
    await server.services.pim.createCollection(server.session, { kind: 'calendar', name: 'Another' });
    assert.equal((await phone.ping([inbox], 60)).status, '7');
    await phone.folderSync();
  });

  it('ends when a newer Ping of the device comes, and when the phone hangs up', async () => {
    const older = phone.ping([inbox], 60);
    await settle();
    const hangUp = new AbortController();
    const newer = phone.ping([inbox], 60, { signal: hangUp.signal }).catch(() => 'hung up');
    assert.equal((await older).status, '1');
    hangUp.abort();
    await newer;
    await settle();
    assert.equal((server.services.hub as unknown as { waiting: number }).waiting, 0);
  });

  it('keeps waiting while the mail server is down', async () => {
    server.mail.down = true;
    const waiting = phone.ping([inbox], 60);
    await settle();
    server.mail.down = false;
    server.mail.deliver('INBOX', { subject: 'up again' });
    assert.equal((await waiting).status, '2');
  });
});
