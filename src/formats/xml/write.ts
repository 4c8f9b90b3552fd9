import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type ClarkName, DECLARATIONS, prefixOf, splitClark } from './names.js';
import type { XmlElement, XmlNode } from './read.js';

/** A piece of a document: complete elements and escaped text, under the fixed prefixes. */
export type Xml = string & { readonly __xml: unique symbol };

/** Characters that XML 1.0 §2.2 excludes cannot be written at all: they are left out. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const UNSAFE_IN_ATTRIBUTE = /[\t\n"]/g;
const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = { '\n': '&#10;', '\t': '&#9;', '"': '&quot;' };

/**
 * Text as it stands in a document. Line ends of items are CR LF, and a CR has to be a reference (XML 1.0 §2.11): one
 * native replacement for each character is several times as fast as one expression with a function for all.
 */
export function text(value: string): Xml {
  let out = value;
  if (out.includes('&')) out = out.replaceAll('&', '&amp;');
  if (out.includes('<')) out = out.replaceAll('<', '&lt;');
  if (out.includes('>')) out = out.replaceAll('>', '&gt;');
  if (out.includes('\r')) out = out.replaceAll('\r', '&#13;');
  return (out.search(ILLEGAL) < 0 ? out : out.replace(ILLEGAL, '')) as Xml;
}

/** An attribute's value, without its quotes. */
export function attributeText(value: string): string {
  return text(value).replace(UNSAFE_IN_ATTRIBUTE, (character) => ATTRIBUTE_ESCAPES[character] ?? '');
}

interface Tags {
  readonly start: string;
  readonly end: string;
  readonly empty: string;
}
const known = new Map<ClarkName, Tags>();

/** Start, end and empty tag of a name; a namespace without a fixed prefix is declared on the tag itself. */
function tagsOf(name: ClarkName): Tags {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  const { namespace, local } = splitClark(name);
  const prefix = prefixOf(namespace);
  const qualified = prefix === undefined ? (namespace === '' ? local : `x:${local}`) : `${prefix}:${local}`;
  const declaration = prefix !== undefined || namespace === '' ? '' : ` xmlns:x="${attributeText(namespace)}"`;
  const tags = { start: `<${qualified}${declaration}`, end: `</${qualified}>`, empty: `<${qualified}${declaration}/>` };
  // Names of the fixed namespaces come from tables; a client could make up any number of others.
  if (prefix !== undefined && known.size < 1_000) known.set(name, tags);
  return tags;
}

/** An element with the given content; `null` and `undefined` are left out. */
export function element(name: ClarkName, ...content: readonly (Xml | null | undefined)[]): Xml {
  const tags = tagsOf(name);
  let inner = '';
  for (const piece of content) if (piece !== null && piece !== undefined) inner += piece;
  return (inner === '' ? tags.empty : `${tags.start}>${inner}${tags.end}`) as Xml;
}

/** An element with attributes without a namespace. */
export function elementWith(name: ClarkName, attributes: Readonly<Record<string, string>>, content?: Xml): Xml {
  const tags = tagsOf(name);
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${attributeText(value)}"`);
  const start = tags.start + list.join('');
  return (content === undefined || content === '' ? `${start}/>` : `${start}>${content}${tags.end}`) as Xml;
}

/** An element that holds text. */
export function textElement(name: ClarkName, value: string): Xml {
  return element(name, text(value));
}

/** Pieces one after the other. */
export function join(pieces: Iterable<Xml>): Xml {
  let all = '';
  for (const piece of pieces) all += piece;
  return all as Xml;
}

/** Start and end tag apart, for streaming what lies between them. */
export function bracket(name: ClarkName): { readonly start: string; readonly end: string } {
  const tags = tagsOf(name);
  return { start: `${tags.start}>`, end: tags.end };
}

/** The head of a document: declaration and root start tag with all fixed prefixes. */
export function documentStart(root: ClarkName): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${tagsOf(root).start}${DECLARATIONS}>`;
}

/** A whole document of one root element. */
export function document(root: ClarkName, ...content: readonly Xml[]): string {
  return `${documentStart(root)}${content.join('')}${tagsOf(root).end}`;
}

/**
 * Writes a parsed element again, each with the declarations it needs, so that the text stands by itself in any
 * document: this is how properties that the server does not understand are kept (RFC 4918 §4.3).
 */
export function serialize(node: XmlNode): Xml {
  if (typeof node === 'string') return text(node);
  const tags = tagsOf(node.name);
  const prefix = prefixOf(splitClark(node.name).namespace);
  const declaration = prefix === undefined ? '' : ` xmlns:${prefix}="${attributeText(splitClark(node.name).namespace)}"`;
  const start = `${tags.start}${declaration}${serializeAttributes(node)}`;
  const inner = serializeChildren(node);
  return (inner === '' ? `${start}/>` : `${start}>${inner}${tags.end}`) as Xml;
}

/** The content of an element, without its own tags. */
export function serializeChildren(node: XmlElement): Xml {
  return join(node.children.map(serialize));
}

/** The attributes of an element as they stand in a start tag. */
export function serializeAttributes(node: XmlElement): string {
  let all = '';
  let count = 0;
  for (const [name, value] of node.attributes) {
    const { namespace, local } = splitClark(name);
    const quoted = `="${attributeText(value)}"`;
    if (namespace === '') all += ` ${local}${quoted}`;
    else if (namespace === XML_NS) all += ` xml:${local}${quoted}`;
    else {
      count += 1;
      all += ` xmlns:a${count}="${attributeText(namespace)}" a${count}:${local}${quoted}`;
    }
  }
  return all;
}
const XML_NS = 'http://www.w3.org/XML/1998/namespace';

const BLOCK = 64 * 1024;
/** Longest time that one answer keeps the process to itself, in milliseconds. */
const TURN = 5;

/** Collects text into blocks and hands them to a stream no faster than it takes them. */
export class XmlSink {
  #buffer = '';
  #since = performance.now();

  constructor(
    private readonly out: Writable,
    private readonly signal?: AbortSignal,
  ) {}

  /** Adds text; returns whether `flush` should be awaited before more is added. */
  add(xml: string): boolean {
    this.#buffer += xml;
    return this.#buffer.length >= BLOCK;
  }

  /** Takes what was collected since the last flush: the end of the document, for who ends the stream. */
  rest(): Buffer {
    const block = Buffer.from(this.#buffer);
    this.#buffer = '';
    return block;
  }

  /** Hands over what was collected and waits until the stream has room. */
  async flush(): Promise<void> {
    this.signal?.throwIfAborted();
    if (this.#buffer === '') return;
    const block = Buffer.from(this.#buffer);
    this.#buffer = '';
    if (!this.out.write(block)) await once(this.out, 'drain', { signal: this.signal });
    if (this.isDue) await this.yield();
  }

  /** Whether it is time to let other requests have their turn. */
  get isDue(): boolean {
    return performance.now() - this.#since > TURN;
  }

  /** Lets other requests have their turn; ends the work when nobody reads the answer any more. */
  async yield(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
    this.signal?.throwIfAborted();
  }
}
