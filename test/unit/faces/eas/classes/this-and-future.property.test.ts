import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import { occurrences } from '../../../../../src/formats/ical/occurrences.js';
import { readCalendarObject } from '../../../../../src/formats/ical/parse.js';
import { decode } from '../../../../../src/formats/wbxml/decode.js';
import { encode } from '../../../../../src/formats/wbxml/encode.js';
import { child, childText, type Element, el, elements } from '../../../../../src/formats/wbxml/tree.js';
import { ianaZone } from '../../../../../src/formats/zones.js';
import { decodeTag } from '../../../../support/eas-phone-wbxml.js';
import { happeningsOnPhone } from '../../../../support/phone-series.js';
import { type Happening, happenings, type RangeSeries, rangeSeries, textOf } from '../../../../support/range-series.js';
import { echo, render, sent, shown, USER, VERSIONS } from './support.js';

/** The same cases in each run; RANGE_SEED gives others. A failure prints its seed. */
const SEED = Number(process.env.RANGE_SEED ?? 20261123);
const { calendar } = PIM_CLASSES;
const zone = ianaZone(USER.zone)!;
const apply = calendar.applyInstance!;

interface Seen {
  readonly start: number;
  readonly end: number;
  readonly summary: string;
}

const told = (found: readonly Seen[]) =>
  found.map(({ start, end, summary }) => `${new Date(start).toISOString()} ${(end - start) / 60_000} ${summary}`).sort();

const phone = (text: string, version: EasVersion) => {
  const seen = happeningsOnPhone(decodeTag(Buffer.from(encode(render(calendar, text, shown(version))))), version);
  // Days have no zone from 16.0 on: dates stand for midnights where the user is.
  const isDays = version.startsWith('16') && childText(render(calendar, text, shown(version)), 'Calendar:AllDayEvent') === '1';
  const at = (instant: number) => (isDays ? zone.toInstant(instant) : instant);
  return seen.map((one) => ({ ...one, start: at(one.start), end: at(one.end) }));
};

const expanded = (text: string): Seen[] =>
  [...occurrences(readCalendarObject(text), { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, zone })].map(
    ({ start, end, component }) => ({ start, end, summary: component.first('SUMMARY')?.text ?? '' }),
  );

const item = (text: string, version: EasVersion): Element => decode(encode(render(calendar, text, shown(version))));

/** Without times that clocks skip: phones have an occurrence an hour later where RFC 5545 has none. */
const cases = rangeSeries().filter(({ start }) => start.hour !== 2);
const versions = fc.constantFrom(...VERSIONS);

const check = (runs: number, property: (series: RangeSeries, version: EasVersion, pick: number) => void, of = versions) =>
  fc.assert(fc.property(cases, of, fc.nat(), property), { numRuns: runs, seed: SEED });

/** The exceptions of an item, one of them replaced, or one added. */
function withException(from: Element, key: string, change: (exception: Element) => Element): Element {
  const all = elements(child(from, 'Calendar:Exceptions') ?? el('Calendar:Exceptions'));
  const found = all.find((one) => childText(one, 'Calendar:ExceptionStartTime') === key);
  const changed = change(found ?? el('Calendar:Exception', el('Calendar:ExceptionStartTime', key)));
  return el('Calendar:Exceptions', [...all.filter((one) => one !== found), changed]);
}

const compact = (instant: number) => new Date(instant).toISOString().replace(/[-:]|\.000/g, '');
const subjectOf = (exception: Element, subject: string) =>
  el(
    'Calendar:Exception',
    elements(exception).filter(({ tag }) => tag !== 'Calendar:Subject'),
    el('Calendar:Subject', subject),
  );

/** How the protocol names an occurrence. */
const keyOf = ({ original, id }: Happening, { kind }: RangeSeries, version: EasVersion): string =>
  kind === 'date' && version.startsWith('16') ? `${id}Z` : compact(original);

const renamedOne = (all: readonly Happening[], one: Happening, summary: string) =>
  all.map((each) => (each === one ? { ...each, summary } : each));

describe('series changed from one occurrence on (RANGE=THISANDFUTURE)', () => {
  it('happen on phones of each version when the RFC says, under the names they have then', () => {
    check(500, (series, version) =>
      assert.deepEqual(told(phone(textOf(series, 'u'), version)), told(happenings(series, USER.zone))),
    );
  });

  it('come back as they were from a phone that changed nothing', () => {
    check(300, (series, version) => {
      const text = textOf(series, 'u');
      assert.equal(calendar.apply(text, echo(item(text, version)), sent(version)), text);
    });
  });

  it('differ in one occurrence alone when a phone renames it; what else the range said of it stays', () => {
    check(500, (series, version, pick) => {
      const text = textOf(series, 'u');
      const all = happenings(series, USER.zone);
      const one = all[pick % Math.max(1, all.length)];
      if (!one) return;
      const key = keyOf(one, series, version);
      const shownItem = item(text, version);
      const changed = version.startsWith('16')
        ? apply(
            text,
            new Date(Date.parse(key.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'))),
            el('AirSync:ApplicationData', el('Calendar:Subject', 'mine')),
            sent(version),
          )
        : calendar.apply(
            text,
            echo(
              shownItem,
              withException(shownItem, key, (exception) => subjectOf(exception, 'mine')),
            ),
            sent(version),
          );
      const wanted = told(renamedOne(all, one, 'mine'));
      assert.deepEqual(told(expanded(changed)), wanted);
      assert.deepEqual(told(phone(changed, version)), wanted);
      assert.equal(calendar.apply(changed, echo(item(changed, version)), sent(version)), changed, 'the result is stable');
      if (one.summary !== 'series') {
        const own = changed.split('BEGIN:VEVENT').find((part) => part.includes('SUMMARY:mine'));
        assert.match(own ?? '', /X-KEPT;X-P="a;b":of the override/);
        assert.doesNotMatch(own ?? '', /RANGE/);
      }
    });
  });

  it('lose one occurrence alone when a phone deletes it', () => {
    check(500, (series, version, pick) => {
      const text = textOf(series, 'u');
      const all = happenings(series, USER.zone);
      const one = all[pick % Math.max(1, all.length)];
      if (!one) return;
      const key = keyOf(one, series, version);
      const shownItem = item(text, version);
      const deleted = el('Calendar:Exception', el('Calendar:Deleted', true), el('Calendar:ExceptionStartTime', key));
      const changed = version.startsWith('16')
        ? apply(text, new Date(Date.parse(key.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'))), null, sent(version))
        : calendar.apply(
            text,
            echo(
              shownItem,
              withException(shownItem, key, () => deleted),
            ),
            sent(version),
          );
      const wanted = told(all.filter((each) => each !== one));
      assert.deepEqual(told(expanded(changed)), wanted);
      if (wanted.length > 0) assert.deepEqual(told(phone(changed, version)), wanted);
    });
  });

  it('renamed as a whole keep the names that occurrences had of their own', () => {
    check(300, (series, version) => {
      const text = textOf(series, 'u');
      const changed = calendar.apply(text, echo(item(text, version), el('Calendar:Subject', 'all')), sent(version));
      const wanted = happenings(series, USER.zone).map((one) => (one.summary === 'series' ? { ...one, summary: 'all' } : one));
      assert.deepEqual(told(expanded(changed)), told(wanted));
    });
  });

  it('moved as a whole keep what holds from one occurrence on, and get no exceptions by it', () => {
    check(300, (series, version) => {
      if (series.kind === 'date' || series.until) return;
      const text = textOf(series, 'u');
      const shownItem = item(text, version);
      const later = (tag: 'Calendar:StartTime' | 'Calendar:EndTime') => {
        const at = childText(shownItem, tag)!.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:');
        return el(tag, compact(Date.parse(at) + 1_800_000));
      };
      const edit = [later('Calendar:StartTime'), later('Calendar:EndTime')];
      const data = version.startsWith('16') ? el('AirSync:ApplicationData', ...edit) : echo(shownItem, ...edit);
      const changed = calendar.apply(text, data, sent(version));
      checkKept(text, changed, series, version);
      const summaries = (all: readonly Seen[]) => all.map(({ summary }) => summary).sort();
      const [before, after] = [expanded(text), expanded(changed)].map((all) =>
        summaries(all.filter(({ summary }) => !summary.startsWith('only'))),
      );
      if (series.singles.length === 0 && series.deleted.length === 0) assert.deepEqual(after, before);
    });
  });

  it('with another pattern keep what holds from one occurrence on, where there still are some', () => {
    check(300, (series, version, pick) => {
      const text = textOf(series, 'u');
      const occurrences = 5 + (pick % 30);
      const pattern = el(
        'Calendar:Recurrence',
        el('Calendar:Type', 0),
        el('Calendar:Occurrences', occurrences),
        el('Calendar:Interval', 1 + (pick % 2)),
      );
      const data = version.startsWith('16') ? el('AirSync:ApplicationData', pattern) : echo(item(text, version), pattern);
      checkKept(text, calendar.apply(text, data, sent(version)), series, version);
    });
  });
});

const count = (text: string, what: RegExp) => text.match(what)?.length ?? 0;

/** Whether a phone sees what there is, no occurrence was made one of its own, and a range that has occurrences left is there. */
function checkKept(before: string, after: string, series: RangeSeries, version: EasVersion): void {
  assert.deepEqual(told(phone(after, version)), told(expanded(after)));
  assert.ok(count(after, /^BEGIN:VEVENT/gm) <= count(before, /^BEGIN:VEVENT/gm), 'no new exceptions');
  const first = [...series.ranges].sort((a, b) => a.index - b.index)[0];
  const seen = expanded(after);
  const isPlain = series.ranges.length === 1 && series.singles.length === 0 && series.deleted.length === 0;
  const isReached = seen.some(({ summary }) => summary === first?.summary);
  if (isPlain) assert.equal(isReached, after.includes(`SUMMARY:${first?.summary}\r`));
  assert.equal(calendar.apply(after, echo(item(after, version)), sent(version)), after, 'the result is stable');
}
