import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Cursor } from '../../domain/changes/feed.js';
import type { Collection } from '../../domain/pim/model.js';
import { D } from '../../formats/xml/names.js';
import { conditionError } from './errors.js';
import type { Exchange } from './exchange.js';
import type { HomeType } from './paths.js';

/** What a client knows of one member of a home. */
export interface MemberState {
  /** How far its items are known. */
  readonly cursor: Cursor;
  /** A digest of its own properties. */
  readonly look: string;
}

/** What a client knows of a home: its members by their path segment. */
export type HomeState = Map<string, MemberState>;

/** The members that are no collections of items. */
export const INBOX = 'inbox';
export const OUTBOX = 'outbox';

const PREFIX = 'data:,h~';
const MAX_TOKEN = 256 * 1024;
const MAX_TEXT = 1024 * 1024;

/**
 * The token says itself what the client knows: nothing is kept for it, so it never becomes too old as a whole. A home of ten
 * calendars has one of about 300 characters.
 */
export function homeToken(x: Exchange, type: HomeType, state: HomeState): string {
  const lines = [...state].map(([slug, { cursor, look }]) => `${slug}\n${cursor} ${look}`);
  return PREFIX + deflateRawSync([homeKey(x, type), ...lines].join('\n'), { level: 9 }).toString('base64url');
}

/** What a token says. @throws DavError `valid-sync-token` */
export function homeStateIn(x: Exchange, type: HomeType, token: string | null): HomeState {
  if (token === null) return new Map();
  const [key, ...lines] = linesOf(token);
  if (key !== homeKey(x, type) || lines.length % 2 !== 0) throw staleToken();
  const state: HomeState = new Map();
  for (let at = 0; at < lines.length; at += 2) {
    const [cursor = '', look = ''] = (lines[at + 1] ?? '').split(' ');
    state.set(lines[at] ?? '', { cursor: cursor as Cursor, look });
  }
  return state;
}

function staleToken() {
  return conditionError(403, D('valid-sync-token'));
}

function linesOf(token: string): string[] {
  if (!token.startsWith(PREFIX) || token.length > MAX_TOKEN) throw staleToken();
  try {
    const packed = Buffer.from(token.slice(PREFIX.length), 'base64url');
    return inflateRawSync(packed, { maxOutputLength: MAX_TEXT }).toString('utf8').split('\n');
  } catch {
    throw staleToken();
  }
}

/** Whose home it is, so that tokens of other homes are noticed. */
function homeKey(x: Exchange, type: HomeType): string {
  return createHash('sha256').update(`${x.session.account} ${type}`).digest('base64url').slice(0, 8);
}

/** What there is now; `inboxTag` moves with the inbox. */
export async function presentState(x: Exchange, type: HomeType): Promise<HomeState> {
  const state: HomeState = new Map();
  for (const collection of await x.collectionsOf(type)) {
    const cursor = await x.cursorOf(collection);
    if (cursor !== undefined) state.set(collection.slug, { cursor, look: lookOf(collection) });
  }
  if (type === 'calendars') {
    state.set(INBOX, { cursor: (await x.inboxTag()) as Cursor, look: '' });
    state.set(OUTBOX, { cursor: '' as Cursor, look: '' });
  }
  return state;
}

function lookOf({ name, access, components, properties }: Collection): string {
  const facts = JSON.stringify([name, access, components, Object.entries(properties).sort()]);
  return createHash('sha256').update(facts).digest('base64url').slice(0, 8);
}
