import type { HomeType } from '../paths.js';

/** Media type of an item (RFC 5545 §8.1, RFC 6350 §10.1); clients tell events from to-dos by the component parameter. */
export function contentType(type: HomeType | null, component: string): string {
  if (type === 'addressbooks') return 'text/vcard; charset=utf-8';
  return `text/calendar; charset=utf-8${component === '' ? '' : `; component=${component}`}`;
}
