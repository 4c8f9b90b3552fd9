import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedItem } from '../../../../../src/faces/eas/classes/item-class.js';
import { type EasRecurrence, fromEas, samePattern, toEas } from '../../../../../src/faces/eas/classes/recurrence.js';
import { formatRule, parseRule } from '../../../../../src/formats/ical/rule.js';

/** Tuesday, 10 November 2026, 09:30 */
const start = Date.UTC(2026, 10, 10, 9, 30);
const eas = (rule: string) => toEas(parseRule(rule), start, '16.1');
const rule = (recurrence: EasRecurrence) => formatRule(fromEas(recurrence, recurrence.until));

/** Rule → what ActiveSync says. */
const EXPRESSIBLE: readonly (readonly [rule: string, Partial<EasRecurrence>])[] = [
  ['FREQ=DAILY', { type: 0, interval: 1 }],
  ['FREQ=DAILY;INTERVAL=3;COUNT=10', { type: 0, interval: 3, occurrences: 10 }],
  ['FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR', { type: 1, dayOfWeek: 62 }],
  ['FREQ=WEEKLY', { type: 1, dayOfWeek: 4, firstDayOfWeek: 1 }],
  ['FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2;WKST=SU', { type: 1, dayOfWeek: 10, interval: 2, firstDayOfWeek: 0 }],
  ['FREQ=WEEKLY;BYDAY=SA,SU', { type: 1, dayOfWeek: 65 }],
  ['FREQ=MONTHLY', { type: 2, dayOfMonth: 10 }],
  ['FREQ=MONTHLY;BYMONTHDAY=31', { type: 2, dayOfMonth: 31 }],
  ['FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1', { type: 2, dayOfMonth: 31 }],
  ['FREQ=MONTHLY;BYMONTHDAY=-1', { type: 3, dayOfWeek: 127, weekOfMonth: 5 }],
  ['FREQ=MONTHLY;BYDAY=2TU', { type: 3, dayOfWeek: 4, weekOfMonth: 2 }],
  ['FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2', { type: 3, dayOfWeek: 4, weekOfMonth: 2 }],
  ['FREQ=MONTHLY;BYDAY=-1FR', { type: 3, dayOfWeek: 32, weekOfMonth: 5 }],
  ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', { type: 3, dayOfWeek: 62, weekOfMonth: 5 }],
  ['FREQ=MONTHLY;BYDAY=SU,SA;BYSETPOS=1', { type: 3, dayOfWeek: 65, weekOfMonth: 1 }],
  ['FREQ=YEARLY', { type: 5, dayOfMonth: 10, monthOfYear: 11 }],
  ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', { type: 5, dayOfMonth: 29, monthOfYear: 2 }],
  ['FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU', { type: 6, dayOfWeek: 1, weekOfMonth: 5, monthOfYear: 3 }],
  ['FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=-1', { type: 6, dayOfWeek: 127, weekOfMonth: 5, monthOfYear: 12 }],
  ['FREQ=DAILY;BYHOUR=9;BYMINUTE=30', { type: 0 }],
  ['RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=1', { type: 5, calendarType: 15, monthOfYear: 5, isLeapMonth: true }],
  ['RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD', { type: 2, dayOfMonth: 31 }],
];

/** What ActiveSync has no words for. */
const BEYOND = [
  'FREQ=HOURLY;COUNT=3',
  'FREQ=DAILY;INTERVAL=2;BYDAY=MO,TU',
  'FREQ=DAILY;BYHOUR=9,17',
  'FREQ=DAILY;BYMONTH=1',
  'FREQ=WEEKLY;BYMONTH=6;BYDAY=MO',
  'FREQ=MONTHLY;BYMONTHDAY=1,15',
  'FREQ=MONTHLY;BYMONTHDAY=-2',
  'FREQ=MONTHLY;BYDAY=5MO',
  'FREQ=MONTHLY;BYDAY=-2FR',
  'FREQ=MONTHLY;BYDAY=1MO,3MO',
  'FREQ=MONTHLY;BYDAY=MO',
  'FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1',
  'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
  'FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1',
  'FREQ=YEARLY;BYMONTHDAY=15',
  'FREQ=YEARLY;BYDAY=20MO',
  'FREQ=YEARLY;BYWEEKNO=20',
  'FREQ=YEARLY;BYYEARDAY=100',
  'RSCALE=ETHIOPIC;FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1',
  'RSCALE=CHINESE;FREQ=YEARLY',
];

describe('recurrence', () => {
  for (const [text, expected] of EXPRESSIBLE) {
    it(`shows ${text}`, () => {
      const found = eas(text);
      assert.ok(found);
      assert.deepEqual({ ...found, ...expected }, found);
    });
    it(`knows its own words for ${text} again`, () => {
      const found = eas(text) as EasRecurrence;
      assert.ok(samePattern(found, { ...found, firstDayOfWeek: undefined, calendarType: found.calendarType ?? 1 }));
      assert.ok(samePattern(found, eas(rule(found)) as EasRecurrence), rule(found));
    });
  }

  for (const text of BEYOND) it(`does not show ${text}`, () => assert.equal(eas(text), null));

  it('shows other calendars only to versions that know them', () => {
    assert.equal(toEas(parseRule('RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=15'), start, '12.1'), null);
  });

  it('writes what clients send', () => {
    assert.equal(rule({ type: 0, interval: 0 }), 'FREQ=DAILY');
    assert.equal(rule({ type: 0, interval: 2, dayOfWeek: 62 }), 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR');
    assert.equal(rule({ type: 1, interval: 1, dayOfWeek: 65, firstDayOfWeek: 0 }), 'FREQ=WEEKLY;BYDAY=SA,SU;WKST=SU');
    assert.equal(rule({ type: 3, interval: 1, dayOfWeek: 127, weekOfMonth: 3 }), 'FREQ=MONTHLY;BYMONTHDAY=3');
    assert.equal(rule({ type: 3, interval: 1, dayOfWeek: 62, weekOfMonth: 5 }), 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1');
    assert.equal(
      rule({ type: 6, interval: 1, dayOfWeek: 32, weekOfMonth: 5, monthOfYear: 11 }),
      'FREQ=YEARLY;BYDAY=-1FR;BYMONTH=11',
    );
    assert.equal(
      rule({ type: 5, interval: 1, dayOfMonth: 1, monthOfYear: 5, calendarType: 15, isLeapMonth: true }),
      'RSCALE=CHINESE;FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=5L',
    );
  });

  it('lets Occurrences win over Until (MS-ASCAL Recurrence)', () => {
    const until = { kind: 'utc', local: start, tzid: null } as const;
    assert.equal(formatRule(fromEas({ type: 0, interval: 1, occurrences: 3 }, until)), 'FREQ=DAILY;COUNT=3');
  });

  const malformed: readonly Partial<EasRecurrence>[] = [
    { type: 1 },
    { type: 2 },
    { type: 4 as 5 },
    { type: 2, dayOfMonth: 5, weekOfMonth: 1 },
    { type: 3, weekOfMonth: 1, dayOfWeek: 2, monthOfYear: 3 },
    { type: 2, dayOfMonth: 32 },
    { type: 1, dayOfWeek: 2, firstDayOfWeek: 7 },
    { type: 2, dayOfMonth: 1, calendarType: 13 },
    { type: 0, occurrences: 0 },
  ];
  for (const recurrence of malformed) {
    it(`refuses ${JSON.stringify(recurrence)}`, () => {
      assert.throws(() => fromEas({ interval: 1, ...recurrence } as EasRecurrence), MalformedItem);
    });
  }

  it('compares only what a version has an element for', () => {
    const shown = eas('FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU') as EasRecurrence;
    assert.ok(samePattern(shown, { ...shown, firstDayOfWeek: undefined }));
    assert.ok(!samePattern(shown, { ...shown, firstDayOfWeek: 1 }));
    assert.ok(!samePattern(shown, { ...shown, dayOfWeek: 1 }));
  });

  it('gives back whatever pattern it was given', () => {
    const day = fc.integer({ min: 1, max: 31 });
    const month = fc.integer({ min: 1, max: 12 });
    const week = fc.integer({ min: 1, max: 5 });
    const one = fc.integer({ min: 0, max: 6 }).map((at) => 1 << at);
    const interval = fc.integer({ min: 1, max: 999 });
    const patterns = fc.oneof(
      fc.record({ type: fc.constant(0 as const), interval }),
      fc.record({ type: fc.constant(1 as const), interval, dayOfWeek: fc.integer({ min: 1, max: 127 }) }),
      fc.record({ type: fc.constant(2 as const), interval, dayOfMonth: day }),
      fc.record({ type: fc.constant(3 as const), interval, dayOfWeek: one, weekOfMonth: week }),
      fc.record({ type: fc.constant(5 as const), interval, dayOfMonth: day, monthOfYear: month }),
      fc.record({ type: fc.constant(6 as const), interval, dayOfWeek: one, weekOfMonth: week, monthOfYear: month }),
    );
    fc.assert(
      fc.property(patterns, (pattern) => {
        const back = toEas(parseRule(formatRule(fromEas(pattern))), start, '14.1');
        assert.deepEqual({ ...back, ...pattern }, back);
      }),
    );
  });
});
