import type { Draft } from './draft.js';

/**
 * What one version can't say stands beside, so that it is there again when the card goes back (extended parameters and
 * names are kept by readers, RFC 2426 §3.8, RFC 6350 §6.10).
 */

/** Parameter in 4.0: how a 3.0 card called the property, where the usual name is another. */
export const NAME_IN_3 = 'X-VCARD3-NAME';
/** Parameter in 3.0: a 4.0 card has the property under the very name that 4.0 has another for. */
export const NAME_IN_4 = 'X-VCARD4-NAME';
/** Parameter in 3.0: the value in 4.0, where the one in 3.0 says less. */
export const VALUE_IN_4 = 'X-VCARD4-VALUE';
/** Beginning of the name, in 3.0, of a property that 3.0 has no place for. */
const ONLY_IN_4 = 'X-VCARD4-';

/** A 4.0 property that would mislead or upset readers of 3.0. What came from 3.0 as it is goes back as it was. */
export function setAside(draft: Draft): void {
  draft.name = draft.take(NAME_IN_3) ?? `${ONLY_IN_4}${draft.name}`;
}

/** Takes a property that setAside put away back into 4.0. */
export function bringBack(draft: Draft): boolean {
  if (!draft.name.startsWith(ONLY_IN_4)) return false;
  draft.name = draft.name.slice(ONLY_IN_4.length);
  return true;
}
