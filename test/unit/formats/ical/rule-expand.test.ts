import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { Budget } from '../../../../src/formats/ical/budget.js';
import { TooComplex } from '../../../../src/formats/ical/error.js';
import { formatRule, parseRule } from '../../../../src/formats/ical/rule.js';
import { ruleLocals } from '../../../../src/formats/ical/rule-expand.js';
import { END_OF_TIME, formatTime, localOf, utcTime } from '../../../../src/formats/ical/values.js';
import { cpu } from '../../../support/cpu.js';

const START = Date.UTC(1997, 8, 2, 9);

function locals(rule: string, window: { from: number; to: number }, start = START, budget = new Budget(5_000_000)): number[] {
  return [...ruleLocals(parseRule(rule), start, window, budget)];
}

function iso(rule: string, count: number, start = START): string[] {
  const times: string[] = [];
  for (const local of ruleLocals(parseRule(rule), start, { from: start, to: END_OF_TIME }, new Budget(5_000_000))) {
    if (times.length === count) break;
    times.push(new Date(local).toISOString().slice(0, 16));
  }
  return times;
}

/** rrule-temporal, walking from the start: its shortcut into a window goes astray for BYWEEKNO. */
function oracle(rule: string, window: { from: number; to: number }, start: number): number[] {
  const series = new RRuleTemporal({
    rruleString: `DTSTART:${formatTime(utcTime(start))}\nRRULE:${rule};UNTIL=${formatTime(utcTime(window.to - 1000))}`,
    maxIterations: 1_000_000,
  });
  return series
    .all()
    .map((time) => time.epochMilliseconds)
    .filter((time) => time >= window.from);
}

const subset = <T>(items: readonly T[], max: number) =>
  fc.option(fc.subarray([...items], { minLength: 1, maxLength: max }), { nil: undefined });
const numbers = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, at) => low + at);
const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

interface Parts {
  interval: number;
  months: number[] | undefined;
  monthDays: number[] | undefined;
  yearDays: number[] | undefined;
  weekNos: number[] | undefined;
  days: string[] | undefined;
  ordinals: string[] | undefined;
  hours: number[] | undefined;
  minutes: number[] | undefined;
  setPos: number[] | undefined;
  wkst: string;
}

const parts: fc.Arbitrary<Parts> = fc.record({
  interval: fc.integer({ min: 1, max: 6 }),
  months: subset(numbers(1, 12), 3),
  monthDays: subset([...numbers(1, 31), ...numbers(-31, -1)], 3),
  yearDays: subset([1, 60, 100, 200, 365, 366, -1, -100, -366], 3),
  weekNos: subset([1, 5, 20, 52, 53, -1, -30], 2),
  days: subset(DAYS, 4),
  ordinals: subset(['1MO', '-1FR', '2TU', '-2SU', '5WE', '3SA'], 2),
  hours: subset(numbers(0, 23), 3),
  minutes: subset([0, 15, 59], 2),
  setPos: subset([1, 2, -1, -2], 2),
  wkst: fc.constantFrom('MO', 'SU', 'WE'),
});

const part = (name: string, values: readonly (string | number)[] | undefined) => (values ? `;${name}=${values.join(',')}` : '');

/** Rules that RFC 5545 allows for each frequency, and on whose meaning readers agree. */
const RULES: Readonly<Record<string, (p: Parts) => string>> = {
  YEARLY: (p) =>
    part('BYMONTH', p.months) +
    part('BYMONTHDAY', p.monthDays) +
    part('BYDAY', p.monthDays ? p.days : p.months ? (p.ordinals ?? p.days) : p.days),
  'YEARLY nth': (p) => part('BYDAY', p.ordinals),
  'YEARLY days': (p) => part('BYYEARDAY', p.yearDays) + part('BYMONTH', p.months),
  'YEARLY weeks': (p) => part('BYWEEKNO', p.weekNos) + part('BYDAY', p.days),
  MONTHLY: (p) =>
    part('BYMONTHDAY', p.monthDays) + part('BYDAY', p.monthDays ? p.days : (p.ordinals ?? p.days)) + part('BYMONTH', p.months),
  WEEKLY: (p) => part('BYDAY', p.days) + part('BYMONTH', p.months),
  DAILY: (p) => part('BYDAY', p.days) + part('BYMONTH', p.months) + part('BYMONTHDAY', p.monthDays),
  HOURLY: (p) => part('BYDAY', p.days) + part('BYHOUR', p.hours) + part('BYMONTHDAY', p.monthDays),
  MINUTELY: (p) => part('BYDAY', p.days) + part('BYHOUR', p.hours) + part('BYMINUTE', p.minutes),
};

function textOf(kind: string, p: Parts): string {
  const freq = kind.split(' ')[0] as string;
  const subDaily = freq === 'HOURLY' || freq === 'MINUTELY';
  const times = subDaily ? '' : part('BYHOUR', p.hours) + part('BYMINUTE', p.minutes);
  const by = (RULES[kind] as (p: Parts) => string)(p);
  // With BYWEEKNO or INTERVAL, a year of weeks and a calendar year group days differently (RFC 5545 leaves it open).
  const weeks = kind === 'YEARLY weeks' && p.weekNos;
  const setPos = by !== '' && !subDaily && !weeks ? part('BYSETPOS', p.setPos) : '';
  const interval = weeks ? 1 : p.interval;
  return `FREQ=${freq};INTERVAL=${interval}${by}${times}${setPos};WKST=${p.wkst}`;
}

describe('one rule on the wall clock', () => {
  for (const [kind, runs] of Object.entries({
    YEARLY: 50,
    'YEARLY nth': 20,
    'YEARLY days': 25,
    'YEARLY weeks': 25,
    MONTHLY: 50,
    WEEKLY: 25,
    DAILY: 25,
    HOURLY: 20,
    MINUTELY: 15,
  })) {
    test(`${kind} rules: the same as rrule-temporal`, () => {
      const years = kind === 'MINUTELY' ? 0.1 : kind === 'HOURLY' ? 0.5 : kind === 'DAILY' ? 2 : 6;
      const startDay = fc.integer({ min: -9000, max: 20_000 });
      fc.assert(
        fc.property(parts, startDay, fc.integer({ min: 0, max: 100 }), (p, day, percent) => {
          const rule = textOf(kind, p);
          const later = Math.floor((percent * 20 * years) / 6);
          const start = day * 86_400_000 + 34_200_000;
          const from = start + later * 86_400_000;
          const window = { from, to: from + Math.round(years * 366) * 86_400_000 };
          assert.deepEqual(
            locals(rule, window, start),
            oracle(rule, window, start),
            `${rule} from ${formatTime(utcTime(start))}`,
          );
        }),
        { numRuns: runs },
      );
    });
  }

  test('leaping into a window gives what walking to it gives', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(RULES)), parts, fc.integer({ min: 0, max: 1000 }), (kind, p, later) => {
        const rule = textOf(kind, p);
        const from = START + later * 86_400_000;
        const to = from + 40 * 86_400_000;
        const walked = locals(rule, { from: START, to }).filter((local) => local >= from);
        assert.deepEqual(locals(rule, { from, to }), walked, rule);
      }),
      { numRuns: 150 },
    );
  });

  test('SKIP moves days that a month does not have (RFC 7529 §4.1)', () => {
    const from31 = Date.UTC(2014, 0, 31, 12);
    const days = (rule: string, start = from31) => iso(rule, 5, start).map((time) => time.slice(5, 10));
    assert.deepEqual(days('FREQ=MONTHLY'), ['01-31', '03-31', '05-31', '07-31', '08-31']);
    assert.deepEqual(days('RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD'), ['01-31', '02-28', '03-31', '04-30', '05-31']);
    assert.deepEqual(days('RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD;COUNT=5'), ['01-31', '03-01', '03-31', '05-01', '05-31']);
    assert.deepEqual(days('RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD', Date.UTC(2016, 1, 29)), [
      '02-29',
      '03-01',
      '03-01',
      '03-01',
      '02-29',
    ]);
  });

  test('Chinese New Year (RFC 7529 §4.2)', () => {
    assert.deepEqual(
      iso('RSCALE=CHINESE;FREQ=YEARLY', 4, Date.UTC(2013, 1, 10)).map((time) => time.slice(0, 10)),
      ['2013-02-10', '2014-01-31', '2015-02-19', '2016-02-08'],
    );
    assert.throws(() => iso('RSCALE=KLINGON;FREQ=YEARLY', 1), TooComplex);
  });

  test('years from 1 to 9999', () => {
    assert.deepEqual(iso('FREQ=YEARLY;INTERVAL=9998', 3, localOf(1, 2, 28)), ['0001-02-28T00:00', '9999-02-28T00:00']);
    assert.deepEqual(iso('FREQ=DAILY', 3, localOf(9999, 12, 30)), ['9999-12-30T00:00', '9999-12-31T00:00']);
    const window = { from: localOf(9999, 1, 1), to: END_OF_TIME };
    assert.equal(locals('FREQ=DAILY', window, localOf(1601, 1, 1), new Budget(5000)).length, 365);
  });
});

describe('work is bounded', () => {
  test('forty years of a daily rule fit', () => {
    const window = { from: START, to: Date.UTC(2037, 8, 2) };
    assert.equal(locals('FREQ=DAILY', window, START, new Budget()).length, 14_610);
  });

  test('an endless SECONDLY rule leaps to a window a century later', () => {
    const from = Date.UTC(2097, 0, 1);
    assert.equal(locals('FREQ=SECONDLY', { from, to: from + 5000 }, START, new Budget(100)).length, 5);
    assert.equal(
      locals('FREQ=SECONDLY;INTERVAL=7;BYHOUR=3', { from, to: from + 86_400_000 }, START, new Budget(5000)).length,
      514,
    );
  });

  for (const rule of [
    'FREQ=SECONDLY',
    'FREQ=MINUTELY;BYSECOND=0,1,2,3,4,5',
    'FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31',
    'FREQ=SECONDLY;INTERVAL=60;BYSECOND=1',
  ]) {
    test(`${rule} over all time ends quickly`, () => {
      const started = cpu();
      try {
        locals(rule, { from: START, to: END_OF_TIME }, START, new Budget());
      } catch (error) {
        assert.ok(error instanceof TooComplex);
      }
      assert.ok(cpu() - started < 1500);
    });
  }
});

test('a rule is written as it was read', () => {
  for (const rule of [
    'FREQ=YEARLY;UNTIL=20261224T000000Z;INTERVAL=2;BYDAY=-1SU,MO;BYMONTH=1,2;BYSETPOS=-1;WKST=SU',
    'RSCALE=CHINESE;FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=5L;SKIP=FORWARD',
    'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD',
    'FREQ=DAILY;COUNT=3;BYSECOND=0;BYMINUTE=1;BYHOUR=2',
  ]) {
    assert.equal(formatRule(parseRule(rule)), rule);
  }
});
