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
    for (const bad of ['a', '1-', '-3', '1,,2', '1 2', '1:*', '99999999999999999999'])
      assert.throws(() => IdRanges.parse(bad), RangeError);
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
      }),
    );
  });
});
