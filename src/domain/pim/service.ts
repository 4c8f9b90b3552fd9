import type { MergedText } from '../../formats/merge/index.js';
import type { ChangePage, Cursor } from '../changes/feed.js';
import type { Id, Session } from '../types.js';
import type { Edit } from './merge.js';
import type {
  Collection,
  CollectionDraft,
  CollectionPatch,
  IndexQuery,
  Item,
  ItemBrief,
  ItemDraft,
  ItemHead,
  ItemRef,
  ItemVersion,
  Offer,
  Precondition,
  PutResult,
  RestorePoint,
  Share,
  ShareDraft,
} from './model.js';
import type { Found } from './store.js';

/**
 * Calendars, tasks, contacts and notes: the one place where rules about them live. Faces hand over text and get text.
 *
 * Every call takes the session and a collection that the same session was given, so access is checked once, here.
 * Errors are DomainErrors: `not-found`, `forbidden`, `precondition-failed`, `invalid` with a reason, `conflict`,
 * `stale-cursor`, `too-large`.
 */
export interface Pim {
  /** All collections of the user's home: own ones first, then those shared with the user. */
  collections(s: Session): Promise<readonly Collection[]>;
  collection(s: Session, id: Id): Promise<Collection>;
  createCollection(s: Session, draft: CollectionDraft): Promise<Collection>;
  updateCollection(s: Session, collection: Collection, patch: CollectionPatch): Promise<Collection>;
  deleteCollection(s: Session, collection: Collection): Promise<void>;
  /** Gives a collection another path segment in the user's home, in place of `replaced`, which is deleted. */
  moveCollection(s: Session, collection: Collection, slug: string, replaced: Collection | null): Promise<void>;

  /** Who else sees a collection. */
  shares(s: Session, collection: Collection): Promise<readonly Share[]>;
  /** Shares a collection with the account of an address, changes the share, or ends it with null. Only the owner may. */
  share(s: Session, collection: Collection, address: string, share: ShareDraft | null): Promise<void>;
  /** What others share with the user, answered or not. */
  offers(s: Session): Promise<readonly Offer[]>;
  answerOffer(s: Session, offer: Offer, accept: boolean): Promise<void>;

  /** Earlier texts of an item, or all that ended since a moment; latest first. */
  versions(
    s: Session,
    collection: Collection,
    of: { readonly item: Id } | { readonly since: Date },
    limit?: number,
  ): Promise<readonly ItemVersion[]>;
  restore(s: Session, collection: Collection, version: ItemVersion): Promise<PutResult>;
  /** Moments before a device removed unusually many items. */
  restorePoints(s: Session, collection: Collection): Promise<readonly RestorePoint[]>;
  /** Puts back what was deleted since a counter value and is still gone; how many items came back. */
  restoreDeleted(s: Session, collection: Collection, since: string): Promise<number>;

  /** One item, or null. */
  item(s: Session, collection: Collection, ref: ItemRef): Promise<Item | null>;
  /** The items that exist among those named, in no particular order; at most 1,000 at a time. */
  itemsByName(s: Session, collection: Collection, names: readonly string[]): Promise<readonly Item[]>;
  itemsById(s: Session, collection: Collection, ids: readonly Id[]): Promise<readonly Item[]>;
  /** Properties that clients keep with items, by the items' names: of one item, or of all that have some. */
  itemProperties(
    s: Session,
    collection: Collection,
    name?: string,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
  /** Sets (or with null removes) properties kept with an item. They are copied and moved with it. */
  setItemProperties(
    s: Session,
    collection: Collection,
    name: string,
    changes: Readonly<Record<string, string | null>>,
  ): Promise<void>;
  /** Every item without its text, streamed. */
  heads(s: Session, collection: Collection): AsyncIterable<ItemHead>;
  /** The same with the least of each item, many at a time. */
  briefs(s: Session, collection: Collection): AsyncIterable<readonly ItemBrief[]>;
  /** Items that may match, by the index alone, streamed; where `exact` is false the caller checks the text. */
  search(s: Session, collection: Collection, query: IndexQuery): AsyncIterable<Found>;
  /** The same, many at a time. */
  searchBatches(s: Session, collection: Collection, query: IndexQuery): AsyncIterable<readonly Found[]>;

  /**
   * Creates or replaces an item: validates, indexes, writes, and signals after commit.
   * The bytes are stored as sent. A second item with the same UID in the collection is a `no-uid-conflict`.
   */
  put(s: Session, collection: Collection, draft: ItemDraft, when?: Precondition): Promise<PutResult>;
  /**
   * What becomes of an item that others have changed since a client saw it when the client's edit is written into it:
   * property by property, each occurrence of a series by itself. To be put on condition that the item is still the one given.
   * Null where it is not known any more what the client saw.
   */
  merged(s: Session, collection: Collection, item: Item, edit: Edit): Promise<MergedText | null>;
  remove(s: Session, collection: Collection, ref: ItemRef, when?: Precondition): Promise<void>;
  /** Moves or copies one item within or between collections of the session, in one transaction. Returns true when the target was created, false when it was overwritten. */
  transfer(
    s: Session,
    from: { readonly collection: Collection; readonly ref: ItemRef },
    to: { readonly collection: Collection; readonly name: string },
    options: { readonly copy: boolean; readonly overwrite: boolean; readonly when?: Precondition },
  ): Promise<{ readonly created: boolean; readonly item: ItemHead }>;

  /** The cursor of each collection's present state. */
  cursors(s: Session, collections: readonly Collection[]): Promise<ReadonlyMap<Id, Cursor>>;
  /** Changes since a cursor; see ChangeFeed. */
  since(s: Session, collection: Collection, from: Cursor | null, limit: number): Promise<ChangePage>;
}
