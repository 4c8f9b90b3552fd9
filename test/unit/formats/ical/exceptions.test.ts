import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
