import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseContentLines, serializeContentLines } from '../../../../src/formats/content-lines.js';
import { CalendarEditor } from '../../../../src/formats/ical/edit.js';
import { alarmsIn, indexCalendarObject } from '../../../../src/formats/ical/index-row.js';
import { occurrences } from '../../../../src/formats/ical/occurrences.js';
import { readCalendarObject } from '../../../../src/formats/ical/parse.js';
import { ianaZone } from '../../../../src/formats/zones.js';
import { fixturePath } from '../../../support/paths.js';

const read = (name: string) => readFileSync(fixturePath('ical', name), 'utf8');
const iso = (at: number) => new Date(at).toISOString().slice(0, 16);
const zone = ianaZone('Europe/Berlin')!;

/** File → occurrences until 2029 (start/end in UTC, title), for a viewer in Berlin. */
const EXPECTED: Readonly<Record<string, string[]>> = {
  'apple-weekly-with-moved-occurrence.ics': [
    '2026-03-18T09:00/2026-03-18T10:00 Jour fixe',
    '2026-03-25T09:00/2026-03-25T10:00 Jour fixe',
    '2026-04-02T13:00/2026-04-02T14:00 Jour fixe (verschoben)',
    '2026-04-15T08:00/2026-04-15T09:00 Jour fixe',
  ],
  'outlook-customized-zone.ics': [
    '2026-03-05T19:00/2026-03-05T20:00 Review',
    '2026-03-12T18:00/2026-03-12T19:00 Review',
    '2026-03-19T18:00/2026-03-19T19:00 Review',
  ],
  'google-birthday.ics': [
    '2024-02-28T23:00/2024-02-29T23:00 Birthday of the leapling',
    '2028-02-28T23:00/2028-02-29T23:00 Birthday of the leapling',
  ],
  'thunderbird-this-and-future.ics': [
    '2026-03-06T12:00/2026-03-06T12:45 Run',
    '2026-03-07T12:00/2026-03-07T12:45 Run',
    '2026-03-08T12:30/2026-03-08T13:30 Run later',
    '2026-03-09T12:30/2026-03-09T13:30 Run later',
    '2026-03-10T12:30/2026-03-10T13:30 Run later',
  ],
};

describe('calendars as clients write them', () => {
  for (const name of readdirSync(fixturePath('ical')).filter((file) => file.endsWith('.ics'))) {
    test(`${name} is taken and kept byte for byte`, () => {
      const text = read(name);
      assert.equal(serializeContentLines(parseContentLines(text)), text);
      const object = readCalendarObject(text);
      assert.equal(CalendarEditor.open(text).toString(), text);
      const row = indexCalendarObject(object, { horizon: { from: Date.UTC(2025, 0, 1), to: Date.UTC(2029, 0, 1) } });
      for (const { span } of occurrences(object, { from: Date.UTC(2024, 0, 1), to: Date.UTC(2029, 0, 1), zone }))
        assert.ok(row.spans.some(({ start, end }) => start < span.end && end > span.start));
    });

    const expected = EXPECTED[name];
    if (!expected) continue;
    test(`${name} happens when its author meant`, () => {
      const found = [
        ...occurrences(readCalendarObject(read(name)), { from: Date.UTC(2020, 0, 1), to: Date.UTC(2029, 0, 1), zone }),
      ];
      assert.deepEqual(
        found.map(({ start, end, component }) => `${iso(start)}/${iso(end)} ${component.first('SUMMARY')?.text}`),
        expected,
      );
    });
  }

  test('a to-do due on a date rings at nine of that day, each time', () => {
    const object = readCalendarObject(read('tasks-app-due-only.ics'));
    const rings = [...alarmsIn(object, { from: Date.UTC(2026, 0, 12), to: Date.UTC(2026, 0, 20), zone })].map(({ at }) =>
      iso(at),
    );
    assert.deepEqual(rings, ['2026-01-12T08:00', '2026-01-15T08:00', '2026-01-19T08:00']);
  });

  test('quoted parameters folded within their quotes are read whole', () => {
    const location = readCalendarObject(read('apple-weekly-with-moved-occurrence.ics')).master!.first(
      'X-APPLE-STRUCTURED-LOCATION',
    )!;
    assert.equal(location.param('X-ADDRESS'), 'Unter den Linden 42\\n10117 Berlin');
    assert.equal(location.value, 'geo:52.516900,13.386900');
  });
});
