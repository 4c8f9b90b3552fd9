import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WBXML_FIXTURES } from './wbxml-samples.js';

/**
 * The test phone's own WBXML, written from MS-ASWBXML and the reference table in test/fixtures. It shares no code and no
 * table with the gateway, and it is strict: whatever a phone might stumble over throws.
 */

export type TagContent = Tag | string | number | Uint8Array | undefined | readonly TagContent[];

/** An element: its name as `Page:Local`, its child elements, and its text or bytes when it has no children. */
export class Tag {
  readonly kids: readonly Tag[];
  readonly value: string | Uint8Array | undefined;

  constructor(
    readonly name: string,
    content: readonly TagContent[],
  ) {
    const flat = content.flat(9).filter((item) => item !== undefined);
    this.kids = flat.filter((item): item is Tag => item instanceof Tag);
    const value = flat.find((item) => !(item instanceof Tag)) as string | number | Uint8Array | undefined;
    this.value = typeof value === 'number' ? String(value) : value;
  }

  get local(): string {
    return this.name.slice(this.name.indexOf(':') + 1);
  }

  /** The first child of that name; with several names the descendant at the end of that path. */
  child(...path: string[]): Tag | undefined {
    return path.reduce<Tag | undefined>((tag, name) => tag?.kids.find((kid) => kid.name === name), this);
  }

  all(name: string): Tag[] {
    return this.kids.filter((kid) => kid.name === name);
  }

  /** Text of the element at the end of a path; an empty element is an empty string, a missing one undefined. */
  text(...path: string[]): string | undefined {
    const tag = this.child(...path);
    if (!tag) return undefined;
    return typeof tag.value === 'string' ? tag.value : Buffer.from(tag.value ?? '').toString('utf8');
  }

  /** All elements below, in document order. */
  *walk(): Generator<Tag> {
    for (const kid of this.kids) {
      yield kid;
      yield* kid.walk();
    }
  }

  toString(indent = ''): string {
    const value =
      typeof this.value === 'string' ? JSON.stringify(this.value.slice(0, 200)) : this.value && `<${this.value.length} bytes>`;
    return [`${indent}${this.name}${value ? ` ${value}` : ''}`, ...this.kids.map((kid) => kid.toString(`${indent}  `))].join(
      '\n',
    );
  }
}

/** Builds an element. */
export function t(name: string, ...content: readonly TagContent[]): Tag {
  return new Tag(name, content);
}

interface CodePage {
  page: number;
  name: string;
  tokens: Record<string, string>;
  /** Tokens that only version 2.5 uses. */
  legacyTokens: Record<string, { name: string }>;
}

const PAGES = (JSON.parse(readFileSync(join(WBXML_FIXTURES, 'codepages.json'), 'utf8')) as { pages: CodePage[] }).pages;
const NAMES = new Map(
  PAGES.flatMap(({ page, name, tokens, legacyTokens }) => {
    const legacy = Object.entries(legacyTokens ?? {}).map(([byte, token]) => [byte, token.name] as const);
    return [...legacy, ...Object.entries(tokens)].map(([byte, local]) => [page * 256 + Number(byte), `${name}:${local}`]);
  }),
);
const CODES = new Map([...NAMES].map(([code, name]) => [name, code]));

export function encodeTag(root: Tag): Buffer {
  const out: number[] = [0x03, 0x01, 0x6a, 0x00];
  const chunks: Buffer[] = [];
  let page = 0;
  const flush = (bytes: Uint8Array): void => {
    chunks.push(Buffer.from(out.splice(0)), Buffer.from(bytes));
  };
  const write = (tag: Tag): void => {
    const code = CODES.get(tag.name);
    if (code === undefined) throw new Error(`the test phone knows no ${tag.name}`);
    if (code >> 8 !== page) out.push(0x00, code >> 8);
    page = code >> 8;
    const empty = tag.kids.length === 0 && !tag.value?.length;
    out.push((code & 0x3f) | (empty ? 0 : 0x40));
    if (empty) return;
    if (typeof tag.value === 'string') {
      out.push(0x03);
      flush(Buffer.from(tag.value));
      out.push(0);
    } else if (tag.value) {
      out.push(0xc3, ...lengthBytes(tag.value.length));
      flush(tag.value);
    }
    for (const kid of tag.kids) write(kid);
    out.push(0x01);
  };
  write(root);
  return Buffer.concat([...chunks, Buffer.from(out)]);
}

function lengthBytes(length: number): number[] {
  const groups = [length & 0x7f];
  for (let rest = length >>> 7; rest; rest >>>= 7) groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}

const strictText = new TextDecoder('utf-8', { fatal: true });

/** Reads an answer of the gateway; anything but the plain form that MS-ASWBXML allows is an error. */
export function decodeTag(bytes: Buffer): Tag {
  if (bytes.subarray(0, 4).toString('hex') !== '03016a00')
    throw new Error(`WBXML header is ${bytes.subarray(0, 4).toString('hex')}`);
  let at = 4;
  let page = 0;
  const read = (): Tag => {
    while (bytes[at] === 0x00) {
      page = bytes[at + 1] ?? -1;
      at += 2;
    }
    const token = bytes[at++] ?? 0;
    const name = NAMES.get(page * 256 + (token & 0x3f));
    if (!name || token & 0x80) throw new Error(`token ${token.toString(16)} on page ${page} at ${at}`);
    return t(name, token & 0x40 ? content(name) : []);
  };
  const content = (name: string): TagContent[] => {
    const found: TagContent[] = [];
    for (;;) {
      if (at >= bytes.length) throw new Error(`WBXML ends inside ${name}`);
      const token = bytes[at];
      if (token === 0x01) break;
      if (token === 0x03) {
        const end = bytes.indexOf(0, at);
        if (end < 0) throw new Error(`text of ${name} has no end`);
        found.push(strictText.decode(bytes.subarray(at + 1, end)));
        at = end + 1;
      } else if (token === 0xc3) {
        let length = 0;
        at++;
        do length = length * 128 + ((bytes[at] ?? 0) & 0x7f);
        while ((bytes[at++] ?? 0) & 0x80);
        found.push(new Uint8Array(bytes.subarray(at, at + length)));
        at += length;
      } else found.push(read());
    }
    at++;
    if (found.length === 0) throw new Error(`${name} has a content bit and no content`);
    if (found.length > 1 && found.some((item) => !(item instanceof Tag))) throw new Error(`${name} mixes text and elements`);
    return found;
  };
  const root = read();
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes after the document`);
  return root;
}
