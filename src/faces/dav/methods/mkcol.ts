import { CALENDAR_COMPONENTS, kindOfComponents } from '../../../domain/pim/kinds.js';
import type { CollectionDraft } from '../../../domain/pim/model.js';
import { C, CARD, type ClarkName, D } from '../../../formats/xml/names.js';
import { attributeOf, elementsOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { document } from '../../../formats/xml/write.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { type DavReply, xmlReply } from '../message.js';
import { collectionPath, type HomeType, type Place } from '../paths.js';
import { preconditionOf } from '../preconditions.js';
import { OFFERED_COMPONENTS } from '../props/caldav.js';
import { type Instruction, instructionsIn, judge, outcomePropstats } from './proppatch.js';

type CollectionPlace = Place & { at: 'collection' };

/** MKCALENDAR (RFC 4791 §5.3.1). */
export async function mkcalendar(x: Exchange): Promise<DavReply> {
  const place = await newPlace(x, 'resource-must-be-null');
  if (place.type !== 'calendars') throw conditionError(403, C('calendar-collection-location-ok'));
  const body = x.xml(C('mkcalendar'));
  return create(x, place, body === null ? [] : instructionsIn(body), C('mkcalendar-response'));
}

/** The types that extended MKCOL can make, by home. */
const TYPES: Readonly<Record<HomeType, ClarkName>> = { calendars: C('calendar'), addressbooks: CARD('addressbook') };

/** Extended MKCOL (RFC 5689). Homes hold calendars or address books; plain collections would hold nothing. */
export async function mkcol(x: Exchange): Promise<DavReply> {
  const place = await newPlace(x, 'method-not-allowed');
  const body = x.xml();
  if (body === null) throw conditionError(403, D('valid-resourcetype'));
  if (body.name !== D('mkcol')) throw new DavError(415);
  const all = instructionsIn(body);
  const type = all.find(({ name }) => name === D('resourcetype'))?.value;
  const names = type ? elementsOf(type).map(({ name }) => name) : [];
  const wanted = TYPES[place.type];
  if (!names.includes(wanted) || names.some((name) => name !== wanted && name !== D('collection'))) {
    throw conditionError(403, D('valid-resourcetype'));
  }
  const instructions = all.filter(({ name }) => name !== D('resourcetype'));
  return create(x, place, instructions, D('mkcol-response'));
}

/** Where a collection can be made: directly in a home, under a name that is free. */
async function newPlace(x: Exchange, taken: 'resource-must-be-null' | 'method-not-allowed'): Promise<CollectionPlace> {
  const { place } = x.request;
  if (place.at === 'item') {
    throw (await x.collectionAt(place)) === null ? new DavError(409) : conditionError(403, C('calendar-collection-location-ok'));
  }
  if (place.at === 'nowhere') throw new DavError(409);
  if (place.at !== 'collection' || (await x.collectionAt(place)) !== null) {
    throw taken === 'method-not-allowed' ? new DavError(405) : conditionError(403, D('resource-must-be-null'));
  }
  await preconditionOf(x);
  return place;
}

async function create(x: Exchange, place: CollectionPlace, all: readonly Instruction[], failure: ClarkName): Promise<DavReply> {
  if (all.some(({ value }) => value === null)) throw new XmlError('A new collection has nothing to remove');
  const set = all.find(({ name }) => name === C('supported-calendar-component-set'))?.value ?? null;
  const instructions = all.filter(({ name }) => name !== C('supported-calendar-component-set'));
  const outcome = judge(place.type === 'calendars' ? 'calendar' : 'addressbook', instructions, null);
  if (outcome.patch === null) return xmlReply(424, document(failure, ...outcomePropstats(outcome)));
  const { name = place.slug, properties = {} } = outcome.patch;
  const kept = Object.fromEntries(Object.entries(properties).filter((entry): entry is [string, string] => entry[1] !== null));
  await x.services.pim.createCollection(x.session, {
    ...kindOf(place.type, set),
    slug: place.slug,
    name: name === '' ? place.slug : name,
    properties: kept,
  });
  return { status: 201, headers: { Location: collectionPath(place.type, x.address, place.slug), 'Cache-Control': 'no-cache' } };
}

/** A calendar for which no component set was asked takes all of them (RFC 4791 §5.2.3). */
function kindOf(type: HomeType, set: XmlElement | null): Pick<CollectionDraft, 'kind' | 'components'> {
  if (type === 'addressbooks') return { kind: 'contacts' };
  const components = set === null ? OFFERED_COMPONENTS : componentsIn(set);
  if (components.length === 0 || components.some((name) => !CALENDAR_COMPONENTS.includes(name))) {
    throw conditionError(403, C('supported-calendar-component'));
  }
  return { kind: kindOfComponents(components), components };
}

function componentsIn(set: XmlElement): string[] {
  return elementsOf(set, C('comp')).map((comp) => (attributeOf(comp, 'name') ?? '').toUpperCase());
}
