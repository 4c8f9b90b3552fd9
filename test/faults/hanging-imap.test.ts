import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { MailBackend } from '../../src/domain/mail/backend.js';
import type { Logger, Scope } from '../../src/domain/types.js';
import { createImapBackend, type ImapBackend } from '../../src/infra/imap/backend.js';
import { parseImapUrl } from '../../src/infra/imap/url.js';
import { onEnd } from '../support/cleanup.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { eventually, message } from '../support/eas-phone-world.js';
import { size } from './sizes.js';

const LOG: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const SLOW = 'slow.test';

interface Proxy {
  readonly port: number;
  /** `open`: everything passes; `fetch`: answers stop in the middle of a message; `silent`: nothing is said to anybody. */
  mode: 'open' | 'fetch' | 'silent';
}

/** A proxy before the mail server of one domain that can hang. */
async function startProxy(target: number): Promise<Proxy> {
  const proxy = { port: 0, mode: 'open' as Proxy['mode'] };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
    client.pipe(upstream);
    upstream.on('data', (data) => {
      if (proxy.mode === 'silent') return;
      const at = proxy.mode === 'fetch' ? data.indexOf('FETCH (') : -1;
      if (at >= 0) Object.assign(proxy, { mode: 'silent' });
      client.write(at >= 0 ? data.subarray(0, at + 20) : data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return Object.assign(proxy, { port: typeof address === 'object' && address ? address.port : 0 });
}

const scopeOf = (user: string): Scope => ({ account: user, origin: 'test', credentials: { username: user, password: PASSWORD } });

async function read(backend: MailBackend, user: string): Promise<string> {
  const uids = await backend.list(scopeOf(user), 'INBOX', null);
  const [first] = await backend.summaries(scopeOf(user), 'INBOX', [...uids]);
  return first?.subject ?? '';
}

const kindOf = (error: { kind?: string; message: string }) => error.kind ?? error.message;

test('an IMAP server that hangs in the middle of a FETCH: its users are refused, others notice nothing, all is well when it is back', async (context) => {
  const dovecot = await startTestDovecot();
  const proxy = await startProxy(dovecot.ports.imap);
  const servers = (user: string) => ({
    imap: parseImapUrl(`imap://127.0.0.1:${user.endsWith(`@${SLOW}`) ? proxy.port : dovecot.ports.imap}?tls=off`),
    smtp: null,
  });
  const backend: ImapBackend = createImapBackend({ servers, log: LOG, connect: { connectMs: 1_000, socketMs: 1_500 } });
  onEnd(() => backend.close());
  const users = size(5, 50);
  const slow = Array.from({ length: users }, (_, n) => `u${n}@${SLOW}`);
  const quick = Array.from({ length: users }, (_, n) => `u${n}@example.test`);
  for (const user of [...slow, ...quick]) await dovecot.deliver(user, message({ to: user, subject: `for ${user}`, text: 'x' }));
  for (const user of [...slow, ...quick]) assert.equal(await read(backend, user), `for ${user}`);

  proxy.mode = 'fetch';
  const refused = slow.map((user) => read(backend, user).then(() => 'read', kindOf));
  for (const user of quick) assert.equal(await read(backend, user), `for ${user}`, 'the other domain');
  const outcomes = await Promise.all(refused);
  assert.ok(outcomes.includes('unavailable'), outcomes.join());
  assert.ok(
    outcomes.every((outcome) => outcome === 'unavailable' || outcome === 'read'),
    outcomes.join(),
  );

  // Who comes now finds a server that says nothing: after a few tries nobody waits for it any more.
  const comers = Array.from({ length: users + 10 }, (_, n) => read(backend, `new${n}@${SLOW}`).then(() => 'read', kindOf));
  assert.deepEqual(new Set(await Promise.all(comers)), new Set(['unavailable']));
  assert.equal(backend.away, 1, 'the breaker is open');
  const connections = backend.connections;
  await assert.rejects(read(backend, `another@${SLOW}`), { kind: 'unavailable' });
  assert.equal(backend.connections, connections, 'refused without a connection');
  for (const user of quick) assert.equal(await read(backend, user), `for ${user}`, 'the other domain');

  proxy.mode = 'open';
  for (const user of slow) {
    const answer = await eventually(
      `${user} reads again`,
      () => read(backend, user).catch(kindOf),
      (text) => text.startsWith('for '),
      60_000,
    );
    assert.equal(answer, `for ${user}`);
  }
  assert.equal(backend.away, 0);
  context.diagnostic(
    `${outcomes.filter((one) => one === 'unavailable').length} of ${users} users refused while it hung; ${users} of the other domain read on; all read again afterwards`,
  );
});
