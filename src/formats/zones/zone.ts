/**
 * Time zones as offsets over time. Instants are milliseconds since the epoch; *local* numbers are wall-clock readings in
 * milliseconds as if they were UTC; offsets are milliseconds east of UTC.
 */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The Gregorian calendar repeats itself, weekdays included, after 400 years. */
const CYCLE = 146_097 * DAY;
/** Beyond, the years of one cycle stand for all others. */
const LAST_YEAR = 2_437;
/** Before, the offset of this year's beginning stands for all. */
const FIRST_YEAR = 1_800;

/** From `at` on the offset holds, until the next. */
export interface OffsetChange {
  readonly at: number;
  readonly offset: number;
}

/** A change of the clock. */
export interface Transition {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** The offset at the beginning of a (UTC) year, as the first element, and the changes within it. */
export type YearSource = (year: number) => readonly OffsetChange[];

interface Segment {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

export class Zone {
  readonly #source: YearSource;
  readonly #years = new Map<number, readonly OffsetChange[]>();
  #recent: Segment = { from: 0, to: 0, offset: 0 };

  /**
   * @param id what TZID says for it
   * @param iana the IANA name, or null for rules of somebody's own
   */
  constructor(
    readonly id: string,
    readonly iana: string | null,
    source: YearSource,
  ) {
    this.#source = source;
  }

  offsetAt(instant: number): number {
    const recent = this.#recent;
    if (instant >= recent.from && instant < recent.to) return recent.offset;
    this.#recent = this.#segment(instant);
    return this.#recent.offset;
  }

  toLocal(instant: number): number {
    return instant + this.offsetAt(instant);
  }

  /**
   * The instant of a wall-clock reading. One that the clock skips is read with the offset before the gap; one that it
   * shows twice means the first time (RFC 5545 §3.3.5).
   */
  toInstant(local: number): number {
    const [before, after] = this.#around(local);
    if (before === after) return local - before;
    const first = local - before;
    if (this.offsetAt(first) === before) return first;
    const second = local - after;
    return this.offsetAt(second) === after ? second : first;
  }

  /** Whether the clock ever shows this reading. */
  exists(local: number): boolean {
    const [before, after] = this.#around(local);
    return before === after || this.offsetAt(local - before) === before || this.offsetAt(local - after) === after;
  }

  /** Changes of the clock at or after `from` and before `to`. */
  transitions(from: number, to: number): Transition[] {
    const found: Transition[] = [];
    for (let year = yearOf(from); yearStart(year) < to; year++) {
      const shift = foldOf(year) * CYCLE;
      const changes = this.#year(year - foldOf(year) * 400);
      for (let index = 1; index < changes.length; index++) {
        const at = (changes[index] as OffsetChange).at + shift;
        const after = (changes[index] as OffsetChange).offset;
        if (at >= from && at < to) found.push({ at, before: (changes[index - 1] as OffsetChange).offset, after });
      }
    }
    return found;
  }

  /** Offsets safely before and after the instants that a reading can mean. */
  #around(local: number): [number, number] {
    return [this.offsetAt(local - 16 * HOUR), this.offsetAt(local + 16 * HOUR)];
  }

  #segment(instant: number): Segment {
    const year = yearOf(instant);
    if (year < FIRST_YEAR) {
      const [first] = this.#year(FIRST_YEAR);
      return { from: Number.NEGATIVE_INFINITY, to: yearStart(FIRST_YEAR), offset: first?.offset ?? 0 };
    }
    const fold = foldOf(year);
    const changes = this.#year(year - fold * 400);
    const folded = instant - fold * CYCLE;
    let index = changes.length - 1;
    while (index > 0 && (changes[index] as OffsetChange).at > folded) index--;
    const from = (changes[index] as OffsetChange).at + fold * CYCLE;
    const to = index + 1 < changes.length ? (changes[index + 1] as OffsetChange).at + fold * CYCLE : yearStart(year + 1);
    return { from, to, offset: (changes[index] as OffsetChange).offset };
  }

  #year(year: number): readonly OffsetChange[] {
    let changes = this.#years.get(year);
    if (!changes) {
      changes = this.#source(year);
      this.#years.set(year, changes);
    }
    return changes;
  }
}

function foldOf(year: number): number {
  return year > LAST_YEAR ? Math.ceil((year - LAST_YEAR) / 400) : 0;
}

/** The range of Date: what lies beyond counts as its edge. */
const MAX_INSTANT = 8.64e15;

function yearOf(instant: number): number {
  return new Date(Math.max(-MAX_INSTANT, Math.min(MAX_INSTANT, instant))).getUTCFullYear();
}

export function yearStart(year: number): number {
  return year >= 100 ? Date.UTC(year, 0, 1) : new Date(0).setUTCFullYear(year, 0, 1);
}

/** A zone whose clock never changes. */
export function fixedZone(id: string, offset: number, iana: string | null = null): Zone {
  return new Zone(id, iana, (year) => [{ at: yearStart(year), offset }]);
}

/** Changes of a year, found by asking for offsets: days are sampled and changes bracketed to the second. */
export function sampledYear(year: number, offsetAt: (instant: number) => number): OffsetChange[] {
  const end = yearStart(year + 1);
  let at = yearStart(year);
  let offset = offsetAt(at);
  const changes: OffsetChange[] = [{ at, offset }];
  // Some countries stop summer time for the month of Ramadan only: a week between samples misses no change.
  for (let next = at + 7 * DAY; at < end; next = at + 7 * DAY) {
    const to = Math.min(next, end - 1000);
    const then = offsetAt(to);
    if (then !== offset) {
      const change = bracket(at, to, offset, offsetAt);
      offset = offsetAt(change);
      changes.push({ at: change, offset });
      at = change;
    } else at = to === end - 1000 ? end : to;
  }
  return changes;
}

/** The first second after `from` at which the offset is another one. */
function bracket(from: number, to: number, offset: number, offsetAt: (instant: number) => number): number {
  let low = Math.floor(from / 1000);
  let high = Math.ceil(to / 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle * 1000) === offset) low = middle;
    else high = middle;
  }
  return high * 1000;
}
