import type { Cursor } from '../../../domain/changes/feed.js';
import type { StateCommit, SyncStates } from '../../../domain/devices/model.js';
import { isDomainError } from '../../../domain/errors.js';
import type { Id } from '../../../domain/types.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { COMMON, StatusError } from '../status.js';
import { applyCommands } from './apply.js';
import { nextKey, type OpenTurn, turnOf, ZERO } from './keys.js';
import { isOfMail, openSource, renamedFolder, resolveCollection } from './open.js';
import { CollectionGone } from './pim-source.js';
import { Progress } from './progress.js';
import { type CollectionRequest, SYNC } from './request.js';
import { Skipped } from './skip.js';
import type { ItemSource } from './source.js';
import { DEFAULT_OPTIONS, Draft, type SyncData, type SyncOptions } from './state.js';
import { type Budget, fill, refresh } from './window.js';

/** What is said about one collection; `silent`: nothing, the device's key stays good. */
export interface CollectionResult {
  readonly id: Id;
  readonly className: string | null;
  readonly key: string;
  readonly status: number;
  readonly silent: boolean;
  readonly more: boolean;
  readonly commands: readonly Element[];
  readonly responses: readonly Element[];
  readonly commit?: StateCommit;
  /** The server behind it can't be reached just now. */
  readonly unreachable?: unknown;
}

/** One collection of a Sync request: key, client commands, server changes. Its failure is its own. */
export async function syncCollection(
  context: EasContext,
  request: CollectionRequest,
  states: SyncStates | undefined,
  budget: Budget,
  latest: Cursor | undefined,
): Promise<CollectionResult> {
  const known = states as SyncStates<SyncData> | undefined;
  const key = request.key ?? impliedKey(known);
  try {
    const turn = turnOf(known, key);
    if (turn.kind === 'unknown' || (turn.kind !== 'first' && !isReadable(turn.base)))
      return failed(request, ZERO, SYNC.InvalidSyncKey);
    if (turn.kind === 'first') return await start(context, request, turn.expected);
    if (budget.items <= 0 && request.commands.length === 0 && turn.kind === 'current') return silent(request, key);
    return await proceed(context, request, turn, budget, latest);
  } catch (error) {
    return failure(context, request, key, error);
  }
}

/** States of another release of the gateway may look different: such a device starts over. */
function isReadable(data: SyncData): boolean {
  return typeof data?.known === 'string' && typeof data.flags === 'object' && typeof data.source?.kind === 'string';
}

/**
 * The key of the latest answer. When the request that led to that answer was empty as well, this one may be its repetition:
 * then the device must say what it has (Status 13).
 */
function impliedKey(states: SyncStates<SyncData> | undefined): string {
  if (!states || states.current.data.implied) throw new StatusError(SYNC.Incomplete, 'it is not known what the device has');
  return states.current.key;
}

/** Key 0: a new state, and no items yet (MS-ASCMD SyncKey). */
async function start(context: EasContext, request: CollectionRequest, expected: string | null): Promise<CollectionResult> {
  if (request.commands.length > 0 || request.getChanges === true) return failed(request, ZERO, SYNC.ProtocolError);
  const source = await resolveCollection(context, request.id);
  if (!source) return failed(request, ZERO, SYNC.HierarchyChanged);
  const draft = Draft.fresh(source, optionsOf(request, DEFAULT_OPTIONS), request.supported);
  const opened = await openSource(context, source, { requestKey: ZERO, deletesAsMoves: request.deletesAsMoves });
  if (!allowed(opened, request, draft)) return failed(request, ZERO, SYNC.ProtocolError);
  const key = nextKey(null);
  const commit: StateCommit = { collection: request.id, expected, base: null, next: { key, data: draft.toData(false) } };
  return { ...silent(request, key), silent: false, className: opened.className, commit };
}

async function proceed(
  context: EasContext,
  request: CollectionRequest,
  turn: OpenTurn<SyncData>,
  budget: Budget,
  latest: Cursor | undefined,
): Promise<CollectionResult> {
  const draft = new Draft(turn.base);
  try {
    return await exchange(context, request, turn, draft, budget, latest);
  } catch (error) {
    if (!isDomainError(error, 'not-found') || !isOfMail(draft.source)) throw error;
    const source = await renamedFolder(context, draft.source);
    if (!source) throw new CollectionGone();
    const moved = new Draft(turn.base);
    moved.source = source;
    return exchange(context, request, turn, moved, budget, latest);
  }
}

/** Client commands first, then what changed on the server, then the next state. */
async function exchange(
  context: EasContext,
  request: CollectionRequest,
  turn: OpenTurn<SyncData>,
  draft: Draft,
  budget: Budget,
  latest: Cursor | undefined,
): Promise<CollectionResult> {
  draft.options = optionsOf(request, draft.options);
  const { deletesAsMoves } = request;
  const source = await openSource(context, draft.source, { requestKey: turn.key, deletesAsMoves, latest });
  if (!allowed(source, request, draft)) return failed(request, turn.key, SYNC.ProtocolError);
  const earlier = turn.kind === 'repeated' ? turn.latest.replies : {};
  const progress = new Progress(context, request, turn, draft);
  const responses = await applyCommands(source, request.commands, draft, earlier, context.version, () => progress.keep());
  const filled = { commands: [] as readonly Element[], more: false };
  if (request.getChanges ?? true) {
    if (!(await refresh(source, draft, context.services.clock.now()))) return failed(request, ZERO, SYNC.InvalidSyncKey);
    const skipped = new Skipped(context);
    Object.assign(filled, await fill(source, request.id, draft, request.windowSize, budget, skipped));
    await skipped.list();
  }
  const nothingSaid = request.commands.length === 0 && filled.commands.length === 0;
  if (turn.kind === 'current' && nothingSaid && !draft.altered) return silent(request, turn.key);
  const commit = progress.next();
  const { key } = commit.next;
  return { ...silent(request, key), silent: false, className: source.className, ...filled, responses, commit };
}

/** ConversationMode goes with the Options: it stays until others are sent. */
function optionsOf({ options, conversationMode }: CollectionRequest, last: SyncOptions): SyncOptions {
  const conversations = conversationMode ?? (options ? false : (last.conversations ?? false));
  if (!options && conversations === (last.conversations ?? false)) return last;
  return { ...(options ?? last), ...(conversations ? { conversations } : { conversations: undefined }) };
}

/** FilterType and ConversationMode must be ones of the class (MS-ASCMD FilterType, ConversationMode). */
function allowed(source: ItemSource, request: CollectionRequest, draft: Draft): boolean {
  if (draft.options.filter > 8) throw new StatusError(COMMON.InvalidXML, 'no such FilterType');
  return source.filters.has(draft.options.filter) && !(request.conversationMode && source.className !== 'Email');
}

function silent(request: CollectionRequest, key: string): CollectionResult {
  const { id, className } = request;
  return { id, className, key, status: SYNC.Success, silent: true, more: false, commands: [], responses: [] };
}

function failed(request: CollectionRequest, key: string, status: number): CollectionResult {
  return { ...silent(request, key), status, silent: false };
}

function failure(context: EasContext, request: CollectionRequest, key: string, error: unknown): CollectionResult {
  if (error instanceof StatusError) throw error;
  if (isDomainError(error, 'unauthenticated')) throw error;
  if (error instanceof CollectionGone || isDomainError(error, 'not-found')) return failed(request, key, SYNC.HierarchyChanged);
  if (isDomainError(error, 'stale-cursor')) return failed(request, ZERO, SYNC.InvalidSyncKey);
  context.log.error({ collection: request.id, device: context.query.deviceId, err: error }, 'collection could not be synced');
  const result = failed(request, key, SYNC.ServerError);
  return isDomainError(error, 'unavailable') ? { ...result, unreachable: error } : result;
}
