import type { Id, Scope } from '../types.js';

/** The pseudo collection that changes when a folder or collection is made, renamed, shared or deleted. */
export const HIERARCHY: Id = 'hierarchy';

/** The word that an account is another than processes remember it to be. */
export const ACCOUNT: Id = 'account';

/**
 * A standing interest in some collections. Made before the state is looked at, so that no change can slip between
 * the look and the wait.
 */
export interface Subscription {
  /** The collections that were signalled since the last call. */
  take(): readonly Id[];
  /**
   * Calls `wake` once: when a collection is signalled or was since the last `take`, when `ms` are over, when it is ended or the
   * server drains. What thousands do for an hour leaves nothing else behind, no promise and no timer.
   */
  sleep(ms: number, wake: () => void): void;
  /** Sleeps and takes: empty at the end of the time. */
  next(ms: number): Promise<readonly Id[]>;
  /** Wakes who sleeps, now and from now on. */
  end(): void;
  /** Gives up the interest; nobody is woken any more. */
  close(): void;
}

/** Change signals. Correctness never depends on one: a slow sweep repeats what was lost. */
export interface ChangeHub {
  /** Says that a collection of an account changed, and by whom; call after commit. */
  publish(account: Id, collection: Id, by?: Scope): void;
  /** Watches collections and mail folders (and the hierarchy) of the scope's account. */
  subscribe(s: Scope, collections: readonly Id[]): Subscription;
}
