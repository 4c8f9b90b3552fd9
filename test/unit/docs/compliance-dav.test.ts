import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkNamed, numbers, tableUnder, testsIn } from '../../support/compliance-table.js';
import { repositoryRoot } from '../../support/paths.js';

const text = readFileSync(join(repositoryRoot, 'docs', 'compliance-dav.md'), 'utf8');

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
        assert.ok(why.length > 10, cells[0]);
        if (state === 'partly') assert.match(why, /`(e2e|unit)\/[\w./-]+`/, cells[0]);
      }
    });

    it(`${heading}: each test named is there`, () => {
      for (const cells of table) for (const named of testsIn(cells.at(-1) ?? '')) checkNamed(named, cells[0] ?? '', 'dav');
    });
  }
});
