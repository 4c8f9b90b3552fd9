import type { ClockChange, TimeZoneInformation } from './timezone.js';
import { WINDOWS_ZONES } from './windows-zones.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A change of a zone's offset. Offsets in minutes, eastwards. */
export interface Transition {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

const formats = new Map<string, Intl.DateTimeFormat | null>();

/** The time-zone database's name for `name`, or null when it has no such zone. */
export function knownZone(name: string): string | null {
  return formatOf(name)?.resolvedOptions().timeZone ?? null;
}

function formatOf(zone: string): Intl.DateTimeFormat | null {
  const cached = formats.get(zone);
  if (cached !== undefined) return cached;
  // Names come from clients: the cache must not grow with them.
  if (formats.size > 2000) formats.clear();
  let format: Intl.DateTimeFormat | null;
  try {
    format = /^[A-Za-z]/.test(zone) ? new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }) : null;
  } catch {
    format = null;
  }
  formats.set(zone, format);
  return format;
}

/** Minutes that the zone's clock is ahead of UTC. @throws RangeError for an unknown zone */
export function offsetAt(zone: string, at: number): number {
  const format = formatOf(zone);
  if (!format) throw new RangeError(`unknown zone: ${zone.slice(0, 60)}`);
  const match = /GMT(?:([+-])(\d{2}):(\d{2})(?::\d{2})?)?$/.exec(format.format(at));
  if (!match?.[1]) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}

const transitionCache = new Map<string, readonly Transition[]>();

/** The changes of a zone's offset in one UTC year, in their order. */
export function transitionsOf(zone: string, year: number): readonly Transition[] {
  const key = `${zone} ${year}`;
  const cached = transitionCache.get(key);
  if (cached) return cached;
  const found = findTransitions(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1));
  if (transitionCache.size > 5000) transitionCache.clear();
  transitionCache.set(key, found);
  return found;
}

/** Steps of a fortnight find even the month that Morocco's clocks go back; between two steps the instant is bisected. */
function findTransitions(zone: string, from: number, to: number): Transition[] {
  const found: Transition[] = [];
  let before = offsetAt(zone, from);
  for (let low = from; low < to; low += 14 * DAY) {
    const high = Math.min(low + 14 * DAY, to);
    const after = offsetAt(zone, high);
    if (after !== before) found.push({ at: bisect(zone, low, high, before), before, after });
    before = after;
  }
  return found;
}

function bisect(zone: string, low: number, high: number, before: number): number {
  let [from, to] = [low, high];
  while (to - from > MINUTE) {
    const middle = from + Math.floor((to - from) / 2 / MINUTE) * MINUTE;
    if (offsetAt(zone, middle) === before) from = middle;
    else to = middle;
  }
  return to;
}

/** The zone as Windows describes it, with the rules of the year of `at`; where they fit no pair of rules, its offset then. */
export function describeZone(zone: string, at: number): TimeZoneInformation {
  const year = new Date(at + offsetAt(zone, at) * MINUTE).getUTCFullYear();
  const pair = seasonsOf(zone, year);
  const names = namesOf(zone);
  if (!pair) return { ...names, ...without(-offsetAt(zone, at) || 0) };
  const { toStandard, toDaylight } = pair;
  const bias = -toStandard.after || 0;
  return {
    ...names,
    bias,
    standardDate: changeOf(zone, toStandard),
    standardBias: 0,
    daylightDate: changeOf(zone, toDaylight),
    daylightBias: -toDaylight.after - bias,
  };
}

function without(bias: number): Omit<TimeZoneInformation, 'standardName' | 'daylightName'> {
  return { bias, standardDate: null, standardBias: 0, daylightDate: null, daylightBias: 0 };
}

/** The two changes of a year with daylight saving time; null with none, one, or more. */
function seasonsOf(zone: string, year: number): { toStandard: Transition; toDaylight: Transition } | null {
  const transitions = transitionsOf(zone, year);
  const toStandard = transitions.find(({ before, after }) => after < before);
  const toDaylight = transitions.find(({ before, after }) => after > before);
  if (transitions.length !== 2 || !toStandard || !toDaylight) return null;
  return toStandard.after === toDaylight.before && toStandard.before === toDaylight.after ? { toStandard, toDaylight } : null;
}

/** Years around the asked one that a yearly rule is compared with. */
const NEIGHBOURS = [-3, -2, -1, 1, 2, 3];

/** A change as a yearly rule: the one that also hits the dates of the years around, of those that hit this year's. */
function changeOf(zone: string, transition: Transition): ClockChange {
  const candidates = candidatesOf(transition);
  const year = new Date(transition.at).getUTCFullYear();
  const others = NEIGHBOURS.flatMap((step) => transitionsOf(zone, year + step)).filter(
    ({ before, after }) => before === transition.before && after === transition.after,
  );
  const hits = (change: ClockChange) =>
    others.filter(({ at, before }) => Math.abs(instantOf(change, yearOf(at, before), before) - at) < MINUTE).length;
  return candidates.reduce((best, change) => (hits(change) > hits(best) ? change : best));
}

function yearOf(at: number, offset: number): number {
  return new Date(at + offset * MINUTE).getUTCFullYear();
}

/** Nth and last weekday, best first; a change at midnight also as the last moment of the day before (24:00 can't be written). */
function candidatesOf({ at, before }: Transition): [ClockChange, ...ClockChange[]] {
  const local = at + before * MINUTE;
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

/** When a rule takes effect in a year, given the offset (minutes eastwards) before it. 23:59:59.999 is midnight. */
export function instantOf(change: ClockChange, year: number, before: number): number {
  const { month, hour, minute, second, millisecond } = change;
  const time = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
  const local = Date.UTC(year, month - 1, dayOfRule(change, year)) + Math.round(time / 1000) * 1000;
  return local - before * MINUTE;
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
  const standard = -(zone.bias + zone.standardBias);
  const daylight = -(zone.bias + zone.daylightBias);
  if (!standardDate || !daylightDate || standard === daylight) return [];
  return [
    { at: instantOf(standardDate, year, daylight), before: daylight, after: standard },
    { at: instantOf(daylightDate, year, standard), before: standard, after: daylight },
  ].sort((a, b) => a.at - b.at);
}

/** Whether a zone keeps the described clock in the year of `at`: offsets and changes, not names or raw fields. */
export function fits(zone: string, described: TimeZoneInformation, at: number): boolean {
  const year = new Date(at).getUTCFullYear();
  const expected = transitionsByRule(described, year);
  // What this zone itself is described by is it, also where its real rules can't be written.
  const actual = expected.length > 0 || seasonsOf(zone, year) ? transitionsOf(zone, year) : [];
  if (actual.length === 0 && expected.length === 0) return -(described.bias + described.standardBias) === offsetAt(zone, at);
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
  readonly stored?: string | null;
  /** The user's own zone. */
  readonly user?: string;
}

/**
 * The zone that a description means: the item's, the user's, the named one, one of the user's country, a widely used one,
 * any (timezone.md); each only when its clock fits. @returns null when none does
 */
export function matchZone(described: TimeZoneInformation, at: number, hints: Hints = {}): string | null {
  for (const candidate of candidateZones(described, hints)) {
    if (knownZone(candidate) !== null && fits(candidate, described, at)) return candidate;
  }
  const offset = -(described.bias + described.standardBias);
  const isFixed = !described.standardDate;
  return isFixed && offset % 60 === 0 && Math.abs(offset) <= 720 ? etcZone(offset / 60) : null;
}

/** `Etc/GMT-1` is one hour ahead of UTC: the sign is the POSIX one. */
function etcZone(hours: number): string {
  return hours === 0 ? 'Etc/UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

function* candidateZones(described: TimeZoneInformation, hints: Hints): Iterable<string> {
  if (hints.stored) yield hints.stored;
  if (hints.user) yield hints.user;
  const country = hints.user ? territoryOf(hints.user) : undefined;
  for (const name of [described.standardName, described.daylightName]) if (name) yield* zonesNamed(name, country);
  if (country) for (const zone of WINDOWS_ZONES) yield* zone.territories[country] ?? [];
  yield* PREFERRED;
  for (const zone of WINDOWS_ZONES) yield zone.zone;
}

/** What a client may call a zone: Windows' name, in whichever season, or the time-zone database's. */
function* zonesNamed(name: string, country: string | undefined): Iterable<string> {
  const row = WINDOWS_ZONES.find((zone) => zone.name === name.replace(/ Daylight Time$/, ' Standard Time'));
  if (row) yield* [...((country && row.territories[country]) || []), row.zone];
  else if (name.includes('/') || /^(?:UTC|GMT)$/.test(name)) yield name;
}

function territoryOf(zone: string): string | undefined {
  const row = windowsZoneOf(zone);
  const found = row && Object.entries(row.territories).find(([, zones]) => zones.includes(zone));
  return found?.[0];
}

function windowsZoneOf(zone: string): (typeof WINDOWS_ZONES)[number] | undefined {
  return WINDOWS_ZONES.find((row) => row.zone === zone || Object.values(row.territories).some((zones) => zones.includes(zone)));
}

function namesOf(zone: string): Pick<TimeZoneInformation, 'standardName' | 'daylightName'> {
  const name = windowsZoneOf(zone)?.name ?? windowsZoneOf(knownZone(zone) ?? zone)?.name ?? zone;
  return { standardName: name, daylightName: name.replace(/ Standard Time$/, ' Daylight Time') };
}
