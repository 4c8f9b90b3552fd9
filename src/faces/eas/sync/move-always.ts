import type { MailFolder, MessageSummary } from '../../../domain/mail/model.js';
import { conversationId } from '../classes/email.js';
import type { EasContext } from '../context.js';

/** The name under which a conversation is kept. */
export function conversationName(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}

/** Up to so many new messages are looked at: more is an import, not mail that comes. */
const MOST = 200;

/**
 * Moves new messages of the Inbox whose conversation was moved for good (MS-ASCMD MoveAlways) to where the rest of it is.
 * `read` gives the messages, once it is known that there are such conversations. @returns the UIDs that are gone
 */
export async function moveAlways(
  context: EasContext,
  inbox: MailFolder,
  fresh: readonly number[],
  read: (uids: readonly number[]) => Promise<readonly MessageSummary[]>,
): Promise<readonly number[]> {
  const { mail, mailNotes } = context.services;
  if (inbox.role !== 'inbox' || fresh.length === 0 || fresh.length > MOST) return [];
  const moves = await mailNotes.moves(context.session);
  if (moves.size === 0) return [];
  const byTarget = new Map<string, number[]>();
  for (const message of await read(fresh)) {
    const target = moves.get(conversationName(conversationId(message)));
    if (target && target !== inbox.id) byTarget.set(target, [...(byTarget.get(target) ?? []), message.uid]);
  }
  const gone: number[] = [];
  const folders = await mail.foldersById(context.session, [...byTarget.keys()]);
  for (const [target, uids] of byTarget) {
    const folder = folders.get(target);
    if (!folder?.selectable) continue;
    await mail.move(context.session, inbox, uids, folder);
    gone.push(...uids);
  }
  return gone;
}
