import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DomainError } from '../../../../src/domain/errors.js';
import { toSearch } from '../../../../src/infra/imap/search.js';

describe('queries as IMAP SEARCH keys (RFC 9051 §6.4.4)', () => {
  it('are imapflow search objects; the same key again is spelled another way', () => {
    assert.deepEqual(toSearch({}), { all: true });
    assert.deepEqual(toSearch({ subject: 'a', from: 'b', seen: false }), { subject: 'a', from: 'b', seen: false });
    assert.deepEqual(toSearch({ all: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }), { text: 'a', Text: 'b', tExt: 'c' });
    assert.deepEqual(toSearch({ any: [{ to: 'a' }, { all: [{ cc: 'b' }, { cc: 'c' }] }] }), {
      or: [{ to: 'a' }, { cc: 'b', Cc: 'c' }],
    });
    assert.deepEqual(toSearch({ not: { header: { 'Content-Type': 'x' } } }), { not: { header: { 'Content-Type': 'x' } } });
  });

  it('are refused when they are too large or too deep', () => {
    const tooComplex = (error: unknown) => error instanceof DomainError && error.kind === 'invalid';
    assert.throws(() => toSearch({ all: Array.from({ length: 61 }, () => ({ text: 'a' })) }), tooComplex);
    assert.throws(
      () => toSearch({ all: Array.from({ length: 17 }, () => ({ any: [{ text: 'a' }, { text: 'b' }] })) }),
      tooComplex,
    );
    let deep: object = { text: 'a' };
    for (let n = 0; n < 10; n++) deep = { not: deep };
    assert.throws(() => toSearch(deep), tooComplex);
  });
});
