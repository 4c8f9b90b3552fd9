import { decodeCharset } from '../../formats/mime/charset.js';
import { decodeTransfer } from '../../formats/mime/transfer.js';
import type { MailFolder, MessagePart, MessageSummary } from '../mail/model.js';
import type { Mail } from '../mail/service.js';
import type { Session } from '../types.js';

/** Encoded bytes of a calendar part; larger ones are no invitations. */
const MAX_BYTES = 1 << 20;

/** The calendar part of a message, by its structure alone. */
export function calendarPart(message: MessageSummary): MessagePart | null {
  for (const type of TYPES) {
    const found = findCalendar(message.structure, type, 0);
    if (found) return found.size <= MAX_BYTES ? found : null;
  }
  return null;
}

/** What RFC 6047 §2.4 asks for; and the file that some send alone, most beside it. */
const TYPES = ['text/calendar', 'application/ics'] as const;
const MAX_DEPTH = 10;

function findCalendar(part: MessagePart, type: string, depth: number): MessagePart | null {
  if (part.type === type) return part;
  // An invitation that somebody forwards as a message is not addressed to the reader.
  if (part.type === 'message/rfc822' || depth > MAX_DEPTH) return null;
  for (const child of part.children) {
    const found = findCalendar(child, type, depth + 1);
    if (found) return found;
  }
  return null;
}

/** The calendar texts of those messages that have one, by UID, read in one go. */
export async function readInvitations(
  mail: Pick<Mail, 'parts'>,
  s: Session,
  folder: MailFolder,
  messages: readonly MessageSummary[],
): Promise<ReadonlyMap<number, string>> {
  const parts = new Map(
    messages.flatMap((message) => {
      const part = calendarPart(message);
      return part ? [[message.uid, part] as const] : [];
    }),
  );
  const requests = [...parts].map(([uid, { section }]) => ({ uid, section, maxBytes: MAX_BYTES }));
  const texts = new Map<number, string>();
  for (const { uid, bytes } of await mail.parts(s, folder, requests)) {
    const part = parts.get(uid);
    if (part) texts.set(uid, decodeCharset(decodeTransfer(bytes, part.encoding), part.parameters.charset ?? 'utf-8'));
  }
  return texts;
}
