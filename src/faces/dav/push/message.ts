import { text } from '../../../formats/xml/write.js';

/** Namespace of draft-bitfire-webdav-push. */
export const PUSH_NS = 'https://bitfire.at/webdav-push';

/** The document that a subscriber finds in a push message: which topic changed, and how. */
export function pushMessage(topic: string, changed: { readonly content: boolean; readonly properties: boolean }): string {
  const updates = `${changed.content ? '<content-update/>' : ''}${changed.properties ? '<property-update/>' : ''}`;
  return `<?xml version="1.0" encoding="utf-8"?><push-message xmlns="${PUSH_NS}"><topic>${text(topic)}</topic>${updates}</push-message>`;
}
