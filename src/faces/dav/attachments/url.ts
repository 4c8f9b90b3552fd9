import type { Attachment } from '../../../domain/attachments/model.js';
import { attachmentPath, attachmentsPath } from '../paths.js';

/** Makes the URLs that ATTACH properties hold: absolute, since texts reach other programs (RFC 8607 §3.3). */
export function attachmentUrl(publicUrl: string): (owner: string, attachment: Attachment) => string {
  return (owner, { id, name }) => publicUrl + attachmentPath(owner, id, name);
}

/** Reads the owner's address from such a URL; null for any other. */
export function attachmentOwner(publicUrl: string): (uri: string) => string | null {
  const base = publicUrl + attachmentsPath;
  return (uri) => {
    if (!uri.startsWith(base)) return null;
    try {
      return decodeURIComponent(uri.slice(base.length).split('/')[0] ?? '') || null;
    } catch {
      return null;
    }
  };
}
