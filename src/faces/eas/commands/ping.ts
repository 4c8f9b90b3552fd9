import type { SyncStates } from '../../../domain/devices/model.js';
import { isDomainError } from '../../../domain/errors.js';
import { HIERARCHY } from '../../../domain/notify/hub.js';
import type { Id } from '../../../domain/types.js';
import { child, children, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import { deviceKey, documentAnswer, type EasAnswer, type EasContext, type Parked } from '../context.js';
import { checkStanding } from '../gate.js';
import { hierarchyChanged } from '../hierarchy-watch.js';
import { sameJson } from '../sync/cache.js';
import { pendingChanges } from '../sync/pending.js';
import { HEARTBEAT, integer } from '../sync/request.js';
import { waitFor } from '../waiting.js';

/** Status values of Ping (MS-ASCMD 2.2.3.177.13). */
const PING = {
  Expired: 1,
  Changes: 2,
  Incomplete: 3,
  Malformed: 4,
  OutOfRange: 5,
  TooMany: 6,
  Hierarchy: 7,
  ServerError: 8,
} as const;

const MAX_FOLDERS = 300;

interface PingParameters {
  /** Seconds. */
  readonly interval: number;
  readonly folders: readonly Id[];
}

/** Waits until a folder has changes that the next Sync would return (MS-ASCMD 2.2.1.13). */
export async function ping(context: EasContext): Promise<EasAnswer | Parked> {
  const parameters = readParameters(context);
  if ('tag' in parameters) return documentAnswer(parameters);
  await remember(context, parameters);
  return waitFor(context, {
    kind: 'Ping',
    seconds: parameters.interval,
    collections: parameters.folders,
    look,
    over,
  });
}

async function look(context: EasContext, signalled: ReadonlySet<Id>, first: boolean): Promise<EasAnswer | undefined> {
  const found = await changesIn(context, signalled, first);
  return found && documentAnswer(found);
}

function over(): EasAnswer {
  return documentAnswer(statusElement(PING.Expired));
}

/** What was sent, with what was sent last time in place of what is missing; or the answer that refuses it. */
function readParameters(context: EasContext): PingParameters | Element {
  const { body } = context;
  const last = cachedPing(context);
  const sentInterval = body && childText(body, 'Ping:HeartbeatInterval');
  const sentFolders = body && child(body, 'Ping:Folders');
  const interval = sentInterval ? integer(sentInterval) : (last?.interval ?? undefined);
  const folders = sentFolders
    ? children(sentFolders, 'Ping:Folder').map((folder) => childText(folder, 'Ping:Id') ?? '')
    : last?.folders;
  if (interval === null || folders?.includes('')) return statusElement(PING.Malformed);
  if (interval === undefined || folders === undefined || folders.length === 0) return statusElement(PING.Incomplete);
  if (interval < HEARTBEAT.least || interval > HEARTBEAT.most) {
    const nearest = interval < HEARTBEAT.least ? HEARTBEAT.least : HEARTBEAT.most;
    return statusElement(PING.OutOfRange, el('Ping:HeartbeatInterval', nearest));
  }
  if (folders.length > MAX_FOLDERS) return statusElement(PING.TooMany, el('Ping:MaxFolders', MAX_FOLDERS));
  return { interval, folders: [...new Set(folders)] };
}

function cachedPing(context: EasContext): PingParameters | undefined {
  const cached = context.device.cache.ping as PingParameters | undefined;
  return cached && typeof cached.interval === 'number' && Array.isArray(cached.folders) ? cached : undefined;
}

async function remember(context: EasContext, parameters: PingParameters): Promise<void> {
  if (sameJson(parameters, context.device.cache.ping)) return;
  const cache = { ...context.device.cache, ping: parameters };
  await context.store.save(context.session, context.query.deviceId, { cache });
}

/** The answer, if the folders hold something to fetch or the hierarchy changed; undefined: keep waiting. */
async function changesIn(context: EasContext, look: ReadonlySet<Id>, first: boolean): Promise<Element | undefined> {
  const ids = [...look].filter((id) => id !== HIERARCHY);
  const states =
    first && ids.every((id) => context.asked.has(id)) ? context.states : await reopened(context, [...ids, HIERARCHY]);
  try {
    if (look.has(HIERARCHY) && (await hierarchyChanged(context, states, ids))) return statusElement(PING.Hierarchy);
    const changed = await pendingChanges(context, ids, states);
    if (changed === 'hierarchy') return statusElement(PING.Hierarchy);
    const news = context.runtime.told.news(deviceKey(context), changed);
    if (news.length === 0) return undefined;
    return statusElement(
      PING.Changes,
      el(
        'Ping:Folders',
        news.map((id) => el('Ping:Folder', id)),
      ),
    );
  } catch (error) {
    if (!isDomainError(error, 'unavailable')) throw error;
    context.log.warn({ err: error }, 'Ping could not look for changes');
    return undefined;
  }
}

async function reopened(context: EasContext, ids: readonly Id[]): Promise<ReadonlyMap<Id, SyncStates>> {
  const snapshot = await context.store.open(context.session, context.query.deviceId, ids);
  if (snapshot) checkStanding(snapshot.device, context.version, 'Ping');
  return snapshot?.states ?? new Map();
}

function statusElement(status: number, detail?: Element): Element {
  return el('Ping:Ping', el('Ping:Status', status), detail);
}
