import type { Attachment } from '../../../domain/attachments/model.js';
import { attachmentPath } from '../paths.js';

/** Makes the URLs that ATTACH properties hold: absolute, since texts reach other programs (RFC 8607 §3.3). */
export function attachmentUrl(publicUrl: string): (owner: string, attachment: Attachment) => string {
  return (owner, { id, name }) => publicUrl + attachmentPath(owner, id, name);
}
