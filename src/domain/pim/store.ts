import type { Position } from '../changes/cursor.js';
import type { Change } from '../changes/feed.js';
import type { Id, Scope } from '../types.js';
import type {
  Access,
  IndexQuery,
  Item,
  ItemBrief,
  ItemHead,
  ItemRef,
  ItemVersion,
  PimKind,
  RestorePoint,
  Share,
  Span,
} from './model.js';
import type { SchedulingWrite } from './scheduler.js';

/** Where a collection's rows are: the owner's account and the collection's identifier there. */
export interface Place {
  readonly account: Id;
  readonly collection: Id;
}

/** A collection as its owner's account keeps it. */
export interface StoredCollection {
  readonly place: Place;
  readonly kind: PimKind;
  readonly slug: string;
  readonly name: string;
  readonly primary: boolean;
  readonly components: readonly string[];
  readonly seq: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** A collection as it is offered to another account. */
export interface StoredShare {
  readonly collection: StoredCollection;
  readonly owner: Share['grantee'];
  readonly access: Exclude<Access, 'owner'>;
  readonly status: Share['status'];
  readonly summary: string;
  /** Identity and looks in the grantee's home. */
  readonly mount: {
    readonly id: Id;
    readonly slug: string;
    readonly name: string | null;
    readonly properties: Readonly<Record<string, string>>;
  };
}

export type NewCollection = Omit<StoredCollection, 'place' | 'seq'>;

/** Columns derived from an item's text when it is written. */
export interface ItemIndex {
  readonly uid: string;
  readonly component: string;
  /** When the item takes up time: sorted, disjoint, ±Infinity allowed; null for items without a place in time. */
  readonly spans: readonly Span[] | null;
  /** Within this interval `spans` alone decides an overlap, for every viewer; null: nowhere. */
  readonly exact: Span | null;
  /** When alarms may go off. */
  readonly alarms: readonly Span[];
}

/** A row to be written. */
export interface ItemRow extends ItemIndex {
  readonly name: string;
  readonly text: string;
  readonly etag: string;
  readonly scheduleTag: string | null;
  /** Who made the change, where it is not the scope's own word. */
  readonly origin?: string;
}

/** An item that a search found; `exact` when the index alone proves that it matches. */
export type Found = Item & { readonly exact: boolean };

/** A text that was replaced, and by whom. */
export interface Version {
  readonly text: string;
  readonly replacedBy: string;
}

/** A page of raw changes with what is needed to judge the cursor they were asked with. */
export interface RawChanges {
  readonly epoch: number;
  readonly head: bigint;
  readonly purged: bigint;
  readonly changes: readonly (Change & { readonly seq: bigint })[];
}

/** Persistence of collections and items; implemented by infra/db. `s` says who acts, the place whose rows are meant. */
export interface PimStore {
  collections(s: Scope, account: Id): Promise<readonly StoredCollection[]>;
  /** @throws DomainError `conflict` when the slug is taken */
  createCollection(s: Scope, account: Id, collection: NewCollection): Promise<StoredCollection>;
  updateCollection(
    s: Scope,
    place: Place,
    patch: { readonly name?: string; readonly properties?: Readonly<Record<string, string | null>> },
  ): Promise<void>;
  deleteCollection(s: Scope, place: Place): Promise<void>;
  /**
   * Gives an own collection another slug; what had it before, if anything, is deleted in the same transaction.
   * @throws DomainError `conflict` when the slug is taken by something else
   */
  moveCollection(s: Scope, place: Place, slug: string, replaced: Place | null): Promise<void>;

  /** Collections that other accounts share with this one, whatever the answer to the invitation was. */
  sharedWith(s: Scope, account: Id): Promise<readonly StoredShare[]>;
  /** Both in one look: what almost every request begins with. */
  home(s: Scope, account: Id): Promise<{ readonly own: readonly StoredCollection[]; readonly shared: readonly StoredShare[] }>;
  shares(s: Scope, place: Place): Promise<readonly Share[]>;
  /**
   * Makes, changes or (null) ends a share; a changed one keeps its answer.
   * @throws DomainError `not-found` when the address has no account
   */
  setShare(
    s: Scope,
    place: Place,
    address: string,
    share: Pick<Share, 'access' | 'status' | 'summary'> | null,
  ): Promise<{ readonly account: Id }>;
  /** Changes what is the grantee's own of a share. */
  updateMount(
    s: Scope,
    place: Place,
    grantee: Id,
    patch: {
      readonly status?: Share['status'];
      readonly name?: string;
      readonly slug?: string;
      readonly properties?: Readonly<Record<string, string | null>>;
    },
  ): Promise<void>;

  /** Earlier texts, latest first: of one item, or of all since a moment. */
  versions(
    s: Scope,
    place: Place,
    of: { readonly item: Id } | { readonly since: Date },
    limit: number,
  ): Promise<readonly ItemVersion[]>;
  /**
   * Texts of an item that ended after a position, oldest first. Null where not all of them are kept, the item is younger, or
   * there are more than the limit.
   */
  history(
    s: Scope,
    place: Place,
    item: Id,
    after: Position,
    limit: { readonly count: number; readonly bytes: number },
  ): Promise<readonly Version[] | null>;
  /** Notes a restore point, or how far its removals have grown. */
  markRestorePoint(
    s: Scope,
    place: Place,
    point: { readonly seq: bigint; readonly removed: number; readonly at: Date },
  ): Promise<void>;
  restorePoints(s: Scope, place: Place): Promise<readonly RestorePoint[]>;
  /**
   * Forgets what is older than the given moments: tombstones and creation keys (cursors below the purge mark become stale),
   * versions, restore points, and attachments that no item has named since. Returns how many rows went.
   */
  purge(before: { readonly tombstones: Date; readonly versions: Date }): Promise<number>;

  items(
    s: Scope,
    place: Place,
    by: { readonly names: readonly string[] } | { readonly ids: readonly Id[] },
  ): Promise<readonly Item[]>;
  /** What a viewer who is not the owner has of alarms on these items, by item. */
  alarms(s: Scope, place: Place, viewer: Id, items: readonly Id[]): Promise<ReadonlyMap<Id, string>>;
  heads(s: Scope, place: Place): AsyncIterable<ItemHead>;
  /** What clients keep with items, by the items' names: of one, or of all that have something. */
  itemProperties(s: Scope, place: Place, name: string | null): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
  /**
   * Sets (or with null removes) what is kept with an item.
   * @throws DomainError `not-found`, `too-large` when as many items of the collection as may be have something kept with them
   */
  setItemProperties(s: Scope, place: Place, name: string, changes: Readonly<Record<string, string | null>>): Promise<void>;
  briefs(s: Scope, place: Place): AsyncIterable<readonly ItemBrief[]>;
  /** Batches whose texts fit into memory together. */
  search(s: Scope, place: Place, query: IndexQuery): AsyncIterable<readonly Found[]>;

  /** The present counter of each collection as `[epoch, seq]`; missing ones are missing. */
  counters(s: Scope, places: readonly Place[]): Promise<readonly (Place & { readonly epoch: number; readonly seq: bigint })[]>;
  /** Changes after `after`, oldest first, without tombstones when `after` is null; null when the collection is gone. */
  changes(s: Scope, place: Place, after: bigint | null, limit: number): Promise<RawChanges | null>;

  /** Runs `work` in one transaction that holds the counters of these collections; retried as a whole on a serialisation failure. */
  write<T>(s: Scope, places: readonly Place[], work: (tx: PimWrite) => Promise<T>): Promise<T>;
}

/** A write in progress. */
export interface PimWrite {
  /** Scheduling messages that are committed together with the items. */
  readonly scheduling: SchedulingWrite;
  /** Where the collection is mounted by those it is shared with: they are to be signalled too. */
  mounts(place: Place): readonly Place[];
  /** With a name and a UID: the item of that name, else the one with that UID. */
  find(
    place: Place,
    ref: ItemRef | { readonly uid: string } | { readonly name: string; readonly uid: string },
  ): Promise<Item | null>;
  /** The item a creation key made, as its id. */
  created(place: Place, key: string): Promise<Id | null>;
  insert(place: Place, row: ItemRow, creationKey?: string): Promise<Item>;
  /** Replaces an item's text; the earlier text goes to the versions. */
  update(place: Place, current: Item, row: ItemRow): Promise<Item>;
  /** A meeting of that UID in another collection of the account. */
  meetingElsewhere(place: Place, uid: string): Promise<{ readonly collection: Id; readonly name: string } | null>;
  /** The alarms that a viewer has of his own on an item. */
  alarms(place: Place, viewer: Id, id: Id): Promise<string | null>;
  setAlarms(place: Place, viewer: Id, id: Id, alarms: string | null): Promise<void>;
  /** What is kept with an item; null: nothing. */
  properties(place: Place, id: Id): Promise<Readonly<Record<string, string>> | null>;
  /** Keeps something with a new item. */
  keep(place: Place, id: Id, properties: Readonly<Record<string, string>>): Promise<void>;
  /** Deletes an item, leaves a tombstone, keeps the text among the versions. Returns the counter of the change. */
  remove(place: Place, current: Item): Promise<bigint>;
}
