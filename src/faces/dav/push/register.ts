import { isDomainError } from '../../../domain/errors.js';
import { PUSH } from '../../../formats/xml/names.js';
import { childOf, elementsOf, textOf, type XmlElement } from '../../../formats/xml/read.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { DavReply } from '../message.js';
import { pushPath } from '../paths.js';
import { PUSHABLE, watchedBy } from '../props/push.js';
import type { Resource } from '../resource.js';

const invalid = () => conditionError(403, PUSH('invalid-subscription'));

/** POST push-register (draft-bitfire-webdav-push §6): creates a registration, or renews that of the same push resource. */
export async function pushRegister(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  if (!PUSHABLE.includes(target.kind)) throw conditionError(403, PUSH('push-not-available'));
  const subscription = childOf(body, PUSH('subscription'));
  const webPush = subscription && childOf(subscription, PUSH('web-push-subscription'));
  if (webPush === undefined) throw invalid();
  const wish = {
    collection: watchedBy(target),
    resource: required(webPush, 'push-resource'),
    publicKey: base64url(required(webPush, 'subscription-public-key'), 65),
    authSecret: base64url(required(webPush, 'auth-secret'), 16),
    ...triggersIn(body, target),
    expires: expiryIn(body),
  };
  const encoding = childOf(webPush, PUSH('content-encoding'));
  if (encoding !== undefined && textOf(encoding).trim() !== 'aes128gcm') throw invalid();
  const { id, created, expires } = await subscribe(x, wish);
  const headers = { Location: x.services.publicUrl + pushPath(id), Expires: expires.toUTCString() };
  return { status: created ? 201 : 204, headers };
}

async function subscribe(x: Exchange, wish: Parameters<Exchange['services']['push']['subscribe']>[1]) {
  try {
    return await x.services.push.subscribe(x.session, wish);
  } catch (error) {
    if (isDomainError(error, 'invalid')) throw invalid();
    throw error;
  }
}

function required(parent: XmlElement, name: string): string {
  const element = childOf(parent, PUSH(name));
  const value = element === undefined ? '' : textOf(element).trim();
  if (value === '' || value.length > 2_000) throw invalid();
  return value;
}

/** Keys of RFC 8291, whose sizes are fixed. */
function base64url(value: string, bytes: number): string {
  const plain = value.replace(/=+$/, '');
  if (!/^[A-Za-z0-9_-]+$/.test(plain) || Buffer.from(plain, 'base64url').length !== bytes) throw invalid();
  return plain;
}

/** DAVx5 names no trigger: it means changes of what is in the collection. */
function triggersIn(body: XmlElement, target: Resource): { contentUpdate: boolean; propertyUpdate: boolean } {
  const trigger = childOf(body, PUSH('trigger'));
  if (trigger === undefined) return { contentUpdate: true, propertyUpdate: target.collection === null };
  const names = elementsOf(trigger).map(({ name }) => name);
  const contentUpdate = names.includes(PUSH('content-update'));
  const propertyUpdate = names.includes(PUSH('property-update')) && target.collection === null;
  if (!contentUpdate && !propertyUpdate) throw conditionError(403, PUSH('no-supported-trigger'));
  return { contentUpdate, propertyUpdate };
}

function expiryIn(body: XmlElement): Date | undefined {
  const element = childOf(body, PUSH('expires'));
  if (element === undefined) return undefined;
  const time = Date.parse(textOf(element).trim());
  if (!Number.isFinite(time)) throw invalid();
  return new Date(time);
}

/** DELETE of a registration, by its owner alone. */
export async function pushUnregister(x: Exchange): Promise<DavReply> {
  const { place } = x.request;
  if (place.at !== 'push' || !(await x.services.push.unsubscribe(x.session, place.id))) throw new DavError(404);
  return { status: 204 };
}
