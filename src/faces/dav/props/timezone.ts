import type { CollectionPatch } from '../../../domain/pim/model.js';
import { parseContentLines } from '../../../formats/content-lines.js';
import { vtimezoneText, zoneOfVtimezone } from '../../../formats/ical/zones.js';
import { C } from '../../../formats/xml/names.js';
import { textOf, type XmlElement } from '../../../formats/xml/read.js';
import { text } from '../../../formats/xml/write.js';
import { ianaOfTzid, ianaZone, type Zone } from '../../../formats/zones.js';
import { conditionError, type DavError } from '../errors.js';
import type { Resource } from '../resource.js';
import { keepPlain, kept, keptText, MAX_PROPERTY_BYTES, type Property } from './property.js';

const ZONE = C('calendar-timezone');
const ZONE_ID = C('calendar-timezone-id');

/** The VTIMEZONE of a VCALENDAR that holds one and no other (RFC 4791 §5.2.2), or null. */
function timezoneIn(value: string) {
  try {
    const [calendar, ...more] = parseContentLines(value, { maxBytes: MAX_PROPERTY_BYTES });
    const zones = calendar?.name === 'VCALENDAR' && more.length === 0 ? calendar.componentsNamed('VTIMEZONE') : [];
    return zones.length === 1 ? (zones[0] ?? null) : null;
  } catch {
    return null;
  }
}

/** The zone that a VCALENDAR with a VTIMEZONE means: a known name counts for more than the rules written out. */
export function zoneInText(value: string): Zone | null {
  const timezone = timezoneIn(value);
  if (timezone === null) return null;
  const name = ianaOfTzid(timezone.first('TZID')?.text ?? '');
  return (name === null ? null : ianaZone(name)) ?? zoneOfVtimezone(timezone);
}

/** The zone of a calendar, by reference or written out; null where it has none. */
export function zoneOfCalendar(r: Resource): Zone | null {
  const collection = { ...r, item: null };
  const id = keptText(collection, ZONE_ID);
  const own = keptText(collection, ZONE);
  return (id === undefined ? null : ianaZone(id)) ?? (own === undefined ? null : zoneInText(own));
}

/** Each of the two says the same in its own way: the later one counts. */
function setZone(value: XmlElement | null): CollectionPatch | DavError {
  if (value !== null && timezoneIn(textOf(value).trim()) === null) return conditionError(403, C('valid-calendar-data'));
  return { properties: { ...keepPlain(ZONE, value).properties, [ZONE_ID]: null } };
}

function setZoneId(value: XmlElement | null): CollectionPatch | DavError {
  if (value !== null && ianaZone(textOf(value).trim()) === null) return conditionError(403, C('valid-timezone'));
  return { properties: { ...keepPlain(ZONE_ID, value).properties, [ZONE]: null } };
}

function definitionOf(id: string): string | undefined {
  const lines = ianaZone(id) === null ? undefined : vtimezoneText(id);
  return lines && `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Mobile Sync Gateway//EN\r\n${lines}END:VCALENDAR\r\n`;
}

/** The zone in which a calendar's floating and all-day times are seen (RFC 4791 §5.2.2, RFC 7809 §5.2). */
export const timezoneProperties: readonly Property[] = [
  {
    name: ZONE,
    on: ['calendar'],
    spec: 'RFC 4791 §5.2.2',
    get: (r) => {
      const id = keptText(r, ZONE_ID);
      const made = id === undefined ? undefined : definitionOf(id);
      return kept(r, ZONE) ?? (made === undefined ? undefined : text(made));
    },
    set: setZone,
  },
  {
    name: ZONE_ID,
    on: ['calendar'],
    spec: 'RFC 7809 §5.2',
    get: (r) => {
      const id = keptText(r, ZONE_ID) ?? zoneInText(keptText(r, ZONE) ?? '')?.iana;
      return id ? text(id) : undefined;
    },
    set: setZoneId,
  },
];
