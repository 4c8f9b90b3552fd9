import type { IdRanges } from '../../formats/ranges.js';
import type { Credentials, Scope } from '../types.js';
import type { Envelope, FlagChange, FolderRole, MailDelta, MailMark, MessageSummary, PartBytes, PartRequest } from './model.js';
import type { MailQuery } from './service.js';

/** A mailbox as the server lists it. */
export interface Mailbox {
  /** Full path, decoded to Unicode. */
  readonly path: string;
  /** Hierarchy delimiter; null where the server has a flat name space. */
  readonly delimiter: string | null;
  /** Role by SPECIAL-USE (RFC 6154) or, failing that, by a well-known name. */
  readonly role: FolderRole | null;
  /** False for `\NoSelect` and `\NonExistent`. */
  readonly selectable: boolean;
  /** UIDVALIDITY as decimal text; null where unknown (not selectable, STATUS refused). */
  readonly uidValidity: string | null;
  /** MAILBOXID (RFC 8474); null where the server has no OBJECTID. */
  readonly objectId: string | null;
}

/** Receives streamed parts in the order the server sends them; the next one waits for the promise. */
export type PartSink = (part: PartBytes) => void | Promise<void>;

/**
 * A user's mailbox on a mail server, addressed by path and UID. Implemented by infra/imap with infra/smtp.
 * Every call needs `s.credentials`: without them it fails with `unauthenticated`. Nothing sets `\Seen` by reading.
 * Errors: `unauthenticated` (password refused), `unavailable` (server down, busy or timed out), `not-found` (mailbox or
 * message is gone), `conflict` (mailbox exists), `too-large` (message beyond the server's limit), `invalid` (refused recipients).
 */
export interface MailBackend {
  /** Checks a password by a fresh login. @throws DomainError `unauthenticated` or `unavailable`. */
  verify(credentials: Credentials, signal?: AbortSignal): Promise<void>;

  mailboxes(s: Scope): Promise<readonly Mailbox[]>;
  /** A mailbox's present mark: STATUS, or NOOP and STATUS where the connection has it open. */
  status(s: Scope, path: string): Promise<MailMark>;
  changes(s: Scope, path: string, from: MailMark): Promise<MailDelta>;
  /** UIDs of messages received on or after the day of `since`; all when null. */
  list(s: Scope, path: string, since: Date | null): Promise<IdRanges>;
  /** In no particular order; missing ones are missing. */
  summaries(s: Scope, path: string, uids: readonly number[]): Promise<readonly MessageSummary[]>;
  /** Streams the encoded bytes of parts, requests grouped by section and limit into few commands. */
  parts(s: Scope, path: string, requests: readonly PartRequest[], sink: PartSink): Promise<void>;

  setFlags(s: Scope, path: string, uids: readonly number[], change: FlagChange): Promise<void>;
  /** Old UID → new UID where the server tells (COPYUID, RFC 4315). */
  move(s: Scope, path: string, uids: readonly number[], to: string): Promise<ReadonlyMap<number, number>>;
  /** `\Deleted` and UID EXPUNGE (RFC 4315) of just these. */
  remove(s: Scope, path: string, uids: readonly number[]): Promise<void>;
  /** The new UID where the server tells (APPENDUID). */
  append(s: Scope, path: string, raw: Uint8Array, flags: readonly string[], received?: Date): Promise<number | null>;
  search(s: Scope, path: string, query: MailQuery): Promise<IdRanges>;

  /** UIDs by thread (RFC 5256, by References); null where the server can't tell. */
  threads(s: Scope, path: string): Promise<readonly (readonly number[])[] | null>;

  createMailbox(s: Scope, path: string): Promise<void>;
  renameMailbox(s: Scope, path: string, to: string): Promise<void>;
  deleteMailbox(s: Scope, path: string): Promise<void>;

  /**
   * Watches mailboxes over one connection of the account until closed: IDLE on INBOX, the others by look on each wake-up
   * and every minute or so. Reconnects by itself; `changed` may be called too often, never too seldom for long. `missed`: others
   * waited while nobody watched, so each mailbox is told at the first look.
   */
  watch(s: Scope, paths: readonly string[], changed: (path: string) => void, missed?: boolean): Promise<MailWatch>;

  /** Hands a message to the user's submission server with the user's own password; returns recipients refused while others were taken. */
  submit(s: Scope, envelope: Envelope, raw: Uint8Array): Promise<readonly string[]>;
}

/** A running watch. */
export interface MailWatch {
  /** Replaces the watched paths. */
  update(paths: readonly string[]): void;
  close(): Promise<void>;
  /** Resolves when the watch is over: closed, or given up because the password is refused by now. */
  readonly ended: Promise<void>;
}
