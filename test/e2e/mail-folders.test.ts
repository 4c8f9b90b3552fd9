import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Dovecot } from '../../src/demo/dovecot.js';
import { isDomainError } from '../../src/domain/errors.js';
import type { MailFolder } from '../../src/domain/mail/model.js';
import type { Mail } from '../../src/domain/mail/service.js';
import { startTestDovecot } from '../support/dovecot.js';
import { mailSession, testBackend, testMail, textMessage } from '../support/mail-user.js';

describe('folders', () => {
  const user = 'folders@example.test';
  const s = mailSession(user);
  let dovecot: Dovecot;
  let mail: Mail;

  before(async () => {
    dovecot = await startTestDovecot();
    mail = testMail(testBackend(dovecot.url));
  });

  const byPath = async (path: string): Promise<MailFolder> => {
    const found = (await mail.folders(s)).find((folder) => folder.path === path);
    assert.ok(found, `no ${path}`);
    return found;
  };

  it('have roles by special use and by well-known names', async () => {
    await dovecot.doveadm('mailbox', 'create', '-u', user, 'Projects');
    const roles = new Map((await mail.folders(s)).map(({ path, role }) => [path, role]));
    for (const [path, role] of Object.entries({
      INBOX: 'inbox',
      Drafts: 'drafts',
      Sent: 'sent',
      Trash: 'trash',
      Junk: 'junk',
      Archive: 'archive',
    })) {
      assert.equal(roles.get(path), role, path);
    }
    assert.equal(roles.get('Projects'), null);
  });

  it('keep their ids from list to list', async () => {
    const ids = async () => new Map((await mail.folders(s)).map(({ path, id }) => [path, id]));
    assert.deepEqual(await ids(), await ids());
  });

  it('are made, nested, renamed and moved with the same id, and deleted with all below', async () => {
    const work = await mail.createFolder(s, null, 'Arbeit & Müll');
    const child = await mail.createFolder(s, work.id, 'Rechnungen');
    assert.deepEqual(
      [work.parent, child.parent, child.name, child.path],
      [null, work.id, 'Rechnungen', 'Arbeit & Müll/Rechnungen'],
    );
    const renamed = await mail.renameFolder(s, work.id, null, 'Work');
    assert.equal(renamed.id, work.id);
    const below = (await mail.foldersById(s, [child.id])).get(child.id);
    assert.deepEqual([below?.path, below?.parent], ['Work/Rechnungen', work.id]);
    const moved = await mail.renameFolder(s, child.id, null, 'Bills');
    assert.deepEqual([moved.id, moved.parent, moved.path], [child.id, null, 'Bills']);
    await mail.renameFolder(s, child.id, work.id, 'Bills');
    await mail.deleteFolder(s, work.id);
    const left = (await mail.folders(s)).map(({ path }) => path);
    assert.ok(!left.some((path) => path.startsWith('Work')), left.join());
    await assert.rejects(mail.folder(s, child.id), (error) => isDomainError(error, 'not-found'));
  });

  it('keep their ids when another program renames them', async () => {
    await dovecot.doveadm('mailbox', 'create', '-u', user, 'Old', 'Old/Deep');
    const [old, deep] = [await byPath('Old'), await byPath('Old/Deep')];
    await dovecot.doveadm('mailbox', 'rename', '-u', user, 'Old', 'New');
    assert.equal((await byPath('New')).id, old.id);
    assert.deepEqual([(await byPath('New/Deep')).id, (await byPath('New/Deep')).parent], [deep.id, old.id]);
  });

  it('get a new id when deleted and made again', async () => {
    await dovecot.doveadm('mailbox', 'create', '-u', user, 'Again');
    const first = await byPath('Again');
    await dovecot.doveadm('mailbox', 'delete', '-u', user, 'Again');
    await mail.folders(s);
    await dovecot.doveadm('mailbox', 'create', '-u', user, 'Again');
    assert.notEqual((await byPath('Again')).id, first.id);
  });

  it('are refused with the right kind', async () => {
    const inbox = await byPath('INBOX');
    const sent = await byPath('Sent');
    const kinds: [() => Promise<unknown>, Parameters<typeof isDomainError>[1]][] = [
      [() => mail.createFolder(s, null, 'Sent'), 'conflict'],
      [() => mail.createFolder(s, null, 'a/b'), 'invalid'],
      [() => mail.createFolder(s, null, ' '), 'invalid'],
      [() => mail.createFolder(s, '99999', 'x'), 'not-found'],
      [() => mail.renameFolder(s, sent.id, null, 'Gesendet'), 'forbidden'],
      [() => mail.deleteFolder(s, inbox.id), 'forbidden'],
      [() => mail.deleteFolder(s, '99999'), 'not-found'],
      [() => mail.list(s, { ...inbox, path: 'Nowhere' }, null), 'not-found'],
      [() => mail.mark(s, { ...inbox, path: 'Nowhere' }), 'not-found'],
      [() => mail.append(s, { ...inbox, path: 'Nowhere' }, Buffer.from(textMessage('x')), []), 'not-found'],
    ];
    for (const [call, kind] of kinds) await assert.rejects(call, (error) => isDomainError(error, kind), `${kind}`);
  });
});
