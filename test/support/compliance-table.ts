import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.js';

/** Row names of a numbered table. */
export const numbers = (last: number): string[] => Array.from({ length: last }, (_, index) => String(index + 1));

/** Cells of the rows of the table under a heading. */
export function tableUnder(text: string, heading: string): string[][] {
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

export interface Named {
  readonly file: string;
  readonly title: string | null;
  readonly scripts: readonly string[];
}

/** The tests that a cell names: `` `e2e/dav-items` «title» ``, or `` `e2e/dav-setups` over `ios.txt` and `macos.txt` ``. */
export function testsIn(cell: string): Named[] {
  return [...cell.matchAll(/`((?:e2e|unit)\/[\w./-]+)`(?: «([^»]+)»| over ((?:`[\w.-]+`(?: and )?)+))?/g)].map(
    ([, file = '', title, scripts = '']) => ({
      file,
      title: title ?? null,
      scripts: [...scripts.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    }),
  );
}

/** Whether a test that a row names is there; `folder`: that of its steps below test/scripts. */
export function checkNamed({ file, title, scripts }: Named, row: string, folder: string): void {
  const path = join(repositoryRoot, 'test', `${file}.test.ts`);
  assert.ok(existsSync(path), `row ${row}: ${file}`);
  const source = readFileSync(path, 'utf8');
  if (title !== null) assert.ok(titlesIn(source).includes(title), `row ${row}: ${file} has no «${title}»`);
  for (const script of scripts) {
    assert.ok(existsSync(join(repositoryRoot, 'test', 'scripts', folder, script)), `row ${row}: ${script}`);
  }
}

function titlesIn(source: string): string[] {
  return [...source.matchAll(/\b(?:it|test)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map(([, , title = '']) => title);
}
