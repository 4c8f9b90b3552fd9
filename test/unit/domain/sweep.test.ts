import assert from 'node:assert/strict';
import { it } from 'node:test';
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
