import type { Id, Scope } from '../types.js';
import type { ChangeHub, Subscription } from './hub.js';
import { TimerWheel } from './timer-wheel.js';

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

/**
 * Who waits for what, in this process. A waiter is one small object under each of its collections; a signal from the
 * bus finds it by account and collection.
 */
export class LocalHub implements ChangeHub {
  private readonly waiters = new Map<string, Set<Waiter>>();
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
    const keys = collections.map((collection) => keyOf(s.account, collection));
    const waiter = new Waiter(this.timers, s.signal, () => {
      this.forget(waiter, keys);
      if (waiter.signalledAt > 0) this.woken((performance.now() - waiter.signalledAt) / 1000);
    });
    this.count++;
    for (const key of keys) this.waitersOf(key).add(waiter);
    waiter.onClose(this.watchMail(s, collections));
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
    for (const set of this.waiters.values()) for (const waiter of set) waiter.end();
  }

  /** Account and collection of everything that is waited for here. */
  *watched(): Iterable<readonly [account: Id, collection: Id]> {
    for (const key of this.waiters.keys()) {
      const at = key.indexOf('/');
      yield [key.slice(0, at), key.slice(at + 1)];
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
    for (const waiter of this.waiters.get(keyOf(account, collection)) ?? []) waiter.signal(collection);
  }

  private waitersOf(key: string): Set<Waiter> {
    const existing = this.waiters.get(key);
    if (existing) return existing;
    const created = new Set<Waiter>();
    this.waiters.set(key, created);
    return created;
  }

  private forget(waiter: Waiter, keys: readonly string[]): void {
    this.count--;
    for (const key of keys) {
      const set = this.waiters.get(key);
      set?.delete(waiter);
      if (set?.size === 0) this.waiters.delete(key);
    }
  }
}

class Waiter implements Subscription {
  private readonly signalled = new Set<Id>();
  private readonly closers: (() => void)[] = [];
  private wake: (() => void) | undefined;
  private ended = false;
  /** When it was woken, by performance.now(); 0 while it sleeps. */
  signalledAt = 0;

  constructor(
    private readonly timers: TimerWheel,
    private readonly abort: AbortSignal | undefined,
    forget: () => void,
  ) {
    const end = () => this.end();
    abort?.addEventListener('abort', end, { once: true });
    this.closers.push(forget, () => abort?.removeEventListener('abort', end));
  }

  onClose(close: () => void): void {
    this.closers.push(close);
  }

  signal(collection: Id): void {
    if (this.signalledAt === 0) this.signalledAt = performance.now();
    this.signalled.add(collection);
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  async next(ms: number): Promise<readonly Id[]> {
    if (ms > 0 && this.signalled.size === 0 && !this.ended && !this.abort?.aborted) {
      this.signalledAt = 0;
      await new Promise<void>((resolve) => {
        const cancel = this.timers.after(ms, resolve);
        this.wake = () => {
          cancel();
          resolve();
        };
      });
      this.wake = undefined;
    }
    const heard = [...this.signalled];
    this.signalled.clear();
    return heard;
  }

  close(): void {
    this.end();
    for (const close of this.closers.splice(0)) close();
  }
}

function keyOf(account: Id, collection: Id): string {
  return `${account}/${collection}`;
}
