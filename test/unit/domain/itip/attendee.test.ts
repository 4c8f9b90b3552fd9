import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attendeeReply, refusedToAttendee } from '../../../../src/domain/itip/attendee.js';
import type { SchedulingObject } from '../../../../src/domain/itip/object.js';
import { ANN, BOSS, calendar, event, message, NOW, open } from './support.js';

const OWN = new Set([ANN]);
const me = (partstat: string) => `ATTENDEE;PARTSTAT=${partstat}:mailto:${ANN}`;
const SERIES = ['RRULE:FREQ=DAILY;COUNT=5'];
const SECOND = ['RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T090000Z', 'DTEND:20261202T100000Z'];
const copy = (partstat: string, ...more: string[]) => calendar(event([me(partstat)], ...more));

const reply = (before: string | null, after: string | null) =>
  attendeeReply({ before: open(before), after: open(after), own: OWN, now: NOW });
const answers = (before: string | null, after: string | null) => {
  const draft = reply(before, after);
  if (!draft) return [];
  return message(draft.text).scheduling.components.map((component) => {
    const id = component.first('RECURRENCE-ID')?.value ?? '';
    return `${id}${component.first('ATTENDEE')?.param('PARTSTAT')}`;
  });
};

describe("what an attendee's change answers (RFC 6638 §3.2.2)", () => {
  const rows: readonly [title: string, before: string | null, after: string | null, expected: readonly string[]][] = [
    ['accepting', copy('NEEDS-ACTION'), copy('ACCEPTED'), ['ACCEPTED']],
    ['the same answer', copy('ACCEPTED'), copy('ACCEPTED', 'X-A:b'), []],
    ['another answer', copy('ACCEPTED'), copy('TENTATIVE'), ['TENTATIVE']],
    ['taking the answer back says nothing', copy('ACCEPTED'), copy('NEEDS-ACTION'), []],
    [
      "an alarm of one's own",
      copy('ACCEPTED'),
      copy('ACCEPTED', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT5M', 'END:VALARM'),
      [],
    ],
    ['deleting', copy('ACCEPTED'), null, ['DECLINED']],
    ['deleting what was declined', copy('DECLINED'), null, []],
    ['deleting what is off', copy('ACCEPTED', 'STATUS:CANCELLED'), null, []],
    [
      'one occurrence',
      copy('ACCEPTED', ...SERIES),
      calendar(event([me('ACCEPTED')], ...SERIES), event([me('DECLINED')], ...SECOND)),
      ['20261202T090000ZDECLINED'],
    ],
    [
      'an occurrence taken out',
      copy('ACCEPTED', ...SERIES),
      copy('ACCEPTED', ...SERIES, 'EXDATE:20261203T090000Z'),
      ['20261203T090000ZDECLINED'],
    ],
    [
      'the whole series with its overrides',
      calendar(event([me('NEEDS-ACTION')], ...SERIES), event([me('NEEDS-ACTION')], ...SECOND)),
      calendar(event([me('ACCEPTED')], ...SERIES), event([me('ACCEPTED')], ...SECOND)),
      ['ACCEPTED'],
    ],
    [
      'the organizer wants no answer of the server',
      copy('NEEDS-ACTION').replace('ORGANIZER:', 'ORGANIZER;SCHEDULE-AGENT=CLIENT:'),
      copy('ACCEPTED').replace('ORGANIZER:', 'ORGANIZER;SCHEDULE-AGENT=CLIENT:'),
      [],
    ],
    [
      'SCHEDULE-FORCE-SEND=REPLY',
      copy('ACCEPTED'),
      copy('ACCEPTED').replace('ORGANIZER:', 'ORGANIZER;SCHEDULE-FORCE-SEND=REPLY:'),
      ['ACCEPTED'],
    ],
  ];
  for (const [title, before, after, expected] of rows) test(title, () => assert.deepEqual(answers(before, after), expected));

  test('a reply names the attendee alone and the revision that is answered (RFC 5546 §3.2.3)', () => {
    const draft = reply(
      copy('NEEDS-ACTION', 'SEQUENCE:3', 'DESCRIPTION:long'),
      copy('ACCEPTED', 'SEQUENCE:3', 'DESCRIPTION:long'),
    )!;
    assert.equal(draft.method, 'REPLY');
    assert.equal(draft.recipient, BOSS);
    assert.equal(draft.sequence, 3);
    assert.equal(draft.text.match(/^ATTENDEE/gm)?.length, 1);
    assert.match(draft.text, /REQUEST-STATUS:2\.0;Success/);
    assert.doesNotMatch(draft.text, /DESCRIPTION|RSVP/);
  });

  test('another time is proposed by COUNTER (RFC 5546 §3.2.7)', () => {
    const proposing = copy('TENTATIVE').replace(
      ';PARTSTAT=TENTATIVE',
      ';PARTSTAT=TENTATIVE;X-PROPOSED-START=20261201T120000Z;X-PROPOSED-END=20261201T130000Z',
    );
    const draft = reply(copy('NEEDS-ACTION'), proposing)!;
    assert.equal(draft.method, 'COUNTER');
    assert.match(draft.text, /DTSTART:20261201T120000Z/);
    assert.doesNotMatch(draft.text, /X-PROPOSED/);
    assert.equal(reply(proposing, proposing), null);
  });
});

describe('what an attendee may change (RFC 6638 §3.2.2.1)', () => {
  const series = calendar(event([me('ACCEPTED')], ...SERIES));
  const rows: readonly [title: string, before: string, after: string, allowed: boolean][] = [
    ['an answer, an alarm, the title', copy('ACCEPTED'), copy('DECLINED', 'X-A:b').replace('Planning', 'mine'), true],
    ['the time', copy('ACCEPTED'), copy('ACCEPTED', 'DTSTART:20261201T093000Z', 'DTEND:20261201T103000Z'), false],
    ['the rule', series, series.replace('COUNT=5', 'COUNT=6'), false],
    [
      'the organizer',
      copy('ACCEPTED'),
      copy('ACCEPTED').replace(`ORGANIZER:mailto:${BOSS}`, 'ORGANIZER:mailto:x@y.example'),
      false,
    ],
    [
      'an occurrence at its place',
      series,
      calendar(event([me('ACCEPTED')], ...SERIES), event([me('DECLINED')], ...SECOND)),
      true,
    ],
    [
      'an occurrence elsewhere',
      series,
      calendar(
        event([me('ACCEPTED')], ...SERIES),
        event([me('ACCEPTED')], 'RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T110000Z'),
      ),
      false,
    ],
    [
      'an occurrence that is none',
      series,
      calendar(
        event([me('ACCEPTED')], ...SERIES),
        event([me('ACCEPTED')], 'RECURRENCE-ID:20270102T090000Z', 'DTSTART:20270102T090000Z'),
      ),
      false,
    ],
    ['an occurrence out', series, series.replace('RRULE', 'EXDATE:20261202T090000Z\r\nRRULE'), true],
  ];
  for (const [title, before, after, allowed] of rows)
    test(`${title}: ${allowed ? 'yes' : 'no'}`, () => {
      const refused = refusedToAttendee(open(before) as SchedulingObject, open(after) as SchedulingObject);
      assert.equal(refused === null, allowed, String(refused));
    });
});
