/**
 * A set of positive integers as sorted, disjoint, inclusive ranges: what a device holds of a collection. Two hundred
 * thousand messages without gaps are one range.
 */
export class IdRanges {
  static readonly empty = new IdRanges([]);

  private constructor(private readonly ranges: readonly (readonly [number, number])[]) {}

  /** From any numbers, in any order. */
  static of(ids: Iterable<number>): IdRanges {
    const sorted = [...ids].sort((a, b) => a - b);
    return IdRanges.fromRanges(sorted.map((id) => [id, id] as const));
  }

  /** From inclusive ranges; they may overlap and come in any order. */
  static fromRanges(ranges: Iterable<readonly [number, number]>): IdRanges {
    const sorted = [...ranges].filter(([low, high]) => low <= high).sort((a, b) => a[0] - b[0]);
    const merged: [number, number][] = [];
    for (const [low, high] of sorted) {
      const last = merged.at(-1);
      if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high);
      else merged.push([low, high]);
    }
    return new IdRanges(merged);
  }

  /** Reads `1-3,7`; the IMAP form `1:3,7` too. @throws RangeError on anything else. */
  static parse(text: string): IdRanges {
    if (text === '') return IdRanges.empty;
    return IdRanges.fromRanges(
      text.split(',').map((part): [number, number] => {
        const match = /^(\d{1,15})(?:[-:](\d{1,15}))?$/.exec(part);
        if (!match) throw new RangeError(`not a range: ${part.slice(0, 40)}`);
        const low = Number(match[1]);
        const high = match[2] === undefined ? low : Number(match[2]);
        return low <= high ? [low, high] : [high, low];
      }),
    );
  }

  /** `1-3,7` */
  toString(): string {
    return this.join('-');
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
    let low = 0;
    let high = this.ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.ranges[middle] as readonly [number, number];
      if (id < range[0]) high = middle - 1;
      else if (id > range[1]) low = middle + 1;
      else return true;
    }
    return false;
  }

  union(other: IdRanges): IdRanges {
    return IdRanges.fromRanges([...this.ranges, ...other.ranges]);
  }

  minus(other: IdRanges): IdRanges {
    const rest: [number, number][] = [];
    let index = 0;
    for (const [low, high] of this.ranges) {
      let start = low;
      while (index < other.ranges.length && (other.ranges[index] as readonly [number, number])[1] < start) index++;
      for (let at = index; at < other.ranges.length; at++) {
        const [cutLow, cutHigh] = other.ranges[at] as readonly [number, number];
        if (cutLow > high) break;
        if (cutLow > start) rest.push([start, cutLow - 1]);
        start = Math.max(start, cutHigh + 1);
      }
      if (start <= high) rest.push([start, high]);
    }
    return IdRanges.fromRanges(rest);
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
    for (const [low, high] of [...this.ranges].reverse()) for (let id = high; id >= low; id--) yield id;
  }

  private join(separator: string): string {
    return this.ranges.map(([low, high]) => (low === high ? String(low) : `${low}${separator}${high}`)).join(',');
  }
}
