import { Parser } from 'xml2js';

/** An XML element as tests look at it; independent of the gateway's own reader. */
export interface XmlNode {
  /** Clark name: `{namespace}local`. */
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: XmlNode[];
  /** The element's own character data, children's left out. */
  text: string;
}

interface RawNode {
  $ns: { uri: string; local: string };
  $?: Record<string, { value: string }>;
  $$?: RawNode[];
  _?: string;
}

const OPTIONS = {
  xmlns: true,
  explicitRoot: false,
  explicitChildren: true,
  preserveChildrenOrder: true,
  normalize: false,
  trim: false,
};

/** Reads a document; throws when it is not well-formed. */
export async function readXml(text: string): Promise<XmlNode> {
  return toNode((await new Parser(OPTIONS).parseStringPromise(text)) as RawNode);
}

/** The first element of that name below `node`, at any depth, itself included. */
export function find(node: XmlNode, name: string): XmlNode | undefined {
  if (node.name === name) return node;
  for (const child of node.children) {
    const found = find(child, name);
    if (found) return found;
  }
  return undefined;
}

/** All elements of that name below `node`, in document order. */
export function findAll(node: XmlNode, name: string): XmlNode[] {
  return [...(node.name === name ? [node] : []), ...node.children.flatMap((child) => findAll(child, name))];
}

function toNode(raw: RawNode): XmlNode {
  const attributes = Object.entries(raw.$ ?? {}).map(([name, { value }]) => [name, value]);
  return {
    name: `{${raw.$ns.uri}}${raw.$ns.local}`,
    attributes: Object.fromEntries(attributes),
    children: (raw.$$ ?? []).map(toNode),
    text: raw._ ?? '',
  };
}
