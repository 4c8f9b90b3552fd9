import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Component } from '../../../../src/formats/content-lines.js';
import { SeriesExceptions } from '../../../../src/formats/ical/exceptions.js';
import { openCalendarObject } from '../../../../src/formats/ical/parse.js';
import { dateTime, utcTime, zonedTime } from '../../../../src/formats/ical/values.js';
import { ZoneTable } from '../../../../src/formats/ical/zones.js';

const event = (...lines: string[]) => ['BEGIN:VEVENT', 'UID:u', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'];
const text = (...inner: string[]) => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', ...inner, 'END:VCALENDAR', ''].join('\r\n');

function open(source: string): SeriesExceptions {
  const object = openCalendarObject(source);
  const overrides = object.overrides.map(({ component }) => component);
  return new SeriesExceptions(object.calendar, object.master, overrides, new ZoneTable(object.timezones));
}

const BERLIN = text(
  ...event('DTSTART;TZID=Europe/Berlin:20260601T100000', 'RRULE:FREQ=DAILY', 'EXDATE:20260602T080000Z,20260603T080000Z'),
  ...event('RECURRENCE-ID;VALUE=DATE:20260604', 'DTSTART;TZID=Europe/Berlin:20260604T150000'),
);
const at = (day: number, hour: number) => Date.UTC(2026, 5, day, hour);

describe('exceptions of a series', () => {
  test('are found in whatever form their original start is written', () => {
    const exceptions = open(BERLIN);
    assert.ok(exceptions.isExcluded(zonedTime(at(2, 10), 'Europe/Berlin')));
    assert.ok(exceptions.isExcluded(utcTime(at(3, 8))));
    assert.ok(exceptions.override(utcTime(at(4, 8))));
    assert.ok(exceptions.override(dateTime(at(4, 0))));
    assert.ok(!exceptions.has(utcTime(at(5, 8))));
  });

  test('an excluded occurrence has no override, and is excluded once', () => {
    const exceptions = open(BERLIN);
    for (let n = 0; n < 2; n++) exceptions.exclude(zonedTime(at(4, 10), 'Europe/Berlin'));
    const stored = exceptions.calendar.toString();
    assert.doesNotMatch(stored, /RECURRENCE-ID/);
    assert.equal(stored.match(/EXDATE;TZID=Europe\/Berlin:20260604T100000/g)?.length, 1);
  });

  test('one that is put back leaves the others of its line', () => {
    const exceptions = open(BERLIN);
    exceptions.include(zonedTime(at(2, 10), 'Europe/Berlin'));
    assert.match(exceptions.calendar.toString(), /EXDATE:20260603T080000Z\r\n/);
    exceptions.include(utcTime(at(3, 8)));
    assert.doesNotMatch(exceptions.calendar.toString(), /EXDATE/);
  });
});

describe('changes of all that follow (RANGE=THISANDFUTURE)', () => {
  const range = event(
    'RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260603T100000',
    'DTSTART;TZID=Europe/Berlin:20260603T140000',
    'DTEND;TZID=Europe/Berlin:20260603T153000',
    'SUMMARY:later',
    'X-KEPT:1',
  );
  const series = (rule: string, ...more: string[]) =>
    text(...event('DTSTART;TZID=Europe/Berlin:20260601T100000', 'DURATION:PT1H', `RRULE:${rule}`), ...range, ...more);
  const zoned = (day: number, hour: number) => zonedTime(at(day, hour), 'Europe/Berlin');
  const idsOf = ({ calendar }: SeriesExceptions) =>
    calendar
      .toString()
      .match(/^(?:RECURRENCE-ID|EXDATE|DTSTART).*$/gm)
      ?.slice(1)
      .map((line) => line.trim());

  test('one occurrence for itself has what the range says', () => {
    const exceptions = open(series('FREQ=DAILY'));
    const found = exceptions.single(utcTime(at(5, 8)));
    assert.ok(found?.isNew && exceptions.hasRanges);
    assert.deepEqual(
      found.component.properties
        .map(String)
        .map((line) => line.trim())
        .slice(2),
      [
        'RECURRENCE-ID;TZID=Europe/Berlin:20260605T100000',
        'DTSTART;TZID=Europe/Berlin:20260605T140000',
        'DTEND;TZID=Europe/Berlin:20260605T153000',
        'SUMMARY:later',
        'X-KEPT:1',
      ],
    );
  });

  test('the first of a range is set apart, and the range begins with the next one', () => {
    const exceptions = open(
      series('FREQ=DAILY', ...event('RECURRENCE-ID;TZID=Europe/Berlin:20260604T100000', 'DTSTART:20260604T050000Z')),
    );
    assert.equal(exceptions.override(zoned(3, 10)), undefined);
    const single = exceptions.single(zoned(3, 10));
    assert.ok(single?.isNew);
    exceptions.add(single.component);
    assert.equal(exceptions.override(zoned(3, 10)), single.component);
    assert.deepEqual(idsOf(exceptions), [
      'RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260605T100000',
      'DTSTART;TZID=Europe/Berlin:20260605T140000',
      'RECURRENCE-ID;TZID=Europe/Berlin:20260604T100000',
      'DTSTART:20260604T050000Z',
      'RECURRENCE-ID;TZID=Europe/Berlin:20260603T100000',
      'DTSTART;TZID=Europe/Berlin:20260603T140000',
    ]);
  });

  test('the first of a range is deleted alone; the last one takes the range with it', () => {
    const exceptions = open(series('FREQ=DAILY;COUNT=4'));
    exceptions.exclude(zoned(3, 10));
    assert.deepEqual(idsOf(exceptions), [
      'EXDATE;TZID=Europe/Berlin:20260603T100000',
      'RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260604T100000',
      'DTSTART;TZID=Europe/Berlin:20260604T140000',
    ]);
    exceptions.exclude(zoned(4, 10));
    assert.ok(!exceptions.hasRanges);
    assert.doesNotMatch(exceptions.calendar.toString(), /RANGE/);
  });

  test('a range goes to an occurrence that there is', () => {
    const exceptions = open(series('FREQ=DAILY;INTERVAL=3'));
    exceptions.settle(exceptions.range(zoned(20, 10)) as Component);
    assert.deepEqual(idsOf(exceptions), [
      'RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260604T100000',
      'DTSTART;TZID=Europe/Berlin:20260604T140000',
    ]);
  });
});
