import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Tidying, type TidyLook, whatToTidy } from '../../../src/http/tidy.js';

const MB = 1024 * 1024;
const LATE = Number.POSITIVE_INFINITY;
const quiet: TidyLook = { utilization: 0.01, grown: 0, loose: 0, sinceCollected: LATE, sinceCompacted: LATE };

const cases: readonly (readonly [string, Partial<TidyLook>, Tidying])[] = [
  ['a small heap is left alone', { grown: 10 * MB, loose: 20 * MB }, 'nothing'],
  ['garbage of a rush is collected', { grown: 200 * MB }, 'collect'],
  ['collecting goes before compacting', { grown: 200 * MB, loose: 200 * MB }, 'collect'],
  ['empty pages are given back', { loose: 400 * MB }, 'compact'],
  ['a busy process is not disturbed', { utilization: 0.5, grown: 200 * MB, loose: 400 * MB }, 'nothing'],
  ['collecting again has a pause before it', { grown: 200 * MB, sinceCollected: 30_000 }, 'nothing'],
  ['compacting does not wait for the next collection', { grown: 200 * MB, loose: 400 * MB, sinceCollected: 10_000 }, 'compact'],
  ['compacting again has a longer one', { loose: 400 * MB, sinceCollected: 90_000, sinceCompacted: 90_000 }, 'nothing'],
];

for (const [name, look, expected] of cases) test(name, () => assert.equal(whatToTidy({ ...quiet, ...look }), expected));
