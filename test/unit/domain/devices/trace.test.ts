import assert from 'node:assert/strict';
import { it } from 'node:test';
import { tracedUntil, traceOrder } from '../../../../src/domain/devices/trace.js';

const NOW = new Date('2026-11-23T12:00:00Z');
const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);

it('a trace ends by itself, after an hour where nothing else was said', () => {
  assert.deepEqual(traceOrder(true, NOW), { traceUntil: later(60) });
  assert.deepEqual(traceOrder(true, NOW, 5), { traceUntil: later(5) });
  for (const minutes of [0, -1, 1.5, 1441, Number.NaN]) assert.throws(() => traceOrder(true, NOW, minutes), { kind: 'invalid' });
});

it('a trace that was switched off, is over or never began is none', () => {
  for (const traceUntil of [undefined, null, NOW, later(-1), traceOrder(false, NOW).traceUntil])
    assert.equal(tracedUntil({ traceUntil }, NOW), null);
  assert.deepEqual(tracedUntil({ traceUntil: later(1) }, NOW), later(1));
});
