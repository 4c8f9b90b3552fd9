import { type Person, peopleByAddress, peopleNamed } from '../../../domain/accounts/people.js';
import type { Account } from '../../../domain/types.js';
import type { EasContext } from '../context.js';
import { nameOf } from '../search/gal.js';

/** Somebody who may be meant. */
export interface Candidate {
  /** 1: of the own domain, 2: of the own address books (MS-ASCMD Type (ResolveRecipients)). */
  readonly type: 1 | 2;
  readonly name: string;
  readonly address: string;
  readonly account: Account | null;
  /** What the own address books know of the address. */
  readonly person: Person | undefined;
}

/** Beyond this many nobody looks for the right one. */
const MOST = 100;

/** Who may be meant by each text, colleagues before others; a whole address or name is preferred to a part of one. */
export async function candidatesFor(
  context: EasContext,
  texts: readonly string[],
): Promise<ReadonlyMap<string, readonly Candidate[]>> {
  const { directory, pim } = context.services;
  const unique = [...new Set(texts)];
  const people = await peopleNamed(pim, context.session, unique, MOST);
  const accounts = new Map<string, readonly Account[]>();
  for (const text of unique) {
    const exact = text.includes('@') ? await directory.byAddress(context.session, text) : null;
    accounts.set(text, exact ? [exact] : await directory.find(context.session, { text }, MOST));
  }
  const addresses = new Set([...accounts.values()].flat().map(({ address }) => address));
  const known = await peopleByAddress(pim, context.session, addresses);
  return new Map(unique.map((text) => [text, chosen(text, merged(accounts.get(text) ?? [], people.get(text) ?? [], known))]));
}

function merged(accounts: readonly Account[], people: readonly Person[], known: ReadonlyMap<string, Person>): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const account of accounts) {
    const { address } = account;
    found.set(address, { type: 1, name: nameOf(account), address, account, person: known.get(address) });
  }
  for (const person of people) {
    for (const address of person.addresses) {
      const key = address.toLowerCase();
      if (!found.has(key)) found.set(key, { type: 2, name: person.name || address, address, account: null, person });
    }
  }
  return [...found.values()];
}

/** A text that is somebody's whole address or name means nobody else. */
function chosen(text: string, candidates: readonly Candidate[]): readonly Candidate[] {
  const wanted = text.toLowerCase();
  const byAddress = candidates.filter(({ address, account }) =>
    [address, ...(account?.aliases ?? [])].some((each) => each.toLowerCase() === wanted),
  );
  if (byAddress.length > 0) return byAddress.slice(0, 1);
  if (text.includes('@')) return candidates.filter(({ address }) => address.toLowerCase().startsWith(wanted));
  const byName = candidates.filter(({ name }) => name.toLowerCase() === wanted);
  return byName.length > 0 ? byName : candidates;
}
