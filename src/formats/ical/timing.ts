import type { Component } from '../content-lines.js';
import type { Zone } from '../zones/zone.js';
import { DAY, END_OF_TIME, type IcalDuration, type IcalPeriod, type IcalTime, parseDuration, timeOf } from './values.js';
import type { ZoneTable } from './zones.js';

/** A half-open interval in milliseconds since the epoch. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** From a start to its end: nominal days of the wall clock first, then exact time (RFC 5545 §3.3.6). */
export type Length = IcalDuration;

/** When a component is, and how its occurrences keep that. */
export interface Timing {
  /** DTSTART; DUE of a to-do that has no DTSTART. */
  readonly start: IcalTime;
  readonly zone: Zone;
  /** Whether the viewer's zone decides when it is. */
  readonly floating: boolean;
  readonly length: Length;
  /** How it says when it ends: `at` an end (DTEND, DUE), `after` a DURATION, or not at all. */
  readonly ends: 'at' | 'after' | null;
  /** DTSTART is missing, DUE stands for it. */
  readonly dueOnly: boolean;
}

const NONE: Length = { days: 0, ms: 0 };

/** The timing of a VEVENT, VTODO, VJOURNAL, VPOLL or AVAILABLE; null where it has no date. */
export function timingOf(component: Component, zones: ZoneTable): Timing | null {
  const start = component.first('DTSTART');
  const end = component.first('DTEND') ?? component.first('DUE');
  const anchor = start ?? (component.name === 'VTODO' ? end : undefined);
  if (!anchor) return null;
  const time = timeOf(anchor);
  const base = { start: time, zone: zones.zoneOf(time), floating: zones.isFloating(time) };
  if (!start) return { ...base, length: NONE, ends: 'at', dueOnly: true };
  const duration = component.first('DURATION');
  if (end) return { ...base, length: lengthBetween(time, timeOf(end), zones), ends: 'at', dueOnly: false };
  if (duration) return { ...base, length: parseDuration(duration.value), ends: 'after', dueOnly: false };
  return { ...base, length: impliedLength(component, time), ends: null, dueOnly: false };
}

/** Without an end an event on a DATE lasts that day (RFC 5545 §3.6.1), a journal too (RFC 4791 §9.9). */
function impliedLength(component: Component, start: IcalTime): Length {
  return start.kind === 'date' && component.name !== 'VTODO' ? { days: 1, ms: 0 } : NONE;
}

/** With DTEND or DUE, every occurrence has the same exact length; dates count days (RFC 5545 §3.8.5.3). */
export function lengthBetween(start: IcalTime, end: IcalTime, zones: ZoneTable): Length {
  if (start.kind === 'date' && end.kind === 'date')
    return { days: Math.max(0, Math.round((end.local - start.local) / DAY)), ms: 0 };
  return { days: 0, ms: Math.max(0, zones.instant(end) - zones.instant(start)) };
}

/** The length of a PERIOD in RDATE. */
export function lengthOfPeriod(period: IcalPeriod, zones: ZoneTable): Length {
  return 'local' in period.end ? lengthBetween(period.start, period.end, zones) : period.end;
}

/** The instant at which what starts at a wall-clock reading ends; never after year 9999. */
export function endOf(local: number, instant: number, length: Length, zone: Zone): number {
  const nominal = Math.max(local, Math.min(local + length.days * DAY, END_OF_TIME));
  const later = length.days === 0 ? instant : zone.toInstant(nominal);
  return Math.max(instant, Math.min(later + length.ms, END_OF_TIME));
}

/** A bound for how long a length can be in real time. */
export function longest(length: Length): number {
  return Math.max(0, length.days * DAY + length.ms) + (length.days === 0 ? 0 : DAY);
}

/**
 * The interval by which RFC 4791 §9.9 compares an occurrence with a time range, made half-open: `start` and `end` overlap
 * a range if start < range.end and end > range.start.
 */
export function matchSpan(
  component: string,
  start: number,
  end: number,
  timing: Pick<Timing, 'ends' | 'dueOnly' | 'start'>,
): Span {
  if (component !== 'VTODO') return { start, end: Math.max(end, start + 1) };
  // A to-do due on a DATE is due all that day.
  if (timing.dueOnly) return { start: start - 1, end: timing.start.kind === 'date' ? start + DAY : start };
  if (!timing.ends) return { start, end: start + 1 };
  if (end <= start) return { start: start - 1, end: start + 1 };
  return { start, end: timing.ends === 'after' ? end + 1 : end };
}
