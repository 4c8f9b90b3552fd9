import { createHash } from 'node:crypto';
import type { Cursor } from '../../domain/changes/feed.js';
import type { FileHead } from '../../domain/files/model.js';
import type { Collection, Item } from '../../domain/pim/model.js';
import type { InboxItem } from '../../domain/scheduling/store.js';
import type { Services } from '../../domain/services.js';
import type { Account, Session } from '../../domain/types.js';
import type { ClarkName } from '../../formats/xml/names.js';
import { parseXml, type XmlElement, XmlError, type XmlLimits } from '../../formats/xml/read.js';
import { DavError } from './errors.js';
import { type DavRequest, type Preferences, preferencesOf } from './message.js';
import {
  CONTEXT,
  collectionPath,
  encodeSegment,
  filePath,
  filesPath,
  type HomeType,
  homeOf,
  homePath,
  homesPath,
  inboxPath,
  outboxPath,
  type Place,
  type ProxyDegree,
  parsePath,
  principalPath,
  principalsPath,
  proxyPath,
} from './paths.js';
import { quietIn } from './push/quiet.js';
import type { ItemView, Resource } from './resource.js';

/** A multiget of 5,000 long hrefs is an ordinary request. */
const REQUEST_LIMITS: XmlLimits = { bytes: 4 << 20, depth: 32, elements: 50_000, attributes: 32 };

/** One request being served: who asks, for what, and what was looked up for it so far. */
export class Exchange {
  readonly preferences: Preferences;
  /** What a listing starts from: properties that take a look-up of their own do it once for all beneath. */
  target: Resource | null = null;
  #collections: Promise<readonly Collection[]> | null = null;
  #cursors: Promise<ReadonlyMap<string, Cursor>> | null = null;
  #itemProperties: Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> | null = null;

  readonly session: Session;

  constructor(
    readonly services: Services,
    session: Session,
    readonly request: DavRequest,
  ) {
    this.preferences = preferencesOf(request);
    const quiet = quietIn(request.header('push-dont-notify'), (href) => this.placeOf(href));
    this.session = { ...session, ...(quiet.length === 0 ? {} : { quiet }), ...schedulingOf(request) };
  }

  get address(): string {
    return this.session.user.address;
  }

  /** Whether a path segment names the logged-in user; an alias or another case of the address does too. */
  isSelf(user: string): boolean {
    const wanted = user.toLowerCase();
    const { address, aliases } = this.session.user;
    return wanted === address.toLowerCase() || aliases.some((alias) => alias.toLowerCase() === wanted);
  }

  /** The parsed body, or null for an empty one. @throws DavError 400 when the root element is another. */
  xml(...roots: readonly ClarkName[]): XmlElement | null {
    if (this.request.body.byteLength === 0) return null;
    const root = parseXml(this.request.body, REQUEST_LIMITS);
    if (roots.length > 0 && !roots.includes(root.name)) throw new XmlError('The root element is not the one expected');
    return root;
  }

  collections(): Promise<readonly Collection[]> {
    this.#collections ??= this.services.pim.collections(this.session);
    return this.#collections;
  }

  async collectionsOf(type: HomeType): Promise<readonly Collection[]> {
    return (await this.collections()).filter((collection) => homeOf(collection.kind) === type);
  }

  /** Forgets what was looked up, after a change of collections. */
  refresh(): void {
    this.#collections = null;
    this.#cursors = null;
  }

  /** The collection a place lies in or is, or null. @throws DavError 403 in other people's homes */
  async collectionAt(place: Place): Promise<Collection | null> {
    if (place.at !== 'collection' && place.at !== 'item') return null;
    this.#own(place.user);
    const all = await this.collectionsOf(place.type);
    return all.find((collection) => collection.slug === place.slug) ?? null;
  }

  /** The cursor of a collection's present state: one look-up serves all collections of the request. */
  async cursorOf(collection: Collection): Promise<Cursor | undefined> {
    this.#cursors ??= this.collections().then((all) => this.services.pim.cursors(this.session, all));
    return (await this.#cursors).get(collection.id);
  }

  /** What clients keep with items of the collection that the answer is about, by name. */
  itemProperties(): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    const { collection = null, item = null } = this.target ?? {};
    this.#itemProperties ??=
      collection === null ? Promise.resolve(new Map()) : this.services.pim.itemProperties(this.session, collection, item?.name);
    return this.#itemProperties;
  }

  collectionHref(collection: Collection): string {
    return collectionPath(homeOf(collection.kind), this.address, collection.slug);
  }

  /** @throws DavError 403 in other people's places */
  requireSelf(user: string): void {
    this.#own(user);
  }

  /** What is at a place. @throws DavError 404, 403 */
  async resolve(place: Place): Promise<Resource> {
    const found = await this.find(place);
    if (found === null) throw new DavError(404);
    return found;
  }

  /** What is at a place, or null. @throws DavError 403 in other people's places, whether or not they exist */
  async find(place: Place): Promise<Resource | null> {
    switch (place.at) {
      case 'root':
        return plain('root', place.href, null);
      case 'well-known':
      case 'context':
        return plain('root', CONTEXT, null);
      case 'principals':
        return plain('root', principalsPath, null);
      case 'homes':
        return plain('root', homesPath(place.type), place.type);
      case 'principal':
        return this.#principal(place.user);
      case 'proxy':
        return this.proxy((await this.#principal(place.user)).person ?? this.session.user, place.degree);
      case 'outbox':
        this.#own(place.user);
        return this.outbox();
      case 'inbox':
        this.#own(place.user);
        return this.inbox();
      case 'message':
        return this.#message(place);
      case 'push':
      case 'attachment':
        return null;
      case 'home':
        this.#own(place.user);
        return this.home(place.type);
      case 'collection':
        return this.#collection(place);
      case 'item':
        return this.#item(place);
      case 'files':
        return plain('root', filesPath, null);
      case 'file':
        return this.#file(place);
      case 'nowhere':
        return null;
    }
  }

  /** The principal of a person; of the user where nobody is named. */
  principal(person: Account = this.session.user): Resource {
    return { ...plain('principal', principalPath(person.address), null), person };
  }

  /** The group of a person's delegates. */
  proxy(person: Account, degree: ProxyDegree): Resource {
    return { ...plain(`proxy-${degree}`, proxyPath(person.address, degree), null), person };
  }

  home(type: HomeType): Resource {
    return plain(type === 'calendars' ? 'calendar-home' : 'addressbook-home', homePath(type, this.address), type);
  }

  inbox(): Resource {
    return plain('inbox', inboxPath(this.address), 'calendars');
  }

  outbox(): Resource {
    return plain('outbox', outboxPath(this.address), null);
  }

  /** Moves with each message that comes or goes. */
  async inboxTag(): Promise<string> {
    const hash = createHash('sha256');
    for (const { name, etag } of await this.services.scheduling.inbox(this.session)) hash.update(`${name} ${etag}\n`);
    return hash.digest('hex').slice(0, 32);
  }

  /** A message in the inbox. */
  messageResource(message: InboxItem): Resource {
    const { name, etag, text, created } = message;
    const component = /^BEGIN:(VEVENT|VTODO|VJOURNAL)\s*$/m.exec(text)?.[1] ?? '';
    const item = { name, etag, text, component, modified: created, size: Buffer.byteLength(text), scheduleTag: null };
    return this.itemResource(this.inbox(), item);
  }

  collectionResource(collection: Collection): Resource {
    const type = homeOf(collection.kind);
    return {
      kind: type === 'calendars' ? 'calendar' : 'addressbook',
      href: this.collectionHref(collection),
      type,
      collection,
      item: null,
      file: null,
      person: null,
    };
  }

  itemResource(parent: Resource, item: ItemView): Resource {
    return {
      kind: ITEM_KINDS[parent.kind] ?? 'event',
      href: parent.href + encodeSegment(item.name),
      type: parent.type,
      collection: parent.collection,
      item,
      file: null,
      person: null,
    };
  }

  /** Reads an href in a body or header; null when it is no path of this face. */
  placeOf(href: string): Place | null {
    try {
      return parsePath(href.trim());
    } catch {
      return null;
    }
  }

  async #collection(place: Place): Promise<Resource | null> {
    const collection = await this.collectionAt(place);
    return collection === null ? null : this.collectionResource(collection);
  }

  async #item(place: Place & { at: 'item' }): Promise<Resource | null> {
    const collection = await this.collectionAt(place);
    if (collection === null) return null;
    const item: Item | null = await this.services.pim.item(this.session, collection, { name: place.name });
    return item === null ? null : this.itemResource(this.collectionResource(collection), item);
  }

  fileResource(file: FileHead): Resource {
    const kind = file.isFolder ? 'folder' : 'file';
    return { ...plain(kind, filePath(this.address, file.path, file.isFolder), null), file };
  }

  async #file(place: Place & { at: 'file' }): Promise<Resource | null> {
    this.#own(place.user);
    const file = await this.services.files.head(this.session, place.path);
    return file === null ? null : this.fileResource(file);
  }

  /** People of the same domain see each other's names and addresses (RFC 3744 §2); all others are refused alike. */
  async #principal(user: string): Promise<Resource> {
    if (this.isSelf(user)) return this.principal();
    const person = await this.services.directory.byAddress(this.session, user);
    if (person === null) throw new DavError(403);
    return this.principal(person);
  }

  async #message(place: Place & { at: 'message' }): Promise<Resource | null> {
    this.#own(place.user);
    const message = await this.services.scheduling.inboxItem(this.session, place.name);
    return message === null ? null : this.messageResource(message);
  }

  #own(user: string): void {
    if (!this.isSelf(user)) throw new DavError(403);
  }
}

const ITEM_KINDS: Partial<Record<Resource['kind'], Resource['kind']>> = { addressbook: 'card', inbox: 'message' };

/** Whoever deletes an invitation may do so without a word (RFC 6638 §8.1). */
function schedulingOf(request: DavRequest): Pick<Session, 'scheduling'> {
  const silent = request.method === 'DELETE' && request.header('schedule-reply')?.trim().toUpperCase() === 'F';
  return silent ? { scheduling: 'off' } : {};
}

function plain(kind: Resource['kind'], href: string, type: HomeType | null): Resource {
  return { kind, href, type, collection: null, item: null, file: null, person: null };
}
