import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCursor, parseCursor } from '../../../src/domain/changes/cursor.js';

describe('cursor', () => {
  it('comes back as it went, however large the counter', () => {
    for (const seq of [0n, 35n, 36n, 2n ** 53n + 1n]) {
      const position = { epoch: 2 ** 31 - 1, seq };
      assert.deepEqual(parseCursor(formatCursor(position)), position);
    }
  });

  it('is stale when it is not one', () => {
    for (const text of ['', '0', 'a-', '-1', 'A-1', '1-2-3', `${'z'.repeat(9)}-1`, '1-zzzzzzzzzzzzzzz', '../1-2']) {
      assert.throws(() => parseCursor(text), { kind: 'stale-cursor', reason: 'valid-sync-token' });
    }
  });
});
