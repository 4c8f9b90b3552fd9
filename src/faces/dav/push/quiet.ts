import { EVERY_REGISTRATION } from '../../../domain/push/push.js';
import type { Place } from '../paths.js';

/** The registrations named in a Push-Dont-Notify header (§7.3): `"URL", "URL"`, or `*` for all. */
export function quietIn(header: string | undefined, placeOf: (href: string) => Place | null): readonly string[] {
  if (header === undefined) return [];
  if (header.trim() === '*') return [EVERY_REGISTRATION];
  return [...header.matchAll(/"([^"]{1,2000})"/g)].slice(0, 20).flatMap(([, href = '']) => {
    const place = placeOf(href);
    return place?.at === 'push' ? [place.id] : [];
  });
}
