import { TooComplex } from './error.js';

/** Work that an expansion may do: steps of about a tenth of a microsecond to a microsecond each. */
export class Budget {
  #left: number;

  /** The default is some tens of milliseconds: forty years of a daily rule take 15,000 steps. */
  constructor(steps = 500_000) {
    this.#left = steps;
  }

  /** @throws TooComplex when nothing is left */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new TooComplex('recurrence set needs too much work');
  }
}
