import { C, type ClarkName, CS, D } from '../../../formats/xml/names.js';
import { attributeOf, childOf, elementsOf, textOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { document, element, elementWith, text } from '../../../formats/xml/write.js';
import type { Exchange } from '../exchange.js';
import { type DavReply, xmlReply } from '../message.js';
import { multistatusOf } from '../multistatus.js';
import { propertyOn } from '../props/index.js';
import { askedIn, Planner } from '../props/plan.js';
import type { Resource } from '../resource.js';

/** What principals can be searched by (RFC 3744 §9.5). */
const SEARCHABLE: readonly (readonly [ClarkName, string])[] = [
  [D('displayname'), 'Name'],
  [CS('email-address-set'), 'E-mail address'],
  [C('calendar-user-address-set'), 'Calendar user address'],
  [C('calendar-user-type'), 'Type of calendar user'],
];

/** principal-search-property-set (RFC 3744 §9.5). */
export async function principalSearchPropertySet(): Promise<DavReply> {
  const rows = SEARCHABLE.map(([name, description]) =>
    element(
      D('principal-search-property'),
      element(D('prop'), element(name)),
      elementWith(D('description'), { 'xml:lang': 'en' }, text(description)),
    ),
  );
  return xmlReply(200, document(D('principal-search-property-set'), ...rows));
}

type Match = (value: string) => boolean;
const MATCH_TYPES: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  contains: (value, wanted) => value.includes(wanted),
  'starts-with': (value, wanted) => value.startsWith(wanted),
  equals: (value, wanted) => value === wanted,
};

function matcher(match: XmlElement | undefined): Match {
  if (match === undefined) throw new XmlError('match is missing');
  const type = attributeOf(match, 'match-type') ?? 'contains';
  const compare = Object.hasOwn(MATCH_TYPES, type) ? MATCH_TYPES[type] : undefined;
  if (compare === undefined) throw new XmlError('match-type is not known');
  const wanted = textOf(match).trim().toLowerCase();
  return (value) => compare(value.toLowerCase(), wanted);
}

/** One criterion: all of these properties have a value that matches (RFC 3744 §9.4). */
interface Criterion {
  readonly names: readonly ClarkName[];
  readonly wanted: string;
  readonly match: Match;
}

/** principal-property-search (RFC 3744 §9.4) among the people of the user's domain. */
export async function principalPropertySearch(x: Exchange, body: XmlElement): Promise<DavReply> {
  const criteria = elementsOf(body, D('property-search')).map(criterionIn);
  if (criteria.length === 0) throw new XmlError('property-search is missing');
  const anyof = attributeOf(body, 'test') === 'anyof';
  const found: Resource[] = [];
  for (const principal of await candidates(x, criteria, anyof)) {
    const results = await Promise.all(criteria.map((criterion) => meets(x, principal, criterion)));
    if (anyof ? results.some(Boolean) : results.every(Boolean)) found.push(principal);
  }
  return rows(x, body, found);
}

function criterionIn(search: XmlElement): Criterion {
  const prop = childOf(search, D('prop'));
  const match = childOf(search, D('match'));
  if (prop === undefined || match === undefined) throw new XmlError('prop and match are needed');
  return { names: elementsOf(prop).map(({ name }) => name), wanted: textOf(match).trim(), match: matcher(match) };
}

/** Properties that the directory can search by; what else is asked is tested on those found. */
const IN_DIRECTORY: ReadonlySet<ClarkName> = new Set([D('displayname'), CS('email-address-set'), C('calendar-user-address-set')]);

async function candidates(x: Exchange, criteria: readonly Criterion[], anyof: boolean): Promise<readonly Resource[]> {
  const indexed = criteria.filter(({ names }) => names.length > 0 && names.every((name) => IN_DIRECTORY.has(name)));
  const usable = anyof ? (indexed.length === criteria.length ? indexed : []) : indexed.slice(0, 1);
  const texts = usable.map(({ wanted }) => wanted.replace(/^mailto:/i, ''));
  const lists = await Promise.all((texts.length === 0 ? [''] : texts).map((text) => people(x, text)));
  return [...new Map(lists.flat().map((principal) => [principal.href, principal])).values()];
}

async function people(x: Exchange, text: string): Promise<readonly Resource[]> {
  const found = await x.services.directory.find(x.session, text === '' ? {} : { text }, MAX_PRINCIPALS);
  return found.map((person) => x.principal(person));
}
const MAX_PRINCIPALS = 200;

async function meets(x: Exchange, principal: Resource, { names, match }: Criterion): Promise<boolean> {
  const lists = await Promise.all(names.map((name) => valuesOf(x, principal, name)));
  return lists.length > 0 && lists.every((list) => list.some(match));
}

/** calendarserver-principal-search: words, each of which must be found in a name or an address. */
export async function calendarServerPrincipalSearch(x: Exchange, body: XmlElement): Promise<DavReply> {
  const tokens = elementsOf(body, CS('search-token')).map((token) => textOf(token).trim().toLowerCase());
  const longest = [...tokens].sort((a, b) => b.length - a.length)[0] ?? '';
  if (longest === '') return rows(x, body, []);
  const hasAll = ({ person }: Resource): boolean => {
    const words = [person?.displayName ?? '', person?.address ?? '', ...(person?.aliases ?? [])].map((word) =>
      word.toLowerCase(),
    );
    return tokens.every((token) => words.some((word) => word.includes(token)));
  };
  return rows(x, body, (await people(x, longest)).filter(hasAll));
}

/** principal-match (RFC 3744 §9.3): with `self` the user's own principal, if it lies beneath; there are no other members. */
export async function principalMatch(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const property = childOf(body, D('principal-property'));
  if ((property === undefined) === (childOf(body, D('self')) === undefined))
    throw new XmlError('self or principal-property is needed');
  const own = x.principal();
  const beneath = target.kind === 'root' || own.href.startsWith(target.href);
  return rows(x, body, property === undefined && beneath ? [own] : []);
}

/** acl-principal-prop-set (RFC 3744 §9.2): properties of the principals in the access list. */
export async function aclPrincipalPropSet(x: Exchange, body: XmlElement, { collection }: Resource): Promise<DavReply> {
  const shares = collection?.access === 'owner' ? await x.services.pim.shares(x.session, collection) : [];
  const addresses = [collection?.owner?.address ?? x.address, ...shares.map(({ grantee }) => grantee.address)];
  const found = await Promise.all(addresses.map((address) => x.services.directory.byAddress(x.session, address)));
  const present = found.filter((person) => person !== null);
  return rows(
    x,
    body,
    present.map((person) => x.principal(person)),
  );
}

async function rows(x: Exchange, body: XmlElement, principals: readonly Resource[]): Promise<DavReply> {
  const planner = new Planner(x, askedIn(body, { mode: 'prop', elements: [] }));
  return multistatusOf(await Promise.all(principals.map((principal) => planner.row(principal))));
}

/** The text values of a property of a principal. */
async function valuesOf(x: Exchange, principal: Resource, name: ClarkName): Promise<readonly string[]> {
  const xml = await propertyOn('principal', name)?.get(principal, x);
  if (xml === undefined) return [];
  return xml
    .split(/<[^>]*>/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
