import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dovecot } from '../../src/demo/dovecot.js';
import type { Submission } from '../../src/demo/submission.js';
import { isDomainError } from '../../src/domain/errors.js';
import type { MailFolder } from '../../src/domain/mail/model.js';
import type { Mail } from '../../src/domain/mail/service.js';
import type { Session } from '../../src/domain/types.js';
import type { ImapBackend } from '../../src/infra/imap/backend.js';
import { startTestDovecot, startTestSubmission } from '../support/dovecot.js';
import { mailSession, testBackend, testMail } from '../support/mail-user.js';
import { fixturePath } from '../support/paths.js';

describe('sending', () => {
  const alice = mailSession('alice@example.test', 'demo', { aliases: ['sales@example.test'] });
  const bob = mailSession('bob@example.test');
  let dovecot: Dovecot;
  let submission: Submission;
  let backend: ImapBackend;
  let mail: Mail;

  before(async () => {
    dovecot = await startTestDovecot();
    submission = await startTestSubmission(dovecot);
    backend = testBackend(dovecot.url, submission.url);
    mail = testMail(backend);
  });

  const message = (...lines: readonly string[]) => Buffer.from([...lines, '', 'Hello', ''].join('\r\n'));

  async function newest(s: Session, role: string): Promise<string> {
    const folder = (await mail.folders(s)).find((each) => each.role === role) as MailFolder;
    const uid = (await mail.list(s, folder, null)).max as number;
    const [part] = await mail.parts(s, folder, [{ uid, section: '' }]);
    return Buffer.from(part?.bytes ?? []).toString('latin1');
  }

  it('delivers, fills in what the phone left out, and files a copy read in Sent', async () => {
    await mail.send(alice, message('To: bob@example.test', 'Bcc: carol@example.test', 'Subject: hi'), { saveInSent: true });
    const sent = submission.messages.at(-1);
    assert.deepEqual(
      [sent?.user, sent?.from, sent?.to],
      ['alice@example.test', 'alice@example.test', ['bob@example.test', 'carol@example.test']],
    );
    assert.ok(!/^bcc:/im.test(sent?.raw.toString() ?? ''));
    await sleep(200);
    const received = await newest(bob, 'inbox');
    assert.match(received, /^From: alice <alice@example\.test>\r$/m);
    assert.match(received, /^Date: .* \+0000\r$/m);
    assert.match(received, /^Message-ID: <[^>]+@example\.test>\r$/m);
    assert.match(await newest(alice, 'sent'), /^Bcc: carol@example\.test\r$/m);
    const folder = (await mail.folders(alice)).find(({ role }) => role === 'sent') as MailFolder;
    const [copy] = await mail.summaries(alice, folder, [1]);
    assert.deepEqual(copy?.flags, ['\\Seen']);
  });

  it('makes the sender an own address', async () => {
    const from = async (...lines: string[]) => {
      await mail.send(alice, message(...lines, 'To: bob@example.test'), { saveInSent: false });
      return [submission.messages.at(-1)?.from, /^From: (.*)\r$/m.exec(submission.messages.at(-1)?.raw.toString() ?? '')?.[1]];
    };
    assert.deepEqual(await from('From: boss@other.test'), ['alice@example.test', 'alice <alice@example.test>']);
    assert.deepEqual(await from('From: Sales <sales@example.test>'), ['sales@example.test', 'Sales <sales@example.test>']);
    assert.deepEqual(await from('From: a@x.test', 'From: alice@example.test'), [
      'alice@example.test',
      'alice <alice@example.test>',
    ]);
  });

  it('leaves the body alone, so that a signature stays valid', async () => {
    const raw = await readFile(fixturePath('eml', 'signed.eml'));
    await mail.send(bob, raw, { saveInSent: true });
    const body = (bytes: Uint8Array) => Buffer.from(bytes).subarray(Buffer.from(bytes).indexOf('\r\n\r\n'));
    assert.ok(body(raw).equals(body(submission.messages.at(-1)?.raw ?? Buffer.alloc(0))));
    assert.ok((await newest(bob, 'sent')).endsWith(body(raw).toString('latin1')));
  });

  it('refuses what can not be sent', async () => {
    const bad = [
      message('Subject: nobody'),
      message('To: undisclosed-recipients:;'),
      message('To: <bob>'),
      Buffer.from('no header at all'),
      Buffer.alloc(0),
    ];
    for (const raw of bad)
      await assert.rejects(mail.send(alice, raw, { saveInSent: true }), (error) => isDomainError(error, 'invalid'));
  });

  it("tells the submission server's refusals by kind", async () => {
    const refuse = (code: number) => startTestSubmission(dovecot, { refuse: () => ({ code, text: 'no' }) });
    const kinds = [
      [550, 'invalid'],
      [552, 'too-large'],
      [451, 'unavailable'],
    ] as const;
    for (const [code, kind] of kinds) {
      const server = await refuse(code);
      const refused = testMail(testBackend(dovecot.url, server.url));
      await assert.rejects(
        refused.send(alice, message('To: bob@example.test'), { saveInSent: true }),
        (error) => isDomainError(error, kind),
        `${code}`,
      );
    }
    const wrong = mailSession('alice@example.test', 'wrong');
    await assert.rejects(mail.send(wrong, message('To: bob@example.test'), { saveInSent: false }), (error) =>
      isDomainError(error, 'unauthenticated'),
    );
    for (const smtp of ['smtp://127.0.0.1:1?tls=off', submission.url.replace('?tls=off', ''), null]) {
      const other = testMail(testBackend(dovecot.url, smtp));
      await assert.rejects(other.send(alice, message('To: bob@example.test'), { saveInSent: false }), (error) =>
        isDomainError(error, 'unavailable'),
      );
    }
  });

  it('tells the sender which recipients were refused while others were taken', async () => {
    const partly: typeof backend = Object.assign(Object.create(backend), { submit: async () => ['gone@other.test'] });
    await testMail(partly).send(alice, message('To: bob@example.test, gone@other.test'), { saveInSent: false });
    assert.match(await newest(alice, 'inbox'), /^Subject: Undelivered message\r$[\s\S]*^gone@other\.test\r$/m);
  });

  it('sends without a password where the server asks none', async () => {
    const open = await startTestSubmission(dovecot, { authenticate: undefined });
    await testMail(testBackend(dovecot.url, open.url)).send(alice, message('To: bob@example.test'), { saveInSent: false });
    assert.equal(open.messages.at(-1)?.user, '');
  });

  it('leaves filing to a server that does it itself', async () => {
    const gmail = testMail(backend, { sentCopy: 'server' });
    const sent = (await mail.folders(alice)).find(({ role }) => role === 'sent') as MailFolder;
    const before = (await mail.list(alice, sent, null)).size;
    await gmail.send(alice, message('To: bob@example.test'), { saveInSent: true });
    assert.equal((await mail.list(alice, sent, null)).size, before);
  });
});
