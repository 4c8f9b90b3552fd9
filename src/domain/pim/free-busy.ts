import type { Component } from '../../formats/content-lines.js';
import { IcalError } from '../../formats/ical/error.js';
import { type CalendarObject, openCalendarObject } from '../../formats/ical/parse.js';
import { normaliseSpans } from '../../formats/ical/spans.js';
import { ZoneTable } from '../../formats/ical/zones.js';
import { ianaZone, UTC } from '../../formats/zones/iana.js';
import type { Zone } from '../../formats/zones/zone.js';
import type { Session } from '../types.js';
import {
  BUSY_TYPES,
  type BusyPeriod,
  type BusyType,
  clip,
  type Layer,
  layerOf,
  occurrencesIn,
  readAvailabilities,
  unavailable,
  word,
} from './availability.js';
import type { Collection, Span } from './model.js';
import type { Pim } from './service.js';

export type { BusyPeriod, BusyType } from './availability.js';

export interface BusyQuery {
  readonly span: Span;
  /** The zone in which all-day and floating times of the calendars count: that of their owner. */
  readonly zone: string;
  /** Own addresses, lower case: an invitation that one of them declined takes no time. */
  readonly addresses: readonly string[];
  /** An event that does not count: the one that is being planned. */
  readonly exceptUid?: string;
  /** What the owner says of all calendars: a text with VAVAILABILITY components. */
  readonly availability?: string | null;
}

/** Most periods of one answer; what is beyond is joined, so that the answer errs on the busy side. */
const MAX_PERIODS = 5_000;

/**
 * When somebody is busy (RFC 4791 §7.10): events that are neither transparent, cancelled nor declined, and the times that
 * VAVAILABILITY leaves out (RFC 7953). Sorted; periods of one type do not overlap.
 */
export async function busyPeriods(
  pim: Pick<Pim, 'search'>,
  s: Session,
  collections: readonly Collection[],
  query: BusyQuery,
): Promise<readonly BusyPeriod[]> {
  const zone = ianaZone(query.zone) ?? UTC;
  const found = new Map<BusyType, Span[]>(BUSY_TYPES.map((type) => [type, []]));
  const layers: Layer[] = availabilityOf(query, zone);
  for (const collection of collections) {
    for await (const item of pim.search(s, collection, { overlaps: query.span })) {
      if (item.uid === query.exceptUid) continue;
      for (const period of readable(() => periodsOf(item.text, query, zone, layers))) found.get(period.type)?.push(period);
    }
  }
  for (const period of unavailable(layers)) found.get(period.type)?.push(period);
  const periods = [...found].flatMap(([type, spans]) =>
    normaliseSpans(spans).map((span) => ({ ...clip(span, query.span), type })),
  );
  return bounded(periods.sort((a, b) => a.start - b.start || a.end - b.end));
}

function bounded(periods: readonly BusyPeriod[]): readonly BusyPeriod[] {
  if (periods.length <= MAX_PERIODS) return periods;
  const rest = periods.slice(MAX_PERIODS - 1);
  const end = rest.reduce((latest, period) => Math.max(latest, period.end), 0);
  return [...periods.slice(0, MAX_PERIODS - 1), { start: (rest[0] as BusyPeriod).start, end, type: 'BUSY' }];
}

function availabilityOf({ availability, span }: BusyQuery, zone: Zone): Layer[] {
  if (!availability) return [];
  return readable(() =>
    readAvailabilities(availability).map((object) => layerOf(object, new ZoneTable(object.timezones, zone), span)),
  );
}

/** A broken stored event takes no time, and does not spoil the answer. */
function readable<T>(periods: () => T[]): T[] {
  try {
    return periods();
  } catch (error) {
    if (error instanceof IcalError) return [];
    throw error;
  }
}

/** The periods of an event; availability is added to `layers`, since one may lie over another. */
function periodsOf(text: string, query: BusyQuery, zone: Zone, layers: Layer[]): BusyPeriod[] {
  const object = openCalendarObject(text);
  const zones = new ZoneTable(object.timezones, zone);
  if (object.component === 'VEVENT') return eventPeriods(object, zones, query);
  if (object.component === 'VAVAILABILITY') layers.push(layerOf(object, zones, query.span));
  return [];
}

function eventPeriods(object: CalendarObject, zones: ZoneTable, query: BusyQuery): BusyPeriod[] {
  return occurrencesIn(object, zones, query.span).flatMap(({ component, start, end }) => {
    const type = busyTypeOf(component, query.addresses);
    return type === null || end <= start ? [] : [{ type, start, end }];
  });
}

/** What an event does to the time of its owner; null: nothing. */
function busyTypeOf(event: Component, addresses: readonly string[]): BusyType | null {
  if (word(event, 'TRANSP') === 'TRANSPARENT' || word(event, 'STATUS') === 'CANCELLED') return null;
  const own = event.all('ATTENDEE').find(({ value }) =>
    addresses.includes(
      value
        .trim()
        .toLowerCase()
        .replace(/^mailto:/, ''),
    ),
  );
  const answer = own?.param('PARTSTAT')?.toUpperCase();
  if (answer === 'DECLINED') return null;
  const outOfOffice = word(event, 'X-MICROSOFT-CDO-BUSYSTATUS') === 'OOF';
  if (outOfOffice) return 'BUSY-UNAVAILABLE';
  return answer === 'TENTATIVE' || word(event, 'STATUS') === 'TENTATIVE' ? 'BUSY-TENTATIVE' : 'BUSY';
}
