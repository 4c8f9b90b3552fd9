import { idsIn } from '../../../domain/attachments/text.js';
import type { Collection } from '../../../domain/pim/model.js';
import { C } from '../../../formats/xml/names.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';

/** A client may have items name kept attachments, but not make up identifiers (RFC 8607 §3.6, §3.11). */
export async function requireKnownAttachments(
  x: Exchange,
  collection: Collection,
  name: string | null,
  text: string,
): Promise<void> {
  if (collection.kind === 'contacts' || idsIn(text).length === 0) return;
  const before = name === null ? null : await x.services.pim.item(x.session, collection, { name });
  const unknown = await x.services.attachments.unknown(x.session, collection, text, before?.text ?? '');
  if (unknown.length > 0) throw conditionError(403, C('valid-managed-id-parameter'));
}
