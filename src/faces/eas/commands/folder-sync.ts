import { HIERARCHY } from '../../../domain/notify/hub.js';
import type { Id } from '../../../domain/types.js';
import { childText, type Element, el } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { withFolderState } from '../folder-state.js';
import { type FolderEntry, listFolders } from '../folders.js';
import { StatusError } from '../status.js';
import { nextKey, turnOf } from '../sync/keys.js';
import { isTold } from '../versions.js';

/** Status values of FolderSync and its kin (MS-ASCMD 2.2.3.177.4). */
export const FOLDER = {
  Success: 1,
  Exists: 2,
  Special: 3,
  NotFound: 4,
  ParentNotFound: 5,
  ServerError: 6,
  BadKey: 9,
  Malformed: 10,
} as const;

/** The hierarchy, whole or what changed since the device's key (MS-ASCMD 2.2.1.5). Item states are never touched here. */
export async function folderSync(context: EasContext): Promise<EasAnswer> {
  const key = context.body && childText(context.body, 'FolderHierarchy:SyncKey')?.trim();
  if (!key) throw new StatusError(FOLDER.Malformed, 'no SyncKey');
  return withFolderState(context, async (state) => {
    const turn = turnOf(state.states, key);
    if (turn.kind === 'unknown') throw new StatusError(FOLDER.BadKey, 'unknown FolderSync key');
    if (turn.kind === 'first') await noteVersions(context);
    const before = turn.kind === 'first' ? [] : turn.base.folders;
    const now = await listFolders(context, turn.kind === 'first' ? (state.states?.current.data.folders ?? null) : before);
    const changes = compare(before, now);
    if (turn.kind === 'current' && changes.length === 0) return answer(key, []);
    const next = nextKey(turn.expected);
    const base = turn.kind === 'first' ? null : turn.kind === 'current' ? ('current' as const) : ('previous' as const);
    await state.commit({ expected: turn.expected, base, next: { key: next, data: { folders: now } } });
    await dropGone(context, before, now);
    return answer(next, changes);
  });
}

/** Who begins anew has looked at the versions (MS-ASHTTP X-MS-RP). */
async function noteVersions({ store, session, query, device, offered }: EasContext): Promise<void> {
  if (!isTold(device, offered)) await store.save(session, query.deviceId, { versions: offered });
}

function answer(key: string, changes: readonly Element[]): EasAnswer {
  return documentAnswer(
    el(
      'FolderHierarchy:FolderSync',
      el('FolderHierarchy:Status', FOLDER.Success),
      el('FolderHierarchy:SyncKey', key),
      el('FolderHierarchy:Changes', el('FolderHierarchy:Count', changes.length), changes),
    ),
  );
}

/** Updates, Deletes and Adds that turn one hierarchy into the other; a parent comes before its children. */
function compare(before: readonly FolderEntry[], now: readonly FolderEntry[]): Element[] {
  const old = new Map(before.map((entry) => [entry.id, entry]));
  const present = new Set(now.map((entry) => entry.id));
  const added = now.filter((entry) => !old.has(entry.id));
  const updated = now.filter((entry) => {
    const was = old.get(entry.id);
    return was && (was.name !== entry.name || was.parent !== entry.parent || was.type !== entry.type);
  });
  const gone = before.filter((entry) => !present.has(entry.id)).reverse();
  return [
    ...added.map((entry) => entryElement('FolderHierarchy:Add', entry)),
    ...updated.map((entry) => entryElement('FolderHierarchy:Update', entry)),
    ...gone.map((entry) => el('FolderHierarchy:Delete', el('FolderHierarchy:ServerId', entry.id))),
  ];
}

function entryElement(tag: 'FolderHierarchy:Add' | 'FolderHierarchy:Update', entry: FolderEntry): Element {
  return el(
    tag,
    el('FolderHierarchy:ServerId', entry.id),
    el('FolderHierarchy:ParentId', entry.parent),
    el('FolderHierarchy:DisplayName', entry.name),
    el('FolderHierarchy:Type', entry.type),
  );
}

/** What the device held of folders that are gone is of no more use. */
async function dropGone(context: EasContext, before: readonly FolderEntry[], now: readonly FolderEntry[]): Promise<void> {
  const present = new Set(now.map((entry) => entry.id));
  const gone: Id[] = before.map((entry) => entry.id).filter((id) => !present.has(id) && id !== HIERARCHY);
  if (gone.length > 0) await context.store.dropStates(context.session, context.query.deviceId, gone);
}
