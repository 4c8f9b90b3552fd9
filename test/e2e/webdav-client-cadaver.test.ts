import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { D, DavClient } from '../support/dav-client.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { runWell } from '../support/program.js';
import { saw } from '../support/saw.js';

/** cadaver (Debian's package), the command-line WebDAV client on neon, with the plain files of an account. */
const USER = 'alice@example.test';
const FILES = `/dav/files/${encodeURIComponent(USER)}/`;

let gateway: Gateway;
let dav: DavClient;
let home: string;

before(async () => {
  home = await temporaryFolder('gw-cadaver');
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url });
  dav = new DavClient({ url: gateway.url, user: USER, password: PASSWORD });
  await writeFile(join(home, '.netrc'), `machine 127.0.0.1 login ${USER} password ${PASSWORD}\n`);
  await chmod(join(home, '.netrc'), 0o600);
});

/** What cadaver answered to each of the commands. */
async function cadaver(...commands: string[]): Promise<string[]> {
  const options = { debian: 'cadaver', args: [gateway.url + FILES], cwd: home, env: { HOME: home } };
  const output = await runWell('cadaver', { ...options, input: `${[...commands, 'quit'].join('\n')}\n` });
  const answers = output.split(/dav:[^>\n]*> /).slice(1, -1);
  assert.equal(answers.length, commands.length, output);
  return answers;
}

/** All of the commands worked. */
async function works(...commands: string[]): Promise<string[]> {
  const answers = await cadaver(...commands);
  for (const answer of answers) assert.doesNotMatch(answer, /failed|error/i);
  return answers;
}

const got = async (name: string) => {
  const { status, text } = await dav.request('GET', `${FILES}${name}`);
  return status === 200 ? text : status;
};

test('put and get: what comes back is what went in, whatever its name', async (t) => {
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 256));
  await writeFile(join(home, 'bytes.bin'), content);
  await writeFile(join(home, 'zwölf & 50% #1.txt'), 'twelve\n');
  const [, , , listing] = await works(
    'put bytes.bin',
    'put "zwölf & 50% #1.txt"',
    'get "zwölf & 50% #1.txt" back.txt',
    'ls',
    'get bytes.bin back.bin',
  );
  assert.deepEqual(await readFile(join(home, 'back.bin')), content);
  assert.equal(await readFile(join(home, 'back.txt'), 'utf8'), 'twelve\n');
  assert.match(listing!, /bytes\.bin\s+300000/);
  assert.match(listing!, /zwölf & 50% #1\.txt\s+7/);
  saw(t, ...listing!.trim().split('\n').slice(1));
});

test('mkcol, copy, move, delete', async () => {
  await writeFile(join(home, 'note.txt'), 'a note\n');
  await works('put note.txt', 'mkcol box', 'copy note.txt box/copy.txt', 'move note.txt box/moved.txt', 'copy box second');
  assert.deepEqual(await Promise.all(['note.txt', 'box/copy.txt', 'box/moved.txt', 'second/moved.txt'].map(got)), [
    404,
    'a note\n',
    'a note\n',
    'a note\n',
  ]);
  await works('delete box/copy.txt', 'rmcol second');
  assert.deepEqual(await Promise.all(['box/copy.txt', 'box/moved.txt', 'second/moved.txt'].map(got)), [404, 'a note\n', 404]);
});

test('what others write is seen', async () => {
  await dav.request('PUT', `${FILES}box/theirs.txt`, { body: 'theirs', headers: { 'content-type': 'text/plain' } });
  const [listing, text] = await works('ls box', 'cat box/theirs.txt');
  assert.match(listing!, /theirs\.txt\s+6/);
  assert.match(text!, /theirs/);
});

test('properties of its own', async () => {
  const [, value] = await works('propset box/moved.txt colour red', 'propget box/moved.txt colour');
  assert.match(value!, /colour is: red/);
});

test('a lock keeps others out until it is given back', async (t) => {
  const [, seen] = await works('lock box/moved.txt', 'discover box/moved.txt');
  assert.match(seen!, /Scope: exclusive\s+Type: write\s+Timeout: \d+/);
  const write = () => dav.request('PUT', `${FILES}box/moved.txt`, { body: 'by another' });
  assert.equal((await write()).status, 423);
  saw(t, seen!.trim().split('\n').slice(-2).join(' '));
  const { responses } = await dav.propfind(`${FILES}box/moved.txt`, [D('lockdiscovery')]);
  assert.match(JSON.stringify(responses[0]?.props.get(D('lockdiscovery'))?.children), /urn:uuid:/);
  await works('steal box/moved.txt', 'unlock box/moved.txt');
  assert.equal((await write()).status, 204);
});

test('while it holds the lock it may write, move and delete itself', async () => {
  await works('lock box/moved.txt', 'put note.txt box/moved.txt', 'unlock box/moved.txt', 'rmcol box');
  assert.equal(await got('box/moved.txt'), 404);
});

test('what is not there is told', async () => {
  const [answer] = await cadaver('cat nothing.txt');
  assert.match(answer!, /404 Not Found/);
});
