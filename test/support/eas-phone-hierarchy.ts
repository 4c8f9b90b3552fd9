import { PhoneFolder } from './eas-phone-model.js';
import { violation } from './eas-phone-schema.js';
import type { Tag } from './eas-phone-wbxml.js';

export interface FolderSyncResult {
  readonly status: string;
  readonly added: string[];
  readonly updated: string[];
  readonly deleted: string[];
}

type Folders = Map<string, PhoneFolder>;

/** Of each of these a phone knows one at most (MS-ASCMD Type (FolderSync)). */
const UNIQUE_TYPES = new Set(['2', '3', '4', '5', '6', '7', '8', '9', '10', '11']);
const LONGEST_ID = 64;

/**
 * Takes the Changes of a FolderSync into the phone's folders. A start from key 0 gives the whole hierarchy again; folders that
 * come back under their old ServerId keep their items and SyncKeys.
 */
export function applyHierarchy(folders: Folders, changes: Tag, scratch: boolean, result: FolderSyncResult): void {
  if (changes.kids[0]?.local !== 'Count') violation('Changes does not begin with Count', changes);
  if (changes.text('FolderHierarchy:Count') !== String(changes.kids.length - 1)) violation('Count is wrong', changes);
  const before = new Map(folders);
  if (scratch) folders.clear();
  for (const change of changes.kids.slice(1)) applyChange(folders, before, change, result);
  for (const folder of folders.values()) checkFolder(folder, folders, changes);
}

function applyChange(folders: Folders, before: ReadonlyMap<string, PhoneFolder>, change: Tag, result: FolderSyncResult): void {
  const field = (name: string): string => change.text(`FolderHierarchy:${name}`) || violation(`folder without ${name}`, change);
  const id = field('ServerId');
  const known = folders.get(id);
  if (change.local === 'Delete') {
    if (!folders.delete(id)) violation(`Delete of unknown folder ${id}`, change);
    result.deleted.push(id);
    return;
  }
  if ((change.local === 'Add') === (known !== undefined))
    violation(`${change.local} of ${known ? 'known' : 'unknown'} folder ${id}`, change);
  const parent = field('ParentId');
  if (parent !== '0' && !folders.has(parent)) violation(`folder ${id} comes before its parent`, change);
  const folder = known ?? before.get(id) ?? new PhoneFolder(id, field('Type'));
  Object.assign(folder, { name: field('DisplayName'), parent, type: field('Type') });
  folders.set(id, folder);
  (known ? result.updated : result.added).push(id);
}

function checkFolder(folder: PhoneFolder, folders: Folders, changes: Tag): void {
  if (folder.id.length > LONGEST_ID) violation(`folder id ${folder.id} is too long`, changes);
  if (folder.parent !== '0' && !folders.has(folder.parent)) violation(`folder ${folder.name} has no parent`, changes);
  for (const other of folders.values()) {
    if (other === folder) continue;
    if (other.type === folder.type && UNIQUE_TYPES.has(folder.type)) violation(`two folders of type ${folder.type}`, changes);
    const twin = other.name === folder.name && other.parent === folder.parent && other.kind === folder.kind;
    if (twin) violation(`two folders named ${folder.name}`, changes);
  }
}
