import { C } from '../../../formats/xml/names.js';
import { childOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { ianaZone, UTC } from '../../../formats/zones.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { zoneInText, zoneOfCalendar } from '../props/timezone.js';
import type { Resource } from '../resource.js';
import type { Viewer } from './overlap.js';

/**
 * In which zone floating and all-day times are seen: the one that the request gives, the calendar's own, or the user's
 * (RFC 4791 §9.8, §5.2.2, RFC 7809 §5.1). @throws DavError `valid-calendar-data`, `valid-timezone`
 */
export function viewerOf(x: Exchange, body: XmlElement | null, target: Resource): Viewer {
  const given = body === null ? undefined : childOf(body, C('timezone'));
  if (given !== undefined) {
    const zone = zoneInText(textOf(given).trim());
    if (zone === null) throw conditionError(403, C('valid-calendar-data'));
    return { zone };
  }
  const named = body === null ? undefined : childOf(body, C('timezone-id'));
  if (named !== undefined) {
    const zone = ianaZone(textOf(named).trim());
    if (zone === null) throw conditionError(403, C('valid-timezone'));
    return { zone };
  }
  return { zone: zoneOfCalendar(target) ?? ianaZone(x.session.user.zone) ?? UTC };
}
