import { createHash, randomBytes } from 'node:crypto';
import { changeDraft, type DraftChange } from '../../formats/mime/draft.js';
import { MimeError } from '../../formats/mime/headers.js';
import { mailbox, mailDate } from '../../formats/mime/outgoing.js';
import { DomainError } from '../errors.js';
import type { Session } from '../types.js';
import type { MailFolder } from './model.js';
import type { Mail } from './service.js';

/** Larger drafts are not taken: no mail server would send them. */
const MAX_BYTES = 60 * 1024 * 1024;
const ID_CHARS = 32;

/**
 * A Message-ID made of what tells one edit of a draft from all others: a request that is repeated makes the same one, so
 * what it made before is found.
 */
export function draftId(s: Session, ...facts: readonly string[]): string {
  const { address } = s.user;
  const hash = createHash('sha256')
    .update(JSON.stringify([s.account, ...facts]))
    .digest('hex');
  return `${hash.slice(0, ID_CHARS)}@${address.slice(address.lastIndexOf('@') + 1)}`;
}

/** The UID of the draft with that Message-ID; null when there is none. */
export async function findDraft(mail: Mail, s: Session, folder: MailFolder, messageId: string): Promise<number | null> {
  const found = await mail.search(s, folder, { header: { 'message-id': messageId } });
  let latest: number | null = null;
  for (const uid of found) latest = uid;
  return latest;
}

/** The bytes of a message. @throws DomainError `not-found`, `too-large` */
export async function readDraft(mail: Mail, s: Session, folder: MailFolder, uid: number): Promise<Uint8Array> {
  const [part] = await mail.parts(s, folder, [{ uid, section: '', maxBytes: MAX_BYTES + 1 }]);
  if (!part) throw new DomainError('not-found', 'the draft is gone');
  if (part.bytes.length > MAX_BYTES) throw new DomainError('too-large', 'the draft is too large');
  return part.bytes;
}

/** Makes a draft of the user, or the next form of one. @throws DomainError `invalid`, `too-large` */
export function editDraft(
  s: Session,
  original: Uint8Array | null,
  change: DraftChange,
  messageId: string,
  now: Date,
): Uint8Array {
  const { displayName, address } = s.user;
  const isNew = original === null && !change.mime;
  const fields = { ...change.fields, messageId, date: mailDate(now), ...(isNew && { from: mailbox(displayName, address) }) };
  try {
    const made = changeDraft(original, { ...change, fields }, newBoundary);
    if (made.length > MAX_BYTES) throw new DomainError('too-large', 'the draft is too large');
    return made;
  } catch (error) {
    if (error instanceof MimeError) throw new DomainError('invalid', error.message, { cause: error });
    throw error;
  }
}

/** A boundary that no part holds. */
export function newBoundary(): string {
  return `=_${randomBytes(18).toString('hex')}`;
}

/** Puts a draft into the folder; its UID, asked for where the server does not tell it. */
export async function storeDraft(
  mail: Mail,
  s: Session,
  folder: MailFolder,
  raw: Uint8Array,
  flags: readonly string[],
  messageId: string,
): Promise<number | null> {
  return (await mail.append(s, folder, raw, [...new Set(['\\Draft', ...flags])])) ?? findDraft(mail, s, folder, messageId);
}
