import type { Component, Property } from '../../formats/content-lines.js';
import { IcalError } from '../../formats/ical/error.js';
import { Budget, type Occurrence, Series, TooComplex } from '../../formats/ical/occurrences.js';
import { type CalendarObject, openCalendarObject } from '../../formats/ical/parse.js';
import { normaliseSpans } from '../../formats/ical/spans.js';
import { timeOf } from '../../formats/ical/values.js';
import { ZoneTable } from '../../formats/ical/zones.js';
import { ianaZone, UTC } from '../../formats/zones/iana.js';
import type { Zone } from '../../formats/zones/zone.js';
import type { Session } from '../types.js';
import type { Collection, Span } from './model.js';
import type { Pim } from './service.js';

/** FBTYPE values (RFC 5545 §3.2.9), the strongest first. */
export const BUSY_TYPES = ['BUSY', 'BUSY-UNAVAILABLE', 'BUSY-TENTATIVE'] as const;
export type BusyType = (typeof BUSY_TYPES)[number];

export interface BusyPeriod extends Span {
  readonly type: BusyType;
}

export interface BusyQuery {
  readonly span: Span;
  /** The zone in which all-day and floating times of the calendars count: that of their owner. */
  readonly zone: string;
  /** Own addresses, lower case: an invitation that one of them declined takes no time. */
  readonly addresses: readonly string[];
  /** An event that does not count: the one that is being planned. */
  readonly exceptUid?: string;
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
  const layers: Layer[] = [];
  for (const collection of collections) {
    for await (const item of pim.search(s, collection, { overlaps: query.span })) {
      if (item.uid === query.exceptUid) continue;
      for (const period of readable(() => periodsOf(item.text, query, zone, layers))) found.get(period.type)?.push(period);
    }
  }
  for (const period of unavailable(layers)) found.get(period.type)?.push(period);
  return [...found]
    .flatMap(([type, spans]) => normaliseSpans(spans).map((span) => ({ ...clip(span, query.span), type })))
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .slice(0, MAX_PERIODS);
}

/** A broken stored event takes no time, and does not spoil the answer. */
function readable(periods: () => BusyPeriod[]): BusyPeriod[] {
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

/** What one VAVAILABILITY says of its own time. */
interface Layer {
  /** 1 is the highest, 9 a low one, 0 (not said) the lowest (RFC 7953 §3.1 PRIORITY). */
  readonly priority: number;
  readonly bounds: Span;
  readonly busy: readonly BusyPeriod[];
}

/** The time of a VAVAILABILITY that none of its AVAILABLE parts gives free. */
function layerOf(object: CalendarObject, zones: ZoneTable, span: Span): Layer {
  const [whole] = occurrencesIn(object, zones, span);
  const component = object.master as Component;
  const priority = Number(component.first('PRIORITY')?.value ?? 0) || 0;
  const type = BUSY_TYPES.find((known) => known === word(component, 'BUSYTYPE')) ?? 'BUSY-UNAVAILABLE';
  const bounded = component.first('DTSTART') !== undefined || component.first('DTEND') !== undefined;
  // One that lies elsewhere says nothing of this time.
  if (whole === undefined && bounded) return { priority, bounds: { start: span.start, end: span.start }, busy: [] };
  const bounds = whole ? clip({ start: whole.start, end: openEnd(component, whole) }, span) : span;
  if (word(component, 'BUSYTYPE') === 'X-FREE') return { priority, bounds, busy: [] };
  const free = component.componentsNamed('AVAILABLE').filter((part) => !part.first('RECURRENCE-ID'));
  const available = free.flatMap((part) => occurrencesIn(asObject(object, component, part), zones, bounds));
  const busy = gaps(bounds, normaliseSpans(available.map((span) => clip(span, bounds)))).map((gap) => ({ ...gap, type }));
  return { priority, bounds, busy };
}

/** Of overlapping ones that with the higher priority counts for its whole time (RFC 7953 §5). */
function unavailable(layers: readonly Layer[]): readonly BusyPeriod[] {
  const rank = ({ priority }: Layer): number => (priority === 0 ? 10 : priority);
  const ranks = [...new Set(layers.map(rank))].sort((a, b) => b - a);
  let periods: readonly BusyPeriod[] = [];
  for (const here of ranks) {
    const equal = layers.filter((layer) => rank(layer) === here);
    const beneath = equal.reduce((left, { bounds }) => left.flatMap((period) => without(period, bounds)), [...periods]);
    periods = [...beneath, ...equal.flatMap(({ busy }) => busy)];
  }
  return periods;
}

function without(period: BusyPeriod, hole: Span): BusyPeriod[] {
  const parts = [
    { ...period, end: Math.min(period.end, hole.start) },
    { ...period, start: Math.max(period.start, hole.end) },
  ];
  return parts.filter(({ start, end }) => start < end);
}

function openEnd(component: Component, whole: Occurrence): number {
  return component.first('DTEND') || component.first('DURATION') ? whole.end : Number.POSITIVE_INFINITY;
}

/** An AVAILABLE part with those that replace single times of it, as if it were an object: it has the times and rules of an event. */
function asObject(object: CalendarObject, availability: Component, master: Component): CalendarObject {
  const uid = master.first('UID')?.text;
  const replacing = availability
    .componentsNamed('AVAILABLE')
    .filter((part) => part.first('RECURRENCE-ID') && part.first('UID')?.text === uid);
  const overrides = replacing.map((component) => {
    const id = component.first('RECURRENCE-ID') as Property;
    return { recurrenceId: timeOf(id), thisAndFuture: /^THISANDFUTURE$/i.test(id.param('RANGE') ?? ''), component };
  });
  return { ...object, component: 'VEVENT', master, overrides };
}

/** A series too complex to expand blocks nothing: a wrong «busy for ever» would hide every free hour. */
function occurrencesIn(object: CalendarObject, zones: ZoneTable, span: Span): Occurrence[] {
  try {
    return [...new Series(object, zones).within(span, new Budget())];
  } catch (error) {
    if (error instanceof TooComplex) return [];
    throw error;
  }
}

function gaps(bounds: Span, taken: readonly Span[]): Span[] {
  const edges = [bounds.start, ...taken.flatMap(({ start, end }) => [start, end]), bounds.end];
  const found: Span[] = [];
  for (let at = 0; at + 1 < edges.length; at += 2) {
    const gap = { start: edges[at] as number, end: edges[at + 1] as number };
    if (gap.start < gap.end) found.push(gap);
  }
  return found;
}

function clip(span: Span, bounds: Span): Span {
  return { start: Math.max(span.start, bounds.start), end: Math.min(span.end, bounds.end) };
}

function word(component: Component, name: string): string {
  return component.first(name)?.value.trim().toUpperCase() ?? '';
}
