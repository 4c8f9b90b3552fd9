import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { createTransport } from 'nodemailer';
import { ownCertificate } from '../../src/demo/certificate.js';
import { type Dovecot, findDovecot } from '../../src/demo/dovecot.js';
import type { Submission } from '../../src/demo/submission.js';
import { temporaryFolder } from '../support/cleanup.js';
import { PASSWORD, startTestDovecot, startTestSubmission } from '../support/dovecot.js';

/** The mail servers of the demo, on which all end-to-end tests stand. */
const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';

function clientOf(dovecot: Dovecot, more: Partial<ImapFlowOptions> = {}): ImapFlow {
  const options = {
    host: '127.0.0.1',
    port: dovecot.ports.imap,
    secure: false,
    doSTARTTLS: false,
    auth: { user: ALICE, pass: PASSWORD },
  };
  const client = new ImapFlow({ ...options, logger: false, disableCompression: true, ...more });
  client.on('error', () => {});
  return client;
}

function send(submission: Submission, to: string, password = PASSWORD): Promise<unknown> {
  const auth = { user: ALICE, pass: password };
  const transport = createTransport({ host: '127.0.0.1', port: submission.port, ignoreTLS: true, auth });
  return transport.sendMail({ from: ALICE, to, subject: 'Hello', text: 'Hello' }).finally(() => transport.close());
}

describe('Dovecot', () => {
  let dovecot: Dovecot;

  before(async () => {
    dovecot = await startTestDovecot();
  });

  test('delivers by LMTP and has the folders with a special use', async () => {
    await dovecot.deliver(ALICE, 'From: x@elsewhere.test\nSubject: first\n\nbody\n');
    const client = clientOf(dovecot);
    await client.connect();
    const uses = Object.fromEntries((await client.list()).map(({ path, specialUse }) => [path, specialUse]));
    const status = await client.status('INBOX', { messages: true });
    await client.logout();
    const folders = { Drafts: '\\Drafts', Sent: '\\Sent', Trash: '\\Trash', Junk: '\\Junk', Archive: '\\Archive' };
    assert.deepEqual(uses, { INBOX: '\\Inbox', ...folders });
    assert.ok(status);
    assert.equal(status.messages, 1);
  });

  test('refuses another password', async () => {
    await assert.rejects(clientOf(dovecot, { auth: { user: ALICE, pass: 'wrong' } }).connect());
  });

  test("believes the client's address in IMAP ID, so that delays fall on that address", async () => {
    const client = clientOf(dovecot, { clientInfo: { name: 'test', 'x-originating-ip': '198.51.100.7' } });
    await client.connect();
    await client.logout();
    assert.match(dovecot.logs(), /Login: user=<alice@example\.test>.*rip=198\.51\.100\.7/);
  });

  test('doveadm answers, and says why it fails', async () => {
    assert.match(await dovecot.doveadm('mailbox', 'list', '-u', ALICE), /Drafts/);
    await assert.rejects(dovecot.doveadm('fetch', '-u', ALICE), /doveadm fetch/);
  });

  test('runs as an ordinary user', async () => {
    const uids = (await readdir(dovecot.mailDir(ALICE))).length;
    assert.ok(uids > 0);
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
    assert.match(stdout, new RegExp(`dovecot -F -c ${dovecot.dir}`));
  });
});

test('only listed users exist where users are listed, and passwords can change', async () => {
  const dovecot = await startTestDovecot({ users: { [ALICE]: 'one' } });
  await assert.rejects(dovecot.deliver(BOB, 'Subject: x\n\n'), /refused|550|recipients/i);
  await dovecot.setPassword(ALICE, 'two');
  await assert.rejects(clientOf(dovecot, { auth: { user: ALICE, pass: 'one' } }).connect());
  const client = clientOf(dovecot, { auth: { user: ALICE, pass: 'two' } });
  await client.connect();
  await client.logout();
});

test('STARTTLS and IMAPS with a self-made certificate', async () => {
  const dir = await temporaryFolder();
  const own = await ownCertificate(dir, ['localhost', '127.0.0.1']);
  assert.ok(own, 'openssl is installed');
  const dovecot = await startTestDovecot({ tls: { cert: own.file, key: join(dir, 'demo-key.pem') } });
  const upgraded = clientOf(dovecot, { doSTARTTLS: true, tls: { ca: own.cert, servername: 'localhost' } });
  await upgraded.connect();
  await upgraded.logout();
  const direct = clientOf(dovecot, { port: dovecot.ports.imaps!, secure: true, tls: { ca: own.cert, servername: 'localhost' } });
  await direct.connect();
  await direct.logout();
  assert.deepEqual(await ownCertificate(dir, ['localhost']), own, 'it is made once');
  assert.notEqual((await ownCertificate(dir, ['localhost', '192.0.2.9']))?.cert, own.cert, 'but again for a new name');
});

test('ManageSieve and the filters of Sieve, where they are installed', async () => {
  assert.equal((await findDovecot()).managesieve, true);
  const dovecot = await startTestDovecot({ managesieve: true });
  const greeting = await new Promise<string>((done, fail) => {
    const socket = connectTcp(dovecot.ports.managesieve!, '127.0.0.1');
    socket.once('error', fail);
    socket.once('data', (data) => {
      socket.destroy();
      done(String(data));
    });
  });
  assert.match(greeting, /"SIEVE"/);
});

test('an idling connection hibernates and still tells of new mail', async () => {
  const dovecot = await startTestDovecot({ hibernateAfter: 1 });
  const client = clientOf(dovecot);
  await client.connect();
  await client.mailboxOpen('INBOX');
  const told = new Promise((done) => client.once('exists', done));
  void client.idle();
  await sleep(1500);
  await dovecot.deliver(ALICE, 'Subject: wake up\n\n');
  await told;
  await client.logout();
});

test('mail data and logins are there after a restart in the same folder', async () => {
  const dir = join(await temporaryFolder(), 'd');
  const first = await startTestDovecot({ dir });
  await first.deliver(ALICE, 'Subject: kept\n\n');
  await first.stop();
  const second = await startTestDovecot({ dir, ports: first.ports });
  assert.deepEqual(second.ports, first.ports);
  assert.match(await second.doveadm('fetch', '-u', ALICE, 'hdr.subject', 'all'), /kept/);
});

describe('submission', () => {
  let dovecot: Dovecot;
  let submission: Submission;

  before(async () => {
    dovecot = await startTestDovecot();
    submission = await startTestSubmission(dovecot, {
      refuse: ({ to }) => (to.includes('full@elsewhere.test') ? { code: 452, text: 'mailbox full' } : undefined),
    });
  });

  test('delivers to local mailboxes and remembers the rest', async () => {
    await send(submission, `${BOB}, someone@elsewhere.test`);
    assert.match(await dovecot.doveadm('fetch', '-u', BOB, 'hdr.subject', 'mailbox', 'INBOX', 'all'), /Hello/);
    assert.deepEqual(submission.messages.at(-1)!.to, [BOB, 'someone@elsewhere.test']);
    assert.equal(submission.messages.at(-1)!.user, ALICE);
  });

  test('refuses a wrong password, and what a test wants refused', async () => {
    await assert.rejects(send(submission, BOB, 'wrong'), /535/);
    await assert.rejects(send(submission, 'full@elsewhere.test'), /452/);
  });

  test('keeps mail to others as files when told where', async () => {
    const outbox = join(await temporaryFolder(), 'outbox');
    const keeping = await startTestSubmission(dovecot, { outbox });
    await send(keeping, 'someone@elsewhere.test');
    assert.equal((await readdir(outbox)).filter((name) => name.endsWith('.eml')).length, 1);
  });
});
