import type { StateCommit } from '../../../domain/devices/model.js';
import { isDomainError } from '../../../domain/errors.js';
import type { EasContext } from '../context.js';
import { StatusError } from '../status.js';
import { nextKey, type OpenTurn } from './keys.js';
import { type CollectionRequest, SYNC } from './request.js';
import type { Draft, SyncData } from './state.js';

/** What is done is stored every so often, in milliseconds: each draft by itself would cost as much again. */
const INTERVAL = 1000;

/**
 * The next state of a collection while client commands are carried out. Hundreds of drafts take longer than a phone waits: what
 * is done is stored as a state that follows the request's key, so the same request again finds it and goes on from there.
 */
export class Progress {
  #expected: string;
  #base: 'current' | 'previous';
  #kept = performance.now();

  constructor(
    private readonly context: EasContext,
    private readonly request: CollectionRequest,
    turn: OpenTurn<SyncData>,
    private readonly draft: Draft,
  ) {
    this.#expected = turn.expected;
    this.#base = turn.kind === 'current' ? 'current' : 'previous';
  }

  /** A command was carried out that must not be carried out again. */
  async keep(): Promise<void> {
    if (performance.now() - this.#kept < INTERVAL) return;
    const commit = this.next();
    await commitStates(this.context, [commit]);
    this.#expected = commit.next.key;
    this.#base = 'previous';
    this.#kept = performance.now();
  }

  /** How the state as it is now would be stored. */
  next(): StateCommit {
    const next = { key: nextKey(this.#expected), data: this.draft.toData(this.request.key === null) };
    return { collection: this.request.id, expected: this.#expected, base: this.#base, next };
  }
}

/** Stores states. @throws StatusError 16 when another request of the device was faster */
export async function commitStates(context: EasContext, commits: readonly StateCommit[]): Promise<void> {
  if (commits.length === 0) return;
  try {
    await context.store.commit(context.session, context.query.deviceId, commits);
  } catch (error) {
    if (isDomainError(error, 'conflict')) throw new StatusError(SYNC.Retry, 'another request was faster');
    throw error;
  }
}
