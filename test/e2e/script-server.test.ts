import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../src/demo/ports.js';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { D, DavClient } from '../support/dav-client.js';
import { startTestDovecot, startTestSubmission } from '../support/dovecot.js';
import { statusOf } from '../support/gateway.js';
import { repositoryRoot } from '../support/paths.js';

/** script/server as somebody runs it who has just cloned the repository, with ports and DATA_DIR of the test. */
const START_MS = 180_000; // with the build, on a busy machine
const ALICE = { user: 'alice@example.test', password: 'demo' };
const CALENDAR = '/dav/calendars/alice%40example.test/calendar/';

interface Run {
  child: ChildProcess;
  output(): string;
  /** Resolves with the exit code. */
  ended: Promise<number | null>;
}

interface Ports {
  http: number;
  https: number;
  imap: number;
  smtp: number;
}

function run(env: Record<string, string>): Run {
  const clean = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, PG_BIN: process.env.PG_BIN };
  const options = { env: { ...clean, ...env }, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], detached: true };
  const child = spawn(join(repositoryRoot, 'script', 'server'), [], options);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data;
    });
  }
  return { child, output: () => text, ended: once(child, 'exit').then(([code]) => code as number | null) };
}

/** Waits for the last line of the instructions. */
async function started(server: Run): Promise<void> {
  let over = false;
  void server.ended.then(() => {
    over = true;
  });
  const end = Date.now() + START_MS;
  while (!server.output().includes('Tunnel')) {
    assert.ok(!over && Date.now() < end, `script/server did not start:\n${server.output()}`);
    await sleep(50);
  }
}

/** Ctrl-C in a terminal: SIGINT to the whole foreground group. */
async function interrupt(server: Run): Promise<number | null> {
  process.kill(-server.child.pid!, 'SIGINT');
  return server.ended;
}

async function choosePorts(): Promise<Ports> {
  const [http, https, imap, smtp] = (await freePorts(4)) as [number, number, number, number];
  return { http, https, imap, smtp };
}

function environment(dataDir: string, ports: Ports): Record<string, string> {
  const numbers = { PORT: ports.http, HTTPS_PORT: ports.https, IMAP_PORT: ports.imap, SMTP_PORT: ports.smtp };
  const texts = Object.entries(numbers).map(([name, port]) => [name, String(port)]);
  return { HOST: '127.0.0.1', DATA_DIR: dataDir, ...Object.fromEntries(texts) };
}

/** Names of alice's calendar objects. */
async function events(port: number): Promise<string[]> {
  const dav = new DavClient({ url: `http://127.0.0.1:${port}`, ...ALICE });
  const { responses } = await dav.propfind(CALENDAR, [D('getetag')], 1);
  dav.close();
  return responses.map(({ href }) => href.split('/').at(-1)!).filter(Boolean);
}

/** `EXISTS` of INBOX by three lines of IMAP. */
function countInbox(port: number): Promise<number> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('a LOGIN alice@example.test demo\r\nb EXAMINE INBOX\r\nc LOGOUT\r\n'),
    );
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer over IMAP')));
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('error', fail);
    socket.on('close', () => done(Number(/\* (\d+) EXISTS/.exec(text)?.[1] ?? Number.NaN)));
  });
}

describe('script/server without any setting of servers', () => {
  let dataDir: string;
  let ports: Ports;
  let server: Run;
  let messages: number;

  before(async () => {
    dataDir = await temporaryFolder('gw-server');
    ports = await choosePorts();
    server = run(environment(dataDir, ports));
    await started(server);
  });

  after(() => server.child.kill('SIGKILL'));

  test('prints the addresses, the login and how to add the account', () => {
    for (const expected of [/alice@example\.test/, /password demo/, /iPhone/, /Android/, /Thunderbird/, /self-made/, /Ctrl-C/]) {
      assert.match(server.output(), expected);
    }
    assert.ok(server.output().trim().split('\n').length < 30, 'a few lines only');
  });

  test('answers CalDAV with the seeded calendar', async () => {
    const names = await events(ports.http);
    assert.ok(names.includes('team-meeting.ics'));
    assert.ok(names.length >= 10, String(names));
  });

  test('answers CardDAV with contacts, one of them with a photo', async () => {
    const dav = new DavClient({ url: `http://127.0.0.1:${ports.http}`, ...ALICE });
    const { status, text } = await dav.request('GET', '/dav/addressbooks/alice%40example.test/contacts/carol-jensen.vcf');
    dav.close();
    assert.equal(status, 200);
    assert.match(text, /^PHOTO;ENCODING=b;TYPE=JPEG:/m);
  });

  test('answers ActiveSync OPTIONS with its versions', async () => {
    const dav = new DavClient({ url: `http://127.0.0.1:${ports.http}`, ...ALICE });
    const { status, headers } = await dav.request('OPTIONS', '/Microsoft-Server-ActiveSync');
    dav.close();
    assert.equal(status, 200);
    assert.match(String(headers['ms-asprotocolversions']), /14\.1/);
  });

  test('answers over HTTPS with the self-made certificate as well', async () => {
    assert.equal(await statusOf(`https://127.0.0.1:${ports.https}/readyz`), 200);
  });

  test('the demo Dovecot holds some dozens of messages', async () => {
    messages = await countInbox(ports.imap);
    assert.ok(messages >= 30, `${messages} messages`);
  });

  test('Ctrl-C ends everything', async () => {
    assert.equal(await interrupt(server), 0);
    assert.equal(await statusOf(`http://127.0.0.1:${ports.http}/healthz`), 0);
    await assert.rejects(countInbox(ports.imap));
  });

  test('a second start finds its data and adds nothing', async () => {
    const before = await listAfterRestart();
    assert.ok(before.names.includes('team-meeting.ics'));
    assert.equal(before.messages, messages);
  });

  test('after kill -9 the next start works, too', async () => {
    server.child.kill('SIGKILL');
    await server.ended;
    const found = await listAfterRestart();
    assert.equal(found.messages, messages);
    assert.equal(await interrupt(server), 0);
  });

  async function listAfterRestart(): Promise<{ names: string[]; messages: number }> {
    server = run(environment(dataDir, ports));
    await started(server);
    assert.doesNotMatch(server.output(), /accounts are filled/);
    return { names: await events(ports.http), messages: await countInbox(ports.imap) };
  }
});

test('with IMAP_URL and DATABASE_URL it uses those and starts no demo parts', async () => {
  const dataDir = await temporaryFolder('gw-server');
  const [dovecot, databaseUrl, ports] = await Promise.all([startTestDovecot(), freshDatabase(), choosePorts()]);
  const submission = await startTestSubmission(dovecot);
  const servers = { IMAP_URL: dovecot.url, SMTP_URL: submission.url, DATABASE_URL: databaseUrl };
  const server = run({ ...environment(dataDir, ports), ...servers });
  await started(server);
  try {
    assert.deepEqual(await events(ports.http), [], 'nothing is seeded into accounts that are not ours');
    assert.doesNotMatch(server.output(), /password demo/);
    await assert.rejects(countInbox(ports.imap));
  } finally {
    assert.equal(await interrupt(server), 0);
  }
});

test('a port that is taken is told in a sentence', async () => {
  const dataDir = await temporaryFolder('gw-server');
  const [dovecot, databaseUrl, ports] = await Promise.all([startTestDovecot(), freshDatabase(), choosePorts()]);
  const servers = { IMAP_URL: dovecot.url, DATABASE_URL: databaseUrl };
  const server = run({ ...environment(dataDir, ports), ...servers, PORT: String(dovecot.ports.imap) });
  assert.equal(await server.ended, 1);
  assert.match(server.output(), new RegExp(`port ${dovecot.ports.imap} is taken: set PORT`));
});
