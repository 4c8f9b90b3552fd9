import type { SyncStates } from '../../../domain/devices/model.js';
import { isDomainError } from '../../../domain/errors.js';
import { HIERARCHY } from '../../../domain/notify/hub.js';
import type { Id } from '../../../domain/types.js';
import { child, children, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import { deviceKey, documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { checkStanding } from '../gate.js';
import { hierarchyChanged } from '../hierarchy-watch.js';
import { sameJson } from '../sync/cache.js';
import { pendingChanges } from '../sync/pending.js';
import { HEARTBEAT, integer } from '../sync/request.js';

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
/** Several changes within this time wake a device once, in milliseconds. */
const COALESCE = 300;

interface PingParameters {
  /** Seconds. */
  readonly interval: number;
  readonly folders: readonly Id[];
}

/** Waits until a folder has changes that the next Sync would return (MS-ASCMD 2.2.1.13). */
export async function ping(context: EasContext): Promise<EasAnswer> {
  const parameters = readParameters(context);
  if ('tag' in parameters) return documentAnswer(parameters);
  await remember(context, parameters);
  const status = await watch(context, parameters);
  return documentAnswer(status);
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

async function watch(context: EasContext, { interval, folders }: PingParameters): Promise<Element> {
  using place = context.runtime.waits.take(deviceKey(context), 'Ping');
  const until = performance.now() + interval * 1000;
  const signal = AbortSignal.any([place.signal, ...(context.session.signal ? [context.session.signal] : [])]);
  const subscription = context.services.hub.subscribe({ ...context.session, signal }, [...folders, HIERARCHY]);
  try {
    let look = new Set<Id>([...folders, HIERARCHY]);
    while (true) {
      const found = await changesIn(context, look);
      if (found) return found;
      const heard = await subscription.next(until - performance.now());
      if (heard.length === 0) return statusElement(PING.Expired);
      await new Promise((resolve) => setTimeout(resolve, COALESCE));
      look = new Set([...heard, ...(await subscription.next(0))]);
    }
  } finally {
    subscription.close();
  }
}

/** The answer, if the folders hold something to fetch or the hierarchy changed; undefined: keep waiting. */
async function changesIn(context: EasContext, look: ReadonlySet<Id>): Promise<Element | undefined> {
  const ids = [...look].filter((id) => id !== HIERARCHY);
  const snapshot = await context.store.open(context.session, context.query.deviceId, ids);
  if (snapshot) checkStanding(snapshot.device, context.version, 'Ping');
  const states: ReadonlyMap<Id, SyncStates> = snapshot?.states ?? new Map();
  try {
    if (look.has(HIERARCHY) && (await hierarchyChanged(context, ids))) return statusElement(PING.Hierarchy);
    const changed = await pendingChanges(context, ids, states);
    if (changed === 'hierarchy') return statusElement(PING.Hierarchy);
    if (changed.length === 0) return undefined;
    return statusElement(
      PING.Changes,
      el(
        'Ping:Folders',
        changed.map((id) => el('Ping:Folder', id)),
      ),
    );
  } catch (error) {
    if (!isDomainError(error, 'unavailable')) throw error;
    context.log.warn({ err: error }, 'Ping could not look for changes');
    return undefined;
  }
}

function statusElement(status: number, detail?: Element): Element {
  return el('Ping:Ping', el('Ping:Status', status), detail);
}
