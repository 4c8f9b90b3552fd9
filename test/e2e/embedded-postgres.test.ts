import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/infra/db/embedded.js';
import { findProcess } from '../../src/infra/processes.js';
import { temporaryFolder } from '../support/cleanup.js';
import { builtPath } from '../support/paths.js';

const log = { debug() {}, info() {}, warn() {} };

/** A program that starts the database in `dataDir`, prints its URL and stays. */
async function startHolder(dataDir: string, path = process.env.PATH): Promise<{ url: string; child: ChildProcess }> {
  const module = JSON.stringify(builtPath('src', 'infra', 'db', 'embedded.js'));
  const code = `const { startEmbeddedPostgres } = await import(${module});
    const log = { debug() {}, info() {}, warn: console.error };
    console.log((await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log })).url);`;
  const env = { ...process.env, PATH: path };
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const [line] = await once(child.stdout!, 'data');
  return { url: String(line).trim(), child };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('what was committed is there after a stop and a start', async () => {
  const dataDir = await temporaryFolder('gw-embedded');
  const first = await startEmbeddedPostgres({ dataDir, log });
  await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
  await first.stop();
  assert.equal(await first.ended, 0);

  const second = await startEmbeddedPostgres({ dataDir, log });
  assert.deepEqual(await query(second.url, 'SELECT n FROM kept'), [{ n: 7 }]);
  await second.stop();
});

test('the server goes with a killed program, and the next start works at once', async () => {
  const dataDir = await temporaryFolder('gw-embedded');
  for (let round = 0; round < 3; round++) {
    const { url, child } = await startHolder(dataDir);
    await query(url, `CREATE TABLE round_${round} ()`);
    await kill(child);
  }
  const last = await startEmbeddedPostgres({ dataDir, log });
  assert.equal((await query(last.url, "SELECT FROM pg_tables WHERE tablename LIKE 'round_%'")).length, 3);
  await last.stop();
});

test('an orphan that the system did not end is stopped by the next start', async () => {
  const dataDir = await temporaryFolder('gw-embedded');
  const { child } = await startHolder(dataDir);
  const pid = Number((await readFile(join(dataDir, 'pg', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGSTOP'); // it cannot act on the signal that its parent's end brings
  await kill(child);
  setTimeout(() => process.kill(pid, 'SIGCONT'), 300);
  const next = await startEmbeddedPostgres({ dataDir, log });
  assert.equal(await findProcess(pid), null);
  assert.deepEqual(await query(next.url, 'SELECT 1 AS n'), [{ n: 1 }]);
  await next.stop();
});

test('a server killed together with its program leaves a pid file that does not block', async () => {
  const dataDir = await temporaryFolder('gw-embedded');
  const { url, child } = await startHolder(dataDir);
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
  const file = join(dataDir, 'pg', 'postmaster.pid');
  process.kill(Number((await readFile(file, 'utf8')).split('\n')[0]), 'SIGKILL');
  await kill(child);
  const lines = (await readFile(file, 'utf8')).split('\n');
  await writeFile(file, [String(process.pid), ...lines.slice(1)].join('\n')); // the number was given to another process since
  const next = await startEmbeddedPostgres({ dataDir, log });
  assert.deepEqual(await query(next.url, 'SELECT n FROM kept'), [{ n: 7 }]);
  await next.stop();
});

test('a second program on the same folder is told who has it', async () => {
  const dataDir = await temporaryFolder('gw-embedded');
  const first = await startEmbeddedPostgres({ dataDir, log });
  await assert.rejects(startEmbeddedPostgres({ dataDir, log }), new RegExp(`in use by process ${process.pid}`));
  assert.deepEqual(await query(first.url, 'SELECT 1 AS n'), [{ n: 1 }]);
  await first.stop();
});

test('the socket moves when the path of the folder is too long for one', async () => {
  const dataDir = join(await temporaryFolder('gw-embedded'), 'a'.repeat(80));
  const server = await startEmbeddedPostgres({ dataDir, log });
  assert.deepEqual(await query(server.url, 'SELECT 1 AS n'), [{ n: 1 }]);
  await server.stop();
});

test('as root without user namespaces it runs as nobody, and changes back', {
  skip: process.getuid?.() === 0 ? false : 'only root can become nobody',
}, async () => {
  const dataDir = await temporaryFolder('gw-embedded');
  const bin = await temporaryFolder('gw-bin');
  await writeFile(join(bin, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const { url, child } = await startHolder(dataDir, `${bin}:${process.env.PATH}`);
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
  await kill(child);
  const next = await startEmbeddedPostgres({ dataDir, log });
  assert.deepEqual(await query(next.url, 'SELECT n FROM kept'), [{ n: 7 }]);
  await next.stop();
});
