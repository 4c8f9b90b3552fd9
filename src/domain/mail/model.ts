import type { IdRanges } from '../../formats/ranges.js';
import type { Id } from '../types.js';

/** Special use of a mailbox (RFC 6154 and what clients expect by name). */
export type FolderRole = 'inbox' | 'drafts' | 'sent' | 'trash' | 'junk' | 'archive';

/** A mailbox with an identifier that survives renames. */
export interface MailFolder {
  readonly id: Id;
  /** Identifier of the folder above, null at the root. */
  readonly parent: Id | null;
  /** Last part of the name, decoded. */
  readonly name: string;
  /** Full IMAP path, decoded as imapflow gives it. */
  readonly path: string;
  readonly role: FolderRole | null;
  /** False for `\NoSelect` nodes that only hold others. */
  readonly selectable: boolean;
}

/** A point in a mailbox's history. Plain JSON, kept inside a device's sync state. */
export interface MailMark {
  readonly uidValidity: string;
  readonly uidNext: number;
  /** HIGHESTMODSEQ as decimal text; null on a server without CONDSTORE. */
  readonly modseq: string | null;
  readonly messages: number;
  /**
   * On a server without CONDSTORE: what the flags were, as UID ranges by flag, so that a comparison finds the changes.
   */
  readonly flags?: Readonly<Record<string, string>>;
}

export interface FlagState {
  readonly uid: number;
  /** System flags and keywords as the server spells them: `\Seen`, `\Flagged`, `$Forwarded`… */
  readonly flags: readonly string[];
}

/** What happened in a mailbox since a mark. */
export interface MailDelta {
  readonly mark: MailMark;
  /** UIDVALIDITY changed or the mark is unusable: everything that was known is void. */
  readonly reset: boolean;
  /** Messages that are new or whose flags changed. */
  readonly changed: readonly FlagState[];
  /** Messages expunged since the mark; may name UIDs that were never seen. */
  readonly vanished: IdRanges;
}

/** A part of a message as BODYSTRUCTURE tells it. */
export interface MessagePart {
  /** IMAP section, `1.2`; empty for the message itself. */
  readonly section: string;
  /** Lower-case media type, `text/html`. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly disposition: 'inline' | 'attachment' | null;
  readonly filename: string | null;
  /** Without angle brackets. */
  readonly contentId: string | null;
  readonly contentLocation: string | null;
  readonly encoding: string;
  /** Encoded size in bytes. */
  readonly size: number;
  readonly children: readonly MessagePart[];
}

export interface MailAddress {
  readonly name: string;
  readonly address: string;
}

/** What a listing of a mailbox needs of a message: fetched without setting `\Seen`. */
export interface MessageSummary {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly received: Date;
  readonly size: number;
  readonly subject: string;
  readonly date: Date | null;
  readonly messageId: string;
  readonly inReplyTo: string;
  readonly from: readonly MailAddress[];
  readonly sender: readonly MailAddress[];
  readonly replyTo: readonly MailAddress[];
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  /** Chosen further header fields, names in lower case: references, thread-topic, thread-index, importance, x-priority, list-unsubscribe… */
  readonly headers: ReadonlyMap<string, string>;
  readonly structure: MessagePart;
}

/** Bytes wanted of one message. */
export interface PartRequest {
  readonly uid: number;
  /** IMAP section; empty string: the whole message; `HEADER`: its header; `2.MIME`: the header of part 2. */
  readonly section: string;
  /** First encoded byte wanted; absent: from the beginning. */
  readonly start?: number;
  /** At most so many encoded bytes from the start; absent: all. */
  readonly maxBytes?: number;
}

/** Encoded bytes of a part, not yet freed from base64 or quoted-printable. */
export interface PartBytes {
  readonly uid: number;
  readonly section: string;
  /** As requested; absent or 0: from the beginning. */
  readonly start?: number;
  readonly bytes: Uint8Array;
}

/** A change of flags: `replace` is never used, so flags we do not know survive. */
export interface FlagChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** A body as a phone asks for it. */
export interface BodyWish {
  readonly type: 'plain' | 'html' | 'mime';
  /** At most so many bytes of the returned form. */
  readonly maxBytes?: number;
}

/** A body made ready: UTF-8 text, cut on a character boundary. For `mime` the raw message as latin-1 safe bytes in `data`. */
export interface BodyText {
  readonly type: 'plain' | 'html' | 'mime';
  readonly data: Uint8Array;
  readonly truncated: boolean;
  /** Size of the whole body in that form: exact where it was read whole, else an estimate from the encoded size. */
  readonly estimatedSize: number;
}

/** An attachment or inline part as phones list it. */
export interface AttachmentInfo {
  readonly section: string;
  readonly type: string;
  readonly filename: string;
  /** Decoded size in bytes, estimated from the encoded one. */
  readonly estimatedSize: number;
  readonly contentId: string | null;
  readonly contentLocation: string | null;
  readonly inline: boolean;
  /** A nested message/rfc822. */
  readonly embedded: boolean;
}
