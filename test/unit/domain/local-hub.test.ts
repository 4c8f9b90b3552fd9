import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ChangeBus, LocalHub } from '../../../src/domain/notify/local-hub.js';
import type { Id, Scope } from '../../../src/domain/types.js';

class MemoryBus implements ChangeBus {
  heard: (account: Id, collection: Id) => void = () => undefined;
  send(account: Id, collection: Id): void {
    this.heard(account, collection);
  }
  listen(heard: (account: Id, collection: Id) => void): void {
    this.heard = heard;
  }
}

const alice: Scope = { account: 'alice', origin: 'test' };
const bob: Scope = { account: 'bob', origin: 'test' };

describe('LocalHub', () => {
  it('wakes those who wait for the collection, and nobody else', async () => {
    const hub = new LocalHub(new MemoryBus());
    const mine = hub.subscribe(alice, ['1', '2']);
    const other = hub.subscribe(alice, ['3']);
    const foreign = hub.subscribe(bob, ['1']);
    const woken = mine.next(5_000);
    hub.publish('alice', '2');
    assert.deepEqual(await woken, ['2']);
    assert.deepEqual(await other.next(1), []);
    assert.deepEqual(await foreign.next(1), []);
    for (const subscription of [mine, other, foreign]) subscription.close();
    assert.equal(hub.waiting, 0);
  });

  it('hands words to their ears only, with their detail', async () => {
    const hub = new LocalHub(new MemoryBus());
    const heard: string[] = [];
    hub.onSignal('turn', (account, detail) => heard.push(`${account} ${detail}`));
    const waiter = hub.subscribe(alice, ['1', 'turn', 'turn:a:b']);
    hub.tell('alice', 'turn', 'a:b');
    hub.tell('alice', 'unknown', 'x');
    assert.deepEqual(heard, ['alice a:b']);
    assert.deepEqual(await waiter.next(1), []);
    waiter.close();
  });

  it('does not lose a signal that comes before the wait, and gives it once', async () => {
    const hub = new LocalHub(new MemoryBus());
    const subscription = hub.subscribe(alice, ['1']);
    hub.publish('alice', '1');
    hub.publish('alice', '1');
    assert.deepEqual(await subscription.next(5_000), ['1']);
    assert.deepEqual(await subscription.next(1), []);
    subscription.close();
  });

  it('ends the wait when it is told so or the server drains', async () => {
    const hub = new LocalHub(new MemoryBus());
    const [told, drained] = [hub.subscribe(alice, ['1']), hub.subscribe(alice, ['1'])];
    const waits = [told.next(60_000), drained.next(60_000)];
    told.end();
    hub.drain();
    assert.deepEqual(await Promise.all(waits), [[], []]);
    assert.deepEqual(await hub.subscribe(alice, ['1']).next(60_000), []);
  });

  it('wakes a sleeper once, and nobody who closed', () => {
    const hub = new LocalHub(new MemoryBus());
    const woken: string[] = [];
    const [once, closed] = [hub.subscribe(alice, ['1']), hub.subscribe(alice, ['1'])];
    once.sleep(60_000, () => woken.push('once'));
    closed.sleep(60_000, () => woken.push('closed'));
    closed.close();
    hub.publish('alice', '1');
    hub.publish('alice', '1');
    hub.drain();
    assert.deepEqual(woken, ['once']);
    assert.deepEqual(once.take(), ['1']);
    once.close();
    once.close();
    assert.equal(hub.waiting, 0);
  });

  it('lets a woken sleeper close others of its account', () => {
    const hub = new LocalHub(new MemoryBus());
    const woken: number[] = [];
    const all = [1, 2, 3].map(() => hub.subscribe(alice, ['1']));
    for (const [n, one] of all.entries())
      one.sleep(60_000, () => {
        woken.push(n);
        for (const each of all) each.close();
      });
    hub.publish('alice', '1');
    assert.deepEqual(woken, [0]);
    assert.equal(hub.waiting, 0);
  });

  it('names what is waited for once', () => {
    const hub = new LocalHub(new MemoryBus());
    for (const collections of [['1', '2'], ['2', '3']]) hub.subscribe(alice, collections); // biome-ignore format: one line
    assert.deepEqual([...hub.watched()], [['alice', '1'], ['alice', '2'], ['alice', '3']]); // biome-ignore format: one line
    hub.drain();
  });

  it('watches mail while somebody waits', async () => {
    let watched: readonly Id[] = [];
    const hub = new LocalHub(new MemoryBus(), (_s, folders) => {
      watched = folders;
      return () => {
        watched = [];
      };
    });
    const subscription = hub.subscribe(alice, ['5', '6']);
    assert.deepEqual(watched, ['5', '6']);
    subscription.close();
    assert.deepEqual(watched, []);
  });
});
