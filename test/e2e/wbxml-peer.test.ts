import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { decode } from '../../src/formats/wbxml/decode.js';
import { encode } from '../../src/formats/wbxml/encode.js';
import { PAGES, type TagName } from '../../src/formats/wbxml/pages.js';
import { type Element, el, isElement } from '../../src/formats/wbxml/tree.js';
import { type ClarkName, splitClark } from '../../src/formats/xml/names.js';
import { elementsOf, parseXml, textOf, type XmlElement } from '../../src/formats/xml/read.js';
import { attributeText, text as escaped } from '../../src/formats/xml/write.js';
import { temporaryFolder } from '../support/cleanup.js';
import { WBXML_FIXTURES } from '../support/wbxml-samples.js';

/** Random documents against libwbxml's tools (Debian package libwbxml2-utils), as far as their tables reach. */
const SEED = Number(process.env.WBXML_SEED ?? 20261125);
const RUNS = Number(process.env.WBXML_RUNS ?? 150);

/** Elements whose content libwbxml prints as base64, whatever is in it. */
const opaque = new Set<TagName>();
/** Its own mistakes in spelling: the name printed is part of another one, or was another one in a draft. */
const MISPRINTS: Readonly<Record<string, string>> = {
  'Settings:RightsManagementInformation': 'ihsManagementInformation',
};

const run = promisify(execFile);
let dir: string;
/** Our name -> libwbxml's. */
const spelling = new Map<TagName, { readonly namespace: string; readonly local: string }>();
/** libwbxml's name -> ours. */
const ours = new Map<ClarkName, TagName>();

before(async () => {
  dir = await temporaryFolder('gw-wbxml');
  for (const page of Object.keys(PAGES) as (keyof typeof PAGES)[]) await learn(page);
});

/** How libwbxml calls the tokens of a page; `unknown`: not at all. */
async function learn(page: keyof typeof PAGES): Promise<void> {
  const tags = Object.keys(PAGES[page].tokens).map((local) => `${page}:${local}` as TagName);
  const root = await toXml(
    encode(
      el(
        'AirSync:Sync',
        tags.map((tag) => el(tag, 'x')),
      ),
    ),
  );
  const read = elementsOf(root);
  assert.equal(read.length, tags.length, page);
  for (const [at, tag] of tags.entries()) {
    const { name } = read[at] as XmlElement;
    if (textOf(read[at] as XmlElement) !== 'x') opaque.add(tag);
    if (splitClark(name).local === 'unknown') continue;
    spelling.set(tag, splitClark(name));
    ours.set(name, tag);
  }
}

async function toXml(wbxml: Uint8Array): Promise<XmlElement> {
  const [from, to] = [join(dir, 'a.wbxml'), join(dir, 'a.xml')];
  await writeFile(from, wbxml);
  await run('wbxml2xml', ['-m', '2', '-k', '-l', 'ACTIVESYNC', '-o', to, from]);
  return parseXml(Buffer.from((await readFile(to, 'utf8')).replace(/<!DOCTYPE[^>]*>/, '')));
}

async function toWbxml(root: Element): Promise<Buffer> {
  const [from, to] = [join(dir, 'b.xml'), join(dir, 'b.wbxml')];
  const type = '<!DOCTYPE ActiveSync PUBLIC "-//MICROSOFT//DTD ActiveSync//EN" "http://www.microsoft.com/">';
  await writeFile(from, `<?xml version="1.0"?>${type}${print(root)}`);
  await run('xml2wbxml', ['-k', '-n', '-a', '-v', '1.3', '-o', to, from]);
  return readFile(to);
}

function print({ tag, content }: Element): string {
  const { namespace = '', local = '' } = spelling.get(tag) ?? {};
  const inner = content.map((node) => (isElement(node) ? print(node) : escaped(node as string))).join('');
  return `<${local} xmlns="${attributeText(namespace)}">${inner}</${local}>`;
}

/** What libwbxml read, in our names. */
function asElement(element: XmlElement): Element {
  const tag = ours.get(element.name);
  assert.ok(tag, `${element.name} is none of ours`);
  const kids = elementsOf(element).map(asElement);
  const value = textOf(element);
  return { tag, content: kids.length > 0 ? kids : value === '' ? [] : [value] };
}

function documents() {
  const tags = [...spelling.keys()].filter((tag) => !opaque.has(tag));
  const value = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .map((text) => `a${text.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '')}z`);
  const { element } = fc.letrec<{ element: Element }>((tie) => ({
    element: fc.record(
      {
        tag: fc.constantFrom(...tags),
        content: fc.oneof(
          { maxDepth: 5 },
          fc.constant([]),
          value.map((text) => [text]),
          fc.array(tie('element'), { minLength: 1, maxLength: 6 }),
        ),
      },
      { noNullPrototype: true },
    ),
  }));
  return element;
}

describe('libwbxml agrees', () => {
  test('on the tokens and their names, or on a name that is known for them', () => {
    const known = otherNames();
    for (const [tag, { local }] of spelling) {
      const names = [tag.split(':')[1], ...(known.get(tag) ?? []), MISPRINTS[tag]];
      assert.ok(names.includes(local), `${tag} is called ${local}`);
    }
    assert.deepEqual(
      [...opaque].filter((tag) => !/Mime|MIME|Data|Conversation|Picture|Photo|Content|Certificate/.test(tag)),
      [],
      'bytes',
    );
    assert.ok(spelling.size > 500, `${spelling.size} tokens are known to both`);
  });

  test(`on ${RUNS} random documents, read and written (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(documents(), async (tree) => {
        const bytes = encode(tree);
        assert.deepEqual(asElement(await toXml(bytes)), tree, 'libwbxml reads what is written here');
        const theirs = await toWbxml(tree);
        assert.deepEqual(decode(theirs), tree, 'what libwbxml writes is read here');
        assert.equal(theirs.toString('hex'), Buffer.from(bytes).toString('hex'), 'byte for byte');
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

/** Other spellings of the reference table by our name. */
function otherNames(): Map<TagName, readonly string[]> {
  interface Page {
    readonly name: string;
    readonly tokens: Readonly<Record<string, string>>;
    readonly otherNames: Readonly<Record<string, readonly string[]>>;
  }
  const { pages } = JSON.parse(readFileSync(join(WBXML_FIXTURES, 'codepages.json'), 'utf8')) as { pages: readonly Page[] };
  return new Map(
    pages.flatMap(({ name, tokens, otherNames: others }) =>
      Object.entries(others).map(([token, names]) => [`${name}:${tokens[token]}` as TagName, names] as const),
    ),
  );
}
