import type { ItemHead } from '../../domain/pim/model.js';
import { LIMITS } from './limits.js';

/** Cuts a list into batches of about equal bytes: five hundred events, or a handful of contacts with large photos. */
export class Batches<T> {
  #start = 0;
  #size: number = LIMITS.batch.first;

  /** @param all cut from its beginning */
  constructor(private readonly all: readonly T[]) {}

  next(): readonly T[] {
    const batch = this.all.slice(this.#start, this.#start + this.#size);
    this.#start += batch.length;
    return batch;
  }

  /** Takes what was just read as a measure for what comes. */
  learn(items: Iterable<ItemHead>): void {
    let bytes = 0;
    let count = 0;
    for (const { size } of items) {
      bytes += size;
      count += 1;
    }
    if (count > 0)
      this.#size = Math.min(LIMITS.batch.most, Math.max(1, Math.floor((LIMITS.batch.bytes * count) / Math.max(1, bytes))));
  }
}
