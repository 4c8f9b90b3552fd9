/**
 * Calendar object resources (RFC 4791 §4.1): text → what it is.
 *
 *     const object = readCalendarObject(text)            // checked; throws IcalError with a reason
 *     const stored = openCalendarObject(text)            // for text that was checked when it was stored
 *     object.uid, object.component, object.master, object.overrides
 */
import ICAL from 'ical.js';
import { type Component, ContentLineError, parseContentLines } from '../content-lines.js';
import { badData, IcalError } from './error.js';
import { checkCalendarObject } from './validate.js';
import { type IcalTime, timeOf } from './values.js';

/** Component types that can be a calendar object resource. */
export const MAIN_COMPONENTS = ['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VAVAILABILITY', 'VPOLL'] as const;
export type MainComponent = (typeof MAIN_COMPONENTS)[number];

/** A component with RECURRENCE-ID. */
export interface Override {
  readonly recurrenceId: IcalTime;
  /** RANGE=THISANDFUTURE (RFC 5545 §3.2.13) */
  readonly thisAndFuture: boolean;
  readonly component: Component;
}

export interface CalendarObject {
  /** The VCALENDAR. */
  readonly calendar: Component;
  readonly uid: string;
  readonly component: MainComponent;
  /** The component without RECURRENCE-ID. Null where somebody was invited to single occurrences only. */
  readonly master: Component | null;
  readonly overrides: readonly Override[];
  readonly timezones: readonly Component[];
}

export interface IcalLimits {
  /** UTF-8 bytes of the resource; beyond: `max-resource-size`. */
  readonly maxBytes: number;
  /** Main components: the master and its overrides. */
  readonly maxComponents: number;
  /** ATTENDEE properties in one component; beyond: `max-attendees-per-instance`. */
  readonly maxAttendees: number;
  /** Characters of one unfolded line, attachments included. */
  readonly maxLineLength: number;
  readonly maxDepth: number;
}

export const DEFAULT_ICAL_LIMITS: IcalLimits = {
  maxBytes: 10 << 20,
  maxComponents: 3000,
  maxAttendees: 2000,
  maxLineLength: 10 << 20,
  maxDepth: 5,
};

export interface ReadOptions {
  /** Components that are taken: the collection's. Default: all but VFREEBUSY. */
  readonly components?: readonly string[];
  readonly limits?: Partial<IcalLimits>;
}

const STORABLE: readonly string[] = MAIN_COMPONENTS.filter((name) => name !== 'VFREEBUSY');

/** Reads and checks what a client wants to store. @throws IcalError with the broken precondition of RFC 4791 §5.3.2.1 */
export function readCalendarObject(text: string, options: ReadOptions = {}): CalendarObject {
  const limits = { ...DEFAULT_ICAL_LIMITS, ...options.limits };
  if (Buffer.byteLength(text) > limits.maxBytes) throw new IcalError('max-resource-size', `larger than ${limits.maxBytes} bytes`);
  const object = openCalendarObject(text, limits);
  checkCalendarObject(object, limits);
  if (!(options.components ?? STORABLE).includes(object.component))
    throw new IcalError('supported-calendar-component', `${object.component} is not taken here`);
  checkReadable(text);
  return object;
}

/** Reads text that was checked before. @throws IcalError only where nothing can be made of it */
export function openCalendarObject(text: string, limits: Partial<IcalLimits> = {}): CalendarObject {
  return calendarObjectOf(parseCalendar(text, limits));
}

/** What a parsed VCALENDAR is. @throws IcalError where nothing can be made of it */
export function calendarObjectOf(calendar: Component): CalendarObject {
  const main = mainComponents(calendar);
  const overrides: Override[] = [];
  let master: Component | null = null;
  for (const component of main) {
    const override = overrideOf(component);
    if (override) overrides.push(override);
    else if (master) throw new IcalError('valid-calendar-object-resource', `two ${component.name} without RECURRENCE-ID`);
    else master = component;
  }
  const first = main[0] as Component;
  return {
    calendar,
    uid: first.first('UID')?.text.trim() ?? '',
    component: first.name as MainComponent,
    master,
    overrides,
    timezones: calendar.componentsNamed('VTIMEZONE'),
  };
}

/** The one VCALENDAR of a text. @throws IcalError */
export function parseCalendar(text: string, limits: Partial<IcalLimits> = {}): Component {
  const { maxBytes, maxLineLength, maxDepth } = { ...DEFAULT_ICAL_LIMITS, ...limits };
  try {
    const [calendar, ...rest] = parseContentLines(text, { maxBytes, maxLineLength, maxDepth });
    if (calendar?.name !== 'VCALENDAR') badData(`${calendar?.name} where VCALENDAR belongs`);
    if (rest.length > 0) badData('more than one VCALENDAR');
    return calendar;
  } catch (error) {
    if (error instanceof ContentLineError) throw new IcalError('valid-calendar-data', error.message, { cause: error });
    throw error;
  }
}

function mainComponents(calendar: Component): Component[] {
  const main = calendar.components.filter((component) => component.name !== 'VTIMEZONE' && !component.name.startsWith('X-'));
  if (main.length === 0) throw new IcalError('valid-calendar-object-resource', 'no calendar component');
  const names = new Set(main.map((component) => component.name));
  for (const name of names)
    if (!MAIN_COMPONENTS.some((known) => known === name))
      throw new IcalError('supported-calendar-component', `${name.slice(0, 40)} is not a component that is kept`);
  if (names.size > 1) throw new IcalError('valid-calendar-object-resource', `components of two types: ${[...names].join(', ')}`);
  return main;
}

/** What a component with RECURRENCE-ID stands for; null without. @throws IcalError for a RECURRENCE-ID that is no time */
export function overrideOf(component: Component): Override | null {
  const id = component.first('RECURRENCE-ID');
  return id ? { recurrenceId: timeOf(id), thisAndFuture: isThisAndFuture(id.param('RANGE')), component } : null;
}

function isThisAndFuture(range: string | undefined): boolean {
  return range?.toUpperCase() === 'THISANDFUTURE';
}

/** What the reader that most calendar apps on the web use can't read, nobody should get from us. */
function checkReadable(text: string): void {
  try {
    ICAL.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new IcalError('valid-calendar-data', error instanceof Error ? error.message.slice(0, 200) : 'unreadable', {
      cause: error,
    });
  }
}
