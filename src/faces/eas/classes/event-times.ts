import type { Component, Property } from '../../../formats/content-lines.js';
import { parseRule, type RecurrenceRule } from '../../../formats/ical/rule.js';
import { DAY, dateTime, type IcalTime, parseDuration, timeOf, WEEK } from '../../../formats/ical/values.js';
import type { ZoneTable } from '../../../formats/ical/zones.js';
import { atLeast, type EasVersion } from '../versions.js';

/** When an event is, as its component says. */
export interface EventTimes {
  readonly start: IcalTime;
  readonly end: IcalTime;
  readonly isAllDay: boolean;
}

/** @throws Error for an event without a start */
export function timesOfEvent(component: Component, zones: ZoneTable): EventTimes {
  const property = component.first('DTSTART');
  if (!property) throw new Error(`${component.name} without DTSTART`);
  const start = timeOf(property);
  const isAllDay = start.kind === 'date';
  return { start, end: endOf(component, start, zones), isAllDay };
}

/** DTEND, or what DURATION or the kind of DTSTART makes of it (RFC 5545 §3.6.1); never before the start. */
function endOf(component: Component, start: IcalTime, zones: ZoneTable): IcalTime {
  const dtend = component.first('DTEND');
  const duration = component.first('DURATION');
  const least = start.kind === 'date' ? { ...start, local: start.local + DAY } : start;
  const end = dtend ? timeOf(dtend) : duration ? later(start, duration, zones) : least;
  if (start.kind === 'date') return end.local > start.local ? dateTime(end.local) : least;
  return zones.instant(end) >= zones.instant(start) ? end : start;
}

/** Days of a duration are counted on the calendar, the rest on the clock (RFC 5545 §3.3.6). */
function later(start: IcalTime, duration: Property, zones: ZoneTable): IcalTime {
  const { days, ms } = parseDuration(duration.value);
  const local = start.local + days * DAY;
  if (start.kind === 'date' || ms === 0) return { ...start, local };
  const zone = zones.zoneOf(start);
  return { ...start, local: zone.toLocal(zone.toInstant(local) + ms) };
}

/**
 * A time as the protocol tells it. Days up to 14.1 are the instants at which they begin where the user is; from 16.0 on
 * they are dates without a zone, written as if they were UTC (MS-ASCAL StartTime).
 */
export function toWire(time: IcalTime, zones: ZoneTable, version: EasVersion): number {
  if (time.kind === 'date' && atLeast(version, '16.0')) return time.local;
  return zones.instant(time);
}

/** Whether the event repeats by a rule or further dates. */
export function isSeries(component: Component): boolean {
  return component.first('RRULE') !== undefined || component.first('RDATE') !== undefined;
}

/** The rule of a series; null without one, or with several, or one that can't be read. */
export function ruleOf(component: Component): RecurrenceRule | null {
  const [property, ...others] = component.all('RRULE');
  if (!property || others.length > 0) return null;
  try {
    return parseRule(property.value);
  } catch {
    return null;
  }
}

/** How long a rule of so many occurrences runs, at most. */
const LENGTHS: Readonly<Record<RecurrenceRule['freq'], number>> = {
  YEARLY: 366 * DAY,
  MONTHLY: 31 * DAY,
  WEEKLY: WEEK,
  DAILY: DAY,
  HOURLY: DAY / 24,
  MINUTELY: DAY / 1440,
  SECONDLY: 1000,
};

/**
 * The instant whose year's clock rules describe the event's zone: its start, or for a series that still runs the present
 * (timezone.md).
 */
export function referenceTime(
  component: Component,
  zones: ZoneTable,
  now: number,
  times: EventTimes = timesOfEvent(component, zones),
): number {
  const start = zones.instant(times.start);
  const rule = ruleOf(component);
  if (!rule || start >= now) return start;
  const counted = rule.count === undefined ? Number.POSITIVE_INFINITY : start + rule.count * rule.interval * LENGTHS[rule.freq];
  const end = rule.until ? zones.instant(rule.until) : counted;
  return end > now ? now : start;
}
