import { type Component, Property } from '../../../formats/content-lines.js';
import { type Occurrence, occurrences, TooComplex } from '../../../formats/ical/occurrences.js';
import { type CalendarObject, openCalendarObject } from '../../../formats/ical/parse.js';
import { dateTime, floatingTime, formatTime, type IcalTime, timeOf, timeParams, utcTime } from '../../../formats/ical/values.js';
import { ZoneTable } from '../../../formats/ical/zones.js';
import { C } from '../../../formats/xml/names.js';
import { conditionError } from '../errors.js';
import type { Viewer } from './overlap.js';
import type { Range } from './range.js';

/** Most components that one item may become. */
const MAX_EXPANDED = 5_000;
const RECURRENCE = ['RRULE', 'RDATE', 'EXDATE', 'EXRULE'];

/**
 * CALDAV:expand (RFC 4791 §9.6.5): each occurrence in the range as a component of its own, in UTC. All-day and floating
 * values stay what they are: as UTC they would fall on other days for other viewers.
 * @throws DavError `max-instances`
 */
export function expandOccurrences(text: string, range: Range, viewer: Viewer): string {
  const object = openCalendarObject(text);
  const zones = new ZoneTable(object.timezones, viewer.zone);
  const expanded: Component[] = [];
  try {
    for (const occurrence of occurrences(object, { from: range.start, to: range.end, zone: viewer.zone })) {
      if (expanded.length >= MAX_EXPANDED) throw conditionError(403, C('max-instances'));
      expanded.push(instance(occurrence, zones, viewer));
    }
  } catch (error) {
    if (error instanceof TooComplex) throw conditionError(403, C('max-instances'));
    throw error;
  }
  return replaced(object, expanded);
}

/** The calendar with other main components and without zones, which UTC does not need. */
function replaced(object: CalendarObject, components: readonly Component[]): string {
  const { calendar } = object;
  for (const component of calendar.components) {
    if (component.name === object.component || component.name === 'VTIMEZONE') calendar.remove(component);
  }
  for (const component of components) calendar.add(component);
  return calendar.toString();
}

function instance(occurrence: Occurrence, zones: ZoneTable, viewer: Viewer): Component {
  const component = occurrence.component.clone();
  for (const name of RECURRENCE) component.remove(name);
  const form = (instant: number): IcalTime => {
    if (occurrence.allDay) return dateTime(viewer.zone.toLocal(instant));
    return occurrence.floating ? floatingTime(viewer.zone.toLocal(instant)) : utcTime(instant);
  };
  const set = (name: string, time: IcalTime): void => {
    component.set(name, formatTime(time), { ...timeParams(time), RANGE: undefined });
  };
  if (component.first('DTSTART')) set('DTSTART', form(occurrence.start));
  for (const name of ['DTEND', 'DUE']) if (component.first(name)) set(name, form(occurrence.end));
  if (occurrence.recurrenceId !== null) set('RECURRENCE-ID', inUtc(occurrence.recurrenceId, zones));
  else component.remove('RECURRENCE-ID');
  for (const line of component.properties) toUtc(line, zones);
  return component;
}

function inUtc(time: IcalTime, zones: ZoneTable): IcalTime {
  return time.kind === 'zoned' ? utcTime(zones.instant(time)) : time;
}

/** Any other time with a zone: the zone's definition is not sent along. */
function toUtc(line: Property, zones: ZoneTable): void {
  if (!(line instanceof Property) || line.param('TZID') === undefined) return;
  try {
    line.value = formatTime(inUtc(timeOf(line), zones));
    line.setParam('TZID', undefined);
  } catch {
    // Not a time: left as it is.
  }
}

/** CALDAV:limit-recurrence-set (RFC 4791 §9.6.6): the master, and those overrides that have to do with the range. */
export function limitOverrides(text: string, range: Range, viewer: Viewer): string {
  const object = openCalendarObject(text);
  if (object.master === null || object.overrides.length === 0) return text;
  const zones = new ZoneTable(object.timezones, viewer.zone);
  const now = new Set<Component>();
  for (const { component } of occurrences(object, { from: range.start, to: range.end, zone: viewer.zone })) now.add(component);
  const length = lengthOf(object.master, zones);
  for (const { component, recurrenceId, thisAndFuture } of object.overrides) {
    const original = zones.instant(recurrenceId);
    const was = original < range.end && (thisAndFuture || Math.max(original + length, original + 1) > range.start);
    if (!was && !now.has(component)) object.calendar.remove(component);
  }
  return object.calendar.toString();
}

function lengthOf(master: Component, zones: ZoneTable): number {
  const [start, end] = [master.first('DTSTART'), master.first('DTEND') ?? master.first('DUE')];
  return start && end ? zones.instant(timeOf(end)) - zones.instant(timeOf(start)) : 0;
}
