import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MailFolder } from '../../../../src/domain/mail/model.js';
import type { Notebook } from '../../../../src/domain/mail/notebooks.js';
import type { EasContext } from '../../../../src/faces/eas/context.js';
import { listFolders } from '../../../../src/faces/eas/folders.js';

const folder = (id: string, name: string, more: Partial<MailFolder> = {}): MailFolder => ({
  id,
  parent: null,
  name,
  path: name,
  role: null,
  selectable: true,
  ...more,
});

async function listed(folders: readonly MailFolder[], notebooks: readonly Notebook[] = [], version = '16.1') {
  const services = {
    mail: { folders: async () => folders },
    notebooks: { among: async () => notebooks },
    pim: { collections: async () => [] },
  };
  return listFolders({ services, version } as unknown as EasContext, null);
}

describe('the hierarchy as a device sees it', () => {
  it('names twins the same way whatever the order of the list', async () => {
    const folders = [folder('1', 'INBOX', { role: 'inbox' }), folder('12', 'News'), folder('3', 'news')];
    const names = async (list: readonly MailFolder[]) =>
      Object.fromEntries((await listed(list)).map(({ id, name }) => [id, name]));
    const first = await names(folders);
    assert.deepEqual([first['3'], first['12']], ['news', 'News (2)']);
    assert.deepEqual(await names([...folders].reverse()), first);
  });

  it('gives each special type once and survives parents in a ring', async () => {
    const entries = await listed([
      folder('1', 'INBOX', { role: 'inbox' }),
      folder('2', 'Trash', { role: 'trash' }),
      folder('3', 'Old trash', { role: 'trash' }),
      folder('4', 'A', { parent: '5' }),
      folder('5', 'B', { parent: '4' }),
      folder('6', 'Orphan', { parent: '99' }),
      folder('7', 'Holder', { selectable: false }),
    ]);
    const types = Object.fromEntries(entries.map(({ id, type }) => [id, type]));
    assert.deepEqual([types['2'], types['3'], types['7']], [4, 12, 1]);
    assert.equal(entries[0]?.id, '1');
    const seen = new Set(['0']);
    for (const { id, parent } of entries) {
      assert.ok(seen.has(parent), `${id} comes before its parent`);
      seen.add(id);
    }
  });

  it('notes of a mailbox are folders of notes; one that holds only notes is no mail folder, unless mail is below it', async () => {
    const inbox = folder('1', 'INBOX', { role: 'inbox' });
    const notes = folder('2', 'Notes');
    const work = folder('3', 'Work', { parent: '2', path: 'Notes/Work' });
    const types = async (books: readonly Notebook[], version?: string) =>
      Object.fromEntries(
        (await listed([inbox, notes, work], books, version))
          .filter(({ id }) => /^(?:notes-)?[23]$/.test(id))
          .map(({ id, parent, type }) => [id, `${type} in ${parent}`]),
      );
    const both = [
      { folder: notes, holdsMail: false },
      { folder: work, holdsMail: false },
    ];
    assert.deepEqual(await types(both), { 'notes-2': '17 in 0', 'notes-3': '17 in notes-2' });
    assert.deepEqual(await types(both, '12.1'), { '2': '12 in 0', '3': '12 in 2' });
    assert.deepEqual(await types(both.slice(0, 1)), { '2': '12 in 0', '3': '12 in 2', 'notes-2': '17 in 0' });
    assert.deepEqual(await types([both[0] as Notebook, { folder: work, holdsMail: true }]), {
      '2': '12 in 0',
      '3': '12 in 2',
      'notes-2': '17 in 0',
      'notes-3': '17 in notes-2',
    });
  });
});
