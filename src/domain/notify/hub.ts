import type { Id, Scope } from '../types.js';

/** The pseudo collection that changes when a folder or collection is made, renamed, shared or deleted. */
export const HIERARCHY: Id = 'hierarchy';

/**
 * A standing interest in some collections. Made before the state is looked at, so that no change can slip between
 * the look and the wait.
 */
export interface Subscription {
  /**
   * Waits until one of the collections was signalled since the last call, `ms` are over, the scope's signal is aborted or
   * the server drains. Returns the collections signalled: empty at the end of the time.
   */
  next(ms: number): Promise<readonly Id[]>;
  close(): void;
}

/** Change signals. Correctness never depends on one: a slow sweep repeats what was lost. */
export interface ChangeHub {
  /** Says that a collection of an account changed, and by whom; call after commit. */
  publish(account: Id, collection: Id, by?: Scope): void;
  /** Watches collections and mail folders (and the hierarchy) of the scope's account. */
  subscribe(s: Scope, collections: readonly Id[]): Subscription;
}
