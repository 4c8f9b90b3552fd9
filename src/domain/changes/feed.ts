import type { Id, Scope } from '../types.js';

/** A point in a collection's history; opaque outside its feed, at most 200 characters, URL-safe. */
export type Cursor = string & { readonly __cursor: unique symbol };

/** The latest change of one item. An item created and deleted since the cursor is one change, `gone`. */
export interface Change {
  readonly id: Id;
  /** Resource name in its collection (the last path segment in DAV). */
  readonly name: string;
  readonly gone: boolean;
  /** Who made the latest change, so that it is not echoed to its author. */
  readonly origin: string;
  /** Strong entity tag without quotes; absent when `gone`. */
  readonly etag?: string;
  /** Main component: VEVENT, VTODO, VJOURNAL, VAVAILABILITY, VPOLL or VCARD. */
  readonly component: string;
}

/** A page of changes in the order they were made, and the cursor after the last of them. */
export interface ChangePage {
  readonly changes: readonly Change[];
  readonly next: Cursor;
  readonly more: boolean;
}

/** «What changed in this collection since the cursor you gave me?»: asked by every protocol, answered once. */
export interface ChangeFeed {
  /** The cursor of each collection's present state; a collection that is gone is missing in the answer. */
  heads(s: Scope, collections: readonly Id[]): Promise<ReadonlyMap<Id, Cursor>>;
  /**
   * Changes after `from`, oldest first; `null` lists what is there now, without what is gone.
   * @throws DomainError `stale-cursor` when the cursor is foreign, malformed, from the future or older than what was purged.
   */
  since(s: Scope, collection: Id, from: Cursor | null, limit: number): Promise<ChangePage>;
}
