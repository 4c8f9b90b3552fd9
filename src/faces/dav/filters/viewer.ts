import { C } from '../../../formats/xml/names.js';
import { childOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { Resource } from '../resource.js';
import type { Viewer } from './ical-adapter.js';

/**
 * In which zone floating and all-day times are seen: the one that the request gives, the calendar's own, or the user's
 * (RFC 4791 §9.8, §5.2.2). @throws DavError `valid-calendar-data`
 */
export function viewerOf(x: Exchange, body: XmlElement, target: Resource): Viewer {
  const given = childOf(body, C('timezone'));
  const { zone } = x.session.user;
  if (given !== undefined) {
    const timezone = textOf(given).trim();
    if (!/BEGIN:VTIMEZONE\r?\n/i.test(timezone)) throw conditionError(403, C('valid-calendar-data'));
    return { zone, timezone };
  }
  const timezone = target.collection?.properties[C('calendar-timezone')];
  return timezone === undefined ? { zone } : { zone, timezone: unescaped(timezone) };
}

/** Kept values are XML text. */
function unescaped(xml: string): string {
  return xml
    .replace(/&#13;/g, '\r')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
}
