import { createHash } from 'node:crypto';
import type { Component } from '../../../formats/content-lines.js';
import { DAY, dateTime, type IcalTime, MINUTE, utcTime, zonedTime } from '../../../formats/ical/values.js';
import { child, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import type { Zone } from '../../../formats/zones/zone.js';
import { flag, readInstant } from '../schema/values.js';
import { atLeast } from '../versions.js';
import { nearestMidnight, toCompact } from './dates.js';
import { type OpenedObject, setTime } from './event-model.js';
import { type EventTimes, isSeries, referenceTime, timesOfEvent, toWire } from './event-times.js';
import { type ApplyContext, MalformedItem, type RenderContext } from './item-class.js';
import { decodeTimeZone, encodeTimeZone, type TimeZoneInformation } from './timezone.js';
import { customZone, describedOffset, fits, matchZone, timezoneOf } from './zone-rules.js';

const HALF_HOUR = 30 * MINUTE;

/** StartTime, EndTime and AllDayEvent of one component. */
export function renderTimes(opened: OpenedObject, times: EventTimes, { version }: RenderContext): Element[] {
  return [
    el('Calendar:StartTime', toCompact(toWire(times.start, opened.zones, version))),
    el('Calendar:EndTime', toCompact(toWire(times.end, opened.zones, version))),
    el('Calendar:AllDayEvent', times.isAllDay),
  ];
}

/** The zone of an item; from 16.0 on not for days (MS-ASCAL Timezone). */
export function renderTimezone(opened: OpenedObject, component: Component, { version, now }: RenderContext): Element | undefined {
  const times = timesOfEvent(component, opened.zones);
  if (times.isAllDay && atLeast(version, '16.0')) return undefined;
  const at = referenceTime(component, opened.zones, (now ?? new Date()).getTime(), times);
  return el('Calendar:Timezone', timezoneOf(opened.zones.zoneOf(times.start), at));
}

/** What a client said about when an item is; absent where it said nothing. */
export interface SentTimes {
  readonly start?: number;
  readonly end?: number;
  readonly isAllDay?: boolean;
  readonly zone?: TimeZoneInformation;
}

/** @throws MalformedItem for times that are none, and for an end without a start (MS-ASCAL EndTime) */
export function readTimes(data: Element): SentTimes {
  const instant = (name: 'StartTime' | 'EndTime') => {
    const element = child(data, `Calendar:${name}`);
    return element && readInstant(element)?.getTime();
  };
  const allDay = child(data, 'Calendar:AllDayEvent');
  const sent: SentTimes = {
    start: instant('StartTime'),
    end: instant('EndTime'),
    isAllDay: allDay && flag.read(allDay),
    zone: decodeTimeZone(childText(data, 'Calendar:Timezone') ?? '') ?? undefined,
  };
  if (sent.end !== undefined && sent.start === undefined) throw new MalformedItem('EndTime without StartTime');
  return sent;
}

/**
 * Times of a new item that a client left out (MS-ASCAL StartTime, EndTime): now, and half an hour.
 * @throws MalformedItem for a start to come that has no end
 */
export function withDefaults(sent: SentTimes, now: Date): SentTimes & { readonly start: number; readonly end: number } {
  const soon = Math.ceil(now.getTime() / HALF_HOUR) * HALF_HOUR;
  const start = sent.start ?? soon;
  if (sent.end === undefined && sent.start !== undefined && sent.start > now.getTime())
    throw new MalformedItem('StartTime to come without EndTime');
  return { ...sent, start, end: Math.max(sent.end ?? soon + HALF_HOUR, start) };
}

/** Times to be written, with the zone of a TZID that the object may not know yet. */
export interface NewTimes extends EventTimes {
  readonly zone?: Zone;
}

/** The times a client means, given those it was shown; null where they are the same. */
export function changedTimes(
  opened: OpenedObject,
  component: Component,
  shown: EventTimes,
  sent: SentTimes,
  context: ApplyContext,
): NewTimes | null {
  const clock = clockOf(opened, component, shown, sent, context.now.getTime());
  const times = (sent.isAllDay ?? shown.isAllDay) ? days(opened, shown, sent, context) : hours(opened, shown, sent, clock);
  const isSame = sameTimes(opened, times, shown) && (clock.keep || times.isAllDay || !isSeries(component));
  return isSame ? null : times;
}

export function sameTimes(opened: OpenedObject, a: EventTimes, b: EventTimes): boolean {
  return a.isAllDay === b.isAllDay && sameTime(opened, a.start, b.start) && sameTime(opened, a.end, b.end);
}

export function sameTime({ zones }: OpenedObject, a: IcalTime, b: IcalTime): boolean {
  if (a.kind === 'date' || b.kind === 'date') return a.kind === b.kind && a.local === b.local;
  return zones.instant(a) === zones.instant(b);
}

/** Times of a new item. */
export function firstTimes(
  opened: OpenedObject,
  sent: SentTimes & { start: number; end: number },
  context: ApplyContext,
  repeats: boolean,
): NewTimes {
  const start = utcTime(sent.start);
  const none: EventTimes = { start, end: start, isAllDay: false };
  if (sent.isAllDay) return days(opened, none, sent, context);
  const zone = zoneMeant(opened, sent.zone, [sent.start, context.now.getTime()], !repeats);
  return hours(opened, none, sent, { keep: false, zone });
}

/** Days: dates from 16.0 on; before, the instants at which they begin in the zone sent along, or the user's. */
function days(opened: OpenedObject, shown: EventTimes, sent: SentTimes, { version, now }: ApplyContext): EventTimes {
  const zone = atLeast(version, '16.0') ? null : zoneMeant(opened, sent.zone, [sent.start ?? now.getTime(), now.getTime()]);
  const day = (at: number) => dateTime(nearestMidnight(zone ? zone.toLocal(at) : at));
  const shownDay = (time: IcalTime) => (time.kind === 'date' ? time : dateTime(localOf(opened, time)));
  const start = sent.start === undefined ? shownDay(shown.start) : day(sent.start);
  const length = shown.isAllDay ? shown.end.local - shown.start.local : DAY;
  const end = sent.end === undefined ? dateTime(start.local + length) : day(sent.end);
  return { start, end: end.local > start.local ? end : dateTime(start.local + DAY), isAllDay: true };
}

/** The clock by which times are kept: as before, or another zone. */
type Clock = { readonly keep: true } | { readonly keep: false; readonly zone: Zone };

function clockOf(opened: OpenedObject, component: Component, shown: EventTimes, sent: SentTimes, now: number): Clock {
  const { zone: described } = sent;
  const at = [sent.start ?? opened.zones.instant(shown.start), opened.zones.instant(shown.start), now];
  if (shown.isAllDay) return { keep: false, zone: zoneMeant(opened, described, at, !isSeries(component)) };
  if (!described) return { keep: true };
  const kept = opened.zones.zoneOf(shown.start);
  const isKept = [referenceTime(component, opened.zones, now), ...at].some((when) => fits(kept, described, when));
  return isKept || (!isSeries(component) && isLike(kept, described, at[0] as number))
    ? { keep: true }
    : { keep: false, zone: zoneMeant(opened, described, at, !isSeries(component)) };
}

/** Clients that know no rules say the offset alone; for what happens once, that is the same clock. */
function isLike(zone: Zone, described: TimeZoneInformation, at: number): boolean {
  return !described.standardDate && described.standardName === '' && zone.offsetAt(at) === describedOffset(described, at);
}

/** The zone a client means: the first reading that a known zone keeps, else one of its own rules. */
function zoneMeant(opened: OpenedObject, described: TimeZoneInformation | undefined, at: readonly number[], once = true): Zone {
  const user = opened.zones.viewer;
  if (!described || (once && isLike(user, described, at[0] as number))) return user;
  for (const when of at) {
    const zone = matchZone(described, when, { user });
    if (zone) return zone;
  }
  const hash = createHash('sha256').update(encodeTimeZone(described)).digest('hex');
  return customZone(described, `EAS-${hash.slice(0, 12)}`);
}

function hours(opened: OpenedObject, shown: EventTimes, sent: SentTimes, clock: Clock): NewTimes {
  const zoned = (time: IcalTime) => (clock.keep ? keeping(opened, time) : inZone(clock.zone));
  const from = opened.zones.instant(shown.start);
  const length = shown.isAllDay ? HALF_HOUR : opened.zones.instant(shown.end) - from;
  const start = sent.start ?? from;
  const end = Math.max(sent.end ?? start + length, start);
  return {
    start: zoned(shown.start)(start),
    end: zoned(shown.end)(end),
    isAllDay: false,
    ...(clock.keep ? {} : { zone: clock.zone }),
  };
}

/** An instant told as a time was told before. */
function keeping(opened: OpenedObject, like: IcalTime): (at: number) => IcalTime {
  if (like.kind === 'utc') return utcTime;
  const zone = opened.zones.zoneOf(like);
  return (at) => exact(zone, at, { ...like, local: zone.toLocal(at) });
}

function inZone(zone: Zone): (at: number) => IcalTime {
  if (zone.iana === 'Etc/UTC') return utcTime;
  return (at) => exact(zone, at, zonedTime(zone.toLocal(at), zone.id));
}

/** A reading that the clock shows twice means the first time (RFC 5545 §3.3.5): the second can only be told in UTC. */
function exact(zone: Zone, at: number, time: IcalTime): IcalTime {
  return zone.toInstant(time.local) === at ? time : utcTime(at);
}

/** The wall clock of a time, where the event is. */
export function localOf({ zones }: OpenedObject, time: IcalTime): number {
  return time.kind === 'utc' ? zones.viewer.toLocal(time.local) : time.local;
}

/** Writes times into a component; lines whose time stays are left as they are. */
export function writeTimes(opened: OpenedObject, component: Component, times: NewTimes): void {
  const current = component.first('DTSTART') ? timesOfEvent(component, opened.zones) : null;
  const isOtherKind = current?.isAllDay !== times.isAllDay || times.zone !== undefined;
  if (!current || isOtherKind || !sameTime(opened, current.start, times.start))
    setTime(opened, component, 'DTSTART', times.start, times.zone);
  // The end may follow from the start (DURATION, or the default of DTSTART's kind).
  const follows = !component.first('DTEND') && current && sameTime(opened, timesOfEvent(component, opened.zones).end, times.end);
  if (follows && !isOtherKind) return;
  if (component.first('DTEND') && !isOtherKind && current && sameTime(opened, current.end, times.end)) return;
  component.remove('DURATION');
  setTime(opened, component, 'DTEND', times.end, times.zone);
}

/** Writes the times of an occurrence that has none of its own: those of the series, at its place. */
export function setTimesLike(opened: OpenedObject, component: Component, times: EventTimes): void {
  const hasEnd = component.first('DTEND') !== undefined;
  setTime(opened, component, 'DTSTART', times.start);
  if (hasEnd) setTime(opened, component, 'DTEND', times.end);
}
