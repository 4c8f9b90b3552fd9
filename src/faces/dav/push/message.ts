import { NS } from '../../../formats/xml/names.js';
import { text } from '../../../formats/xml/write.js';

/** The document that a subscriber finds in a push message: which topic changed, and how. */
export function pushMessage(topic: string, changed: { readonly content: boolean; readonly properties: boolean }): string {
  const updates = `${changed.content ? '<content-update/>' : ''}${changed.properties ? '<property-update/>' : ''}`;
  return `<?xml version="1.0" encoding="utf-8"?><push-message xmlns="${NS.push}"><topic>${text(topic)}</topic>${updates}</push-message>`;
}
