import type { CollectionPatch } from '../../../domain/pim/model.js';
import type { ClarkName } from '../../../formats/xml/names.js';
import { textOf, type XmlElement } from '../../../formats/xml/read.js';
import { serializeAttributes, serializeChildren, type Xml } from '../../../formats/xml/write.js';
import type { DavError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import type { Needs, Resource, ResourceKind } from '../resource.js';

/** What a property of items reads; it may not wait. */
export type ItemGetter = (r: Resource) => Xml | undefined;

/** A row of a property table. */
export interface Property {
  readonly name: ClarkName;
  readonly on: readonly ResourceKind[];
  /** Part of an allprop answer: RFC 4918 asks for its own properties there, later documents for none. */
  readonly all?: boolean;
  readonly spec: string;
  /** For items: how much must be known. Default: what a change row says. */
  readonly needs?: Needs;
  /** The property's content; undefined when the resource has none (404). On items it may not wait. */
  get(r: Resource, x: Exchange): Xml | undefined | Promise<Xml | undefined>;
  /** For properties that take parameters in the request: made once, read for each item. */
  compile?(ask: XmlElement, x: Exchange): ItemGetter | Promise<ItemGetter>;
  /** Settable on collections: the change it makes, or a refusal. Without it the property is protected. */
  set?(value: XmlElement | null): CollectionPatch | DavError;
}

/** Bounds on what clients may keep with a collection. */
export const MAX_PROPERTY_BYTES = 64 * 1024;
export const MAX_PROPERTIES = 200;
/** The same of single items: bytes of all together, and how many. */
export const MAX_ITEM_BYTES = 8 * 1024;
export const MAX_ITEM_PROPERTIES = 20;

/** Attributes of a kept property (xml:lang, RFC 4918 §4.3) stand under this key, its content under the name itself. */
const attributesKey = (name: ClarkName): string => `${name}@`;

/** Whether a key of Collection.properties names a property rather than its attributes. */
export function isPropertyKey(key: string): key is ClarkName {
  return !key.endsWith('@');
}

/** A property kept as the client sent it. */
export function keep(name: ClarkName, value: XmlElement | null): CollectionPatch {
  const attributes = value === null ? '' : serializeAttributes(value);
  const content = value === null ? null : serializeChildren(value);
  return { properties: { [name]: content, [attributesKey(name)]: attributes === '' ? null : attributes } };
}

/** Everything that is kept with a resource, by key. */
export function keptProperties(r: Resource): Readonly<Record<string, string>> {
  if (r.item !== null) return r.item.properties ?? {};
  return (r.collection ?? r.file)?.properties ?? {};
}

/** Content of a kept property. */
export function kept(r: Resource, name: ClarkName): Xml | undefined {
  return keptProperties(r)[name] as Xml | undefined;
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#13;': '\r', '&amp;': '&' };

/** Content of a kept property that is text alone. */
export function keptText(r: Resource, name: ClarkName): string | undefined {
  return kept(r, name)
    ?.replace(/&(?:lt|gt|quot|#13|amp);/g, (entity) => ENTITIES[entity] ?? '')
    .trim();
}

/** Attributes of a kept property as they stand in its start tag, with a space before each. */
export function attributesIn(properties: Readonly<Record<string, string>>, name: ClarkName): string {
  return properties[attributesKey(name)] ?? '';
}

/**
 * A row for a property that the server only keeps; `check` says what is wrong with a value. Attributes are not kept: these
 * are plain values, and what is a viewer's own in a shared collection is told by its name alone.
 */
export function keptProperty(
  name: ClarkName,
  on: readonly ResourceKind[],
  spec: string,
  check?: (text: string) => DavError | undefined,
): Property {
  return {
    name,
    on,
    spec,
    get: (r) => kept(r, name),
    set: (value) => (value === null ? undefined : check?.(textOf(value).trim())) ?? keepPlain(name, value),
  };
}

/** A property kept without its attributes. */
export function keepPlain(name: ClarkName, value: XmlElement | null): CollectionPatch {
  return { properties: { [name]: value === null ? null : serializeChildren(value) } };
}
