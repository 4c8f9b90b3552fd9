import { KINDS } from '../../../domain/pim/kinds.js';
import { CARD, D } from '../../../formats/xml/names.js';
import { elementWith, join, text, textElement, type Xml } from '../../../formats/xml/write.js';
import { CARD_VERSIONS, cardAs, usualVersion } from '../card-form.js';
import { LIMITS } from '../limits.js';
import { homePath } from '../paths.js';
import type { ResourceKind } from '../resource.js';
import { addressDataGetter } from './address-data.js';
import { keptProperty, type Property } from './property.js';

const BOOK: readonly ResourceKind[] = ['addressbook'];
/** A photo of this size fits into a card, base64 included. */
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const addressData = (version: string): Xml => elementWith(CARD('address-data-type'), { 'content-type': 'text/vcard', version });

/** RFC 6352 §6.2, §7.1, §8.3.1, §10.4. */
export const carddavProperties: readonly Property[] = [
  {
    name: CARD('addressbook-home-set'),
    on: ['principal'],
    spec: 'RFC 6352 §7.1.1',
    get: ({ person }, x) =>
      person?.id === x.session.account ? textElement(D('href'), homePath('addressbooks', x.address)) : undefined,
  },
  keptProperty(CARD('addressbook-description'), BOOK, 'RFC 6352 §6.2.1'),
  {
    name: CARD('supported-address-data'),
    on: BOOK,
    spec: 'RFC 6352 §6.2.2',
    get: () => join(CARD_VERSIONS.map(addressData)),
  },
  { name: CARD('max-resource-size'), on: BOOK, spec: 'RFC 6352 §6.2.3', get: () => String(KINDS.contacts.maxBytes) as Xml },
  {
    name: CARD('max-image-size'),
    on: BOOK,
    spec: 'asked by Apple Contacts',
    get: () => String(MAX_IMAGE_BYTES) as Xml,
  },
  {
    name: CARD('supported-collation-set'),
    on: BOOK,
    spec: 'RFC 6352 §8.3.1',
    get: () => join(LIMITS.collations.map((name) => textElement(CARD('supported-collation'), name))),
  },
  {
    name: CARD('address-data'),
    on: ['card'],
    spec: 'RFC 6352 §10.4',
    needs: 'text',
    get: ({ item }, { request }) => (item?.text === undefined ? undefined : text(cardAs(item.text, usualVersion(request)))),
    compile: addressDataGetter,
  },
];
