import type { ImapFlow, MessageStructureObject } from 'imapflow';

const HEADERS = ['references', 'thread-topic', 'thread-index', 'importance', 'x-priority', 'sensitivity', 'list-unsubscribe'];
const MAX_BODY = 200_000;
const SUMMARY = { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true, headers: HEADERS };

/**
 * What a first Sync has to read, by imapflow alone: envelope, structure, flags, some header fields of all messages, then
 * the HTML part of each, or the plain one where there is none. Returns how many messages there were.
 */
export async function bareLoop(imap: ImapFlow): Promise<number> {
  const lock = await imap.getMailboxLock('INBOX');
  try {
    const bySection = new Map<string, number[]>();
    let messages = 0;
    for await (const { uid, bodyStructure } of imap.fetch('1:*', SUMMARY)) {
      messages++;
      const section = bodyStructure && (textPart(bodyStructure, 'text/html') ?? textPart(bodyStructure, 'text/plain'));
      if (!section) continue;
      const uids = bySection.get(section) ?? [];
      uids.push(uid);
      bySection.set(section, uids);
    }
    let parts = 0;
    for (const [section, uids] of bySection) {
      const query = { uid: true, bodyParts: [{ key: section, start: 0, maxLength: MAX_BODY }] };
      for (let at = 0; at < uids.length; at += 500) {
        for await (const { bodyParts } of imap.fetch(uids.slice(at, at + 500).join(','), query, { uid: true })) {
          parts += bodyParts?.size ?? 0;
        }
      }
    }
    if (parts < messages * 0.9) throw new Error(`${parts} parts of ${messages} messages`);
    return messages;
  } finally {
    lock.release();
  }
}

function textPart(node: MessageStructureObject, type: string): string | undefined {
  if (node.type === type && node.disposition !== 'attachment') return node.part ?? '1';
  if (!node.type?.startsWith('multipart/')) return undefined;
  for (const inner of node.childNodes ?? []) {
    const found = textPart(inner, type);
    if (found) return found;
  }
  return undefined;
}
