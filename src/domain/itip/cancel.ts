import type { Component, Property } from '../../formats/content-lines.js';
import { formatTime, type IcalTime, timeOf, timesOf, utcTime } from '../../formats/ical/values.js';
import { type ItipMessage, timeProperty } from './message.js';
import { isCancelled, isOlder, type SchedulingObject, sequenceOf, stampOf } from './object.js';

/** Takes over what an organizer calls off (RFC 5546 §3.2.5). Returns whether anything became another. */
export function cancel(known: SchedulingObject, message: ItipMessage): boolean {
  let done = false;
  for (const component of message.scheduling.components) {
    const id = component.first('RECURRENCE-ID');
    if (!id) done = cancelWhole(known, component) || done;
    else if (sequenceOf(component) >= sequenceOf(known.master ?? known.components[0]))
      done = (isRange(id) ? cancelFuture : cancelOccurrence)(known, component, timeOf(id)) || done;
  }
  return done;
}

function cancelWhole(known: SchedulingObject, cancelling: Component): boolean {
  const [main] = known.components;
  if (!main || isOlder(cancelling, main) || known.components.every(isCancelled)) return false;
  for (const component of known.components) markCancelled(component, cancelling);
  return true;
}

function markCancelled(component: Component, cancelling: Component): void {
  component.set('STATUS', 'CANCELLED');
  for (const name of ['SEQUENCE', 'DTSTAMP']) {
    const value = cancelling.first(name)?.value;
    if (value !== undefined) component.set(name, value);
  }
}

/** An occurrence that is off leaves the series; one that is all the attendee knows of is marked. */
function cancelOccurrence(known: SchedulingObject, cancelling: Component, time: IcalTime): boolean {
  const key = known.keyOf(time);
  const override = known.overrides.get(key);
  if (override && isOlder(cancelling, override)) return false;
  if (!known.master) {
    if (!override || isCancelled(override)) return false;
    markCancelled(override, cancelling);
    return true;
  }
  if (known.excluded.has(key) || !known.has(time)) return false;
  if (override) known.object.calendar.remove(override);
  known.master.add(timeProperty('EXDATE', time));
  // The series is as of now: what was sent before says less.
  const stamp = cancelling.first('DTSTAMP');
  if (stamp && stampOf(cancelling) > stampOf(known.master)) known.master.set('DTSTAMP', stamp.value);
  return true;
}

function isRange(id: Property): boolean {
  return id.param('RANGE')?.trim().toUpperCase() === 'THISANDFUTURE';
}

/** The series ends before that occurrence; from its first on, all of it is off. */
function cancelFuture(known: SchedulingObject, cancelling: Component, time: IcalTime): boolean {
  const { master } = known;
  const start = master?.first('DTSTART');
  if (!master || !start) return cancelOccurrence(known, cancelling, time);
  const from = Number(known.keyOf(time));
  if (from <= Number(known.keyOf(timeOf(start)))) return cancelWhole(known, cancelling);
  if (isOlder(cancelling, master) || !known.has(time)) return false;
  for (const rule of master.all('RRULE')) rule.value = endingBefore(rule.value, timeOf(start), time, from);
  for (const dates of master.all('RDATE')) keepEarlier(master, dates, (at) => Number(known.keyOf(at)) < from);
  for (const [key, component] of known.overrides) if (Number(key) >= from) known.object.calendar.remove(component);
  const stamp = cancelling.first('DTSTAMP');
  if (stamp) master.set('DTSTAMP', stamp.value);
  return true;
}

const DAY = 86_400_000;
const SECOND = 1000;

/** UNTIL is of the kind of DTSTART, and in UTC where that has a zone (RFC 5545 §3.3.10). */
function endingBefore(rule: string, start: IcalTime, time: IcalTime, instant: number): string {
  const kept = rule.split(';').filter((part) => !/^\s*(?:COUNT|UNTIL)=/i.test(part));
  const isLocal = start.kind === 'date' || start.kind === 'floating';
  const local = time.local - (start.kind === 'date' ? DAY : SECOND);
  const until = isLocal ? { ...start, local } : utcTime(instant - SECOND);
  return [...kept, `UNTIL=${formatTime(until)}`].join(';');
}

/** Periods and lists alike: what begins later goes. */
function keepEarlier(master: Component, dates: Property, isEarlier: (time: IcalTime) => boolean): void {
  const times = timesOf(dates);
  const values = dates.value.split(',').filter((_, at) => times[at] === undefined || isEarlier(times[at]));
  if (values.length === 0) master.remove(dates);
  else dates.value = values.join(',');
}
