import type { Logger } from '../../../domain/types.js';

const LISTED = 20;

/** Items that can't be shown to a device: left out and told to the operator, so that one can't stop a whole folder. */
export class Skipped {
  #count = 0;

  constructor(
    private readonly log: Logger,
    private readonly device: string,
  ) {}

  note(collection: string, item: number | string, error: unknown): void {
    if (this.#count++ >= LISTED) return;
    this.log.warn({ device: this.device, collection, item, err: error }, 'item left out of the sync');
  }

  get count(): number {
    return this.#count;
  }
}
