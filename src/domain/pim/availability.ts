import type { Component, Property } from '../../formats/content-lines.js';
import { IcalError } from '../../formats/ical/error.js';
import { Budget, type Occurrence, Series, TooComplex } from '../../formats/ical/occurrences.js';
import { type CalendarObject, DEFAULT_ICAL_LIMITS, parseCalendar } from '../../formats/ical/parse.js';
import { normaliseSpans } from '../../formats/ical/spans.js';
import { checkCalendarObject } from '../../formats/ical/validate.js';
import { DAY, parseDuration, timeOf } from '../../formats/ical/values.js';
import type { ZoneTable } from '../../formats/ical/zones.js';
import type { Span } from './model.js';

/** FBTYPE values (RFC 5545 §3.2.9), the strongest first. */
export const BUSY_TYPES = ['BUSY', 'BUSY-UNAVAILABLE', 'BUSY-TENTATIVE'] as const;
export type BusyType = (typeof BUSY_TYPES)[number];

export interface BusyPeriod extends Span {
  readonly type: BusyType;
}

/** Most VAVAILABILITY components of one text. */
const MOST = 50;

/**
 * The VAVAILABILITY components of a text that holds nothing else but time zones (RFC 7953 §7.2.4), each as an object of its own.
 * @throws IcalError
 */
export function readAvailabilities(text: string): CalendarObject[] {
  const calendar = parseCalendar(text);
  const timezones = calendar.componentsNamed('VTIMEZONE');
  const others = calendar.components.filter(({ name }) => name !== 'VTIMEZONE');
  if (others.length === 0 || others.length > MOST || others.some(({ name }) => name !== 'VAVAILABILITY'))
    throw new IcalError('valid-calendar-data', 'availability and nothing else is wanted');
  return others.map((master) => {
    const uid = master.first('UID')?.text.trim() ?? '';
    const object: CalendarObject = { calendar, uid, component: 'VAVAILABILITY', master, overrides: [], timezones };
    checkCalendarObject(object, DEFAULT_ICAL_LIMITS);
    return object;
  });
}

/** What one VAVAILABILITY says of its own time. */
export interface Layer {
  /** 1 is the highest, 9 a low one, 0 (not said) the lowest (RFC 7953 §3.1 PRIORITY). */
  readonly priority: number;
  readonly bounds: Span;
  readonly busy: readonly BusyPeriod[];
}

/** The time of a VAVAILABILITY that none of its AVAILABLE parts gives free. */
export function layerOf(object: CalendarObject, zones: ZoneTable, span: Span): Layer {
  const component = object.master as Component;
  const priority = Number(component.first('PRIORITY')?.value ?? 0) || 0;
  const type = BUSY_TYPES.find((known) => known === word(component, 'BUSYTYPE')) ?? 'BUSY-UNAVAILABLE';
  const bounds = clip(boundsOf(component, zones), span);
  // One that lies elsewhere says nothing of this time.
  if (bounds.end <= bounds.start) return { priority, bounds: { start: span.start, end: span.start }, busy: [] };
  if (word(component, 'BUSYTYPE') === 'X-FREE') return { priority, bounds, busy: [] };
  const free = component.componentsNamed('AVAILABLE').filter((part) => !part.first('RECURRENCE-ID'));
  const available = free.flatMap((part) => occurrencesIn(asObject(object, component, part), zones, bounds));
  const busy = gaps(bounds, normaliseSpans(available.map((span) => clip(span, bounds)))).map((gap) => ({ ...gap, type }));
  return { priority, bounds, busy };
}

/** Of overlapping ones that with the higher priority counts for its whole time (RFC 7953 §5). */
export function unavailable(layers: readonly Layer[]): readonly BusyPeriod[] {
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

/** Without DTSTART or an end it is open on that side (RFC 7953 §3.1). */
function boundsOf(component: Component, zones: ZoneTable): Span {
  const [from, to, length] = ['DTSTART', 'DTEND', 'DURATION'].map((name) => component.first(name));
  const start = from ? zones.instant(timeOf(from)) : Number.NEGATIVE_INFINITY;
  if (to) return { start, end: zones.instant(timeOf(to)) };
  if (!from || !length) return { start, end: Number.POSITIVE_INFINITY };
  const { days, ms } = parseDuration(length.value);
  const time = timeOf(from);
  return { start, end: zones.instant({ ...time, local: time.local + days * DAY }) + ms };
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
export function occurrencesIn(object: CalendarObject, zones: ZoneTable, span: Span): Occurrence[] {
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

export function clip(span: Span, bounds: Span): Span {
  return { start: Math.max(span.start, bounds.start), end: Math.min(span.end, bounds.end) };
}

export function word(component: Component, name: string): string {
  return component.first(name)?.value.trim().toUpperCase() ?? '';
}
