import { parseContentLines } from '../../../formats/content-lines.js';
import { zoneOfVtimezone } from '../../../formats/ical/zones.js';
import { C } from '../../../formats/xml/names.js';
import { childOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { ianaOfTzid, ianaZone, UTC, type Zone } from '../../../formats/zones.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { keptText } from '../props/property.js';
import type { Resource } from '../resource.js';
import type { Viewer } from './overlap.js';

/**
 * In which zone floating and all-day times are seen: the one that the request gives, the calendar's own, or the user's
 * (RFC 4791 §9.8, §5.2.2). @throws DavError `valid-calendar-data`
 */
export function viewerOf(x: Exchange, body: XmlElement | null, target: Resource): Viewer {
  const given = body === null ? undefined : childOf(body, C('timezone'));
  if (given !== undefined) {
    const zone = zoneIn(textOf(given).trim());
    if (zone === null) throw conditionError(403, C('valid-calendar-data'));
    return { zone };
  }
  const own = keptText({ ...target, item: null }, C('calendar-timezone'));
  return { zone: (own === undefined ? null : zoneIn(own)) ?? ianaZone(x.session.user.zone) ?? UTC };
}

/** The zone of a VCALENDAR with a VTIMEZONE: a known name counts for more than the rules written out. */
function zoneIn(text: string): Zone | null {
  try {
    const timezone = parseContentLines(text)[0]?.component('VTIMEZONE');
    if (timezone === undefined) return null;
    const name = ianaOfTzid(timezone.first('TZID')?.text ?? '');
    return (name === null ? null : ianaZone(name)) ?? zoneOfVtimezone(timezone);
  } catch {
    return null;
  }
}
