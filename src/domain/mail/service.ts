import type { Readable } from 'node:stream';
import type { IdRanges } from '../../formats/ranges.js';
import type { Account, Id, Session } from '../types.js';
import type {
  AttachmentInfo,
  BodyText,
  BodyWish,
  FlagChange,
  MailDelta,
  MailFolder,
  MailMark,
  MessageSummary,
  PartBytes,
  PartRequest,
} from './model.js';

/**
 * The user's mailbox, over whatever IMAP server the company runs. No call ever sets `\Seen` by reading.
 * Errors are DomainErrors: `not-found` for a folder or message that is gone, `unavailable` when the server can't be
 * reached, `unauthenticated` when it refuses the password.
 */
export interface Mail {
  /** The folders with stable ids. Reads the server's list and reconciles it with the stored ids. */
  folders(s: Session): Promise<readonly MailFolder[]>;
  /** One folder from the stored ids, without asking the server. */
  folder(s: Session, id: Id): Promise<MailFolder>;
  /** Several folders from the stored ids in one query; missing ones are missing. */
  foldersById(s: Session, ids: readonly Id[]): Promise<ReadonlyMap<Id, MailFolder>>;
  createFolder(s: Session, parent: Id | null, name: string): Promise<MailFolder>;
  renameFolder(s: Session, id: Id, parent: Id | null, name: string): Promise<MailFolder>;
  deleteFolder(s: Session, id: Id): Promise<void>;

  /** The present mark of a folder: one IMAP command. */
  mark(s: Session, folder: MailFolder): Promise<MailMark>;
  /** What changed since `from`; one IMAP command when nothing did. */
  changes(s: Session, folder: MailFolder, from: MailMark): Promise<MailDelta>;
  /** UIDs of messages received at or after `since` (all when null). */
  list(s: Session, folder: MailFolder, since: Date | null): Promise<IdRanges>;
  /** Summaries of these messages, newest first; missing ones are missing. */
  summaries(s: Session, folder: MailFolder, uids: readonly number[]): Promise<readonly MessageSummary[]>;
  /** Encoded bytes of parts of many messages, in as few IMAP commands as possible. */
  parts(s: Session, folder: MailFolder, requests: readonly PartRequest[]): Promise<readonly PartBytes[]>;
  /** Bodies of several messages in the wished form; `wish` is asked per message. A message whose body can't be made is missing. */
  bodies(
    s: Session,
    folder: MailFolder,
    messages: readonly MessageSummary[],
    wish: (message: MessageSummary) => BodyWish | null,
  ): Promise<ReadonlyMap<number, BodyText>>;
  /** Attachments and inline parts, from the structure alone. */
  attachments(message: MessageSummary): readonly AttachmentInfo[];
  /** The decoded bytes of one part as a stream, with its media type and encoded size; section '' gives the raw message. */
  download(
    s: Session,
    folder: MailFolder,
    uid: number,
    section: string,
  ): Promise<{ readonly type: string; readonly filename: string | null; readonly size: number; readonly content: Readable }>;

  setFlags(s: Session, folder: MailFolder, uids: readonly number[], change: FlagChange): Promise<void>;
  /** Moves messages; old UID → new UID where the server tells (COPYUID). */
  move(s: Session, folder: MailFolder, uids: readonly number[], to: MailFolder): Promise<ReadonlyMap<number, number>>;
  /** Deletes for good. */
  remove(s: Session, folder: MailFolder, uids: readonly number[]): Promise<void>;
  /** Appends a message; its UID where the server tells (APPENDUID). */
  append(s: Session, folder: MailFolder, raw: Uint8Array, flags: readonly string[], received?: Date): Promise<number | null>;
  /** Messages that match all given criteria. */
  search(s: Session, folder: MailFolder, query: MailQuery): Promise<IdRanges>;

  /** UIDs of a folder by thread; null where the mail server can't tell. */
  threads(s: Session, folder: MailFolder): Promise<readonly (readonly number[])[] | null>;

  /**
   * Sends a message as the user: From (and a Bcc-free copy of) the MIME is put right, recipients are taken from To, Cc, Bcc.
   * @throws DomainError `invalid` when the MIME can't be read or has no recipient, `unavailable` when submission fails.
   */
  send(s: Session, raw: Uint8Array, options: SendOptions): Promise<void>;
}

/** How a message is sent. */
export interface SendOptions {
  readonly saveInSent: boolean;
  /** In whose name: From may be theirs; Sender and envelope are the session's own. */
  readonly onBehalfOf?: Account;
}

/** What messages must match: every field that is given. Texts match anywhere and without regard to case. */
export interface MailQuery {
  /** Header or body. */
  readonly text?: string;
  readonly body?: string;
  readonly subject?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cc?: string;
  readonly bcc?: string;
  /** Received on or after the day of this moment, or before it; the mail server counts in its own days. */
  readonly since?: Date;
  readonly before?: Date;
  readonly header?: Readonly<Record<string, string>>;
  readonly seen?: boolean;
  readonly flagged?: boolean;
  readonly answered?: boolean;
  readonly draft?: boolean;
  readonly deleted?: boolean;
  /** All of these match. */
  readonly all?: readonly MailQuery[];
  /** At least one of these matches. */
  readonly any?: readonly MailQuery[];
  readonly not?: MailQuery;
}
