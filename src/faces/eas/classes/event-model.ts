import type { Account } from '../../../domain/types.js';
import { type Component, Property, parseContentLines } from '../../../formats/content-lines.js';
import { type CalendarObject, openCalendarObject } from '../../../formats/ical/parse.js';
import { formatTime, type IcalTime, timeParams, utcTime } from '../../../formats/ical/values.js';
import { vtimezoneText, ZoneTable } from '../../../formats/ical/zones.js';
import { ianaZone, UTC } from '../../../formats/zones/iana.js';
import type { Zone } from '../../../formats/zones/zone.js';

/** PRODID of texts that the gateway makes. */
export const PRODID = '-//Mobile Sync Gateway//ActiveSync//EN';

/** A calendar object opened for one user. */
export interface OpenedObject {
  readonly calendar: Component;
  readonly zones: ZoneTable;
  readonly user: Account;
  /** Null where the user was invited to single occurrences only. */
  readonly master: Component | null;
  readonly object: CalendarObject;
}

/** One component as the tables of fields see it: the series, a single item, or one occurrence that differs. */
export interface ItemModel extends OpenedObject {
  readonly component: Component;
}

/** @throws Error for a text that nothing can be made of */
export function openObject(text: string, user: Account): OpenedObject {
  const object = openCalendarObject(text);
  const zones = new ZoneTable(object.timezones, ianaZone(user.zone) ?? UTC);
  return { calendar: object.calendar, zones, user, master: object.master, object };
}

/** What stands for the whole object on a device: the series or single item, else the first occurrence. */
export function mainModel(opened: OpenedObject): ItemModel {
  const component = opened.master ?? opened.object.overrides[0]?.component;
  if (!component) throw new Error('no component to show');
  return { ...opened, component };
}

/** A new object with one component and its UID. */
export function newObject(name: 'VEVENT' | 'VTODO' | 'VJOURNAL', uid: string, user: Account): OpenedObject {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', `PRODID:${PRODID}`, `BEGIN:${name}`, `END:${name}`, 'END:VCALENDAR', ''];
  const [calendar] = parseContentLines(lines.join('\r\n')) as [Component];
  const component = calendar.component(name) as Component;
  component.add(new Property('UID', uid));
  return openObject(calendar.toString(), user);
}

/** Writes a time where the property stands, or at its place; the zone it names is described in the object. */
export function setTime(opened: OpenedObject, component: Component, name: string, time: IcalTime, zone?: Zone): void {
  component.set(name, formatTime(time), timeParams(time));
  if (time.tzid !== null && zone) ensureTimezone(opened, time.tzid, zone, time.local);
}

/** Adds the VTIMEZONE of a TZID where the object has none (RFC 5545 §3.2.19), telling its rules from that time on. */
export function ensureTimezone({ calendar }: OpenedObject, tzid: string, zone: Zone, from: number): void {
  if (calendar.componentsNamed('VTIMEZONE').some((timezone) => timezone.first('TZID')?.text.trim() === tzid)) return;
  const text = vtimezoneText(zone, { from, tzid }).replace(/\r\n/g, calendar.eol);
  const [timezone] = parseContentLines(text);
  const first = calendar.components[0];
  if (timezone && first) calendar.insertBefore(timezone, first);
}

/** Properties whose change is the user's own business and no new revision for others (RFC 5546 §2.1.4). */
const PERSONAL = /^(?:TRANSP|CATEGORIES|DTSTAMP|LAST-MODIFIED|SEQUENCE|X-MICROSOFT-CDO-(?:BUSYSTATUS|INTENDEDSTATUS))$/;

/**
 * Marks a component as changed, if it is: stamps, and a higher SEQUENCE where the change concerns others and the user is
 * the one who decides. @param before the component before the change; absent: new
 */
export function stamp(component: Component, before: Component | undefined, options: { now: Date; decides: boolean }): boolean {
  if (before && before.toString() === component.toString()) return false;
  const now = formatTime(utcTime(options.now.getTime()));
  component.set('DTSTAMP', now, { TZID: undefined, VALUE: undefined });
  component.set('LAST-MODIFIED', now, { TZID: undefined, VALUE: undefined });
  if (!before) {
    if (!component.first('CREATED')) component.set('CREATED', now);
    if (!component.first('SEQUENCE')) component.set('SEQUENCE', '0');
  } else if (options.decides && concernsOthers(before, component)) {
    component.set('SEQUENCE', String((Number(component.first('SEQUENCE')?.value) || 0) + 1));
  }
  return true;
}

function concernsOthers(before: Component, after: Component): boolean {
  const shared = (component: Component) => component.properties.filter(({ name }) => !PERSONAL.test(name)).join('');
  return shared(before) !== shared(after);
}
