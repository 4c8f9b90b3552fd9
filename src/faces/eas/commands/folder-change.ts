import { isDomainError } from '../../../domain/errors.js';
import type { PimKind } from '../../../domain/pim/model.js';
import type { Id } from '../../../domain/types.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { childText, el, optional } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { type FolderData, withFolderState } from '../folder-state.js';
import { FOLDER_TYPE, type FolderEntry, isMailType, isVirtual, listFolders, PIM_TYPES, ROOT } from '../folders.js';
import { folderOfNotebook } from '../notebooks.js';
import { StatusError } from '../status.js';
import { nextKey, turnOf } from '../sync/keys.js';
import { integer } from '../sync/request.js';
import { FOLDER } from './folder-sync.js';

const FIRST_SPECIAL = FOLDER_TYPE.inbox;
const LAST_SPECIAL = 11;
const MAX_NAME = 256;

/** What a change of the hierarchy led to: the folder's id where it is new. */
type Change = (context: EasContext, folders: readonly FolderEntry[]) => Promise<Id | undefined>;

/** Makes a folder, a calendar, an address book, … (MS-ASCMD 2.2.1.3) */
export function folderCreate(context: EasContext): Promise<EasAnswer> {
  return change(context, 'FolderHierarchy:FolderCreate', async (_context, folders) => {
    const parent = field(context, 'FolderHierarchy:ParentId');
    const name = nameOf(context);
    const type = integer(field(context, 'FolderHierarchy:Type'));
    requireParent(folders, parent);
    requireFree(folders, parent, name);
    if (type === FOLDER_TYPE.generic || type === FOLDER_TYPE.userMail)
      return (await context.services.mail.createFolder(context.session, parent === ROOT ? null : parent, name)).id;
    const kind = (Object.keys(PIM_TYPES) as PimKind[]).find((one) => PIM_TYPES[one].other === type);
    if (!kind) throw new StatusError(FOLDER.Malformed, 'no such type of folder can be made');
    return (await context.services.pim.createCollection(context.session, { kind, name })).id;
  });
}

/** Deletes a folder with all that is in it (MS-ASCMD 2.2.1.4). */
export function folderDelete(context: EasContext): Promise<EasAnswer> {
  return change(context, 'FolderHierarchy:FolderDelete', async (_context, folders) => {
    const folder = ownFolder(folders, field(context, 'FolderHierarchy:ServerId'), FOLDER.Special);
    const { mail, pim } = context.services;
    if (isMailType(folder.type)) await mail.deleteFolder(context.session, folder.id);
    else await pim.deleteCollection(context.session, await pim.collection(context.session, folder.id));
    await context.store.dropStates(context.session, context.query.deviceId, [folder.id]);
    return undefined;
  });
}

/** Renames or moves a folder (MS-ASCMD 2.2.1.6). */
export function folderUpdate(context: EasContext): Promise<EasAnswer> {
  return change(context, 'FolderHierarchy:FolderUpdate', async (_context, folders) => {
    const folder = ownFolder(folders, field(context, 'FolderHierarchy:ServerId'), FOLDER.Exists);
    const parent = field(context, 'FolderHierarchy:ParentId');
    const name = nameOf(context);
    requireParent(folders, parent);
    requireFree(
      folders.filter(({ id }) => id !== folder.id),
      parent,
      name,
    );
    const { mail, pim } = context.services;
    if (isMailType(folder.type)) {
      await mail.renameFolder(context.session, folder.id, parent === ROOT ? null : parent, name);
      return undefined;
    }
    await pim.updateCollection(context.session, await pim.collection(context.session, folder.id), { name });
    return undefined;
  });
}

/** Checks the key, makes the change, and gives a key that covers it, so that FolderSync does not tell it again. */
function change(context: EasContext, root: TagName, work: Change): Promise<EasAnswer> {
  const key = field(context, 'FolderHierarchy:SyncKey');
  return withFolderState(context, async (state) => {
    const turn = turnOf(state.states, key);
    if (turn.kind !== 'current' && turn.kind !== 'repeated') throw new StatusError(FOLDER.BadKey, 'unknown FolderSync key');
    const created = await carriedOut(context, turn.base, work);
    const folders = await afterwards(context, turn.base, created);
    const next = nextKey(turn.expected);
    const base = turn.kind === 'current' ? 'current' : 'previous';
    await state.commit({ expected: turn.expected, base, next: { key: next, data: { folders } } });
    return documentAnswer(
      el(
        root,
        el('FolderHierarchy:Status', FOLDER.Success),
        el('FolderHierarchy:SyncKey', next),
        optional('FolderHierarchy:ServerId', created),
      ),
    );
  });
}

async function carriedOut(context: EasContext, known: FolderData, work: Change): Promise<Id | undefined> {
  try {
    return await work(context, known.folders);
  } catch (error) {
    if (!isDomainError(error) || error.kind === 'unauthenticated' || error.kind === 'unavailable') throw error;
    context.log.info({ err: error }, 'hierarchy was not changed');
    throw new StatusError(STATUS_BY_KIND[error.kind] ?? FOLDER.ServerError, error.message);
  }
}

const STATUS_BY_KIND: Readonly<Partial<Record<string, number>>> = {
  'not-found': FOLDER.NotFound,
  conflict: FOLDER.Exists,
  forbidden: FOLDER.Special,
  invalid: FOLDER.Malformed,
};

/**
 * What the device believes now: its own change as it asked for it, all else as before. Where the server made something else of
 * it (calendars lie side by side), and what else changed meanwhile, it learns from its next FolderSync.
 */
async function afterwards(context: EasContext, before: FolderData, created: Id | undefined): Promise<readonly FolderEntry[]> {
  const now = await listFolders(context, before.folders);
  const sent = (tag: TagName) => (context.body ? childText(context.body, tag)?.trim() : undefined);
  const touched = created ?? sent('FolderHierarchy:ServerId');
  const asked = { parent: sent('FolderHierarchy:ParentId'), name: sent('FolderHierarchy:DisplayName') };
  const believed = (entry: FolderEntry) => ({ ...entry, parent: asked.parent ?? entry.parent, name: asked.name ?? entry.name });
  const old = new Map(before.folders.map((entry) => [entry.id, entry]));
  const present = new Set(now.map((entry) => entry.id));
  const kept = now.flatMap((entry) => (entry.id === touched ? [believed(entry)] : (old.get(entry.id) ?? [])));
  return [...kept, ...before.folders.filter((entry) => !present.has(entry.id) && entry.id !== touched)];
}

function field(context: EasContext, tag: TagName): string {
  const value = context.body && childText(context.body, tag)?.trim();
  if (!value) throw new StatusError(FOLDER.Malformed, `${tag} is missing`);
  return value;
}

function nameOf(context: EasContext): string {
  const name = field(context, 'FolderHierarchy:DisplayName');
  if (name.length > MAX_NAME) throw new StatusError(FOLDER.Malformed, 'the name is too long');
  return name;
}

function requireParent(folders: readonly FolderEntry[], parent: Id): void {
  if (parent !== ROOT && !folders.some((folder) => folder.id === parent))
    throw new StatusError(FOLDER.ParentNotFound, 'no such parent');
}

function requireFree(folders: readonly FolderEntry[], parent: Id, name: string): void {
  if (folders.some((folder) => folder.parent === parent && folder.name.toLowerCase() === name.toLowerCase()))
    throw new StatusError(FOLDER.Exists, 'a folder of that name exists');
}

/** A folder the user may change: special ones stay as they are. */
function ownFolder(folders: readonly FolderEntry[], id: Id, special: number): FolderEntry {
  const folder = folders.find((one) => one.id === id);
  if (!folder) throw new StatusError(FOLDER.NotFound, 'no such folder');
  if (isVirtual(id) || folderOfNotebook(id) !== null || (folder.type >= FIRST_SPECIAL && folder.type <= LAST_SPECIAL))
    throw new StatusError(special, 'a special folder stays as it is');
  return folder;
}
