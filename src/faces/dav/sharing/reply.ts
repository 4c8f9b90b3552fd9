import type { Offer } from '../../../domain/pim/model.js';
import { CS, D } from '../../../formats/xml/names.js';
import { childOf, textOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { document, textElement } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { type DavReply, xmlReply } from '../message.js';
import { homeOf } from '../paths.js';
import { HOMES, type Resource } from '../resource.js';

/**
 * POST CS:invite-reply to a home (calendarserver-sharing §5.6): what is declined leaves the home, what is accepted is there
 * (again). `hosturl` names the collection in its owner's home, or as it is in the own one.
 */
export async function inviteReply(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  if (!HOMES.includes(target.kind)) throw conditionError(403, CS('valid-invite-reply'));
  const accepted = childOf(body, CS('invite-accepted')) !== undefined;
  if (accepted === (childOf(body, CS('invite-declined')) !== undefined)) throw new XmlError('accepted or declined is needed');
  const host = childOf(body, CS('hosturl'));
  const href = host && childOf(host, D('href'));
  const offer = href === undefined ? undefined : await offerAt(x, textOf(href));
  if (offer === undefined || homeOf(offer.collection.kind) !== target.type) throw conditionError(403, CS('valid-invite-reply'));
  await x.services.pim.answerOffer(x.session, offer, accepted);
  if (!accepted) return { status: 200 };
  return xmlReply(200, document(CS('shared-as'), textElement(D('href'), x.collectionHref(offer.collection))));
}

async function offerAt(x: Exchange, href: string): Promise<Offer | undefined> {
  const place = x.placeOf(href);
  if (place?.at !== 'collection') return undefined;
  const own = x.isSelf(place.user);
  return (await x.services.pim.offers(x.session)).find(({ collection, owner, hostSlug }) =>
    own ? collection.slug === place.slug : owner.address === place.user.toLowerCase() && hostSlug === place.slug,
  );
}
