import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { repositoryRoot } from '../../support/paths.js';

const text = readFileSync(join(repositoryRoot, 'docs', 'compliance-eas-clients.md'), 'utf8');
const numbers = (last: number): string[] => Array.from({ length: last }, (_, index) => String(index + 1));
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
    const table = tableUnder(heading);

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
      for (const cells of table) for (const named of testsIn(cells.at(-1) ?? '')) check(named, cells[0] ?? '');
    });
  }

  it('each family of phones has its steps, and a row that names them', () => {
    const named = TABLES.flatMap(({ heading }) => tableUnder(heading)).flatMap((cells) => testsIn(cells.at(-1) ?? ''));
    for (const script of SCRIPTS)
      assert.ok(
        named.some(({ scripts }) => scripts.includes(`${script}.txt`)),
        script,
      );
  });
});

/** Cells of the rows of the table under a heading. */
function tableUnder(heading: string): string[][] {
  const start = text.indexOf(`### ${heading}\n`);
  assert.ok(start >= 0, heading);
  const section = text.slice(start + 1).split(/\n#{1,3} /)[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim()),
  );
}

interface Named {
  readonly file: string;
  readonly title: string | null;
  readonly scripts: readonly string[];
}

/** `` `e2e/eas-sync` «title» ``, or `` `e2e/eas-setups` over `ios.txt` and `gmail.txt` ``. */
function testsIn(cell: string): Named[] {
  return [...cell.matchAll(/`((?:e2e|unit)\/[\w/-]+)`(?: «([^»]+)»| over ((?:`[\w.-]+`(?: and )?)+))?/g)].map(
    ([, file = '', title, scripts = '']) => ({
      file,
      title: title ?? null,
      scripts: [...scripts.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    }),
  );
}

function check({ file, title, scripts }: Named, row: string): void {
  const path = join(repositoryRoot, 'test', `${file}.test.ts`);
  assert.ok(existsSync(path), `row ${row}: ${file}`);
  const source = readFileSync(path, 'utf8');
  if (title !== null) assert.ok(titlesIn(source).includes(title), `row ${row}: ${file} has no «${title}»`);
  for (const script of scripts) {
    assert.ok(existsSync(join(repositoryRoot, 'test', 'scripts', 'eas', script)), `row ${row}: ${script}`);
  }
}

function titlesIn(source: string): string[] {
  return [...source.matchAll(/\b(?:it|test)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map(([, , title = '']) => title);
}
