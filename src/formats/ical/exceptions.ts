import { type Component, Property } from '../content-lines.js';
import { IcalError } from './error.js';
import { RecurrenceSet } from './recurrence-set.js';
import { timingOf } from './timing.js';
import { formatTime, type IcalTime, timeOf, timeParams, timesOf } from './values.js';
import type { ZoneTable } from './zones.js';

/**
 * The occurrences of a series that differ or are left out, found by their original start in whatever form it is written.
 * An index over what is there when it is made: thousands of exceptions cost no more each than one. Whoever changes
 * DTSTART, EXDATE or RECURRENCE-ID past it makes a new one.
 */
export class SeriesExceptions {
  readonly #set: RecurrenceSet | null;
  readonly #overrides = new Map<number, Component[]>();
  readonly #excluded = new Map<number, Set<Property>>();

  /** @param overrides the components with RECURRENCE-ID; others are passed over */
  constructor(
    readonly calendar: Component,
    readonly master: Component | null,
    overrides: readonly Component[],
    readonly zones: ZoneTable,
  ) {
    this.#set = master && recurrenceSetOf(master, zones);
    for (const component of overrides) this.#index(component);
    for (const property of master?.all('EXDATE') ?? [])
      for (const time of timesOf(property)) this.#exclusionsAt(this.#keyOf(time)).add(property);
  }

  /** The recurrence set of the master; null without one that has a start, or with a rule that can't be read. */
  get set(): RecurrenceSet | null {
    return this.#set;
  }

  override(at: IcalTime): Component | undefined {
    return this.#overrides.get(this.#keyOf(at))?.[0];
  }

  isExcluded(at: IcalTime): boolean {
    return this.#excluded.has(this.#keyOf(at));
  }

  /** Whether something is said of that occurrence alone. */
  has(at: IcalTime): boolean {
    return this.#overrides.has(this.#keyOf(at)) || this.isExcluded(at);
  }

  /** Puts an override at the end of the calendar, or after another component. */
  add(override: Component, after?: Component): void {
    const { children } = this.calendar;
    if (after) children.splice(children.indexOf(after) + 1, 0, override);
    else this.calendar.add(override);
    this.#index(override);
  }

  /** Takes overrides of an occurrence away: it is again as the series says. Returns whether there were some. */
  removeOverride(at: IcalTime): boolean {
    const key = this.#keyOf(at);
    const found = this.#overrides.get(key) ?? [];
    for (const component of found) this.calendar.remove(component);
    return this.#overrides.delete(key);
  }

  /** Takes an occurrence out of the series: EXDATE in the form given, and no override. */
  exclude(at: IcalTime): void {
    this.removeOverride(at);
    const key = this.#keyOf(at);
    if (!this.master || this.#excluded.has(key)) return;
    this.#exclusionsAt(key).add(this.master.add(new Property('EXDATE', formatTime(at), timeParams(at))));
  }

  /** Puts an excluded occurrence back. */
  include(at: IcalTime): void {
    const key = this.#keyOf(at);
    for (const property of this.#excluded.get(key) ?? []) {
      const kept = timesOf(property).filter((time) => this.#keyOf(time) !== key);
      if (kept.length === 0) this.master?.remove(property);
      else property.value = kept.map(formatTime).join(',');
    }
    this.#excluded.delete(key);
  }

  #index(component: Component): void {
    const id = component.first('RECURRENCE-ID');
    if (!id) return;
    const key = this.#keyOf(timeOf(id));
    this.#overrides.set(key, [...(this.#overrides.get(key) ?? []), component]);
  }

  #exclusionsAt(key: number): Set<Property> {
    const known = this.#excluded.get(key) ?? new Set();
    this.#excluded.set(key, known);
    return known;
  }

  #keyOf(time: IcalTime): number {
    return this.#set ? this.#set.startOf(time).instant : this.zones.instant(time);
  }
}

/** Null for a rule that can't be read: then only what is written alike is the same. */
function recurrenceSetOf(master: Component, zones: ZoneTable): RecurrenceSet | null {
  try {
    const timing = timingOf(master, zones);
    return timing && new RecurrenceSet(master, timing, zones);
  } catch (error) {
    if (error instanceof IcalError) return null;
    throw error;
  }
}
