/** An identifier: opaque text of at most 64 characters, unique within its account. */
export type Id = string;

/** What a collection holds. Notes are kept as VJOURNAL. */
export type Kind = 'mail' | 'calendar' | 'tasks' | 'contacts' | 'notes';

/** The secret with which the user's own mail server is asked, and the address of the device that asks. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Network address of the phone or desktop, handed on by IMAP ID (`x-originating-ip`). */
  readonly address?: string;
}

/**
 * Whose data a call is about and who acts. Every store and service call takes one first, so that no query can
 * reach another account by forgetting a clause.
 */
export interface Scope {
  readonly account: Id;
  /** Who acts: `eas:<device id>` (`…@<account>` in a collection of somebody else), `dav:<user agent family>`, `system`. Kept with each change so it is not echoed. */
  readonly origin: string;
  /** Present while a user's request is served; background work without it can't reach the mail server. */
  readonly credentials?: Credentials;
  /**
   * Who tells others of changed meetings. `server` (default): the gateway. `client`: the client sends its own mails, as
   * ActiveSync up to 14.1 does; only accounts here are told. `off`: nobody (import, restore).
   */
  readonly scheduling?: 'server' | 'client' | 'off';
  /** Push registrations that the actor does not want to be told by. */
  readonly quiet?: readonly Id[];
  /** Aborted when the client hangs up or the server drains. */
  readonly signal?: AbortSignal;
}

/** Who acts without a device that would see what was looked at. */
export const SYSTEM = 'system';

/** An account: one mailbox and its calendars, contacts, tasks and notes. */
export interface Account {
  readonly id: Id;
  /** Primary e-mail address, lower case. */
  readonly address: string;
  /** Further addresses that are the same person: invitations to them count. */
  readonly aliases: readonly string[];
  readonly displayName: string;
  /** IANA zone in which floating and all-day times are seen. */
  readonly zone: string;
  /** Rooms and resources answer invitations themselves (RFC 5545 §3.2.3 CUTYPE). Default: a person. */
  readonly kind?: AccountKind;
  /** Of rooms and resources: where their rules are not the defaults. */
  readonly booking?: Partial<RoomRules>;
  /** Until when an operator wants to see what its programs ask; null or past: not. */
  readonly traceUntil?: Date | null;
}

/** What a room is given away for. */
export interface RoomRules {
  /** How many days ahead. */
  readonly window: number;
  /** Series that reach beyond the window: `roll` takes them and goes on as time passes, `bounded` declines them; `none`: no series at all. */
  readonly series: 'roll' | 'bounded' | 'none';
  /** Hours at a time; null: any number. */
  readonly longest: number | null;
  /** Whether people of other mail domains may have it. */
  readonly external: boolean;
}

export type AccountKind = 'individual' | 'room' | 'resource';

/** A logged-in user: the scope of the account plus the account itself. */
export interface Session extends Scope {
  readonly user: Account;
}

/** JSON-lines logger; `fields` never hold bodies or secrets. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time, replaceable in tests. */
export interface Clock {
  now(): Date;
}
