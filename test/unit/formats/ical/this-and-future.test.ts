import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { indexCalendarObject, overlaps } from '../../../../src/formats/ical/index-row.js';
import { occurrences } from '../../../../src/formats/ical/occurrences.js';
import { readCalendarObject } from '../../../../src/formats/ical/parse.js';
import { formatTime } from '../../../../src/formats/ical/values.js';
import { ianaZone } from '../../../../src/formats/zones.js';
import { happenings, type RangeSeries, rangeSeries, textOf } from '../../../support/range-series.js';

/** The same cases in each run; RANGE_SEED gives others. A failure prints its seed. */
const SEED = Number(process.env.RANGE_SEED ?? 20261123);
const RUNS = 1_000;
const VIEWER = 'Europe/Berlin';
const zone = ianaZone(VIEWER)!;
const EVER = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, zone };
const HOUR = 3_600_000;

const told = (found: Iterable<{ id: string; start: number; end: number; summary: string }>) =>
  [...found].map(({ id, start, end, summary }) => `${id} ${new Date(start).toISOString()} ${end - start} ${summary}`).sort();

function expanded(text: string, window: { from: number; to: number }) {
  return [...occurrences(readCalendarObject(text), { ...window, zone })].map(({ recurrenceId, start, end, component }) => ({
    id: formatTime(recurrenceId!)
      .replace(/Z$/, '')
      .replace(/^(\d{8})$/, '$1T000000'),
    start,
    end,
    summary: component.first('SUMMARY')?.text ?? '',
  }));
}

const check = (property: (series: RangeSeries) => void) =>
  fc.assert(fc.property(rangeSeries(), property), { numRuns: RUNS, seed: SEED });

describe('changes of all that follow (RFC 5545 §3.2.13, §3.8.4.4)', () => {
  test(`${RUNS} random series happen as the RFC says, day by day`, () => {
    check((series) => assert.deepEqual(told(expanded(textOf(series, 'u'), EVER)), told(happenings(series, VIEWER))));
  });

  test('any window finds what overlaps it', () => {
    check((series) => {
      const text = textOf(series, 'u');
      const all = happenings(series, VIEWER);
      for (const { start, end } of all.slice(0, 4)) {
        const window = { from: start - HOUR, to: end + HOUR };
        const inside = all.filter((one) => one.start < window.to && Math.max(one.end, one.start + 1) > window.from);
        assert.deepEqual(told(expanded(text, window)), told(inside));
      }
    });
  });

  test('the index has a span for each, and none where there is nothing', () => {
    check((series) => {
      const object = readCalendarObject(textOf(series, 'u'));
      const all = happenings(series, VIEWER);
      for (const horizon of [
        { from: Date.UTC(2020), to: Date.UTC(2040) },
        { from: Date.UTC(2026, 3), to: Date.UTC(2026, 9) },
      ]) {
        const row = indexCalendarObject(object, { horizon });
        for (const { start, end } of all) {
          assert.ok(
            row.spans.some((span) => span.start <= start && span.end >= end),
            'each lies in a span',
          );
          assert.ok(overlaps(object, { start, end: start + 1 }, { zone }));
        }
        if (row.floating) continue;
        const known = row.spans.filter((span) => span.start >= row.exact.start && span.end <= row.exact.end);
        for (const span of known)
          assert.ok(
            all.some(({ start }) => start >= span.start && start < span.end),
            'no span without one',
          );
      }
    });
  });
});
