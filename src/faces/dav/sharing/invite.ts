import { isDomainError } from '../../../domain/errors.js';
import type { ShareDraft } from '../../../domain/pim/model.js';
import { type ClarkName, CS, D } from '../../../formats/xml/names.js';
import { childOf, elementsOf, textOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { document, element, textElement, type Xml } from '../../../formats/xml/write.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { type DavReply, xmlReply } from '../message.js';
import { statusElement } from '../multistatus.js';
import type { Resource } from '../resource.js';

const MAX_SHAREES = 100;
const MAX_SUMMARY = 500;

/** One change of who a collection is shared with: null ends the share. */
interface ShareChange {
  readonly href: string;
  readonly share: ShareDraft | null;
}

/** The address that a `mailto:` URI or a principal's path names; null for anything else. */
export function addressIn(x: Exchange, href: string): string | null {
  const mailto = /^mailto:([^?\s]+)/i.exec(href.trim())?.[1];
  if (mailto !== undefined) {
    try {
      return decodeURIComponent(mailto).toLowerCase();
    } catch {
      return null;
    }
  }
  const place = x.placeOf(href);
  return place?.at === 'principal' ? place.user.toLowerCase() : null;
}

/**
 * Makes the changes that can be made; returns the hrefs that name nobody. Shares count at once, without an answer of the
 * other side: most clients have no way to give one, and whoever does not want a collection can delete it from his home.
 */
async function change(x: Exchange, target: Resource, changes: readonly ShareChange[]): Promise<readonly string[]> {
  const { collection } = target;
  if (collection === null || target.item !== null) throw new DavError(403);
  if (collection.access !== 'owner') throw conditionError(403, D('need-privileges'));
  if (changes.length === 0) throw new XmlError('Nobody is named');
  if (changes.length > MAX_SHAREES) throw new XmlError('Too many people are named', true);
  const unknown: string[] = [];
  for (const { href, share } of changes) {
    const address = await sharee(x, href, share);
    const done = address !== null && (await tried(x.services.pim.share(x.session, collection, address, share)));
    if (!done) unknown.push(href);
  }
  return unknown;
}

/** Whom an href names: nobody is told of accounts outside of the own domain. A share that there is can always be ended. */
async function sharee(x: Exchange, href: string, share: ShareDraft | null): Promise<string | null> {
  const address = addressIn(x, href);
  if (address === null || share === null) return address;
  return (await x.services.directory.byAddress(x.session, address))?.address ?? null;
}

async function tried(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isDomainError(error, 'not-found')) return false;
    throw error;
  }
}

function hrefIn(parent: XmlElement): string {
  const href = childOf(parent, D('href'));
  if (href === undefined) throw new XmlError('href is missing');
  return textOf(href).trim();
}

function summaryIn(parent: XmlElement, name: ClarkName): Pick<ShareDraft, 'summary'> {
  const summary = childOf(parent, name);
  return summary === undefined ? {} : { summary: textOf(summary).slice(0, MAX_SUMMARY) };
}

/** POST CS:share, as Apple's clients send it (calendarserver-sharing §5.4). */
export async function calendarServerShare(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const changes = elementsOf(body).map((entry): ShareChange => {
    if (entry.name === CS('remove')) return { href: hrefIn(entry), share: null };
    if (entry.name !== CS('set')) throw new XmlError('set or remove is expected');
    const access = childOf(entry, CS('read-write')) === undefined ? 'read' : 'write';
    return { href: hrefIn(entry), share: { access, ...summaryIn(entry, CS('summary')) } };
  });
  const unknown = await change(x, target, changes);
  if (unknown.length === 0) return { status: 200 };
  const rows = unknown.map((href) => element(D('response'), textElement(D('href'), href), statusElement(403)));
  return xmlReply(207, document(D('multistatus'), ...rows));
}

/** POST DAV:share-resource (draft-pot-webdav-resource-sharing §5.3). */
export async function shareResource(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const changes = elementsOf(body, D('sharee')).map((sharee): ShareChange => {
    const asked = childOf(sharee, D('share-access'));
    const names = asked === undefined ? [] : elementsOf(asked).map(({ name }) => name);
    if (names.includes(D('no-access'))) return { href: hrefIn(sharee), share: null };
    const access = names.includes(D('read-write')) ? 'write' : names.includes(D('read')) ? 'read' : null;
    if (access === null) throw new XmlError('share-access is not known');
    return { href: hrefIn(sharee), share: { access, ...summaryIn(sharee, D('comment')) } };
  });
  const unknown = await change(x, target, changes);
  if (unknown.length > 0) throw conditionError(403, D('recognized-principal'), hrefs(unknown));
  return { status: 200 };
}

function hrefs(list: readonly string[]): Xml {
  return list.map((href) => textElement(D('href'), href)).join('') as Xml;
}
