import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IcalError, type IcalReason } from '../../../../src/formats/ical/error.js';
import { openCalendarObject, type ReadOptions, readCalendarObject } from '../../../../src/formats/ical/parse.js';

const calendar = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const component = (name: string, ...lines: string[]) => [`BEGIN:${name}`, ...lines, `END:${name}`];
const event = (...lines: string[]) => component('VEVENT', 'UID:u1', 'DTSTAMP:20260101T000000Z', ...lines);
const start = 'DTSTART;TZID=Europe/Berlin:20260301T100000';

describe('calendar objects that are taken (RFC 4791 §4.1)', () => {
  test('master and overrides', () => {
    const object = readCalendarObject(
      calendar(
        ...event('RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260302T100000', start),
        ...event(start, 'RRULE:FREQ=DAILY'),
        ...event('RECURRENCE-ID;TZID=Europe/Berlin:20260303T100000', start),
      ),
    );
    assert.equal(object.uid, 'u1');
    assert.equal(object.component, 'VEVENT');
    assert.equal(object.master?.first('RRULE')?.value, 'FREQ=DAILY');
    assert.deepEqual(
      object.overrides.map((override) => [override.thisAndFuture, new Date(override.recurrenceId.local).toISOString()]),
      [
        [true, '2026-03-02T10:00:00.000Z'],
        [false, '2026-03-03T10:00:00.000Z'],
      ],
    );
  });

  const taken: Record<string, string> = {
    'an override alone': calendar(...event('RECURRENCE-ID:20260302T100000Z', 'DTSTART:20260302T100000Z')),
    'unknown properties, parameters and inner components': calendar(
      'X-WR-CALNAME:x',
      ...event(
        start,
        'X-FOO;X-BAR="a:b";Y=1,2:\\z',
        'FOO:bar',
        ...component('X-INNER', 'A:b'),
        ...component('VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT5M'),
      ),
      ...component('X-OUTER', 'UID:other'),
    ),
    'a to-do without dates': calendar(...component('VTODO', 'UID:1')),
    'a repeating to-do with DUE alone': calendar(...component('VTODO', 'UID:1', 'DUE;VALUE=DATE:20260101', 'RRULE:FREQ=WEEKLY')),
    'a journal': calendar(...component('VJOURNAL', 'UID:1', 'DTSTART:20260101')),
    availability: calendar(
      ...component('VAVAILABILITY', 'UID:1', ...component('AVAILABLE', 'UID:2', 'DTSTART:20260101T090000Z', 'RRULE:FREQ=DAILY')),
    ),
    'a poll': calendar(...component('VPOLL', 'UID:1', ...component('VVOTER', 'VOTER:mailto:a@b'))),
    'DTEND like DTSTART': calendar(...event('DTSTART:20260101T000000Z', 'DTEND:20260101T000000Z')),
    'a rule with an unknown part and SKIP': calendar(
      ...event(start, 'RRULE:FREQ=MONTHLY;RSCALE=GREGORIAN;SKIP=BACKWARD;BYMONTHDAY=31;X-A=1'),
    ),
    'LF line ends and small letters': calendar(...event(start))
      .replaceAll('\r\n', '\n')
      .replace('BEGIN:VEVENT', 'begin:vevent'),
    'a byte order mark': `\ufeff${calendar(...event(start))}`,
    'stamps that are no dates': calendar(...component('VTODO', 'UID:1', 'CREATED:00001231T000000Z')),
    'a trigger at a time without VALUE': calendar(
      ...event(start, ...component('VALARM', 'ACTION:DISPLAY', 'TRIGGER:20260301T080000Z')),
    ),
    'a leap second': calendar(...event('DTSTART:20161231T235960Z')),
    'periods in RDATE': calendar(
      ...event('DTSTART:20260101T000000Z', 'RDATE;VALUE=PERIOD:20260102T000000Z/PT1H,20260103T000000Z/20260103T020000Z'),
    ),
  };
  for (const [title, text] of Object.entries(taken)) test(title, () => assert.ok(readCalendarObject(text)));

  test('a component that the collection takes', () => {
    const text = calendar(...component('VFREEBUSY', 'UID:1'));
    assert.equal(readCalendarObject(text, { components: ['VFREEBUSY'] }).component, 'VFREEBUSY');
  });
});

describe('calendar data that is refused, by reason (RFC 4791 §5.3.2.1)', () => {
  const refused: [string, IcalReason, string, ReadOptions?][] = [
    ['nothing', 'valid-calendar-data', ''],
    ['text', 'valid-calendar-data', 'Hello'],
    ['a vCard', 'valid-calendar-data', 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nEND:VCARD\r\n'],
    ['two calendars', 'valid-calendar-data', calendar(...event(start)) + calendar(...event(start))],
    ['nesting that is wrong', 'valid-calendar-data', calendar('BEGIN:VEVENT', 'BEGIN:VALARM', 'END:VEVENT', 'END:VALARM')],
    ['no VERSION', 'valid-calendar-data', calendar(...event(start)).replace('VERSION:2.0\r\n', '')],
    ['vCalendar 1.0', 'supported-calendar-data', calendar(...event(start)).replace('VERSION:2.0', 'VERSION:1.0')],
    ['another CALSCALE', 'supported-calendar-data', calendar('CALSCALE:HEBREW', ...event(start))],
    ['METHOD', 'valid-calendar-object-resource', calendar('METHOD:REQUEST', ...event(start))],
    ['no component', 'valid-calendar-object-resource', calendar()],
    ['a time zone alone', 'valid-calendar-object-resource', calendar(...component('VTIMEZONE', 'TZID:x'))],
    ['two types', 'valid-calendar-object-resource', calendar(...event(start), ...component('VTODO', 'UID:u1'))],
    [
      'two UIDs',
      'valid-calendar-object-resource',
      calendar(...event(start), ...event(start, 'RECURRENCE-ID:20260101T000000Z').map((line) => line.replace('u1', 'u2'))),
    ],
    ['no UID', 'valid-calendar-object-resource', calendar(...component('VEVENT', start))],
    ['an empty UID', 'valid-calendar-object-resource', calendar(...component('VEVENT', 'UID: ', start))],
    ['two masters', 'valid-calendar-object-resource', calendar(...event(start), ...event(start))],
    [
      'the same RECURRENCE-ID twice',
      'valid-calendar-object-resource',
      calendar(...event(start, 'RECURRENCE-ID:20260101T000000Z'), ...event(start, 'RECURRENCE-ID:20260101T000000Z')),
    ],
    ['a component unknown to us', 'supported-calendar-component', calendar(...component('VFOO', 'UID:1'))],
    ['free/busy', 'supported-calendar-component', calendar(...component('VFREEBUSY', 'UID:1'))],
    [
      'a component unknown to the collection',
      'supported-calendar-component',
      calendar(...event(start)),
      { components: ['VTODO'] },
    ],
    ['no DTSTART', 'valid-calendar-data', calendar(...event())],
    ['two DTSTART', 'valid-calendar-data', calendar(...event(start, start))],
    ['DTEND and DURATION', 'valid-calendar-data', calendar(...event(start, 'DTEND:20270101T000000Z', 'DURATION:PT1H'))],
    ['DTEND of another type', 'valid-calendar-data', calendar(...event(start, 'DTEND;VALUE=DATE:20270101'))],
    ['the thirtieth of February', 'valid-calendar-data', calendar(...event('DTSTART:20260230T000000Z'))],
    ['month thirteen', 'valid-calendar-data', calendar(...event('DTSTART:20261301T000000Z'))],
    ['the year nought', 'valid-calendar-data', calendar(...event('DTSTART:00000101T000000Z'))],
    ['hour 24', 'valid-calendar-data', calendar(...event('DTSTART:20260101T240000Z'))],
    ['an empty date', 'valid-calendar-data', calendar(...event('DTSTART:'))],
    ['a date with dashes', 'valid-calendar-data', calendar(...event('DTSTART:2026-01-01'))],
    ['a duration without numbers', 'valid-calendar-data', calendar(...event(start, 'DURATION:P'))],
    [
      'a trigger that is none',
      'valid-calendar-data',
      calendar(...event(start, ...component('VALARM', 'ACTION:DISPLAY', 'TRIGGER:soon'))),
    ],
    ['a rule without FREQ', 'valid-calendar-data', calendar(...event(start, 'RRULE:COUNT=3'))],
    ['an unknown FREQ', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=FORTNIGHTLY'))],
    ['COUNT=0', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=DAILY;COUNT=0'))],
    ['COUNT and UNTIL', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101'))],
    ['INTERVAL=-1', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=DAILY;INTERVAL=-1'))],
    ['BYMONTH=13', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=YEARLY;BYMONTH=13'))],
    ['BYMONTHDAY=0', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=MONTHLY;BYMONTHDAY=0'))],
    ['BYDAY=XX', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=WEEKLY;BYDAY=XX'))],
    ['BYDAY=99MO', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=YEARLY;BYDAY=99MO'))],
    ['a part twice', 'valid-calendar-data', calendar(...event(start, 'RRULE:FREQ=DAILY;FREQ=WEEKLY'))],
    ['a rule that ends before it begins to say anything', 'valid-calendar-data', calendar(...event(start, 'RRULE:'))],
    ['a time zone without rules', 'valid-calendar-data', calendar(...component('VTIMEZONE', 'TZID:x'), ...event(start))],
    ['a broken EXDATE', 'valid-calendar-data', calendar(...event(start, 'EXDATE:20260101T000000,foo'))],
    [
      'too many dates',
      'valid-calendar-data',
      calendar(...event(start, `RDATE:${Array(10_001).fill('20260101T000000Z').join(',')}`)),
    ],
    ['too many rules', 'valid-calendar-data', calendar(...event(start, ...Array(21).fill('RRULE:FREQ=DAILY')))],
    ['too many parameters', 'valid-calendar-data', calendar(...event(start, `X-A${';B="c"'.repeat(300)}:d`))],
    [
      'too large',
      'max-resource-size',
      calendar(...event(start, `DESCRIPTION:${'x'.repeat(2000)}`)),
      { limits: { maxBytes: 2000 } },
    ],
    [
      'too many attendees',
      'max-attendees-per-instance',
      calendar(...event(start, ...Array(11).fill('ATTENDEE:mailto:a@b'))),
      { limits: { maxAttendees: 10 } },
    ],
    [
      'too many components',
      'valid-calendar-data',
      calendar(...Array.from({ length: 12 }, (_, at) => event(start, `RECURRENCE-ID:202601${at + 10}T000000Z`)).flat()),
      { limits: { maxComponents: 10 } },
    ],
    ['too deep', 'valid-calendar-data', calendar(...Array(40).fill('BEGIN:VEVENT'))],
    [
      'a long line',
      'valid-calendar-data',
      calendar(...event(start, `X-A:${'x'.repeat(5000)}`)),
      { limits: { maxLineLength: 1000 } },
    ],
  ];
  for (const [title, reason, text, options] of refused) {
    test(`${title}: ${reason}`, () => {
      assert.throws(
        () => readCalendarObject(text, options),
        (error) => error instanceof IcalError && error.reason === reason,
      );
    });
  }

  test('stored text is opened without the checks, broken text still refused', () => {
    assert.equal(openCalendarObject(calendar(...event(start, 'DURATION:P'))).uid, 'u1');
    assert.throws(() => openCalendarObject('x'), IcalError);
  });
});
