/** Waits shorter than this get a timer of their own: the wheel turns once a second. */
const COARSE = 2_000;
const TICK = 1_000;

/**
 * Timers for thousands of waiters that need no precision: one interval of the process turns a wheel of seconds, a waiter is an
 * entry in the set of its second.
 */
export class TimerWheel {
  private readonly seconds = new Map<number, Set<() => void>>();
  private interval: NodeJS.Timeout | undefined;
  private last = 0;

  /** Calls `due` after about `ms` milliseconds, never earlier; the returned function cancels it. */
  after(ms: number, due: () => void): () => void {
    if (ms < COARSE) {
      const timer = setTimeout(due, Math.max(0, ms));
      return () => clearTimeout(timer);
    }
    const second = Math.ceil((Date.now() + ms) / TICK);
    const waiting = this.seconds.get(second) ?? new Set();
    waiting.add(due);
    this.seconds.set(second, waiting);
    this.turn();
    return () => {
      waiting.delete(due);
      if (waiting.size === 0 && this.seconds.get(second) === waiting) this.seconds.delete(second);
      if (this.seconds.size === 0) this.rest();
    };
  }

  private turn(): void {
    if (this.interval) return;
    this.last = Math.floor(Date.now() / TICK);
    this.interval = setInterval(() => this.tick(), TICK);
  }

  private tick(): void {
    const now = Math.floor(Date.now() / TICK);
    for (let second = this.last + 1; second <= now; second++) {
      const due = this.seconds.get(second);
      this.seconds.delete(second);
      for (const call of due ?? []) call();
    }
    this.last = now;
    if (this.seconds.size === 0) this.rest();
  }

  private rest(): void {
    clearInterval(this.interval);
    this.interval = undefined;
  }
}
