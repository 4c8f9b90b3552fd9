/** Sleeps shorter than this get a timer of their own: the wheel turns once a second. */
const COARSE = 2_000;
const TICK = 1_000;

/** Somebody who is to be called when a time is over. */
export interface Sleeper {
  /** The time is over. */
  due(): void;
}

/**
 * Timers for thousands of sleepers that need no precision: one interval of the process turns a wheel of seconds, a sleeper is an
 * entry in the set of its second.
 */
export class TimerWheel {
  private readonly seconds = new Map<number, Set<Sleeper>>();
  private readonly short = new Map<Sleeper, NodeJS.Timeout>();
  private interval: NodeJS.Timeout | undefined;
  private last = 0;

  /** Calls the sleeper after about `ms` milliseconds, never earlier. Returns the second that `cancel` must be told. */
  add(sleeper: Sleeper, ms: number): number {
    const second = Math.ceil((Date.now() + ms) / TICK);
    if (ms < COARSE)
      this.short.set(
        sleeper,
        setTimeout(() => this.ring(sleeper), Math.max(0, ms)),
      );
    else this.sleepersOf(second).add(sleeper);
    return second;
  }

  cancel(sleeper: Sleeper, second: number): void {
    clearTimeout(this.short.get(sleeper));
    this.short.delete(sleeper);
    const sleepers = this.seconds.get(second);
    sleepers?.delete(sleeper);
    if (sleepers?.size === 0) this.seconds.delete(second);
    if (this.seconds.size === 0) this.rest();
  }

  private ring(sleeper: Sleeper): void {
    this.short.delete(sleeper);
    sleeper.due();
  }

  private sleepersOf(second: number): Set<Sleeper> {
    const existing = this.seconds.get(second);
    if (existing) return existing;
    const created = new Set<Sleeper>();
    this.seconds.set(second, created);
    this.turn();
    return created;
  }

  private turn(): void {
    if (this.interval) return;
    this.last = Math.floor(Date.now() / TICK);
    this.interval = setInterval(() => this.tick(), TICK);
  }

  private tick(): void {
    const now = Math.floor(Date.now() / TICK);
    for (let second = this.last + 1; second <= now; second++) {
      const due = this.seconds.get(second) ?? [];
      // Who is called may cancel another of the same second.
      for (const sleeper of due) sleeper.due();
      this.seconds.delete(second);
    }
    this.last = now;
    if (this.seconds.size === 0) this.rest();
  }

  private rest(): void {
    clearInterval(this.interval);
    this.interval = undefined;
  }
}
