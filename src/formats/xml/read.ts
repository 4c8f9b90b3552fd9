import { Parser } from 'xml2js';
import { type ClarkName, clark } from './names.js';

/** An element of a parsed document. Attributes without a namespace are named `{}local`. */
export interface XmlElement {
  readonly name: ClarkName;
  readonly attributes: ReadonlyMap<ClarkName, string>;
  /** Elements and text in document order; neighbouring text is one string, white space is kept. */
  readonly children: readonly XmlNode[];
}
export type XmlNode = XmlElement | string;

/** Bounds on a document that comes from outside. */
export interface XmlLimits {
  /** Size of the document. */
  readonly bytes: number;
  /** Nesting of elements. */
  readonly depth: number;
  readonly elements: number;
  /** Attributes of one element, namespace declarations included. */
  readonly attributes: number;
}

export const DEFAULT_LIMITS: XmlLimits = { bytes: 1 << 20, depth: 32, elements: 20_000, attributes: 32 };

/** The document is not well-formed, not allowed (DTD) or beyond its limits. */
export class XmlError extends Error {
  override readonly name = 'XmlError';

  constructor(
    message: string,
    readonly tooLarge = false,
  ) {
    super(message);
  }
}

/** What xml2js's parser is built on, as far as we use it; its type declarations leave this out. */
interface SaxParser {
  ENTITIES: Readonly<Record<string, string>>;
  ondoctype: () => void;
  onopentag: (tag: SaxTag) => void;
  onclosetag: () => void;
  onattribute: (attribute: SaxAttribute) => void;
  ontext: (text: string) => void;
  oncdata: (text: string) => void;
}
interface SaxAttribute {
  readonly name: string;
  readonly uri: string;
  readonly local: string;
  readonly value: string;
}
interface SaxTag {
  readonly uri: string;
  readonly local: string;
  readonly attributes: Readonly<Record<string, SaxAttribute>>;
}

/** XML 1.0 §4.6; the reader underneath knows HTML's as well. */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const XMLNS = 'http://www.w3.org/2000/xmlns/';
/** Characters that XML 1.0 §2.2 excludes; a character reference could bring them in. */
const ILLEGAL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Reads a document into a tree with namespaces resolved. Document types, a second root, attributes given twice, invalid
 * UTF-8 and characters that XML forbids are refused: xml2js alone would let most of them pass.
 * @throws XmlError
 */
export function parseXml(bytes: Uint8Array, limits: XmlLimits = DEFAULT_LIMITS): XmlElement {
  if (bytes.byteLength > limits.bytes) throw new XmlError('The document is too large', true);
  const text = decode(bytes);
  const builder = new TreeBuilder(limits);
  const parser = new Parser({ xmlns: true, async: false });
  builder.attach((parser as unknown as { saxParser: SaxParser }).saxParser);
  let failure: Error | null = null;
  parser.parseString(text, (error) => {
    failure ??= error;
  });
  if (failure !== null) throw toXmlError(failure);
  return builder.finish();
}

function toXmlError(error: Error): XmlError {
  return error instanceof XmlError ? error : new XmlError((error.message.split('\n')[0] ?? '').slice(0, 120));
}

/** UTF-8, or UTF-16 with a byte order mark; an XML declaration must agree. */
function decode(bytes: Uint8Array): string {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const encoding = mark === 0xfeff ? 'utf-16be' : mark === 0xfffe ? 'utf-16le' : 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new XmlError(`The document is not valid ${encoding.toUpperCase()}`);
  }
  const declared = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1]?.toLowerCase();
  if (
    declared !== undefined &&
    !(encoding === 'utf-8' ? ['utf-8', 'utf8', 'us-ascii'] : ['utf-16', encoding]).includes(declared)
  ) {
    throw new XmlError('The encoding is not supported: send UTF-8');
  }
  if (text.trim() === '') throw new XmlError('The document is empty');
  return text;
}

interface OpenElement extends XmlElement {
  readonly children: XmlNode[];
}

/** Takes the events of xml2js's reader: its own result merges siblings of one name and so loses their order. */
class TreeBuilder {
  readonly #limits: XmlLimits;
  readonly #open: OpenElement[] = [];
  #root: OpenElement | null = null;
  #elements = 0;
  /** Raw and expanded names of the attributes of the tag being read. */
  #seen = new Set<string>();

  constructor(limits: XmlLimits) {
    this.#limits = limits;
  }

  attach(sax: SaxParser): void {
    sax.ENTITIES = ENTITIES;
    sax.ondoctype = () => {
      throw new XmlError('Document types are not accepted');
    };
    sax.onattribute = (attribute) => this.#attribute(attribute);
    sax.onopentag = (tag) => this.#start(tag);
    sax.onclosetag = () => void this.#open.pop();
    sax.ontext = (text) => this.#text(text);
    sax.oncdata = (text) => this.#text(text);
  }

  finish(): XmlElement {
    if (this.#root === null || this.#open.length > 0) throw new XmlError('The document has no complete root element');
    return this.#root;
  }

  #attribute(attribute: SaxAttribute): void {
    const expanded = `${attribute.uri} ${attribute.local}`;
    if (this.#seen.has(attribute.name) || this.#seen.has(expanded)) throw new XmlError('An attribute is given twice');
    this.#seen.add(attribute.name).add(expanded);
    if (this.#seen.size > 2 * this.#limits.attributes) throw new XmlError('An element has too many attributes', true);
    checkText(attribute.value);
  }

  #start(tag: SaxTag): void {
    this.#seen.clear();
    if (tag.uri === XMLNS) throw new XmlError('An element has a reserved name');
    if (this.#root !== null && this.#open.length === 0) throw new XmlError('The document has two root elements');
    if (this.#open.length >= this.#limits.depth) throw new XmlError('The document is nested too deeply', true);
    this.#elements += 1;
    if (this.#elements > this.#limits.elements) throw new XmlError('The document has too many elements', true);
    const element: OpenElement = { name: clark(tag.uri, tag.local), attributes: attributesOf(tag), children: [] };
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
  }

  #text(text: string): void {
    checkText(text);
    const children = this.#open.at(-1)?.children;
    if (children === undefined) return;
    const last = children.length - 1;
    const before = children[last];
    if (typeof before === 'string') children[last] = before + text;
    else children.push(text);
  }
}

const NO_ATTRIBUTES: ReadonlyMap<ClarkName, string> = new Map();

function attributesOf(tag: SaxTag): ReadonlyMap<ClarkName, string> {
  const given = Object.values(tag.attributes);
  if (given.length === 0) return NO_ATTRIBUTES;
  const attributes = new Map<ClarkName, string>();
  for (const { uri, local, value, name } of given) {
    if (uri !== XMLNS && name !== 'xmlns') attributes.set(clark(uri, local), value);
  }
  return attributes;
}

/** What nearly all text of requests is made of. */
const PLAIN = /^[\t\n\r -~]*$/;

function checkText(text: string): void {
  if (!PLAIN.test(text) && ILLEGAL.test(text)) throw new XmlError('The document holds a character that XML forbids');
}

/** The child elements, in order; of one name where it is given. */
export function elementsOf(element: XmlElement, name?: ClarkName): XmlElement[] {
  const found: XmlElement[] = [];
  for (const child of element.children) {
    if (typeof child !== 'string' && (name === undefined || child.name === name)) found.push(child);
  }
  return found;
}

/** The first child element of that name. */
export function childOf(element: XmlElement | undefined, name: ClarkName): XmlElement | undefined {
  return element?.children.find((child): child is XmlElement => typeof child !== 'string' && child.name === name);
}

/** The text directly inside an element. */
export function textOf(element: XmlElement): string {
  let text = '';
  for (const child of element.children) if (typeof child === 'string') text += child;
  return text;
}

/** An attribute without a namespace. */
export function attributeOf(element: XmlElement, local: string): string | undefined {
  return element.attributes.get(`{}${local}`);
}
