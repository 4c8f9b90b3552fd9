import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  alarmsIn,
  type IndexRow,
  indexCalendarObject,
  MAX_SPANS,
  overlaps,
  type Span,
} from '../../../../src/formats/ical/index-row.js';
import { Budget, occurrences } from '../../../../src/formats/ical/occurrences.js';
import { type CalendarObject, openCalendarObject } from '../../../../src/formats/ical/parse.js';
import { coverSpans } from '../../../../src/formats/ical/spans.js';
import { ianaZone } from '../../../../src/formats/zones.js';
import { cpu } from '../../../support/cpu.js';

const object = (...components: string[][]) =>
  openCalendarObject(['BEGIN:VCALENDAR', 'VERSION:2.0', ...components.flat(), 'END:VCALENDAR', ''].join('\r\n'));
const component = (name: string, ...lines: string[]) => [`BEGIN:${name}`, 'UID:1', ...lines, `END:${name}`];
const event = (...lines: string[]) => component('VEVENT', ...lines);
const alarm = (...lines: string[]) => ['BEGIN:VALARM', 'ACTION:DISPLAY', ...lines, 'END:VALARM'];

const HORIZON = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2028, 0, 1) };
const row = (source: CalendarObject) => indexCalendarObject(source, { horizon: HORIZON });
const instant = (text: string) => Date.parse(`${text}Z`);
const iso = (at: number) => (Number.isFinite(at) ? new Date(at).toISOString().slice(0, 16) : String(at));
const show = (spans: readonly Span[]) => spans.map(({ start, end }) => `${iso(start)}/${iso(end)}`);
const mayMatch = (spans: readonly Span[], { start, end }: Span) => spans.some((span) => span.start < end && span.end > start);
const hit = (source: CalendarObject, from: string, to: string, zone = 'UTC') => {
  const span = { start: instant(from), end: instant(to) };
  const found = overlaps(source, span, { zone: ianaZone(zone)! });
  if (found) assert.ok(mayMatch(row(source).spans, span), 'the index must not lose what matches');
  return found;
};

describe('rows', () => {
  test('a single event', () => {
    const one = row(
      object(event('DTSTART:20260101T100000Z', 'DTEND:20260101T110000Z', 'SEQUENCE:3', 'ORGANIZER:MAILTO:A@Example.org')),
    );
    assert.deepEqual(show(one.spans), ['2026-01-01T10:00/2026-01-01T11:00']);
    assert.deepEqual(
      [
        one.uid,
        one.component,
        one.openFrom,
        one.inexact,
        one.floating,
        one.hasRecurrence,
        one.sequence,
        one.organizer,
        one.completed,
      ],
      ['1', 'VEVENT', null, false, false, false, 3, 'mailto:a@example.org', false],
    );
  });

  test('an endless rule is exact within the horizon and open behind it', () => {
    const weekly = row(object(event('DTSTART:20260106T100000Z', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY')));
    assert.equal(weekly.spans.length, 105);
    assert.deepEqual(show(weekly.spans.slice(-2)), ['2027-12-28T10:00/2027-12-28T11:00', '2028-01-04T10:00/Infinity']);
    assert.deepEqual([weekly.openFrom, weekly.inexact], [instant('2028-01-04T10:00'), true]);
    assert.deepEqual(show([weekly.exact]), ['-Infinity/2028-01-01T00:00']);
  });

  test('what began before the horizon is one span until there', () => {
    const old = row(object(event('DTSTART:20200106T100000Z', 'DURATION:PT1H', 'RRULE:FREQ=MONTHLY;UNTIL=20260201T000000Z')));
    assert.deepEqual(show(old.spans.slice(0, 2)), ['2020-01-06T10:00/2025-01-01T00:00', '2025-01-06T10:00/2025-01-06T11:00']);
    assert.deepEqual([old.openFrom, show([old.exact])], [null, ['2025-01-01T00:00/Infinity']]);
  });

  test('a rule that ends behind the horizon has an end', () => {
    const ending = row(object(event('DTSTART:20270601T100000Z', 'RRULE:FREQ=YEARLY;UNTIL=20350601T100000Z')));
    assert.ok(ending.spans.at(-1)!.end < instant('2035-06-10T00:00'));
  });

  test('dates and floating times are widened to every viewer', () => {
    const day = row(object(event('DTSTART;VALUE=DATE:20260110')));
    assert.deepEqual([day.floating, ...show(day.spans)], [true, '2026-01-09T10:00/2026-01-11T12:00']);
  });

  test('a zone that nobody describes is the zone of the viewer', () => {
    const unknown = row(object(event('DTSTART;TZID=Nowhere:20260110T120000')));
    assert.deepEqual([unknown.floating, ...show(unknown.spans)], [true, '2026-01-09T22:00/2026-01-11T00:00']);
  });

  test('many spans become few that cover them', () => {
    const daily = row(object(event('DTSTART:20260101T100000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=700')));
    assert.equal(daily.spans.length, MAX_SPANS);
    assert.deepEqual([daily.inexact, daily.exact], [true, { start: 0, end: 0 }]);
    assert.deepEqual(
      show(
        coverSpans(
          [
            { start: 0, end: 1 },
            { start: 2, end: 3 },
            { start: 10, end: 11 },
            { start: 11, end: 12 },
          ],
          2,
        ),
      ),
      [show([{ start: 0, end: 3 }])[0], show([{ start: 10, end: 12 }])[0]],
    );
  });

  for (const rule of [
    'FREQ=SECONDLY',
    'FREQ=MINUTELY;BYSECOND=0,1,2,3,4,5,6,7,8,9,10',
    'FREQ=SECONDLY;COUNT=4000000000',
    'RSCALE=KLINGON;FREQ=DAILY',
  ]) {
    test(`${rule} gets one open span, quickly`, () => {
      const started = cpu();
      const source = object(event('DTSTART:20260101T100000Z', `RRULE:${rule}`, ...alarm('TRIGGER:-PT5M')));
      const complex = row(source);
      assert.ok(cpu() - started < 1000);
      assert.ok(mayMatch(complex.spans, { start: instant('2026-06-01T00:00'), end: instant('2026-06-01T00:01') }));
      assert.ok(mayMatch(complex.alarms, { start: instant('2026-06-01T00:00'), end: instant('2026-06-01T00:01') }));
      assert.ok(complex.inexact && complex.openFrom !== null);
      assert.equal(overlaps(source, { start: instant('2025-01-01T00:00'), end: instant('2026-01-01T09:00') }), false);
    });
  }

  test('durations, alarms and counts without measure are bounded', () => {
    const started = cpu();
    for (const lines of [
      ['DURATION:P999999999W', 'RRULE:FREQ=DAILY'],
      ['DTEND:99991231T235959Z', 'RRULE:FREQ=HOURLY'],
      [
        'RRULE:FREQ=DAILY',
        ...Array(2000)
          .fill(alarm('TRIGGER:-PT5M', 'REPEAT:999999999', 'DURATION:PT1M'))
          .flat(),
      ],
      ['RRULE:FREQ=YEARLY', ...alarm('TRIGGER:-P999999999W')],
      ['RRULE:FREQ=DAILY', `RDATE:${Array.from({ length: 5000 }, (_, at) => `${1000 + at}0101T000000Z`).join(',')}`],
    ]) {
      const bounded = row(object(event('DTSTART:20260101T100000Z', ...lines)));
      assert.ok(bounded.spans.length <= MAX_SPANS && bounded.alarms.length <= MAX_SPANS);
      for (const { start, end } of bounded.spans) assert.ok(!Number.isNaN(start) && !Number.isNaN(end));
    }
    assert.ok(cpu() - started < 4000, String(cpu() - started));
  });
});

describe('to-dos by the rows of RFC 4791 §9.9', () => {
  const todo = (...lines: string[]) => object(component('VTODO', ...lines));
  const noon = '2026-01-10T12:00';

  test('DTSTART and DURATION', () => {
    const source = todo('DTSTART:20260110T120000Z', 'DURATION:PT1H');
    assert.ok(hit(source, '2026-01-10T13:00', '2026-01-10T14:00'));
    assert.ok(!hit(source, '2026-01-10T13:00:01', '2026-01-10T14:00'));
    assert.ok(!hit(source, '2026-01-10T11:00', noon));
    assert.ok(hit(todo('DTSTART:20260110T120000Z', 'DURATION:PT0S'), '2026-01-10T11:00', noon));
  });

  test('DTSTART and DUE', () => {
    const source = todo('DTSTART:20260110T120000Z', 'DUE:20260110T130000Z');
    assert.ok(!hit(source, '2026-01-10T13:00', '2026-01-10T14:00'));
    assert.ok(!hit(source, '2026-01-10T11:00', noon));
    assert.ok(hit(source, '2026-01-10T12:30', '2026-01-10T12:31'));
    assert.ok(hit(todo('DTSTART:20260110T120000Z', 'DUE:20260110T120000Z'), '2026-01-10T11:00', noon));
  });

  test('DTSTART alone', () => {
    const source = todo('DTSTART:20260110T120000Z');
    assert.ok(hit(source, noon, '2026-01-10T13:00'));
    assert.ok(!hit(source, '2026-01-10T11:00', noon));
  });

  test('DUE alone', () => {
    const source = todo('DUE:20260110T120000Z');
    assert.ok(hit(source, '2026-01-10T11:00', noon));
    assert.ok(!hit(source, noon, '2026-01-10T13:00'));
    assert.ok(hit(todo('DUE;VALUE=DATE:20260110'), '2026-01-10T00:00', '2026-01-11T00:00'));
  });

  test('COMPLETED and CREATED', () => {
    const source = todo('COMPLETED:20260110T120000Z', 'CREATED:20260101T000000Z');
    assert.ok(hit(source, '2026-01-05T00:00', '2026-01-06T00:00'));
    assert.ok(hit(source, noon, '2026-01-11T00:00'));
    assert.ok(hit(source, '2025-01-05T00:00', '2026-01-01T00:00'));
    assert.ok(!hit(source, '2026-01-11T00:00', '2026-01-12T00:00'));
    assert.ok(hit(todo('COMPLETED:20260110T120000Z'), '2026-01-10T11:00', noon));
    assert.ok(!hit(todo('COMPLETED:20260110T120000Z'), '2026-01-10T12:01', '2026-01-11T00:00'));
  });

  test('CREATED alone, and nothing', () => {
    assert.ok(hit(todo('CREATED:20260101T000000Z'), '2030-01-01T00:00', '2030-01-02T00:00'));
    assert.ok(!hit(todo('CREATED:20260101T000000Z'), '2025-01-01T00:00', '2026-01-01T00:00'));
    assert.ok(hit(todo(), '1970-01-01T00:00', '1970-01-02T00:00'));
  });

  test('whether it is done', () => {
    assert.deepEqual(
      [
        ['STATUS:COMPLETED'],
        ['COMPLETED:20260101T000000Z'],
        ['PERCENT-COMPLETE:100'],
        ['STATUS:NEEDS-ACTION', 'PERCENT-COMPLETE:100'],
        [],
      ].map((lines) => row(todo(...lines)).completed),
      [true, true, true, false, false],
    );
  });
});

describe('other components', () => {
  test('journals (RFC 4791 §9.9)', () => {
    assert.ok(hit(object(component('VJOURNAL', 'DTSTART;VALUE=DATE:20260110')), '2026-01-10T23:00', '2026-01-10T23:30'));
    assert.ok(!hit(object(component('VJOURNAL', 'DTSTART:20260110T120000Z')), '2026-01-10T12:01', '2026-01-10T23:30'));
    assert.ok(!hit(object(component('VJOURNAL', 'SUMMARY:x')), '2000-01-01T00:00', '2030-01-01T00:00'));
    assert.deepEqual(row(object(component('VJOURNAL', 'SUMMARY:x'))).spans, []);
  });

  test('free/busy, availability, polls', () => {
    const busy = object(component('VFREEBUSY', 'FREEBUSY:20260110T120000Z/PT1H,20260111T120000Z/20260111T130000Z'));
    assert.ok(hit(busy, '2026-01-11T12:30', '2026-01-11T12:31'));
    assert.ok(!hit(busy, '2026-01-10T13:00', '2026-01-11T12:00'));
    assert.ok(hit(object(component('VAVAILABILITY')), '1990-01-01T00:00', '1990-01-02T00:00'));
    assert.ok(
      !hit(
        object(component('VAVAILABILITY', 'DTSTART:20260101T000000Z', 'DURATION:P1D')),
        '2026-01-02T00:00',
        '2026-01-03T00:00',
      ),
    );
    assert.ok(hit(object(component('VPOLL')), '1990-01-01T00:00', '1990-01-02T00:00'));
  });

  test('another component never matches', () => {
    assert.equal(overlaps(object(component('VTODO')), { start: 0, end: 1 }, { component: 'VEVENT' }), false);
  });

  test("the viewer's zone decides about days", () => {
    const day = object(event('DTSTART;VALUE=DATE:20260110'));
    assert.ok(hit(day, '2026-01-10T23:00', '2026-01-10T23:30'));
    assert.ok(!hit(day, '2026-01-10T23:00', '2026-01-10T23:30', 'Europe/Berlin'));
    assert.ok(hit(day, '2026-01-09T11:00', '2026-01-09T11:30', 'Pacific/Auckland'));
    assert.ok(hit(day, '2026-01-11T10:00', '2026-01-11T10:30', 'Etc/GMT+12'));
  });
});

describe('alarms', () => {
  const times = (source: CalendarObject, from: string, to: string, zone = 'UTC') =>
    [...alarmsIn(source, { from: instant(from), to: instant(to), zone: ianaZone(zone)! })].map(({ at }) => iso(at)).sort();

  test('relative to start and end, repeating, fixed', () => {
    const source = object(
      event(
        'DTSTART:20260110T120000Z',
        'DURATION:PT2H',
        ...alarm('TRIGGER:-PT15M', 'REPEAT:2', 'DURATION:PT5M'),
        ...alarm('TRIGGER;RELATED=END:PT10M'),
        ...alarm('TRIGGER;VALUE=DATE-TIME:20260101T000000Z'),
      ),
    );
    const all = ['2026-01-01T00:00', '2026-01-10T11:45', '2026-01-10T11:50', '2026-01-10T11:55', '2026-01-10T14:10'];
    assert.deepEqual(times(source, '2025-01-01T00:00', '2027-01-01T00:00'), all);
    assert.deepEqual(times(source, '2026-01-10T11:50', '2026-01-10T11:55'), ['2026-01-10T11:50']);
    assert.deepEqual(
      row(source).alarms.map(({ start }) => iso(start)),
      all,
    );
  });

  test('a day before keeps the wall clock over a change of the clock', () => {
    const source = object(
      event(
        'DTSTART;TZID=Europe/Berlin:20260329T100000',
        'RRULE:FREQ=DAILY;COUNT=2',
        ...alarm('TRIGGER:-P1D'),
        ...alarm('TRIGGER:-PT24H'),
      ),
    );
    assert.deepEqual(times(source, '2026-03-01T00:00', '2026-04-01T00:00'), [
      '2026-03-28T08:00',
      '2026-03-28T09:00',
      '2026-03-29T08:00',
      '2026-03-29T08:00',
    ]);
  });

  test('of an endless series are found at any time, and of an override alone', () => {
    const source = object(
      event('DTSTART:20200101T120000Z', 'RRULE:FREQ=DAILY', ...alarm('TRIGGER:-PT15M')),
      event('RECURRENCE-ID:20260110T120000Z', 'DTSTART:20260110T150000Z'),
    );
    assert.deepEqual(times(source, '2040-01-10T00:00', '2040-01-11T00:00'), ['2040-01-10T11:45']);
    assert.deepEqual(times(source, '2026-01-10T00:00', '2026-01-11T00:00'), []);
    for (const year of [2021, 2026, 2040])
      assert.ok(mayMatch(row(source).alarms, { start: Date.UTC(year, 5, 1), end: Date.UTC(year, 5, 2) }));
  });
});

test('an override far from a series that is too complex is found, and so is its alarm', () => {
  const source = object(
    event('DTSTART:20260101T100000Z', 'RRULE:FREQ=SECONDLY'),
    event('RECURRENCE-ID:20260101T100005Z', 'DTSTART:19900101T100000Z', ...alarm('TRIGGER:-PT15M')),
  );
  const day = { start: Date.UTC(1990, 0, 1), end: Date.UTC(1990, 0, 2) };
  assert.ok(overlaps(source, day) && mayMatch(row(source).spans, day) && mayMatch(row(source).alarms, day));
  const other = { start: Date.UTC(1991, 0, 1), end: Date.UTC(1991, 0, 2) };
  assert.ok(!overlaps(source, other) && !mayMatch(row(source).spans, other));
});

describe('the index against brute force', () => {
  const zoneName = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC');
  const kind = fc.constantFrom('zoned', 'utc', 'floating', 'date');
  const rule = fc.constantFrom(
    'FREQ=DAILY',
    'FREQ=DAILY;INTERVAL=3;COUNT=40',
    'FREQ=WEEKLY;BYDAY=MO,FR;UNTIL=20270301T000000Z',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU',
    'FREQ=MONTHLY;BYDAY=-1FR',
    'FREQ=MONTHLY;BYMONTHDAY=31;BYHOUR=2;BYMINUTE=30',
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=30',
    'FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU',
    'FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=WE',
    'FREQ=HOURLY;INTERVAL=9;COUNT=50',
    '',
  );
  const day = fc.integer({ min: Date.UTC(2024, 6, 1) / 86_400_000, max: Date.UTC(2026, 6, 1) / 86_400_000 });
  const spec = fc.record({
    zone: zoneName,
    kind,
    day,
    hour: fc.integer({ min: 0, max: 23 }),
    rule,
    length: fc.constantFrom('', 'PT1H', 'P1D', 'P3DT2H', 'PT36H'),
    moved: fc.option(
      fc.record({ nth: fc.integer({ min: 0, max: 20 }), by: fc.integer({ min: -400, max: 400 }), future: fc.boolean() }),
      { nil: undefined },
    ),
    excluded: fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined }),
    extra: fc.option(day, { nil: undefined }),
    trigger: fc.constantFrom('', '-PT15M', '-P1D', 'PT5M'),
  });
  type Spec = Parameters<Parameters<typeof fc.property<[typeof spec extends fc.Arbitrary<infer S> ? S : never]>>[1]>[0];

  const stamp = (local: number, s: Spec) => {
    const text = new Date(local).toISOString().slice(0, 19).replace(/[-:]/g, '');
    if (s.kind === 'date') return `;VALUE=DATE:${text.slice(0, 8)}`;
    if (s.kind === 'zoned') return `;TZID=${s.zone}:${text}`;
    return `:${text}${s.kind === 'utc' ? 'Z' : ''}`;
  };

  function build(s: Spec): CalendarObject {
    const start = s.day * 86_400_000 + (s.kind === 'date' ? 0 : s.hour * 3_600_000 + 1_800_000);
    const length = s.length === '' ? [] : [`DURATION:${s.kind === 'date' ? 'P2D' : s.length}`];
    const ring = s.trigger === '' ? [] : alarm(`TRIGGER:${s.trigger}`);
    const lines = [`DTSTART${stamp(start, s)}`, ...length, ...ring];
    if (s.rule !== '') lines.push(`RRULE:${s.rule}`);
    if (s.excluded !== undefined) lines.push(`EXDATE${stamp(start + s.excluded * 86_400_000, s)}`);
    if (s.extra !== undefined) lines.push(`RDATE${stamp(s.extra * 86_400_000, s)}`);
    if (!s.moved) return object(event(...lines));
    const id = start + s.moved.nth * 86_400_000;
    const range = s.moved.future ? ';RANGE=THISANDFUTURE' : '';
    return object(
      event(...lines),
      event(`RECURRENCE-ID${range}${stamp(id, s)}`, `DTSTART${stamp(id + s.moved.by * 3_600_000, s)}`, ...length),
    );
  }

  /** Every occurrence one by one from the beginning, without any leap. */
  function brute(source: CalendarObject, zone: string): Span[] {
    const all = occurrences(source, {
      from: Number.NEGATIVE_INFINITY,
      to: Date.UTC(2032, 0, 1),
      zone: ianaZone(zone)!,
      budget: new Budget(5_000_000),
    });
    return [...all].map(({ span }) => span);
  }

  function check(source: CalendarObject, found: IndexRow, truth: readonly Span[], window: Span, zone: string): void {
    const really = mayMatch(truth, window);
    const indexed = mayMatch(found.spans, window);
    if (really) assert.ok(indexed, `lost: ${show([window])}`);
    assert.equal(overlaps(source, window, { zone: ianaZone(zone)! }), really, `exact check of ${show([window])}`);
    const isExact = !found.floating && window.start >= found.exact.start && window.end <= found.exact.end;
    if (isExact) assert.equal(indexed, really, `exact index of ${show([window])}`);
  }

  test('no window loses an occurrence, and exact means exact', () => {
    const horizon = { from: Date.UTC(2025, 3, 1), to: Date.UTC(2027, 3, 1) };
    const windows = fc.array(fc.record({ at: fc.integer({ min: -200, max: 2000 }), hours: fc.constantFrom(0.25, 1, 24, 240) }), {
      minLength: 12,
      maxLength: 12,
    });
    fc.assert(
      fc.property(spec, windows, zoneName, (s, list, viewer) => {
        const source = build(s);
        const found = indexCalendarObject(source, { horizon });
        const truth = brute(source, viewer);
        const near = truth.slice(0, 400).filter((_, at) => at % 37 === 0);
        const edges = near.flatMap(({ start, end }) => [
          { start: start - 1, end: start },
          { start, end: start + 1 },
          { start: end, end: end + 1 },
        ]);
        const random = list.map(({ at, hours }) => {
          const start = (s.day + at) * 86_400_000 + 5_400_000;
          return { start, end: start + hours * 3_600_000 };
        });
        for (const window of [...random, ...edges])
          if (window.end < Date.UTC(2031, 0, 1)) check(source, found, truth, window, viewer);
        for (const ring of alarmsIn(source, {
          from: horizon.from,
          to: Date.UTC(2029, 0, 1),
          zone: ianaZone(viewer)!,
          budget: new Budget(5_000_000),
        }))
          assert.ok(mayMatch(found.alarms, { start: ring.at, end: ring.at + 1 }), `lost alarm ${iso(ring.at)}`);
      }),
      { numRuns: 60 },
    );
  });

  test('a thousand events are indexed in no long time', () => {
    const started = cpu();
    for (let at = 0; at < 1000; at++)
      row(
        object(
          event(
            `DTSTART;TZID=Europe/Berlin:2026${String((at % 12) + 1).padStart(2, '0')}10T100000`,
            'DURATION:PT1H',
            'RRULE:FREQ=WEEKLY',
            ...alarm('TRIGGER:-PT15M'),
          ),
        ),
      );
    assert.ok(cpu() - started < 5000, String(cpu() - started));
  });
});
