import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KqlError, parseKql } from '../../../../../src/faces/eas/search/kql.js';

const TABLE: readonly (readonly [string, object])[] = [
  ['cake', { text: 'cake' }],
  ['  chocolate   cake ', { all: [{ text: 'chocolate' }, { text: 'cake' }] }],
  ['"chocolate cake"', { text: 'chocolate cake' }],
  ['choc*', { text: 'choc' }],
  ['subject:cake', { subject: 'cake' }],
  ['from:"Ada Beispiel" cake', { all: [{ from: 'Ada Beispiel' }, { text: 'cake' }] }],
  ['from: bob', { from: 'bob' }],
  [
    '"to:cake" OR "cc:cake" OR "from:cake" OR "subject:cake"',
    { any: [{ to: 'cake' }, { cc: 'cake' }, { from: 'cake' }, { subject: 'cake' }] },
  ],
  ['(to:"a b" OR from:"a b") AND cake', { all: [{ any: [{ to: 'a b' }, { from: 'a b' }] }, { text: 'cake' }] }],
  ['NOT from:bob', { not: { from: 'bob' } }],
  ['cake -from', { all: [{ text: 'cake' }, { not: { text: 'from' } }] }],
  ['isread:false isflagged:true', { all: [{ seen: false }, { flagged: true }] }],
  ['hasattachment:true', { header: { 'Content-Type': 'multipart/mixed' } }],
  ['received>=2026-01-02', { since: new Date('2026-01-02') }],
  ['received:2026-01-02..2026-01-05', { since: new Date('2026-01-02'), before: new Date('2026-01-06') }],
  ['received<2026-01-02', { before: new Date('2026-01-02') }],
  ['kind:email cake', { text: 'cake' }],
  ['12:30', { text: '12:30' }],
  ['http://example.org/x', { text: 'http://example.org/x' }],
  ['ODER or and', { all: [{ text: 'ODER' }, { text: 'or' }, { text: 'and' }] }],
  ['Grüße 日本', { all: [{ text: 'Grüße' }, { text: '日本' }] }],
  ['', {}],
  ['""', {}],
  ['from:', { text: 'from:' }],
  ['OR cake', { text: 'cake' }],
  ['"open', { text: 'open' }],
];

describe('what a person looks for (MS-ASCMD FreeText, KQL as mail programs write it)', () => {
  for (const [text, query] of TABLE) it(JSON.stringify(text), () => assert.deepEqual(parseKql(text), query));

  it('is refused when it is too long, too large, or its brackets do not match', () => {
    for (const bad of ['x'.repeat(1025), 'a '.repeat(61), '(cake', 'cake)', ')', '('.repeat(61)])
      assert.throws(() => parseKql(bad), KqlError, bad.slice(0, 20));
  });

  it('whatever comes: a query or a KqlError', () => {
    const words = fc.constantFrom('a', '"', '(', ')', 'OR', 'NOT', 'from:', ':', '-', '+', ' ', '>=', 'received', '*', '\u0000');
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (list) => {
        try {
          parseKql(list.join(''));
        } catch (error) {
          assert.ok(error instanceof KqlError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
