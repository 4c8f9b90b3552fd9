import type { SyncStates } from '../../domain/devices/model.js';
import { HIERARCHY } from '../../domain/notify/hub.js';
import type { Id } from '../../domain/types.js';
import type { EasContext } from './context.js';
import type { FolderData } from './folder-state.js';
import { type FolderEntry, listFolders } from './folders.js';

/**
 * Whether the hierarchy is another than the device was last told, or the device watches a folder it was not told of.
 * A device that was told nothing yet is not disturbed.
 */
export async function hierarchyChanged(
  context: EasContext,
  states: ReadonlyMap<Id, SyncStates>,
  watched: readonly Id[] = [],
): Promise<boolean> {
  const told = states.get(HIERARCHY)?.current.data as FolderData | undefined;
  if (!told) return false;
  const ids = new Set(told.folders.map((folder) => folder.id));
  if (watched.some((id) => !ids.has(id))) return true;
  const now = await listFolders(context, told.folders);
  return signature(now) !== signature(told.folders);
}

function signature(folders: readonly FolderEntry[]): string {
  return folders
    .map(({ id, parent, name, type }) => JSON.stringify([id, parent, name, type]))
    .sort()
    .join();
}
