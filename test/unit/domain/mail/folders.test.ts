import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Mailbox } from '../../../../src/domain/mail/backend.js';
import type { StoredFolder } from '../../../../src/domain/mail/folder-store.js';
import { childPath, descendants, isEmptyPlan, moved, planFolders, toMailFolders } from '../../../../src/domain/mail/folders.js';

const box = (path: string, uidValidity: string | null = '1', more: Partial<Mailbox> = {}): Mailbox => ({
  path,
  uidValidity,
  delimiter: '/',
  role: path === 'INBOX' ? 'inbox' : null,
  selectable: true,
  objectId: null,
  ...more,
});

const row = (id: string, path: string, uidValidity: string | null = '1', more: Partial<Mailbox> = {}): StoredFolder => ({
  id,
  ...box(path, uidValidity, more),
});

describe('planFolders', () => {
  it('writes nothing when nothing changed, makes all at first', () => {
    assert.ok(isEmptyPlan(planFolders([row('1', 'INBOX'), row('2', 'A', '5')], [box('INBOX'), box('A', '5')])));
    assert.deepEqual(
      planFolders([], [box('INBOX'), box('A')]).create.map(({ path }) => path),
      ['INBOX', 'A'],
    );
  });

  const renames: [string, StoredFolder[], Mailbox[], Record<string, string>][] = [
    ['by UIDVALIDITY', [row('1', 'Old', '5')], [box('New', '5')], { New: '1' }],
    [
      'by MAILBOXID, whatever UIDVALIDITY says',
      [row('1', 'Old', '5', { objectId: 'x' })],
      [box('New', '6', { objectId: 'x' })],
      { New: '1' },
    ],
    ['with a folder below', [row('1', 'A', '5'), row('2', 'A/x', '6')], [box('B', '5'), box('B/x', '6')], { B: '1', 'B/x': '2' }],
    ['two that swap', [row('1', 'A', '5'), row('2', 'B', '6')], [box('A', '6'), box('B', '5')], { A: '2', B: '1' }],
    ['and another takes the old name', [row('1', 'A', '5')], [box('A', '7'), box('C', '5')], { C: '1' }],
    ['made anew at the same path keeps the id', [row('1', 'A', '5')], [box('A', '9')], { A: '1' }],
    [
      'same UIDVALIDITY, told apart by the last name',
      [row('1', 'a/x', '5'), row('2', 'a/y', '5')],
      [box('b/x', '5'), box('b/y', '5')],
      { 'b/x': '1', 'b/y': '2' },
    ],
    ['ambiguous: new ids', [row('1', 'a', '5'), row('2', 'b', '5')], [box('c', '5'), box('d', '5')], {}],
    ['unknown UIDVALIDITY: by path', [row('1', 'A', '5')], [box('A', null)], { A: '1' }],
  ];
  for (const [name, stored, listed, ids] of renames) {
    it(`renames ${name}`, () => {
      const plan = planFolders(stored, listed);
      const kept = stored
        .filter(({ id }) => !plan.remove.includes(id))
        .map((each) => plan.update.find(({ id }) => id === each.id) ?? each);
      assert.deepEqual(Object.fromEntries(kept.map(({ path, id }) => [path, id])), ids);
      assert.deepEqual(
        [...kept.map(({ path }) => path), ...plan.create.map(({ path }) => path)].sort(),
        listed.map(({ path }) => path).sort(),
      );
    });
  }

  it('keeps a UIDVALIDITY that was not told this time, takes changed facts, removes the vanished', () => {
    assert.ok(isEmptyPlan(planFolders([row('1', 'A', '5')], [box('A', null)])));
    assert.deepEqual(planFolders([row('1', 'A', '5')], [box('A', '5', { role: 'sent', selectable: false })]).update, [
      row('1', 'A', '5', { role: 'sent', selectable: false }),
    ]);
    assert.deepEqual(planFolders([row('1', 'A', '5')], []).remove, ['1']);
  });

  it('bears a list that names a mailbox twice', () => {
    assert.equal(planFolders([], [box('A'), box('A')]).create.length, 1);
  });
});

describe('toMailFolders', () => {
  const tree = (rows: readonly StoredFolder[]) => toMailFolders(rows).map(({ id, parent, name }) => [id, parent, name]);

  it('makes a tree by paths', () => {
    assert.deepEqual(tree([row('1', 'INBOX'), row('2', 'A'), row('3', 'A/b'), row('4', 'A/b/c')]), [
      ['1', null, 'INBOX'],
      ['2', null, 'A'],
      ['3', '2', 'b'],
      ['4', '3', 'c'],
    ]);
  });

  it('hangs a folder whose parent is not listed on the nearest above', () => {
    assert.deepEqual(tree([row('1', 'A'), row('2', 'A/x/y'), row('3', 'Z/q')]), [
      ['1', null, 'A'],
      ['2', '1', 'x/y'],
      ['3', null, 'Z/q'],
    ]);
  });

  it('lifts folders to the root where all are below INBOX', () => {
    const dot = { delimiter: '.' };
    const rows = [row('1', 'INBOX', '1', dot), row('2', 'INBOX.Sent', '1', dot), row('3', 'INBOX.Sent.2026', '1', dot)];
    assert.deepEqual(tree(rows), [
      ['1', null, 'INBOX'],
      ['2', null, 'Sent'],
      ['3', '2', '2026'],
    ]);
    assert.equal(childPath(rows, null, 'New'), 'INBOX.New');
    assert.equal(childPath(rows, '3', 'New'), 'INBOX.Sent.2026.New');
  });

  it('takes a flat name space as it is', () => {
    assert.deepEqual(tree([row('1', 'a/b', '1', { delimiter: null })]), [['1', null, 'a/b']]);
  });
});

it('moved takes all below along', () => {
  const rows = [row('1', 'A'), row('2', 'A/b'), row('3', 'AB')];
  assert.deepEqual(
    moved(rows, rows[0] as StoredFolder, 'Z/A').map(({ path }) => path),
    ['Z/A', 'Z/A/b'],
  );
  assert.deepEqual(
    descendants(rows, rows[0] as StoredFolder).map(({ id }) => id),
    ['2'],
  );
});
