import type { Component } from '../../../formats/content-lines.js';
import type { SeriesExceptions } from '../../../formats/ical/exceptions.js';
import { Budget, TooComplex } from '../../../formats/ical/occurrences.js';
import type { Start } from '../../../formats/ical/recurrence-set.js';
import { DAY, type IcalTime, timeOf } from '../../../formats/ical/values.js';
import type { OpenedObject } from './event-model.js';
import { sameTimes } from './event-schedule.js';
import { isRange, occurrenceOf, overridesOf, timesAt } from './event-series.js';
import { timesOfEvent } from './event-times.js';

/** How long ago an occurrence can be and still count as near the present. */
const RECENT = 31 * DAY;

/** Of too many those near the present and to come matter first, then the latest of the others. @param sorted ascending */
export function nearest<T>(sorted: readonly T[], instantOf: (item: T) => number, most: number, now: number): T[] {
  const at = sorted.findIndex((item) => instantOf(item) >= now - RECENT);
  const first = at < 0 ? sorted.length : at;
  const coming = sorted.slice(first, first + most);
  return [...sorted.slice(Math.max(0, first - (most - coming.length)), first), ...coming];
}

/**
 * The occurrences that differ because one before them was changed with all that follow (RFC 5545 §3.8.4.4), without those of
 * which something is said of their own: the protocol knows exceptions of single ones alone. At most so many near the present
 * and so many before, in bounded work.
 * @param isAlike whether what a component says is what a device is shown of the series
 */
export function followers(
  opened: OpenedObject,
  master: Component,
  exceptions: SeriesExceptions,
  how: { readonly most: number; readonly now: number; isAlike(component: Component): boolean },
): IcalTime[] {
  const { set } = exceptions;
  const ranges = overridesOf(opened).filter(isRange);
  if (!set || ranges.length === 0) return [];
  const differing = new Set(ranges.filter((range) => !(isInPlace(opened, master, range) && how.isAlike(range))));
  const since = Math.min(...ranges.map((range) => set.startOf(occurrenceOf(range)).instant));
  const timeAt = (start: Start): IcalTime => ({ ...set.timing.start, local: start.local });
  const isMeant = (start: Start): boolean => {
    const range = exceptions.range(timeAt(start));
    return range !== undefined && differing.has(range) && !exceptions.has(timeAt(start));
  };
  const budget = new Budget();
  const recent = Math.max(since, how.now - RECENT);
  const before = bounded(set.starts({ start: since, end: recent }, budget), isMeant, { last: how.most });
  const coming = bounded(set.starts({ start: recent, end: Number.POSITIVE_INFINITY }, budget), isMeant, { first: how.most });
  return [...before, ...coming].map(timeAt);
}

/** Whether a range leaves the times of the series as they are. */
function isInPlace(opened: OpenedObject, master: Component, range: Component): boolean {
  const [own, first] = [range, master].map((component) => component.first('DTSTART'));
  if (!own || !first) return own === undefined;
  const [from, to] = [timeOf(first), timeOf(own)];
  const isSameClock = from.kind === to.kind && opened.zones.zoneOf(from) === opened.zones.zoneOf(to);
  return isSameClock && sameTimes(opened, timesOfEvent(range, opened.zones), timesAt(opened, master, occurrenceOf(range)));
}

/** The first or the last so many; where the work is too much, what was found of it. */
function bounded(starts: Iterable<Start>, isMeant: (start: Start) => boolean, most: { first?: number; last?: number }): Start[] {
  const found: Start[] = [];
  try {
    for (const start of starts) {
      if (!isMeant(start)) continue;
      found.push(start);
      if (found.length === most.first) break;
      if (most.last !== undefined && found.length > 2 * most.last) found.splice(0, found.length - most.last);
    }
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
  }
  return most.last === undefined ? found : found.slice(-most.last);
}
