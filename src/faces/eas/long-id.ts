import { serverId, splitServerId } from './sync/source.js';

const PREFIX = 'L1.';
/** MS-ASCMD LongId: at most 256 characters. */
const LONGEST = 256;

/** Names a found item for ItemOperations, SmartReply, SmartForward and MeetingResponse without its folder. */
export function longId(collection: string, item: number): string {
  return PREFIX + Buffer.from(serverId(collection, item)).toString('base64url');
}

/** What a LongId names, or null for none of ours. A ServerId is taken too: some clients put one there. */
export function readLongId(id: string): { readonly collection: string; readonly number: number } | null {
  if (id.length > LONGEST) return null;
  return splitServerId(id.startsWith(PREFIX) ? Buffer.from(id.slice(PREFIX.length), 'base64url').toString('utf8') : id);
}
