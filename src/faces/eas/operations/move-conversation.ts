import type { MailFolder } from '../../../domain/mail/model.js';
import { bytes, child, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { inConversation, isInConversation } from '../search/conversation.js';
import { COMMON, StatusError } from '../status.js';
import { conversationName } from '../sync/move-always.js';
import { resolveCollection } from '../sync/open.js';
import { STATUS, statusOf } from './operation.js';

/**
 * Move: puts all messages of a conversation into a folder, except those that were sent (MS-ASCMD Move (ItemOperations),
 * MS-ASCON). Messages that come later are moved when a device next looks at the Inbox: delivering is the mail server's.
 */
export async function moveConversation(context: EasContext, element: Element): Promise<Element> {
  let status: number = STATUS.Success;
  try {
    await move(context, element);
  } catch (error) {
    status = statusOf(context, error);
  }
  const id = child(element, 'ItemOperations:ConversationId');
  return el('ItemOperations:Move', el('ItemOperations:Status', status), id);
}

async function move(context: EasContext, element: Element): Promise<void> {
  const id = bytes(child(element, 'ItemOperations:ConversationId'));
  if (!id || id.length === 0) throw new StatusError(STATUS.ProtocolError, 'no ConversationId');
  const always = child(child(element, 'ItemOperations:Options'), 'ItemOperations:MoveAlways');
  if (!always) throw new StatusError(COMMON.MoveNotPersistent, 'Move without MoveAlways');
  const target = await resolveCollection(context, childText(element, 'ItemOperations:DstFldId') ?? '');
  if (target?.kind !== 'mail') throw new StatusError(COMMON.MoveDestinationInvalid, 'no mail folder');
  const folders = (await context.services.mail.folders(context.session)).filter(({ selectable }) => selectable);
  const query = await inConversation(context, id, folders);
  if (!query) throw new StatusError(STATUS.NotFound, 'no such conversation');
  await context.services.mailNotes.moveAlways(context.session, conversationName(id), target.folder.id);
  for (const folder of folders) {
    if (folder.id === target.folder.id || folder.role === 'sent' || folder.role === 'drafts') continue;
    await moveFrom(context, id, folder, target.folder, await context.services.mail.search(context.session, folder, query));
  }
}

async function moveFrom(context: EasContext, id: Uint8Array, from: MailFolder, to: MailFolder, found: Iterable<number>) {
  const { mail } = context.services;
  const messages = await mail.summaries(context.session, from, [...found]);
  const uids = messages.filter((message) => isInConversation(message, id)).map(({ uid }) => uid);
  if (uids.length > 0) await mail.move(context.session, from, uids, to);
}
