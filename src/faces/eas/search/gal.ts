import { peopleByAddress } from '../../../domain/accounts/people.js';
import type { Account } from '../../../domain/types.js';
import { type Element, el, optional } from '../../../formats/wbxml/tree.js';
import type { EasContext } from '../context.js';
import { Pictures } from '../pictures.js';
import type { Range } from './range.js';

/** A page of the address list. */
export interface GalPage {
  /** Children of Properties of each entry. */
  readonly entries: readonly (readonly Element[])[];
  readonly total: number;
}

/** Entries counted for Total; nobody pages through more. */
const MOST = 1000;
const TAGS = { picture: 'GAL:Picture', status: 'GAL:Status', data: 'GAL:Data' } as const;

/**
 * People of the user's own domain whose name or address holds the text, by name. Their pictures are those that the user has
 * in the own address books. `picture` is the Picture element of the request where it asks for them.
 */
export async function searchGal(context: EasContext, text: string, range: Range, picture?: Element): Promise<GalPage> {
  const { directory, pim } = context.services;
  const found = await directory.find(context.session, { text: text.trim() }, MOST);
  const page = [...found].sort(byName).slice(range.first, range.last + 1);
  if (!picture) return { entries: page.map((account) => properties(account)), total: found.length };
  const people = await peopleByAddress(pim, context.session, new Set(page.map(({ address }) => address)));
  const pictures = new Pictures(picture, TAGS);
  const entries = page.map((account) => [...properties(account), pictures.of(people.get(account.address)?.photo)]);
  return { entries, total: found.length };
}

/** What a person is called. */
export function nameOf({ displayName, address }: Account): string {
  return displayName.trim() || address;
}

function byName(a: Account, b: Account): number {
  return nameOf(a).localeCompare(nameOf(b)) || a.address.localeCompare(b.address);
}

/** Non-empty properties in the order of the code page (MS-ASCMD 2.2.3.131.1). */
function properties(account: Account): Element[] {
  const [first, last] = names(account.displayName);
  return [
    el('GAL:DisplayName', nameOf(account)),
    el('GAL:Alias', account.address.slice(0, account.address.lastIndexOf('@'))),
    optional('GAL:FirstName', first),
    optional('GAL:LastName', last),
    el('GAL:EmailAddress', account.address),
  ].filter((element) => element !== undefined);
}

/** `Ada Beispiel` or `Beispiel, Ada`; one word is no name of two parts. */
function names(displayName: string): [string?, string?] {
  const comma = /^([^,]+),\s*(\S.*)$/.exec(displayName.trim());
  if (comma) return [comma[2], comma[1]];
  const words = displayName.trim().split(/\s+/);
  return words.length < 2 ? [] : [words.slice(0, -1).join(' '), words.at(-1)];
}
