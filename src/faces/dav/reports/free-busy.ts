import { C } from '../../../formats/xml/names.js';
import { childOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { type BusyPeriod, busyPeriods, freeBusyText } from '../filters/busy.js';
import { rangeOf } from '../filters/range.js';
import { viewerOf } from '../filters/viewer.js';
import { type DavReply, depthOf } from '../message.js';
import type { Resource } from '../resource.js';

/** Most periods of one answer, before those that touch are joined. */
const MAX_PERIODS = 50_000;

/** free-busy-query (RFC 4791 §7.10): when the calendar's owner is busy, as one VFREEBUSY. */
export async function freeBusyQuery(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const element = childOf(body, C('time-range'));
  if (element === undefined || target.collection === null) throw conditionError(403, C('valid-filter'));
  const range = rangeOf(element);
  if (!Number.isFinite(range.start) || !Number.isFinite(range.end)) throw conditionError(403, C('valid-filter'));
  const viewer = viewerOf(x, body, target);
  const periods: BusyPeriod[] = [];
  // RFC 4791 §7.10: Depth 0 looks at the collection itself, which holds no times.
  if (depthOf(x.request, '1') !== '0') {
    for await (const { text } of x.services.pim.search(x.session, target.collection, { component: 'VEVENT', overlaps: range })) {
      periods.push(...busyPeriods(text, range, viewer));
      if (periods.length > MAX_PERIODS) throw new DavError(507);
    }
  }
  const text = freeBusyText(range, periods, x.services.clock.now());
  return { status: 200, headers: { 'Content-Type': 'text/calendar; charset=utf-8' }, body: text };
}
