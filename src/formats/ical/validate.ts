import type { Component, Property } from '../content-lines.js';
import { badData, IcalError } from './error.js';
import type { CalendarObject, IcalLimits } from './parse.js';
import { parseRule } from './rule.js';
import {
  formatTime,
  type IcalTime,
  isAbsoluteTrigger,
  parseDuration,
  parseOffset,
  recurrenceDatesOf,
  timeOf,
  timesOf,
} from './values.js';

/** Properties that occur at most once, by RFC 5545 §3.6; only those whose second value would change what a component means. */
const SINGLE = ['UID', 'DTSTART', 'DTEND', 'DUE', 'DURATION', 'RECURRENCE-ID', 'SEQUENCE', 'ORGANIZER', 'STATUS', 'COMPLETED'];

/**
 * How the value of a property is read; what throws is `valid-calendar-data`. Stamps (CREATED, DTSTAMP, LAST-MODIFIED) are
 * left alone: large services write years that don't exist into them, and nothing depends on them.
 */
const READERS: Readonly<Record<string, (property: Property) => unknown>> = {
  DTSTART: timeOf,
  DTEND: timeOf,
  DUE: timeOf,
  'RECURRENCE-ID': timeOf,
  COMPLETED: timeOf,
  DURATION: (property) => parseDuration(property.value),
  RRULE: (property) => parseRule(property.value),
  EXRULE: (property) => parseRule(property.value),
  RDATE: recurrenceDatesOf,
  EXDATE: timesOf,
  TRIGGER: (property) => (isAbsoluteTrigger(property) ? timeOf(property) : parseDuration(property.value)),
  SEQUENCE: integer,
  PRIORITY: integer,
  REPEAT: integer,
  'PERCENT-COMPLETE': integer,
  TZOFFSETFROM: (property) => parseOffset(property.value),
  TZOFFSETTO: (property) => parseOffset(property.value),
};

const MAX_DATES = 10_000;
const MAX_RULES = 20;

/** Whether a resource obeys RFC 4791 §4.1 and holds values that can be read. @throws IcalError */
export function checkCalendarObject(object: CalendarObject, limits: IcalLimits): void {
  checkCalendar(object.calendar);
  const components = [...(object.master ? [object.master] : []), ...object.overrides.map((override) => override.component)];
  if (components.length > limits.maxComponents) badData(`more than ${limits.maxComponents} components`);
  for (const component of components) checkMain(component, object.uid, limits);
  checkOverrides(object);
  for (const timezone of object.timezones) checkTimezone(timezone);
}

function checkCalendar(calendar: Component): void {
  const version = calendar.first('VERSION')?.value.trim();
  if (version === undefined) badData('VERSION is missing');
  if (version !== '2.0') throw new IcalError('supported-calendar-data', `VERSION:${version.slice(0, 10)}`);
  const scale = calendar.first('CALSCALE')?.value.trim().toUpperCase() ?? 'GREGORIAN';
  if (scale !== 'GREGORIAN') throw new IcalError('supported-calendar-data', `CALSCALE:${scale.slice(0, 20)}`);
  // RFC 4791 §4.1: an iTIP message is no calendar object.
  if (calendar.first('METHOD')) throw new IcalError('valid-calendar-object-resource', 'METHOD in a stored object');
}

function checkMain(component: Component, uid: string, limits: IcalLimits): void {
  const own = component.first('UID')?.text.trim();
  if (!own) throw new IcalError('valid-calendar-object-resource', `${component.name} without UID`);
  if (own !== uid) throw new IcalError('valid-calendar-object-resource', 'components with different UIDs');
  if (component.all('ATTENDEE').length > limits.maxAttendees)
    throw new IcalError('max-attendees-per-instance', `more than ${limits.maxAttendees} attendees`);
  for (const name of SINGLE) if (component.all(name).length > 1) badData(`${name} more than once in ${component.name}`);
  checkValues(component);
  CHECKS[component.name]?.(component);
}

function checkValues(component: Component): void {
  let dates = 0;
  for (const property of component.properties) {
    READERS[property.name]?.(property);
    if (property.name === 'RDATE' || property.name === 'EXDATE') dates += property.value.split(',').length;
  }
  if (dates > MAX_DATES) badData(`more than ${MAX_DATES} dates in RDATE and EXDATE`);
  if (component.all('RRULE').length + component.all('EXRULE').length > MAX_RULES) badData(`more than ${MAX_RULES} rules`);
  for (const part of component.components) checkValues(part);
}

const CHECKS: Readonly<Record<string, (component: Component) => void>> = {
  VEVENT: checkEvent,
  VTODO: checkTodo,
  VJOURNAL: checkJournal,
  VAVAILABILITY: checkAvailability,
};

/** RFC 5545 §3.6.1 */
function checkEvent(event: Component): void {
  const start = event.first('DTSTART');
  if (!start) badData('VEVENT without DTSTART');
  if (event.first('DTEND') && event.first('DURATION')) badData('both DTEND and DURATION');
  sameType(start, event.first('DTEND'));
}

/** RFC 5545 §3.6.2; a repeating to-do with DUE alone is taken, as phones make them. */
function checkTodo(todo: Component): void {
  const start = todo.first('DTSTART');
  const due = todo.first('DUE');
  if (due && todo.first('DURATION')) badData('both DUE and DURATION');
  if (todo.first('DURATION') && !start) badData('DURATION without DTSTART');
  if (todo.first('RRULE') && !start && !due) badData('RRULE without DTSTART or DUE');
}

/** RFC 5545 §3.6.3 */
function checkJournal(journal: Component): void {
  if (journal.first('RRULE') && !journal.first('DTSTART')) badData('RRULE without DTSTART');
}

/** RFC 7953 §3.1 */
function checkAvailability(availability: Component): void {
  for (const name of ['RRULE', 'RDATE', 'EXDATE']) if (availability.first(name)) badData(`${name} in VAVAILABILITY`);
  for (const part of availability.componentsNamed('AVAILABLE')) if (!part.first('DTSTART')) badData('AVAILABLE without DTSTART');
}

function sameType(start: Property, end: Property | undefined): void {
  if (end && (timeOf(start).kind === 'date') !== (timeOf(end).kind === 'date'))
    badData(`${end.name} and DTSTART of different types`);
}

/** RFC 4791 §4.1: one component for each occurrence. */
function checkOverrides(object: CalendarObject): void {
  const seen = new Set<string>();
  for (const { recurrenceId } of object.overrides) {
    const key = keyOf(recurrenceId);
    if (seen.has(key)) throw new IcalError('valid-calendar-object-resource', `RECURRENCE-ID ${key} twice`);
    seen.add(key);
  }
}

function keyOf(time: IcalTime): string {
  return time.tzid === null ? formatTime(time) : `${time.tzid}:${formatTime(time)}`;
}

/** RFC 5545 §3.6.5 */
function checkTimezone(timezone: Component): void {
  if (!timezone.first('TZID')?.value.trim()) badData('VTIMEZONE without TZID');
  const observances = timezone.components.filter((part) => part.name === 'STANDARD' || part.name === 'DAYLIGHT');
  if (observances.length === 0) badData('VTIMEZONE without STANDARD or DAYLIGHT');
  for (const part of observances) {
    for (const name of ['DTSTART', 'TZOFFSETFROM', 'TZOFFSETTO']) if (!part.first(name)) badData(`${part.name} without ${name}`);
    checkValues(part);
  }
}

function integer(property: Property): void {
  if (!/^[+-]?\d{1,10}$/.test(property.value.trim())) badData(`${property.name} is not an integer`);
}
