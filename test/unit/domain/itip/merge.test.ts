import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mergeIntoAttendee } from '../../../../src/domain/itip/merge.js';
import { mergeReply } from '../../../../src/domain/itip/merge-reply.js';
import { readMessage } from '../../../../src/domain/itip/message.js';
import { ANN, BOB, BOSS, calendar, event, message, OWN } from './support.js';

const SELF = new Set([ANN]);
const SERIES = ['RRULE:FREQ=DAILY;COUNT=5'];
const as = (method: string, text: string) => text.replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`);
const merged = (stored: string | null, method: string, text: string) =>
  mergeIntoAttendee(stored, message(as(method, text)), SELF);

describe("an organizer's message and the attendee's copy (RFC 5546 §2.1.5)", () => {
  const invitation = calendar(event([ANN], 'SEQUENCE:1'));
  const alarm = ['BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT5M', 'END:VALARM'];

  test("a first invitation, without the organizer's alarms", () => {
    const result = merged(null, 'REQUEST', calendar(event([ANN], ...alarm)))!;
    assert.doesNotMatch(result.text, /METHOD|VALARM/);
    assert.ok(result.significant);
  });

  test("one for somebody else, and one of one's own", () => {
    assert.equal(merged(null, 'REQUEST', calendar(event([BOB]))), null);
    assert.equal(mergeIntoAttendee(null, message(as('REQUEST', invitation)), new Set([BOSS])), null);
  });

  test("an update keeps what is the attendee's own", () => {
    const mine = calendar(
      event(
        [`ATTENDEE;PARTSTAT=ACCEPTED:mailto:${ANN}`],
        'SEQUENCE:1',
        'CATEGORIES:mine',
        'X-OWN:1',
        'TRANSP:TRANSPARENT',
        ...alarm,
      ),
    );
    const { text } = merged(mine, 'REQUEST', calendar(event([ANN], 'SEQUENCE:1', 'LOCATION:Room 2')))!;
    for (const line of [
      'LOCATION:Room 2',
      'CATEGORIES:mine',
      'X-OWN:1',
      'TRANSP:TRANSPARENT',
      'TRIGGER:-PT5M',
      `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${ANN}`,
    ])
      assert.ok(text.includes(line), line);
  });

  test('a new time asks again', () => {
    const mine = calendar(event([`ATTENDEE;PARTSTAT=ACCEPTED:mailto:${ANN}`], 'SEQUENCE:1'));
    const { text } = merged(
      mine,
      'REQUEST',
      calendar(event([ANN], 'SEQUENCE:2', 'DTSTART:20261201T110000Z', 'DTEND:20261201T120000Z')),
    )!;
    assert.match(text, new RegExp(`PARTSTAT=NEEDS-ACTION:mailto:${ANN}`));
  });

  test('an older one, the same again, one of another organizer', () => {
    assert.equal(merged(invitation, 'REQUEST', calendar(event([ANN], 'SEQUENCE:0', 'LOCATION:old'))), null);
    assert.equal(merged(invitation, 'REQUEST', invitation.replace('20261101', '20261001').replace('Planning', 'older')), null);
    assert.equal(merged(invitation, 'REQUEST', invitation), null);
    const forged = invitation
      .replace(`ORGANIZER:mailto:${BOSS}`, 'ORGANIZER:mailto:evil@example.com')
      .replace('Planning', 'mine');
    assert.equal(merged(invitation, 'REQUEST', forged), null);
  });

  test('answers of others are no news (RFC 6638 §3.2.10)', () => {
    const both = calendar(event([ANN, BOB]));
    const result = merged(both, 'REQUEST', both.replace(`NEEDS-ACTION:mailto:${BOB}`, `ACCEPTED:mailto:${BOB}`))!;
    assert.equal(result.significant, false);
  });

  test('cancelled: as a whole, once; one occurrence', () => {
    const off = merged(invitation, 'CANCEL', calendar(event([ANN], 'SEQUENCE:2')))!;
    assert.match(off.text, /STATUS:CANCELLED/);
    assert.equal(merged(off.text, 'CANCEL', calendar(event([ANN], 'SEQUENCE:2'))), null);
    assert.equal(merged(null, 'CANCEL', invitation), null);
    const series = calendar(event([ANN], ...SERIES));
    const one = merged(series, 'CANCEL', calendar(event([ANN], 'RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T090000Z')))!;
    assert.match(one.text, /EXDATE:20261202T090000Z/);
    assert.doesNotMatch(one.text, /CANCELLED/);
    assert.equal(
      merged(series, 'CANCEL', calendar(event([ANN], 'RECURRENCE-ID:20270102T090000Z', 'DTSTART:20270102T090000Z'))),
      null,
    );
  });

  test('invited again after a cancellation', () => {
    const off = merged(invitation, 'CANCEL', calendar(event([ANN], 'SEQUENCE:1')))!;
    const again = merged(off.text, 'REQUEST', invitation.replace('20261101', '20261102'))!;
    assert.doesNotMatch(again.text, /CANCELLED/);
  });

  test('one occurrence changes, without and with the series', () => {
    const occurrence = calendar(
      event([ANN], 'RECURRENCE-ID:20261202T090000Z', 'DTSTART:20261202T150000Z', 'DTEND:20261202T160000Z'),
    );
    const inSeries = merged(calendar(event([ANN], ...SERIES, 'EXDATE:20261202T090000Z')), 'REQUEST', occurrence)!;
    assert.match(inSeries.text, /RECURRENCE-ID:20261202T090000Z/);
    assert.doesNotMatch(inSeries.text, /EXDATE/);
    assert.match(merged(null, 'REQUEST', occurrence)!.text, /RECURRENCE-ID/);
  });
});

describe("an attendee's message and the organizer's copy (RFC 5546 §3.2.3)", () => {
  const stored = calendar(event([ANN, BOB], 'SEQUENCE:2', 'X-KEEP:this', 'CATEGORIES:mine'));
  const answer = (partstat: string, who = ANN, ...more: string[]) =>
    message(
      as(
        'REPLY',
        calendar([
          ...(more.some((line) => line.startsWith('SEQUENCE')) ? [] : ['SEQUENCE:2']),
          'DTSTART:20261201T090000Z',
          `ORGANIZER:mailto:${BOSS}`,
          `ATTENDEE;PARTSTAT=${partstat}:mailto:${who}`,
          'SUMMARY:changed by reply',
          ...more,
        ]),
      ),
    );
  const partstats = (text: string | undefined) => text?.replace(/\r\n /g, '').match(/PARTSTAT=[A-Z-]+/g) ?? [];

  test('only the answer of just that attendee changes', () => {
    const result = mergeReply(stored, answer('ACCEPTED'), ANN, OWN)!;
    assert.deepEqual(partstats(result.text), ['PARTSTAT=ACCEPTED', 'PARTSTAT=ACCEPTED', 'PARTSTAT=NEEDS-ACTION']);
    const untouched = (text: string) => text.split('\r\n').filter((line) => !line.includes(ANN) && !line.startsWith(' '));
    assert.deepEqual(untouched(result.text.replace(/\r\n /g, '')), untouched(stored));
  });

  const refused: readonly [string, () => unknown][] = [
    ['from somebody else', () => mergeReply(stored, answer('ACCEPTED'), BOB, OWN)],
    ['from a stranger', () => mergeReply(stored, answer('ACCEPTED', 'eve@example.com'), 'eve@example.com', OWN)],
    ["an answer in the organizer's name", () => mergeReply(stored, answer('DECLINED', BOSS), BOSS, OWN)],
    ['to an older revision', () => mergeReply(stored, answer('ACCEPTED', ANN, 'SEQUENCE:1'), ANN, OWN)],
    [
      'older than the last one',
      () => mergeReply(stored, answer('ACCEPTED'), ANN, OWN, { sequence: 2, stamp: Date.UTC(2026, 10, 2) }),
    ],
    ['a word that is no answer', () => mergeReply(stored, answer('OWNER'), ANN, OWN)],
    ["for somebody else's meeting", () => mergeReply(stored, answer('ACCEPTED'), ANN, new Set(['x@example.org']))],
    [
      'about an occurrence that is none',
      () =>
        mergeReply(
          calendar(event([ANN], 'SEQUENCE:2', ...SERIES)),
          answer('DECLINED', ANN, 'RECURRENCE-ID:20270102T090000Z'),
          ANN,
          OWN,
        ),
    ],
    [
      'with several attendees',
      () => mergeReply(stored, answer('ACCEPTED', ANN, `ATTENDEE;PARTSTAT=DECLINED:mailto:${BOB}`), ANN, OWN),
    ],
  ];
  for (const [title, merge] of refused) test(`refused: ${title}`, () => assert.equal(merge(), null));

  test('to one occurrence: it is set apart', () => {
    const series = calendar(event([ANN], 'SEQUENCE:2', ...SERIES));
    const result = mergeReply(series, answer('DECLINED', ANN, 'RECURRENCE-ID:20261202T090000Z'), ANN, OWN)!;
    assert.match(result.text, /RECURRENCE-ID:20261202T090000Z/);
    assert.deepEqual(partstats(result.text), [
      'PARTSTAT=ACCEPTED',
      'PARTSTAT=NEEDS-ACTION',
      'PARTSTAT=ACCEPTED',
      'PARTSTAT=DECLINED',
    ]);
  });
});

describe('hostile messages', () => {
  const rows: readonly [string, string][] = [
    ['no METHOD', calendar(event([ANN]))],
    ['PUBLISH', as('PUBLISH', calendar(event([ANN])))],
    ['an unknown method', as('X-DESTROY', calendar(event([ANN])))],
    ['no UID', as('REQUEST', calendar(event([ANN])).replace('UID:uid-1\r\n', ''))],
    ['a UID without end', as('REQUEST', calendar(event([ANN])).replace('uid-1', 'x'.repeat(2000)))],
    ['free/busy', as('REQUEST', calendar(event([ANN])).replaceAll('VEVENT', 'VFREEBUSY'))],
  ];
  for (const [title, text] of rows) test(`${title} is none`, () => assert.equal(readMessage(text), null));

  for (const text of ['', 'BEGIN:VCALENDAR', as('REQUEST', 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n')])
    test(`broken: ${JSON.stringify(text.slice(0, 30))}`, () => assert.throws(() => readMessage(text), { name: 'IcalError' }));
});
