import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dovecot } from '../../src/demo/dovecot.js';
import { onEnd } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { CAL, D, DavClient } from '../support/dav-client.js';
import { startTestDovecot } from '../support/dovecot.js';
import { EasPhone, t } from '../support/eas-phone.js';
import { eventually, message } from '../support/eas-phone-world.js';
import { type Gateway, startGateway } from '../support/gateway.js';

const RIGHT = 'Correct-Horse-77';
const SECRETS = [RIGHT, 'Old-Password-1', 'guess-', 'Private-Body-Words', 'Device-Pin-4711'];
const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'].map((name) => `${name}@example.test`);

let dovecot: Dovecot;
let gateway: Gateway;
before(async () => {
  const users = Object.fromEntries(PEOPLE.map((person) => [person, RIGHT]));
  const [mailServer, databaseUrl] = await Promise.all([
    startTestDovecot({ users, authFailureDelay: 2, authPenalty: true, trusted: '127.0.0.0/8' }),
    freshDatabase(),
  ]);
  dovecot = mailServer;
  gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url, env: { TRUST_PROXY: '1', LOG_LEVEL: 'trace' } });
});

/** One login from an address, as a reverse proxy passes it on. */
async function login(user: string, password: string, from: string): Promise<{ status: number; ms: number; challenge: string }> {
  const client = new DavClient({ url: gateway.url, user, password });
  const started = performance.now();
  const { status, headers } = await client.request('PROPFIND', '/dav/', { depth: 0, headers: { 'x-forwarded-for': from } });
  client.close();
  return { status, ms: performance.now() - started, challenge: String(headers['www-authenticate'] ?? '') };
}

/** Dovecot writes its log in its own time. */
const logged = (line: RegExp) =>
  eventually(
    `${line} in the log`,
    () => Promise.resolve(dovecot.logs()),
    (text) => line.test(text),
  );

describe('login', { concurrency: false }, () => {
  test('the mail server decides', async () => {
    assert.equal((await login('alice@example.test', RIGHT, '198.51.100.1')).status, 207);
    const wrong = await login('alice@example.test', 'Old-Password-1', '198.51.100.1');
    assert.equal(wrong.status, 401);
    assert.match(wrong.challenge, /^Basic realm=/);
    assert.equal((await login('nobody@example.test', RIGHT, '198.51.100.1')).status, 401);
    assert.equal((await login('', '', '198.51.100.1')).status, 401);
  });

  test('a right password is remembered: the mail server is not asked each time', async () => {
    const logins = () => dovecot.logs().match(/imap-login: (Info: )?Login: user=<bob@/g)?.length ?? 0;
    await login('bob@example.test', RIGHT, '198.51.100.2');
    const after1 = logins();
    for (let n = 0; n < 5; n++) await login('bob@example.test', RIGHT, '198.51.100.2');
    assert.ok(after1 >= 1);
    assert.equal(logins(), after1);
  });

  test('a changed password is noticed, the new one works at once', async () => {
    await dovecot.setPassword('carol@example.test', 'Old-Password-1-new');
    await sleep(2500); // Dovecot looks at its password file once a second
    assert.equal((await login('carol@example.test', 'Old-Password-1-new', '198.51.100.3')).status, 207);
    await dovecot.setPassword('carol@example.test', RIGHT);
  });

  test('the address of the client reaches the mail server', async () => {
    await login('dave@example.test', RIGHT, '203.0.113.77');
    await logged(/Login: user=<dave@example\.test>.*rip=203\.0\.113\.77/);
  });

  test('an address the client invents is not believed', async () => {
    const client = new DavClient({ url: gateway.url, user: 'dave@example.test', password: 'guess-0' });
    await client.request('PROPFIND', '/dav/', { headers: { 'x-forwarded-for': '192.0.2.1, 203.0.113.78' } });
    client.close();
    await logged(/rip=203\.0\.113\.78/);
    assert.doesNotMatch(dovecot.logs(), /rip=192\.0\.2\.1/);
  });

  test('wrong passwords become slower, for that account and address only', async () => {
    const times: number[] = [];
    for (let n = 0; n < 5; n++) times.push((await login('erin@example.test', 'Old-Password-1', '198.51.100.10')).ms);
    assert.ok(times.at(-1)! > 1500 && times.at(-1)! > times[1]!, `${times.map(Math.round)}`);
    const elsewhere = await login('erin@example.test', RIGHT, '198.51.100.11');
    assert.deepEqual([elsewhere.status, elsewhere.ms < times.at(-1)!], [207, true], `${Math.round(elsewhere.ms)} ms`);
    const sameAddress = await login('erin@example.test', RIGHT, '198.51.100.10');
    assert.deepEqual([sameAddress.status, sameAddress.ms < times.at(-1)!], [207, true], `${Math.round(sameAddress.ms)} ms`);
  });

  test('while a phone hammers an old password, others log in quickly', async () => {
    let over = false;
    let refused = 0;
    const hammer = async (round: number): Promise<void> => {
      while (!over) {
        const { status } = await login('frank@example.test', `guess-${round}-${refused}`, '198.51.100.20');
        assert.equal(status, 401);
        refused++;
      }
    };
    const hammers = [0, 1, 2, 3].map(hammer);
    await sleep(3000);
    const times: number[] = [];
    for (const [n, person] of ['grace', 'heidi'].entries()) {
      const { status, ms } = await login(`${person}@example.test`, RIGHT, `198.51.100.${30 + n}`);
      assert.equal(status, 207);
      times.push(ms);
    }
    const victim = await login('frank@example.test', RIGHT, '198.51.100.40');
    over = true;
    await Promise.all(hammers);
    assert.equal(victim.status, 207);
    assert.ok(refused > 0);
    assert.ok(Math.max(...times, victim.ms) < 6000, `${[...times, victim.ms].map(Math.round)} ms`);
  });

  test('no secret and no content is logged, at any level', async () => {
    const person = 'alice@example.test';
    await dovecot.deliver(person, message({ to: person, subject: 'Private-Body-Words', text: 'Private-Body-Words' }));
    const phone = new EasPhone({ url: gateway.url, user: person, password: RIGHT, deviceId: 'secret1' });
    onEnd(() => phone.close());
    await phone.provision();
    await phone.folderSync();
    const inbox = phone.folder(2);
    await phone.syncAll(inbox);
    assert.equal(inbox.items.size, 1);
    await phone.raw({
      command: 'Settings',
      body: t('Settings:Settings', t('Settings:DevicePassword', t('Settings:Set', t('Settings:Password', 'Device-Pin-4711')))),
    });
    const client = new DavClient({ url: gateway.url, user: person, password: RIGHT });
    await client.propfind('/dav/', [D('current-user-principal'), CAL('calendar-home-set')]);
    client.close();
    const logs = gateway.logs();
    assert.ok(logs.length > 500, 'it logs something');
    for (const secret of SECRETS) {
      for (const form of [
        secret,
        Buffer.from(secret).toString('base64').slice(0, 10),
        Buffer.from(`${person}:${secret}`).toString('base64'),
        Buffer.from(`\0${person}\0${secret}`).toString('base64'),
      ]) {
        assert.equal(
          logs.includes(form),
          false,
          `${secret} is in the log: ${logs
            .split('\n')
            .find((line) => line.includes(form))
            ?.slice(0, 300)}`,
        );
      }
    }
    assert.match(logs, /secret1/, 'the device is named');
  });
});
