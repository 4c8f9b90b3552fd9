import type { Cursor } from '../../../domain/changes/feed.js';
import { isDomainError } from '../../../domain/errors.js';
import type { MailFolder } from '../../../domain/mail/model.js';
import type { Collection } from '../../../domain/pim/model.js';
import type { Id } from '../../../domain/types.js';
import type { EasContext } from '../context.js';
import { isVirtual } from '../folders.js';
import { MailSource } from './mail-source.js';
import { NoSource } from './no-source.js';
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
  const folder = (await mail.foldersById(context.session, [id])).get(id);
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

/** The folder under its present path, when the one kept in the state is gone: it was renamed. Null: it is really gone. */
export async function renamedFolder(context: EasContext, folder: MailFolder): Promise<MailFolder | null> {
  const folders = await context.services.mail.folders(context.session);
  const now = folders.find((one) => one.id === folder.id);
  return now && now.path !== folder.path ? now : null;
}
