import { DomainError } from '../errors.js';
import type { ItemHead, Precondition } from './model.js';

/**
 * Checks a precondition against the item as it stands under the lock (RFC 9110 §13.1, RFC 6638 §8.3).
 * @throws DomainError `precondition-failed`
 */
export function checkPrecondition(current: ItemHead | null, when: Precondition | undefined): void {
  if (!when) return;
  const { ifMatch, ifNoneMatch, ifScheduleTagMatch } = when;
  if (ifMatch && !matches(current, ifMatch)) throw failed('the item is not the one expected');
  if (ifNoneMatch && matches(current, ifNoneMatch)) throw failed('the item exists');
  if (ifScheduleTagMatch !== undefined && current?.scheduleTag !== ifScheduleTagMatch) throw failed('the schedule tag differs');
}

function matches(current: ItemHead | null, tags: readonly string[] | '*'): boolean {
  return current !== null && (tags === '*' || tags.includes(current.etag));
}

function failed(message: string): DomainError {
  return new DomainError('precondition-failed', message);
}
