import type { Component } from '../content-lines.js';
import type { Budget } from './budget.js';
import { dayOf } from './civil.js';
import { parseRule, type RecurrenceRule } from './rule.js';
import { lastOfLongCount, ruleLocals } from './rule-expand.js';
import { type Length, lengthOfPeriod, longest, type Span, type Timing } from './timing.js';
import { DAY, END_OF_TIME, HOUR, type IcalTime, mod, recurrenceDatesOf, timesOf } from './values.js';
import type { ZoneTable } from './zones.js';

/** Where an occurrence begins, before overrides. */
export interface Start {
  readonly instant: number;
  /** Wall clock in the zone of the series. */
  readonly local: number;
  /** Of an RDATE with a period. */
  readonly length?: Length;
}

/**
 * Names occurrences as EXDATE and RECURRENCE-ID do. The same type and zone as DTSTART is the rule (RFC 5545 §3.8.4.4), yet
 * clients write a date for a time, a floating time for a zoned one, or UTC: all of these are recognised.
 */
export class StartMap<V> {
  readonly #instants = new Map<number, V>();
  readonly #locals = new Map<number, V>();
  readonly #days = new Map<number, V>();
  readonly #series: IcalTime;
  readonly #zones: ZoneTable;

  constructor(series: IcalTime, zones: ZoneTable) {
    this.#series = series;
    this.#zones = zones;
  }

  set(time: IcalTime, value: V): void {
    if (this.#series.kind === 'date' || time.kind === 'date') this.#days.set(dayOf(time.local), value);
    else if ((time.kind === 'floating') !== (this.#series.kind === 'floating')) this.#locals.set(time.local, value);
    else this.#instants.set(this.#zones.instant(time), value);
  }

  get(start: Start): V | undefined {
    return (
      this.#instants.get(start.instant) ??
      (this.#locals.size > 0 ? this.#locals.get(start.local) : undefined) ??
      (this.#days.size > 0 ? this.#days.get(dayOf(start.local)) : undefined)
    );
  }

  has(start: Start): boolean {
    return this.get(start) !== undefined;
  }
}

/** The recurrence set of one component: DTSTART, RRULE and RDATE without EXRULE and EXDATE (RFC 5545 §3.8.5). */
export class RecurrenceSet {
  readonly rules: readonly RecurrenceRule[];
  readonly #exRules: readonly RecurrenceRule[];
  readonly #dates: readonly Start[];
  readonly #excluded: StartMap<true>;

  constructor(
    component: Component,
    readonly timing: Timing,
    readonly zones: ZoneTable,
  ) {
    this.rules = component.all('RRULE').map((property) => parseRule(property.value));
    this.#exRules = component.all('EXRULE').map((property) => parseRule(property.value));
    this.#excluded = new StartMap(timing.start, zones);
    for (const property of component.all('EXDATE')) for (const time of timesOf(property)) this.#excluded.set(time, true);
    const first = { instant: zones.instant(timing.start), local: timing.start.local };
    this.#dates = [first, ...this.#readDates(component)].sort((a, b) => a.instant - b.instant);
  }

  get recurs(): boolean {
    return this.rules.length > 0 || this.#dates.length > 1;
  }

  /** How long the longest RDATE period is. */
  get longestDate(): number {
    return this.#dates.reduce((most, { length }) => (length ? Math.max(most, longest(length)) : most), 0);
  }

  /** Starts lie between these instants, inclusive; the end is open where a rule has no UNTIL. */
  get bounds(): Span {
    const ends = this.rules.map(({ until }) => (until ? until.local + 2 * DAY : Number.POSITIVE_INFINITY));
    return { start: (this.#dates[0] as Start).instant, end: Math.max((this.#dates.at(-1) as Start).instant, ...ends) };
  }

  isExcluded(start: Start): boolean {
    return this.#excluded.has(start);
  }

  /** Where a RECURRENCE-ID points: the start it names, whether or not the set has it. */
  startOf(time: IcalTime): Start {
    const { start, zone } = this.timing;
    if (start.kind !== 'date' && (time.kind === 'utc' || time.kind === 'zoned')) {
      const instant = this.zones.instant(time);
      return { instant, local: start.kind === 'utc' ? instant : zone.toLocal(instant) };
    }
    const day = time.local - mod(time.local, DAY);
    // A date names the occurrence of that day.
    const local = start.kind === 'date' ? day : time.kind === 'date' ? day + mod(start.local, DAY) : time.local;
    return { instant: start.kind === 'utc' ? local : zone.toInstant(local), local };
  }

  /**
   * Starts at or after `from` and before `to`, ascending, each once.
   * @throws TooComplex
   */
  *starts(window: Span, budget: Budget): Generator<Start> {
    const included = [this.#datesWithin(window), ...this.rules.map((rule) => this.#ruleStarts(rule, window, budget))];
    const excluded = mergeSorted(
      this.#exRules.map((rule) => this.#ruleStarts(rule, window, budget)),
      (start) => start.instant,
    );
    let out = excluded.next();
    let last = Number.NEGATIVE_INFINITY;
    for (const start of mergeSorted(included, ({ instant }) => instant)) {
      if (start.instant === last) continue;
      last = start.instant;
      while (!out.done && out.value.instant < start.instant) out = excluded.next();
      if ((out.done || out.value.instant !== start.instant) && !this.#excluded.has(start)) yield start;
    }
  }

  #readDates(component: Component): Start[] {
    return component.all('RDATE').flatMap((property) =>
      recurrenceDatesOf(property).map((date): Start => {
        if ('local' in date) return this.startOf(date);
        return { ...this.startOf(date.start), length: lengthOfPeriod(date, this.zones) };
      }),
    );
  }

  *#datesWithin({ start, end }: Span): Generator<Start> {
    for (const date of this.#dates) if (date.instant >= start && date.instant < end) yield date;
  }

  *#ruleStarts(rule: RecurrenceRule, window: Span, budget: Budget): Generator<Start> {
    const { start, zone } = this.timing;
    const bound = lastOfLongCount(rule, start.local);
    const counted = rule.count !== undefined && bound === undefined;
    const locals = {
      from: counted ? start.local : this.#localBound(window.start, -1),
      to: this.#localBound(window.end, 1),
    };
    let left = counted ? (rule.count as number) : Number.POSITIVE_INFINITY;
    let first = true;
    for (const local of ruleLocals(rule, start.local, locals, budget)) {
      // DTSTART counts even where the rule itself would not give it (RFC 5545 §3.8.5.3).
      if (first && counted && local !== start.local) left--;
      first = false;
      if (local !== start.local && this.#isSkipped(local)) continue;
      if (left-- <= 0 || (bound !== undefined && local > bound)) return;
      const instant = start.kind === 'utc' ? local : zone.toInstant(local);
      if (rule.until && isAfter(rule.until, local, instant, this.timing)) return;
      if (instant >= window.end) return;
      if (instant >= window.start) yield { instant, local };
    }
  }

  /** A wall-clock reading safely before or after an instant: clocks are changed by less than three hours. */
  #localBound(instant: number, sign: 1 | -1): number {
    if (this.timing.start.kind === 'utc') return instant;
    const margin = Math.abs(instant) < END_OF_TIME ? this.timing.zone.offsetAt(instant) + sign * 3 * HOUR : sign * DAY;
    return instant + margin;
  }

  /** "Nonexistent local time … MUST be ignored and MUST NOT be counted" (RFC 5545 §3.3.10). */
  #isSkipped(local: number): boolean {
    return this.timing.start.kind === 'zoned' && !this.timing.zone.exists(local);
  }
}

/** UNTIL is inclusive; a DATE in it takes in all of that day, whatever DTSTART is. */
function isAfter(until: IcalTime, local: number, instant: number, timing: Timing): boolean {
  if (timing.start.kind === 'date' || until.kind === 'date') return dayOf(local) > dayOf(until.local);
  if (until.kind === 'utc' && timing.start.kind !== 'floating') return instant > until.local;
  return local > until.local;
}

/** Merges ascending sequences lazily. */
export function* mergeSorted<T>(sequences: readonly Iterable<T>[], by: (item: T) => number): Generator<T, undefined> {
  const heads: { iterator: Iterator<T>; item: T; at: number }[] = [];
  const pull = (iterator: Iterator<T>) => {
    const { done, value } = iterator.next();
    return done ? null : { iterator, item: value, at: by(value) };
  };
  for (const sequence of sequences) {
    const head = pull(sequence[Symbol.iterator]());
    if (head) heads.push(head);
  }
  while (heads.length > 0) {
    let least = 0;
    for (let index = 1; index < heads.length; index++)
      if ((heads[index] as { at: number }).at < (heads[least] as { at: number }).at) least = index;
    const head = heads[least] as (typeof heads)[number];
    yield head.item;
    const next = pull(head.iterator);
    if (next) heads[least] = next;
    else heads.splice(least, 1);
  }
}
