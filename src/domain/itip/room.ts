import { Budget, type Occurrence, occurrences, TooComplex } from '../../formats/ical/occurrences.js';
import { type CalendarObject, openCalendarObject } from '../../formats/ical/parse.js';
import { normaliseSpans } from '../../formats/ical/spans.js';
import { ianaZone, UTC } from '../../formats/zones/iana.js';
import type { Account, RoomRules } from '../types.js';
import { attendeeOf, type Own, ownAddresses, partstatOf } from './calendar-user.js';
import { isCancelled, SchedulingObject } from './object.js';
import { rulesOf } from './room-rules.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

const DAY = 86_400_000;
const HOUR = 3_600_000;
/**
 * What a series that goes on holds beyond the window, in milliseconds: nobody else can book there, so that it has its next
 * occurrences before others can ask for them.
 */
const AHEAD = 31 * DAY;
const MOST_OCCURRENCES = 2000;

/** When a meeting needs a room that is invited to it; null: not what this room is given away for. */
export function neededSpans(text: string, room: Account, now: Date): readonly Span[] | null {
  const needed = neededOccurrences(text, room, now);
  return needed && normaliseSpans(needed.map(({ start, end }) => ({ start, end })));
}

/** The occurrences for which a meeting needs a room, as far ahead as the room holds them; null as of `neededSpans`. */
export function neededOccurrences(text: string, room: Account, now: Date): readonly Occurrence[] | null {
  const object = openCalendarObject(text);
  const rules = rulesOf(room);
  const recurs = object.overrides.length > 0 || ['RRULE', 'RDATE'].some((name) => object.master?.first(name));
  if (recurs && rules.series === 'none') return null;
  const rolls = recurs && rules.series === 'roll';
  const end = now.getTime() + rules.window * DAY;
  const own = ownAddresses(room);
  const needed: Occurrence[] = [];
  try {
    for (const occurrence of upcoming(object, room, now.getTime(), rolls ? end + AHEAD : Number.POSITIVE_INFINITY)) {
      if (!takesTime(occurrence.component, own)) continue;
      if ((!rolls && occurrence.end > end) || isTooLong(occurrence, rules) || needed.length >= MOST_OCCURRENCES) return null;
      needed.push(occurrence);
    }
    return rolls && !beginsBefore(object, room, end) ? null : needed;
  } catch (error) {
    if (error instanceof TooComplex) return null;
    throw error;
  }
}

function isTooLong({ start, end }: Occurrence, { longest }: RoomRules): boolean {
  return longest !== null && end - start > longest * HOUR;
}

/** A series that goes on may reach beyond the window, but not begin there. */
function beginsBefore(object: CalendarObject, room: Account, end: number): boolean {
  for (const { start } of upcoming(object, room, 0, end)) return start < end;
  return false;
}

function upcoming(object: CalendarObject, room: Account, from: number, to: number) {
  const zone = ianaZone(room.zone) ?? UTC;
  return occurrences(object, { from, to, zone, budget: new Budget() });
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
