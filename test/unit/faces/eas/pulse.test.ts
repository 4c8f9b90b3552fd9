import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { documentAnswer, type EasContext, type Parked } from '../../../../src/faces/eas/context.js';
import { Pulse } from '../../../../src/faces/eas/pulse.js';
import { waitFor } from '../../../../src/faces/eas/waiting.js';
import { Waits } from '../../../../src/faces/eas/waits.js';
import { el } from '../../../../src/formats/wbxml/tree.js';

function beating(): { pulse: Pulse; beats: boolean[] } {
  const beats: boolean[] = [];
  return { pulse: new Pulse({ first: 10, every: 4 }, (first) => beats.push(first)), beats };
}

/** Millisecond by millisecond: what a timer sets must count from its own time. */
function pass(ms: number): void {
  for (let n = 0; n < ms; n++) mock.timers.tick(1);
}

test('signs of life come after a while, then regularly, until the end', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { pulse, beats } = beating();
    pass(9);
    assert.deepEqual([beats, pulse.begun], [[], false]);
    pass(9);
    assert.deepEqual([beats, pulse.begun], [[true, false, false], true]);
    pulse.end();
    pulse.work();
    pass(100);
    assert.equal(beats.length, 3);
  } finally {
    mock.timers.reset();
  }
});

test('a rest is silent; what has begun does not rest', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { pulse, beats } = beating();
    pass(9);
    pulse.rest();
    pass(1000);
    assert.equal(beats.length, 0);
    pulse.work();
    pass(10);
    pulse.rest();
    pass(8);
    assert.deepEqual(beats, [true, false, false]);
    pulse.end();
  } finally {
    mock.timers.reset();
  }
});

test('the pulse rests while a device waits for changes', async () => {
  const order: string[] = [];
  const pulse = { rest: () => order.push('rest'), work: () => order.push('work') };
  const heard = [['inbox'], []];
  const subscription = {
    take: () => heard.shift() ?? [],
    sleep: (ms: number, ready: () => void) => {
      assert.ok(ms <= 57_000, 'answered before the device gives up, though timers turn once a second');
      order.push('sleep');
      ready();
    },
    close: () => order.push('close'),
  };
  const context = {
    pulse,
    session: { account: 'a' },
    query: { deviceId: 'd' },
    runtime: { waits: new Waits() },
    services: { hub: { subscribe: () => subscription } },
  } as unknown as EasContext;
  const answer = documentAnswer(el('AirSync:Sync'));
  const wait = (await waitFor(context, {
    kind: 'Sync',
    seconds: 60,
    collections: ['inbox'],
    look: async (_context, _signalled, first) => {
      order.push('look');
      return first ? undefined : answer;
    },
    over: () => answer,
  })) as Parked;
  await new Promise<void>((resolve) => wait.rest(resolve));
  assert.equal(await wait.wake(new AbortController().signal), answer);
  assert.deepEqual(order, ['look', 'rest', 'sleep', 'work', 'look', 'close']);
});
