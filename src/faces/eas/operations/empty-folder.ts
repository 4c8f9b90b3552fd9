import type { MailFolder } from '../../../domain/mail/model.js';
import { child, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { withDescendants } from '../folders.js';
import { StatusError } from '../status.js';
import { resolveCollection } from '../sync/open.js';
import { STATUS, statusOf } from './operation.js';

/** EmptyFolderContents: empties a mail folder for good (MS-ASCMD EmptyFolderContents). */
export async function emptyFolder(context: EasContext, element: Element): Promise<Element> {
  const id = childText(element, 'AirSync:CollectionId') ?? '';
  const below = child(child(element, 'ItemOperations:Options'), 'ItemOperations:DeleteSubFolders') !== undefined;
  let status: number = STATUS.Success;
  try {
    await empty(context, id, below);
  } catch (error) {
    status = statusOf(context, error);
  }
  return el('ItemOperations:EmptyFolderContents', el('ItemOperations:Status', status), el('AirSync:CollectionId', id));
}

async function empty(context: EasContext, id: string, below: boolean): Promise<void> {
  const ref = await resolveCollection(context, id);
  if (!ref) throw new StatusError(STATUS.NotFound, 'no such collection');
  // Nobody asks that a calendar be emptied; a phone in disorder might.
  if (ref.kind === 'pim' || ref.kind === 'notes') throw new StatusError(STATUS.AccessDenied, 'only mail folders are emptied');
  if (ref.kind === 'mail') await emptyMail(context, ref.folder, below);
}

async function emptyMail(context: EasContext, folder: MailFolder, below: boolean): Promise<void> {
  const { mail } = context.services;
  const uids = [...(await mail.list(context.session, folder, null))];
  if (uids.length > 0) await mail.remove(context.session, folder, uids);
  if (!below) return;
  const inner = withDescendants(await mail.folders(context.session), [folder]).filter(({ id }) => id !== folder.id);
  for (const each of deepestFirst(inner)) await mail.deleteFolder(context.session, each.id);
}

function deepestFirst(folders: readonly MailFolder[]): MailFolder[] {
  return [...folders].sort((a, b) => b.path.length - a.path.length);
}
