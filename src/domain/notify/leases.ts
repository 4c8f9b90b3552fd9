import type { Id } from '../types.js';

/** The pseudo collection that is signalled when the wish or the right to watch an account changed. */
export const WATCH: Id = 'watch';

export interface Lease {
  readonly account: Id;
  /** The process that watches. */
  readonly process: Id;
  /** Mail folders that somebody on any process waits for. */
  readonly folders: readonly Id[];
}

/** Which process watches which account; implemented by infra/db. */
export interface WatchLeases {
  /** Shows for a while that a process lives; returns all that live. */
  heartbeat(process: Id): Promise<readonly Id[]>;
  /** Takes the leases that are free or whose holder is dead, adds the folders, returns all of them as they are then. */
  claim(process: Id, wanted: readonly { readonly account: Id; readonly folders: readonly Id[] }[]): Promise<readonly Lease[]>;
  /** Gives leases back. */
  release(process: Id, accounts: readonly Id[]): Promise<void>;
  /** Gives everything back: the process ends. */
  leave(process: Id): Promise<void>;
}
