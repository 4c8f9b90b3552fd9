import type { Component, Property } from '../../../formats/content-lines.js';
import { type Occurrence, occurrences, TooComplex } from '../../../formats/ical/occurrences.js';
import type { CalendarObject } from '../../../formats/ical/parse.js';
import { DAY, type IcalTime, parseDuration, timeOf, timesOf } from '../../../formats/ical/values.js';
import { ZoneTable } from '../../../formats/ical/zones.js';
import type { Zone } from '../../../formats/zones.js';
import type { Range } from './range.js';

/** Who looks: floating and all-day times are seen in this zone. */
export interface Viewer {
  readonly zone: Zone;
}

/** The components of a name that overlap a range, through any of their occurrences (RFC 4791 §9.9). */
export function overlappingComponents(object: CalendarObject, name: string, range: Range, viewer: Viewer): Set<Component> {
  const candidates = new Set(object.calendar.componentsNamed(name));
  const found = new Set<Component>();
  for (const component of candidates)
    if (hasNoDate(component) && undatedOverlaps(component, range, object, viewer)) found.add(component);
  try {
    for (const { component } of occurrences(object, { from: range.start, to: range.end, zone: viewer.zone })) {
      if (candidates.has(component)) found.add(component);
      if (found.size === candidates.size) break;
    }
  } catch (error) {
    // A rule that needs more work than a request may cost counts as overlapping: better one item too many.
    if (!(error instanceof TooComplex)) throw error;
    return candidates;
  }
  return found;
}

function hasNoDate(component: Component): boolean {
  return (
    !component.first('DTSTART') && !component.first('DUE') && (component.name !== 'VAVAILABILITY' || !component.first('DTEND'))
  );
}

/** RFC 4791 §9.9 for to-dos without DTSTART and DUE; RFC 7953 §7.2.2 for availability without bounds. Others never overlap. */
function undatedOverlaps(component: Component, range: Range, object: CalendarObject, viewer: Viewer): boolean {
  if (component.name === 'VAVAILABILITY') return true;
  if (component.name !== 'VTODO') return false;
  const zones = new ZoneTable(object.timezones, viewer.zone);
  const at = (name: string): number | null => {
    const property = component.first(name);
    return property === undefined ? null : zones.instant(timeOf(property));
  };
  const [completed, created] = [at('COMPLETED'), at('CREATED')];
  const { start, end } = range;
  if (completed !== null && created !== null)
    return (start <= created || start <= completed) && (end >= created || end >= completed);
  if (completed !== null) return start <= completed && end >= completed;
  return created === null || end > created;
}

/** Whether an alarm of a component goes off in a range: absolute, related to start or end, repeated (RFC 4791 §9.9). */
export function alarmOverlaps(
  object: CalendarObject,
  parent: Component,
  alarm: Component,
  range: Range,
  viewer: Viewer,
): boolean {
  const trigger = alarm.first('TRIGGER');
  if (trigger === undefined) return false;
  const within = (at: number): boolean => at >= range.start && at < range.end;
  const repeats = repeatsOf(alarm);
  if (trigger.param('VALUE')?.toUpperCase() === 'DATE-TIME' || /^\d{8}T/.test(trigger.value)) {
    const at = new ZoneTable(object.timezones, viewer.zone).instant(timeOf(trigger));
    return repeats.some((after) => within(at + after));
  }
  const { days, ms } = parseDuration(trigger.value);
  const shift = days * DAY + ms;
  const base = trigger.param('RELATED')?.toUpperCase() === 'END' ? 'end' : 'start';
  const last = repeats.at(-1) ?? 0;
  const window = { from: range.start - shift - last - 2, to: range.end - shift + 2, zone: viewer.zone };
  return anyOf(occurrences(object, window), (occurrence) => {
    return occurrence.component === parent && repeats.some((after) => within(occurrence[base] + shift + after));
  });
}

const MAX_REPEATS = 1_000;

/** Milliseconds after the first trigger at which an alarm sounds: `REPEAT:2` and `DURATION:PT5M` give 0, 5 and 10 minutes. */
function repeatsOf(alarm: Component): number[] {
  const count = Number(alarm.first('REPEAT')?.value ?? 0);
  const duration = alarm.first('DURATION');
  if (!Number.isInteger(count) || count <= 0 || duration === undefined) return [0];
  const { days, ms } = parseDuration(duration.value);
  return Array.from({ length: Math.min(count, MAX_REPEATS) + 1 }, (_, index) => index * (days * DAY + ms));
}

function anyOf(all: Iterable<Occurrence>, test: (occurrence: Occurrence) => boolean): boolean {
  try {
    for (const occurrence of all) if (test(occurrence)) return true;
    return false;
  } catch (error) {
    if (error instanceof TooComplex) return true;
    throw error;
  }
}

/** Whether a date or date-time of a property lies in a range; a date is its whole day (RFC 4791 §9.7.2). */
export function propertyOverlaps(object: CalendarObject, line: Property, range: Range, viewer: Viewer): boolean {
  const zones = new ZoneTable(object.timezones, viewer.zone);
  return datesIn(line).some((time) => {
    const at = zones.instant(time);
    return at < range.end && (time.kind === 'date' ? at + DAY : at + 1) > range.start;
  });
}

function datesIn(line: Property): readonly IcalTime[] {
  try {
    return timesOf(line);
  } catch {
    return [];
  }
}
