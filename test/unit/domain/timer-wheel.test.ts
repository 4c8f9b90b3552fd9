import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { TimerWheel } from '../../../src/domain/notify/timer-wheel.js';

it('the timer wheel calls what is due, never early, and rests when nothing waits', () => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'], now: 1_000_500 });
  try {
    const wheel = new TimerWheel();
    const called: string[] = [];
    wheel.after(100, () => called.push('short'));
    wheel.after(60_000, () => called.push('minute'));
    const cancel = wheel.after(60_000, () => called.push('cancelled'));
    wheel.after(3_000, () => called.push('three'));
    mock.timers.tick(100);
    assert.deepEqual(called, ['short']);
    mock.timers.tick(2_899);
    assert.deepEqual(called, ['short']);
    mock.timers.tick(1_100);
    assert.deepEqual(called, ['short', 'three']);
    cancel();
    for (let second = 0; second < 58; second++) mock.timers.tick(1_000);
    assert.deepEqual(called, ['short', 'three', 'minute']);
    wheel.after(5_000, () => called.push('again'));
    for (let second = 0; second < 7; second++) mock.timers.tick(1_000);
    assert.equal(called.at(-1), 'again');
  } finally {
    mock.timers.reset();
  }
});
