import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { TimerWheel } from '../../../src/domain/notify/timer-wheel.js';

it('the timer wheel calls what is due, never early, and rests when nothing waits', () => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'], now: 1_000_500 });
  try {
    const wheel = new TimerWheel();
    const called: string[] = [];
    const sleeper = (name: string) => ({ due: () => void called.push(name) });
    wheel.add(sleeper('short'), 100);
    wheel.add(sleeper('minute'), 60_000);
    const [early, late] = [sleeper('cancelled early'), sleeper('cancelled')];
    wheel.cancel(early, wheel.add(early, 100));
    const second = wheel.add(late, 60_000);
    wheel.add(sleeper('three'), 3_000);
    mock.timers.tick(100);
    assert.deepEqual(called, ['short']);
    mock.timers.tick(2_899);
    assert.deepEqual(called, ['short']);
    mock.timers.tick(1_100);
    assert.deepEqual(called, ['short', 'three']);
    wheel.cancel(late, second);
    for (let second = 0; second < 58; second++) mock.timers.tick(1_000);
    assert.deepEqual(called, ['short', 'three', 'minute']);
    wheel.add(sleeper('again'), 5_000);
    for (let second = 0; second < 7; second++) mock.timers.tick(1_000);
    assert.equal(called.at(-1), 'again');
  } finally {
    mock.timers.reset();
  }
});
