import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RRuleTemporal } from 'rrule-temporal';
import type { DavClient } from '../support/dav-client.js';
import { calendarPath } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

/**
 * Time ranges as the index answers them, against an expansion by another library than the one behind the index:
 * a few hundred series with random rules, zones, exceptions and moved occurrences.
 */
const ALICE = 'alice@example.test';
const VIEWER = 'Europe/Berlin';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SERIES = 300;
const RANGES = 150;

/** Repeatable random numbers. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const random = numbers(20_261_123);
const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const RULES: readonly (() => string)[] = [
  () => `FREQ=DAILY;INTERVAL=${1 + random(9)}`,
  () => `FREQ=WEEKLY;INTERVAL=${1 + random(4)};BYDAY=${pick(DAYS)},${pick(['MO', 'WE', 'SA'])};WKST=${pick(['MO', 'SU'])}`,
  () => `FREQ=MONTHLY;BYMONTHDAY=${pick(['1', '15', '28', '-1', '29,30,31'])}`,
  () => `FREQ=MONTHLY;INTERVAL=${1 + random(3)};BYDAY=${pick(['1MO', '-1FR', '2SU', '3WE'])}`,
  () => `FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=${pick(['1', '-1', '5'])}`,
  () => `FREQ=YEARLY;BYMONTH=${1 + random(12)};BYMONTHDAY=${1 + random(28)}`,
  () => `FREQ=YEARLY;BYMONTH=${1 + random(12)};BYDAY=${pick(['1SU', '-1TH', '2MO'])}`,
  () => 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29',
];

type Kind = 'utc' | 'zoned' | 'floating' | 'date';

interface Series {
  readonly uid: string;
  readonly kind: Kind;
  readonly zone: string;
  /** Wall clock of the first start, as if it were UTC. */
  readonly start: number;
  readonly duration: number;
  readonly rule: string | null;
}

const two = (value: number) => String(value).padStart(2, '0');
function stamp(local: number, kind: Kind): string {
  const at = new Date(local);
  const date = `${at.getUTCFullYear()}${two(at.getUTCMonth() + 1)}${two(at.getUTCDate())}`;
  if (kind === 'date') return date;
  return `${date}T${two(at.getUTCHours())}${two(at.getUTCMinutes())}00${kind === 'utc' ? 'Z' : ''}`;
}

/** A start at an hour that no clock skips or repeats. */
function randomStart(kind: Kind): number {
  const day = Date.UTC(2015 + random(14), random(12), 1 + random(28));
  return kind === 'date' ? day : day + (5 + random(16)) * HOUR + random(4) * 15 * 60_000;
}

function randomSeries(index: number): Series {
  const kind = pick<Kind>(['utc', 'zoned', 'zoned', 'floating', 'date']);
  const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Sydney'];
  const zone = kind === 'zoned' ? pick(zones) : kind === 'utc' ? 'UTC' : VIEWER;
  const duration = kind === 'date' ? (1 + random(3)) * DAY : pick([0, HOUR, 3 * HOUR, 30 * HOUR]);
  const single = { uid: `s${index}`, kind, zone, start: randomStart(kind), duration, rule: null };
  if (random(6) === 0) return single;
  const rule = pick(RULES)();
  // What a start that its own rule does not give would mean, RFC 5545 §3.8.5.3 leaves open.
  const [first] = starts({ ...single, rule }, single.start - 2 * DAY, single.start + 5 * 366 * DAY);
  assert.ok(first);
  const limits = ['', '', `;COUNT=${1 + random(40)}`, `;UNTIL=${until(first.local + (1 + random(2_000)) * DAY, kind)}`];
  return { ...single, start: first.local, rule: rule + pick(limits) };
}

/** UNTIL is a date for dates, and UTC for all others but floating times (RFC 5545 §3.3.10). */
function until(local: number, kind: Kind): string {
  return stamp(local, kind === 'zoned' ? 'utc' : kind);
}

const value = ({ kind, zone }: Series, name: string, local: number): string => {
  const params = kind === 'zoned' ? `;TZID=${zone}` : kind === 'date' ? ';VALUE=DATE' : '';
  return `${name}${params}:${stamp(local, kind)}`;
};
const length = ({ duration }: Series): string =>
  duration % DAY === 0 && duration > 0 ? `DURATION:P${duration / DAY}D` : `DURATION:PT${duration / HOUR}H`;

/** A start as wall clock and as instant. */
interface Start {
  readonly local: number;
  readonly instant: number;
}

/** Starts of a series that the other library finds in a window. */
function starts(series: Series, from: number, to: number): Start[] {
  const zoned = { ...series, kind: 'zoned' as const, zone: series.zone };
  const dtstart = series.zone === 'UTC' ? `DTSTART:${stamp(series.start, 'utc')}` : value(zoned, 'DTSTART', series.start);
  const rule =
    series.rule?.replace(/UNTIL=(\d{8}(T\d{6})?)$/, (_, at: string) => `UNTIL=${utcUntil(at, series)}`) ?? 'FREQ=DAILY;COUNT=1';
  return new RRuleTemporal({ rruleString: `${dtstart}\nRRULE:${rule}` })
    .between(new Date(from), new Date(to), true)
    .map((at) => ({
      instant: at.epochMilliseconds,
      local: Date.parse(`${at.toPlainDateTime().toString({ smallestUnit: 'second' })}Z`),
    }));
}

/** The library wants UTC; a wall clock's UNTIL of the viewer is at most a day off it and never within an hour of a start. */
function utcUntil(at: string, series: Series): string {
  const text = at.includes('T') ? at : `${at}T000000`;
  const local = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'));
  return stamp(local - offset(series.zone, local), 'utc');
}

function offset(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '');
  return match === null ? 0 : (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}

/** When a start at a wall-clock reading ends: days are days of the wall clock. */
function endOf({ duration, zone }: Series, { local, instant }: Start): number {
  if (duration % DAY !== 0 || duration === 0) return instant + duration;
  return local + duration - offset(zone, instant + duration);
}

/** An object of the series, and its occurrences in a window as intervals. */
interface Made {
  readonly uid: string;
  readonly text: string;
  intervals(from: number, to: number): (readonly [number, number])[];
}

function make(series: Series): Made {
  const some = series.rule === null ? [] : starts(series, Date.UTC(2014, 0, 1), Date.UTC(2032, 0, 1));
  const excluded = some.length > 3 && random(2) === 0 ? [pick(some), pick(some)] : [];
  const candidate = some.length > 3 && random(2) === 0 ? pick(some) : null;
  const moved = candidate !== null && !excluded.some(({ local }) => local === candidate.local) ? candidate : null;
  const movedTo = moved === null ? 0 : moved.local + (random(60) - 30) * DAY;
  const lines = [
    'BEGIN:VEVENT',
    `UID:${series.uid}`,
    'DTSTAMP:20260101T000000Z',
    value(series, 'DTSTART', series.start),
    length(series),
    ...(series.rule === null ? [] : [`RRULE:${series.rule}`]),
    ...excluded.map(({ local }) => value(series, 'EXDATE', local)),
    'END:VEVENT',
  ];
  const override =
    moved === null
      ? []
      : [
          'BEGIN:VEVENT',
          `UID:${series.uid}`,
          'DTSTAMP:20260101T000000Z',
          value(series, 'RECURRENCE-ID', moved.local),
          value(series, 'DTSTART', movedTo),
          length(series),
          'END:VEVENT',
        ];
  const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', ...lines, ...override, 'END:VCALENDAR', ''].join('\r\n');
  const gone = new Set([...excluded, ...(moved === null ? [] : [moved])].map(({ local }) => local));
  const extra: Start[] =
    moved === null ? [] : [{ local: movedTo, instant: movedTo - offset(series.zone, movedTo - offset(series.zone, movedTo)) }];
  const intervals = (from: number, to: number) =>
    [...starts(series, from - 5 * DAY, to + 5 * DAY).filter(({ local }) => !gone.has(local)), ...extra].map(
      (start) => [start.instant, endOf(series, start)] as const,
    );
  return { uid: series.uid, text, intervals };
}

/** RFC 4791 §9.9 for VEVENT: half-open, and what has no length counts at its moment. */
const overlaps = ([start, end]: readonly [number, number], from: number, to: number): boolean =>
  start < to && (end > start ? end > from : start >= from);

describe('time ranges against another library', () => {
  let server: DavServer;
  let alice: DavClient;
  const path = calendarPath(ALICE, 'calendar');
  const made = Array.from({ length: SERIES }, (_, index) => make(randomSeries(index)));

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
    const session = await server.session(ALICE);
    const collection = (await server.services.pim.collections(session)).find(({ slug }) => slug === 'calendar');
    assert.ok(collection);
    for (const { uid, text } of made) await server.services.pim.put(session, collection, { name: `${uid}.ics`, text });
  });
  after(() => server.close());

  const query = async (from: number, to: number): Promise<string[]> => {
    const range = `<C:time-range start="${stamp(from, 'utc')}" end="${stamp(to, 'utc')}"/>`;
    const body =
      '<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR">' +
      `<C:comp-filter name="VEVENT">${range}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`;
    const { responses } = await alice.multistatus('REPORT', path, { body, depth: 1 });
    return responses.map(({ href }) => href.replace(/^.*\/(.*)\.ics$/, '$1')).sort();
  };

  it(`gives the same answer for ${RANGES} ranges over ${SERIES} series`, async () => {
    let hits = 0;
    for (let index = 0; index < RANGES; index += 1) {
      const from = Date.UTC(2015, 0, 1) + random(16 * 365 * 96) * 15 * 60_000;
      const to = from + pick([15 * 60_000, HOUR, 6 * HOUR, DAY, 7 * DAY, 31 * DAY]);
      const expected = made
        .filter((one) => one.intervals(from, to).some((interval) => overlaps(interval, from, to)))
        .map(({ uid }) => uid);
      const found = await query(from, to);
      const differ = [...found.filter((uid) => !expected.includes(uid)), ...expected.filter((uid) => !found.includes(uid))];
      const detail = differ.map((uid) => made.find((one) => one.uid === uid)?.text).join('\n');
      assert.deepEqual(found, expected.sort(), `${stamp(from, 'utc')} to ${stamp(to, 'utc')}\n${detail}`);
      hits += found.length;
    }
    assert.ok(hits > RANGES, 'the ranges meet something');
  });
});
