import { Property as Line, parseContentLines } from '../../../formats/content-lines.js';
import { CARD } from '../../../formats/xml/names.js';
import { attributeOf, elementsOf, type XmlElement } from '../../../formats/xml/read.js';
import { text } from '../../../formats/xml/write.js';
import { CARD_VERSIONS, cardAs, usualVersion } from '../card-form.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { ItemGetter } from './property.js';

/** Without these a card is none (RFC 6352 §10.4.2 leaves it to the server to add them). */
const ALWAYS = new Set(['VERSION', 'UID']);

/** CARDDAV:address-data of a request (RFC 6352 §10.4): media type, version, and the properties wanted. */
export function addressDataGetter(ask: XmlElement, { request }: Exchange): ItemGetter {
  const type = attributeOf(ask, 'content-type') ?? 'text/vcard';
  const asked = attributeOf(ask, 'version');
  const version = CARD_VERSIONS.find((known) => known === asked) ?? null;
  if (type.toLowerCase() !== 'text/vcard' || (asked !== undefined && version === null)) {
    throw conditionError(403, CARD('supported-address-data-conversion'));
  }
  const wanted = new Map(
    elementsOf(ask, CARD('prop')).map((prop) => [
      (attributeOf(prop, 'name') ?? '').toUpperCase(),
      attributeOf(prop, 'novalue') === 'yes',
    ]),
  );
  const form = version ?? usualVersion(request);
  const part = wanted.size === 0 ? (card: string) => card : (card: string) => pick(card, wanted);
  return ({ item }) => (item?.text === undefined ? undefined : text(part(cardAs(item.text, form))));
}

/** The card with the wanted properties alone; `novalue` leaves their names. A broken card is given whole. */
function pick(card: string, wanted: ReadonlyMap<string, boolean>): string {
  try {
    const components = parseContentLines(card);
    for (const component of components) {
      for (const line of component.properties) {
        if (!wanted.has(line.name) && !ALWAYS.has(line.name)) component.remove(line);
        else if (wanted.get(line.name) === true && line instanceof Line) line.value = '';
      }
    }
    return components.join('');
  } catch {
    return card;
  }
}
