import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DomainError } from '../../src/domain/errors.js';
import { PASSWORD } from '../support/dovecot.js';
import { type EasPhone, LostAnswer, t } from '../support/eas-phone.js';
import { decodeTag, encodeTag } from '../support/eas-phone-wbxml.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import { type EasServer, startEasServer } from '../support/eas-server.js';
import { startGateway } from '../support/gateway.js';
import { type ImapTap, startImapTap } from '../support/imap-tap.js';

/** What a document begins with, and what stands before its root as a sign of life: a change to the page it is on. */
const PROLOGUE = '03016a00';

/** A Sync of the Inbox over a line of its own, so that the bytes are seen as they come. */
async function listen(phone: EasPhone): Promise<{ answer: IncomingMessage; bytes: () => Buffer; end: Promise<void> }> {
  const { url, user, password, deviceId, version } = phone.wire.identity;
  const query = new URLSearchParams({ Cmd: 'Sync', User: user, DeviceId: deviceId, DeviceType: 'TestPhone' });
  const sent = request(`${url}/Microsoft-Server-ActiveSync?${query}`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'Content-Type': 'application/vnd.ms-sync.wbxml',
      'MS-ASProtocolVersion': version,
      'X-MS-PolicyKey': phone.policyKey,
    },
  });
  const collections = t('AirSync:Collections', phone.folder(2).request(version));
  sent.end(encodeTag(t('AirSync:Sync', collections)));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { answer, bytes: () => Buffer.concat(chunks), end: once(answer, 'end').then(() => undefined) };
}

describe('signs of life (Gmail gives up after 30 s of silence)', { concurrency: false }, () => {
  let server: EasServer;
  /** What the mail server does before it describes messages. */
  let stall: () => Promise<void> = async () => undefined;
  before(async () => {
    server = await startEasServer({ pulse: { first: 20, every: 20 } });
    const { summaries } = server.mail;
    server.mail.summaries = async (...args) => {
      await stall();
      return summaries.apply(server.mail, args);
    };
  });
  after(() => server.close());

  /** A phone that knows the Inbox, for which something has come since. */
  async function waiting(version: string, deviceId: string): Promise<EasPhone> {
    stall = async () => undefined;
    const phone = await server.ready({ version, deviceId });
    await phone.syncAll(phone.folder(2));
    server.mail.deliver('INBOX', { subject: `for ${deviceId}` });
    return phone;
  }

  test('bytes come while the answer is made, and it is the same answer', async () => {
    const phone = await waiting('16.1', 'alive');
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    stall = () => gate;
    const { answer, bytes, end } = await listen(phone);
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-length'], undefined);
    await eventually(
      'five signs',
      async () => bytes().length,
      (length) => length >= 4 + 5 * 2,
    );
    assert.match(bytes().toString('hex'), new RegExp(`^${PROLOGUE}(0000){5}`));
    open();
    await end;
    const tree = decodeTag(bytes());
    const collection = tree.child('AirSync:Collections', 'AirSync:Collection');
    assert.equal(collection?.child('AirSync:Commands')?.kids.length, 1);
    // The answer was made for this phone: the key that it holds is the one before, and brings the same once more.
    const again = await phone.syncAll(phone.folder(2));
    assert.equal(again.added.length, 1);
  });

  test('a failure after the beginning is a Status, and the key stays good', async () => {
    const phone = await waiting('14.1', 'failing');
    let fail = () => {};
    const gate = new Promise<void>((_resolve, reject) => {
      fail = () => reject(new DomainError('unavailable', 'the mail server broke off'));
    });
    // The first sign may come before the mail server is asked: then nobody hears of it yet.
    gate.catch(() => undefined);
    stall = () => gate;
    const { bytes, end } = await listen(phone);
    fail();
    await end;
    assert.equal(decodeTag(bytes()).text('AirSync:Status'), '111');
    stall = async () => undefined;
    assert.equal((await phone.syncAll(phone.folder(2))).added.length, 1);
  });

  test('before 14.0, which has no Status for it, the line is cut', async () => {
    const phone = await waiting('12.1', 'older');
    stall = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      throw new DomainError('unavailable', 'the mail server broke off');
    };
    await assert.rejects(phone.sync([phone.folder(2)]), LostAnswer);
    stall = async () => undefined;
    assert.equal((await phone.syncAll(phone.folder(2))).added.length, 1);
  });

  test('a message that can not be described is left out, listed, and the rest arrives', async () => {
    const phone = await waiting('16.1', 'poisoned');
    for (let n = 0; n < 20; n++) server.mail.deliver('INBOX', { subject: `good ${n}` });
    const bad = server.mail.deliver('INBOX', { subject: 'bad' });
    server.mail.poison.add(bad);
    const { added } = await phone.syncAll(phone.folder(2));
    assert.equal(added.length, 21);
    const listed = await server.services.devices.leftOut(server.session, 'poisoned');
    assert.deepEqual(
      listed.map(({ collection, item }) => [collection, item]),
      [[phone.folder(2).id, String(bad)]],
    );
    assert.match(listed[0]!.reason, /can not be described/);
    assert.deepEqual((await phone.syncAll(phone.folder(2))).added, []);
  });
});

describe('long answers on a real mail server', { concurrency: false }, () => {
  let world: World;
  let tap: ImapTap;
  before(async () => {
    world = await startWorld();
    tap = await startImapTap(world.dovecot.url);
  });

  test('a mail server that falls silent: the phone hears from the gateway all the same', async () => {
    const gateway = await startGateway({ databaseUrl: world.databaseUrl, imapUrl: tap.url, smtpUrl: world.submission.url });
    const phone = await world.phone('silent', { url: gateway.url });
    await phone.syncAll(phone.folder(2));
    await world.dovecot.deliver(address('silent'), message({ subject: 'late' }));
    tap.hold();
    const { bytes, end } = await listen(phone);
    await eventually(
      'a sign',
      async () => bytes().toString('hex'),
      (hex) => hex.startsWith(`${PROLOGUE}0000`),
    );
    tap.release();
    await end;
    const added = decodeTag(bytes()).child('AirSync:Collections', 'AirSync:Collection', 'AirSync:Commands');
    assert.equal(added?.kids.length, 1);
    await gateway.stop();
  });

  test('answers are compressed for who asks for it, and not for others (MS-ASHTTP Content-Encoding)', async () => {
    for (let n = 0; n < 30; n++)
      await world.dovecot.deliver(address('zipped'), message({ subject: `long ${n}`, text: 'the same words again '.repeat(50) }));
    const phone = await world.phone('zipped');
    const inbox = phone.folder(2);
    await phone.sync([inbox]);
    const ask = (headers: Record<string, string>) =>
      phone.raw({ command: 'Sync', body: t('AirSync:Sync', t('AirSync:Collections', inbox.request())), headers });
    const plain = await ask({});
    assert.equal(plain.headers['content-encoding'], undefined);
    const refused = await ask({ 'Accept-Encoding': 'gzip;q=0, identity' });
    assert.equal(refused.headers['content-encoding'], undefined);
    const packed = await zipped(phone, encodeTag(t('AirSync:Sync', t('AirSync:Collections', inbox.request()))));
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.equal(packed.headers['content-length'], String(packed.body.length));
    assert.ok(packed.body.length * 5 < plain.body.length);
    const tree = decodeTag(gunzipSync(packed.body));
    assert.equal(tree.child('AirSync:Collections', 'AirSync:Collection', 'AirSync:Commands')?.kids.length, 30);
  });

  test('compressed requests are taken; what swells beyond the limit is 413', async () => {
    const phone = await world.phone('bomber');
    const { status, tree } = await phone.raw({
      command: 'FolderSync',
      body: gzipSync(encodeTag(t('FolderHierarchy:FolderSync', t('FolderHierarchy:SyncKey', '0')))),
      headers: { 'Content-Encoding': 'gzip' },
    });
    assert.deepEqual([status, tree?.text('FolderHierarchy:Status')], [200, '1']);
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024));
    const refused = await phone.raw({ command: 'Sync', body: bomb, headers: { 'Content-Encoding': 'gzip' } });
    assert.equal(refused.status, 413);
  });

  test('a message of 20 MB is cut in a Sync and comes whole, byte for byte, by itself', async () => {
    const bytes = Buffer.alloc(15 * 1024 * 1024, 'attachment that is long; ');
    const raw = message({
      subject: 'large',
      text: 'see file',
      attachment: { name: 'a.bin', type: 'application/x-data', data: bytes },
    });
    await world.dovecot.deliver(address('large'), raw);
    const phone = await world.phone('large');
    const inbox = phone.folder(2);
    inbox.bodies = [{ type: 4 }];
    inbox.mimeSupport = 2;
    await phone.syncAll(inbox);
    const [[id, item]] = [...inbox.items] as [[string, typeof inbox.items extends Map<string, infer T> ? T : never]];
    const cut = item.child('AirSyncBase:Body');
    assert.equal(cut?.text('AirSyncBase:Truncated'), '1');
    assert.ok((cut?.text('AirSyncBase:Data') ?? '').length <= 2 * 1024 * 1024);
    const size = Number(cut?.text('AirSyncBase:EstimatedDataSize'));
    const whole = await phone.fetchItem(inbox, id, { body: 4, mimeSupport: 2 });
    const data = whole.child('AirSyncBase:Body', 'AirSyncBase:Data')?.value;
    const got = Buffer.from(data as Uint8Array);
    assert.equal(got.length, size);
    const imap = await world.imap('large');
    const lock = await imap.getMailboxLock('INBOX');
    const { source } = (await imap.fetchOne('1', { source: true })) as { source: Buffer };
    lock.release();
    assert.equal(digest(got), digest(source));
  });
});

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A Sync whose answer may be compressed; the phone's own line would not unpack it. */
async function zipped(phone: EasPhone, body: Buffer): Promise<{ headers: IncomingMessage['headers']; body: Buffer }> {
  const { url, user, deviceId } = phone.wire.identity;
  const query = new URLSearchParams({ Cmd: 'Sync', User: user, DeviceId: deviceId, DeviceType: 'TestPhone' });
  const sent = request(`${url}/Microsoft-Server-ActiveSync?${query}`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString('base64')}`,
      'Accept-Encoding': 'br, gzip;q=0.9',
      'MS-ASProtocolVersion': '16.1',
      'X-MS-PolicyKey': phone.policyKey,
    },
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { headers: answer.headers, body: Buffer.concat(chunks) };
}
