import type { OutboxJob, SchedulingWrite } from '../pim/scheduler.js';
import type { Place } from '../pim/store.js';
import type { Account, Id } from '../types.js';

/** A job that this process holds for a while, so that no other does it at the same time. */
export interface ClaimedJob extends OutboxJob {
  /** How often it was tried, this time included. */
  readonly tries: number;
  readonly created: Date;
}

/** What lies in a scheduling inbox, as CalDAV shows it (RFC 6638 §2.2). */
export interface InboxItem {
  readonly name: string;
  readonly uid: string;
  readonly method: string;
  readonly text: string;
  /** Strong entity tag without quotes. */
  readonly etag: string;
  readonly created: Date;
}

/** How far an INBOX was looked through. */
export interface MailMarkRow {
  readonly uidValidity: string;
  readonly nextUid: number;
}

/** Persistence of scheduling outside of item changes; implemented by infra/db. */
export interface SchedulingStore {
  account(id: Id): Promise<Account | null>;
  /** Those that exist, by id. */
  accounts(ids: readonly Id[]): Promise<ReadonlyMap<Id, Account>>;
  /** Accounts that are rooms or resources. */
  rooms(limit: number): Promise<readonly Account[]>;
  /** Meetings of rooms that reach farther than what is booked for them. */
  unbooked(limit: number): Promise<readonly { readonly place: Place; readonly uid: string }[]>;
  /** Jobs that are due: of one account's mail, or of anybody's local ones. Each is this caller's for `lease` milliseconds. */
  claim(
    which: { readonly mailOf: Id } | { readonly local: true } | { readonly jobs: readonly { account: Id; id: Id }[] },
    limit: number,
    lease: number,
  ): Promise<readonly ClaimedJob[]>;
  /** Gives a job back for a later try. */
  postpone(job: Pick<OutboxJob, 'account' | 'id'>, ms: number): Promise<void>;
  done(job: Pick<OutboxJob, 'account' | 'id'>): Promise<void>;

  /** The calendars (and task lists) of an account that hold an object of that UID. */
  placesOf(account: Id, uid: string): Promise<readonly Place[]>;
  /** The item of that UID. */
  itemOf(place: Place, uid: string): Promise<Id | null>;
  /** Where an account's invitations go. */
  defaultPlace(account: Id, component: string): Promise<Place | null>;

  /** As within a transaction: see SchedulingWrite. */
  locals: SchedulingWrite['locals'];
  ledger: SchedulingWrite['ledger'];
  record: SchedulingWrite['record'];

  inbox(account: Id, limit: number): Promise<readonly InboxItem[]>;
  inboxItem(account: Id, name: string): Promise<InboxItem | null>;
  removeInboxItem(account: Id, name: string): Promise<boolean>;

  mailMark(account: Id): Promise<MailMarkRow | null>;
  /** Moves the mark on; false when another process was faster. */
  setMailMark(account: Id, from: MailMarkRow | null, to: MailMarkRow): Promise<boolean>;

  /** Forgets what is older than these moments; how many rows went. */
  purge(before: { readonly ledger: Date; readonly inbox: Date; readonly outbox: Date }): Promise<number>;
}
