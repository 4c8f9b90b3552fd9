/**
 * What is kept beside the text of a calendar object so that a time range finds it, and the exact checks for what an index
 * can't tell (RFC 4791 §9.9).
 *
 *     const row = indexCalendarObject(object, { horizon: { from, to } })
 *     // a query [a, b) may match when some span has start < b and end > a; spans may be open (±Infinity)
 *     // it does match, without a look at the text, when !row.floating and [a, b) lies within row.exact
 *     overlaps(object, { start: a, end: b }, { zone })     // the exact answer
 */
import type { Component } from '../content-lines.js';
import { UTC } from '../zones/iana.js';
import type { Zone } from '../zones/zone.js';
import { AlarmClock, absoluteAlarms, alarmReach, alarmSpan } from './alarms.js';
import { Budget } from './budget.js';
import { TooComplex } from './error.js';
import { isLooselyFloating, looseSpans } from './loose-spans.js';
import { type Occurrence, Series } from './occurrences.js';
import type { CalendarObject } from './parse.js';
import { coverSpans, normaliseSpans } from './spans.js';
import type { Span } from './timing.js';
import { HOUR } from './values.js';
import { ZoneTable } from './zones.js';

export { type AlarmTime, alarmsIn } from './alarms.js';
export type { Span } from './timing.js';

export interface IndexRow {
  readonly uid: string;
  readonly component: string;
  /** Sorted and disjoint, at most MAX_SPANS; every occurrence lies in one of them. Floating times count for every viewer. */
  readonly spans: readonly Span[];
  /** The first occurrence past the horizon of a series that goes on: from there on one span covers everything. */
  readonly openFrom: number | null;
  /** Spans cover more than the occurrences somewhere: outside `exact`. */
  readonly inexact: boolean;
  /** Within this interval the spans are the occurrences themselves (but see `floating`). Empty where start ≥ end. */
  readonly exact: Span;
  /** Some occurrence is given by dates or floating times: the viewer's zone decides. */
  readonly floating: boolean;
  /** When alarms go off, in the same form; always a superset. */
  readonly alarms: readonly Span[];
  /** Of a to-do: done (STATUS, COMPLETED or PERCENT-COMPLETE say so). */
  readonly completed: boolean;
  readonly hasRecurrence: boolean;
  /** Calendar address as written, in small letters. */
  readonly organizer: string | null;
  readonly sequence: number;
}

export interface IndexOptions {
  /** Series are expanded between these instants. */
  readonly horizon: { readonly from: number; readonly to: number };
  /** Steps of work for the expansion. */
  readonly steps?: number;
}

export const MAX_SPANS = 600;
const MAX_ALARM_SPANS = 100;
const EVERYWHERE: Span = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };
const NOWHERE: Span = { start: 0, end: 0 };

/** Derives the row. Costs are bounded; a series that is too complex gets one open span. */
export function indexCalendarObject(object: CalendarObject, options: IndexOptions): IndexRow {
  const zones = new ZoneTable(object.timezones, UTC);
  const series = new Series(object, zones);
  const gathered = new Gatherer(zones, series.floating, new Budget(options.steps ?? 200_000));
  const reached = expand(object, series, options, gathered);
  for (const span of looseSpans(object, zones)) gathered.add(span, isLooselyFloating(object, zones));
  for (const { at } of absoluteAlarms(object, zones)) gathered.alarms.push(widen(alarmSpan(at), gathered.floating));
  const joined = normaliseSpans(gathered.spans);
  const covered = joined.length > MAX_SPANS;
  const main = object.master ?? (object.overrides[0]?.component as Component);
  return {
    uid: object.uid,
    component: object.component,
    spans: coverSpans(joined, MAX_SPANS),
    openFrom: reached.openFrom,
    inexact: covered || reached.exact !== EVERYWHERE,
    exact: covered ? NOWHERE : reached.exact,
    floating: gathered.floating,
    alarms: coverSpans(gathered.alarms, MAX_ALARM_SPANS),
    completed: object.component === 'VTODO' && isCompleted(main),
    hasRecurrence: series.recurs,
    organizer: main.first('ORGANIZER')?.value.trim().toLowerCase() || null,
    sequence: Number.parseInt(main.first('SEQUENCE')?.value ?? '0', 10) || 0,
  };
}

interface Reached {
  readonly openFrom: number | null;
  readonly exact: Span;
}

function expand(object: CalendarObject, series: Series, options: IndexOptions, gathered: Gatherer): Reached {
  const { budget } = gathered;
  try {
    // Without a rule everything is known, however far away it is.
    if (!series.set?.rules.length) {
      for (const occurrence of series.within(EVERYWHERE, budget)) gathered.take(occurrence);
      return { openFrom: null, exact: EVERYWHERE };
    }
    return expandRule(object, series, options.horizon, gathered, budget);
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
    return openAll(object, series, gathered);
  }
}

/** Exact within the horizon; what lies before becomes one span, what goes on behind it an open one. */
function expandRule(
  object: CalendarObject,
  series: Series,
  { from, to }: IndexOptions['horizon'],
  gathered: Gatherer,
  budget: Budget,
): Reached {
  const reach = alarmReach(object);
  for (const occurrence of series.explicit(EVERYWHERE)) gathered.take(occurrence);
  const [first] = series.generated(EVERYWHERE, budget);
  // A shift by THISANDFUTURE can put a later occurrence before an earlier one.
  const shifts = object.overrides.some((override) => override.thisAndFuture);
  const start = shifts ? series.bounds.start : (first?.span.start ?? from);
  const earlier = start < from ? { start, end: from } : null;
  if (earlier) gathered.cover(earlier, reach);
  for (const occurrence of series.generated({ start: from, end: to }, budget)) gathered.take(occurrence);
  const [next] = series.generated({ start: to, end: Number.POSITIVE_INFINITY }, budget);
  const openFrom = next ? (shifts ? to : next.span.start) : null;
  if (openFrom !== null) gathered.cover({ start: openFrom, end: series.bounds.end }, reach);
  if (!earlier && openFrom === null) return { openFrom, exact: EVERYWHERE };
  const exact = { start: earlier ? from : Number.NEGATIVE_INFINITY, end: openFrom === null ? Number.POSITIVE_INFINITY : to };
  return { openFrom, exact };
}

/** What costs too much to expand may be anywhere within its bounds. */
function openAll(object: CalendarObject, series: Series, gathered: Gatherer): Reached {
  const { bounds } = series;
  const reach = alarmReach(object);
  gathered.cover(bounds, reach);
  for (const occurrence of series.explicit(EVERYWHERE)) gathered.cover(occurrence.span, reach);
  return { openFrom: bounds.start, exact: NOWHERE };
}

/** Collects spans; those that depend on the viewer are widened to what any viewer can see. */
class Gatherer {
  readonly spans: Span[] = [];
  alarms: Span[] = [];
  readonly #clock: AlarmClock;

  constructor(
    zones: ZoneTable,
    /** Whether anything depends on the viewer. */
    public floating: boolean,
    readonly budget: Budget,
  ) {
    this.#clock = new AlarmClock(zones);
  }

  take(occurrence: Occurrence): void {
    this.add(occurrence.span, occurrence.floating);
    for (const { at } of this.#clock.of(occurrence, this.budget)) this.alarms.push(widen(alarmSpan(at), occurrence.floating));
    if (this.alarms.length > 50 * MAX_ALARM_SPANS) this.alarms = coverSpans(this.alarms, MAX_ALARM_SPANS);
  }

  add(span: Span, floating: boolean): void {
    this.floating ||= floating;
    this.spans.push(widen(span, floating));
  }

  /** A stretch in which there may be occurrences and alarms. */
  cover(span: Span, reach: { readonly before: number; readonly after: number } | null): void {
    this.spans.push(widen(span, this.floating));
    if (reach) this.alarms.push(widen({ start: span.start - reach.before, end: span.end + reach.after }, this.floating));
  }
}

/** A wall-clock reading taken as UTC is up to 14 hours earlier in the east and 12 later in the west. */
function widen(span: Span, floating: boolean): Span {
  return floating ? { start: span.start - 14 * HOUR, end: span.end + 12 * HOUR } : span;
}

function isCompleted(todo: Component): boolean {
  const status = todo.first('STATUS')?.value.trim().toUpperCase();
  if (status) return status === 'COMPLETED';
  return todo.first('COMPLETED') !== undefined || todo.first('PERCENT-COMPLETE')?.value.trim() === '100';
}

export interface OverlapOptions {
  /** Only this component: VEVENT, VTODO… */
  readonly component?: string;
  /** The viewer's zone. Default: UTC. */
  readonly zone?: Zone;
  readonly budget?: Budget;
}

/**
 * Whether a time range matches, exactly as RFC 4791 §9.9 says. A series that can't be expanded within the budget matches
 * wherever it could: a client would rather see too much than miss a meeting.
 */
export function overlaps(object: CalendarObject, span: Span, options: OverlapOptions = {}): boolean {
  if (options.component !== undefined && options.component !== object.component) return false;
  const zones = new ZoneTable(object.timezones, options.zone ?? UTC);
  if (looseSpans(object, zones).some((loose) => loose.start < span.end && loose.end > span.start)) return true;
  const series = new Series(object, zones);
  try {
    for (const _ of series.within(span, options.budget ?? new Budget())) return true;
    return false;
  } catch (error) {
    if (!(error instanceof TooComplex)) throw error;
    return series.bounds.start < span.end && series.bounds.end > span.start;
  }
}
