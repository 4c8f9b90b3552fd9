import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SchedulingObject } from '../../../../src/domain/itip/object.js';
import { askAgain, keepAnswers } from '../../../../src/domain/itip/organizer.js';
import { ANN, BOB, BOSS, calendar, event, messages, OWN, open, told } from './support.js';

const SERIES = ['RRULE:FREQ=DAILY;COUNT=5'];
const single = (...more: string[]) => calendar(event([ANN, BOB], ...more));

describe("who is told of an organizer's change (RFC 6638 §3.2.1, RFC 5546 §3.2)", () => {
  const rows: readonly [title: string, before: string | null, after: string | null, expected: readonly string[]][] = [
    ['a new meeting: everybody', null, single(), [`REQUEST ${ANN}`, `REQUEST ${BOB}`]],
    ['the same text: nobody', single(), single(), []],
    ['a deleted meeting: everybody', single(), null, [`CANCEL ${ANN}`, `CANCEL ${BOB}`]],
    ['one that was called off before it is deleted: nobody again', single('STATUS:CANCELLED'), null, []],
    ['called off by its status', single(), single('STATUS:CANCELLED'), [`CANCEL ${ANN}`, `CANCEL ${BOB}`]],
    ['another title', single(), single().replace('Planning', 'Plans'), [`REQUEST ${ANN}`, `REQUEST ${BOB}`]],
    ['another place', single(), single('LOCATION:Room 2'), [`REQUEST ${ANN}`, `REQUEST ${BOB}`]],
    [
      'own alarms, categories, stamps, X- properties',
      single(),
      single(
        'CATEGORIES:x',
        'X-A:b',
        'TRANSP:TRANSPARENT',
        'SEQUENCE:4',
        'BEGIN:VALARM',
        'ACTION:DISPLAY',
        'TRIGGER:-PT5M',
        'END:VALARM',
      ),
      [],
    ],
    ['an answer noted by hand', single(), single().replace(`NEEDS-ACTION:mailto:${ANN}`, `ACCEPTED:mailto:${ANN}`), []],
    ['the same time in another spelling', single(), single().replace('DTEND:20261201T100000Z', 'DURATION:PT1H'), []],
    ['STATUS:CONFIRMED is what no status says', single(), single('STATUS:CONFIRMED'), []],
    ['an attendee more: only that one', calendar(event([ANN])), single(), [`REQUEST ${BOB}`]],
    ['an attendee less: only that one', single(), calendar(event([ANN])), [`CANCEL ${BOB}`]],
    ['the last attendee is taken off', calendar(event([ANN])), calendar(event([])), [`CANCEL ${ANN}`]],
    [
      'SCHEDULE-AGENT=CLIENT and NONE',
      null,
      calendar(event([`ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:${ANN}`, `ATTENDEE;SCHEDULE-AGENT=NONE:mailto:${BOB}`])),
      [],
    ],
    [
      'SCHEDULE-FORCE-SEND=REQUEST',
      single(),
      calendar(event([`ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST:mailto:${ANN}`, BOB])),
      [`REQUEST ${ANN}`],
    ],
    ['the organizer under another own address', null, calendar(event(['chief@example.org', ANN])), [`REQUEST ${ANN}`]],
    [
      'an address by EMAIL',
      null,
      calendar(event([`ATTENDEE;EMAIL=${ANN}:urn:uuid:1`, 'ATTENDEE:urn:uuid:2'])),
      [`REQUEST ${ANN}`],
    ],
    [
      'an occurrence removed',
      calendar(event([ANN], ...SERIES)),
      calendar(event([ANN], ...SERIES, 'EXDATE:20261202T090000Z')),
      [`CANCEL ${ANN}`],
    ],
    [
      'an occurrence removed and another title',
      calendar(event([ANN], ...SERIES)),
      calendar(event([ANN], ...SERIES, 'EXDATE:20261202T090000Z', 'LOCATION:x')),
      [`REQUEST ${ANN}`],
    ],
    [
      'an occurrence moved: everybody in it',
      calendar(event([ANN, BOB], ...SERIES)),
      calendar(
        event([ANN, BOB], ...SERIES),
        event([ANN, BOB], 'RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T150000Z', 'DTEND:20261202T160000Z'),
      ),
      [`REQUEST ${ANN}`, `REQUEST ${BOB}`],
    ],
    [
      'one attendee is left out of one occurrence: only that one, and only of it',
      calendar(event([ANN, BOB], ...SERIES)),
      calendar(
        event([ANN, BOB], ...SERIES),
        event([ANN], 'RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T090000Z', 'DTEND:20261202T100000Z'),
      ),
      [`CANCEL ${BOB}`],
    ],
    [
      'somebody is invited to one occurrence only',
      calendar(event([ANN], ...SERIES)),
      calendar(
        event([ANN], ...SERIES),
        event([ANN, BOB], 'RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T090000Z', 'DTEND:20261202T100000Z'),
      ),
      [`REQUEST ${BOB}`],
    ],
    [
      'an override that only keeps an answer',
      calendar(event([ANN], ...SERIES)),
      calendar(
        event([ANN], ...SERIES),
        event(
          [`ATTENDEE;PARTSTAT=DECLINED:mailto:${ANN}`],
          'RECURRENCE-ID:20261202T090000Z',
          'DTSTART:20261202T090000Z',
          'DTEND:20261202T100000Z',
        ),
      ),
      [],
    ],
  ];
  for (const [title, before, after, expected] of rows)
    test(title, () => assert.deepEqual(told(before, after).sort(), [...expected].sort()));
});

describe('what a message says', () => {
  test("nothing that is between client and server, or the organizer's own", () => {
    const [draft] = messages(
      null,
      calendar(
        event(
          [`ATTENDEE;SCHEDULE-STATUS=1.2:mailto:${ANN}`],
          'CATEGORIES:secret',
          'X-MOZ-LASTACK:x',
          'BEGIN:VALARM',
          'ACTION:DISPLAY',
          'TRIGGER:-PT5M',
          'END:VALARM',
        ),
      ),
    );
    assert.doesNotMatch(draft!.text, /SCHEDULE-|CATEGORIES|X-MOZ|VALARM/);
    assert.match(draft!.text, /METHOD:REQUEST/);
    assert.match(draft!.text, /DTSTAMP:20261123T120000Z/);
    assert.match(draft!.text.replace(/\r\n /g, ''), /ATTENDEE;RSVP=TRUE:mailto:ann@example.org/);
  });

  test('a cancellation names the one who is off and a higher SEQUENCE (RFC 5546 §3.2.5)', () => {
    const drafts = messages(calendar(event([ANN, BOB], 'SEQUENCE:3')), null);
    const toAnn = drafts.find(({ recipient }) => recipient === ANN)!;
    assert.equal(toAnn.sequence, 4);
    assert.match(toAnn.text, /SEQUENCE:4/);
    assert.doesNotMatch(toAnn.text, /bob@/);
  });

  test('a series without the occurrences that an attendee has no part in', () => {
    const text = calendar(
      event([ANN, BOB], ...SERIES),
      event([ANN], 'RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T090000Z', 'DTEND:20261202T100000Z'),
    );
    const toBob = messages(null, text).find(({ recipient }) => recipient === BOB)!;
    assert.match(toBob.text, /EXDATE:20261202T090000Z/);
    assert.doesNotMatch(toBob.text, /RECURRENCE-ID/);
  });

  test('the same content has the same digest, whatever the stamps', () => {
    const [one] = messages(null, single());
    const [two] = messages(null, single('CATEGORIES:x').replace('DTSTAMP:20261101', 'DTSTAMP:20261102'));
    assert.equal(one!.digest, two!.digest);
    assert.notEqual(one!.digest, messages(null, single('LOCATION:y'))[0]!.digest);
  });
});

describe('answers and the organizer (RFC 6638 §3.2.8, §3.2.10)', () => {
  const accepted = `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${ANN}`;

  test('a new time asks again and counts SEQUENCE on', () => {
    const before = open(calendar(event([accepted], 'SEQUENCE:2'))) as SchedulingObject;
    const after = open(
      calendar(event([accepted], 'SEQUENCE:2', 'DTSTART:20261201T110000Z', 'DTEND:20261201T120000Z')),
    ) as SchedulingObject;
    assert.equal(askAgain(before, after, OWN), true);
    const text = String(after.object.calendar);
    assert.match(text, /SEQUENCE:3/);
    assert.match(text.replace(/\r\n /g, ''), /ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann/);
    assert.match(text, new RegExp(`ATTENDEE;PARTSTAT=ACCEPTED:mailto:${BOSS}`));
  });

  test('another title asks nobody again', () => {
    const before = open(calendar(event([accepted]))) as SchedulingObject;
    const after = open(calendar(event([accepted])).replace('Planning', 'x')) as SchedulingObject;
    assert.equal(askAgain(before, after, OWN), false);
  });

  test('answers that the client did not know yet stay', () => {
    const before = open(calendar(event([accepted]))) as SchedulingObject;
    const after = open(calendar(event([ANN], 'LOCATION:x'))) as SchedulingObject;
    keepAnswers(before, after, OWN);
    assert.match(String(after.object.calendar), new RegExp(`PARTSTAT=ACCEPTED:mailto:${ANN}`));
  });
});
