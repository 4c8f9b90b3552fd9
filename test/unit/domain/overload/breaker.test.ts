import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDomainError } from '../../../../src/domain/errors.js';
import { Breaker } from '../../../../src/domain/overload/breaker.js';

const OPTIONS = { failures: 3, pauseMs: 1_000, longestMs: 3_000 };
const away = new Error('away');
const answered = new Error('answered: no');

function breaker() {
  const clock = { now: 0 };
  const made = new Breaker('the server', OPTIONS, undefined, () => clock.now);
  let asked = 0;
  const ask = async (outcome?: Error) => {
    try {
      await made.run(
        async () => {
          asked++;
          if (outcome) throw outcome;
        },
        (error) => error === away,
      );
      return 'fine';
    } catch (error) {
      return isDomainError(error, 'unavailable') ? `refused for ${error.details.retryAfter} s` : (error as Error).message;
    }
  };
  return { clock, ask, asked: () => asked };
}

test('opens after failures one after the other, refuses without asking, and lets one try after the pause', async () => {
  const { clock, ask, asked } = breaker();
  for (let n = 0; n < 3; n++) assert.equal(await ask(away), 'away');
  assert.equal(await ask(), 'refused for 1 s');
  assert.equal(asked(), 3);
  clock.now = 1_001;
  const [first, second] = await Promise.all([ask(away), ask()]);
  assert.deepEqual([first, second], ['away', 'refused for 1 s']);
  assert.equal(await ask(), 'refused for 2 s');
  clock.now = 3_100;
  assert.equal(await ask(), 'fine');
  assert.equal(await ask(), 'fine');
});

test('an answer, even a refusal, is a sign of life', async () => {
  const { ask } = breaker();
  for (let n = 0; n < 10; n++) assert.equal(await ask(n % 3 === 2 ? answered : away), n % 3 === 2 ? 'answered: no' : 'away');
  assert.equal(await ask(), 'fine');
});

test('the pause grows up to its limit', async () => {
  const { clock, ask } = breaker();
  for (let n = 0; n < 10; n++) {
    clock.now += 10_000;
    await ask(away);
  }
  assert.equal(await ask(), 'refused for 3 s');
});
