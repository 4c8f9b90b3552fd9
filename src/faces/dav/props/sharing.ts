import type { Share } from '../../../domain/pim/model.js';
import { CS, D } from '../../../formats/xml/names.js';
import { element, join, textElement, type Xml } from '../../../formats/xml/write.js';
import type { Exchange } from '../exchange.js';
import { principalPath } from '../paths.js';
import { COLLECTIONS, type Resource } from '../resource.js';
import type { Property } from './property.js';

/** Those with whom the owner shares; others are not told who else sees the collection. */
async function sharesOf(r: Resource, x: Exchange): Promise<readonly Share[] | undefined> {
  return r.collection?.access === 'owner' ? x.services.pim.shares(x.session, r.collection) : undefined;
}

const STATUS: Readonly<Record<Share['status'], string>> = {
  invited: 'invite-noresponse',
  accepted: 'invite-accepted',
  declined: 'invite-declined',
};

/** calendarserver-sharing §5.2: busy-only shares look like read access there. */
function user({ grantee, access, status, summary }: Share): Xml {
  return element(
    CS('user'),
    textElement(D('href'), `mailto:${grantee.address}`),
    textElement(CS('common-name'), grantee.displayName || grantee.address),
    element(CS(STATUS[status])),
    element(CS('access'), element(CS(access === 'write' ? 'read-write' : 'read'))),
    summary === '' ? null : textElement(CS('summary'), summary),
  );
}

/** draft-pot-webdav-resource-sharing §4.2. */
function sharee({ grantee, access, status }: Share): Xml {
  return element(
    D('sharee'),
    textElement(D('href'), `mailto:${grantee.address}`),
    element(D('principal'), textElement(D('href'), principalPath(grantee.address))),
    element(D(STATUS[status])),
    element(D('share-access'), element(D(access === 'write' ? 'read-write' : 'read'))),
  );
}

/** Sharing between accounts, in the words of Apple's clients and of the later draft. */
export const sharingProperties: readonly Property[] = [
  {
    name: CS('invite'),
    on: COLLECTIONS,
    spec: 'calendarserver-sharing §5.2',
    get: async (r, x) => {
      const shares = await sharesOf(r, x);
      if (shares !== undefined) return join(shares.map(user));
      const owner = r.collection?.owner;
      if (!owner) return undefined;
      const name = textElement(CS('common-name'), owner.displayName || owner.address);
      return element(CS('organizer'), textElement(D('href'), principalPath(owner.address)), name);
    },
  },
  {
    name: CS('allowed-sharing-modes'),
    on: COLLECTIONS,
    spec: 'calendarserver-sharing §5.3',
    get: ({ collection }) => (collection?.access === 'owner' ? element(CS('can-be-shared')) : undefined),
  },
  {
    name: D('invite'),
    on: COLLECTIONS,
    spec: 'draft-pot-webdav-resource-sharing §4.2',
    get: async (r, x) => {
      const shares = await sharesOf(r, x);
      return shares === undefined ? undefined : join(shares.map(sharee));
    },
  },
  {
    name: D('share-access'),
    on: COLLECTIONS,
    spec: 'draft-pot-webdav-resource-sharing §4.1',
    get: async (r, x) => {
      const shares = await sharesOf(r, x);
      if (shares !== undefined) return element(D(shares.length === 0 ? 'not-shared' : 'shared-owner'));
      return element(D(r.collection?.access === 'write' ? 'read-write' : 'read'));
    },
  },
];
