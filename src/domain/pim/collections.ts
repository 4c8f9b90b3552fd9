import { randomUUID } from 'node:crypto';
import { DomainError } from '../errors.js';
import { CALENDAR_COMPONENTS, KINDS } from './kinds.js';
import type { Access, Collection, CollectionDraft, CollectionPatch } from './model.js';
import type { NewCollection, StoredCollection, StoredShare } from './store.js';

const MAX_NAME_BYTES = 255;

export const MAY_READ: ReadonlySet<Access> = new Set(['owner', 'write', 'read', 'busy']);
export const MAY_WRITE: ReadonlySet<Access> = new Set(['owner', 'write']);

/** Properties that each viewer of a shared collection has for himself: its looks and whether it makes him busy. */
const VIEWERS_OWN: ReadonlySet<string> = new Set([
  '{http://apple.com/ns/ical/}calendar-color',
  '{http://apple.com/ns/ical/}calendar-order',
  '{urn:ietf:params:xml:ns:caldav}schedule-calendar-transp',
  '{urn:ietf:params:xml:ns:caldav}default-alarm-vevent-datetime',
  '{urn:ietf:params:xml:ns:caldav}default-alarm-vevent-date',
]);

/** @throws DomainError `forbidden` with `need-privileges` */
export function requireAccess(collection: Collection, allowed: ReadonlySet<Access>): void {
  if (!allowed.has(collection.access)) throw new DomainError('forbidden', 'no access', { reason: 'need-privileges' });
}

/** A path segment that a client may choose. @throws DomainError `invalid` */
export function checkedName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const bad = name === '' || name === '.' || name === '..' || /[/\u0000-\u001f\u007f]/.test(name);
  if (bad || Buffer.byteLength(name) > MAX_NAME_BYTES) throw new DomainError('invalid', 'not a usable name');
  return name;
}

/** @throws DomainError `invalid`, `forbidden` with `supported-calendar-component` */
export function newCollection(draft: CollectionDraft): NewCollection {
  const allowed = draft.kind === 'contacts' ? KINDS.contacts.components : CALENDAR_COMPONENTS;
  const components = draft.components ?? KINDS[draft.kind].components;
  if (components.length === 0 || components.some((component) => !allowed.includes(component))) {
    throw new DomainError('forbidden', 'unsupported component', { reason: 'supported-calendar-component' });
  }
  return {
    kind: draft.kind,
    slug: draft.slug === undefined ? randomUUID() : checkedName(draft.slug),
    name: draft.name,
    primary: false,
    components: [...new Set(components)],
    properties: draft.properties ?? {},
  };
}

export function ownCollection(stored: StoredCollection): Collection {
  const { place, ...rest } = stored;
  return { ...rest, id: place.collection, source: place, access: 'owner', owner: null };
}

/** A collection of somebody else as it appears in the viewer's home. */
export function mountedCollection({ collection, mount, access, owner }: StoredShare): Collection {
  const { place, ...rest } = collection;
  const shown = Object.entries(rest.properties).filter(([name]) => !VIEWERS_OWN.has(name));
  return {
    ...rest,
    id: mount.id,
    source: place,
    slug: mount.slug,
    name: mount.name ?? `${rest.name} (${owner.displayName || owner.address})`,
    access,
    owner,
    primary: false,
    properties: { ...Object.fromEntries(shown), ...mount.properties },
  };
}

/** Splits a patch by a viewer who may write into what is his own and what is the collection's. */
export function splitPatch(patch: CollectionPatch): { readonly own: CollectionPatch; readonly common: CollectionPatch } {
  const entries = Object.entries(patch.properties ?? {});
  return {
    own: { name: patch.name, properties: Object.fromEntries(entries.filter(([name]) => VIEWERS_OWN.has(name))) },
    common: { properties: Object.fromEntries(entries.filter(([name]) => !VIEWERS_OWN.has(name))) },
  };
}
