import { decodeCharset } from '../../formats/mime/charset.js';
import { decodeTransfer } from '../../formats/mime/transfer.js';
import type { MailFolder, MessagePart, MessageSummary } from '../mail/model.js';
import type { Mail } from '../mail/service.js';
import type { Session } from '../types.js';

/** Encoded bytes of a calendar part; larger ones are no invitations. */
const MAX_BYTES = 1 << 20;

/** The calendar part of a message, by its structure alone. */
export function calendarPart(message: MessageSummary): MessagePart | null {
  const found = findCalendar(message.structure, 0);
  return found && found.size <= MAX_BYTES ? found : null;
}

const MAX_DEPTH = 10;

function findCalendar(part: MessagePart, depth: number): MessagePart | null {
  if (part.type === 'text/calendar') return part;
  // An invitation that somebody forwards as a message is not addressed to the reader.
  if (part.type === 'message/rfc822' || depth > MAX_DEPTH) return null;
  for (const child of part.children) {
    const found = findCalendar(child, depth + 1);
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
