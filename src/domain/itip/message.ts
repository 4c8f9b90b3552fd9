import { type Component, Property } from '../../formats/content-lines.js';
import { type CalendarObject, calendarObjectOf, parseCalendar } from '../../formats/ical/parse.js';
import { formatTime, type IcalTime, timeParams, utcTime } from '../../formats/ical/values.js';
import { type Address, organizerOf } from './calendar-user.js';
import { SchedulingObject, sequenceOf } from './object.js';
import { setProposal } from './proposal.js';

/** What a scheduling message asks for (RFC 5546 §1.4). */
export type ItipMethod = 'REQUEST' | 'CANCEL' | 'REPLY' | 'ADD' | 'COUNTER' | 'DECLINECOUNTER' | 'REFRESH';

const METHODS: readonly string[] = ['REQUEST', 'CANCEL', 'REPLY', 'ADD', 'COUNTER', 'DECLINECOUNTER', 'REFRESH'];

/** A message to one calendar user. */
export interface ItipDraft {
  readonly method: ItipMethod;
  readonly recipient: Address;
  readonly uid: string;
  /** Which occurrences it is about; empty: the object as a whole. */
  readonly recurrence: string;
  readonly sequence: number;
  readonly text: string;
  /** Equal for messages that say the same. */
  readonly digest: string;
  /** Sent whatever was sent before (SCHEDULE-FORCE-SEND, an answer to REFRESH). */
  readonly force: boolean;
}

/** A message that came in. */
export interface ItipMessage {
  readonly method: ItipMethod;
  readonly uid: string;
  readonly organizer: Address | null;
  readonly sequence: number;
  readonly scheduling: SchedulingObject;
}

const PRODID = '-//Mobile Sync Gateway//Scheduling//EN';
/** A message larger than this is none that people write. */
const MAX_MESSAGE = 2 << 20;

/** Reads a scheduling message; null for what is none. @throws IcalError for a broken one */
export function readMessage(text: string): ItipMessage | null {
  const calendar = parseCalendar(text, { maxBytes: MAX_MESSAGE });
  const method = calendar.first('METHOD')?.value.trim().toUpperCase() ?? '';
  if (!METHODS.includes(method)) return null;
  const object = calendarObjectOf(calendar);
  if (object.component !== 'VEVENT' && object.component !== 'VTODO') return null;
  const main = object.master ?? object.overrides[0]?.component;
  if (!main || object.uid === '' || Buffer.byteLength(object.uid) > 1000) return null;
  const scheduling = new SchedulingObject(object);
  const sequence = Math.max(...scheduling.components.map(sequenceOf));
  return { method: method as ItipMethod, uid: object.uid, organizer: organizerOf(main), sequence, scheduling };
}

/** Parameters between a client and its server, never in a message (RFC 6638 §7). */
const LOCAL_PARAMETERS = ['SCHEDULE-AGENT', 'SCHEDULE-STATUS', 'SCHEDULE-FORCE-SEND'];
/** The sender's own business. */
const PERSONAL =
  /^(?:CATEGORIES|COLOR|ACKNOWLEDGED|REQUEST-STATUS|X-MOZ-.*|X-APPLE-(?!STRUCTURED-LOCATION).*|X-LIC-.*|X-MICROSOFT-CDO-(?:BUSYSTATUS|INTENDEDSTATUS))$/;

/** A message that shows components of an object as they are, without what is private to its owner. */
export function messageText(method: ItipMethod, source: CalendarObject, components: readonly Component[]): string {
  const { calendar } = source;
  const properties = [new Property('VERSION', '2.0'), new Property('PRODID', PRODID), new Property('METHOD', method)];
  const scale = calendar.first('CALSCALE')?.clone();
  const used = new Set(components.flatMap(tzidsOf));
  const timezones = source.timezones.filter((timezone) => used.has(timezone.first('TZID')?.text.trim() ?? ''));
  const parts = [...properties, ...(scale ? [scale] : []), ...timezones.map((timezone) => timezone.clone()), ...components];
  return ['BEGIN:VCALENDAR\r\n', ...parts.map(String), 'END:VCALENDAR\r\n'].join('').replace(/\r?\n/g, '\r\n');
}

function tzidsOf(component: Component): string[] {
  return component.properties.flatMap((property) => property.paramValues('TZID').map((tzid) => tzid.trim()));
}

/** A component as others may see it, stamped with the time of sending (RFC 5546 §3.7.1 DTSTAMP). */
export function sharedComponent(component: Component, now: Date): Component {
  const copy = component.clone();
  for (const alarm of copy.componentsNamed('VALARM')) copy.remove(alarm);
  for (const { name } of copy.properties) if (PERSONAL.test(name)) copy.remove(name);
  for (const property of copy.properties)
    if (property.name === 'ATTENDEE' || property.name === 'ORGANIZER') setProposal(withoutLocal(property), null);
  copy.set('DTSTAMP', formatTime(utcTime(now.getTime())), { TZID: undefined, VALUE: undefined });
  return copy;
}

export function withoutLocal(property: Property): Property {
  for (const name of LOCAL_PARAMETERS) property.setParam(name, undefined);
  return property;
}

/** A property with a time, spelt like the time itself. */
export function timeProperty(name: string, time: IcalTime): Property {
  return new Property(name, formatTime(time), timeParams(time));
}
