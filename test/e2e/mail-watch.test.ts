import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dovecot } from '../../src/demo/dovecot.js';
import { isDomainError } from '../../src/domain/errors.js';
import type { MailWatch } from '../../src/domain/mail/backend.js';
import type { ImapBackend } from '../../src/infra/imap/backend.js';
import { WATCH_TIMES } from '../../src/infra/imap/idle.js';
import { startTestDovecot } from '../support/dovecot.js';
import { type ImapTap, startImapTap } from '../support/imap-tap.js';
import { mailSession, testBackend, textMessage } from '../support/mail-user.js';

describe('a mail watch', () => {
  let dovecot: Dovecot;
  let tap: ImapTap;
  let backend: ImapBackend;

  before(async () => {
    dovecot = await startTestDovecot();
    tap = await startImapTap(dovecot.url);
    backend = testBackend(tap.url, null, { watchTimes: { ...WATCH_TIMES, lookMs: 700, firstRetryMs: 50 } });
  });

  it('tells new mail in INBOX', async () => {
    const heard = await listen('w1', ['INBOX']);
    await dovecot.deliver('w1@example.test', textMessage('hello'));
    await heard.next('INBOX');
    await heard.watch.close();
  });

  it('tells flag changes and expunges in INBOX', async () => {
    const s = mailSession('w2@example.test');
    await dovecot.deliver('w2@example.test', textMessage('hello'));
    const heard = await listen('w2', ['INBOX']);
    await backend.setFlags(s, 'INBOX', [1], { add: ['\\Seen'] });
    await heard.next('INBOX');
    await backend.remove(s, 'INBOX', [1]);
    await heard.next('INBOX');
    await heard.watch.close();
  });

  it('tells changes of other folders at the next look, and only of watched ones', async () => {
    const s = mailSession('w3@example.test');
    const heard = await listen('w3', ['INBOX', 'Archive']);
    await backend.append(s, 'Sent', Buffer.from(textMessage('sent')), []);
    await backend.append(s, 'Archive', Buffer.from(textMessage('kept')), []);
    await heard.next('Archive');
    heard.watch.update(['Drafts']);
    await sleep(300);
    heard.paths.length = 0;
    await backend.append(s, 'Archive', Buffer.from(textMessage('more')), []);
    await backend.append(s, 'Drafts', Buffer.from(textMessage('draft')), []);
    await heard.next('Drafts');
    assert.deepEqual(heard.paths, []);
    await heard.watch.close();
  });

  it('tells what came between the last look and its begin', async () => {
    const s = mailSession('w4@example.test');
    await backend.status(s, 'INBOX');
    await dovecot.deliver('w4@example.test', textMessage('between'));
    const heard = await listen('w4', ['INBOX']);
    assert.deepEqual(heard.paths, ['INBOX']);
    await heard.watch.close();
    await backend.status(s, 'INBOX');
    const quiet = await listen('w4', ['INBOX']);
    assert.deepEqual(quiet.paths, []);
    await quiet.watch.close();
  });

  it('comes back after the connection broke and tells what it missed', async () => {
    const heard = await listen('w5', ['INBOX']);
    tap.down = true;
    tap.cut();
    await dovecot.deliver('w5@example.test', textMessage('missed'));
    await sleep(100);
    assert.deepEqual(heard.paths, []);
    tap.down = false;
    await heard.next('INBOX');
    await dovecot.deliver('w5@example.test', textMessage('and again'));
    await heard.next('INBOX');
    await heard.watch.close();
  });

  it('holds one connection without COMPRESS and ends when closed', async () => {
    await sleep(200);
    const before = tap.connections;
    tap.take();
    const heard = await listen('w6', ['INBOX', 'Sent', 'Archive']);
    await sleep(50);
    assert.equal(tap.connections, before + 1);
    const commands = tap.take();
    assert.ok(
      commands.some((command) => command.startsWith('IDLE')) && !commands.some((command) => /^(COMPRESS|NOTIFY)/.test(command)),
    );
    await heard.watch.close();
    await sleep(50);
    assert.equal(tap.connections, before);
  });

  it('refuses a wrong password and goes on trying when the server is away', async () => {
    const s = mailSession('w7@example.test', 'wrong');
    await assert.rejects(
      backend.watch(s, ['INBOX'], () => undefined),
      (error) => isDomainError(error, 'unauthenticated'),
    );
    tap.down = true;
    const heard = await listen('w8', ['INBOX']);
    await dovecot.deliver('w8@example.test', textMessage('while it was away'));
    tap.down = false;
    await heard.next('INBOX');
    await dovecot.deliver('w8@example.test', textMessage('at last'));
    await heard.next('INBOX');
    await heard.watch.close();
  });

  it('ends by itself when the password is refused by now', async () => {
    const own = await startTestDovecot({ users: { 'w9@example.test': 'first' } });
    const gate = await startImapTap(own.url);
    const other = testBackend(gate.url, null, { watchTimes: { ...WATCH_TIMES, firstRetryMs: 50 } });
    const watch = await other.watch(mailSession('w9@example.test', 'first'), ['INBOX'], () => undefined);
    await own.setPassword('w9@example.test', 'second');
    gate.cut();
    await watch.ended;
    await watch.close();
  });

  it('wakes when the server has put the connection to sleep', async () => {
    const own = await startTestDovecot({ hibernateAfter: 1 });
    backend = testBackend(own.url, null, { watchTimes: WATCH_TIMES });
    const heard = await listen('w10', ['INBOX']);
    await sleep(2000);
    await own.deliver('w10@example.test', textMessage('wake up'));
    await heard.next('INBOX');
    await heard.watch.close();
  });

  async function listen(user: string, paths: readonly string[]) {
    const heard: string[] = [];
    const wanted = new Set<() => void>();
    const watch: MailWatch = await backend.watch(mailSession(`${user}@example.test`), paths, (path) => {
      heard.push(path);
      for (const wake of wanted) wake();
    });
    const next = async (path: string) => {
      const end = Date.now() + 30_000;
      while (!heard.includes(path)) {
        assert.ok(Date.now() < end, `${path} was not told`);
        await new Promise<void>((resolve) => {
          wanted.add(resolve);
          setTimeout(resolve, 100);
        });
      }
      heard.splice(heard.indexOf(path), 1);
    };
    return { watch, paths: heard, next };
  }
});
