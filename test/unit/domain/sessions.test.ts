import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Sessions } from '../../../src/domain/accounts/sessions.js';
import { DomainError } from '../../../src/domain/errors.js';
import type { Account, Credentials } from '../../../src/domain/types.js';

describe('Sessions', () => {
  let now: number;
  let asked: Credentials[];
  let sessions: Sessions;
  let created: number;

  beforeEach(() => {
    now = Date.UTC(2026, 10, 23);
    asked = [];
    created = 0;
    const accounts = new Map<string, Account>();
    sessions = new Sessions({
      accounts: {
        byAddress: async (address) => accounts.get(address) ?? null,
        byId: async () => null,
        create: async (draft, first) => {
          created += first.length;
          const account = { ...draft, id: `id-${accounts.size}` };
          accounts.set(account.address, account);
          return account;
        },
        search: async () => [],
        update: async () => undefined,
      },
      verify: async (credentials) => {
        asked.push(credentials);
        if (credentials.password !== 'right') throw new DomainError('unauthenticated', 'no');
      },
      clock: { now: () => new Date(now) },
      mailDomain: 'example.test',
      failureDelay: 5,
    });
  });

  it('takes an address, a bare name and a Windows name for the same user', async () => {
    for (const name of ['alice@example.test', 'ALICE@Example.Test', 'alice', 'CORP\\alice', ' alice ']) {
      assert.equal((await sessions.open(name, 'right', '::1')).user.address, 'alice@example.test');
    }
    assert.equal(asked.length, 1);
  });

  it('makes the account with a default collection of each kind at the first login', async () => {
    await sessions.open('alice', 'right', '::1');
    assert.equal(created, 4);
  });

  it('asks the mail server again when the memory of a password is old', async () => {
    await sessions.open('alice', 'right', '::1');
    now += 11 * 60_000;
    await sessions.open('alice', 'right', '::1');
    assert.equal(asked.length, 2);
    assert.equal(asked[1]?.address, '::1');
  });

  it('asks once for requests that come at the same time', async () => {
    await Promise.all([1, 2, 3].map(() => sessions.open('alice', 'right', '::1')));
    assert.equal(asked.length, 1);
  });

  it('refuses a wrong password without asking the mail server each time', async () => {
    for (let n = 0; n < 3; n++) await assert.rejects(sessions.open('alice', 'old', '::1'), { kind: 'unauthenticated' });
    assert.equal(asked.length, 1);
    now += 31_000;
    await assert.rejects(sessions.open('alice', 'old', '::1'), { kind: 'unauthenticated' });
    assert.equal(asked.length, 2);
  });

  it('slows wrong passwords more and more, and nobody who has the right one', async () => {
    const timed = async (work: () => Promise<unknown>) => {
      const start = performance.now();
      await work().catch(() => undefined);
      return performance.now() - start;
    };
    for (let n = 0; n < 5; n++) await timed(() => sessions.open('alice', `guess ${n}`, '192.0.2.1'));
    const sixth = await timed(() => sessions.open('alice', 'guess', '192.0.2.1'));
    const owner = await timed(() => sessions.open('alice', 'right', '192.0.2.2'));
    const sameAddress = await timed(() => sessions.open('alice', 'right', '192.0.2.1'));
    assert.ok(sixth >= 150, `${sixth} ms`);
    assert.ok(owner < sixth && sameAddress < sixth, `${owner} and ${sameAddress} ms`);
  });

  it('refuses names that are no address without asking anybody', async () => {
    for (const name of ['a@b@c', 'x y@example.test', '@example.test', `${'a'.repeat(300)}@example.test`, '../x@example.test']) {
      await assert.rejects(sessions.open(name, 'right', '::1'), { kind: 'unauthenticated' });
    }
    assert.equal(asked.length, 0);
  });
});
