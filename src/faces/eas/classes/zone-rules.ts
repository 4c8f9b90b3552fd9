import { ianaZone } from '../../../formats/zones/iana.js';
import { ianaOfTzid, ianaOfWindows, windowsName } from '../../../formats/zones/names.js';
import { WINDOWS_ZONES } from '../../../formats/zones/windows.js';
import { fixedZone, type Transition, yearStart, Zone } from '../../../formats/zones/zone.js';
import { TERRITORIES } from './territories.js';
import { type ClockChange, encodeTimeZone, type TimeZoneInformation } from './timezone.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** The zone as Windows describes it, with the rules of the year of `at`; where they fit no pair of rules, its offset then. */
export function describeZone(zone: Zone, at: number): TimeZoneInformation {
  const pair = seasonsOf(zone, new Date(zone.toLocal(at)).getUTCFullYear());
  const names = namesOf(zone);
  if (!pair) return { ...names, ...without(biasOf(zone.offsetAt(at))) };
  const { toStandard, toDaylight } = pair;
  const bias = biasOf(toStandard.after);
  return {
    ...names,
    bias,
    standardDate: changeOf(zone, toStandard),
    standardBias: 0,
    daylightDate: changeOf(zone, toDaylight),
    daylightBias: biasOf(toDaylight.after) - bias,
  };
}

/** Timezone values by zone, and by year and offset: all the items of a calendar have the same few. */
const TOLD = new WeakMap<Zone, Map<string, string>>();
const MOST_TOLD = 200;

/** The Timezone value of a zone (MS-ASDTYPE 2.7.6), with the rules of the year of `at`. */
export function timezoneOf(zone: Zone, at: number): string {
  const offset = zone.offsetAt(at);
  const key = `${new Date(at + offset).getUTCFullYear()} ${offset}`;
  const told = TOLD.get(zone) ?? new Map<string, string>();
  const known = told.get(key);
  if (known !== undefined) return known;
  if (told.size >= MOST_TOLD) told.clear();
  const text = encodeTimeZone(describeZone(zone, at));
  TOLD.set(zone, told.set(key, text));
  return text;
}

/** Minutes westwards of an offset in milliseconds eastwards. */
function biasOf(offset: number): number {
  return -Math.round(offset / MINUTE) || 0;
}

function without(bias: number): Omit<TimeZoneInformation, 'standardName' | 'daylightName'> {
  return { bias, standardDate: null, standardBias: 0, daylightDate: null, daylightBias: 0 };
}

/** The two changes of a year with daylight saving time; null with none, one, or more. */
function seasonsOf(zone: Zone, year: number): { toStandard: Transition; toDaylight: Transition } | null {
  const transitions = yearOf(zone, year);
  const toStandard = transitions.find(({ before, after }) => after < before);
  const toDaylight = transitions.find(({ before, after }) => after > before);
  if (transitions.length !== 2 || !toStandard || !toDaylight) return null;
  return toStandard.after === toDaylight.before && toStandard.before === toDaylight.after ? { toStandard, toDaylight } : null;
}

/** Years around the asked one that a yearly rule is compared with. */
const NEIGHBOURS = [-3, -2, -1, 1, 2, 3];

/** A change as a yearly rule: the one that also hits the dates of the years around, of those that hit this year's. */
function changeOf(zone: Zone, transition: Transition): ClockChange {
  const candidates = candidatesOf(transition);
  const year = new Date(transition.at).getUTCFullYear();
  const others = NEIGHBOURS.flatMap((step) => yearOf(zone, year + step)).filter(
    ({ before, after }) => before === transition.before && after === transition.after,
  );
  const hits = (change: ClockChange) =>
    others.filter(({ at, before }) => Math.abs(instantOf(change, new Date(at + before).getUTCFullYear(), before) - at) < MINUTE)
      .length;
  return candidates.reduce((best, change) => (hits(change) > hits(best) ? change : best));
}

function yearOf(zone: Zone, year: number): Transition[] {
  return zone.transitions(yearStart(year), yearStart(year + 1));
}

/** Nth and last weekday, best first; a change at midnight also as the last moment of the day before (24:00 can't be written). */
function candidatesOf({ at, before }: Transition): [ClockChange, ...ClockChange[]] {
  const local = at + before;
  const own = weekdayRules(local);
  return local % DAY === 0 ? [...own, ...weekdayRules(local - 1)] : own;
}

function weekdayRules(local: number): [ClockChange, ...ClockChange[]] {
  const date = new Date(local);
  const day = date.getUTCDate();
  const last = day > daysIn(date.getUTCFullYear(), date.getUTCMonth() + 1) - 7;
  const rule = (nth: number): ClockChange => ({
    year: 0,
    month: date.getUTCMonth() + 1,
    weekday: date.getUTCDay(),
    nth,
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
  });
  const nth = Math.ceil(day / 7);
  if (nth === 5) return [rule(5)];
  return last ? [rule(5), rule(nth)] : [rule(nth)];
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** When a rule takes effect in a year, given the offset before it (milliseconds eastwards). 23:59:59.999 is midnight. */
export function instantOf(change: ClockChange, year: number, before: number): number {
  const { month, hour, minute, second, millisecond } = change;
  const time = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
  const local = Date.UTC(year, month - 1, dayOfRule(change, year)) + Math.round(time / 1000) * 1000;
  return local - before;
}

function dayOfRule({ year: only, month, weekday, nth }: ClockChange, year: number): number {
  if (only !== 0) return nth;
  const first = 1 + ((weekday - new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 7) % 7);
  const day = first + (nth - 1) * 7;
  return day > daysIn(year, month) ? day - 7 : day;
}

/** The changes that a description makes in a year, as the time-zone database would list them. */
function transitionsByRule(zone: TimeZoneInformation, year: number): Transition[] {
  const { standardDate, daylightDate } = zone;
  const standard = -(zone.bias + zone.standardBias) * MINUTE;
  const daylight = -(zone.bias + zone.daylightBias) * MINUTE;
  if (!standardDate || !daylightDate || standard === daylight) return [];
  return [
    { at: instantOf(standardDate, year, daylight), before: daylight, after: standard },
    { at: instantOf(daylightDate, year, standard), before: standard, after: daylight },
  ].sort((a, b) => a.at - b.at);
}

/** The offset of a described clock at an instant, in milliseconds eastwards. */
export function describedOffset(described: TimeZoneInformation, at: number): number {
  return customZone(described, '').offsetAt(at);
}

/** Whether a zone keeps the described clock in the year of `at`: offsets and changes, not names or raw fields. */
export function fits(zone: Zone, described: TimeZoneInformation, at: number): boolean {
  const year = new Date(at).getUTCFullYear();
  const expected = transitionsByRule(described, year);
  // What this zone itself is described by is it, also where its real rules can't be written.
  const actual = expected.length > 0 || seasonsOf(zone, year) ? yearOf(zone, year) : [];
  if (actual.length === 0 && expected.length === 0) return described.bias + described.standardBias === biasOf(zone.offsetAt(at));
  return (
    actual.length === expected.length &&
    actual.every((real, index) => {
      const rule = expected[index] as Transition;
      return Math.abs(real.at - rule.at) < MINUTE && real.before === rule.before && real.after === rule.after;
    })
  );
}

/** Zones to try before all others where a rule is shared by many: the ones most people mean. */
const PREFERRED = [
  'Europe/Berlin',
  'Europe/London',
  'Europe/Athens',
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'Australia/Sydney',
  'Asia/Tokyo',
  'Asia/Shanghai',
  'Asia/Kolkata',
  'Europe/Moscow',
];

/** Zones that are better guesses than others. */
export interface Hints {
  /** The zone in which the item is kept. */
  readonly stored?: Zone | null;
  /** The user's own zone. */
  readonly user?: Zone | null;
}

/**
 * The zone that a description means: the item's, the user's, the named one, one of the user's country, a widely used one,
 * any (timezone.md); each only when its clock fits. @returns null when none does
 */
export function matchZone(described: TimeZoneInformation, at: number, hints: Hints = {}): Zone | null {
  for (const candidate of candidateZones(described, hints)) if (candidate && fits(candidate, described, at)) return candidate;
  const bias = described.bias + described.standardBias;
  if (described.standardDate || bias % 60 !== 0 || Math.abs(bias) > 720) return null;
  // `Etc/GMT-1` is one hour ahead of UTC: the sign is the POSIX one.
  return ianaZone(`Etc/GMT${bias < 0 ? '-' : '+'}${Math.abs(bias / 60)}`);
}

function* candidateZones(described: TimeZoneInformation, { stored, user }: Hints): Iterable<Zone | null | undefined> {
  yield stored;
  yield user;
  const near = neighbours(user);
  for (const name of [described.standardName, described.daylightName]) if (name) yield* zonesNamed(name, near);
  for (const name of [...near, ...PREFERRED]) yield ianaZone(name);
  for (const [, names] of WINDOWS_ZONES) yield ianaZone(names.split(' ')[0] as string);
}

/** The zones of the country that a zone is in. */
function neighbours(zone: Zone | null | undefined): string[] {
  const country = zone?.iana && Object.values(TERRITORIES).find((names) => names.split(' ').includes(zone.iana as string));
  return country ? country.split(' ') : [];
}

/** What a client may call a zone: Windows' name, in whichever season, or another that is known. */
function* zonesNamed(name: string, near: readonly string[]): Iterable<Zone | null> {
  const windows = name.replace(/ Daylight Time$/i, ' Standard Time');
  const main = ianaOfWindows(windows);
  for (const zone of near) if (main && windowsName(zone) === windowsName(main)) yield ianaZone(zone);
  const found = main ?? ianaOfTzid(name);
  if (found) yield ianaZone(found);
}

function namesOf(zone: Zone): Pick<TimeZoneInformation, 'standardName' | 'daylightName'> {
  if (zone.iana === 'Etc/UTC') return { standardName: 'UTC', daylightName: 'UTC' };
  const name = (zone.iana && windowsName(zone.iana)) ?? zone.id;
  return { standardName: name, daylightName: name.replace(/ Standard Time$/, ' Daylight Time') };
}

/**
 * A zone that keeps a described clock that no known zone keeps: fixed, or with its rules in every year.
 * @param id what TZID calls it
 */
export function customZone(described: TimeZoneInformation, id: string): Zone {
  const standard = -(described.bias + described.standardBias) * MINUTE;
  const changes = transitionsByRule(described, 2000);
  if (changes.length === 0) return fixedZone(id, standard);
  const inYear = (year: number) => transitionsByRule(described, year).map(({ at, after }) => ({ at, offset: after }));
  const isNorthern = changes[0]?.after !== standard;
  const daylight = -(described.bias + described.daylightBias) * MINUTE;
  return new Zone(id, null, (year) => [{ at: yearStart(year), offset: isNorthern ? standard : daylight }, ...inYear(year)]);
}
