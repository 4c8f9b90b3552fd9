type Range = readonly [low: number, high: number];

/**
 * A set of positive integers as sorted, disjoint, inclusive ranges: what a device holds of a collection. Two hundred
 * thousand messages without gaps are one range. Sets never change, so one that an operation leaves as it was is returned
 * itself, and a set that was read keeps its text: what a sync does not touch costs next to nothing.
 */
export class IdRanges {
  static readonly empty = new IdRanges([]);
  #text: string | undefined;

  /** @param ranges sorted, disjoint, neighbours merged */
  private constructor(private readonly ranges: readonly Range[]) {}

  /** From any numbers, in any order. */
  static of(ids: Iterable<number>): IdRanges {
    return IdRanges.fromRanges(Array.from(ids, (id) => [id, id] as const));
  }

  /** From inclusive ranges; they may overlap and come in any order. */
  static fromRanges(ranges: Iterable<Range>): IdRanges {
    const filled = [...ranges].filter(([low, high]) => low <= high);
    return new IdRanges(merged(filled.sort((a, b) => a[0] - b[0])));
  }

  /** Reads `1-3,7`; the IMAP form `1:3,7` too. @throws RangeError on anything else. */
  static parse(text: string): IdRanges {
    if (text === '') return IdRanges.empty;
    const { ranges, canonical } = readRanges(text);
    if (!canonical) return IdRanges.fromRanges(ranges);
    const set = new IdRanges(ranges);
    set.#text = text;
    return set;
  }

  /** `1-3,7` */
  toString(): string {
    this.#text ??= this.join('-');
    return this.#text;
  }

  /** An IMAP sequence set, `1:3,7`. */
  toSequenceSet(): string {
    return this.join(':');
  }

  toJSON(): string {
    return this.toString();
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** How many integers the set holds. */
  get size(): number {
    let size = 0;
    for (const [low, high] of this.ranges) size += high - low + 1;
    return size;
  }

  get max(): number | undefined {
    return this.ranges.at(-1)?.[1];
  }

  has(id: number): boolean {
    const at = this.#firstEndingAt(id);
    return at < this.ranges.length && (this.ranges[at] as Range)[0] <= id;
  }

  union(other: IdRanges): IdRanges {
    if (other.isEmpty || other === this) return this;
    if (this.isEmpty) return other;
    if (other.#isAfter(this)) return this.continued(other);
    if (other.minus(this).isEmpty) return this;
    return new IdRanges(merged(inOrder(this.ranges, other.ranges)));
  }

  minus(other: IdRanges): IdRanges {
    if (this.isEmpty || other.isEmpty || other.#isAfter(this) || this.#isAfter(other)) return this;
    const rest: Range[] = [];
    let cuts = 0;
    let index = other.#firstEndingAt((this.ranges[0] as Range)[0]);
    for (const range of this.ranges) {
      let [start] = range;
      const [, high] = range;
      while (index < other.ranges.length && (other.ranges[index] as Range)[1] < start) index++;
      for (let at = index; at < other.ranges.length; at++) {
        const [cutLow, cutHigh] = other.ranges[at] as Range;
        if (cutLow > high) break;
        cuts++;
        if (cutLow > start) rest.push([start, cutLow - 1]);
        start = Math.max(start, cutHigh + 1);
      }
      if (start === range[0]) rest.push(range);
      else if (start <= high) rest.push([start, high]);
    }
    return cuts === 0 ? this : new IdRanges(rest);
  }

  intersect(other: IdRanges): IdRanges {
    return this.minus(this.minus(other));
  }

  with(...ids: readonly number[]): IdRanges {
    return this.union(IdRanges.of(ids));
  }

  without(...ids: readonly number[]): IdRanges {
    return this.minus(IdRanges.of(ids));
  }

  /** The integers, ascending. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const [low, high] of this.ranges) for (let id = low; id <= high; id++) yield id;
  }

  /** The integers, descending: newest first. */
  *descending(): IterableIterator<number> {
    for (let at = this.ranges.length - 1; at >= 0; at--) {
      const [low, high] = this.ranges[at] as Range;
      for (let id = high; id >= low; id--) yield id;
    }
  }

  /** Whether everything in this set is above everything in the other; neither is empty. */
  #isAfter(other: IdRanges): boolean {
    return (this.ranges[0] as Range)[0] > (other.max as number);
  }

  /** The usual case: new items come after all that are there, and what is there keeps its text. */
  private continued(other: IdRanges): IdRanges {
    const tail = merged([this.ranges.at(-1) as Range, ...other.ranges]);
    const whole = new IdRanges([...this.ranges.slice(0, -1), ...tail]);
    if (this.#text !== undefined) whole.#text = this.#text.slice(0, this.#text.lastIndexOf(',') + 1) + new IdRanges(tail);
    return whole;
  }

  /** Index of the first range that ends at `id` or later. */
  #firstEndingAt(id: number): number {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ranges[middle] as Range)[1] < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private join(separator: string): string {
    return this.ranges.map(([low, high]) => (low === high ? String(low) : `${low}${separator}${high}`)).join(',');
  }
}

/** Ranges by their beginnings → disjoint ones. */
function merged(sorted: readonly Range[]): Range[] {
  const result: Range[] = [];
  let last: Range | undefined;
  for (const range of sorted) {
    if (last === undefined || range[0] > last[1] + 1) last = range;
    else if (range[1] > last[1]) last = [(result.pop() as Range)[0], range[1]];
    else continue;
    result.push(last);
  }
  return result;
}

/** Two sorted lists as one. */
function inOrder(a: readonly Range[], b: readonly Range[]): Range[] {
  const result: Range[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length)
    result.push((a[i] as Range)[0] <= (b[j] as Range)[0] ? (a[i++] as Range) : (b[j++] as Range));
  for (; i < a.length; i++) result.push(a[i] as Range);
  for (; j < b.length; j++) result.push(b[j] as Range);
  return result;
}

const [ZERO, NINE, COMMA, DASH, COLON] = [0x30, 0x39, 0x2c, 0x2d, 0x3a];
const MAX_DIGITS = 15;

/** `canonical`: in order, merged, and written as `toString` would. By characters: thousands of ranges are usual. */
function readRanges(text: string): { readonly ranges: Range[]; readonly canonical: boolean } {
  const ranges: Range[] = [];
  let canonical = true;
  let [first, value, digits, before] = [-1, 0, 0, -1];
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? COMMA : text.charCodeAt(at);
    if (code >= ZERO && code <= NINE && digits < MAX_DIGITS) {
      if (code === ZERO && digits === 0) canonical = false;
      value = value * 10 + code - ZERO;
      digits++;
      continue;
    }
    const isSeparator = (code === DASH || code === COLON) && first < 0;
    if (digits === 0 || !(isSeparator || code === COMMA)) throw new RangeError(`not a range: ${text.slice(at, at + 40)}`);
    if (isSeparator) {
      first = value;
      canonical &&= code === DASH;
    } else {
      const low = first < 0 ? value : Math.min(first, value);
      canonical &&= low > before + 1 && (first < 0 || first < value);
      before = Math.max(first, value);
      ranges.push([low, before]);
      first = -1;
    }
    value = 0;
    digits = 0;
  }
  return { ranges, canonical };
}
