import { TooComplex } from './error.js';

/**
 * Work that an expansion may do, in steps of some tenths of a microsecond. One budget may be shared by everything that a
 * request expands.
 */
export class Budget {
  #left: number;

  /** The default is some tens of milliseconds: forty years of a daily rule take 45,000 steps. */
  constructor(steps = 200_000) {
    this.#left = steps;
  }

  /** @throws TooComplex when nothing is left */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooComplex('recurrence set needs too much work');
  }
}
