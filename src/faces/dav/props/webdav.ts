import { createHash } from 'node:crypto';
import { C, CARD, CS, D } from '../../../formats/xml/names.js';
import { textOf } from '../../../formats/xml/read.js';
import { element, join, text, textElement, type Xml } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import { principalPath, principalsPath } from '../paths.js';
import { reportsOn } from '../reports/supported.js';
import { COLLECTIONS, EVERYTHING, FILES, HOMES, ITEMS, PROXIES, type Resource, type ResourceKind } from '../resource.js';
import { contentType } from './content-type.js';
import { keptProperty, type Property } from './property.js';

const COLLECTION = element(D('collection'));
const NOTHING = '' as Xml;

/** RFC 4918 §15.9, RFC 3744 §4, RFC 4791 §4.2, RFC 6352 §5.2, RFC 6638 §2.1. */
const RESOURCE_TYPES: Readonly<Record<ResourceKind, Xml>> = {
  root: COLLECTION,
  principal: join([COLLECTION, element(D('principal'))]),
  'proxy-read': join([COLLECTION, element(D('principal')), element(CS('calendar-proxy-read'))]),
  'proxy-write': join([COLLECTION, element(D('principal')), element(CS('calendar-proxy-write'))]),
  'calendar-home': COLLECTION,
  'addressbook-home': COLLECTION,
  calendar: join([COLLECTION, element(C('calendar'))]),
  addressbook: join([COLLECTION, element(CARD('addressbook'))]),
  event: NOTHING,
  card: NOTHING,
  folder: COLLECTION,
  message: NOTHING,
  inbox: join([COLLECTION, element(C('schedule-inbox'))]),
  outbox: join([COLLECTION, element(C('schedule-outbox'))]),
  file: NOTHING,
};

/** What a shared collection is beside its type, for its owner and for others (calendarserver-sharing §5.1). */
function resourceType(r: Resource): Xml {
  const shared = r.collection !== null && r.item === null && r.collection.access !== 'owner';
  return shared ? join([RESOURCE_TYPES[r.kind], element(CS('shared'))]) : RESOURCE_TYPES[r.kind];
}

const displayNames: Partial<Record<ResourceKind, string>> = {
  'proxy-read': 'Delegates who may read',
  'proxy-write': 'Delegates who may write',
  'calendar-home': 'Calendars',
  'addressbook-home': 'Address books',
  inbox: 'Inbox',
  outbox: 'Outbox',
};

/** RFC 4918 §15, RFC 3253 §3.1.5, RFC 5397, RFC 5842. */
export const webdavProperties: readonly Property[] = [
  { name: D('resourcetype'), on: EVERYTHING, all: true, spec: 'RFC 4918 §15.9', get: resourceType },
  {
    name: D('displayname'),
    on: ['principal', ...PROXIES, ...HOMES, ...COLLECTIONS, 'inbox', 'outbox'],
    all: true,
    spec: 'RFC 4918 §15.2',
    get: (r) => text(r.collection?.name ?? displayNames[r.kind] ?? (r.person?.displayName || r.person?.address) ?? ''),
    set: (value) => {
      const name = value === null ? '' : textOf(value);
      return name.length > 255 ? conditionError(403, D('valid-displayname')) : { name };
    },
  },
  {
    name: D('getetag'),
    on: [...ITEMS, 'file'],
    all: true,
    spec: 'RFC 4918 §15.6',
    get: ({ item, file }) => {
      const etag = item?.etag ?? file?.etag;
      return etag === undefined ? undefined : (`"${etag}"` as Xml);
    },
  },
  {
    name: D('getcontenttype'),
    on: [...ITEMS, ...FILES],
    all: true,
    spec: 'RFC 4918 §15.5',
    get: ({ item, file, type }) => text(file?.type ?? contentType(type, item?.component ?? '')),
  },
  {
    name: D('getcontentlength'),
    on: [...ITEMS, 'file'],
    all: true,
    spec: 'RFC 4918 §15.4',
    needs: 'head',
    get: ({ item, file }) => {
      const size = item?.size ?? file?.size;
      return size === undefined ? undefined : (String(size) as Xml);
    },
  },
  {
    name: D('getlastmodified'),
    on: [...ITEMS, ...FILES],
    all: true,
    spec: 'RFC 4918 §15.7',
    needs: 'head',
    get: ({ item, file }) => (item?.modified ?? file?.modified)?.toUTCString() as Xml | undefined,
  },
  {
    name: D('creationdate'),
    on: FILES,
    all: true,
    spec: 'RFC 4918 §15.1',
    get: ({ file }) => file?.created.toISOString() as Xml | undefined,
  },
  keptProperty(D('displayname'), FILES, 'RFC 4918 §15.2'),
  {
    name: D('supported-report-set'),
    on: EVERYTHING,
    spec: 'RFC 3253 §3.1.5',
    get: (r) => join(reportsOn(r.kind).map((name) => element(D('supported-report'), element(D('report'), element(name))))),
  },
  {
    name: D('add-member'),
    on: COLLECTIONS,
    spec: 'RFC 5995 §3.2.1',
    get: (r) => textElement(D('href'), r.href),
  },
  {
    name: D('current-user-principal'),
    on: EVERYTHING,
    spec: 'RFC 5397 §3',
    get: (_, x) => textElement(D('href'), principalPath(x.address)),
  },
  {
    name: D('principal-collection-set'),
    on: EVERYTHING,
    spec: 'RFC 3744 §5.8',
    get: () => textElement(D('href'), principalsPath),
  },
  {
    name: D('resource-id'),
    on: [...COLLECTIONS, 'principal'],
    spec: 'RFC 5842 §3.1',
    get: (r, x) =>
      textElement(D('href'), `urn:uuid:${stableUuid(r.collection?.source ?? { account: r.person?.id ?? x.session.account })}`),
  },
];

/** A UUID (version 8, RFC 9562) that stays the same for the same account and collection. */
function stableUuid(source: { readonly account: string; readonly collection?: string }): string {
  const hex = createHash('sha256')
    .update(`${source.account}\0${source.collection ?? ''}`)
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
