import { Budget, occurrences, TooComplex } from '../../formats/ical/occurrences.js';
import { type CalendarObject, openCalendarObject } from '../../formats/ical/parse.js';
import { normaliseSpans } from '../../formats/ical/spans.js';
import { ianaZone, UTC } from '../../formats/zones/iana.js';
import type { Account } from '../types.js';
import { attendeeOf, type Own, ownAddresses, partstatOf } from './calendar-user.js';
import { isCancelled, SchedulingObject } from './object.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

/** How far ahead a room is given away, in milliseconds: a series without an end would take it for ever. */
const HORIZON = 732 * 86_400_000;
const MOST_OCCURRENCES = 2000;

/** When a meeting needs a room that is invited to it; null: farther ahead, or more often, than rooms are given away. */
export function neededSpans(text: string, room: Account, now: Date): readonly Span[] | null {
  const object = openCalendarObject(text);
  const own = ownAddresses(room);
  const from = now.getTime();
  const spans: Span[] = [];
  try {
    for (const { component, start, end } of upcoming(object, room, from)) {
      if (!takesTime(component, own)) continue;
      if (end > from + HORIZON || spans.length >= MOST_OCCURRENCES) return null;
      spans.push({ start, end });
    }
  } catch (error) {
    if (error instanceof TooComplex) return null;
    throw error;
  }
  return normaliseSpans(spans);
}

function upcoming(object: CalendarObject, room: Account, from: number) {
  const zone = ianaZone(room.zone) ?? UTC;
  return occurrences(object, { from, to: Number.POSITIVE_INFINITY, zone, budget: new Budget() });
}

type Component = SchedulingObject['components'][number];

/** What is the room's own, or it is invited to. Occurrences it was not given are not in its copy. */
function takesTime(component: Component, own: Own): boolean {
  const isFree = component.first('TRANSP')?.value.trim().toUpperCase() === 'TRANSPARENT';
  if (isFree || isCancelled(component)) return false;
  const attendee = attendeeOf(component, (user) => own.has(user));
  return attendee === undefined || partstatOf(attendee) !== 'DECLINED';
}

/** The room's copy with its answer on it. */
export function withAnswer(text: string, room: Account, partstat: 'ACCEPTED' | 'DECLINED'): string {
  const of = new SchedulingObject(openCalendarObject(text));
  const own = ownAddresses(room);
  for (const component of of.components) {
    const attendee = attendeeOf(component, (user) => own.has(user));
    if (!attendee) continue;
    attendee.setParam('PARTSTAT', partstat);
    attendee.setParam('RSVP', undefined);
  }
  return of.object.calendar.toString();
}

/** Whether all of it is off. */
export function isOff(text: string): boolean {
  return new SchedulingObject(openCalendarObject(text)).components.every(isCancelled);
}
