import type { SyncStates } from '../../../domain/devices/model.js';
import { HIERARCHY } from '../../../domain/notify/hub.js';
import type { Collection } from '../../../domain/pim/model.js';
import type { Id } from '../../../domain/types.js';
import { type Element, el } from '../../../formats/wbxml/tree.js';
import { deviceKey, documentAnswer, type EasAnswer, type EasContext, EMPTY, type Parked } from '../context.js';
import { listFolders } from '../folders.js';
import { checkStanding } from '../gate.js';
import { hierarchyChanged } from '../hierarchy-watch.js';
import { StatusError } from '../status.js';
import { type CachedSync, completeRequest, remember } from '../sync/cache.js';
import { type CollectionResult, syncCollection } from '../sync/collection.js';
import { commitStates } from '../sync/progress.js';
import { BadWait, type CollectionRequest, SYNC, type SyncRequest, TooManyCollections } from '../sync/request.js';
import type { SyncData } from '../sync/state.js';
import { newBudget } from '../sync/window.js';
import { atLeast, has } from '../versions.js';
import { tellTurn, type Waiting, waitFor } from '../waiting.js';

/** Changes both ways for the collections of the request (MS-ASCMD 2.2.1.21). */
export async function sync(context: EasContext): Promise<EasAnswer | Parked> {
  const complete = completed(context);
  if ('refusal' in complete) return complete.refusal;
  const request = await withDefaults(context, complete);
  await remember(context, request);
  if (request.wait > 0) return waitFor(context, waitingSync(request));
  context.runtime.waits.end(deviceKey(context), 'Sync');
  if (mayWaitElsewhere(context)) tellTurn(context, 'Sync');
  return answer(context, await round(context, request.collections, request.windowSize));
}

/** Whether the device's request before this one could wait on another process still. */
function mayWaitElsewhere(context: EasContext): boolean {
  const before = context.device.cache.sync as Partial<CachedSync> | undefined;
  return Number(before?.wait ?? 0) > 0;
}

/** Types of the folders that a Class means where no CollectionId stands (MS-ASCMD CollectionId (Sync)). */
const DEFAULT_FOLDERS: Readonly<Record<string, number>> = { Email: 2, Tasks: 7, Calendar: 8, Contacts: 9 };

/** Versions that know the classes of collections may name a default folder by its class alone. @throws StatusError 4 */
async function withDefaults(context: EasContext, request: SyncRequest): Promise<SyncRequest> {
  if (request.collections.every(({ id }) => id !== '')) return request;
  if (atLeast(context.version, '12.1')) throw new StatusError(SYNC.ProtocolError, 'no CollectionId');
  const folders = await listFolders(context, null);
  const collections = request.collections.map((collection) => {
    if (collection.id !== '') return collection;
    const found = folders.find(({ type }) => type === DEFAULT_FOLDERS[collection.className ?? '']);
    if (!found) throw new StatusError(SYNC.ProtocolError, 'no default folder of that Class');
    return { ...collection, id: found.id };
  });
  return { ...request, collections };
}

function completed(context: EasContext): SyncRequest | { readonly refusal: EasAnswer } {
  try {
    return completeRequest(context);
  } catch (error) {
    if (error instanceof BadWait || error instanceof TooManyCollections) return { refusal: outOfRange(error) };
    throw error;
  }
}

function waitingSync({ collections, wait, windowSize }: SyncRequest): Waiting {
  return {
    kind: 'Sync',
    seconds: wait,
    collections: collections.map((collection) => collection.id),
    look: async (context, signalled, first) => {
      if (!first && signalled.has(HIERARCHY) && (await newFolders(context)))
        throw new StatusError(SYNC.HierarchyChanged, 'the hierarchy changed');
      const woken = collections.filter((collection) => signalled.has(collection.id));
      const results = await round(context, woken, windowSize);
      return results.every((result) => result.silent) ? undefined : answer(context, results);
    },
    over: () => EMPTY,
  };
}

async function newFolders(context: EasContext): Promise<boolean> {
  const snapshot = await context.store.open(context.session, context.query.deviceId, [HIERARCHY]);
  if (!snapshot) return false;
  // Whoever wants the device wiped or blocked tells it this way, too.
  checkStanding(snapshot.device, context.version, 'Sync');
  return hierarchyChanged(context, snapshot.states);
}

/** One look at the collections, alone with them, and one commit of what it led to. */
async function round(
  context: EasContext,
  requests: readonly CollectionRequest[],
  windowSize: number,
): Promise<readonly CollectionResult[]> {
  const ids = requests.map((request) => request.id);
  using held = await context.runtime.locks.acquire(ids.map((id) => `${deviceKey(context)}/${id}`));
  using order = await inOrder(context, requests);
  // Who hung up while it waited has sent the request anew: answering the old one too would make the new one's key unknown.
  context.session.signal?.throwIfAborted();
  const states = await statesOf(context, ids, held.waited || order !== null);
  const latest = await latestCursors(context, requests, states);
  const budget = newBudget(windowSize);
  const results: CollectionResult[] = [];
  for (const request of requests)
    results.push(await syncCollection(context, request, states.get(request.id), budget, latest.get(request.id)));
  const heard = withoutUnreachable(results, requests);
  await commitStates(
    context,
    heard.flatMap((result) => result.commit ?? []),
  );
  return heard;
}

/**
 * A request that writes waits for those of other processes: what it was sent with may have been repeated there, and overtaken.
 * One that only reads needs no more than the comparison of keys at its commit.
 */
async function inOrder(context: EasContext, requests: readonly CollectionRequest[]): Promise<Disposable | null> {
  const writing = requests.filter((request) => request.commands.length > 0).map((request) => request.id);
  if (writing.length === 0) return null;
  return (await context.services.order?.enter(context.session, context.query.deviceId, writing)) ?? null;
}

/** The states that came with the device, read again when they may be old or when the cache names further collections. */
async function statesOf(context: EasContext, ids: readonly Id[], stale: boolean): Promise<ReadonlyMap<Id, SyncStates>> {
  if (!stale && ids.every((id) => context.asked.has(id))) return context.states;
  const snapshot = await context.store.open(context.session, context.query.deviceId, ids);
  return snapshot?.states ?? new Map();
}

/** The cursors of all calendars, contacts, … of the request in one query: equal to what is known means no change. */
async function latestCursors(context: EasContext, requests: readonly CollectionRequest[], states: ReadonlyMap<Id, SyncStates>) {
  const collections = requests.flatMap(({ id }): Collection[] => {
    const source = (states.get(id)?.current.data as SyncData | undefined)?.source;
    return source?.kind === 'pim' && source.collection.source.account === context.session.account ? [source.collection] : [];
  });
  if (collections.length < 2) return new Map<Id, never>();
  return context.services.pim.cursors(context.session, collections);
}

/** A mail server that can't be reached just now is left out; when it is all that was asked for, the device comes later. */
function withoutUnreachable(
  results: readonly CollectionResult[],
  requests: readonly CollectionRequest[],
): readonly CollectionResult[] {
  const out = results.filter((result, at) => result.unreachable && requests[at]?.commands.length === 0);
  if (out.length > 0 && out.length === results.length) throw out[0]?.unreachable;
  return results.filter((result) => !out.includes(result));
}

function answer(context: EasContext, results: readonly CollectionResult[]): EasAnswer {
  for (const { className, status } of results) context.services.meter?.synced(className ?? '', status);
  const shown = has(context.version, 'emptyAnswer') ? results.filter((result) => !result.silent) : results;
  if (shown.length === 0) return EMPTY;
  const collections = shown.map((result) => collectionElement(context, result));
  return documentAnswer(el('AirSync:Sync', el('AirSync:Collections', collections)));
}

function collectionElement(context: EasContext, result: CollectionResult): Element {
  const className = has(context.version, 'implicitClass') ? null : result.className;
  return el(
    'AirSync:Collection',
    className ? el('AirSync:Class', className) : undefined,
    el('AirSync:SyncKey', result.key),
    el('AirSync:CollectionId', result.id),
    el('AirSync:Status', result.status),
    result.more ? el('AirSync:MoreAvailable') : undefined,
    result.commands.length > 0 ? el('AirSync:Commands', result.commands) : undefined,
    result.responses.length > 0 ? el('AirSync:Responses', result.responses) : undefined,
  );
}

function outOfRange(error: BadWait | TooManyCollections): EasAnswer {
  return documentAnswer(el('AirSync:Sync', el('AirSync:Status', error.status), el('AirSync:Limit', error.limit)));
}
