import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Damper } from '../../../../src/faces/eas/damper.js';
import { Told } from '../../../../src/faces/eas/told.js';

const body = (text: string) => Buffer.from(text);

describe('Damper', () => {
  it('holds back and then refuses what repeats itself, each device and request by itself', () => {
    const damper = new Damper({ held: 3, refused: 5 }, () => 0);
    const ask = (device: string, text: string) => damper.note(device, 'Cmd=Sync', body(text));
    assert.deepEqual(
      Array.from({ length: 7 }, () => ask('one', 'key 1')).map(({ hold, refused }) => [hold, refused]),
      [
        [0, false],
        [0, false],
        [0, false],
        [500, false],
        [1000, false],
        [1500, true],
        [2000, true],
      ],
    );
    assert.equal(ask('one', 'key 2').count, 1);
    assert.equal(ask('two', 'key 1').count, 1);
    assert.equal(ask('one', 'key 1').count, 8);
    damper.forget('one');
    assert.equal(ask('one', 'key 1').count, 1);
  });

  it('forgets what did not come for a minute, and holds nothing back for longer than ten seconds', () => {
    let now = 0;
    const damper = new Damper({ held: 0, refused: 1000 }, () => now);
    for (let n = 0; n < 100; n++) damper.note('one', 'x', body(''));
    assert.equal(damper.note('one', 'x', body('')).hold, 10_000);
    now += 60_000;
    assert.equal(damper.note('one', 'x', body('')).count, 1);
  });

  it('lets large bodies pass, and everything when it is off', () => {
    const large = Buffer.alloc(100_000);
    const damper = new Damper({ held: 1, refused: 1 });
    for (let n = 0; n < 5; n++) assert.equal(damper.note('one', 'x', large).refused, false);
    const off = new Damper(null);
    for (let n = 0; n < 500; n++) assert.equal(off.note('one', 'x', body('')).hold, 0);
  });
});

describe('Told', () => {
  it('tells of the same changes three times, and again when there are others', () => {
    const told = new Told();
    const changed = (count: number, key = 'k1') => told.news('one', [{ id: 'trash', key, count }]);
    assert.deepEqual([changed(1), changed(1), changed(1), changed(1)], [['trash'], ['trash'], ['trash'], []]);
    assert.deepEqual(changed(2), ['trash']);
    assert.deepEqual(changed(2, 'k2'), ['trash']);
    assert.deepEqual(told.news('two', [{ id: 'trash', key: 'k2', count: 2 }]), ['trash']);
  });

  it('a folder that is told no more does not hide another', () => {
    const told = new Told();
    const trash = { id: 'trash', key: 'k', count: 1 };
    for (let n = 0; n < 3; n++) told.news('one', [trash]);
    assert.deepEqual(told.news('one', [trash, { id: 'inbox', key: 'k', count: 1 }]), ['inbox']);
  });
});
