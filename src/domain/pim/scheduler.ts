import type { Account, Id, Session } from '../types.js';
import type { Item, Precondition, Span } from './model.js';
import type { Place } from './store.js';

/** A scheduling message to be delivered, written in the transaction of the change that it tells of. */
export interface OutboxJob {
  /** The account whose message it is. */
  readonly account: Id;
  readonly id: Id;
  /** `local`: into an account here. `mail`: as an e-mail of the account's own. */
  readonly channel: 'local' | 'mail';
  readonly method: string;
  readonly uid: string;
  /** Mail addresses. */
  readonly sender: string;
  readonly recipient: string;
  readonly recipientAccount: Id | null;
  /** Where the sender's own copy is, for the result; null: it is gone. */
  readonly collection: Id | null;
  readonly text: string;
}

/** The latest message of one kind to or from somebody. */
export interface LedgerEntry {
  readonly direction: 'out' | 'in';
  readonly peer: string;
  readonly recurrence: string;
  readonly sequence: number;
  readonly method: string;
  /** Equal for messages that say the same; of replies received, the DTSTAMP. */
  readonly digest: string;
}

/** What lies in a scheduling inbox (RFC 6638 §2.2). */
export interface InboxDraft {
  readonly uid: string;
  readonly method: string;
  readonly text: string;
}

/** What scheduling reads and writes within the transaction of an item's change; implemented by infra/db. */
export interface SchedulingWrite {
  account(id: Id): Promise<Account>;
  /** Accounts of a mail domain by their addresses, aliases included: as asked → account. */
  locals(domain: string, addresses: readonly string[]): Promise<ReadonlyMap<string, Account>>;
  /** The ledger of an object, latest entry first. */
  ledger(account: Id, uid: string): Promise<readonly LedgerEntry[]>;
  record(account: Id, uid: string, entries: readonly LedgerEntry[]): Promise<void>;
  enqueue(jobs: readonly OutboxJob[]): Promise<void>;
  /** Forgets a job; false when somebody else did it in the meantime. */
  done(job: { readonly account: Id; readonly id: Id }): Promise<boolean>;
  addToInbox(account: Id, draft: InboxDraft): Promise<void>;
  /** Gives a room to a meeting at these times, instead of those it had; false, and nothing changed, where another has it. */
  book(account: Id, uid: string, spans: readonly Span[]): Promise<boolean>;
  /** Those of these times at which another meeting has the room. */
  taken(account: Id, uid: string, spans: readonly Span[]): Promise<readonly Span[]>;
}

/** A change of an item that is about to be written. */
export interface ScheduledChange {
  readonly place: Place;
  readonly before: Item | null;
  /** Null: it is to be deleted. */
  readonly after: string | null;
  readonly when?: Precondition;
}

export interface SchedulePlan {
  /** The text to store; the one given where nothing is to be changed. */
  readonly text: string | null;
  readonly scheduleTag: string | null;
  readonly jobs: readonly OutboxJob[];
}

/** Implicit scheduling (RFC 6638 §3.2), implemented by domain/scheduling. */
export interface Scheduler {
  /**
   * Decides within the writing transaction who is to be told, and enqueues the messages.
   * @throws DomainError `forbidden` with `allowed-organizer-scheduling-object-change` and its kin
   */
  plan(s: Session, tx: SchedulingWrite, change: ScheduledChange): Promise<SchedulePlan>;
  /** The transaction is committed: the messages can go. */
  committed(s: Session, jobs: readonly OutboxJob[]): void;
}
