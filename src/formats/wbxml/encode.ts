import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { PAGES, type TagName } from './pages.js';
import { type Element, isElement, type WbxmlNode } from './tree.js';

/** Version 1.3, public id unknown, UTF-8, no string table (MS-ASWBXML §2.1.1). */
const HEADER = [0x03, 0x01, 0x6a, 0x00];
const SWITCH_PAGE = 0x00;
const END = 0x01;
const STR_I = 0x03;
const OPAQUE = 0xc3;
const CONTENT_BIT = 0x40;
/** The beginning of every document: what is sent first when the rest is still being made. */
export const PROLOGUE: Uint8Array = Uint8Array.from(HEADER);
/** Changes to the page that a document begins on: says nothing, and may stand any number of times before the root. */
export const FILLER: Uint8Array = Uint8Array.of(SWITCH_PAGE, 0);
const FIRST_CAPACITY = 1024;
const CHUNK = 32 * 1024;
const SHORT = 64;

/** NUL ends a WBXML string; the others are no characters of XML 1.0 §2.2, and phones drop a whole answer over one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

interface Token {
  readonly page: number;
  readonly byte: number;
}

const TOKENS: ReadonlyMap<string, Token> = tokensByTag();

function tokensByTag(): Map<string, Token> {
  const tokens = new Map<string, Token>();
  for (const [name, page] of Object.entries(PAGES)) {
    for (const [local, byte] of Object.entries<number>({ ...page.legacy, ...page.tokens })) {
      tokens.set(`${name}:${local}`, { page: page.page, byte });
    }
  }
  return tokens;
}

/**
 * Writes a tree as WBXML 1.3. Pages are switched only when the next tag needs it, an element without content carries no
 * content bit, strings become STR_I without characters that XML forbids, `Uint8Array` becomes OPAQUE.
 */
export function encode(root: Element): Uint8Array {
  const tokens = new TokenBuffer();
  tokens.element(root);
  return tokens.take();
}

/**
 * Writes a long answer piece by piece: `open` and `close` around what comes, `node` for each finished element.
 * At most one chunk and one node are held in memory; `node` and `end` wait while the receiver is slow.
 * The receiving side's failure rejects the next `node` or `end`.
 */
export class WbxmlWriter {
  readonly #tokens: TokenBuffer;
  readonly #out: Writable;

  /** `continued`: the prologue has been written before. */
  constructor(out: Writable, { continued = false }: { readonly continued?: boolean } = {}) {
    this.#out = out;
    this.#tokens = new TokenBuffer();
    if (continued) this.#tokens.take();
  }

  open(tag: TagName): void {
    this.#tokens.open(tag);
  }

  close(): void {
    this.#tokens.close();
  }

  async node(node: WbxmlNode): Promise<void> {
    this.#tokens.node(node);
    if (this.#tokens.size >= CHUNK) await this.#flush();
  }

  /** Writes an element and hands over each child by itself down to that depth, so that a long document is never held twice. */
  async tree(element: Element, depth: number): Promise<void> {
    if (depth === 0) return this.node(element);
    this.open(element.tag);
    for (const child of element.content) await (isElement(child) ? this.tree(child, depth - 1) : this.node(child));
    this.close();
  }

  /** Writes the nodes as they come. */
  async nodes(source: Iterable<WbxmlNode> | AsyncIterable<WbxmlNode>): Promise<void> {
    for await (const node of source) await this.node(node);
  }

  /** Hands over what is left; the stream itself stays open, and every `open` must have had its `close`. */
  async end(): Promise<void> {
    if (this.#tokens.depth > 0) throw new Error('WBXML document ended inside an element');
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const chunk = this.#tokens.take();
    if (this.#out.destroyed) throw new Error('the receiver is gone');
    if (this.#out.write(chunk)) return;
    const gone = new AbortController();
    const closed = once(this.#out, 'close', { signal: gone.signal }).then(() =>
      Promise.reject(new Error('the receiver is gone')),
    );
    try {
      await Promise.race([once(this.#out, 'drain', { signal: gone.signal }), closed]);
    } finally {
      closed.catch(() => {});
      gone.abort();
    }
  }
}

/** A growing run of WBXML tokens. The opening of an element waits for its first content, which decides its content bit. */
class TokenBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;
  #page = 0;
  #pending: Token | undefined;
  /** Elements that are open, the pending one included. */
  depth = 0;

  constructor() {
    this.#write(HEADER);
  }

  get size(): number {
    return this.#length;
  }

  element(element: Element): void {
    this.open(element.tag);
    for (const node of element.content) this.node(node);
    this.close();
  }

  node(node: WbxmlNode): void {
    if (typeof node === 'string') this.#string(node);
    else if (node instanceof Uint8Array) this.#opaque(node);
    else this.element(node);
  }

  open(tag: TagName): void {
    const token = TOKENS.get(tag);
    if (!token) throw new Error(`no WBXML token for ${tag}`);
    this.#settle(CONTENT_BIT);
    this.#pending = token;
    this.depth++;
  }

  close(): void {
    if (this.depth-- === 0) throw new Error('close without an open element');
    if (this.#pending) this.#settle(0);
    else this.#byte(END);
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
    this.#length = 0;
    return taken;
  }

  #settle(contentBit: number): void {
    const token = this.#pending;
    if (!token) return;
    this.#pending = undefined;
    if (token.page !== this.#page) {
      this.#byte(SWITCH_PAGE);
      this.#byte(token.page);
      this.#page = token.page;
    }
    this.#byte(token.byte | contentBit);
  }

  #byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #string(value: string): void {
    if (value === '' || (value.length <= SHORT && this.#plain(value))) return;
    const legal = value.replace(ILLEGAL, '');
    if (legal === '') return;
    this.#settle(CONTENT_BIT);
    const length = Buffer.byteLength(legal);
    this.#reserve(length + 2);
    this.#bytes[this.#length++] = STR_I;
    this.#length += this.#bytes.write(legal, this.#length, 'utf8');
    this.#bytes[this.#length++] = 0;
  }

  /** Short texts of ASCII, as most are, byte by byte: three calls into native code take longer. False: it is none. */
  #plain(value: string): boolean {
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      if (code < 0x20 || code > 0x7e) return false;
    }
    this.#settle(CONTENT_BIT);
    this.#reserve(value.length + 2);
    this.#bytes[this.#length++] = STR_I;
    for (let at = 0; at < value.length; at++) this.#bytes[this.#length++] = value.charCodeAt(at);
    this.#bytes[this.#length++] = 0;
    return true;
  }

  #opaque(value: Uint8Array): void {
    if (value.length === 0) return;
    this.#settle(CONTENT_BIT);
    this.#write([OPAQUE, ...multiByte(value.length)]);
    this.#write(value);
  }

  #write(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** mb_u_int32: seven bits a byte, most significant first. */
export function multiByte(value: number): number[] {
  const bytes = [value % 0x80];
  for (let rest = Math.floor(value / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) bytes.unshift((rest % 0x80) | 0x80);
  return bytes;
}
