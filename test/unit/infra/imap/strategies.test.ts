import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdRanges } from '../../../../src/formats/ranges.js';
import { compare } from '../../../../src/infra/imap/strategies/plain.js';

const NOW = { uidValidity: '1', uidNext: 100, messages: 3, modseq: null };

/** Flags by UID → the sets a mark keeps. */
function sets(mailbox: ReadonlyMap<number, readonly string[]>): ReadonlyMap<string, IdRanges> {
  const flags = new Set([...mailbox.values()].flat());
  return new Map([
    ['', IdRanges.of(mailbox.keys())],
    ...[...flags].map(
      (flag) => [flag, IdRanges.of([...mailbox].filter(([, has]) => has.includes(flag)).map(([uid]) => uid))] as const,
    ),
  ]);
}

describe('comparison without mod-sequences', () => {
  it('tells new, changed and vanished messages', () => {
    const before = sets(
      new Map([
        [1, ['\\Seen']],
        [2, []],
        [3, ['a']],
      ]),
    );
    const after = sets(
      new Map([
        [2, ['\\Seen']],
        [3, ['a']],
        [4, []],
      ]),
    );
    const delta = compare(before, after, NOW);
    assert.deepEqual(delta.changed, [
      { uid: 2, flags: ['\\Seen'] },
      { uid: 4, flags: [] },
    ]);
    assert.equal(String(delta.vanished), '1');
    assert.equal(delta.mark.flags?.['\\Seen'], '2');
  });

  it('applied to the earlier state gives the later one, for any two', () => {
    const mailbox = fc
      .dictionary(fc.integer({ min: 1, max: 30 }).map(String), fc.uniqueArray(fc.constantFrom('\\Seen', '\\Flagged', 'x')))
      .map((entries) => new Map(Object.entries(entries).map(([uid, flags]) => [Number(uid), [...flags].sort()])));
    fc.assert(
      fc.property(mailbox, mailbox, (before, after) => {
        const delta = compare(sets(before), sets(after), NOW);
        const result = new Map<number, readonly string[]>([...before].filter(([uid]) => !delta.vanished.has(uid)));
        for (const { uid, flags } of delta.changed) result.set(uid, [...flags].sort());
        assert.deepEqual(new Map([...result].sort()), new Map([...after].sort()));
        for (const { uid } of delta.changed) assert.notDeepEqual(before.get(uid), after.get(uid));
      }),
    );
  });
});
