import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalHub } from '../../src/domain/notify/local-hub.js';
import { type MailPlace, MailSignals } from '../../src/domain/notify/mail-signals.js';
import { Sweep } from '../../src/domain/notify/sweep.js';
import type { Place } from '../../src/domain/pim/store.js';
import { size } from './sizes.js';

type Heard = (account: string, collection: string) => void;
const LOG = { debug() {}, info() {}, warn() {}, error() {} };

test('a bus that drops every tenth signal: the sweep wakes everybody whom it forgot', async (context) => {
  const phones = size(1_000, 10_000);
  const ears: Heard[] = [];
  let sent = 0;
  let dropped = 0;
  /** Hands signals to the other process, but for every tenth. */
  const bus = {
    send: (account: string, collection: string) => {
      sent++;
      if (sent % 10 === 0) dropped++;
      else for (const heard of ears.slice(1)) heard(account, collection);
    },
    listen: (heard: Heard) => void ears.push(heard),
  };
  const [writer, waiter] = [new LocalHub(bus), new LocalHub(bus)];
  const counters = new Map<string, bigint>();
  const store = {
    counters: async (_s: unknown, places: readonly Place[]) =>
      places.map((place) => ({ ...place, seq: counters.get(place.account) ?? 0n })),
  };
  const sweep = new Sweep(waiter, store as never, LOG);
  const woken = new Set<string>();
  const sleeping = new Map<string, Promise<void>>();
  for (let n = 0; n < phones; n++) {
    const account = `a${n}`;
    const subscription = waiter.subscribe({ account, origin: 'phone' }, ['1']);
    await Promise.resolve();
    const rest = async () => {
      for (let seen = 0n; ; ) {
        await subscription.next(3_000_000);
        const now = counters.get(account) ?? 0n;
        if (now > seen) break; // a signal without a change is looked at and slept over
        seen = now;
      }
      woken.add(account);
      subscription.close();
    };
    sleeping.set(account, rest());
  }
  await sweep.run();
  await new Promise((resolve) => setImmediate(resolve)); // who was signalled for the first look sleeps again
  for (let n = 0; n < phones; n++) {
    counters.set(`a${n}`, 1n);
    writer.publish(`a${n}`, '1');
  }
  await new Promise((resolve) => setImmediate(resolve));
  const before = woken.size;
  assert.equal(before, phones - dropped, 'woken by signals');
  await sweep.run();
  await Promise.all(sleeping.values());
  assert.equal(woken.size, phones);
  context.diagnostic(
    `${phones} phones, ${dropped} of ${sent} signals dropped: ${before} woken at once, the other ${phones - before} by one sweep`,
  );
});

test('a bus that drops every tenth signal of mail: the sweep wakes everybody whom it forgot, and nobody else', async (context) => {
  const phones = size(1_000, 10_000);
  const ears: Heard[] = [];
  let sent = 0;
  let dropped = 0;
  const bus = {
    send: (account: string, collection: string) => {
      sent++;
      if (sent % 10 === 0) dropped++;
      else for (const heard of ears.slice(1)) heard(account, collection);
    },
    listen: (heard: Heard) => void ears.push(heard),
  };
  const [watcher, waiter] = [new LocalHub(bus), new LocalHub(bus)];
  const store = new MemorySignals();
  const signals = new MailSignals(store, LOG);
  const sweep = new Sweep(waiter, { counters: async () => [] }, LOG, store);
  const woken = new Set<string>();
  for (let n = 0; n < phones; n++) {
    const subscription = waiter.subscribe({ account: `a${n}`, origin: 'phone' }, ['7', '8']);
    void subscription.next(3_000_000).then((heard) => {
      if (heard.length > 0) woken.add(`a${n}/${heard}`);
      subscription.close();
    });
  }
  await sweep.run();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.equal(woken.size, 0, 'a sweep without news wakes nobody');
  const withMail = phones - 100;
  for (let n = 0; n < withMail; n++) {
    watcher.publish(`a${n}`, '7');
    signals.note(`a${n}`, '7');
  }
  await signals.flush();
  await turn();
  const before = woken.size;
  assert.equal(before, withMail - dropped, 'woken by signals');
  await sweep.run();
  await turn();
  assert.deepEqual([woken.size, [...woken].every((one) => one.endsWith('/7'))], [withMail, true]);
  assert.equal(store.asked, 2, 'one question for each sweep, however many wait');
  waiter.drain();
  context.diagnostic(
    `${phones} phones, mail for ${withMail}, ${dropped} signals dropped: ${before} woken at once, the other ${withMail - before} by one sweep`,
  );
});

/** Counts what is asked; a moment is the number of notes before it. */
class MemorySignals {
  readonly #noted: MailPlace[] = [];
  asked = 0;

  async note(places: readonly MailPlace[]): Promise<void> {
    this.#noted.push(...places);
  }

  async since(accounts: readonly string[], moment: string | null) {
    this.asked++;
    const mine = new Set(accounts);
    const places = this.#noted.slice(Number(moment ?? 0)).filter(({ account }) => mine.has(account));
    return { places, moment: String(this.#noted.length) };
  }
}
