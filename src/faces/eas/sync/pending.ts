import type { SyncStates } from '../../../domain/devices/model.js';
import { isDomainError } from '../../../domain/errors.js';
import type { Id } from '../../../domain/types.js';
import type { EasContext } from '../context.js';
import { isOfMail, openSource, renamedFolder } from './open.js';
import { CollectionGone } from './pim-source.js';
import { Draft, type SyncData } from './state.js';
import { refresh } from './window.js';

/**
 * How many changes the next Sync of a collection from this state would return, computed exactly as Sync does and stored
 * nowhere; a state that the next Sync must refuse counts as one.
 */
export async function countPending(context: EasContext, data: SyncData, filter?: number): Promise<number> {
  const draft = new Draft(data);
  if (filter !== undefined) draft.options = { ...draft.options, filter };
  const opening = { requestKey: '', deletesAsMoves: true };
  try {
    const source = await openSource(context, draft.source, opening);
    return (await refresh(source, draft, context.services.clock.now())) ? draft.waiting : 1;
  } catch (error) {
    if (!isDomainError(error, 'not-found') || !isOfMail(draft.source)) throw error;
    const source = await renamedFolder(context, draft.source);
    if (!source) throw new CollectionGone();
    return countPending(context, { ...data, source }, filter);
  }
}

/** A collection with something to fetch. */
export interface Pending {
  readonly id: Id;
  /** Key of the state from which the changes count. */
  readonly key: string;
  readonly count: number;
}

/**
 * Those of the collections with something to fetch. Collections that were never synced are left out: several phones watch
 * folders they never fetch. `hierarchy`: one of those that were synced is gone.
 */
export async function pendingChanges(
  context: EasContext,
  ids: readonly Id[],
  states: ReadonlyMap<Id, SyncStates>,
): Promise<readonly Pending[] | 'hierarchy'> {
  const changed: Pending[] = [];
  for (const id of ids) {
    const data = states.get(id)?.current.data as SyncData | undefined;
    if (!data) continue;
    try {
      const count = await countPending(context, data);
      if (count > 0) changed.push({ id, key: states.get(id)?.current.key ?? '', count });
    } catch (error) {
      if (error instanceof CollectionGone || isDomainError(error, 'not-found')) return 'hierarchy';
      if (isDomainError(error, 'unauthenticated')) throw error;
      context.log.warn({ collection: id, err: error }, 'collection could not be looked at');
    }
  }
  return changed;
}
