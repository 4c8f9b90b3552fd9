import type { MailFolder, MessageSummary } from '../../../domain/mail/model.js';
import type { MailQuery } from '../../../domain/mail/service.js';
import { conversationId } from '../classes/email.js';
import type { EasContext } from '../context.js';

/** Messages looked through for one of the conversation: it names itself by a hash, so that one must be known. */
const MOST_PER_FOLDER = 3000;
const MOST = 12_000;
const CHUNK = 300;

/** Whether a message belongs to the conversation. */
export function isInConversation(message: MessageSummary, id: Uint8Array): boolean {
  return Buffer.compare(conversationId(message), id) === 0;
}

/** What all messages of a conversation match; null when none of them is found among the latest of the folders. */
export async function inConversation(
  context: EasContext,
  id: Uint8Array,
  folders: readonly MailFolder[],
): Promise<MailQuery | null> {
  const message = await anyOf(context, id, folders);
  if (!message) return null;
  const root = rootOf(message);
  if (root === null) return { subject: message.subject };
  return { any: ['Message-ID', 'References', 'In-Reply-To'].map((name) => ({ header: { [name]: root } })) };
}

async function anyOf(context: EasContext, id: Uint8Array, folders: readonly MailFolder[]): Promise<MessageSummary | null> {
  const { mail } = context.services;
  let left = MOST;
  for (const folder of folders.filter(({ selectable }) => selectable)) {
    const uids = [...(await mail.list(context.session, folder, null)).descending()].slice(0, Math.min(left, MOST_PER_FOLDER));
    left -= uids.length;
    for (let at = 0; at < uids.length; at += CHUNK) {
      const found = await mail.summaries(context.session, folder, uids.slice(at, at + CHUNK));
      const message = found.find((each) => isInConversation(each, id));
      if (message) return message;
    }
    if (left <= 0) break;
  }
  return null;
}

/** The Message-ID by which a conversation is known: see conversationId. */
function rootOf({ headers, inReplyTo, messageId }: MessageSummary): string | null {
  const first = (text: string | undefined) => text?.match(/<[^<>\s]+>/)?.[0];
  return (first(headers.get('references')) ?? first(inReplyTo) ?? messageId.replace(/^<?([^<>]*)>?$/, '$1')) || null;
}
