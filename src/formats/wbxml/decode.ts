import { PAGES, type TagName } from './pages.js';
import type { Element, WbxmlNode } from './tree.js';

/** A body that is not WBXML as EAS uses it (Status 102 InvalidWBXML; HTTP 400 before 14.0). */
export class WbxmlError extends Error {
  override readonly name = 'WbxmlError';
  /** Where in the body reading stopped, in bytes. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

/** Bounds of one document; what exceeds them is a WbxmlError. */
export interface WbxmlLimits {
  /** Elements inside each other. */
  readonly depth: number;
  /** Elements, strings and byte runs of the whole document, those in unknown elements included. */
  readonly nodes: number;
  /** Bytes that references into the string table may add up to: one table entry can be named again and again. */
  readonly tableText: number;
}

export const DEFAULT_LIMITS: WbxmlLimits = { depth: 64, nodes: 500_000, tableText: 1 << 20 };

const END = 0x01;
const CONTENT_BIT = 0x40;
const ATTRIBUTE_BIT = 0x80;
const FIRST_TAG_TOKEN = 0x05;
const UTF8_MIB = 106;
const UNKNOWN_CHARSET = 0;
const VERSIONS: ReadonlySet<number> = new Set([0x01, 0x02, 0x03]);
/** With the attribute bit these are no tags but global tokens of their own (WBXML 1.3 §7.1). */
const GLOBAL_TOKEN_MASK = 0x3f;

const TAGS: readonly (readonly (TagName | undefined)[])[] = tagsByByte();

function tagsByByte(): (TagName | undefined)[][] {
  const pages: (TagName | undefined)[][] = [];
  for (const [name, { page, tokens, legacy }] of Object.entries(PAGES)) {
    const row = new Array<TagName | undefined>(CONTENT_BIT).fill(undefined);
    for (const [local, byte] of Object.entries<number>({ ...legacy, ...tokens })) row[byte] = `${name}:${local}` as TagName;
    pages[page] = row;
  }
  return pages;
}

/**
 * Reads a WBXML document (WBXML 1.3, MS-ASWBXML §2.1).
 *
 * Tolerated because clients send it: header versions 1.1 to 1.3, any public id, a string table with STR_T references,
 * ENTITY, OPAQUE where a string is expected (its bytes are a view of `body`). An unknown token of a known page vanishes with all it contains.
 * Invalid UTF-8 becomes U+FFFD: one broken name must not keep a phone from syncing for good. Neighbouring strings are
 * joined, so a text element has one string. Attributes, extension tokens, literals, processing instructions, unknown pages,
 * other character sets, anything unbalanced or after the root element, and what exceeds `limits` throw {@link WbxmlError}.
 */
export function decode(body: Uint8Array, limits: Partial<WbxmlLimits> = {}): Element {
  return new Decoder(body, { ...DEFAULT_LIMITS, ...limits }).document();
}

/** An element being read; `tag` is undefined inside a skipped one. */
interface Frame {
  readonly tag: TagName | undefined;
  readonly content: WbxmlNode[];
}

class Decoder {
  readonly #body: Buffer;
  readonly #limits: WbxmlLimits;
  readonly #stack: Frame[] = [];
  #offset = 0;
  #page = 0;
  #nodes = 0;
  #tableText = 0;
  #table: Buffer = Buffer.alloc(0);
  #root: Element | undefined;

  constructor(body: Uint8Array, limits: WbxmlLimits) {
    this.#body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#limits = limits;
  }

  document(): Element {
    this.#header();
    do this.#token(this.#byte());
    while (this.#stack.length > 0 || !this.#root);
    if (this.#offset < this.#body.length) this.#fail('bytes after the root element');
    return this.#root;
  }

  #header(): void {
    if (!VERSIONS.has(this.#byte())) this.#fail('not a WBXML version of 1.1 to 1.3');
    if (this.#number() === 0) this.#number();
    const charset = this.#number();
    if (charset !== UTF8_MIB && charset !== UNKNOWN_CHARSET) this.#fail(`character set ${charset} is not UTF-8`);
    this.#table = this.#take(this.#number());
  }

  #token(token: number): void {
    const global = GLOBALS[token];
    if (global) global(this.#actions);
    else if (token & ATTRIBUTE_BIT || (token & GLOBAL_TOKEN_MASK) < FIRST_TAG_TOKEN)
      this.#fail(`token 0x${token.toString(16)} is not used by EAS`);
    else this.#open(token);
  }

  readonly #actions: Actions = {
    switchPage: () => {
      this.#page = this.#byte();
      if (!TAGS[this.#page]) this.#fail(`unknown code page ${this.#page}`);
    },
    end: () => this.#close(),
    entity: () => this.#text(this.#entity()),
    inline: () => this.#text(this.#terminated(this.#body, this.#offset, true)),
    reference: () => this.#text(this.#tableString(this.#number())),
    opaque: () => {
      const { buffer, byteOffset, length } = this.#take(this.#number());
      this.#append(new Uint8Array(buffer, byteOffset, length));
    },
  };

  #open(token: number): void {
    const { depth } = this.#limits;
    if (this.#stack.length >= depth) this.#fail(`more than ${depth} elements inside each other`);
    this.#count();
    const parent = this.#stack.at(-1);
    const known = TAGS[this.#page]?.[token & GLOBAL_TOKEN_MASK];
    if (!parent && !known) this.#fail('unknown root element');
    this.#stack.push({ tag: parent && !parent.tag ? undefined : known, content: [] });
    if (!(token & CONTENT_BIT)) this.#close();
  }

  #close(): void {
    const frame = this.#stack.pop();
    if (!frame) throw this.#error('END without an element');
    if (!frame.tag) return;
    const element: Element = { tag: frame.tag, content: frame.content };
    const parent = this.#stack.at(-1);
    if (parent) parent.content.push(element);
    else this.#root = element;
  }

  #count(): void {
    if (++this.#nodes > this.#limits.nodes) this.#fail(`more than ${this.#limits.nodes} nodes`);
  }

  #text(value: string): void {
    const content = this.#stack.at(-1)?.content;
    const last = content?.at(-1);
    if (content && typeof last === 'string') {
      this.#count();
      content[content.length - 1] = last + value;
    } else this.#append(value);
  }

  #append(node: string | Uint8Array): void {
    const frame = this.#stack.at(-1);
    if (!frame) throw this.#error('content outside the root element');
    this.#count();
    if (frame.tag && node.length > 0) frame.content.push(node);
  }

  #entity(): string {
    const code = this.#number();
    if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) this.#fail(`character ${code} does not exist`);
    return String.fromCodePoint(code);
  }

  #tableString(offset: number): string {
    if (offset >= this.#table.length) this.#fail('reference outside the string table');
    const value = this.#terminated(this.#table, offset, false);
    this.#tableText += value.length + 1;
    if (this.#tableText > this.#limits.tableText) this.#fail('too much text from the string table');
    return value;
  }

  #terminated(from: Buffer, start: number, advance: boolean): string {
    const end = from.indexOf(0, start);
    if (end < 0) this.#fail('string without an end');
    if (advance) this.#offset = end + 1;
    return from.toString('utf8', start, end);
  }

  /** mb_u_int32: seven bits a byte, most significant first, at most five bytes. */
  #number(): number {
    let value = 0;
    for (let read = 0; read < 5; read++) {
      const byte = this.#byte();
      value = value * 0x80 + (byte & 0x7f);
      if (byte < 0x80) return value <= 0xffffffff ? value : this.#fail('number above 32 bits');
    }
    return this.#fail('number longer than five bytes');
  }

  #byte(): number {
    const byte = this.#body[this.#offset];
    if (byte === undefined) return this.#fail('document ends too early');
    this.#offset++;
    return byte;
  }

  #take(length: number): Buffer {
    if (length > this.#body.length - this.#offset) this.#fail('length beyond the end of the document');
    const taken = this.#body.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return taken;
  }

  #fail(message: string): never {
    throw this.#error(message);
  }

  #error(message: string): WbxmlError {
    return new WbxmlError(message, this.#offset);
  }
}

type Actions = Record<'switchPage' | 'end' | 'entity' | 'inline' | 'reference' | 'opaque', () => void>;

/** The global tokens that EAS documents may contain (WBXML 1.3 §7.1). */
const GLOBALS: Readonly<Record<number, (actions: Actions) => void>> = {
  0: (actions) => actions.switchPage(),
  [END]: (actions) => actions.end(),
  2: (actions) => actions.entity(),
  3: (actions) => actions.inline(),
  131: (actions) => actions.reference(),
  195: (actions) => actions.opaque(),
};
