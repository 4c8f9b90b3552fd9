import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { declinedProposals } from '../../../../src/domain/itip/counter.js';
import { mergeIntoAttendee } from '../../../../src/domain/itip/merge.js';
import type { SchedulingObject } from '../../../../src/domain/itip/object.js';
import { ANN, BOB, calendar, event, message, messages, NOW, OWN, open } from './support.js';

const proposal = ';X-PROPOSED-START=20261201T120000Z;X-PROPOSED-END=20261201T130000Z';
const ann = (params = '') => `ATTENDEE;PARTSTAT=TENTATIVE${params}:mailto:${ANN}`;
const SERIES = ['RRULE:FREQ=DAILY;COUNT=5'];
const SECOND = ['RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T090000Z', 'DTEND:20261202T100000Z'];

const declined = (before: string, after: string) =>
  declinedProposals(open(before) as SchedulingObject, open(after) as SchedulingObject, OWN, NOW);

describe('a proposal is turned down (RFC 5546 §3.2.8)', () => {
  const proposed = calendar(event([ann(proposal), BOB]));
  const rows: readonly [title: string, before: string, after: string, expected: readonly string[]][] = [
    ['taken off the line', proposed, calendar(event([ann(), BOB])), [ANN]],
    ['folded otherwise', proposed, calendar(event([ann(), BOB])).replace('SUMMARY:Pl', 'SUMMARY:\r\n Pl'), [ANN]],
    ['still there', proposed, proposed.replace('DTSTAMP:20261101', 'DTSTAMP:20261102'), []],
    ['lost by a client that changed something', proposed, calendar(event([ann(), BOB], 'X-A:b')), []],
    ['the attendee is gone', proposed, calendar(event([BOB])), []],
    [
      'of one occurrence',
      calendar(event([ann()], ...SERIES), event([ann(proposal)], ...SECOND)),
      calendar(event([ann()], ...SERIES), event([ann()], ...SECOND)),
      [ANN],
    ],
  ];
  for (const [title, before, after, expected] of rows)
    test(title, () =>
      assert.deepEqual(
        declined(before, after).map(({ recipient }) => recipient),
        expected,
      ),
    );

  test('the message names the attendee alone, and the copy forgets the proposal', () => {
    const [draft] = declined(proposed, calendar(event([ann(), BOB])));
    assert.equal(draft?.text.match(/^ATTENDEE/gm)?.length, 1);
    const refusal = message(draft?.text ?? '');
    assert.equal(refusal.method, 'DECLINECOUNTER');
    const merged = mergeIntoAttendee(proposed, refusal, new Set([ANN]));
    assert.doesNotMatch(merged?.text ?? '', /X-PROPOSED/);
    assert.equal(mergeIntoAttendee(merged?.text ?? '', refusal, new Set([ANN])), null, 'once');
    assert.equal(mergeIntoAttendee(null, refusal, new Set([ANN])), null);
  });

  test('other attendees are not told what somebody proposed', () => {
    const [told] = messages(calendar(event([ann(proposal)])), calendar(event([ann(proposal), BOB])));
    assert.equal(told?.recipient, BOB);
    assert.doesNotMatch(told?.text ?? '', /X-PROPOSED/);
  });

  test("an update at the same time leaves the attendee's own proposal", () => {
    const update = messages(calendar(event([ann()])), calendar(event([ann()], 'LOCATION:Hall')))[0];
    const merged = mergeIntoAttendee(proposed, message(update?.text ?? ''), new Set([ANN]));
    assert.match(merged?.text.replace(/\r\n /g, '') ?? '', /LOCATION:Hall/);
    assert.match(merged?.text.replace(/\r\n /g, '') ?? '', /X-PROPOSED-START=20261201T120000Z/);
  });
});
