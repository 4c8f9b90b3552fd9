import type { StateCommit, SyncStates } from '../../domain/devices/model.js';
import { HIERARCHY } from '../../domain/notify/hub.js';
import { deviceKey, type EasContext } from './context.js';
import type { FolderEntry } from './folders.js';

/** What a device knows of the hierarchy. */
export interface FolderData {
  readonly folders: readonly FolderEntry[];
}

/** The folder state of the device while a request holds it. */
export interface FolderState {
  readonly states: SyncStates<FolderData> | undefined;
  commit(commit: Omit<StateCommit, 'collection'> & { readonly next: { readonly data: FolderData } }): Promise<void>;
}

/** Works on the folder state alone: one request of the device after the other. */
export async function withFolderState<T>(context: EasContext, work: (state: FolderState) => Promise<T>): Promise<T> {
  using held = await context.runtime.locks.acquire([`${deviceKey(context)}/${HIERARCHY}`]);
  const states = held.waited ? await reopened(context) : context.states.get(HIERARCHY);
  return work({
    states: states as SyncStates<FolderData> | undefined,
    commit: (commit) => context.store.commit(context.session, context.query.deviceId, [{ ...commit, collection: HIERARCHY }]),
  });
}

async function reopened(context: EasContext): Promise<SyncStates | undefined> {
  const snapshot = await context.store.open(context.session, context.query.deviceId, [HIERARCHY]);
  return snapshot?.states.get(HIERARCHY);
}
