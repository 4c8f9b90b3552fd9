import { HIERARCHY } from '../../../domain/notify/hub.js';
import { D, PUSH } from '../../../formats/xml/names.js';
import { element, elementWith, text, textElement, type Xml } from '../../../formats/xml/write.js';
import type { Resource, ResourceKind } from '../resource.js';
import type { Property } from './property.js';

/**
 * What can be watched: each collection, and the home for new, renamed and removed ones. Address books are announced
 * by the calendar home too, since a topic has to be of one resource.
 */
export const PUSHABLE: readonly ResourceKind[] = ['calendar', 'addressbook', 'calendar-home'];

/** The collection of the change bus behind a resource. */
export function watchedBy(r: Resource): string {
  return r.collection?.id ?? HIERARCHY;
}

const trigger = (name: string, depth: string): Xml => element(PUSH(name), textElement(D('depth'), depth));

/** draft-bitfire-webdav-push §4. */
export const pushProperties: readonly Property[] = [
  {
    name: PUSH('transports'),
    on: PUSHABLE,
    spec: 'draft-bitfire-webdav-push §4.1',
    get: async (_, x) => {
      const key = text(await x.services.push.publicKey());
      return element(PUSH('web-push'), elementWith(PUSH('vapid-public-key'), { type: 'p256ecdsa' }, key));
    },
  },
  {
    name: PUSH('topic'),
    on: PUSHABLE,
    spec: 'draft-bitfire-webdav-push §4.2',
    get: async (r, x) => text(await x.services.push.topic(x.session.account, watchedBy(r))),
  },
  {
    name: PUSH('supported-triggers'),
    on: PUSHABLE,
    spec: 'draft-bitfire-webdav-push §4.3',
    get: ({ kind }) =>
      kind === 'calendar-home'
        ? ((trigger('content-update', '1') + trigger('property-update', '1')) as Xml)
        : trigger('content-update', '1'),
  },
];
