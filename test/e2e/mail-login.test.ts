import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownCertificate } from '../../src/demo/certificate.js';
import { isDomainError } from '../../src/domain/errors.js';
import { temporaryFolder } from '../support/cleanup.js';
import { startTestDovecot } from '../support/dovecot.js';
import { startImapTap } from '../support/imap-tap.js';
import { mailSession, testBackend } from '../support/mail-user.js';

const WRONG = (error: unknown) => isDomainError(error, 'unauthenticated');
const ALICE = 'alice@example.test';

describe('login', () => {
  it('tells a wrong password from a server that is away', async () => {
    const dovecot = await startTestDovecot();
    const backend = testBackend(dovecot.url);
    await backend.verify({ username: ALICE, password: 'demo' });
    await assert.rejects(backend.verify({ username: ALICE, password: 'wrong' }), WRONG);
    await assert.rejects(backend.mailboxes({ account: '1', origin: 'test' }), WRONG);
    const away = testBackend('imap://127.0.0.1:1?tls=off');
    await assert.rejects(away.verify({ username: ALICE, password: 'demo' }), (error) => isDomainError(error, 'unavailable'));
    const strict = testBackend(dovecot.url.replace('?tls=off', ''));
    await assert.rejects(strict.verify({ username: ALICE, password: 'demo' }), (error) => isDomainError(error, 'unavailable'));
  });

  it('is encrypted unless that is switched off, and only with a certificate it can verify', async () => {
    const dir = await temporaryFolder('gw-tls');
    const made = await ownCertificate(dir, ['localhost']);
    assert.ok(made, 'openssl is missing');
    const dovecot = await startTestDovecot({ tls: { cert: made.file, key: join(dir, 'demo-key.pem') } });
    const { imap, imaps } = dovecot.ports;
    const credentials = { username: ALICE, password: 'demo' };
    for (const url of [`imap://127.0.0.1:${imap}`, `imaps://127.0.0.1:${imaps}`]) {
      await assert.rejects(testBackend(url).verify(credentials), (error) => isDomainError(error, 'unavailable'), url);
      const tap = await startImapTap(`imap://127.0.0.1:${url.split(':').at(-1)}`);
      await testBackend(`${url.replace(/\d+$/, '')}${new URL(tap.url).port}?tls=insecure`).verify(credentials);
      const commands = tap.take().join();
      assert.ok(!/LOGIN|AUTHENTICATE|ID \(/.test(commands), commands);
    }
  });

  it('never gives a connection of the right password to a wrong one', async () => {
    const dovecot = await startTestDovecot({ users: { [ALICE]: 'first' } });
    const backend = testBackend(dovecot.url);
    await backend.mailboxes(mailSession(ALICE, 'first'));
    assert.equal(backend.connections, 1);
    await assert.rejects(backend.mailboxes(mailSession(ALICE, 'wrong')), WRONG);
    await dovecot.setPassword(ALICE, 'second');
    await assert.rejects(backend.verify({ username: ALICE, password: 'first' }), WRONG);
    await backend.mailboxes(mailSession(ALICE, 'second'));
    assert.equal(backend.connections, 2);
  });

  it("sends the phone's address by ID before it logs in", async () => {
    const dovecot = await startTestDovecot();
    const tap = await startImapTap(dovecot.url);
    await testBackend(tap.url).verify({ username: ALICE, password: 'demo', address: '192.0.2.7' });
    const commands = tap.take();
    const id = commands.findIndex((command) => command.startsWith('ID ('));
    const login = commands.findIndex((command) => /^(LOGIN|AUTHENTICATE)/.test(command));
    assert.ok(id >= 0 && id < login, commands.map((command) => command.slice(0, 20)).join());
    assert.match(commands[id] as string, /"x-originating-ip" "192\.0\.2\.7"/);
    assert.match(dovecot.logs(), /rip=192\.0\.2\.7/);
  });

  it('does not make everybody wait for one phone with an old password', async () => {
    const dovecot = await startTestDovecot({ authFailureDelay: 0, authPenalty: true });
    const backend = testBackend(dovecot.url);
    const logIn = async (user: string, password: string, address: string) => {
      const started = performance.now();
      await backend.verify({ username: user, password, address });
      return performance.now() - started;
    };
    await assert.rejects(logIn(ALICE, 'old', '192.0.2.66'), WRONG);
    const [same, other] = await Promise.all([
      logIn('bob@example.test', 'demo', '192.0.2.66'),
      logIn('bob@example.test', 'demo', '198.51.100.4'),
    ]);
    assert.ok(same - other > 1000, `the address that failed: ${Math.round(same)} ms, another: ${Math.round(other)} ms`);
  });
});

describe('connections', () => {
  it('are shared, few per user, and given up when a phone hangs up', async () => {
    const dovecot = await startTestDovecot();
    const tap = await startImapTap(dovecot.url);
    const backend = testBackend(tap.url);
    const s = mailSession(ALICE);
    await Promise.all(Array.from({ length: 30 }, () => backend.list(s, 'INBOX', null)));
    assert.ok(backend.connections <= 4, String(backend.connections));
    const gone = new AbortController();
    gone.abort();
    await assert.rejects(backend.list({ ...s, signal: gone.signal }, 'INBOX', null), (error) =>
      isDomainError(error, 'unavailable'),
    );
  });

  it('that died are replaced without the caller noticing', async () => {
    const dovecot = await startTestDovecot();
    const tap = await startImapTap(dovecot.url);
    const backend = testBackend(tap.url);
    const s = mailSession(ALICE);
    await backend.list(s, 'INBOX', null);
    tap.cut();
    assert.equal((await backend.list(s, 'INBOX', null)).size, 0);
    await sleep(50);
    assert.equal(backend.connections, 1);
  });

  it('are closed when unused and within the total limit', async () => {
    const dovecot = await startTestDovecot();
    const backend = testBackend(dovecot.url, null, { limits: { perAccount: 2, total: 2, idleMs: 500, waitMs: 10_000 } });
    for (const user of ['u1', 'u2', 'u3', 'u4']) {
      await backend.mailboxes(mailSession(`${user}@example.test`));
      assert.ok(backend.connections >= 1 && backend.connections <= 2, String(backend.connections));
    }
    for (let tries = 0; backend.connections > 0; tries++) {
      assert.ok(tries < 100, 'unused connections are closed');
      await sleep(100);
    }
  });
});
