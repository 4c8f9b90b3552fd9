import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LedgerEntry } from '../../../../src/domain/pim/scheduler.js';
import { receivedEntry, wasReceived } from '../../../../src/domain/scheduling/received.js';
import { ANN, BOSS, calendar, event, message } from '../itip/support.js';

/** A message of the organizer as the ledger keeps it. */
function said(method: string, sequence: number, second: number, ...more: string[]): LedgerEntry {
  const text = calendar(event([ANN], `SEQUENCE:${sequence}`, ...more))
    .replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`)
    .replace(/DTSTAMP:\w+/, `DTSTAMP:20261101T0000${String(second).padStart(2, '0')}Z`);
  return receivedEntry(message(text), BOSS, text);
}

const OCCURRENCE = 'RECURRENCE-ID:20261202T090000Z';

describe('what was received before is not taken again', () => {
  const CASES: readonly (readonly [string, readonly LedgerEntry[], LedgerEntry, boolean])[] = [
    ['nothing is known', [], said('REQUEST', 0, 1), false],
    ['the same mail again', [said('REQUEST', 0, 1)], said('REQUEST', 0, 1), true],
    ['another word within the same second', [said('REQUEST', 0, 1)], said('REQUEST', 0, 1, 'LOCATION:Here'), false],
    ['a later one', [said('REQUEST', 0, 1)], said('REQUEST', 0, 2), false],
    ['an earlier one', [said('REQUEST', 0, 2)], said('REQUEST', 0, 1), true],
    ['an earlier revision, sent later', [said('REQUEST', 2, 1)], said('REQUEST', 1, 9), true],
    ['what a CANCEL has overtaken', [said('CANCEL', 1, 5)], said('REQUEST', 0, 1), true],
    ['an occurrence of what is off', [said('CANCEL', 1, 5)], said('REQUEST', 0, 1, OCCURRENCE), true],
    ['an occurrence of an earlier revision of a series', [said('REQUEST', 3, 5)], said('REQUEST', 1, 6, OCCURRENCE), false],
    ['the series after an occurrence of it', [said('REQUEST', 3, 5, OCCURRENCE)], said('REQUEST', 0, 6), false],
    [
      'somebody else’s under the same UID',
      [{ ...said('REQUEST', 0, 1), peer: 'other@example.org' }],
      said('REQUEST', 0, 1),
      false,
    ],
    ['what was noted before stamps were', [{ ...said('REQUEST', 0, 1), digest: '' }], said('REQUEST', 0, 1), false],
    ['what was sent, not received', [{ ...said('REQUEST', 0, 1), direction: 'out' }], said('REQUEST', 0, 1), false],
    ['an answer', [{ ...said('REQUEST', 9, 9), method: 'REPLY' }], said('REQUEST', 0, 1), false],
  ];
  for (const [what, ledger, entry, known] of CASES)
    test(`${what}: ${known ? 'old' : 'new'}`, () => assert.equal(wasReceived(ledger, entry), known));
});
