import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../../../../src/domain/overload/gate.js';

test('so many run, so many wait in order, more are refused at once', async () => {
  const gate = new Gate(2, 2);
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const enter = (n: number) =>
    gate.run(async () => {
      order.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
    });
  const running = [1, 2, 3, 4].map(enter);
  await assert.rejects(enter(5), { kind: 'unavailable' });
  assert.deepEqual(order, [1, 2]);
  assert.equal(gate.waiting, 2);
  while (order.length < 4 || ends.length > 0) {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(running);
  assert.deepEqual(order, [1, 2, 3, 4]);
});

test('a task that fails gives its place on', async () => {
  const gate = new Gate(1);
  const results = await Promise.allSettled([
    gate.run(async () => {
      throw new Error('no');
    }),
    gate.run(async () => 'yes'),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
});
