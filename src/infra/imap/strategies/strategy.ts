import type { MailDelta, MailMark } from '../../../domain/mail/model.js';
import type { ImapClient, MailboxStatus } from '../client.js';

/** One way to learn what changed in a mailbox; which one depends on what the server and the mailbox can. */
export interface ChangeStrategy {
  /** What to remember of a mailbox to find its changes later; `now` was looked at just before. */
  mark(client: ImapClient, path: string, now: MailboxStatus): Promise<MailMark>;
  /** Whether nothing can have happened since the mark. */
  same(from: MailMark, now: MailboxStatus): boolean;
  /** Changes since the mark; UIDVALIDITY is the same, and `same` said no. */
  delta(client: ImapClient, path: string, from: MailMark, now: MailboxStatus): Promise<MailDelta>;
}

export function statusMark(now: MailboxStatus): MailMark {
  return { uidValidity: now.uidValidity, uidNext: now.uidNext, modseq: now.modseq, messages: now.messages };
}

export function sameStatus(from: MailMark, now: MailboxStatus): boolean {
  return from.modseq === now.modseq && from.uidNext === now.uidNext && from.messages === now.messages;
}
