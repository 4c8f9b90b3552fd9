import { type Component, Property } from '../content-lines.js';
import { Budget } from './budget.js';
import { IcalError } from './error.js';
import { overrideOf } from './parse.js';
import { RecurrenceSet, type Start } from './recurrence-set.js';
import { shiftTimes } from './shift.js';
import { timingOf } from './timing.js';
import { formatTime, type IcalTime, timeOf, timeParams, timesOf } from './values.js';
import { type Variant, Variants } from './variants.js';
import type { ZoneTable } from './zones.js';

/** Properties by which a component stands for several occurrences, or for one of several. */
const SERIES = ['RRULE', 'RDATE', 'EXDATE', 'EXRULE', 'RECURRENCE-ID'];

/**
 * The occurrences of a series that differ or are left out, found by their original start in whatever form it is written.
 * An index over what is there when it is made: thousands of exceptions cost no more each than one. Whoever changes
 * DTSTART, EXDATE or RECURRENCE-ID past it makes a new one.
 */
export class SeriesExceptions {
  readonly #set: RecurrenceSet | null;
  readonly #overrides = new Map<number, Component[]>();
  readonly #excluded = new Map<number, Set<Property>>();
  #variants: Variants;

  /** @param overrides the components with RECURRENCE-ID; others are passed over */
  constructor(
    readonly calendar: Component,
    readonly master: Component | null,
    overrides: readonly Component[],
    readonly zones: ZoneTable,
  ) {
    this.#set = master && recurrenceSetOf(master, zones);
    this.#variants = this.#variantsAmong(overrides);
    for (const component of overrides) this.#index(component);
    for (const property of master?.all('EXDATE') ?? [])
      for (const time of timesOf(property)) this.#exclusionsAt(this.#keyOf(time)).add(property);
  }

  /** The recurrence set of the master; null without one that has a start, or with a rule that can't be read. */
  get set(): RecurrenceSet | null {
    return this.#set;
  }

  /** The override of that occurrence alone: one with RANGE=THISANDFUTURE is none. */
  override(at: IcalTime): Component | undefined {
    return this.#overrides.get(this.#keyOf(at))?.find((component) => !this.#variantOf(component));
  }

  /** Whether overrides with RANGE=THISANDFUTURE change all that follows them. */
  get hasRanges(): boolean {
    return this.#variants.all.length > 0;
  }

  /** The override with RANGE=THISANDFUTURE that describes an occurrence of which nothing is said of its own. */
  range(at: IcalTime): Component | undefined {
    return this.#set ? this.#variants.at(this.#keyOf(at))?.component : undefined;
  }

  /**
   * The override of that occurrence alone; where there is none, a new one that says what the series says of it, not yet
   * part of the calendar. Null without a series to start from.
   */
  single(at: IcalTime): { readonly component: Component; readonly isNew: boolean } | null {
    const found = this.override(at);
    if (found) return { component: found, isNew: false };
    const { master } = this;
    const first = master?.first('DTSTART') ?? master?.first('DUE');
    if (!master || !first) return null;
    const series = this.#set?.timing ?? null;
    const id = this.#set ? { ...(series?.start as IcalTime), local: this.#set.startOf(at).local } : at;
    const variant = this.#set ? this.#variants.at(this.#keyOf(at)) : undefined;
    const component = (variant?.component ?? master).clone();
    for (const name of SERIES) component.remove(name);
    const start = component.first('DTSTART') ?? component.first('DUE');
    const line = new Property('RECURRENCE-ID', formatTime(id), timeParams(id));
    if (start) component.insertBefore(line, start);
    else component.add(line);
    shiftTimes(component, id.local - (variant?.since.local ?? timeOf(first).local), this.zones, series);
    return { component, isNew: true };
  }

  isExcluded(at: IcalTime): boolean {
    return this.#excluded.has(this.#keyOf(at));
  }

  /** Whether something is said of that occurrence alone. */
  has(at: IcalTime): boolean {
    return this.#overrides.has(this.#keyOf(at)) || this.isExcluded(at);
  }

  /**
   * Puts an override of one occurrence at the end of the calendar, or after another component. One that changed all that
   * follows from there on does so from the next occurrence on.
   */
  add(override: Component, after?: Component): void {
    const { children } = this.calendar;
    if (after) children.splice(children.indexOf(after) + 1, 0, override);
    else this.calendar.add(override);
    const id = override.first('RECURRENCE-ID');
    const ranges = id ? this.#rangesAt(this.#keyOf(timeOf(id))) : [];
    this.#index(override);
    for (const variant of ranges) this.#advance(variant);
  }

  /**
   * Takes overrides of an occurrence away: it is again as the series says. Others that follow it keep what one with
   * RANGE=THISANDFUTURE says. Returns whether there were some.
   */
  removeOverride(at: IcalTime): boolean {
    const key = this.#keyOf(at);
    const ranges = this.#rangesAt(key);
    const singles = (this.#overrides.get(key) ?? []).filter((component) => !this.#variantOf(component));
    for (const component of singles) this.calendar.remove(component);
    const isFound = this.#overrides.delete(key);
    for (const variant of ranges) this.#advance(variant);
    return isFound;
  }

  /**
   * Has an override with RANGE=THISANDFUTURE begin with the first occurrence after a time, or at it, that is not one of its
   * own; it is removed where none is left.
   */
  settle(range: Component, from: 'here' | 'next' = 'here'): void {
    const variant = this.#variantOf(range);
    if (variant) this.#advance(variant, from);
  }

  /** Takes an occurrence out of the series: EXDATE in the form given, and no override. What is out already stays as it is. */
  exclude(at: IcalTime): void {
    const key = this.#keyOf(at);
    if (this.#excluded.has(key)) return;
    this.removeOverride(at);
    if (!this.master) return;
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

  #variantsAmong(overrides: readonly Component[]): Variants {
    const read = overrides.map(overrideOf).filter((override) => override !== null);
    return new Variants(this.#set, read, this.zones);
  }

  #variantOf(component: Component): Variant | undefined {
    return this.#variants.all.find((variant) => variant.component === component);
  }

  #rangesAt(key: number): Variant[] {
    return this.#variants.all.filter(({ since }) => since.instant === key);
  }

  #advance({ component, since }: Variant, from: 'here' | 'next' = 'next'): void {
    const left = (this.#overrides.get(since.instant) ?? []).filter((one) => one !== component);
    if (left.length > 0) this.#overrides.set(since.instant, left);
    else this.#overrides.delete(since.instant);
    const next = this.#nextStart(since, from);
    if (next) this.#moveTo(component, since, next);
    else this.calendar.remove(component);
    const ranges = this.#variants.all.map((variant) => variant.component);
    this.#variants = this.#variantsAmong(ranges.filter((one) => one !== component || next));
  }

  #moveTo(component: Component, since: Start, next: Start): void {
    const timing = this.#set?.timing;
    if (timing && next.instant !== since.instant) {
      const id: IcalTime = { ...timing.start, local: next.local };
      shiftTimes(component, next.local - since.local, this.zones, timing);
      component.set('RECURRENCE-ID', formatTime(id), timeParams(id));
    }
    this.#index(component);
  }

  /** The first occurrence from one on, before the next range, of which nothing is said of its own. @throws TooComplex */
  #nextStart({ instant }: Start, from: 'here' | 'next'): Start | undefined {
    const start = instant + (from === 'next' ? 1 : 0);
    const end = this.#variants.all.find(({ since }) => since.instant > instant)?.since.instant ?? Number.POSITIVE_INFINITY;
    for (const found of this.#set?.starts({ start, end }, new Budget()) ?? [])
      if (!this.#overrides.has(found.instant) && !this.#excluded.has(found.instant)) return found;
    return undefined;
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
