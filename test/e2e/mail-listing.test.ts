import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Dovecot } from '../../src/demo/dovecot.js';
import type { MailFolder } from '../../src/domain/mail/model.js';
import type { Mail } from '../../src/domain/mail/service.js';
import { startTestDovecot } from '../support/dovecot.js';
import { type ImapTap, startImapTap } from '../support/imap-tap.js';
import { mailSession, testBackend, testMail, textMessage } from '../support/mail-user.js';

const COUNT = 2000;
const BODY = 1024;
const s = mailSession('many@example.test');

describe(`a mailbox of ${COUNT} messages`, () => {
  let dovecot: Dovecot;
  let tap: ImapTap;
  let mail: Mail;
  let inbox: MailFolder;

  before(async () => {
    dovecot = await startTestDovecot();
    tap = await startImapTap(dovecot.url);
    const backend = testBackend(tap.url);
    mail = testMail(backend);
    const html = [1, 2, 3].map((n) => Buffer.from(sample(n)));
    await Promise.all(
      [0, 1, 2, 3].map(async (lane) => {
        for (let n = lane; n < COUNT; n += 4) await backend.append(s, 'INBOX', html[n % 3] as Buffer, n % 2 ? ['\\Seen'] : []);
      }),
    );
    inbox = (await mail.folders(s)).find(({ role }) => role === 'inbox') as MailFolder;
  });

  it('costs at most two commands when nothing happened', async () => {
    const mark = await mail.mark(s, inbox);
    tap.take();
    await mail.changes(s, inbox, mark);
    assert.deepEqual(
      tap.take().map((command) => command.split(' ')[0]),
      ['STATUS'],
    );
    await mail.list(s, inbox, null);
    tap.take();
    await mail.changes(s, inbox, mark);
    const commands = tap.take();
    assert.ok(commands.length <= 2, commands.join('; '));
  });

  it('costs a command or two more when one message changed', async () => {
    const mark = await mail.mark(s, inbox);
    await mail.setFlags(s, inbox, [1000], { add: ['\\Flagged'] });
    tap.take();
    const delta = await mail.changes(s, inbox, mark);
    assert.deepEqual(
      delta.changed.map(({ uid }) => uid),
      [1000],
    );
    const commands = tap.take();
    assert.ok(commands.length <= 4, commands.join('; '));
    assert.ok(commands.at(-1)?.includes('CHANGEDSINCE'));
  });

  it('is listed as one range, with summaries and bodies in few commands', async () => {
    const uids = await mail.list(s, inbox, null);
    assert.equal(uids.toString(), `1-${COUNT}`);
    tap.take();
    const summaries = await mail.summaries(s, inbox, [...uids]);
    assert.equal(summaries.length, COUNT);
    assert.equal(summaries[0]?.uid, COUNT);
    const bodies = await mail.bodies(s, inbox, summaries, () => ({ type: 'html', maxBytes: BODY }));
    assert.equal(bodies.size, COUNT);
    assert.ok(tap.take().length <= 20);
    const again = await mail.summaries(s, inbox, [...uids]);
    const seen = again.filter(({ flags }) => flags.includes('\\Seen')).length;
    assert.equal(seen, COUNT / 2, 'reading never sets \\Seen');
  });
});

function sample(n: number): string {
  const html = `<html><body><h1>Report ${n}</h1>${'<p>Some <b>words</b> of a usual length.</p>\r\n'.repeat(60)}</body></html>`;
  const parts = [
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Some words',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    html,
    '--b--',
  ];
  return textMessage(`Report ${n}`, parts.join('\r\n'), ['MIME-Version: 1.0', 'Content-Type: multipart/alternative; boundary=b']);
}
