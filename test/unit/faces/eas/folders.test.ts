import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MailFolder } from '../../../../src/domain/mail/model.js';
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

async function listed(folders: readonly MailFolder[]) {
  const services = { mail: { folders: async () => folders }, pim: { collections: async () => [] } };
  return listFolders({ services, version: '16.1' } as unknown as EasContext, null);
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
});
