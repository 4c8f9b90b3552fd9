import type { Cursor } from '../../../domain/changes/feed.js';
import { isDomainError } from '../../../domain/errors.js';
import type { Collection } from '../../../domain/pim/model.js';
import type { Id } from '../../../domain/types.js';
import type { EasContext } from '../context.js';
import { isVirtual } from '../folders.js';
import { folderOfNotebook } from '../notebooks.js';
import { MailSource } from './mail-source.js';
import { NoSource } from './no-source.js';
import { NoteSource } from './note-source.js';
import { CollectionGone, PimSource } from './pim-source.js';
import type { ItemSource } from './source.js';
import type { SourceRef } from './state.js';

/** How a source is to be opened for one request. */
export interface Opening {
  readonly requestKey: string;
  readonly deletesAsMoves: boolean;
  /** Cursor of a PIM collection where it was read already. */
  readonly latest?: Cursor;
}

/** What a collection id stands for, by asking the stores; null: it is unknown or gone. */
export async function resolveCollection(context: EasContext, id: Id): Promise<SourceRef | null> {
  if (isVirtual(id)) return { kind: 'none' };
  const { mail, pim } = context.services;
  const notebook = folderOfNotebook(id);
  const folder = (await mail.foldersById(context.session, [notebook ?? id])).get(notebook ?? id);
  if (notebook !== null) return folder?.selectable ? { kind: 'notes', folder } : null;
  if (folder) return folder.selectable ? { kind: 'mail', folder } : { kind: 'none' };
  try {
    return { kind: 'pim', collection: lean(await pim.collection(context.session, id)) };
  } catch (error) {
    if (isDomainError(error, 'not-found')) return null;
    throw error;
  }
}

/** The properties are no business of a sync state. */
function lean(collection: Collection): Collection {
  return { ...collection, seq: '0', properties: {} };
}

/** Opens the source that a state refers to. Access to what belongs to others is checked anew each time. */
export async function openSource(context: EasContext, ref: SourceRef, opening: Opening): Promise<ItemSource> {
  if (ref.kind === 'none') return new NoSource();
  if (ref.kind === 'mail') return new MailSource(context, ref.folder, opening.deletesAsMoves, opening.requestKey);
  if (ref.kind === 'notes') return new NoteSource(context, ref.folder, opening);
  const own = ref.collection.source.account === context.session.account;
  const collection = own ? ref.collection : await stillShared(context, ref.collection);
  return new PimSource(context, collection, opening.requestKey, opening.latest);
}

async function stillShared(context: EasContext, collection: Collection): Promise<Collection> {
  try {
    return await context.services.pim.collection(context.session, collection.id);
  } catch (error) {
    if (isDomainError(error, 'not-found') || isDomainError(error, 'forbidden')) throw new CollectionGone();
    throw error;
  }
}

/** Whether what is in it is in a mailbox, whose folders may be renamed by others. */
export function isOfMail(source: SourceRef): source is Extract<SourceRef, { readonly folder: unknown }> {
  return source.kind === 'mail' || source.kind === 'notes';
}

/** The source under its folder's present path, when the one kept in the state is gone: it was renamed. Null: it is really gone. */
export async function renamedFolder(context: EasContext, source: SourceRef): Promise<SourceRef | null> {
  if (!isOfMail(source)) return null;
  const folders = await context.services.mail.folders(context.session);
  const folder = folders.find((one) => one.id === source.folder.id);
  return folder && folder.path !== source.folder.path ? { kind: source.kind, folder } : null;
}
