import { isDomainError } from '../../../domain/errors.js';
import type { Share } from '../../../domain/pim/model.js';
import { C, type ClarkName, D } from '../../../formats/xml/names.js';
import { childOf, elementsOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { requireUnlocked } from '../locks.js';
import type { DavReply } from '../message.js';
import { preconditionOf } from '../preconditions.js';
import { addressIn } from '../sharing/invite.js';
import { allow } from './options.js';

type Access = Share['access'];

/** What a granted privilege comes to: sharing knows three degrees. */
const ACCESS_OF: ReadonlyMap<ClarkName, Access> = new Map<ClarkName, Access>([
  [D('all'), 'write'],
  [D('write'), 'write'],
  [D('write-content'), 'write'],
  [D('bind'), 'write'],
  [D('unbind'), 'write'],
  [D('write-properties'), 'read'],
  [D('read'), 'read'],
  [D('read-acl'), 'busy'],
  [D('read-current-user-privilege-set'), 'busy'],
  [C('read-free-busy'), 'busy'],
]);
const DEGREES: readonly Access[] = ['busy', 'read', 'write'];
const MAX_ACES = 100;

/** ACL (RFC 3744 §8.1) on an own collection: the entries become its shares, and shares without an entry end. */
export async function acl(x: Exchange): Promise<DavReply> {
  const target = await x.resolve(x.request.place);
  const { collection } = target;
  if (collection === null || target.item !== null) throw new DavError(405, undefined, { Allow: allow(x.request.place) });
  const body = x.xml(D('acl'));
  if (body === null) throw new DavError(400);
  if (collection.access !== 'owner') throw conditionError(403, D('need-privileges'));
  await preconditionOf(x);
  await requireUnlocked(x, x.request.place);
  const wanted = await wantedShares(x, elementsOf(body, D('ace')));
  const present = await x.services.pim.shares(x.session, collection);
  for (const { grantee } of present) {
    if (!wanted.has(grantee.address)) await x.services.pim.share(x.session, collection, grantee.address, null);
  }
  for (const [address, access] of wanted) {
    if (!present.some(({ grantee, access: has }) => grantee.address === address && has === access)) {
      await granted(x.services.pim.share(x.session, collection, address, { access }));
    }
  }
  return { status: 200 };
}

/** Every entry is judged before anything is changed (RFC 3744 §8.1.1). */
async function wantedShares(x: Exchange, aces: readonly XmlElement[]): Promise<ReadonlyMap<string, Access>> {
  if (aces.length > MAX_ACES) throw conditionError(403, D('limited-number-of-aces'));
  const wanted = new Map<string, Access>();
  for (const ace of aces) {
    // The owner's own rights are protected: naming them again changes nothing.
    if (childOf(ace, D('protected')) !== undefined) continue;
    if (childOf(ace, D('invert')) !== undefined) throw conditionError(403, D('no-invert'));
    if (childOf(ace, D('deny')) !== undefined) throw conditionError(403, D('grant-only'));
    const address = await grantee(x, ace);
    if (x.isSelf(address)) continue;
    const access = accessIn(ace);
    if (access !== null) wanted.set(address, higher(wanted.get(address), access));
  }
  return wanted;
}

async function grantee(x: Exchange, ace: XmlElement): Promise<string> {
  const principal = childOf(ace, D('principal'));
  const href = principal && childOf(principal, D('href'));
  if (href === undefined) throw conditionError(403, D('allowed-principal'));
  const address = addressIn(x, textOf(href));
  const person = address === null ? null : await x.services.directory.byAddress(x.session, address);
  if (person === null) throw conditionError(403, D('recognized-principal'));
  return person.address;
}

function accessIn(ace: XmlElement): Access | null {
  const grant = childOf(ace, D('grant'));
  let access: Access | null = null;
  for (const privilege of grant === undefined ? [] : elementsOf(grant, D('privilege'))) {
    for (const { name } of elementsOf(privilege)) {
      const degree = ACCESS_OF.get(name);
      if (degree === undefined) throw conditionError(403, D('not-supported-privilege'));
      access = higher(access ?? undefined, degree);
    }
  }
  return access;
}

function higher(a: Access | undefined, b: Access): Access {
  return a !== undefined && DEGREES.indexOf(a) > DEGREES.indexOf(b) ? a : b;
}

async function granted(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw isDomainError(error, 'not-found') ? conditionError(403, D('recognized-principal')) : error;
  }
}
