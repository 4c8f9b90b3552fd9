import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseContentLines } from '../../../../src/formats/content-lines.js';
import { convertCard } from '../../../../src/formats/vcard/convert.js';
import { RANDOM_CARDS } from '../../../support/random-cards.js';
import { missing } from './canonical.js';

/** Cards are the same in each run; CARD_SEED gives others. A failure prints its seed. */
const SEED = Number(process.env.CARD_SEED ?? 20261123);
const RUNS = 3_000;

/** What a version may have on top when a card comes back: names that it wants. */
const ADDED = /^\["(?:N|SORT-STRING)"/;

for (const [home, there] of [
  ['3.0', '4.0'],
  ['4.0', '3.0'],
] as const) {
  describe(`${home} → ${there} → ${home}`, () => {
    it('loses nothing and invents nothing', () => {
      fc.assert(
        fc.property(RANDOM_CARDS[home], (text) => {
          const other = convertCard(text, there);
          parseContentLines(other);
          const back = convertCard(other, home);
          assert.deepEqual(missing(text, back), [], `lost from\n${text}\nby way of\n${other}\nin\n${back}`);
          const more = missing(back, text).filter((line) => !ADDED.test(line));
          assert.deepEqual(more, [], `more than in\n${text}\nby way of\n${other}\nin\n${back}`);
        }),
        { numRuns: RUNS, seed: SEED },
      );
    });

    it('is settled once it was done', () => {
      fc.assert(
        fc.property(RANDOM_CARDS[home], (text) => {
          const other = convertCard(text, there);
          const again = convertCard(convertCard(other, home), there);
          assert.deepEqual(missing(other, again), [], `${other}\nand\n${again}`);
        }),
        { numRuns: RUNS / 3, seed: SEED },
      );
    });
  });
}
