import type { SyncStates } from '../../../domain/devices/model.js';
import { isDomainError } from '../../../domain/errors.js';
import { child, children, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import { documentAnswer, type EasAnswer, type EasContext } from '../context.js';
import { COMMON, StatusError } from '../status.js';
import { turnOf } from '../sync/keys.js';
import { countPending } from '../sync/pending.js';
import { CollectionGone } from '../sync/pim-source.js';
import { integer } from '../sync/request.js';
import type { SyncData } from '../sync/state.js';

/** Status values of GetItemEstimate (MS-ASCMD 2.2.3.177.6). */
const ESTIMATE = { Success: 1, InvalidCollection: 2, NotPrimed: 3, InvalidKey: 4 } as const;
const MAX_COLLECTIONS = 1000;

/** How many changes a Sync would return, by the same computation (MS-ASCMD 2.2.1.9). */
export async function getItemEstimate(context: EasContext): Promise<EasAnswer> {
  const collections = children(child(context.body ?? undefined, 'GetItemEstimate:Collections'), 'GetItemEstimate:Collection');
  if (collections.length === 0 || collections.length > MAX_COLLECTIONS)
    throw new StatusError(COMMON.InvalidXML, 'no collections, or too many');
  const responses: Element[] = [];
  for (const collection of collections) responses.push(await estimate(context, collection));
  return documentAnswer(el('GetItemEstimate:GetItemEstimate', responses));
}

async function estimate(context: EasContext, element: Element): Promise<Element> {
  const id = childText(element, 'GetItemEstimate:CollectionId') ?? '';
  const key = childText(element, 'AirSync:SyncKey')?.trim() ?? '0';
  const filter = filterOf(element);
  const turn = turnOf(context.states.get(id) as SyncStates<SyncData> | undefined, key);
  const primed = context.states.has(id);
  if (turn.kind === 'first' || !primed) return response(ESTIMATE.NotPrimed, id);
  if (turn.kind === 'unknown') return response(ESTIMATE.InvalidKey, id);
  try {
    return response(ESTIMATE.Success, id, await countPending(context, turn.base, filter));
  } catch (error) {
    if (error instanceof CollectionGone || isDomainError(error, 'not-found')) return response(ESTIMATE.InvalidCollection, id);
    throw error;
  }
}

function filterOf(element: Element): number | undefined {
  const options = child(element, 'AirSync:Options');
  const text = childText(options ?? element, 'AirSync:FilterType');
  if (text === undefined) return undefined;
  const filter = integer(text);
  if (filter === null || filter > 8) throw new StatusError(COMMON.InvalidXML, 'no such FilterType');
  return filter;
}

function response(status: number, id: string, count?: number): Element {
  return el(
    'GetItemEstimate:Response',
    el('GetItemEstimate:Status', status),
    el(
      'GetItemEstimate:Collection',
      el('GetItemEstimate:CollectionId', id),
      count === undefined ? undefined : el('GetItemEstimate:Estimate', count),
    ),
  );
}
