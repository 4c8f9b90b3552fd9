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

/** principal-property-search (RFC 3744 §9.4) among the principals that the user may see: the user. */
export async function principalPropertySearch(x: Exchange, body: XmlElement): Promise<DavReply> {
  const searches = elementsOf(body, D('property-search')).map((search) => ({
    names: elementsOf(childOf(search, D('prop')) ?? search).map(({ name }) => name),
    match: matcher(childOf(search, D('match'))),
  }));
  if (searches.length === 0) throw new XmlError('property-search is missing');
  const values = (name: ClarkName): Promise<readonly string[]> => valuesOf(x, name);
  const results = await Promise.all(
    searches.map(async ({ names, match }) => {
      const lists = await Promise.all(names.map(values));
      return lists.length > 0 && lists.every((list) => list.some(match));
    }),
  );
  const anyof = attributeOf(body, 'test') === 'anyof';
  return found(x, body, anyof ? results.some(Boolean) : results.every(Boolean));
}

/** calendarserver-principal-search: words, each of which must be found in name or address. */
export async function calendarServerPrincipalSearch(x: Exchange, body: XmlElement): Promise<DavReply> {
  const tokens = elementsOf(body, CS('search-token')).map((token) => textOf(token).trim().toLowerCase());
  const { displayName, address, aliases } = x.session.user;
  const words = [displayName, address, ...aliases].map((word) => word.toLowerCase());
  return found(x, body, tokens.length > 0 && tokens.every((token) => words.some((word) => word.includes(token))));
}

/** principal-match (RFC 3744 §9.3): with `self` the user's own principals, with a property the resources that name the user. */
export async function principalMatch(x: Exchange, body: XmlElement, target: Resource): Promise<DavReply> {
  const property = childOf(body, D('principal-property'));
  if ((property === undefined) === (childOf(body, D('self')) === undefined))
    throw new XmlError('self or principal-property is needed');
  const own = x.principal();
  return found(x, body, property === undefined ? own.href.startsWith(target.href) || target.kind === 'root' : false);
}

/** acl-principal-prop-set (RFC 3744 §9.2): properties of the principals in the access list, which is the owner alone. */
export async function aclPrincipalPropSet(x: Exchange, body: XmlElement): Promise<DavReply> {
  return found(x, body, true);
}

async function found(x: Exchange, body: XmlElement, isFound: boolean): Promise<DavReply> {
  const planner = new Planner(x, askedIn(body, { mode: 'prop', elements: [] }));
  return multistatusOf(isFound ? [await planner.row(x.principal())] : []);
}

/** The text values of a property of the user's principal. */
async function valuesOf(x: Exchange, name: ClarkName): Promise<readonly string[]> {
  const xml = await propertyOn('principal', name)?.get(x.principal(), x);
  if (xml === undefined) return [];
  return xml
    .split(/<[^>]*>/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
