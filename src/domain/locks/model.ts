import type { Id, Scope } from '../types.js';

/** A write lock (RFC 4918 §6). `path` is the decoded URL path without a trailing slash. */
export interface Lock {
  /** UUID; `urn:uuid:` or `opaquelocktoken:` is the face's business. */
  readonly token: string;
  readonly path: string;
  readonly infinite: boolean;
  readonly exclusive: boolean;
  /** The account that made it. */
  readonly principal: Id;
  /** The owner element as the client sent it, XML text. */
  readonly owner: string;
  readonly expires: Date;
}

export type NewLock = Omit<Lock, 'token' | 'expires'> & { readonly seconds: number };

/** Locks in the database: they outlive the process and hold in all of them. Account is that of the resource's owner. */
export interface LockStore {
  /**
   * Locks in force that cover a path: on itself, on a folder above with infinite depth, and with `below` also those on
   * anything beneath it.
   */
  covering(s: Scope, account: Id, path: string, below: boolean): Promise<readonly Lock[]>;
  /** @throws DomainError `conflict` when another lock is in the way, `too-large` when the principal holds too many */
  create(s: Scope, account: Id, lock: NewLock): Promise<Lock>;
  /** Null when there is no such lock of this principal. */
  refresh(s: Scope, account: Id, token: string, seconds: number): Promise<Lock | null>;
  remove(s: Scope, account: Id, token: string): Promise<boolean>;
  /** Removes the locks on a path and beneath it: what they were on is gone. */
  removeUnder(s: Scope, account: Id, path: string): Promise<void>;
}
