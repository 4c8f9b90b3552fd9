import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, childText, type Element, el, elements, optional } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { readItemOptions } from '../item-options.js';
import { readLongId } from '../long-id.js';
import { StatusError } from '../status.js';
import { MailSource } from '../sync/mail-source.js';
import { NoteSource } from '../sync/note-source.js';
import { openSource, resolveCollection } from '../sync/open.js';
import { PimSource } from '../sync/pim-source.js';
import { splitServerId } from '../sync/source.js';
import { fetchAttachment } from './attachment.js';
import type { Output } from './large.js';
import { STATUS, statusOf } from './operation.js';

const IDENTITY = ['AirSync:CollectionId', 'AirSync:ServerId', 'Search:LongId', 'AirSyncBase:FileReference'] as const;

/** Fetch: an item by ServerId or LongId, or an attachment by FileReference (MS-ASCMD Fetch (ItemOperations)). */
export async function fetchItem(context: EasContext, element: Element, output: Output): Promise<Element> {
  const reference = childText(element, 'AirSyncBase:FileReference');
  const identity = IDENTITY.map((tag) => optional(tag, childText(element, tag)));
  const answer = (status: number, content: readonly (Element | undefined)[] = []) =>
    el('ItemOperations:Fetch', el('ItemOperations:Status', status), identity, content);
  try {
    // No document library stands behind this: any other store is unknown.
    if (childText(element, 'ItemOperations:Store')?.trim().toLowerCase() !== 'mailbox')
      throw new StatusError(STATUS.UnknownStore, 'unknown store');
    const found: Found =
      reference === undefined
        ? await item(context, element, output)
        : { properties: await fetchAttachment(context, element, output) };
    return answer(STATUS.Success, [
      optional('AirSync:Class', found.className),
      el('ItemOperations:Properties', found.properties),
    ]);
  } catch (error) {
    return answer(statusOf(context, error, reference === undefined ? STATUS.NotFound : STATUS.BadAttachment));
  }
}

interface Found {
  readonly className?: string;
  readonly properties: readonly Element[];
}

/** A whole item of any class. */
async function item(context: EasContext, element: Element, output: Output): Promise<Found> {
  const id = nameOf(element);
  const ref = await resolveCollection(context, id.collection);
  if (!ref) throw new StatusError(STATUS.NotFound, 'no such collection');
  const source = await openSource(context, ref, { requestKey: '', deletesAsMoves: true });
  const options = child(element, 'ItemOperations:Options');
  // Without any preference the body comes whole, in the form it has.
  const wishes = readItemOptions(options, [{ type: 1 }, { type: 2 }]);
  const found =
    source instanceof MailSource
      ? await source.fetch(id.number, wishes, output)
      : source instanceof PimSource || source instanceof NoteSource
        ? await source.fetch(id.number, wishes)
        : { id: id.number, missing: true as const };
  if ('missing' in found) throw new StatusError(STATUS.NotFound, 'no such item');
  if ('error' in found) throw new StatusError(STATUS.Conversion, 'the item can not be shown');
  output.left -= found.bytes;
  if (output.left < 0) throw new StatusError(STATUS.TooLarge, 'the items together are too large');
  return { className: source.className, properties: inSchema(found.data, child(options, 'ItemOperations:Schema')) };
}

function nameOf(element: Element): { readonly collection: string; readonly number: number } {
  const serverId = childText(element, 'AirSync:ServerId');
  const longId = childText(element, 'Search:LongId');
  if ((serverId === undefined) === (longId === undefined)) throw new StatusError(STATUS.ProtocolError, 'one ServerId or LongId');
  const id = serverId === undefined ? readLongId(longId ?? '') : splitServerId(serverId);
  const collection = childText(element, 'AirSync:CollectionId');
  const elsewhere = serverId !== undefined && collection !== undefined && collection !== id?.collection;
  if (!id || elsewhere) throw new StatusError(STATUS.NotFound, 'no such item');
  return id;
}

/** Only what Schema lists, and the body (MS-ASCMD Schema). */
function inSchema(data: readonly Element[], schema: Element | undefined): readonly Element[] {
  if (!schema) return data;
  const wanted = new Set<TagName>([...elements(schema).map(({ tag }) => tag), 'AirSyncBase:Body']);
  return data.filter(({ tag }) => wanted.has(tag));
}
