import { busyPeriods } from '../../../domain/pim/free-busy.js';
import { C } from '../../../formats/xml/names.js';
import { childOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { rangeOf } from '../filters/range.js';
import { freeBusyText } from '../free-busy-text.js';
import { type DavReply, depthOf } from '../message.js';
import type { Resource } from '../resource.js';

/** free-busy-query (RFC 4791 §7.10): when the calendar's owner is busy, as one VFREEBUSY. */
export async function freeBusyQuery(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const element = childOf(body, C('time-range'));
  if (element === undefined || target.collection === null) throw conditionError(403, C('valid-filter'));
  const span = rangeOf(element);
  if (!Number.isFinite(span.start) || !Number.isFinite(span.end)) throw conditionError(403, C('valid-filter'));
  const { address, aliases, zone } = x.session.user;
  const addresses = target.collection.owner === null ? [address, ...aliases] : [target.collection.owner.address];
  // RFC 4791 §7.10: Depth 0 looks at the collection itself, which holds no times.
  const collections = depthOf(x.request, '1') === '0' ? [] : [target.collection];
  const periods = await busyPeriods(x.services.pim, x.session, collections, { span, zone, addresses });
  const text = freeBusyText(span, periods, x.services.clock.now());
  return { status: 200, headers: { 'Content-Type': 'text/calendar; charset=utf-8' }, body: text };
}
