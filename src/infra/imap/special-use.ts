import type { FolderRole } from '../../domain/mail/model.js';

/** Special-use attributes (RFC 6154 §2) as imapflow reports them → roles. Well-known names come in as the same attributes. */
const ROLES: Readonly<Record<string, FolderRole>> = {
  '\\Inbox': 'inbox',
  '\\Drafts': 'drafts',
  '\\Sent': 'sent',
  '\\Trash': 'trash',
  '\\Junk': 'junk',
  '\\Archive': 'archive',
};

/** The role of a listed mailbox; INBOX is one by its name alone (RFC 3501 §5.1). */
export function roleOf(path: string, specialUse: string | undefined): FolderRole | null {
  if (path.toUpperCase() === 'INBOX') return 'inbox';
  const role = specialUse === undefined ? undefined : ROLES[specialUse];
  return role === 'inbox' ? null : (role ?? null);
}
