/** An expanded name in Clark's notation: `{namespace}local`; a name without a namespace is `{}local`. */
export type ClarkName = `{${string}}${string}`;

/** Namespaces the faces speak. */
export const NS = {
  /** RFC 4918. */
  dav: 'DAV:',
  /** RFC 4791, RFC 6638, RFC 7809. */
  caldav: 'urn:ietf:params:xml:ns:caldav',
  /** RFC 6352. */
  carddav: 'urn:ietf:params:xml:ns:carddav',
  /** Calendar server extensions that Apple's clients ask for. */
  cs: 'http://calendarserver.org/ns/',
  /** Colour and order of calendars, as Apple's clients set them. */
  ical: 'http://apple.com/ns/ical/',
  /** Further properties of Apple's clients. */
  me: 'http://me.com/_namespace/',
  /** draft-bitfire-webdav-push. */
  push: 'https://bitfire.at/webdav-push',
} as const;

/** The prefix under which a namespace is written. Every document declares the ones it lists at its root. */
const PREFIXES: ReadonlyMap<string, string> = new Map([
  [NS.dav, 'D'],
  [NS.caldav, 'C'],
  [NS.carddav, 'CARD'],
  [NS.cs, 'CS'],
  [NS.ical, 'A'],
  [NS.me, 'ME'],
  [NS.push, 'P'],
]);

/** Joins a namespace and a local name. */
export function clark(namespace: string, local: string): ClarkName {
  return `{${namespace}}${local}`;
}

/** Takes a Clark name apart. */
export function splitClark(name: ClarkName): { readonly namespace: string; readonly local: string } {
  const end = name.lastIndexOf('}');
  return { namespace: name.slice(1, end), local: name.slice(end + 1) };
}

export const D = (local: string): ClarkName => clark(NS.dav, local);
export const C = (local: string): ClarkName => clark(NS.caldav, local);
export const CARD = (local: string): ClarkName => clark(NS.carddav, local);
export const CS = (local: string): ClarkName => clark(NS.cs, local);
export const ICAL = (local: string): ClarkName => clark(NS.ical, local);
export const PUSH = (local: string): ClarkName => clark(NS.push, local);
export const ME = (local: string): ClarkName => clark(NS.me, local);

/** The fixed prefix of a namespace, where it has one. */
export function prefixOf(namespace: string): string | undefined {
  return PREFIXES.get(namespace);
}

/** Declarations of all fixed prefixes, for a root element: ` xmlns:D="DAV:" …`. */
export const DECLARATIONS: string = [...PREFIXES].map(([uri, prefix]) => ` xmlns:${prefix}="${uri}"`).join('');
