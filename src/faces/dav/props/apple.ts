import { createHash } from 'node:crypto';
import type { Collection } from '../../../domain/pim/model.js';
import { CS, D, ICAL } from '../../../formats/xml/names.js';
import { join, text, textElement, type Xml } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { type ProxyDegree, principalPath } from '../paths.js';
import { delegatorsOf, ofDegree } from '../proxy/delegates.js';
import { COLLECTIONS, HOMES, type Resource, type ResourceKind } from '../resource.js';
import { keptProperty, type Property } from './property.js';

const COUNTER = (collection: Collection): string => `${collection.source.collection}-${collection.seq}`;

/** Moves when any collection of the home changes, is made or removed, or gets other properties. */
async function homeTag(r: Resource, x: Exchange): Promise<Xml> {
  const hash = createHash('sha256');
  for (const collection of r.type === null ? [] : await x.collectionsOf(r.type)) {
    hash.update(
      JSON.stringify([COUNTER(collection), collection.name, collection.access, Object.entries(collection.properties).sort()]),
    );
  }
  return hash.digest('hex').slice(0, 32) as Xml;
}

/** Who lets the user read or write his calendars; of others that is nobody's business. */
async function delegators(r: Resource, x: Exchange, degree: ProxyDegree): Promise<Xml> {
  if (r.person?.id !== x.session.account) return '' as Xml;
  return join(ofDegree(await delegatorsOf(x), degree).map((address) => textElement(D('href'), principalPath(address))));
}

const CALENDAR: readonly ResourceKind[] = ['calendar'];

/** Extensions that Apple's and others' clients ask for. */
export const appleProperties: readonly Property[] = [
  {
    name: CS('getctag'),
    on: [...COLLECTIONS, ...HOMES, 'inbox'],
    spec: 'caldav-ctag-03 §4.1',
    get: async (r, x) => {
      if (r.collection !== null) return text(COUNTER(r.collection));
      return r.kind === 'inbox' ? ((await x.inboxTag()) as Xml) : homeTag(r, x);
    },
  },
  {
    name: CS('email-address-set'),
    on: ['principal'],
    spec: 'calendarserver principal properties',
    get: ({ person }) =>
      join([person?.address ?? '', ...(person?.aliases ?? [])].map((to) => textElement(CS('email-address'), to))),
  },
  {
    name: CS('calendar-proxy-read-for'),
    on: ['principal'],
    spec: 'caldav-proxy-02 §5.3.1',
    get: (r, x) => delegators(r, x, 'read'),
  },
  {
    name: CS('calendar-proxy-write-for'),
    on: ['principal'],
    spec: 'caldav-proxy-02 §5.3.2',
    get: (r, x) => delegators(r, x, 'write'),
  },
  {
    name: CS('record-type'),
    on: ['principal'],
    spec: 'calendarserver principal properties',
    get: () => 'users' as Xml,
  },
  keptProperty(ICAL('calendar-color'), CALENDAR, 'Apple calendar colour', (value) =>
    value.length > 64 ? conditionError(403, D('valid-value')) : undefined,
  ),
  keptProperty(ICAL('calendar-order'), CALENDAR, 'Apple calendar order', (value) =>
    /^-?\d{0,12}$/.test(value) ? undefined : conditionError(403, D('valid-value')),
  ),
];
