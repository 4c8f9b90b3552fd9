import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, isDomainError } from '../../../../src/domain/errors.js';
import type { ImapClient } from '../../../../src/infra/imap/client.js';
import { ImapPool, type PoolLimits } from '../../../../src/infra/imap/pool.js';
import { mailSession, SILENT } from '../../../support/mail-user.js';

/** As much of a connection as the pool touches. */
class FakeClient {
  usable = true;
  selected: string | null = null;
  private readonly closed: (() => void)[] = [];

  async select(path: string): Promise<void> {
    this.selected = path;
  }

  onClose(closed: () => void): void {
    this.closed.push(closed);
  }

  close(): void {
    if (!this.usable) return;
    this.usable = false;
    for (const closed of this.closed) closed();
  }
}

const LIMITS: PoolLimits = { perAccount: 2, total: 3, idleMs: 60_000, waitMs: 200 };
const a = mailSession('a@example.test');
const b = mailSession('b@example.test');
const use = (path: string | null, repeatable = true) => ({ path, prefer: path, repeatable });
const unavailable = (error: unknown) => isDomainError(error, 'unavailable');

function makePool(limits: Partial<PoolLimits> = {}) {
  const clients: FakeClient[] = [];
  const connect = async () => {
    const client = new FakeClient();
    clients.push(client);
    return client as unknown as ImapClient;
  };
  const pool = new ImapPool(connect, SILENT, { ...LIMITS, ...limits });
  /** Holds a connection until told. */
  const hold = (s: typeof a, path: string | null = null) => {
    let done: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      done = resolve;
    });
    return { done, result: pool.run(s, use(path), () => released) };
  };
  return { pool, clients, hold };
}

describe('ImapPool', () => {
  it('prefers the connection that has the mailbox selected', async () => {
    const { pool, clients, hold } = makePool();
    const [one, two] = [hold(a, 'INBOX'), hold(a, 'Sent')];
    await sleep(5);
    one.done();
    two.done();
    await Promise.all([one.result, two.result]);
    for (const path of ['INBOX', 'Sent', 'INBOX']) {
      await pool.run(a, use(path), async (client) => assert.equal((client as unknown as FakeClient).selected, path));
    }
    assert.deepEqual(clients.map(({ selected }) => selected).sort(), ['INBOX', 'Sent']);
  });

  it('queues beyond the limit of an account, in turn, and refuses who waits too long', async () => {
    const { pool, hold } = makePool();
    const [one, two] = [hold(a), hold(a)];
    const third = pool.run(a, use(null), async () => 'third');
    await sleep(20);
    assert.equal(pool.size, 2);
    one.done();
    assert.equal(await third, 'third');
    const again = hold(a);
    await assert.rejects(
      pool.run(a, use(null), async () => undefined),
      unavailable,
    );
    two.done();
    again.done();
  });

  it('lets another account in when all connections are taken, as soon as one is free', async () => {
    const { pool, hold } = makePool({ perAccount: 3 });
    const all = [hold(a), hold(a), hold(a)];
    const other = pool.run(b, use(null), async () => 'in');
    await sleep(20);
    all[0]?.done();
    assert.equal(await other, 'in');
    assert.equal(pool.size, 3);
    for (const each of all) each.done();
  });

  it('tries a read again on a new connection when an old one was dead, a write not', async () => {
    const { pool, clients } = makePool();
    const lost = new DomainError('unavailable', 'gone', { cause: { code: 'NoConnection' } });
    let calls = 0;
    const failOnce = async () => {
      calls++;
      if (calls === 1) throw lost;
      return calls;
    };
    await pool.run(a, use(null), async () => undefined);
    assert.equal(await pool.run(a, use(null), failOnce), 2);
    calls = 0;
    await assert.rejects(pool.run(a, use(null, false), failOnce), lost);
    assert.equal(calls, 1);
    assert.ok(clients.length <= 3);
  });

  it('gives up its place when the request ends, and closes all at the end', async () => {
    const { pool, clients, hold } = makePool({ waitMs: 5000 });
    const held = [hold(a), hold(a)];
    await sleep(5);
    const phone = new AbortController();
    const waiting = pool.run({ ...a, signal: phone.signal }, use(null), async () => undefined);
    phone.abort();
    await assert.rejects(waiting, unavailable);
    for (const each of held) each.done();
    await Promise.all(held.map(({ result }) => result));
    pool.close();
    assert.ok(clients.every(({ usable }) => !usable));
    assert.equal(pool.size, 0);
    await assert.rejects(
      pool.run(a, use(null), async () => undefined),
      unavailable,
    );
  });

  it('counts right when connections break while used', async () => {
    const { pool, clients, hold } = makePool();
    const held = [hold(a), hold(a)];
    await sleep(5);
    for (const client of clients) client.close();
    assert.equal(pool.size, 0);
    for (const each of held) each.done();
    await Promise.all(held.map(({ result }) => result));
    assert.equal(pool.size, 0);
    await pool.run(a, use('INBOX'), async () => undefined);
    assert.equal(pool.size, 1);
    pool.close();
  });
});
