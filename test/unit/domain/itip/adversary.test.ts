import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ownAddresses } from '../../../../src/domain/itip/calendar-user.js';
import { mergeIntoAttendee } from '../../../../src/domain/itip/merge.js';
import { mergeReply } from '../../../../src/domain/itip/merge-reply.js';
import { occurrences } from '../../../../src/formats/ical/occurrences.js';
import { ANN, BOB, BOSS, calendar, event, message, OWN, open } from './support.js';

const openText = (text: string) => open(text.replace(/\r\n[ \t]/g, '')) ?? assert.fail();

const ME = ownAddresses({ address: ANN, aliases: [] });
const DAN = 'dan@example.com';

/** A message of a method, stamped so many minutes after the first. */
function says(method: string, text: string, minutes = 0): string {
  const stamp = new Date(Date.UTC(2026, 10, 1, 0, minutes)).toISOString().replace(/[-:]|\.000/g, '');
  return text.replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`).replace(/DTSTAMP:\w+/g, `DTSTAMP:${stamp}`);
}

const unfold = (text = '') => text.replace(/\r\n[ \t]/g, '');

/** Ann's copy after these messages of the organizer, and whether the last one was taken. */
function after(...messages: readonly string[]): { text: string; taken: boolean } {
  let text: string | null = null;
  let taken = false;
  for (const one of messages) {
    const merged = mergeIntoAttendee(text, message(one), ME);
    taken = merged !== null;
    text = merged?.text ?? text;
  }
  return { text: text?.replace(/\r\n[ \t]/g, '') ?? '', taken };
}

const series = (...more: string[]) => calendar(event([ANN, BOB], 'RRULE:FREQ=DAILY;COUNT=5', ...more));
const occurrence = (day: number, ...more: string[]) =>
  calendar(event([ANN, BOB], `RECURRENCE-ID:202612${String(day).padStart(2, '0')}T090000Z`, ...more));
const at = (day: number, hour: number) => [
  `DTSTART:202612${String(day).padStart(2, '0')}T${hour}0000Z`,
  `DTEND:202612${String(day).padStart(2, '0')}T${hour + 1}0000Z`,
];

describe('messages in the wrong order, and once more', () => {
  const first = says('REQUEST', series());
  const off = says('CANCEL', occurrence(2, 'STATUS:CANCELLED', 'SEQUENCE:1', ...at(2, 10)), 10);
  const moved = says('REQUEST', occurrence(3, 'SEQUENCE:1', ...at(3, 15)), 10);

  test('the invitation again does not bring back an occurrence that was called off', () => {
    const { text, taken } = after(first, off, first);
    assert.equal(taken, false);
    assert.match(text, /EXDATE:20261202T090000Z/);
  });

  test('a later one of the whole does, where it names it again', () => {
    const { text, taken } = after(first, off, says('REQUEST', series('SEQUENCE:1'), 20));
    assert.equal(taken, true);
    assert.doesNotMatch(text, /EXDATE/);
  });

  test('the invitation again does not take back an occurrence that was moved', () => {
    const { text, taken } = after(first, moved, first);
    assert.equal(taken, false);
    assert.match(text, /RECURRENCE-ID:20261203T090000Z/);
  });

  test('an occurrence that was called off does not come back by an earlier word about it', () => {
    const { text, taken } = after(
      first,
      says('CANCEL', occurrence(3, 'STATUS:CANCELLED', 'SEQUENCE:2', ...at(3, 15)), 20),
      moved,
    );
    assert.equal(taken, false);
    assert.match(text, /EXDATE:20261203T090000Z/);
    const again = says('REQUEST', occurrence(3, 'SEQUENCE:3', ...at(3, 16)), 30);
    assert.match(after(first, moved, again).text, /DTSTART:20261203T160000Z/);
  });

  test('a later one of the whole does', () => {
    const { text } = after(first, moved, says('REQUEST', series(), 20));
    assert.doesNotMatch(text, /RECURRENCE-ID/);
  });

  test('an update of the whole that a moved occurrence has overtaken keeps the occurrence', () => {
    const { text, taken } = after(first, moved, says('REQUEST', series('LOCATION:Room 5'), 5));
    assert.equal(taken, true);
    assert.match(text, /LOCATION:Room 5/);
    assert.match(text, /RECURRENCE-ID:20261203T090000Z/);
  });

  test('a series that one of its occurrences has overtaken comes in', () => {
    const { text, taken } = after(moved, first);
    assert.equal(taken, true);
    assert.match(text, /RRULE/);
    assert.match(text, /DTSTART:20261203T150000Z/);
  });

  test('SEQUENCE never goes back, whatever the stamp says', () => {
    const { text, taken } = after(
      says('REQUEST', series('SEQUENCE:3')),
      says('REQUEST', series('SEQUENCE:2', 'LOCATION:Old'), 60),
    );
    assert.equal(taken, false);
    assert.doesNotMatch(text, /Old/);
    assert.equal(after(says('REQUEST', series('SEQUENCE:3')), says('CANCEL', series('SEQUENCE:2'), 60)).taken, false);
  });
});

describe('a CANCEL of an occurrence and all that follow (RANGE=THISANDFUTURE)', () => {
  const off = (day: number, minutes = 10) =>
    says(
      'CANCEL',
      occurrence(day, 'STATUS:CANCELLED', 'SEQUENCE:1', ...at(day, 9)).replace(
        'RECURRENCE-ID',
        'RECURRENCE-ID;RANGE=THISANDFUTURE',
      ),
      minutes,
    );
  const days = (text: string) => {
    const { object } = openText(text);
    return [...occurrences(object, { from: 0, to: Date.UTC(2027, 5) })].map(({ start }) => new Date(start).getUTCDate());
  };

  test('ends the series before it: exceptions and further dates after it go, those before it stay', () => {
    const moved = (day: number) => says('REQUEST', occurrence(day, ...at(day, 15)), 5);
    const first = says('REQUEST', series('RDATE:20261220T090000Z'));
    const { text, taken } = after(first, moved(2), moved(4), off(3));
    assert.equal(taken, true);
    assert.match(text, /RRULE:FREQ=DAILY;UNTIL=20261203T085959Z/);
    assert.deepEqual(days(text), [1, 2]);
    assert.match(text, /RECURRENCE-ID:20261202/);
    assert.equal(after(first, off(3), first).taken, false, 'the invitation again brings nothing back');
  });

  test('from the first on all of it is off; of an earlier time, or of none of its occurrences, nothing', () => {
    const first = says('REQUEST', series());
    assert.match(after(first, off(1)).text, /STATUS:CANCELLED/);
    assert.equal(after(first, off(9)).taken, false);
    assert.equal(after(says('REQUEST', series(), 30), off(3)).taken, true, 'a higher SEQUENCE counts first');
    assert.equal(after(says('REQUEST', series('SEQUENCE:1'), 30), off(3)).taken, false);
  });

  test('days end with a day, endless rules end', () => {
    const whole = says('REQUEST', calendar(event([ANN], 'DTSTART;VALUE=DATE:20261201', 'RRULE:FREQ=WEEKLY')));
    const { text } = after(
      whole,
      off(15).replace(/RECURRENCE-ID[^\r]*/, 'RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261215'),
    );
    assert.match(text, /RRULE:FREQ=WEEKLY;UNTIL=20261214\r/);
  });
});

describe('whom a message is for', () => {
  test('a CANCEL that takes others off the list leaves the event; one that names nobody is for all', () => {
    const first = says('REQUEST', calendar(event([ANN, BOB])));
    const others = says('CANCEL', calendar(event([BOB], 'SEQUENCE:1')), 10).replace(/ATTENDEE;PARTSTAT=ACCEPTED[^\r]*\r\n/, '');
    assert.equal(after(first, others).taken, false);
    const everybody = says('CANCEL', calendar(event([], 'SEQUENCE:1', 'STATUS:CANCELLED')), 10).replace(
      /ATTENDEE[^\r]*\r\n/g,
      '',
    );
    assert.match(after(first, everybody).text, /STATUS:CANCELLED/);
  });

  test('another organizer can’t take over a UID, nor call it off', () => {
    const first = says('REQUEST', calendar(event([ANN])));
    const rival = (method: string) =>
      says(method, calendar(event([ANN], 'SEQUENCE:9')).replace(/(ORGANIZER:mailto:).*\r/, '$1rival@evil.example\r'), 10);
    assert.equal(after(first, rival('REQUEST')).taken, false);
    assert.equal(after(first, rival('CANCEL')).taken, false);
  });

  test('who has no address organizes nothing', () => {
    const nameless = says('REQUEST', calendar(event([ANN])).replace(/ORGANIZER.*\r/, 'ORGANIZER;CN=The Boss:invalid:nomail\r'));
    assert.equal(message(nameless).organizer, null);
    assert.equal(after(nameless).taken, false);
  });

  for (const spelt of ['MAILTO:Ann@Example.ORG', 'mailto:ann%40example.org', 'mailto:ann+cal@example.org', 'urn:x;EMAIL'])
    test(`${spelt} is Ann`, () => {
      const line = spelt === 'urn:x;EMAIL' ? `ATTENDEE;EMAIL=${ANN}:urn:uuid:1` : `ATTENDEE;PARTSTAT=NEEDS-ACTION:${spelt}`;
      assert.equal(after(says('REQUEST', calendar(event([line])))).taken, true);
    });

  test('an invitation to a list, or forwarded, is no business of Ann’s until she takes it herself', () => {
    const first = says('REQUEST', calendar(event(['team@example.org'])));
    assert.equal(after(first).taken, false);
    const taken = mergeIntoAttendee(null, message(first), ME, ANN);
    assert.match(unfold(taken?.text), /ATTENDEE[^\r]*PARTSTAT=NEEDS-ACTION[^\r]*:mailto:ann@example\.org/);
    const moved = says('REQUEST', calendar(event(['team@example.org'], 'SEQUENCE:1', ...at(1, 12))), 10);
    const next = mergeIntoAttendee(taken?.text ?? null, message(moved), ME);
    assert.match(next?.text ?? '', /DTSTART:20261201T120000Z/);
    assert.match(unfold(next?.text), /:mailto:ann@example\.org/, 'and stays hers');
    const off = says('CANCEL', calendar(event(['team@example.org'], 'SEQUENCE:2', 'STATUS:CANCELLED')), 20);
    assert.match(mergeIntoAttendee(next?.text ?? null, message(off), ME)?.text ?? '', /STATUS:CANCELLED/);
  });
});

describe('what stays the attendee’s own', () => {
  const first = says(
    'REQUEST',
    calendar(event([ANN], 'DESCRIPTION:Old', 'X-ALT-DESC;FMTTYPE=text/html:<b>Old</b>', 'X-TEAMS-URL:https://old')),
  );
  const own = (text: string) =>
    text.replace(
      'END:VEVENT',
      'X-MOZ-LASTACK:20261101T000000Z\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nX-UNHEARD-OF:mine\r\nEND:VEVENT',
    );

  test('its marks stay, but what the organizer’s client wrote into X- properties is the organizer’s', () => {
    const copy = own(after(first).text);
    const next = calendar(
      event(
        [ANN],
        'SEQUENCE:1',
        'DESCRIPTION:New',
        'X-ALT-DESC;FMTTYPE=text/html:<b>New</b>',
        'X-TEAMS-URL:https://new',
        'X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE',
      ),
    );
    const text = mergeIntoAttendee(copy, message(says('REQUEST', next, 10)), ME)?.text ?? '';
    assert.match(text, /<b>New<\/b>/);
    assert.doesNotMatch(text, /Old|https:\/\/old/);
    assert.match(text, /X-TEAMS-URL:https:\/\/new/);
    assert.match(text, /X-MOZ-LASTACK/);
    assert.match(text, /X-UNHEARD-OF:mine/);
    assert.match(text, /BUSYSTATUS:OOF/);
  });

  test('HTML of a description that has changed does not outlive it', () => {
    const next = calendar(event([ANN], 'SEQUENCE:1', 'DESCRIPTION:New'));
    const text = mergeIntoAttendee(after(first).text, message(says('REQUEST', next, 10)), ME)?.text ?? '';
    assert.doesNotMatch(text, /X-ALT-DESC/);
  });
});

describe('answers', () => {
  const stored = calendar(event([ANN, BOB]));
  const reply = (
    from: string,
    lines: readonly string[],
    { method = 'REPLY', minutes = 10, end = 'DTEND:20261201T100000Z' } = {},
  ) => ({
    from,
    text: says(method, calendar(['DTSTART:20261201T090000Z', end, `ORGANIZER:mailto:${BOSS}`, ...lines]), minutes),
  });
  const take = (text: string, { from, text: said }: { from: string; text: string }) => mergeReply(text, message(said), from, OWN);
  const lineOf = (text: string | undefined, who: string) =>
    text
      ?.replace(/\r\n[ \t]/g, '')
      .split('\r\n')
      .find((line) => line.startsWith('ATTENDEE') && line.endsWith(`:mailto:${who}`)) ?? '';
  const delegated = reply(BOB, [
    `ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:${DAN}":mailto:${BOB}`,
    `ATTENDEE;PARTSTAT=NEEDS-ACTION;DELEGATED-FROM="mailto:${BOB}":mailto:${DAN}`,
  ]);

  test('who delegates names the delegate, whose own answer counts from then on (RFC 5546 §4.2.5)', () => {
    const merged = take(stored, delegated);
    assert.match(lineOf(merged?.text, BOB), /PARTSTAT=DELEGATED/);
    assert.match(lineOf(merged?.text, BOB), new RegExp(`DELEGATED-TO="mailto:${DAN}"`));
    assert.match(lineOf(merged?.text, DAN), new RegExp(`DELEGATED-FROM="mailto:${BOB}"`));
    const answer = reply(DAN, [`ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM="mailto:${BOB}":mailto:${DAN}`], { minutes: 20 });
    assert.match(lineOf(take(merged?.text ?? '', answer)?.text, DAN), /PARTSTAT=ACCEPTED/);
    assert.equal(take(merged?.text ?? '', delegated)?.changed, false, 'once more says nothing new');
  });

  test('nobody delegates themselves in, nor many, nor somebody who is invited already', () => {
    const crasher = reply(DAN, [`ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM="mailto:${BOB}":mailto:${DAN}`]);
    assert.equal(take(stored, crasher), null);
    const many = reply(BOB, [
      `ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:a@x.example","mailto:b@x.example","mailto:c@x.example":mailto:${BOB}`,
    ]);
    assert.doesNotMatch(take(stored, many)?.text ?? '', /mailto:b@x\.example\r/);
    const toAnn = reply(BOB, [`ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:${ANN}":mailto:${BOB}`]);
    assert.equal(take(stored, toAnn)?.text.match(/:mailto:ann@example\.org/g)?.length, 1);
    const toBoss = reply(BOB, [`ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:${BOSS}":mailto:${BOB}`]);
    assert.equal(take(stored, toBoss)?.text.match(/ATTENDEE[^\r]*:mailto:boss@example\.org/g)?.length, 1);
  });

  test('who answers for others too is not heard', () => {
    const both = reply(BOB, [`ATTENDEE;PARTSTAT=DECLINED:mailto:${ANN}`, `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${BOB}`]);
    assert.equal(take(stored, both), null);
    const instead = reply(BOB, [
      `ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:${ANN}":mailto:${BOB}`,
      `ATTENDEE;PARTSTAT=DECLINED;DELEGATED-FROM="mailto:${BOB}":mailto:${ANN}`,
    ]);
    assert.match(lineOf(take(stored, instead)?.text, ANN), /PARTSTAT=NEEDS-ACTION/, 'her answer is hers');
  });

  test('mail from bob@ answers for bob+cal@, and for nobody else', () => {
    const invited = calendar(event([ANN, 'bob+cal@example.net']));
    const said = reply(BOB, ['ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Bob+Cal@example.net']);
    assert.match(lineOf(take(invited, said)?.text, 'bob+cal@example.net'), /PARTSTAT=ACCEPTED/);
    assert.equal(take(invited, { ...said, from: 'bob@example.com' }), null);
  });

  test('party crashers change nothing, by REPLY or COUNTER', () => {
    for (const method of ['REPLY', 'COUNTER'])
      assert.equal(take(stored, reply(DAN, [`ATTENDEE;PARTSTAT=ACCEPTED:mailto:${DAN}`], { method })), null);
  });

  test('a proposal may give its length instead of its end', () => {
    const counter = reply(BOB, [`ATTENDEE;PARTSTAT=TENTATIVE:mailto:${BOB}`], { method: 'COUNTER', end: 'DURATION:PT2H' });
    assert.match(lineOf(take(stored, counter)?.text, BOB), /X-PROPOSED-END=20261201T110000Z/);
  });
});
