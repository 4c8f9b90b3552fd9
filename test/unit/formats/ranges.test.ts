import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdRanges } from '../../../src/formats/ranges.js';

const ids = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });

describe('IdRanges', () => {
  it('writes neighbours as one range and reads both of its forms', () => {
    const set = IdRanges.of([3, 1, 2, 7]);
    assert.equal(set.toString(), '1-3,7');
    assert.equal(set.toSequenceSet(), '1:3,7');
    assert.deepEqual([...IdRanges.parse('9,1:3,2-4')], [1, 2, 3, 4, 9]);
    assert.equal(IdRanges.parse('').isEmpty, true);
    assert.equal(JSON.stringify({ set }), '{"set":"1-3,7"}');
  });

  it('refuses what is no range', () => {
    for (const bad of ['a', '1-', '-3', '1,,2', '1 2', '1:*', '99999999999999999999', ',', '1,', ',1', '1-2-3', '1-2,'])
      assert.throws(() => IdRanges.parse(bad), RangeError);
  });

  it('reads any text that it could have written, and texts in other forms as the same set', () => {
    assert.equal(IdRanges.parse('01-3').toString(), '1-3');
    assert.equal(IdRanges.parse('3-1,5-5,6').toString(), '1-3,5-6');
    assert.equal(IdRanges.parse('1,2').toString(), '1-2');
    assert.equal(IdRanges.parse('5,1').toString(), '1,5');
    assert.equal(IdRanges.parse('999999999999999').max, 999_999_999_999_999);
  });

  it('leaves a set that an operation does not change as it is', () => {
    const set = IdRanges.parse('1-3,7,9-12');
    assert.equal(set.union(IdRanges.parse('2,10-11')), set);
    assert.equal(set.minus(IdRanges.parse('4-6,8,13-20')), set);
    assert.equal(set.with(7), set);
    assert.equal(set.without(8), set);
  });

  it('holds two hundred thousand messages in one range', () => {
    const set = IdRanges.parse('1-200000');
    assert.equal(set.size, 200_000);
    assert.equal(set.without(5).toString(), '1-4,6-200000');
    assert.equal(set.max, 200_000);
  });

  it('agrees with Set on union, difference, intersection and membership', () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const [one, two] = [IdRanges.of(a), IdRanges.of(b)];
        const sorted = (values: Iterable<number>) => [...new Set(values)].sort((x, y) => x - y);
        assert.deepEqual([...one.union(two)], sorted([...a, ...b]));
        assert.deepEqual([...one.minus(two)], sorted(a.filter((id) => !b.includes(id))));
        assert.deepEqual([...one.intersect(two)], sorted(a.filter((id) => b.includes(id))));
        assert.deepEqual([...one.descending()], sorted(a).reverse());
        for (let id = 0; id <= 61; id++) assert.equal(one.has(id), a.includes(id));
        assert.deepEqual([...IdRanges.parse(one.toString())], [...one]);
        assert.equal(one.size, new Set(a).size);
        for (const set of [one.union(two), one.minus(two), one.intersect(two)])
          assert.equal(set.toString(), IdRanges.of(set).toString(), 'neighbours are merged');
      }),
    );
  });
});
