import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Waits } from '../../../../src/faces/eas/waits.js';

describe('Waits', () => {
  it('a newer request of the device ends the older of the same kind', () => {
    const waits = new Waits();
    const [old, sync] = [waits.take('a/phone', 'Ping', 1), waits.take('a/phone', 'Sync', 1)];
    const newer = waits.take('a/phone', 'Ping', 2);
    assert.deepEqual([old, sync, newer].map(({ signal }) => signal.aborted), [true, false, false]); // biome-ignore format: one line
  });

  it('a newer one on another process does, an older or equal one does not', () => {
    const waits = new Waits();
    const place = waits.take('a/phone', 'Ping', 5);
    waits.overtaken('a/phone', 'Ping', 4);
    waits.overtaken('a/phone', 'Ping', 5);
    waits.overtaken('a/phone', 'Sync', 6);
    waits.overtaken('b/phone', 'Ping', 6);
    assert.equal(place.signal.aborted, false);
    waits.overtaken('a/phone', 'Ping', 6);
    assert.equal(place.signal.aborted, true);
    place[Symbol.dispose]();
    assert.equal(waits.size, 0);
  });

  it('one whose time is not known is not ended from elsewhere', () => {
    const waits = new Waits();
    const place = waits.take('a/phone', 'Ping');
    waits.overtaken('a/phone', 'Ping', Number.MAX_SAFE_INTEGER);
    assert.equal(place.signal.aborted, false);
  });
});
