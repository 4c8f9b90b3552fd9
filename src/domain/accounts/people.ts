import type { Component } from '../../formats/content-lines.js';
import { byPreference } from '../../formats/vcard/edit.js';
import { readPhoto } from '../../formats/vcard/photo.js';
import { displayName, parseCard } from '../../formats/vcard/validate.js';
import type { Pim } from '../pim/service.js';
import type { Session } from '../types.js';

/** Somebody in the user's own address books. */
export interface Person {
  readonly name: string;
  /** The preferred one first. */
  readonly addresses: readonly string[];
  /** Base64. */
  readonly photo: string | undefined;
  /** X.509 certificates in DER, base64. */
  readonly certificates: readonly string[];
}

/** More cards are not looked through for one question. */
const MAX_CARDS = 20_000;
const MAX_KEYS = 20;

/** People of the user's address books one of whose names or addresses begins with a text, by that text; at most `limit` of each. */
export async function peopleNamed(
  pim: Pick<Pim, 'collections' | 'search'>,
  s: Session,
  texts: readonly string[],
  limit: number,
): Promise<ReadonlyMap<string, readonly Person[]>> {
  const found = new Map(texts.map((text): [string, Person[]] => [text, []]));
  const wanted = [...found].map(([text, list]) => ({ word: text.trim().toLowerCase(), list })).filter(({ word }) => word !== '');
  if (wanted.length === 0) return found;
  for await (const person of people(pim, s, (card) => wanted.some(({ word }) => card.includes(word))))
    for (const { word, list } of wanted) if (list.length < limit && isNamed(person, word)) list.push(person);
  return found;
}

/** Those of the user's address books that have one of the addresses, by address in lower case. */
export async function peopleByAddress(
  pim: Pick<Pim, 'collections' | 'search'>,
  s: Session,
  addresses: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Person>> {
  const found = new Map<string, Person>();
  const wanted = [...addresses].map((address) => address.toLowerCase());
  if (wanted.length === 0) return found;
  for await (const person of people(pim, s, (card) => wanted.some((address) => card.includes(address)))) {
    for (const address of person.addresses.map((each) => each.toLowerCase())) {
      const better = !found.has(address) || (!found.get(address)?.photo && person.photo !== undefined);
      if (wanted.includes(address) && better) found.set(address, person);
    }
  }
  return found;
}

/** All addresses in the user's address books, lower case, at most `limit`. */
export async function knownAddresses(pim: Pick<Pim, 'collections' | 'search'>, s: Session, limit: number): Promise<string[]> {
  const found = new Set<string>();
  for await (const { addresses } of people(pim, s, (card) => card.includes('@'))) {
    for (const address of addresses) if (found.size < limit) found.add(address.toLowerCase());
  }
  return [...found];
}

/** `seems` is asked first, with the card's unfolded text in lower case: most cards need not be taken apart. */
async function* people(
  pim: Pick<Pim, 'collections' | 'search'>,
  s: Session,
  seems: (card: string) => boolean,
): AsyncGenerator<Person> {
  let looked = 0;
  for (const collection of await pim.collections(s)) {
    if (collection.kind !== 'contacts' || collection.access === 'busy') continue;
    for await (const { text } of pim.search(s, collection, {})) {
      if (++looked > MAX_CARDS) return;
      const encoded = /ENCODING=QUOTED-PRINTABLE/i.test(text);
      const person = encoded || seems(text.replace(/\r?\n[ \t]/g, '').toLowerCase()) ? personOf(text) : null;
      if (person) yield person;
    }
  }
}

/** A card that can't be read is nobody. */
function personOf(text: string): Person | null {
  try {
    const card = parseCard(text);
    const addresses = byPreference(card, 'EMAIL').map((property) => property.text.trim());
    return {
      name: displayName(card),
      addresses: addresses.filter((address) => address.includes('@')),
      photo: readPhoto(card),
      certificates: certificatesOf(card),
    };
  } catch {
    return null;
  }
}

const KEY_URI = /^data:application\/(?:x-x509[\w-]*|pkix-cert|x-pkcs7[\w-]*|octet-stream)[^,]{0,100};base64,/i;

/** KEY of RFC 2426 §3.7.2 and RFC 6350 §6.8.1: those that are X.509. */
function certificatesOf(card: Component): string[] {
  const keys = card.all('KEY').flatMap((property) => {
    const isPgp = property.paramValues('TYPE').some((type) => /pgp/i.test(type));
    if (isPgp) return [];
    if (property.isBase64) return [property.value];
    return KEY_URI.test(property.value) ? [property.value.replace(KEY_URI, '')] : [];
  });
  return keys.slice(0, MAX_KEYS).map((key) => key.replace(/[\s\\]+/g, ''));
}

/** Whether a word of the name, the name itself or an address begins with the text. */
function isNamed({ name, addresses }: Person, wanted: string): boolean {
  const whole = name.toLowerCase();
  const texts = [whole, ...whole.split(/[\s,.;-]+/), ...addresses.map((address) => address.toLowerCase())];
  return texts.some((each) => each.startsWith(wanted));
}
