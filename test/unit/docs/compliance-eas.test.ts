import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkNamed, numbers, tableUnder, testsIn } from '../../support/compliance-table.js';
import { repositoryRoot } from '../../support/paths.js';

const text = readFileSync(join(repositoryRoot, 'docs', 'compliance-eas-clients.md'), 'utf8');
const CLIENTS = ['iOS', 'Gmail', 'Samsung', 'Outlook mobile', 'Nine', 'Outlook desktop', 'Windows Mail, Windows Phone',
  'Thunderbird (TbSync)', 'Others'].map((name, index) => `2.${index + 1} ${name}`); // biome-ignore format: a list

/** What is said about a row: yes, partly or no in its last but one cell, and why in the last. */
const TABLES: readonly { readonly heading: string; readonly rows: readonly string[] }[] = [
  { heading: 'Part 1, complaints', rows: numbers(29) },
  { heading: 'Part 2, clients', rows: CLIENTS },
  { heading: 'Part 2.10, generic rules', rows: numbers(9) },
];
/** Families of clients that have a script of their steps. */
const SCRIPTS = ['ios', 'gmail', 'samsung', 'outlook-mobile', 'outlook-desktop', 'nine'];

describe('docs/compliance-eas-clients.md: every row of the list of complaints and clients', () => {
  for (const { heading, rows } of TABLES) {
    const table = tableUnder(text, heading);

    it(`${heading}: all rows, in order`, () =>
      assert.deepEqual(
        table.map(([row]) => row),
        rows,
      ));

    it(`${heading}: yes with a test, partly with a test and what is missing, no with the reason`, () => {
      for (const cells of table) {
        const [state = '', why = ''] = cells.slice(-2);
        assert.match(state, /^(yes|partly|no)$/, cells[0]);
        assert.match(why, state === 'no' ? /.{10}/ : /`(e2e|unit)\/[\w./-]+`/, cells[0]);
      }
    });

    it(`${heading}: each test named is there`, () => {
      for (const cells of table) for (const named of testsIn(cells.at(-1) ?? '')) checkNamed(named, cells[0] ?? '', 'eas');
    });
  }

  it('each family of phones has its steps, and a row that names them', () => {
    const named = TABLES.flatMap(({ heading }) => tableUnder(text, heading)).flatMap((cells) => testsIn(cells.at(-1) ?? ''));
    for (const script of SCRIPTS)
      assert.ok(
        named.some(({ scripts }) => scripts.includes(`${script}.txt`)),
        script,
      );
  });
});
