import type { Precondition } from '../../domain/pim/model.js';
import { bareTag } from './card-form.js';
import { DavError } from './errors.js';
import type { Exchange } from './exchange.js';
import { type IfList, parseIf } from './if-header.js';
import { locksOn, lockToken } from './locks.js';
import type { Place } from './paths.js';
import { syncToken } from './sync-token.js';

/** An entity tag of a header list. */
export interface EntityTag {
  readonly weak: boolean;
  readonly tag: string;
}

/** A list of entity tags (RFC 9110 §8.8.3) or `*`. Tags without quotes are taken too: some clients send them. */
export function parseEntityTags(header: string): readonly EntityTag[] | '*' {
  if (header.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  for (const match of header.matchAll(/(W\/)?"([^"]*)"|([^\s,"]+)/g)) {
    tags.push({ weak: match[1] !== undefined, tag: match[2] ?? match[3] ?? '' });
  }
  return tags;
}

/** RFC 9110 §13.1.1 compares strongly, so weak tags never match; §13.1.2 compares weakly. */
export function headerConditions(header: (name: string) => string | undefined): Precondition {
  const ifMatch = tagsIn(header('if-match'), false);
  const ifNoneMatch = tagsIn(header('if-none-match'), true);
  const schedule = header('if-schedule-tag-match');
  const tag = schedule === undefined ? undefined : parseEntityTags(schedule);
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(tag === undefined || tag === '*' ? {} : { ifScheduleTagMatch: tag[0]?.tag ?? '' }),
  };
}

function tagsIn(header: string | undefined, weakToo: boolean): readonly string[] | '*' | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const tags = parseEntityTags(header);
  return tags === '*' ? tags : tags.filter(({ weak }) => weakToo || !weak).map(({ tag }) => bareTag(tag));
}

/**
 * All conditions of the request. The If header is judged here; what it says of the request's own entity tag is handed on,
 * so that it is judged again inside the writing transaction.
 * @throws DavError 412 when the If header does not hold, 400 when it is malformed
 */
export async function preconditionOf(x: Exchange): Promise<Precondition> {
  const conditions = headerConditions(x.request.header);
  const header = x.request.header('if');
  if (header === undefined) return conditions;
  const lists = parseIf(header);
  if (lists === null) throw new DavError(400);
  for (const list of lists) {
    const pinned = await holds(x, list);
    if (pinned === false) continue;
    return pinned === null || conditions.ifMatch !== undefined ? conditions : { ...conditions, ifMatch: [pinned] };
  }
  throw new DavError(412);
}

/** Whether a list holds: false, or the entity tag of the request's own resource that it rests on, or null for none. */
async function holds(x: Exchange, list: IfList): Promise<string | null | false> {
  const place = list.href === null ? x.request.place : x.placeOf(list.href);
  const { etag, tokens } = place === null ? NO_STATE : await stateOf(x, place);
  let pinned: string | null = null;
  for (const condition of list.conditions) {
    const matches =
      condition.etag === undefined ? tokens.includes(condition.token ?? '') : bareTag(condition.etag) === etag && etag !== null;
    if (matches === condition.not) return false;
    if (condition.etag !== undefined && !condition.not && list.href === null) pinned = bareTag(condition.etag);
  }
  return pinned;
}

interface State {
  readonly etag: string | null;
  readonly tokens: readonly string[];
}
const NO_STATE: State = { etag: null, tokens: [] };

/** Entity tag and state tokens of what is at a place now: its locks, and a collection's sync-token (RFC 6578 §5). */
async function stateOf(x: Exchange, place: Place): Promise<State> {
  const resource = await x.find(place);
  const locks = (await locksOn(x, place)).map(lockToken);
  if (resource === null) return { etag: null, tokens: locks };
  const etag = resource.item?.etag ?? (resource.file?.isFolder ? null : resource.file?.etag) ?? null;
  const sync = resource.collection !== null && resource.item === null ? syncToken(await x.cursorOf(resource.collection)) : null;
  return { etag, tokens: sync === null ? locks : [...locks, sync] };
}
