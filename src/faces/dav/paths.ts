import type { PimKind } from '../../domain/pim/model.js';

/** The two homes of an account: calendars, task lists and notebooks in one, address books in the other. */
export type HomeType = 'calendars' | 'addressbooks';

/** Degrees of delegation (caldav-proxy §3.2). */
export type ProxyDegree = 'read' | 'write';

/** What a URL names, whether or not it exists. `user` is the decoded segment. */
export type Place =
  | { readonly at: 'root'; readonly href: string }
  | { readonly at: 'context' }
  | { readonly at: 'principals' }
  | { readonly at: 'principal'; readonly user: string }
  /** The group of those who may read or write the user's calendars (caldav-proxy §3.2). */
  | { readonly at: 'proxy'; readonly user: string; readonly degree: ProxyDegree }
  | { readonly at: 'homes'; readonly type: HomeType }
  | { readonly at: 'home'; readonly type: HomeType; readonly user: string }
  | { readonly at: 'collection'; readonly type: HomeType; readonly user: string; readonly slug: string }
  | { readonly at: 'item'; readonly type: HomeType; readonly user: string; readonly slug: string; readonly name: string }
  /** A plain file or folder; `path` is relative to the user's area, empty for the area itself. */
  | { readonly at: 'file'; readonly user: string; readonly path: string }
  /** Where clients post requests for free/busy times (RFC 6638 §2.1). */
  | { readonly at: 'outbox'; readonly user: string }
  /** Messages about meetings (RFC 6638 §2.2). */
  | { readonly at: 'inbox'; readonly user: string }
  | { readonly at: 'message'; readonly user: string; readonly name: string }
  /** An attachment of a calendar object; `user` keeps it (RFC 8607). */
  | { readonly at: 'attachment'; readonly user: string; readonly id: string }
  /** A registration for push messages. */
  | { readonly at: 'push'; readonly id: string }
  /** The collection of all areas of files. */
  | { readonly at: 'files' }
  | { readonly at: 'well-known' }
  | { readonly at: 'nowhere' };

/** The path breaks the rules for paths: bad escapes, dot segments, encoded slashes, control characters. */
export class BadPath extends Error {
  override readonly name = 'BadPath';
}

const MAX_PATH = 4_096;
const MAX_SEGMENT = 1_024;

/** Where everything starts. */
export const CONTEXT = '/dav/';

/** A decoded segment in the one encoding that answers use: all but unreserved characters (RFC 3986 §2.3) is encoded. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export const principalsPath = `${CONTEXT}principals/`;
export const homesPath = (type: HomeType): string => `${CONTEXT}${type}/`;
export const principalPath = (address: string): string => `${principalsPath}${encodeSegment(address)}/`;
export const proxyPath = (address: string, degree: ProxyDegree): string => `${principalPath(address)}calendar-proxy-${degree}/`;
export const homePath = (type: HomeType, address: string): string => `${homesPath(type)}${encodeSegment(address)}/`;
export const collectionPath = (type: HomeType, address: string, slug: string): string =>
  `${homePath(type, address)}${encodeSegment(slug)}/`;

export const attachmentsPath = `${CONTEXT}attachments/`;

export const attachmentPath = (owner: string, id: string, name: string): string =>
  `${attachmentsPath}${encodeSegment(owner)}/${encodeSegment(id)}/${encodeSegment(name)}`;

export const filesPath = `${CONTEXT}files/`;

/** Apple's clients look for both among the members of the calendar home. */
export const inboxPath = (address: string): string => `${homePath('calendars', address)}inbox/`;
export const outboxPath = (address: string): string => `${homePath('calendars', address)}outbox/`;
export const pushPath = (id: string): string => `${CONTEXT}push/${encodeSegment(id)}`;

/** The path of a plain file, or with a slash at its end of a folder. */
export function filePath(address: string, path: string, isFolder: boolean): string {
  const area = `${filesPath}${encodeSegment(address)}/`;
  if (path === '') return area;
  return area + path.split('/').map(encodeSegment).join('/') + (isFolder ? '/' : '');
}

/** The home in which a kind of collection appears. */
export function homeOf(kind: PimKind): HomeType {
  return kind === 'contacts' ? 'addressbooks' : 'calendars';
}

/**
 * Reads the path of a request or an href: absolute path or absolute URL, decoded once, with or without the trailing slash.
 * Returns null for paths that belong to other faces.
 * @throws BadPath
 */
export function parsePath(target: string): Place | null {
  const path = pathOf(target);
  if (path.length > MAX_PATH) throw new BadPath('The path is too long');
  const raw = path.split('/').slice(1);
  if (raw.at(-1) === '') raw.pop();
  const ours = claims(raw);
  if (ours === null) return null;
  // A fragment is no part of a request: what it names can't be meant by what is left of it.
  if (target.includes('#')) throw new BadPath('The path has a fragment');
  return ours(raw.map(decodeSegment), path);
}

/** The path of a target in origin or absolute form, without query and fragment. */
function pathOf(target: string): string {
  const start = target.startsWith('/') ? 0 : target.indexOf('/', target.indexOf('://') + 3);
  const path = start < 0 ? '/' : target.slice(start);
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

function decodeSegment(raw: string): string {
  let segment: string;
  try {
    segment = raw.includes('%') ? decodeURIComponent(raw) : raw;
  } catch {
    throw new BadPath('The path is not percent-encoded UTF-8');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[/\\\u0000-\u001f\u007f]/.test(segment)) throw new BadPath('A path segment holds a slash or a control character');
  if (segment === '.' || segment === '..' || segment === '') throw new BadPath('The path has an empty or a dot segment');
  if (segment.length > MAX_SEGMENT) throw new BadPath('A path segment is too long');
  return segment;
}

type Reader = (segments: readonly string[], path: string) => Place;

/** Whose path it is, judged by its undecoded beginning, so that other faces' paths are never refused here. */
function claims(raw: readonly string[]): Reader | null {
  if (raw.length === 0) return (_, path) => ({ at: 'root', href: path });
  for (const [pattern, reader] of CLAIMS) if (pattern.test(raw.join('/'))) return reader;
  return null;
}

/** RFC 6764 §5 and the addresses that Apple's clients try when nobody told them one. */
const CLAIMS: readonly (readonly [RegExp, Reader])[] = [
  [/^dav(\/|$)/, (segments) => inContext(segments.slice(1))],
  [/^\.well-known\/(caldav|carddav)$/, () => ({ at: 'well-known' })],
  [/^principals$/, (_, path) => ({ at: 'root', href: path })],
  [
    /^calendar\/dav\/[^/]+\/user$/,
    (segments) => ({ at: 'root', href: `/calendar/dav/${encodeSegment(segments[2] ?? '')}/user/` }),
  ],
];

function inContext(segments: readonly string[]): Place {
  const [area, user, slug, name, ...more] = segments;
  if (area === undefined) return { at: 'context' };
  if (area === 'principals') return inPrincipals(segments.slice(1));
  if (area === 'files') return user === undefined ? { at: 'files' } : { at: 'file', user, path: segments.slice(2).join('/') };
  if (area === 'attachments' && user !== undefined && slug !== undefined && more.length === 0)
    return { at: 'attachment', user, id: slug };
  if (area === 'push' && user !== undefined && slug === undefined) return { at: 'push', id: user };
  if ((area !== 'calendars' && area !== 'addressbooks') || more.length > 0) return { at: 'nowhere' };
  if (user === undefined) return { at: 'homes', type: area };
  if (slug === undefined) return { at: 'home', type: area, user };
  if (area === 'calendars' && slug === 'outbox') return name === undefined ? { at: 'outbox', user } : { at: 'nowhere' };
  if (area === 'calendars' && slug === 'inbox') return name === undefined ? { at: 'inbox', user } : { at: 'message', user, name };
  if (name === undefined) return { at: 'collection', type: area, user, slug };
  return { at: 'item', type: area, user, slug, name };
}

function inPrincipals([segment, group, ...more]: readonly string[]): Place {
  if (segment === undefined) return { at: 'principals' };
  const user = addressIn(segment);
  if (group === undefined) return { at: 'principal', user };
  const degree = /^calendar-proxy-(read|write)$/.exec(group)?.[1] as ProxyDegree | undefined;
  return degree === undefined || more.length > 0 ? { at: 'nowhere' } : { at: 'proxy', user, degree };
}

/** Thunderbird encodes the path of the principal once more (`alice%2540example.org`) when it asks about scheduling. */
function addressIn(segment: string): string {
  return !segment.includes('@') && segment.includes('%40') ? decodeSegment(segment) : segment;
}
