import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Waits } from '../../../../src/faces/eas/waits.js';

describe('Waits', () => {
  it('a newer request of the device ends the older of the same kind', () => {
    const waits = new Waits();
    const ended: string[] = [];
    const old = waits.take('a/phone', 'Ping', () => ended.push('old'), 1);
    waits.take('a/phone', 'Sync', () => ended.push('Sync'), 1);
    waits.take('a/phone', 'Ping', () => ended.push('newer'), 2);
    assert.deepEqual(ended, ['old']);
    old[Symbol.dispose]();
    assert.equal(waits.size, 2, 'who was ended leaves the newer its place');
  });

  it('a newer one on another process does, an older or equal one does not', () => {
    const waits = new Waits();
    let ended = 0;
    const place = waits.take('a/phone', 'Ping', () => ended++, 5);
    waits.overtaken('a/phone', 'Ping', 4);
    waits.overtaken('a/phone', 'Ping', 5);
    waits.overtaken('a/phone', 'Sync', 6);
    waits.overtaken('b/phone', 'Ping', 6);
    assert.equal(ended, 0);
    waits.overtaken('a/phone', 'Ping', 6);
    assert.equal(ended, 1);
    place[Symbol.dispose]();
    assert.equal(waits.size, 0);
  });

  it('one whose time is not known is not ended from elsewhere', () => {
    const waits = new Waits();
    waits.take('a/phone', 'Ping', () => assert.fail('it was ended'));
    waits.overtaken('a/phone', 'Ping', Number.MAX_SAFE_INTEGER);
    assert.equal(waits.size, 1);
  });
});
