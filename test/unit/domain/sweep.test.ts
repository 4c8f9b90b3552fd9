import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MailSignals } from '../../../src/domain/notify/mail-signals.js';
import { Sweep } from '../../../src/domain/notify/sweep.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

it('the sweep signals a collection at its first sight and whenever its counter moved', async () => {
  const signals: string[] = [];
  let seq = 5n;
  const hub = {
    watched: () => [['a', '1'] as const, ['a', 'hierarchy'] as const],
    signal: (account: string, collection: string) => signals.push(`${account}/${collection}`),
  };
  const asked: unknown[] = [];
  const store = {
    counters: async (_s: unknown, places: readonly unknown[]) => {
      asked.push(places);
      return [{ account: 'a', collection: '1', epoch: 1, seq }];
    },
  };
  const sweep = new Sweep(hub, store, quiet);
  await sweep.run();
  await sweep.run();
  assert.deepEqual(signals, ['a/1']);
  seq = 6n;
  await sweep.run();
  assert.deepEqual(signals, ['a/1', 'a/1']);
  assert.deepEqual(asked[0], [{ account: 'a', collection: '1' }]);
});

it('the sweep asks once which mail folders of the waiting accounts were signalled, from where it left off', async () => {
  const signals: string[] = [];
  const hub = {
    watched: () => [['a', '1'] as const, ['a', '2'] as const, ['b', '3'] as const, ['c', 'hierarchy'] as const],
    signal: (account: string, collection: string) => signals.push(`${account}/${collection}`),
  };
  const asked: unknown[] = [];
  const mail = {
    since: async (accounts: readonly string[], moment: string | null) => {
      asked.push([accounts, moment]);
      return { places: moment === null ? [] : [{ account: 'b', folder: '3' }], moment: `m${asked.length}` };
    },
  };
  const sweep = new Sweep(hub, { counters: async () => [] }, quiet, mail);
  await sweep.run();
  assert.deepEqual(signals, []);
  await sweep.run();
  assert.deepEqual(signals, ['b/3']);
  assert.deepEqual(asked, [
    [['a', 'b'], null],
    [['a', 'b'], 'm1'],
  ]);
});

it('what is signalled of mail is noted together, each folder once, and again after a failure', async () => {
  const noted: unknown[][] = [];
  let away = true;
  const store = {
    note: async (places: readonly unknown[]) => {
      if (away) throw new Error('away');
      noted.push([...places]);
    },
  };
  const signals = new MailSignals(store, quiet);
  for (const folder of ['1', '1', '2', 'watch', 'hierarchy']) signals.note('a', folder);
  await signals.flush();
  assert.deepEqual(noted, []);
  away = false;
  signals.note('a', '3');
  await signals.flush();
  await signals.flush();
  assert.deepEqual(noted, [['1', '2', '3'].map((folder) => ({ account: 'a', folder }))]);
});
