import { deviceKey, type EasContext } from '../context.js';
import { StatusError } from '../status.js';
import { has } from '../versions.js';
import { type CollectionRequest, readSyncRequest, SYNC, type SyncRequest } from './request.js';

/** What is remembered of a Sync request, for requests that leave it out (MS-ASCMD 2.2.1.21 empty and Partial requests). */
export interface CachedSync {
  readonly collections: readonly CachedCollection[];
  readonly wait: number;
  readonly windowSize: number;
}

type CachedCollection = Pick<
  CollectionRequest,
  'id' | 'className' | 'deletesAsMoves' | 'getChanges' | 'windowSize' | 'conversationMode'
>;

/** Devices remembered in this process. */
const MOST_REMEMBERED = 50_000;

/**
 * The request with what it leaves out: an empty one is the last one again, a partial one the last one with changes.
 * Left-out collections have no key: theirs is that of the latest answer. @throws StatusError
 */
export function completeRequest(context: EasContext): SyncRequest {
  if (context.body === null) return repeated(context);
  const request = readSyncRequest(context.body);
  if (!request.partial && request.collections.length === 0 && request.wait === 0)
    throw new StatusError(SYNC.ProtocolError, 'no collections');
  if (!request.partial) return request;
  if (request.collections.length === 0 && request.wait === 0)
    throw new StatusError(cachedSync(context) ? SYNC.ProtocolError : SYNC.Incomplete, 'Partial alone says nothing');
  const last = cachedSync(context);
  if (!last) throw new StatusError(SYNC.Incomplete, 'nothing is remembered for a partial request');
  const listed = new Set(request.collections.map((collection) => collection.id));
  const rest = last.collections.filter((collection) => !listed.has(collection.id)).map(implied);
  return { ...request, collections: [...request.collections, ...rest], wait: request.wait || last.wait };
}

function repeated(context: EasContext): SyncRequest {
  const last = has(context.version, 'emptyAnswer') ? cachedSync(context) : null;
  if (!last) throw new StatusError(SYNC.Incomplete, 'nothing is remembered for an empty request');
  return { ...last, collections: last.collections.map(implied), partial: false };
}

function implied(collection: CachedCollection): CollectionRequest {
  return { ...collection, key: null, supported: null, options: null, commands: [] };
}

/** The last request as the device's record has it, which every process sees, else as this process does. */
export function cachedSync(context: EasContext): CachedSync | null {
  const stored = context.device.cache.sync ?? context.runtime.lastSync.get(deviceKey(context));
  return isCachedSync(stored) ? stored : null;
}

function isCachedSync(value: unknown): value is CachedSync {
  return typeof value === 'object' && value !== null && Array.isArray((value as { collections?: unknown }).collections);
}

/**
 * Remembers a request. It is stored only for devices that wait or once did, which are those that leave things out: others send
 * one collection after the other and would cost a write each time.
 */
export async function remember(context: EasContext, request: SyncRequest): Promise<void> {
  const { lastSync } = context.runtime;
  const cached: CachedSync = {
    collections: request.collections.map(({ id, className, deletesAsMoves, getChanges, windowSize, conversationMode }) => ({
      id,
      className,
      deletesAsMoves,
      getChanges,
      windowSize,
      conversationMode,
    })),
    wait: request.wait,
    windowSize: request.windowSize,
  };
  lastSync.delete(deviceKey(context));
  lastSync.set(deviceKey(context), cached);
  for (const oldest of lastSync.keys()) {
    if (lastSync.size <= MOST_REMEMBERED) break;
    lastSync.delete(oldest);
  }
  const leavesOut = request.wait > 0 || context.device.cache.sync !== undefined;
  if (!leavesOut || sameJson(cached, context.device.cache.sync)) return;
  await context.store.save(context.session, context.query.deviceId, { cache: { ...context.device.cache, sync: cached } });
}

/** Whether two JSON values are the same, whatever the order of their members. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
