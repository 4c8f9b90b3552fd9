import type { Access } from '../../../domain/pim/model.js';
import { C, type ClarkName, D } from '../../../formats/xml/names.js';
import { element, elementWith, join, text, textElement, type Xml } from '../../../formats/xml/write.js';
import type { Exchange } from '../exchange.js';
import { principalPath } from '../paths.js';
import { delegatesOf, groupsOf, ofDegree } from '../proxy/delegates.js';
import { COLLECTIONS, EVERYTHING, FILES, HOMES, ITEMS, PROXIES, type Resource, type ResourceKind } from '../resource.js';
import type { Property } from './property.js';

/** Privileges by what the viewer may do (RFC 3744 §3, RFC 4791 §6.1.1). */
const PRIVILEGES: Readonly<Record<Access, readonly ClarkName[]>> = {
  owner: [
    D('all'),
    D('read'),
    C('read-free-busy'),
    D('write'),
    D('write-properties'),
    D('write-content'),
    D('bind'),
    D('unbind'),
    D('read-acl'),
    D('write-acl'),
    D('read-current-user-privilege-set'),
  ],
  write: [
    D('read'),
    C('read-free-busy'),
    D('write'),
    D('write-properties'),
    D('write-content'),
    D('bind'),
    D('unbind'),
    D('read-current-user-privilege-set'),
  ],
  read: [D('read'), C('read-free-busy'), D('read-current-user-privilege-set')],
  // What can be read is reduced to times, on every path.
  busy: [D('read'), C('read-free-busy'), D('read-current-user-privilege-set')],
};

const CONTEXT_PRIVILEGES = [D('read'), D('read-acl'), D('read-current-user-privilege-set')];
const PRINCIPAL_PRIVILEGES = CONTEXT_PRIVILEGES;
/** Collections are made and removed in a home; its own properties are fixed. */
const HOME_PRIVILEGES = [...CONTEXT_PRIVILEGES, D('bind'), D('unbind')];

const BY_KIND: Partial<Record<ResourceKind, readonly ClarkName[]>> = {
  root: CONTEXT_PRIVILEGES,
  principal: PRINCIPAL_PRIVILEGES,
  'proxy-read': [...PRINCIPAL_PRIVILEGES, D('write-properties')],
  'proxy-write': [...PRINCIPAL_PRIVILEGES, D('write-properties')],
  'calendar-home': HOME_PRIVILEGES,
  'addressbook-home': HOME_PRIVILEGES,
  folder: PRIVILEGES.owner,
  file: PRIVILEGES.owner,
  inbox: [D('read'), D('unbind'), C('schedule-deliver'), D('read-current-user-privilege-set')],
  message: [D('read'), D('read-current-user-privilege-set')],
  outbox: [D('read'), C('schedule-send'), D('read-current-user-privilege-set')],
};

function privilegesOf(r: Resource, x: Exchange): readonly ClarkName[] {
  if (PROXIES.includes(r.kind) && r.person?.id !== x.session.account) return PRINCIPAL_PRIVILEGES;
  return r.collection === null ? (BY_KIND[r.kind] ?? []) : PRIVILEGES[r.collection.access];
}

const privilege = (name: ClarkName): Xml => element(D('privilege'), element(name));

function ace(address: string, privileges: readonly ClarkName[], more?: Xml): Xml {
  const principal = element(D('principal'), textElement(D('href'), principalPath(address)));
  return element(D('ace'), principal, element(D('grant'), ...privileges.map(privilege)), more);
}

/** One entry of the privilege tree (RFC 3744 §5.3). */
function supported(name: ClarkName, description: string, ...inner: readonly Xml[]): Xml {
  const words = elementWith(D('description'), { 'xml:lang': 'en' }, text(description));
  return element(D('supported-privilege'), privilege(name), words, ...inner);
}

const PRIVILEGE_TREE = supported(
  D('all'),
  'Everything',
  supported(D('read'), 'Read', supported(C('read-free-busy'), 'See when the owner is busy')),
  supported(
    D('write'),
    'Write',
    supported(D('write-properties'), 'Change properties'),
    supported(D('write-content'), 'Change items'),
    supported(D('bind'), 'Add items'),
    supported(D('unbind'), 'Remove items'),
  ),
  supported(D('read-acl'), 'Read the access list'),
  supported(D('write-acl'), 'Share with others'),
  supported(C('schedule-deliver'), 'Receive messages about meetings'),
  supported(
    C('schedule-send'),
    'Schedule with others',
    supported(C('schedule-send-invite'), 'Invite'),
    supported(C('schedule-send-reply'), 'Answer'),
    supported(C('schedule-send-freebusy'), 'Ask for free/busy times'),
  ),
  supported(D('read-current-user-privilege-set'), 'Read the own privileges'),
);

const WITH_OWNER: readonly ResourceKind[] = [
  'principal',
  ...PROXIES,
  ...HOMES,
  ...COLLECTIONS,
  ...ITEMS,
  ...FILES,
  'inbox',
  'outbox',
];

/** RFC 3744 §4 and §5. */
export const aclProperties: readonly Property[] = [
  {
    name: D('owner'),
    on: WITH_OWNER,
    spec: 'RFC 3744 §5.1',
    get: (r, x) => textElement(D('href'), principalPath(r.collection?.owner?.address ?? r.person?.address ?? x.address)),
  },
  { name: D('supported-privilege-set'), on: EVERYTHING, spec: 'RFC 3744 §5.3', get: () => PRIVILEGE_TREE },
  {
    name: D('current-user-privilege-set'),
    on: EVERYTHING,
    spec: 'RFC 3744 §5.4',
    get: (r, x) => join(privilegesOf(r, x).map(privilege)),
  },
  {
    name: D('acl'),
    // Items have the list of their collection: it is not looked up for each of them.
    on: ['principal', ...HOMES, ...COLLECTIONS, ...FILES],
    spec: 'RFC 3744 §5.5',
    get: async (r, x) => {
      const owner = r.collection?.owner?.address ?? r.person?.address ?? x.address;
      const own = ace(owner, r.collection === null ? privilegesOf(r, x) : PRIVILEGES.owner, element(D('protected')));
      const shares =
        r.collection?.access === 'owner' && r.item === null ? await x.services.pim.shares(x.session, r.collection) : [];
      return join([own, ...shares.map(({ grantee, access }) => ace(grantee.address, PRIVILEGES[access]))]);
    },
  },
  {
    name: D('acl-restrictions'),
    on: WITH_OWNER,
    spec: 'RFC 3744 §5.6',
    get: () => join([element(D('grant-only')), element(D('no-invert'))]),
  },
  { name: D('inherited-acl-set'), on: WITH_OWNER, spec: 'RFC 3744 §5.7', get: () => '' as Xml },
  {
    name: D('principal-URL'),
    on: ['principal', ...PROXIES],
    spec: 'RFC 3744 §4.2',
    get: (r) => textElement(D('href'), r.href),
  },
  {
    name: D('alternate-URI-set'),
    on: ['principal'],
    spec: 'RFC 3744 §4.1',
    get: ({ person }) => textElement(D('href'), `mailto:${person?.address ?? ''}`),
  },
  { name: D('group-member-set'), on: ['principal'], spec: 'RFC 3744 §4.3', get: () => '' as Xml },
  {
    name: D('group-member-set'),
    on: PROXIES,
    spec: 'RFC 3744 §4.3, caldav-proxy-02 §3.2',
    // Set by PROPPATCH, see proxy/members.ts; who they are is for the delegating person alone.
    get: async (r, x) => {
      if (r.person?.id !== x.session.account) return undefined;
      const members = ofDegree(await delegatesOf(x), r.kind === 'proxy-write' ? 'write' : 'read');
      return join(members.map((address) => textElement(D('href'), principalPath(address))));
    },
  },
  {
    name: D('group-membership'),
    on: ['principal', ...PROXIES],
    spec: 'RFC 3744 §4.4',
    get: async (r, x) => {
      const own = r.kind === 'principal' && r.person?.id === x.session.account;
      return join((own ? await groupsOf(x) : []).map((href) => textElement(D('href'), href)));
    },
  },
];
