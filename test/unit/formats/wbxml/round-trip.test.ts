import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, WbxmlError } from '../../../../src/formats/wbxml/decode.js';
import { encode } from '../../../../src/formats/wbxml/encode.js';
import { PAGES, type TagName } from '../../../../src/formats/wbxml/pages.js';
import type { Element, WbxmlNode } from '../../../../src/formats/wbxml/tree.js';
import { samples } from '../../../support/wbxml-samples.js';

const tags = Object.entries(PAGES).flatMap(([page, { tokens }]) =>
  Object.keys(tokens).map((local) => `${page}:${local}` as TagName),
);

const legalText = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what the encoder leaves out is no part of the round trip
  .map((text) => Buffer.from(text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')).toString('utf8'))
  .filter((text) => text !== '');

const { element } = fc.letrec<{ element: Element; node: WbxmlNode }>((tie) => ({
  element: fc.record(
    { tag: fc.constantFrom(...tags), content: fc.array(tie('node'), { maxLength: 5 }).map(joinText) },
    { noNullPrototype: true },
  ),
  node: fc.oneof(
    { maxDepth: 12, depthSize: 'small' },
    legalText,
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    tie('element'),
  ),
}));

/** Neighbouring strings come back as one. */
function joinText(nodes: readonly WbxmlNode[]): WbxmlNode[] {
  return nodes.reduce<WbxmlNode[]>((joined, node) => {
    const last = joined.at(-1);
    if (typeof node === 'string' && typeof last === 'string') joined[joined.length - 1] = last + node;
    else joined.push(node);
    return joined;
  }, []);
}

test('what is encoded decodes to the same tree', () => {
  fc.assert(
    fc.property(element, (tree) => assert.deepEqual(decode(encode(tree)), tree)),
    { numRuns: 500, seed: 20261123 },
  );
});

/** Decodes or refuses with a WbxmlError: nothing else may happen. */
function survives(bytes: Uint8Array): void {
  try {
    encode(decode(bytes));
  } catch (error) {
    if (!(error instanceof WbxmlError)) throw error;
  }
}

test('any bytes decode or are refused', () => {
  const header = Uint8Array.of(0x03, 0x01, 0x6a, 0x00);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 3000, seed: 1 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => survives(Buffer.concat([header, tail]))),
    { numRuns: 3000, seed: 2 },
  );
});

test('damaged documents decode or are refused', () => {
  const vectors = samples().map(({ bytes }) => bytes);
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...vectors),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (vector, damages, cut) => {
        const damaged = Uint8Array.from(vector);
        for (const [at, byte] of damages) damaged[at % damaged.length] = byte;
        survives(damaged);
        survives(damaged.subarray(0, cut % damaged.length));
      },
    ),
    { numRuns: 5000, seed: 3 },
  );
});
