/**
 * The occurrences of a calendar object within a window, exactly (RFC 5545 §3.8.5, RFC 4791 §9.9).
 *
 *     for (const occurrence of occurrences(object, { from, to, zone })) …
 *
 * Times are milliseconds since the epoch; `from` is inclusive, `to` exclusive, both may be infinite. The sequence is lazy:
 * the next occurrence after now is the first one of a window without an end. It is in the order of starts; where
 * THISANDFUTURE shifts a series, in the order of the original starts.
 */
import type { Component } from '../content-lines.js';
import { UTC } from '../zones/iana.js';
import type { Zone } from '../zones/zone.js';
import { Budget } from './budget.js';
import type { CalendarObject, Override } from './parse.js';
import { mergeSorted, RecurrenceSet, type Start, StartMap } from './recurrence-set.js';
import { endOf, type Length, longest, matchSpan, type Span, type Timing, timingOf } from './timing.js';
import { DAY, type IcalTime } from './values.js';
import { lengthAt, placeOf, Variants } from './variants.js';
import { ZoneTable } from './zones.js';

export { Budget } from './budget.js';
export { TooComplex } from './error.js';
export type { Span } from './timing.js';

export interface Occurrence {
  /** Which occurrence of a series, in the form of its DTSTART; null where nothing recurs. */
  readonly recurrenceId: IcalTime | null;
  readonly start: number;
  /** Equal to `start` where it has no length. */
  readonly end: number;
  /** Given by dates: `start` and `end` are midnights in the viewer's zone. */
  readonly allDay: boolean;
  /** Dates, floating times, unknown zones: another viewer sees another instant. */
  readonly floating: boolean;
  /** The component that describes it: the master or an override. */
  readonly component: Component;
  /** The half-open interval by which RFC 4791 §9.9 compares it with a time range. */
  readonly span: Span;
}

export interface OccurrenceOptions {
  readonly from: number;
  readonly to: number;
  /** The viewer's zone, for dates and floating times. Default: UTC. */
  readonly zone?: Zone;
  /** Work that may be done. Default: some tens of milliseconds. */
  readonly budget?: Budget;
}

/** @throws TooComplex while iterating, when the budget is spent; IcalError for values that can't be read */
export function occurrences(object: CalendarObject, options: OccurrenceOptions): Iterable<Occurrence> {
  const zones = new ZoneTable(object.timezones, options.zone ?? UTC);
  return new Series(object, zones).within({ start: options.from, end: options.to }, options.budget ?? new Budget());
}

/** A calendar object's series: the recurrence set of its master, and its overrides. */
export class Series {
  readonly #object: CalendarObject;
  readonly #zones: ZoneTable;
  readonly #set: RecurrenceSet | null;
  readonly #overridden: StartMap<true> | null;
  readonly #variants: Variants;

  constructor(object: CalendarObject, zones: ZoneTable) {
    this.#object = object;
    this.#zones = zones;
    const timing = object.master && timingOf(object.master, zones);
    this.#set = object.master && timing ? new RecurrenceSet(object.master, timing, zones) : null;
    this.#overridden = this.#set && new StartMap(this.#set.timing.start, zones);
    for (const override of object.overrides) this.#overridden?.set(override.recurrenceId, true);
    this.#variants = new Variants(this.#set, object.overrides, zones);
  }

  get set(): RecurrenceSet | null {
    return this.#set;
  }

  get recurs(): boolean {
    return (this.#set?.recurs ?? false) || this.#object.overrides.length > 0;
  }

  /** Between these instants lies everything; open where a rule has no UNTIL. */
  get bounds(): Span {
    const set = this.#set;
    if (!set) return { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };
    const { before, after } = this.#reach(set);
    return { start: set.bounds.start - before, end: set.bounds.end + after };
  }

  /** Whether the viewer's zone decides when something happens. */
  get floating(): boolean {
    if (this.#set?.timing.floating) return true;
    return this.#object.overrides.some(({ component }) => timingOf(component, this.#zones)?.floating);
  }

  /** Occurrences whose `span` overlaps the window. */
  *within(window: Span, budget: Budget): Generator<Occurrence> {
    const sources = [this.explicit(window), this.generated(window, budget)];
    yield* mergeSorted(sources, ({ start }) => start);
  }

  /** Occurrences described by overrides, ascending; those that EXDATE names are gone. */
  explicit(window: Span): Occurrence[] {
    const found: Occurrence[] = [];
    for (const override of this.#object.overrides) {
      const start = this.#set?.startOf(override.recurrenceId);
      if (start && this.#set?.isExcluded(start)) continue;
      const occurrence = this.#ofOverride(override, start);
      if (occurrence && overlap(occurrence.span, window)) found.push(occurrence);
    }
    return found.sort((a, b) => a.start - b.start);
  }

  /** An override without a date of its own stays where the occurrence was. */
  #ofOverride(override: Override, original: Start | undefined): Occurrence | null {
    const timing =
      timingOf(override.component, this.#zones) ?? (this.#set && { ...this.#set.timing, start: override.recurrenceId });
    if (!timing) return null;
    const id = original && this.#set ? idOf(original, this.#set.timing) : override.recurrenceId;
    const instant = this.#zones.instant(timing.start);
    return occurrenceOf(override.component, id, timing, { instant, local: timing.start.local }, timing.length);
  }

  /** Occurrences that the recurrence set gives and no override describes. */
  *generated(window: Span, budget: Budget): Generator<Occurrence> {
    const set = this.#set;
    if (!set || !this.#object.master) return;
    const reach = this.#reach(set);
    for (const start of set.starts({ start: window.start - reach.after, end: window.end + reach.before }, budget)) {
      if (this.#overridden?.has(start)) continue;
      const occurrence = this.#ofStart(start, set, this.#object.master);
      if (overlap(occurrence.span, window)) yield occurrence;
    }
  }

  #ofStart(start: Start, set: RecurrenceSet, master: Component): Occurrence {
    const id = set.recurs ? idOf(start, set.timing) : null;
    const variant = this.#variants.at(start.instant);
    if (!variant) return occurrenceOf(master, id, set.timing, start, start.length ?? set.timing.length);
    const { component, timing } = variant;
    return occurrenceOf(component, id, timing, placeOf(variant, start), lengthAt(variant, start, set.timing));
  }

  /** How far before and after the start in the set an occurrence can be. */
  #reach(set: RecurrenceSet): { before: number; after: number } {
    let before = 1;
    // The span of a to-do that is due on a date takes in that day.
    let after = Math.max(longest(set.timing.length), set.longestDate) + (set.timing.dueOnly ? 2 * DAY : 1);
    for (const { timing, since } of this.#variants.all) {
      // The wall clock's difference is not the same everywhere: clocks change, and days begin at midnight.
      const shift = this.#zones.instant(timing.start) - since.instant;
      before = Math.max(before, 2 * DAY - shift);
      after = Math.max(after, shift + Math.max(longest(timing.length), set.longestDate) + 2 * DAY);
    }
    return { before, after };
  }
}

function occurrenceOf(
  component: Component,
  recurrenceId: IcalTime | null,
  timing: Timing,
  start: Start,
  length: Length,
): Occurrence {
  const end = endOf(start.local, start.instant, length, timing.zone);
  return {
    recurrenceId,
    start: start.instant,
    end,
    allDay: timing.start.kind === 'date',
    floating: timing.floating,
    component,
    span: matchSpan(component.name, start.instant, end, timing),
  };
}

function idOf(start: Start, timing: Timing): IcalTime {
  return { kind: timing.start.kind, local: start.local, tzid: timing.start.tzid };
}

function overlap(span: Span, window: Span): boolean {
  return span.start < window.end && span.end > window.start;
}
