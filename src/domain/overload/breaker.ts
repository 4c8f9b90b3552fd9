import { DomainError, type ErrorReason } from '../errors.js';

export interface BreakerOptions {
  /** Failures one after the other that open it. */
  readonly failures: number;
  /** First pause in milliseconds, doubled with each failed trial. */
  readonly pauseMs: number;
  readonly longestMs: number;
}

const OPTIONS: BreakerOptions = { failures: 5, pauseMs: 2_000, longestMs: 30_000 };

/**
 * Stops asking a server that does not answer: whoever comes meanwhile is refused at once instead of waiting for a time-out,
 * and one request after each pause tries whether it is back.
 */
export class Breaker {
  private failed = 0;
  private pause = 0;
  private until = 0;
  private trying = false;

  constructor(
    private readonly what: string,
    private readonly options: BreakerOptions = OPTIONS,
    private readonly reason?: ErrorReason,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get isOpen(): boolean {
    return this.until > 0;
  }

  /** Runs the task unless the breaker is open. `isFailure` tells which errors mean that the server is away. */
  async run<T>(task: () => Promise<T>, isFailure: (error: unknown) => boolean): Promise<T> {
    const refusal = this.enter();
    if (refusal) throw refusal;
    try {
      const result = await task();
      this.succeeded();
      return result;
    } catch (error) {
      if (isFailure(error)) this.failure();
      else this.succeeded(); // it answered
      throw error;
    }
  }

  /** For callers that can't be wrapped: the refusal, or undefined for who may go on and must report the outcome. */
  enter(): DomainError | undefined {
    if (this.until === 0) return undefined;
    const left = this.until - this.now();
    if (left <= 0 && !this.trying) {
      this.trying = true;
      return undefined;
    }
    const retryAfter = Math.max(1, Math.ceil(left / 1000));
    return new DomainError('unavailable', `${this.what} does not answer`, {
      retryAfter,
      ...(this.reason && { reason: this.reason }),
    });
  }

  succeeded(): void {
    this.failed = 0;
    this.pause = 0;
    this.until = 0;
    this.trying = false;
  }

  failure(): void {
    this.failed++;
    this.trying = false;
    if (this.failed < this.options.failures) return;
    this.pause = Math.min(this.options.longestMs, this.pause === 0 ? this.options.pauseMs : this.pause * 2);
    this.until = this.now() + this.pause;
  }
}
