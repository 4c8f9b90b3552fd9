import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { CalendarEditor } from '../../../../src/formats/ical/edit.js';
import { IcalError, TooComplex } from '../../../../src/formats/ical/error.js';
import { alarmsIn, indexCalendarObject, overlaps } from '../../../../src/formats/ical/index-row.js';
import { Budget, occurrences } from '../../../../src/formats/ical/occurrences.js';
import { openCalendarObject, readCalendarObject } from '../../../../src/formats/ical/parse.js';
import { dateTime } from '../../../../src/formats/ical/values.js';
import { ianaZone } from '../../../../src/formats/zones.js';
import { cpu } from '../../../support/cpu.js';

/** Only these may come out of data, however odd; anything else is a bug. */
function expected(error: unknown): void {
  if (!(error instanceof IcalError || error instanceof TooComplex)) throw error;
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    expected(error);
  }
}

/** Everything that is done with a text between PUT and REPORT. */
function useAll(text: string): void {
  attempt(() => readCalendarObject(text));
  attempt(() => {
    const object = openCalendarObject(text);
    const zone = ianaZone('Europe/Berlin')!;
    const window = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 1, 1), zone };
    attempt(() => {
      const row = indexCalendarObject(object, { horizon: window, steps: 20_000 });
      for (const { start, end } of [...row.spans, ...row.alarms]) assert.ok(start < end, `${start} ${end}`);
    });
    attempt(() => overlaps(object, { start: window.from, end: window.to }, { zone, budget: new Budget(20_000) }));
    attempt(() => {
      for (const { start, end } of occurrences(object, { ...window, budget: new Budget(20_000) }))
        assert.ok(new Date(start).toISOString() && new Date(end).toISOString());
    });
    attempt(() => assert.ok([...alarmsIn(object, { ...window, budget: new Budget(20_000) })]));
  });
  attempt(() => {
    const editor = CalendarEditor.open(text);
    attempt(() => editor.master?.setReminder(60_000));
    attempt(() => editor.addOverride(dateTime(Date.UTC(2026, 0, 2))));
    attempt(() => editor.exclude(dateTime(Date.UTC(2026, 0, 3))));
    attempt(() => editor.include(dateTime(Date.UTC(2026, 0, 3))));
    assert.ok(editor.toString());
  });
}

const name = fc.constantFrom(
  'DTSTART',
  'DTEND',
  'DUE',
  'DURATION',
  'RRULE',
  'RDATE',
  'EXDATE',
  'EXRULE',
  'RECURRENCE-ID',
  'TRIGGER',
  'REPEAT',
  'CREATED',
  'COMPLETED',
  'SEQUENCE',
  'FREEBUSY',
  'STATUS',
  'UID',
);
const param = fc.constantFrom(
  '',
  '',
  '',
  ';TZID=Europe/Berlin',
  ';TZID=Own',
  ';TZID=',
  ';VALUE=DATE',
  ';VALUE=PERIOD',
  ';VALUE=DATE-TIME',
  ';RANGE=THISANDFUTURE',
  ';RELATED=END',
);
const value = fc.constantFrom(
  '20260101T100000Z',
  '20260101T100000',
  '20260101',
  '00010101T000000Z',
  '99991231T235959Z',
  '99991231',
  '20260329T023000',
  '20260101T100000Z/PT1H',
  '20260101T100000Z/P999999999W',
  '20260102,20260103',
  'PT1H',
  '-P999999999W',
  'P999999999DT999999999H',
  '-PT0S',
  'FREQ=DAILY',
  'FREQ=SECONDLY',
  'FREQ=SECONDLY;COUNT=9999999999;INTERVAL=9999999999',
  'FREQ=YEARLY;INTERVAL=9999999999',
  'FREQ=YEARLY;BYDAY=53MO,-53FR;BYSETPOS=-366',
  'FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=00010101',
  'FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=366;BYMONTH=2',
  'FREQ=MINUTELY;BYHOUR=3;BYMINUTE=61',
  'RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=30;SKIP=FORWARD',
  '999999999',
  '',
  'x',
);
const line = fc.tuple(name, param, value).map(([n, p, v]) => `${n}${p}:${v}`);
const lines = fc.array(line, { maxLength: 6 });
const alarm = lines.map((inner) => ['BEGIN:VALARM', 'ACTION:DISPLAY', ...inner, 'END:VALARM']);
const kind = fc.constantFrom('VEVENT', 'VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VAVAILABILITY', 'VPOLL', 'VALARM');
const start = fc.constantFrom(
  'DTSTART:20260101T100000Z',
  'DTSTART;TZID=Europe/Berlin:20260101T100000',
  'DTSTART;TZID=Own:20260101T100000',
  'DTSTART;VALUE=DATE:20260101',
  'DTSTART:99991231T235959',
  '',
);
const component = fc
  .tuple(kind, start, lines, alarm)
  .map(([k, s, inner, ring]) => [`BEGIN:${k}`, 'UID:1', ...(s ? [s] : []), ...inner, ...ring, `END:${k}`]);
const timezone = fc
  .tuple(lines, fc.constantFrom('+0100', '-1200', '+9959', 'x'))
  .map(([inner, offset]) => [
    'BEGIN:VTIMEZONE',
    'TZID:Own',
    'BEGIN:STANDARD',
    'DTSTART:19700101T000000',
    `TZOFFSETFROM:${offset}`,
    `TZOFFSETTO:${offset}`,
    ...inner,
    'END:STANDARD',
    'END:VTIMEZONE',
  ]);

describe('odd and hostile calendars', () => {
  test('end in an answer or a named refusal, never otherwise', () => {
    fc.assert(
      fc.property(timezone, component, component, (zone, first, second) => {
        const texts = [first, [...first, ...second]].map((inner) =>
          ['BEGIN:VCALENDAR', 'VERSION:2.0', ...zone, ...inner, 'END:VCALENDAR', ''].join('\r\n'),
        );
        for (const text of texts) useAll(text);
      }),
      { numRuns: 150 },
    );
  });

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (noise) => {
        useAll(noise);
        useAll(
          `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:${noise}\r\nDTSTART:${noise}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
        );
      }),
      { numRuns: 60 },
    );
  });

  const costly: Record<string, string[]> = {
    'three thousand overrides of THISANDFUTURE': Array.from({ length: 2900 }, (_, at) => {
      const day = new Date(Date.UTC(2026, 0, 1) + at * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
      return [
        'BEGIN:VEVENT',
        'UID:1',
        `RECURRENCE-ID;RANGE=THISANDFUTURE:${day}T100000Z`,
        `DTSTART:${day}T110000Z`,
        'END:VEVENT',
      ];
    }).flat(),
    'ten thousand dates': [
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART:20260101T100000Z',
      `RDATE:${Array.from({ length: 9999 }, (_, at) => `${String(at + 1).padStart(4, '0')}0202T000000Z`).join()}`,
      'END:VEVENT',
    ],
    'a hundred rules': [
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART:20260101T100000Z',
      ...Array(100).fill('RRULE:FREQ=DAILY;BYSECOND=1,2,3;BYHOUR=1,2,3,4'),
      'END:VEVENT',
    ],
    'a rule taken out by its like': [
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART:20260101T100000Z',
      'RRULE:FREQ=MINUTELY',
      'EXRULE:FREQ=MINUTELY',
      'END:VEVENT',
    ],
    'twenty thousand alarms': [
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART:20260101T100000Z',
      'RRULE:FREQ=DAILY',
      ...Array(20_000).fill(['BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT5M', 'END:VALARM']).flat(),
      'END:VEVENT',
    ],
    'a megabyte of categories': [
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART:20260101T100000Z',
      `CATEGORIES:${'a\\,'.repeat(350_000)}`,
      'END:VEVENT',
    ],
  };
  for (const [title, inner] of Object.entries(costly)) {
    test(`${title} cost no more than a moment`, () => {
      const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...inner, 'END:VCALENDAR', ''].join('\r\n');
      const started = cpu();
      useAll(text);
      const spent = cpu() - started;
      assert.ok(spent < 20_000, `${Math.round(spent)} ms`);
    });
  }
});

describe('zoned series against rrule-temporal', () => {
  test('the same instants over changes of the clock', () => {
    const rule = fc.constantFrom(
      'FREQ=DAILY',
      'FREQ=DAILY;INTERVAL=5',
      'FREQ=WEEKLY;BYDAY=SU,WE',
      'FREQ=MONTHLY;BYDAY=-1SU',
      'FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU,2SU',
      'FREQ=DAILY;COUNT=30',
      'FREQ=WEEKLY;UNTIL=20270401T000000Z',
    );
    const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago');
    fc.assert(
      fc.property(rule, zone, fc.integer({ min: 0, max: 800 }), fc.integer({ min: 0, max: 47 }), (text, tzid, day, half) => {
        const local = new Date(Date.UTC(2025, 0, 1) + day * 86_400_000 + half * 1_800_000)
          .toISOString()
          .slice(0, 19)
          .replace(/[-:]/g, '');
        if (!ianaZone(tzid)!.exists(Date.UTC(2025, 0, 1) + day * 86_400_000 + half * 1_800_000)) return;
        const until = Date.UTC(2027, 11, 31);
        const object = openCalendarObject(
          `BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=${tzid}:${local}\nRRULE:${text}\nEND:VEVENT\nEND:VCALENDAR\n`,
        );
        const ours = [...occurrences(object, { from: 0, to: until })].map((occurrence) => occurrence.start);
        const series = new RRuleTemporal({ rruleString: `DTSTART;TZID=${tzid}:${local}\nRRULE:${text}`, includeDtstart: true });
        const theirs = series.between(new Date(0), new Date(until - 1), true).map((time) => time.epochMilliseconds);
        // With DTSTART outside the rule, COUNT takes it in for us and not for them.
        if (text.includes('COUNT') && theirs.length !== ours.length) return;
        assert.deepEqual(ours, theirs, `${tzid} ${local} ${text}`);
      }),
      { numRuns: 40 },
    );
  });
});
