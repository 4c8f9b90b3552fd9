import type { SyncStates } from '../../../domain/devices/model.js';
import { isDomainError } from '../../../domain/errors.js';
import { HIERARCHY } from '../../../domain/notify/hub.js';
import type { Collection } from '../../../domain/pim/model.js';
import type { Id } from '../../../domain/types.js';
import { type Element, el } from '../../../formats/wbxml/tree.js';
import { deviceKey, documentAnswer, type EasAnswer, type EasContext, EMPTY } from '../context.js';
import { hierarchyChanged } from '../hierarchy-watch.js';
import { StatusError } from '../status.js';
import { completeRequest, remember } from '../sync/cache.js';
import { type CollectionResult, syncCollection } from '../sync/collection.js';
import { BadWait, type CollectionRequest, SYNC, type SyncRequest, TooManyCollections } from '../sync/request.js';
import type { SyncData } from '../sync/state.js';
import { newBudget } from '../sync/window.js';
import { has } from '../versions.js';

/** Several changes within this time wake a device once, in milliseconds. */
const COALESCE = 300;

/** Changes both ways for the collections of the request (MS-ASCMD 2.2.1.21). */
export async function sync(context: EasContext): Promise<EasAnswer> {
  try {
    const request = completeRequest(context);
    await remember(context, request);
    const results = request.wait > 0 ? await waitingSync(context, request) : await plainSync(context, request);
    return answer(context, results);
  } catch (error) {
    if (error instanceof BadWait || error instanceof TooManyCollections) return outOfRange(error);
    throw error;
  }
}

function plainSync(context: EasContext, request: SyncRequest): Promise<readonly CollectionResult[]> {
  context.runtime.waits.end(deviceKey(context), 'Sync');
  return round(context, request.collections, request.windowSize);
}

/** Looks, and when there is nothing to say waits for a signal and looks again. */
async function waitingSync(context: EasContext, request: SyncRequest): Promise<readonly CollectionResult[]> {
  using place = context.runtime.waits.take(deviceKey(context), 'Sync');
  const signal = AbortSignal.any([place.signal, ...(context.session.signal ? [context.session.signal] : [])]);
  const until = performance.now() + request.wait * 1000;
  const ids = request.collections.map((collection) => collection.id);
  const subscription = context.services.hub.subscribe({ ...context.session, signal }, [...ids, HIERARCHY]);
  try {
    let results = await round(context, request.collections, request.windowSize);
    while (results.every((result) => result.silent)) {
      const heard = await subscription.next(until - performance.now());
      if (heard.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, COALESCE));
      const all = new Set([...heard, ...(await subscription.next(0))]);
      if (all.has(HIERARCHY) && (await hierarchyChanged(context))) throw new StatusError(SYNC.HierarchyChanged, 'new folders');
      const woken = request.collections.filter((collection) => all.has(collection.id));
      results = await round(context, woken, request.windowSize, true);
    }
    return results;
  } finally {
    subscription.close();
  }
}

/** One look at the collections, alone with them, and one commit of what it led to. */
async function round(
  context: EasContext,
  requests: readonly CollectionRequest[],
  windowSize: number,
  again = false,
): Promise<readonly CollectionResult[]> {
  const ids = requests.map((request) => request.id);
  using held = await context.runtime.locks.acquire(ids.map((id) => `${deviceKey(context)}/${id}`));
  const states = await statesOf(context, ids, held.waited || again);
  const latest = await latestCursors(context, requests, states);
  const budget = newBudget(windowSize);
  const results: CollectionResult[] = [];
  for (const request of requests)
    results.push(await syncCollection(context, request, states.get(request.id), budget, latest.get(request.id)));
  const heard = withoutUnreachable(results, requests);
  await commit(context, heard);
  return heard;
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

async function commit(context: EasContext, results: readonly CollectionResult[]): Promise<void> {
  const commits = results.flatMap((result) => result.commit ?? []);
  if (commits.length === 0) return;
  try {
    await context.store.commit(context.session, context.query.deviceId, commits);
  } catch (error) {
    if (isDomainError(error, 'conflict')) throw new StatusError(SYNC.Retry, 'another request was faster');
    throw error;
  }
}

function answer(context: EasContext, results: readonly CollectionResult[]): EasAnswer {
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
