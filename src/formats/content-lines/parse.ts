import { Component } from './component.js';
import { Property, readParams } from './property.js';

/** What one text may cost. Sizes in UTF-8 bytes (text) and characters (line). */
export interface ContentLineLimits {
  readonly maxBytes: number;
  /** Logical lines. */
  readonly maxLines: number;
  /** One logical line after unfolding. */
  readonly maxLineLength: number;
  /** Components within components. */
  readonly maxDepth: number;
}

export const DEFAULT_LIMITS: ContentLineLimits = {
  maxBytes: 20 << 20,
  maxLines: 200_000,
  maxLineLength: 16 << 20,
  maxDepth: 8,
};

/** A text that is not content lines, or more than the limits allow. `line` counts physical lines from 1. */
export class ContentLineError extends Error {
  override readonly name = 'ContentLineError';

  constructor(
    message: string,
    readonly line: number,
    readonly kind: 'malformed' | 'limit' = 'malformed',
  ) {
    super(`line ${line}: ${message}`);
  }
}

const LABEL = /^(?:([^\s:;.,="]+)\.)?([^\s:;.,="]+)/;
const QUOTED_PRINTABLE = /[;=]quoted-printable[;:]/i;
const BASE64_LINE = /^[A-Za-z0-9+/]+={0,2}[ \t]*$/;

/**
 * Parses text into its top-level components. `components.join('')` gives the same text again.
 * @throws ContentLineError
 */
export function parseContentLines(text: string, limits: Partial<ContentLineLimits> = {}): Component[] {
  return new Parser(text, { ...DEFAULT_LIMITS, ...limits }).parse();
}

/** The text of components. */
export function serializeContentLines(components: readonly Component[]): string {
  return components.join('');
}

/** Name and parameters of a line, as far as they stand on its first physical one. */
function headOf(first: string): string {
  return first.slice(0, first.indexOf(':') + 1);
}

interface Physical {
  readonly text: string;
  readonly end: number;
  readonly eol: string;
}

class Parser {
  readonly #text: string;
  readonly #limits: ContentLineLimits;
  readonly #roots: Component[] = [];
  readonly #open: Component[] = [];
  #at = 0;
  #line = 0;
  #lines = 0;
  #blank = '';
  #isVersion21 = false;

  constructor(text: string, limits: ContentLineLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  parse(): Component[] {
    if (Buffer.byteLength(this.#text) > this.#limits.maxBytes) this.#fail('text is too long', 'limit');
    if (this.#text.includes('\0')) this.#fail('NUL character');
    if (this.#text.startsWith('\ufeff')) this.#skipBlank(1);
    while (this.#at < this.#text.length) this.#readLine();
    const open = this.#open.at(-1);
    if (open) this.#fail(`END:${open.name} is missing`);
    const last = this.#roots.at(-1);
    if (!last) this.#fail('no component');
    last.suffix = this.#blank;
    return this.#roots;
  }

  #readLine(): void {
    const start = this.#at;
    const first = this.#physical(start);
    this.#line++;
    if (first.text.trim() === '') {
      this.#skipBlank(first.end - start);
      return;
    }
    if (++this.#lines > this.#limits.maxLines) this.#fail('too many lines', 'limit');
    const number = this.#line;
    const line = this.#unfold(first);
    this.#take(line, this.#text.slice(start, this.#at), first.eol, number);
  }

  #skipBlank(length: number): void {
    this.#blank += this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  #physical(at: number): Physical {
    const feed = this.#text.indexOf('\n', at);
    if (feed < 0) return { text: this.#text.slice(at), end: this.#text.length, eol: '' };
    const crlf = feed > at && this.#text[feed - 1] === '\r';
    return { text: this.#text.slice(at, crlf ? feed - 1 : feed), end: feed + 1, eol: crlf ? '\r\n' : '\n' };
  }

  /** Joins the continuation lines of a first line and moves behind them. */
  #unfold(first: Physical): string {
    return (this.#isVersion21 ? null : this.#unfoldPlain(first)) ?? this.#unfoldAny(first);
  }

  /**
   * The usual case at one go: nothing goes on, or by leading blanks alone (RFC 5545 §3.1). A picture in a card has hundreds of
   * such lines. Null, and not moved, where the line may go on otherwise or is too long.
   */
  #unfoldPlain(first: Physical): string | null {
    const isFolded = this.#isBlank(first.end);
    if (!isFolded && first.text.endsWith('=')) return null;
    if (isFolded && QUOTED_PRINTABLE.test(headOf(first.text))) return null;
    const parts = [first.text];
    let at = first.end;
    while (this.#isBlank(at)) {
      const feed = this.#text.indexOf('\n', at);
      const end = feed < 0 ? this.#text.length : feed;
      parts.push(this.#text.slice(at + 1, this.#text[end - 1] === '\r' && feed >= 0 ? end - 1 : end));
      at = feed < 0 ? end : feed + 1;
    }
    if (at - first.end + first.text.length > this.#limits.maxLineLength) return null;
    this.#at = at;
    this.#line += parts.length - 1;
    return parts.length === 1 ? first.text : parts.join('');
  }

  #isBlank(at: number): boolean {
    const char = this.#text[at];
    return char === ' ' || char === '\t';
  }

  #unfoldAny(first: Physical): string {
    const parts = [first.text];
    let length = first.text.length;
    this.#at = first.end;
    const continues = this.#continuation(first.text);
    for (let last = first.text; this.#at < this.#text.length; ) {
      const next = this.#physical(this.#at);
      const piece = continues(last, next.text);
      if (piece === null) break;
      if (piece.trimEnd) parts[parts.length - 1] = last.slice(0, -1);
      length += piece.text.length;
      if (length > this.#limits.maxLineLength) this.#fail('line is too long', 'limit');
      last = piece.text;
      parts.push(last);
      this.#at = next.end;
      this.#line++;
    }
    if (length > this.#limits.maxLineLength) this.#fail('line is too long', 'limit');
    return parts.join('');
  }

  /** How a line goes on: by a leading space, by the soft breaks of quoted-printable, or as bare lines of base64 (vCard 2.1). */
  #continuation(first: string): (last: string, next: string) => { text: string; trimEnd?: boolean } | null {
    const head = headOf(first);
    const quotedPrintable = QUOTED_PRINTABLE.test(head);
    const bareBase64 = this.#isVersion21 && /[;=]base64[;:]/i.test(head);
    // vCard 2.1 §2.1.3 keeps the white space of a fold; later versions drop one character.
    const dropped = this.#isVersion21 && !bareBase64 ? 0 : 1;
    return (last, next) => {
      if (quotedPrintable && last.endsWith('=')) return { text: next, trimEnd: true };
      const folded = next[0] === ' ' || next[0] === '\t';
      // White space alone ends base64 in vCard 2.1; elsewhere it is a continuation like any other.
      if (folded && !(this.#isVersion21 && next.trim() === '')) return { text: next.slice(dropped) };
      return bareBase64 && BASE64_LINE.test(next) ? { text: next } : null;
    };
  }

  #take(line: string, raw: string, eol: string, number: number): void {
    const match = LABEL.exec(line);
    if (!match) this.#fail('not a property name', 'malformed', number);
    const read = readParams(line, match[0].length);
    if (typeof read === 'string') this.#fail(read, 'malformed', number);
    const name = match[2] as string;
    const value = line.slice(read.colon + 1);
    if (name.length === 5 && /^begin$/i.test(name)) this.#begin(value.trim(), raw, eol, number);
    else if (name.length === 3 && /^end$/i.test(name)) this.#end(value.trim(), raw, number);
    else this.#add(Property.read(match[1] ?? null, name, read.params, value, { raw, label: match[0], eol }), number);
  }

  #begin(name: string, raw: string, eol: string, number: number): void {
    if (!/^[\w-]+$/.test(name)) this.#fail('BEGIN without a component name', 'malformed', number);
    if (this.#open.length >= this.#limits.maxDepth) this.#fail('components are nested too deeply', 'limit', number);
    const component = new Component(name, eol || '\r\n');
    component.begin = raw;
    component.prefix = this.#takeBlank();
    const parent = this.#open.at(-1);
    if (parent) parent.children.push(component);
    else {
      this.#roots.push(component);
      this.#isVersion21 = false;
    }
    this.#open.push(component);
  }

  #end(name: string, raw: string, number: number): void {
    const component = this.#open.pop();
    if (!component) this.#fail(`END:${name.slice(0, 40)} without BEGIN`, 'malformed', number);
    if (component.name !== name.toUpperCase())
      this.#fail(`END:${name.slice(0, 40)} where END:${component.name} belongs`, 'malformed', number);
    component.end = this.#takeBlank() + raw;
  }

  #add(property: Property, number: number): void {
    const parent = this.#open.at(-1);
    if (!parent) this.#fail('property outside a component', 'malformed', number);
    if (property.name === 'VERSION') this.#isVersion21 = property.value.trim() === '2.1';
    property.prefix = this.#takeBlank();
    if (property.eol === '') property.eol = parent.eol;
    parent.children.push(property);
  }

  #takeBlank(): string {
    const blank = this.#blank;
    this.#blank = '';
    return blank;
  }

  #fail(message: string, kind: 'malformed' | 'limit' = 'malformed', line = this.#line): never {
    throw new ContentLineError(message, line, kind);
  }
}
