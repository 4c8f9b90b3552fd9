import { createHash } from 'node:crypto';
import type { Id, Scope } from '../types.js';
import type { MessageSummary } from './model.js';

/** A flag for follow-up, as far as IMAP's `\Flagged` does not tell it. Times are ISO 8601 in UTC unless they say local. */
export interface FollowUp {
  readonly isComplete: boolean;
  /** Text shown for the kind of flag. */
  readonly type?: string;
  readonly subject?: string;
  /** Start and due date; there is never one without the other. */
  readonly span?: {
    readonly start: string;
    readonly due: string;
    /** The same as the clock shows them where the user is, without a zone. */
    readonly localStart: string;
    readonly localDue: string;
  };
  readonly reminder?: string;
  readonly completed?: { readonly date: string; readonly time: string };
  /** When it was set, and what orders those set at the same time. */
  readonly ordinal?: string;
  readonly subOrdinal?: string;
}

/** What was last done with a message by a device. */
export interface LastVerb {
  readonly verb: 'reply' | 'reply-all' | 'forward';
  /** ISO 8601. */
  readonly at: string;
}

/** What is known of a message besides what the mail server keeps. */
export interface MailNote {
  readonly followUp?: FollowUp | null;
  readonly lastVerb?: LastVerb;
}

/** Where notes on messages are kept. They belong to the message, wherever it is moved and whichever device asks. */
export interface MailNotes {
  /** Notes by key; messages without one are missing. */
  read(s: Scope, keys: readonly string[]): Promise<ReadonlyMap<string, MailNote>>;
  /** Changes the fields named of the notes of these messages. */
  write(s: Scope, keys: readonly string[], note: MailNote): Promise<void>;
  /** Folder by conversation, both as text: what shall be moved whenever it comes. */
  moves(s: Scope): Promise<ReadonlyMap<string, Id>>;
  moveAlways(s: Scope, conversation: string, folder: Id): Promise<void>;
}

const KEY_CHARS = 27;

/** A name of a message that it keeps in every folder: from its Message-ID, else from what else does not change. */
export function noteKey({ messageId, received, size, subject }: MessageSummary): string {
  const name = messageId || `${received.getTime()} ${size} ${subject}`;
  return createHash('sha256').update(name).digest('base64url').slice(0, KEY_CHARS);
}
