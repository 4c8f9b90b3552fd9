import type { CollectionPatch } from '../../../domain/pim/model.js';
import { type ClarkName, D } from '../../../formats/xml/names.js';
import { childOf, elementsOf, type XmlElement, XmlError } from '../../../formats/xml/read.js';
import { element, type Xml } from '../../../formats/xml/write.js';
import { conditionError, DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { requireUnlocked } from '../locks.js';
import type { DavReply } from '../message.js';
import { multistatusOf, statusElement } from '../multistatus.js';
import { preconditionOf } from '../preconditions.js';
import { AVAILABILITY } from '../props/availability.js';
import { isLive, propertyOn } from '../props/index.js';
import {
  isPropertyKey,
  keep,
  keptProperties,
  MAX_ITEM_BYTES,
  MAX_ITEM_PROPERTIES,
  MAX_PROPERTIES,
  MAX_PROPERTY_BYTES,
} from '../props/property.js';
import { setMembers } from '../proxy/members.js';
import { COLLECTIONS, FILES, PROXIES, type Resource, type ResourceKind } from '../resource.js';

/** PROPPATCH (RFC 4918 §9.2): all or nothing. */
export async function proppatch(x: Exchange): Promise<DavReply> {
  const body = x.xml(D('propertyupdate'));
  if (body === null) throw new DavError(400);
  const instructions = instructionsIn(body);
  const resource = await withProperties(x, await x.resolve(x.request.place));
  await preconditionOf(x);
  await requireUnlocked(x, x.request.place);
  const outcome = PROXIES.includes(resource.kind)
    ? await setMembers(x, resource, instructions)
    : judge(resource.kind, instructions, resource);
  if (outcome.patch !== null) {
    await apply(x, resource, outcome.patch);
    if (x.preferences.return === 'minimal') return { status: 200, headers: { 'Preference-Applied': 'return=minimal' } };
  }
  return multistatusOf([outcomeRow(resource.href, outcome)]);
}

/** With what is kept with an item, which is not read along with it otherwise. */
async function withProperties(x: Exchange, resource: Resource): Promise<Resource> {
  const { item, collection } = resource;
  if (item === null || collection === null) return resource;
  const kept = await x.services.pim.itemProperties(x.session, collection, item.name);
  return { ...resource, item: { ...item, properties: kept.get(item.name) ?? {} } };
}

async function apply(x: Exchange, { kind, collection, item, file }: Resource, patch: CollectionPatch): Promise<void> {
  if (item !== null && collection !== null)
    await x.services.pim.setItemProperties(x.session, collection, item.name, patch.properties ?? {});
  else if (collection !== null) await x.services.pim.updateCollection(x.session, collection, patch);
  else if (file !== null) await x.services.files.setProperties(x.session, file.path, patch.properties ?? {});
  else if (kind === 'inbox') await x.services.availability.say(x.session, patch.properties?.[AVAILABILITY] ?? null);
}

/** One property to be set, or removed where the value is null. */
export interface Instruction {
  readonly name: ClarkName;
  readonly value: XmlElement | null;
}

/** What would come of the instructions: the change, or null and a status for each property. */
export interface Outcome {
  readonly patch: CollectionPatch | null;
  readonly results: readonly { readonly name: ClarkName; readonly status: number; readonly condition?: Xml | undefined }[];
}

const XML_LANG: ClarkName = '{http://www.w3.org/XML/1998/namespace}lang';

/** `set` and `remove` in document order (RFC 4918 §14.19), with the language that holds for each value. */
export function instructionsIn(update: XmlElement): Instruction[] {
  const list: Instruction[] = [];
  for (const action of elementsOf(update)) {
    if (action.name !== D('set') && action.name !== D('remove')) continue;
    const prop = childOf(action, D('prop'));
    if (prop === undefined) throw new XmlError('prop is missing');
    for (const property of elementsOf(prop)) {
      const value = action.name === D('set') ? withLanguage(property, [prop, action, update]) : null;
      list.push({ name: property.name, value });
    }
  }
  if (list.length === 0) throw new XmlError('No property is named');
  if (list.length > MAX_PROPERTIES) throw new XmlError('Too many properties are named', true);
  return list;
}

function withLanguage(property: XmlElement, around: readonly XmlElement[]): XmlElement {
  const language = around.map(({ attributes }) => attributes.get(XML_LANG)).find((value) => value !== undefined);
  if (language === undefined || property.attributes.has(XML_LANG)) return property;
  return { ...property, attributes: new Map([...property.attributes, [XML_LANG, language]]) };
}

/** Decides on instructions for a resource of a kind; `resource` is the present one, where it exists. */
export function judge(kind: ResourceKind, instructions: readonly Instruction[], resource: Resource | null): Outcome {
  const changes = instructions.map(({ name, value }) => ({ name, change: changeOf(kind, name, value) }));
  const merged = mergePatches(changes.map(({ change }) => change).filter((change) => !(change instanceof DavError)));
  const full = isFull(resource, merged);
  const refused = full || changes.some(({ change }) => change instanceof DavError);
  const results = changes.map(({ name, change }) => {
    if (change instanceof DavError) return { name, status: change.status, condition: change.condition };
    return { name, status: full ? 507 : refused ? 424 : 200 };
  });
  return { patch: refused ? null : merged, results };
}

/** Where a client's own properties can be kept. */
const KEEPING: ReadonlySet<ResourceKind> = new Set<ResourceKind>([...COLLECTIONS, ...FILES, 'event', 'card']);

function changeOf(kind: ResourceKind, name: ClarkName, value: XmlElement | null): CollectionPatch | DavError {
  const row = propertyOn(kind, name);
  if (row?.set === undefined && (row !== undefined || isLive(name))) {
    return conditionError(403, D('cannot-modify-protected-property'));
  }
  // With the inbox nothing is kept but what a table knows.
  if (!KEEPING.has(kind) && (kind !== 'inbox' || row === undefined)) return new DavError(403);
  const change = row?.set?.(value) ?? keep(name, value);
  return change instanceof DavError || sizeOf(change) <= MAX_PROPERTY_BYTES ? change : new DavError(507);
}

function sizeOf(change: CollectionPatch): number {
  return Object.values(change.properties ?? {}).reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), 0);
}

export function mergePatches(patches: readonly CollectionPatch[]): CollectionPatch {
  const properties = Object.assign({}, ...patches.map((patch) => patch.properties ?? {}));
  const name = patches.findLast((patch) => patch.name !== undefined)?.name;
  return { ...(name === undefined ? {} : { name }), ...(Object.keys(properties).length === 0 ? {} : { properties }) };
}

/** Whether there would be too much kept with the resource. */
function isFull(resource: Resource | null, patch: CollectionPatch): boolean {
  const after = { ...(resource === null ? {} : keptProperties(resource)), ...patch.properties };
  const count = Object.entries(after).filter(([key, value]) => value !== null && isPropertyKey(key)).length;
  if (resource === null || resource.item === null) return count > MAX_PROPERTIES;
  return count > MAX_ITEM_PROPERTIES || Buffer.byteLength(JSON.stringify(after)) > MAX_ITEM_BYTES;
}

/** The DAV:response of a PROPPATCH: properties grouped by their status. */
function outcomeRow(href: string, outcome: Outcome): string {
  return element(D('response'), element(D('href'), href as Xml), ...outcomePropstats(outcome));
}

export function outcomePropstats({ results }: Outcome): Xml[] {
  const groups = new Map<string, { names: Set<ClarkName>; status: number; condition?: Xml | undefined }>();
  for (const { name, status, condition } of results) {
    const key = `${status} ${condition ?? ''}`;
    const group = groups.get(key) ?? { names: new Set(), status, condition };
    group.names.add(name);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ names, status, condition }) => {
    const error = condition === undefined ? null : element(D('error'), condition);
    return element(D('propstat'), element(D('prop'), ...[...names].map((name) => element(name))), statusElement(status), error);
  });
}
