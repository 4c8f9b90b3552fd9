import type { MailFolder } from '../../domain/mail/model.js';
import type { Notebook } from '../../domain/mail/notebooks.js';
import { HIERARCHY } from '../../domain/notify/hub.js';
import type { Id } from '../../domain/types.js';
import type { EasContext } from './context.js';
import { has } from './versions.js';

const PREFIX = 'notes-';

/** The id of a mail folder's notes: a collection besides the folder's mail. */
export function notebookId(folder: Id): Id {
  return PREFIX + folder;
}

/** The mail folder whose notes the id names; null: it names something else. */
export function folderOfNotebook(id: Id): Id | null {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : null;
}

/** What is to be heard of to know of changes in the collections and in the hierarchy: notes change with their mail folder. */
export function signalsOf(collections: readonly Id[]): readonly Id[] {
  return [...new Set(collections.map(signalOf)), HIERARCHY];
}

/** Those of the collections, and the hierarchy, that the signals are about. */
export function collectionsOf(collections: readonly Id[], signals: readonly Id[]): ReadonlySet<Id> {
  return new Set([...collections, HIERARCHY].filter((id) => signals.includes(signalOf(id))));
}

function signalOf(id: Id): Id {
  return folderOfNotebook(id) ?? id;
}

/** Mail folders as a device sees them. */
export interface SortedFolders {
  /** Those that hold mail. */
  readonly mail: readonly MailFolder[];
  readonly notebooks: readonly MailFolder[];
}

/**
 * Tells mail folders from notebooks. A folder with nothing but notes is no mail folder to a device that knows notes, or each note
 * would be there twice, once as a message that no mail app can edit; unless a mail folder is below it. `last`: the ids that the
 * device was told last.
 */
export async function sortFolders(
  { services, session, version }: Pick<EasContext, 'services' | 'session' | 'version'>,
  folders: readonly MailFolder[],
  last: ReadonlySet<Id> = new Set(),
): Promise<SortedFolders> {
  const before = (folder: MailFolder) => (last.has(notebookId(folder.id)) ? { folder, holdsMail: last.has(folder.id) } : null);
  const notebooks = has(version, 'notes') ? await services.notebooks.among(session, folders, before) : [];
  const hidden = hiddenAmong(folders, notebooks);
  return { mail: folders.filter(({ id }) => !hidden.has(id)), notebooks: notebooks.map(({ folder }) => folder) };
}

function hiddenAmong(folders: readonly MailFolder[], notebooks: readonly Notebook[]): ReadonlySet<Id> {
  const hidden = new Set(notebooks.filter(({ holdsMail }) => !holdsMail).map(({ folder }) => folder.id));
  for (let before = -1; before !== hidden.size; ) {
    before = hidden.size;
    for (const { id, parent } of folders) if (parent !== null && !hidden.has(id)) hidden.delete(parent);
  }
  return hidden;
}
