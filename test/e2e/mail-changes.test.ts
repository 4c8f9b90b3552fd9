import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Dovecot } from '../../src/demo/dovecot.js';
import type { MailFolder } from '../../src/domain/mail/model.js';
import type { Mail } from '../../src/domain/mail/service.js';
import type { Session } from '../../src/domain/types.js';
import type { ImapBackend } from '../../src/infra/imap/backend.js';
import { startTestDovecot } from '../support/dovecot.js';
import { mailSession, testBackend, testMail, textMessage } from '../support/mail-user.js';

/** What each strategy leaves out of Dovecot's extensions. */
const STRATEGIES = [
  { name: 'qresync', connect: {} },
  { name: 'condstore', connect: { qresync: false, without: new Set(['QRESYNC'] as const) } },
  { name: 'plain', connect: { qresync: false, without: new Set(['QRESYNC', 'CONDSTORE'] as const) } },
];

let dovecot: Dovecot;
before(async () => {
  dovecot = await startTestDovecot();
});

for (const { name, connect } of STRATEGIES) {
  describe(`changes by ${name}`, () => {
    const user = `${name}@example.test`;
    const s = mailSession(user);
    let backend: ImapBackend;
    let mail: Mail;
    let inbox: MailFolder;

    before(async () => {
      backend = testBackend(dovecot.url, null, { connect });
      mail = testMail(backend);
      for (let n = 1; n <= 5; n++) await dovecot.deliver(user, textMessage(`m${n}`));
      inbox = await folderAt(mail, s, 'INBOX');
    });

    it('tells nothing when nothing happened', async () => {
      const mark = await mail.mark(s, inbox);
      const delta = await mail.changes(s, inbox, mark);
      assert.deepEqual([delta.reset, delta.changed, String(delta.vanished)], [false, [], '']);
      assert.deepEqual(delta.mark, mark);
    });

    it('tells new messages, flag changes and expunged messages, each once', async () => {
      const mark = await mail.mark(s, inbox);
      await dovecot.deliver(user, textMessage('new'));
      await mail.setFlags(s, inbox, [2], { add: ['\\Flagged'] });
      await mail.setFlags(s, inbox, [4], { add: ['\\Seen'] });
      await mail.remove(s, inbox, [3]);
      const delta = await mail.changes(s, inbox, mark);
      const changed = new Map(delta.changed.map(({ uid, flags }) => [uid, [...flags].filter((flag) => flag !== '\\Recent')]));
      assert.deepEqual([...changed.keys()].sort(), [2, 4, 6]);
      assert.deepEqual(changed.get(2), ['\\Flagged']);
      assert.deepEqual(changed.get(4), ['\\Seen']);
      assert.ok(delta.vanished.has(3) && ![1, 2, 4, 5, 6].some((uid) => delta.vanished.has(uid)), String(delta.vanished));
      const after = await mail.changes(s, inbox, delta.mark);
      assert.deepEqual([after.changed, String(after.vanished)], [[], '']);
    });

    it('tells a flag that was taken away', async () => {
      const mark = await mail.mark(s, inbox);
      await mail.setFlags(s, inbox, [2], { remove: ['\\Flagged'] });
      const { changed } = await mail.changes(s, inbox, mark);
      assert.deepEqual(
        changed.map(({ uid }) => uid),
        [2],
      );
      assert.ok(!changed[0]?.flags.includes('\\Flagged'));
    });

    it('sees what another connection did', async () => {
      const other = testMail(testBackend(dovecot.url));
      const mark = await mail.mark(s, inbox);
      await mail.list(s, inbox, null);
      await other.setFlags(s, await folderAt(other, s, 'INBOX'), [5], { add: ['$Forwarded'] });
      const { changed } = await mail.changes(s, inbox, mark);
      assert.deepEqual(
        changed.map(({ uid, flags }) => [uid, flags.includes('$Forwarded')]),
        [[5, true]],
      );
    });

    it('reads a message that came after the mailbox was selected', async () => {
      await mail.list(s, inbox, null);
      await dovecot.deliver(user, textMessage('late'));
      const { uidNext } = await mail.mark(s, inbox);
      const [late] = await mail.summaries(s, inbox, [uidNext - 1]);
      assert.equal(late?.subject, 'late');
    });

    it('starts anew when UIDVALIDITY changed', async () => {
      const folder = await mail.createFolder(s, null, 'Renewed');
      await mail.append(s, folder, Buffer.from(textMessage('one')), []);
      const mark = await mail.mark(s, folder);
      await dovecot.doveadm('mailbox', 'update', '-u', user, '--uid-validity', '4711', 'Renewed');
      const delta = await mail.changes(s, folder, mark);
      assert.equal(delta.reset, true);
      assert.equal(delta.mark.uidValidity, '4711');
      assert.equal((await mail.changes(s, folder, delta.mark)).reset, false);
    });
  });
}

describe('marks across servers', () => {
  const s = mailSession('switch@example.test');

  it('goes from plain to mod-sequences and back without losing changes', async () => {
    const modern = testMail(testBackend(dovecot.url));
    const old = testMail(testBackend(dovecot.url, null, { connect: { without: new Set(['QRESYNC', 'CONDSTORE'] as const) } }));
    for (let n = 1; n <= 3; n++) await dovecot.deliver('switch@example.test', textMessage(`s${n}`));
    const inbox = await folderAt(modern, s, 'INBOX');
    const first = await old.mark(s, inbox);
    await modern.setFlags(s, inbox, [1], { add: ['\\Seen'] });
    await modern.remove(s, inbox, [2]);
    const delta = await modern.changes(s, inbox, first);
    assert.deepEqual([delta.changed.map(({ uid }) => uid), String(delta.vanished)], [[1], '2']);
    assert.ok(delta.mark.modseq !== null && delta.mark.flags === undefined);
    assert.equal((await old.changes(s, inbox, delta.mark)).reset, true);
  });
});

async function folderAt(mail: Mail, s: Session, path: string): Promise<MailFolder> {
  const found = (await mail.folders(s)).find((folder) => folder.path === path);
  assert.ok(found, `no ${path}`);
  return found;
}

it('leaves one of a message that two devices move at the same moment', async () => {
  const own = await startTestDovecot();
  const backend = testBackend(own.url);
  const session = mailSession('race@example.test');
  for (let n = 1; n <= 30; n++) await backend.append(session, 'INBOX', Buffer.from(textMessage(`race ${n}`)), []);
  const move = (uid: number, to: string) => backend.move(session, 'INBOX', [uid], to).catch(() => new Map());
  for (let uid = 1; uid <= 30; uid++) await Promise.all(['Trash', 'Archive', 'Trash'].map((to) => move(uid, to)));
  const left = await Promise.all(['INBOX', 'Trash', 'Archive'].map((path) => backend.list(session, path, null)));
  assert.equal(
    left.reduce((sum, uids) => sum + [...uids].length, 0),
    30,
    left.join(' | '),
  );
});
