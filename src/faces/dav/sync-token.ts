import type { Cursor } from '../../domain/changes/feed.js';

/** Tokens must be URIs (RFC 6578 §4); the part behind the prefix is the feed's own cursor. */
const PREFIX = 'data:,';

/** A cursor as a client gets it. */
export function syncToken(cursor: Cursor | undefined): string | null {
  return cursor === undefined ? null : PREFIX + cursor;
}

/** The cursor in a token, or null when it is none of ours. */
export function cursorIn(token: string): Cursor | null {
  return token.startsWith(PREFIX) && token.length <= 250 ? (token.slice(PREFIX.length) as Cursor) : null;
}
