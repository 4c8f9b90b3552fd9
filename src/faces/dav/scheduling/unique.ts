import { isDomainError } from '../../../domain/errors.js';
import { C, D } from '../../../formats/xml/names.js';
import { textElement } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { encodeSegment } from '../paths.js';

/** The refusal of a second resource for one meeting, with the path of the first (RFC 6638 §3.2.4.2); others stay as they are. */
export async function withHref(x: Exchange, error: unknown): Promise<unknown> {
  if (!isDomainError(error, 'forbidden') || error.reason !== 'unique-scheduling-object-resource') return error;
  const { elsewhere } = error.details;
  const found = (await x.collections()).find(
    ({ source }) => source.account === elsewhere?.account && source.collection === elsewhere.collection,
  );
  if (elsewhere === undefined || found === undefined) return error;
  const href = x.collectionHref(found) + encodeSegment(elsewhere.name);
  return conditionError(403, C('unique-scheduling-object-resource'), textElement(D('href'), href));
}
