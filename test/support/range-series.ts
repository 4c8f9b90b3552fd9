import { Temporal } from '@js-temporal/polyfill';
import fc from 'fast-check';
import { compactLocal, instantOf } from './zone-views.js';

/**
 * Series with changes of single occurrences and of all that follow one (RANGE=THISANDFUTURE), as texts and as what RFC 5545
 * says of them, worked out day by day: no code of the gateway has part in that.
 */

type Local = Temporal.PlainDateTime;

/** What an override says: other times, another length, other words. */
interface Change {
  /** Which of the series' starts, counted without EXDATE. */
  readonly index: number;
  readonly days: number;
  readonly minutes: number;
  readonly length: number | null;
  readonly inUtc: boolean;
  readonly summary: string;
}

export interface RangeSeries {
  readonly kind: 'zoned' | 'utc' | 'date' | 'floating';
  readonly zone: string;
  readonly start: Local;
  /** Minutes; days of a series of days. */
  readonly length: number;
  readonly freq: 'DAILY' | 'WEEKLY' | 'MONTHLY';
  readonly interval: number;
  readonly weekdays: readonly number[];
  readonly count: number;
  /** Says UNTIL instead of COUNT. */
  readonly until: boolean;
  readonly deleted: readonly number[];
  readonly ranges: readonly Change[];
  readonly singles: readonly Change[];
  readonly ends: 'DTEND' | 'DURATION';
}

/** One occurrence as it happens. Instants are milliseconds; of days they are midnights where the viewer is. */
export interface Happening {
  /** Original start on the wall clock. */
  readonly id: string;
  readonly original: number;
  readonly start: number;
  readonly end: number;
  readonly summary: string;
}

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const zoneOf = ({ kind, zone }: RangeSeries, viewer: string): string =>
  kind === 'utc' ? 'UTC' : kind === 'zoned' ? zone : viewer;

/** The starts that DTSTART and RRULE give, day by day. */
export function startsOf(series: RangeSeries): Local[] {
  const { start, freq, interval, weekdays, count, kind, zone } = series;
  const monday = start.toPlainDate().subtract({ days: start.dayOfWeek - 1 });
  const starts: Local[] = [];
  for (let day = start.toPlainDate(), n = 0; starts.length < count && n < 3000; day = day.add({ days: 1 }), n++) {
    const weeks = Math.floor(monday.until(day, { largestUnit: 'day' }).days / 7);
    const months = (day.year - start.year) * 12 + day.month - start.month;
    const isIn = {
      DAILY: n % interval === 0,
      WEEKLY: weeks % interval === 0 && weekdays.includes(day.dayOfWeek),
      MONTHLY: months % interval === 0 && day.day === start.day,
    }[freq];
    const local = day.toPlainDateTime(start.toPlainTime());
    if (isIn && (kind !== 'zoned' || exists(local, zone))) starts.push(local);
  }
  return starts;
}

function exists(local: Local, zone: string): boolean {
  return local.toZonedDateTime(zone).toPlainDateTime().equals(local);
}

/** When an override with that change is, for the start of the series that it names. */
function changedStart(series: RangeSeries, change: Change, start: Local): Local {
  const moved = start.add({ days: change.days }).add({ minutes: series.kind === 'date' ? 0 : change.minutes });
  if (!change.inUtc || series.kind !== 'zoned') return moved;
  // Told as an instant, it is a time of the clock that this instant has.
  return moved.toZonedDateTime(series.zone).toPlainDateTime();
}

/** What happens, in the order of the original starts. */
export function happenings(series: RangeSeries, viewer: string): Happening[] {
  const zone = zoneOf(series, viewer);
  const starts = startsOf(series);
  return starts.flatMap((start, index) => {
    if (series.deleted.includes(index)) return [];
    const single = series.singles.find((one) => one.index === index);
    const [range] = series.ranges.filter((one) => one.index <= index).sort((a, b) => b.index - a.index);
    const change = single ?? range;
    const anchor = change && (starts[change.index] as Local);
    const local =
      change && anchor ? start.add(anchor.until(changedStart(series, change, anchor), { largestUnit: 'day' })) : start;
    const at = instantOf(local, zone);
    const length = change?.length ?? series.length;
    const end = series.kind === 'date' ? instantOf(local.add({ days: length }), zone) : at + length * 60_000;
    return [{ id: compactLocal(start), original: instantOf(start, zone), start: at, end, summary: change?.summary ?? 'series' }];
  });
}

function time(series: RangeSeries, name: string, local: Local, params = ''): string {
  const text = compactLocal(local);
  if (series.kind === 'date') return `${name}${params};VALUE=DATE:${text.slice(0, 8)}`;
  if (series.kind === 'zoned') return `${name}${params};TZID=${series.zone}:${text}`;
  return `${name}${params}:${text}${series.kind === 'utc' ? 'Z' : ''}`;
}

const utc = (name: string, instant: number) => `${name}:${new Date(instant).toISOString().replace(/[-:]|\.000/g, '')}`;

function times(series: RangeSeries, local: Local, length: number, inUtc: boolean): string[] {
  const { kind, ends } = series;
  if (kind === 'date') {
    const end = ends === 'DTEND' ? time(series, 'DTEND', local.add({ days: length })) : `DURATION:P${length}D`;
    return [time(series, 'DTSTART', local), end];
  }
  const zone = kind === 'zoned' ? series.zone : 'UTC';
  const at = instantOf(local, zone);
  const after = Temporal.Instant.fromEpochMilliseconds(at + length * 60_000)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime();
  const isTellable = kind !== 'floating' && instantOf(after, zone) === at + length * 60_000;
  if (inUtc && kind === 'zoned') return [utc('DTSTART', at), utc('DTEND', at + length * 60_000)];
  const end = ends === 'DTEND' && isTellable ? time(series, 'DTEND', after) : `DURATION:PT${length}M`;
  return [time(series, 'DTSTART', local), end];
}

/** The series as a calendar object; zones are known by their names. */
export function textOf(series: RangeSeries, uid: string, more: readonly string[] = []): string {
  const starts = startsOf(series);
  const event = (...lines: string[]) => ['BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'];
  const days = series.weekdays.map((day) => WEEKDAYS[day - 1]);
  const last = starts.at(-1) as Local;
  const until =
    series.kind === 'date'
      ? compactLocal(last).slice(0, 8)
      : series.kind === 'floating'
        ? compactLocal(last)
        : utc('', instantOf(last, zoneOf(series, 'UTC'))).slice(1);
  const rule = [
    `FREQ=${series.freq}`,
    `INTERVAL=${series.interval}`,
    ...(series.freq === 'WEEKLY' ? [`BYDAY=${days.join(',')}`] : []),
    series.until ? `UNTIL=${until}` : `COUNT=${series.count}`,
  ];
  const override = (change: Change, params: string) => {
    const start = starts[change.index] as Local;
    const local = start.add({ days: change.days }).add({ minutes: series.kind === 'date' ? 0 : change.minutes });
    return event(
      time(series, 'RECURRENCE-ID', start, params),
      ...times(series, local, change.length ?? series.length, change.inUtc),
      `SUMMARY:${change.summary}`,
      'X-KEPT;X-P="a;b":of the override',
      ...more,
    );
  };
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//test//EN',
    ...event(
      ...times(series, series.start, series.length, false),
      `RRULE:${rule.join(';')}`,
      ...series.deleted.map((index) => time(series, 'EXDATE', starts[index] as Local)),
      'SUMMARY:series',
      ...more,
    ),
    ...series.ranges.flatMap((change) => override(change, ';RANGE=THISANDFUTURE')),
    ...series.singles.flatMap((change) => override(change, '')),
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Auckland'];
/** Days before clocks change in one or the other of these zones. */
const DAYS = ['2026-03-05', '2026-03-27', '2026-04-02', '2026-09-24', '2026-10-01', '2026-10-22', '2026-10-30', '2026-06-30'];

const change = (most: number): fc.Arbitrary<Omit<Change, 'index' | 'summary'>> =>
  fc.record({
    days: fc.constantFrom(0, 0, 0, 1, -1, 3, most),
    minutes: fc.constantFrom(0, 0, 60, -45, 300, 22 * 60),
    length: fc.constantFrom(null, null, 1, 3),
    inUtc: fc.boolean(),
  });

/** Series of up to `most` occurrences. */
export const rangeSeries = (most = 14): fc.Arbitrary<RangeSeries> =>
  fc
    .record({
      kind: fc.constantFrom<RangeSeries['kind'][]>('zoned', 'zoned', 'zoned', 'utc', 'date', 'floating'),
      zone: fc.constantFrom(...ZONES),
      day: fc.constantFrom(...DAYS),
      time: fc.constantFrom('09:00', '02:30', '00:00', '23:15'),
      length: fc.constantFrom(1, 45, 26 * 60),
      freq: fc.constantFrom<RangeSeries['freq'][]>('DAILY', 'WEEKLY', 'WEEKLY', 'MONTHLY'),
      interval: fc.integer({ min: 1, max: 3 }),
      weekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1, maxLength: 3 }),
      count: fc.integer({ min: 2, max: most }),
      until: fc.boolean(),
      ends: fc.constantFrom<RangeSeries['ends'][]>('DTEND', 'DURATION'),
    })
    .chain((base) => {
      const indices = Array.from({ length: base.count }, (_, index) => index);
      const changes = (max: number, least: number) =>
        fc
          .subarray(indices, { minLength: least, maxLength: Math.min(max, base.count) })
          .chain((chosen) =>
            fc.tuple(...chosen.map((index) => change(9).map((what) => ({ ...what, index, summary: `since ${index}` })))),
          );
      return fc
        .tuple(changes(3, 1), changes(2, 0), fc.subarray(indices, { maxLength: 2 }))
        .map(([ranges, singles, deleted]): RangeSeries => toSeries(base, ranges, singles, deleted));
    });

function toSeries(
  base: Omit<RangeSeries, 'start' | 'ranges' | 'singles' | 'deleted'> & { readonly day: string; readonly time: string },
  ranges: readonly Change[],
  singles: readonly Change[],
  deleted: readonly number[],
): RangeSeries {
  const isDate = base.kind === 'date';
  const day = Temporal.PlainDate.from(base.day);
  // DTSTART is one of the rule's own starts.
  const first = base.freq === 'WEEKLY' ? day.add({ days: ((base.weekdays[0] as number) - day.dayOfWeek + 7) % 7 }) : day;
  const start = first.toPlainDateTime(isDate ? '00:00' : base.time);
  const length = isDate ? Math.min(base.length, 2) : base.length;
  const taken = new Set(ranges.map(({ index }) => index));
  const own = singles.filter(({ index }) => !taken.has(index)).map((one) => ({ ...one, summary: `only ${one.index}` }));
  const shifted = start.toZonedDateTime(base.zone).toPlainDateTime();
  return { ...base, start: base.kind === 'zoned' ? shifted : start, length, ranges, singles: own, deleted };
}
