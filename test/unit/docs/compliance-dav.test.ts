import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { repositoryRoot } from '../../support/paths.js';

const text = readFileSync(join(repositoryRoot, 'docs', 'compliance-dav.md'), 'utf8');

/** Cells of the rows of the table under a heading. */
function tableUnder(heading: string): string[][] {
  const start = text.indexOf(`### ${heading}`);
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

const numbers = (last: number): string[] => Array.from({ length: last }, (_, index) => String(index + 1));
const CLIENTS = [
  'iOS/macOS Calendar',
  'iOS/macOS Contacts',
  'macOS/iOS Reminders',
  'DAVx5',
  'Thunderbird',
  'Evolution / GNOME',
  'KDE',
  'Outlook CalDav Synchronizer',
  'vdirsyncer / pimsync',
  'tsdav / Home Assistant / cal.com',
  'OneCalendar',
  'Tasks.org, jtx Board, OpenTasks',
  'Samsung/Google Calendar apps',
  'BusyCal, Fantastical',
  'Android CalDAV-Sync/older',
  'General rules',
];

/** What is said about a row: yes, partly or no in its last but one cell, and why in the last. */
const TABLES: readonly { readonly heading: string; readonly rows: readonly string[] }[] = [
  { heading: 'Part 1, complaints', rows: numbers(25) },
  { heading: 'Part 2.1, set-up of Apple’s clients by step', rows: [...numbers(12), 'CardDAV'] },
  { heading: 'Part 2.2, clients', rows: CLIENTS },
];

describe('docs/compliance-dav.md: every row of the list of complaints', () => {
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
        assert.ok(why.length > 10, cells[0]);
        if (state === 'partly') assert.match(why, /`(e2e|unit)\/[\w./-]+`/, cells[0]);
      }
    });

    it(`${heading}: each test named is there`, () => {
      for (const cells of table) for (const named of testsIn(cells.at(-1) ?? '')) check(named, cells[0] ?? '');
    });
  }
});

interface Named {
  readonly file: string;
  readonly title: string | null;
  readonly scripts: readonly string[];
}

/** `` `e2e/dav-items` «title» ``, or `` `e2e/dav-setups` over `ios.txt` and `macos.txt` ``. */
function testsIn(cell: string): Named[] {
  return [...cell.matchAll(/`((?:e2e|unit)\/[\w./-]+)`(?: «([^»]+)»| over ((?:`[\w.-]+`(?: and )?)+))?/g)].map(
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
    assert.ok(existsSync(join(repositoryRoot, 'test', 'scripts', 'dav', script)), `row ${row}: ${script}`);
  }
}

function titlesIn(source: string): string[] {
  return [...source.matchAll(/\b(?:it|test)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map(([, , title = '']) => title);
}
