import type { Id, Scope } from '../types.js';
import type { ChangeHub, Subscription } from './hub.js';
import { type Sleeper, TimerWheel } from './timer-wheel.js';

/** Carries signals between processes. */
export interface ChangeBus {
  /** Sends a signal to every process, this one included; coalesced, never throws. */
  send(account: Id, collection: Id): void;
  /** Sets who hears signals. */
  listen(heard: (account: Id, collection: Id) => void): void;
}

/** Sees to it that changes of an account's mail folders are published while somebody waits; the returned function ends it. */
export type WatchMail = (s: Scope, folders: readonly Id[]) => () => void;

type Published = (account: Id, collection: Id, by: Scope | undefined) => void;

/** Who waits for what, in this process. A waiter is one small object in the list of its account, where a signal from the bus finds it. */
export class LocalHub implements ChangeHub {
  /** By account; a list is replaced and never changed, for who is called may leave it. */
  private readonly waiters = new Map<Id, readonly Waiter[]>();
  private readonly timers = new TimerWheel();
  private readonly listeners: Published[] = [];
  private readonly ears = new Map<Id, (account: Id, detail: string) => void>();
  private draining = false;
  private count = 0;

  /** `woken` hears after how many seconds who was signalled had its answer. */
  constructor(
    private readonly bus: ChangeBus,
    private readonly watchMail: WatchMail = () => () => undefined,
    private readonly woken: (seconds: number) => void = () => undefined,
  ) {
    bus.listen((account, collection) => this.signal(account, collection));
  }

  publish(account: Id, collection: Id, by?: Scope): void {
    this.bus.send(account, collection);
    for (const told of this.listeners) told(account, collection, by);
  }

  /** Calls `told` for what is published in this process, and only here: for work that is to be done once. */
  onPublish(told: Published): void {
    this.listeners.push(told);
  }

  subscribe(s: Scope, collections: readonly Id[]): Subscription {
    const { account } = s;
    // A copy has no room to grow.
    const waiter = new Waiter(this.timers, collections.slice(), () => this.forget(account, waiter));
    this.count++;
    this.waiters.set(account, this.of(account).concat(waiter));
    waiter.unwatch = this.watchMail(s, collections);
    if (this.draining) waiter.end();
    return waiter;
  }

  /** How many subscriptions are open. */
  get waiting(): number {
    return this.count;
  }

  /** Answers everybody who waits, now and from now on: the server shuts down. */
  drain(): void {
    this.draining = true;
    for (const waiters of this.waiters.values()) for (const waiter of waiters) waiter.end();
  }

  /** Account and collection of everything that is waited for here. */
  *watched(): Iterable<readonly [account: Id, collection: Id]> {
    for (const [account, waiters] of this.waiters) {
      const collections = new Set(waiters.flatMap((waiter) => waiter.collections));
      for (const collection of collections) yield [account, collection];
    }
  }

  /** Calls `heard` for signals about a collection of any account, or a word with its detail, from any process. */
  onSignal(collection: Id, heard: (account: Id, detail: string) => void): void {
    this.ears.set(collection, heard);
  }

  /** Sends a word that is no change to all processes: only ears hear it. */
  tell(account: Id, word: Id, detail: string): void {
    this.bus.send(account, `${word}:${detail}`);
  }

  /** Wakes those of this process who wait for a collection. */
  signal(account: Id, collection: Id): void {
    const at = collection.indexOf(':');
    if (at >= 0) {
      this.ears.get(collection.slice(0, at))?.(account, collection.slice(at + 1));
      return;
    }
    this.ears.get(collection)?.(account, '');
    for (const waiter of this.of(account)) waiter.signal(collection);
  }

  private of(account: Id): readonly Waiter[] {
    return this.waiters.get(account) ?? [];
  }

  private forget(account: Id, waiter: Waiter): void {
    this.count--;
    const left = this.of(account).filter((other) => other !== waiter);
    if (left.length > 0) this.waiters.set(account, left);
    else this.waiters.delete(account);
    if (waiter.signalledAt > 0) this.woken((performance.now() - waiter.signalledAt) / 1000);
  }
}

class Waiter implements Subscription, Sleeper {
  unwatch: (() => void) | undefined;
  /** When it was woken, by performance.now(); 0 while it sleeps. */
  signalledAt = 0;
  private signalled: Id[] = [];
  private wake: (() => void) | undefined;
  /** In which the wheel wakes it. */
  private second = 0;
  private ended = false;
  private closed = false;

  constructor(
    private readonly timers: TimerWheel,
    readonly collections: readonly Id[],
    private readonly forget: () => void,
  ) {}

  signal(collection: Id): void {
    if (!this.collections.includes(collection)) return;
    if (this.signalledAt === 0) this.signalledAt = performance.now();
    if (!this.signalled.includes(collection)) this.signalled.push(collection);
    this.due();
  }

  take(): readonly Id[] {
    const taken = this.signalled;
    this.signalled = [];
    return taken;
  }

  sleep(ms: number, wake: () => void): void {
    if (this.closed) return;
    this.wake = wake;
    if (ms <= 0 || this.signalled.length > 0 || this.ended) {
      this.due();
      return;
    }
    this.signalledAt = 0;
    this.second = this.timers.add(this, ms);
  }

  async next(ms: number): Promise<readonly Id[]> {
    await new Promise<void>((resolve) => this.sleep(ms, resolve));
    return this.take();
  }

  due(): void {
    const { wake } = this;
    if (!wake) return;
    this.wake = undefined;
    this.timers.cancel(this, this.second);
    wake();
  }

  end(): void {
    this.ended = true;
    this.due();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.wake = undefined;
    this.timers.cancel(this, this.second);
    this.forget();
    this.unwatch?.();
  }
}
