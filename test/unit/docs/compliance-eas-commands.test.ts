import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { COMMANDS, isIn } from '../../../src/faces/eas/commands/index.js';
import { OFFERED } from '../../../src/faces/eas/versions.js';
import { cellOf, MATRIX, markdownTable, VERSIONS } from '../../support/eas-matrix.js';
import { repositoryRoot } from '../../support/paths.js';

const FILE = join(repositoryRoot, 'docs', 'compliance-eas-commands.md');

describe('docs/compliance-eas-commands.md: the table of commands by version', () => {
  it('is the one that e2e/eas-matrix runs (UPDATE_GOLDEN=1 writes it)', () => {
    const text = readFileSync(FILE, 'utf8');
    const table = /^\| Command \|(?:.*\n)(?:\|.*\n)*/m.exec(text)?.[0];
    assert.ok(table, 'there is a table');
    if (process.env.UPDATE_GOLDEN) writeFileSync(FILE, text.replace(table, `${markdownTable()}\n`));
    else assert.equal(table, `${markdownTable()}\n`);
  });

  it('has a column for each version offered and a row for each command', () => {
    assert.deepEqual([...VERSIONS], [...OFFERED]);
    const rows = new Set(MATRIX.map(({ command }) => command));
    assert.deepEqual(
      [...COMMANDS.keys()].filter((command) => !rows.has(command)),
      [],
    );
  });

  it('says of each cell what the table of the gateway says', () => {
    for (const row of MATRIX) {
      const command = COMMANDS.get(row.command);
      for (const version of OFFERED) {
        const isServed = command !== undefined && isIn(command, version);
        assert.equal(!/^\d+$/.test(cellOf(row, version)), isServed, `${row.name} in ${version}`);
      }
    }
  });

  it('names further tests that exist', () => {
    for (const { name, further } of MATRIX) {
      for (const part of further.split('; ')) {
        const [kind, ...rest] = part.split('/');
        for (const file of rest.join('/').split(', ')) {
          assert.ok(existsSync(join(repositoryRoot, 'test', kind ?? '', `${file}.test.ts`)), `${name}: ${kind}/${file}`);
        }
      }
    }
  });
});
