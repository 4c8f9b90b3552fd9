import { DomainError, type ErrorReason } from '../errors.js';

/** Lets so many tasks run at a time and so many wait; more are refused at once (`unavailable`), so that no queue grows for ever. */
export class Gate {
  private running = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly limit: number,
    private readonly longestQueue = Number.POSITIVE_INFINITY,
    private readonly what = 'the server',
    private readonly reason?: ErrorReason,
  ) {}

  get waiting(): number {
    return this.queue.length;
  }

  get idle(): boolean {
    return this.running === 0 && this.queue.length === 0;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running < this.limit) this.running++;
    else await this.turn();
    try {
      return await task();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.running--;
    }
  }

  /** Resolves when a place was handed over. */
  private turn(): Promise<void> {
    if (this.queue.length < this.longestQueue) return new Promise((resolve) => this.queue.push(resolve));
    throw new DomainError('unavailable', `too many wait for ${this.what}`, {
      retryAfter: 10,
      ...(this.reason && { reason: this.reason }),
    });
  }
}
