import { createHash } from 'node:crypto';
import { commentOf, withComment } from '../../../formats/images/jpeg-comment.js';
import { scaleImage } from '../../../formats/images/scale.js';
import { readPhoto } from '../../../formats/vcard/photo.js';
import { parseCard } from '../../../formats/vcard/validate.js';
import { text } from '../../../formats/wbxml/tree.js';
import type { ValueType } from '../schema/values.js';
import type { CardModel } from './card-model.js';
import { MalformedItem } from './item-class.js';

/** Most characters of base64 that a Picture may have (MS-ASCNTC Picture). */
export const MAX_PICTURE = 48 * 1024;
/** Bytes of a scaled one, with room for its mark. */
const MAX_BYTES = (MAX_PICTURE / 4) * 3 - 128;
/** Scaled pictures kept, some 20 MB at most. */
const MAX_KEPT = 500;

/** Scaled pictures by the digest of the original; null for one that nothing can be made of. Oldest first. */
const scaled = new Map<string, Buffer | null>();

const MARK = 'gateway:';

function digest(value: string): string {
  return createHash('sha256').update(value).digest('base64url').slice(0, 16);
}

/** Stands in scaled pictures, and says of which card they were made. */
function markFor({ card }: CardModel): string {
  return `${MARK}${digest(card.first('UID')?.text.trim() ?? '')}`;
}

/** Whether a client's picture was made here for this card: of the original that is there, or of one that is no more. */
export function isEcho(model: CardModel, picture: string): boolean {
  return commentOf(Buffer.from(picture.slice(0, 1024), 'base64')) === markFor(model);
}

/** Makes the scaled picture of a card ready, if it needs one. A text that is no card has none. */
export async function preparePicture(stored: string): Promise<void> {
  if (stored.length <= MAX_PICTURE) return;
  const photo = photoOf(stored);
  if (photo === undefined || photo.length <= MAX_PICTURE) return;
  const key = digest(photo);
  const known = scaled.get(key);
  scaled.delete(key);
  const made = known === undefined ? await scaleImage(Buffer.from(photo, 'base64'), MAX_BYTES) : known;
  scaled.set(key, made);
  for (const oldest of scaled.keys()) {
    if (scaled.size <= MAX_KEPT) break;
    scaled.delete(oldest);
  }
}

function photoOf(stored: string): string | undefined {
  try {
    return readPhoto(parseCard(stored));
  } catch {
    return undefined;
  }
}

/** The picture of a card in base64, in the size that devices take; empty where nothing small enough can be made of it. */
export function shownPicture(model: CardModel): string | undefined {
  const photo = readPhoto(model.card);
  if (photo === undefined || photo.length <= MAX_PICTURE) return photo;
  const made = scaled.get(digest(photo));
  return made ? withComment(made, markFor(model)).toString('base64') : '';
}

export const pictureValue: ValueType<string> = {
  read: (element) => {
    const value = (text(element) ?? '').replace(/\s+/g, '');
    if (value.length > MAX_PICTURE) throw new MalformedItem('Picture is too large');
    return /^[A-Za-z0-9+/]+={0,2}$/.test(value) ? value : undefined;
  },
  write: (value) => value,
  same: (a, b) => a.replace(/=+$/, '') === b.replace(/=+$/, ''),
};
