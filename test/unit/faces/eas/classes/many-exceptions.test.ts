import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import { ZoneTable } from '../../../../../src/formats/ical/zones.js';
import { child, elements } from '../../../../../src/formats/wbxml/tree.js';
import { calendar, echo, render, sent, shown } from './support.js';

const EXCEPTIONS = 10_000;
const DAY = 86_400_000;
const stamp = (day: number) =>
  `${new Date(Date.UTC(2000, 0, 1, 9) + day * DAY).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
const event = (...lines: string[]) => ['BEGIN:VEVENT', 'UID:u', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'];

/** Every second day is deleted, the others have names of their own. */
function series(count: number): string {
  const half = Array.from({ length: count / 2 }, (_, n) => 2 * n);
  const overrides = half.flatMap((day) =>
    event(`RECURRENCE-ID:${stamp(day + 1)}`, `DTSTART:${stamp(day + 1)}`, `SUMMARY:${day}`),
  );
  const exdates = half.map((day) => `EXDATE:${stamp(day)}`);
  return calendar(...event(`DTSTART:${stamp(0)}`, 'RRULE:FREQ=DAILY', 'SUMMARY:s', ...exdates), ...overrides);
}

/** How often times are looked up while work is done: a measure that no busy machine changes. */
function lookUps(work: () => void): number {
  const { instant } = ZoneTable.prototype;
  let calls = 0;
  ZoneTable.prototype.instant = function (this: ZoneTable, ...args: Parameters<typeof instant>) {
    calls++;
    return instant.apply(this, args);
  };
  try {
    work();
  } finally {
    ZoneTable.prototype.instant = instant;
  }
  return calls;
}

for (const version of ['14.1', '16.1'] as const)
  test(`ten thousand exceptions cost no more each than a hundred, and stay (${version})`, () => {
    const itemClass = PIM_CLASSES.calendar;
    const work = (count: number) =>
      lookUps(() => {
        const stored = series(count);
        const item = render(itemClass, stored, shown(version));
        const exceptions = child(item, 'Calendar:Exceptions');
        assert.ok(exceptions && elements(exceptions).length <= 256, 'no more than a phone may be sent');
        assert.equal(itemClass.apply(stored, echo(item), sent(version)), stored);
      });
    const [few, many] = [work(500), work(EXCEPTIONS)];
    assert.ok(many < (few * EXCEPTIONS) / 500 + 10_000, `${many} look-ups instead of ${few} for 500`);
  });
