import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type Lease, WATCH, type WatchLeases } from '../../../src/domain/notify/leases.js';
import { MailWatcher } from '../../../src/domain/notify/watch.js';
import type { Id, Scope } from '../../../src/domain/types.js';

/** Leases as a database keeps them. */
class MemoryLeases implements WatchLeases {
  readonly rows = new Map<Id, { process: Id; folders: Set<Id> }>();
  readonly living = new Set<Id>();
  claims = 0;

  async heartbeat(process: Id): Promise<Id[]> {
    this.living.add(process);
    return [...this.living];
  }

  async claim(process: Id, wanted: readonly { account: Id; folders: readonly Id[] }[]): Promise<Lease[]> {
    this.claims++;
    return wanted.map(({ account, folders }) => {
      const row = this.rows.get(account);
      const next = {
        process: row && this.living.has(row.process) ? row.process : process,
        folders: new Set([...(row?.folders ?? []), ...folders]),
      };
      this.rows.set(account, next);
      return { account, process: next.process, folders: [...next.folders] };
    });
  }

  async release(process: Id, accounts: readonly Id[]): Promise<void> {
    for (const account of accounts) if (this.rows.get(account)?.process === process) this.rows.delete(account);
  }

  async leave(process: Id): Promise<void> {
    this.living.delete(process);
    for (const [account, row] of this.rows) if (row.process === process) this.rows.delete(account);
  }
}

const alice: Scope = { account: 'alice', origin: 'eas:1', credentials: { username: 'alice', password: 'x' } };
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('MailWatcher', () => {
  let leases: MemoryLeases;
  let published: string[];
  let watchers: Map<Id, MailWatcher>;
  let running: Map<Id, { paths: readonly string[]; changed: (path: string) => void; missed?: boolean }>;

  beforeEach(() => {
    leases = new MemoryLeases();
    published = [];
    watchers = new Map();
    running = new Map();
  });

  async function join(process: Id): Promise<MailWatcher> {
    const watcher = new MailWatcher({
      mail: { foldersById: async (_s, ids) => new Map(ids.map((id) => [id, { id, path: `folder ${id}` } as never])) },
      backend: {
        watch: async (_s, paths, changed, missed) => {
          running.set(process, { paths, changed, missed });
          return {
            update: (next) => running.set(process, { paths: next, changed, missed }),
            close: async () => void running.delete(process),
            ended: new Promise(() => undefined),
          };
        },
      },
      leases,
      publish: (account, collection) => {
        published.push(`${account}/${collection}`);
        if (collection === WATCH) for (const other of watchers.values()) other.leaseChanged(account);
      },
      log: { debug() {}, info() {}, warn() {}, error() {} },
      process,
    });
    watchers.set(process, watcher);
    await watcher.start();
    return watcher;
  }

  it('watches an account once, on one process, for the folders of all', async () => {
    const [one, two] = [await join('P1'), await join('P2')];
    one.watch(alice, ['5', 'hierarchy']);
    await settled();
    two.watch(alice, ['6']);
    await settled();
    assert.deepEqual([...running.keys()], ['P1']);
    assert.equal(running.get('P1')?.missed, false);
    assert.deepEqual([...(running.get('P1')?.paths ?? [])].sort(), ['folder 5', 'folder 6']);
    running.get('P1')?.changed('folder 6');
    assert.equal(published.at(-1), 'alice/6');
    assert.deepEqual([one.size, two.size], [1, 0]);
    assert.ok(leases.claims < 8, `${leases.claims} claims`);
  });

  it('hands over when a process ends, and takes over from a dead one', async () => {
    const [one, two, three] = [await join('P1'), await join('P2'), await join('P3')];
    for (const watcher of [one, two, three]) {
      watcher.watch(alice, ['5']);
      await settled();
    }
    watchers.delete('P1');
    await one.close();
    await settled();
    assert.equal(running.size, 1);
    const [holder] = [...running.keys()];
    assert.equal(running.get(holder as Id)?.missed, true, 'what came between the two watches must be told');
    leases.living.delete(holder as Id);
    running.delete(holder as Id);
    watchers.delete(holder as Id);
    const survivor = holder === 'P2' ? three : two;
    await survivor.start();
    await settled();
    assert.deepEqual([...running.keys()], [holder === 'P2' ? 'P3' : 'P2']);
  });

  it('asks nothing of the mail server for calendars, or without a password', async () => {
    const one = await join('P1');
    one.watch(alice, ['hierarchy'])();
    one.watch({ account: 'bob', origin: 'x' }, ['5'])();
    await settled();
    assert.equal(running.size, 0);
    assert.equal(leases.rows.size, 0);
  });
});
