import { type Element, el } from '../../../formats/wbxml/tree.js';
import { longId } from '../long-id.js';

/** One Result of a mailbox search. */
export function resultElement(className: string, collection: string, id: number, data: readonly Element[]): Element {
  return el(
    'Search:Result',
    el('AirSync:Class', className),
    el('Search:LongId', longId(collection, id)),
    el('AirSync:CollectionId', collection),
    el('Search:Properties', data),
  );
}
