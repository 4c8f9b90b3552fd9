import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decode } from '../../../../src/formats/wbxml/decode.js';
import { encode } from '../../../../src/formats/wbxml/encode.js';
import { PAGES } from '../../../../src/formats/wbxml/pages.js';
import { type Element, isElement } from '../../../../src/formats/wbxml/tree.js';
import { type SampleNode, samples, WBXML_FIXTURES } from '../../../support/wbxml-samples.js';

function toElement([tag, ...content]: SampleNode): Element {
  return {
    tag: tag as Element['tag'],
    content: content.map((node) =>
      Array.isArray(node) ? toElement(node as unknown as SampleNode) : (node as string | Uint8Array),
    ),
  };
}

for (const { name, bytes, tree } of samples()) {
  test(`${name} decodes to its XML and encodes to its bytes`, () => {
    const decoded = decode(bytes);
    assert.deepEqual(decoded, toElement(tree));
    assert.ok(isElement(decoded));
    assert.equal(Buffer.from(encode(toElement(tree))).toString('hex'), Buffer.from(bytes).toString('hex'));
  });
}

test('the code pages are those of MS-ASWBXML', () => {
  const reference = JSON.parse(readFileSync(join(WBXML_FIXTURES, 'codepages.json'), 'utf8')) as {
    pages: { page: number; name: keyof typeof PAGES; tokens: Record<string, string> }[];
  };
  for (const { page, name, tokens } of reference.pages) {
    const ours = Object.entries<number>(PAGES[name].tokens).map(([local, byte]) => `${byte} ${local}`);
    const theirs = Object.entries(tokens).map(([byte, local]) => `${Number(byte)} ${local}`);
    assert.equal(PAGES[name].page, page);
    assert.deepEqual(ours.sort(), theirs.sort(), name);
  }
});
