import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixturePath } from './paths.js';

/** One test vector: the bytes on the wire and the same document as XML. */
export interface Sample {
  readonly name: string;
  readonly command: string;
  readonly direction: 'request' | 'response';
  readonly bytes: Uint8Array;
  readonly tree: SampleNode;
}

/** An element of a sample as `[Page:Local, ...content]`. */
export type SampleNode = readonly [tag: string, ...content: (SampleNode | string | Uint8Array)[]];

/** The folder of the test vectors and reference tables. */
export const WBXML_FIXTURES = fixturePath('wbxml');

/** All test vectors of test/fixtures/wbxml. */
export function samples(): Sample[] {
  const index = JSON.parse(read('index.json')) as { samples: IndexEntry[] };
  return index.samples.map(({ file, command, direction, opaqueElements }) => ({
    name: file,
    command,
    direction,
    bytes: new Uint8Array(Buffer.from(read(`${file}.hex`).replace(/\s/g, ''), 'hex')),
    tree: parse(read(`${file}.xml`), new Set(opaqueElements)),
  }));
}

interface IndexEntry {
  file: string;
  command: string;
  direction: 'request' | 'response';
  opaqueElements: string[];
}

function read(file: string): string {
  return readFileSync(join(WBXML_FIXTURES, file), 'utf8');
}

type Open = [string, ...(SampleNode | string | Uint8Array)[]];

/** The XML of the samples is plain: namespaces are declared on the root only, there are no comments or other attributes. */
function parse(xml: string, opaque: ReadonlySet<string>): SampleNode {
  const pages = new Map([...xml.matchAll(/xmlns(?::(\w+))?="([^"]+)"/g)].map(([, prefix, page]) => [prefix ?? '', page]));
  const stack: Open[] = [['']];
  for (const [, close, prefix, local, empty, text] of xml
    .replace(/<\?.*?\?>/, '')
    .matchAll(/<(\/)?(?:(\w+):)?(\w+)[^>]*?(\/)?>|([^<]+)/g)) {
    if (close) stack.pop();
    else if (text !== undefined) stack.at(-1)?.push(...content(text, stack.at(-1)?.[0] ?? '', opaque));
    else {
      const node: Open = [`${pages.get(prefix ?? '')}:${local}`];
      stack.at(-1)?.push(node);
      if (!empty) stack.push(node);
    }
  }
  return stack[0]?.find(Array.isArray) as unknown as SampleNode;
}

function content(text: string, tag: string, opaque: ReadonlySet<string>): (string | Uint8Array)[] {
  if (tag === '') return [];
  if (opaque.has(tag.split(':')[1] ?? '')) return [new Uint8Array(Buffer.from(text, 'base64'))];
  return [text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: keyof typeof ENTITIES) => ENTITIES[name])];
}

const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
