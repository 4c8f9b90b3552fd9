import type { TagName } from './pages.js';

/** A node of a WBXML document: an element, a string (STR_I) or raw bytes (OPAQUE). */
export type WbxmlNode = Element | string | Uint8Array;

/** One WBXML element. EAS uses no attributes, so a tag and its content say everything. */
export interface Element {
  readonly tag: TagName;
  readonly content: readonly WbxmlNode[];
}

/** What `el` takes as content: absent values leave no trace, numbers and booleans become EAS text (`1`, `0`). */
export type Content = WbxmlNode | number | boolean | undefined | null | readonly Content[];

/** Builds an element; `undefined` and `null` content is left out, arrays are flattened. */
export function el(tag: TagName, ...content: readonly Content[]): Element {
  return { tag, content: flatten(content) };
}

/** Builds an element only when there is a value for it: an optional leaf. */
export function optional(tag: TagName, value: string | number | boolean | Uint8Array | undefined | null): Element | undefined {
  return value === undefined || value === null ? undefined : el(tag, value);
}

function flatten(content: readonly Content[], nodes: WbxmlNode[] = []): WbxmlNode[] {
  for (const item of content) {
    if (item === undefined || item === null) continue;
    if (Array.isArray(item)) flatten(item as readonly Content[], nodes);
    else if (typeof item === 'number') nodes.push(String(item));
    else if (typeof item === 'boolean') nodes.push(item ? '1' : '0');
    else nodes.push(item as WbxmlNode);
  }
  return nodes;
}

/** Whether a node is an element. */
export function isElement(node: WbxmlNode): node is Element {
  return typeof node === 'object' && !(node instanceof Uint8Array);
}

/** The child elements in document order. */
export function elements(parent: Element): Element[] {
  return parent.content.filter(isElement);
}

/** The first child with that tag. */
export function child(parent: Element | undefined, tag: TagName): Element | undefined {
  return parent && elements(parent).find((element) => element.tag === tag);
}

/** All children with that tag. */
export function children(parent: Element | undefined, tag: TagName): Element[] {
  return parent ? elements(parent).filter((element) => element.tag === tag) : [];
}

/**
 * The text of an element, OPAQUE read as UTF-8; empty for an empty element, undefined for none. NUL goes: OPAQUE and ENTITY
 * can bring it in, some clients end their texts with it, and no text of a database may hold it.
 */
export function text(element: Element | undefined): string | undefined {
  if (!element) return undefined;
  const whole = element.content
    .map((node) => (typeof node === 'string' ? node : node instanceof Uint8Array ? Buffer.from(node).toString('utf8') : ''))
    .join('');
  return whole.includes('\0') ? whole.replaceAll('\0', '') : whole;
}

/** The text of the first child with that tag. */
export function childText(parent: Element | undefined, tag: TagName): string | undefined {
  return text(child(parent, tag));
}

/** The bytes of an element: OPAQUE as it is, text as UTF-8. */
export function bytes(element: Element | undefined): Uint8Array | undefined {
  if (!element) return undefined;
  return Buffer.concat(
    element.content.filter((node) => !isElement(node)).map((node) => Buffer.from(node as string | Uint8Array)),
  );
}
