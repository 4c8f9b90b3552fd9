import { HIERARCHY } from '../../domain/notify/hub.js';
import type { EasContext } from './context.js';
import type { FolderData } from './folder-state.js';
import { type FolderEntry, listFolders } from './folders.js';

/** Whether the hierarchy is another than the device was last told; a device that was told nothing yet is not disturbed. */
export async function hierarchyChanged(context: EasContext): Promise<boolean> {
  const snapshot = await context.store.open(context.session, context.query.deviceId, [HIERARCHY]);
  const told = snapshot?.states.get(HIERARCHY)?.current.data as FolderData | undefined;
  if (!told) return false;
  const now = await listFolders(context, told.folders);
  return signature(now) !== signature(told.folders);
}

function signature(folders: readonly FolderEntry[]): string {
  return folders
    .map(({ id, parent, name, type }) => JSON.stringify([id, parent, name, type]))
    .sort()
    .join();
}
