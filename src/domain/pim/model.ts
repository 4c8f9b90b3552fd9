import type { Id, Kind } from '../types.js';

/** What the viewer may do with a collection. `busy`: sees only when the owner is busy. */
export type Access = 'owner' | 'write' | 'read' | 'busy';

export type PimKind = Exclude<Kind, 'mail'>;

/** A calendar, task list, address book or notebook as one viewer sees it. */
export interface Collection {
  /** Identifier in the viewer's account; shared with mail folders, so it is unique over the whole hierarchy. */
  readonly id: Id;
  /** Where the data is kept: the owner's account and the identifier there. Equal to the viewer's for own collections. */
  readonly source: { readonly account: Id; readonly collection: Id };
  readonly kind: PimKind;
  /** Path segment in DAV URLs, unique in the viewer's home. */
  readonly slug: string;
  readonly name: string;
  readonly access: Access;
  /** Whose it is, where it is not the viewer's own. */
  readonly owner: Person | null;
  /** Whether this is the account's default for its kind: clients may not delete it. */
  readonly primary: boolean;
  /** Components it accepts: VEVENT, VTODO, VJOURNAL…; VCARD for address books. */
  readonly components: readonly string[];
  /** Moves with each change of the items, and with nothing else. */
  readonly seq: string;
  /** Dead and client-set properties by Clark name (`{namespace}local`), values as XML text. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface CollectionDraft {
  readonly kind: PimKind;
  readonly slug?: string;
  readonly name: string;
  readonly components?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
}

/** Changes of a collection's own data; a property value `null` removes it. */
export interface CollectionPatch {
  readonly name?: string;
  readonly properties?: Readonly<Record<string, string | null>>;
}

/** What a listing needs to know of an item. */
export interface ItemHead {
  /** The counter value at which the item was created: a small integer, as text. */
  readonly id: Id;
  readonly name: string;
  readonly uid: string;
  readonly component: string;
  /** Strong entity tag without quotes. */
  readonly etag: string;
  readonly scheduleTag: string | null;
  /** Size of the text in bytes. */
  readonly size: number;
  readonly modified: Date;
  /** Who made the latest change. */
  readonly origin: string;
}

/** The least that tells an item and its version. */
export type ItemBrief = Pick<ItemHead, 'id' | 'name' | 'component' | 'etag'>;

/** An item: its iCalendar or vCard text as the client sent it. */
export interface Item extends ItemHead {
  readonly text: string;
}

/** Somebody with an account. */
export interface Person {
  readonly account: Id;
  readonly address: string;
  readonly displayName: string;
  /** Further addresses; of owners only. */
  readonly aliases?: readonly string[];
}

/** Somebody a collection is shared with. */
export interface Share {
  readonly grantee: Person;
  readonly access: Exclude<Access, 'owner'>;
  readonly status: 'invited' | 'accepted' | 'declined';
  /** The owner's word about the invitation. */
  readonly summary: string;
}

export interface ShareDraft {
  readonly access: Share['access'];
  /** Default: accepted, so that it appears at once. */
  readonly status?: Share['status'];
  readonly summary?: string;
}

/** A collection that somebody offers to the viewer. */
export interface Offer {
  readonly collection: Collection;
  /** Path segment in its owner's home. */
  readonly hostSlug: string;
  readonly status: Share['status'];
  readonly owner: Share['grantee'];
  readonly summary: string;
}

/** An earlier text of an item, replaced or deleted. */
export interface ItemVersion {
  readonly item: Id;
  /** The counter value of the change that ended it; names the version together with the item. */
  readonly seq: string;
  readonly name: string;
  readonly uid: string;
  readonly component: string;
  readonly text: string;
  /** Origin of the change that ended it. */
  readonly replacedBy: string;
  readonly deleted: boolean;
  readonly replacedAt: Date;
}

/** The moment before a device removed unusually many items. */
export interface RestorePoint {
  /** The collection's counter at that moment. */
  readonly seq: string;
  /** Who removed them. */
  readonly origin: string;
  readonly removed: number;
  readonly at: Date;
}

/** How an item is named: by resource name or by identifier. */
export type ItemRef = { readonly name: string } | { readonly id: Id };

/** Evaluated inside the writing transaction (RFC 9110 §13, RFC 6638 §8.3). Entity tags come without quotes. */
export interface Precondition {
  readonly ifMatch?: readonly string[] | '*';
  readonly ifNoneMatch?: readonly string[] | '*';
  readonly ifScheduleTagMatch?: string;
}

/** An item to be written. */
export interface ItemDraft {
  /** Resource name; absent: made from the UID. */
  readonly name?: string;
  /** Identifier of the item to replace, for clients that know no names. */
  readonly id?: Id;
  readonly text: string;
  /** A client's own key for this creation: the same key again gives the same item instead of a second one. */
  readonly creationKey?: string;
}

export interface PutResult {
  readonly item: Item;
  readonly created: boolean;
  /** The creation key had been used before: nothing was written. */
  readonly repeated: boolean;
  /** Whether the stored bytes are those that were sent. */
  readonly verbatim: boolean;
}

/** A half-open interval of time in milliseconds since the epoch. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Which items a store search returns: a superset of the matches, each with whether the index alone proves it. */
export interface IndexQuery {
  readonly component?: string;
  readonly uid?: string;
  /** Items with an occurrence that overlaps; open ends are ±Infinity. */
  readonly overlaps?: Span;
  /** Items with an alarm in that time; never exact. */
  readonly alarms?: Span;
}
