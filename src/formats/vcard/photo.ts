import { type Component, Property } from '../content-lines.js';
import type { CardVersion } from './validate.js';

const DATA_URI = /^data:[^;,]*(?:;[^;,]+)*?;base64,/i;

/** The picture of a card in base64 without blanks; undefined where there is none, or only a link to one. */
export function readPhoto(card: Component): string | undefined {
  const photo = card.all('PHOTO').find((property) => property.isBase64 || DATA_URI.test(property.value));
  if (!photo) return undefined;
  const data = photo.isBase64 ? photo.value : photo.value.replace(DATA_URI, '');
  const bare = /[\s\\]/.test(data) ? data.replace(/[\s\\]+/g, '') : data;
  return /[^=]/.test(bare) ? bare : undefined;
}

/** Replaces the picture of a card by another, or takes it away. @param data base64 */
export function writePhoto(card: Component, data: string | undefined, version: CardVersion): void {
  card.remove('PHOTO');
  if (data === undefined) return;
  const type = imageType(data) ?? 'JPEG';
  if (version === '4.0') card.add(new Property('PHOTO', `data:image/${type.toLowerCase()};base64,${data}`));
  else if (version === '3.0') card.add(new Property('PHOTO', data, { ENCODING: 'b', TYPE: type }));
  else card.add(new Property('PHOTO', data, { ENCODING: 'BASE64', TYPE: type }));
}

/** First bytes, in base64, of the formats that address books take. */
const MAGIC: readonly (readonly [string, string])[] = [
  ['/9j/', 'JPEG'],
  ['iVBORw0KGgo', 'PNG'],
  ['R0lGOD', 'GIF'],
  ['UklGR', 'WEBP'],
];

/** What a picture is, by how it begins; upper case. @param data base64 */
export function imageType(data: string): string | undefined {
  return MAGIC.find(([start]) => data.startsWith(start))?.[1];
}
