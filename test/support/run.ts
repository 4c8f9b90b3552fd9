import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtPath } from './paths.js';
import { startCluster } from './postgres.js';

/** Long enough for the slowest file on a busy machine, short enough that a hanging one is noticed. */
const FILE_TIMEOUT_MS = 600_000;

/**
 * Runs the compiled tests of this build over one PostgreSQL cluster: `node dist/test/support/run.js [PART…]`, where a file
 * is taken when its path contains one of the parts. The runner's own summary stays the last thing printed.
 */
const files = await testFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error(`no test file matches ${process.argv.slice(2).join(' ') || 'anything'}`);
  process.exit(1);
}
process.exitCode = await withCluster((url) => runTests(files, url));

/** End-to-end files first: they take longest, and two run at a time. */
async function testFiles(parts: readonly string[]): Promise<string[]> {
  const all: string[] = [];
  for (const kind of ['e2e', 'faults', 'helm', 'unit']) {
    const folder = builtPath('test', kind);
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    all.push(
      ...names
        .filter((name) => name.endsWith('.test.js'))
        .sort()
        .map((name) => join(folder, name)),
    );
  }
  const paths = all.map((file) => relative(process.cwd(), file));
  return parts.length === 0 ? paths : paths.filter((path) => parts.some((part) => path.includes(part)));
}

/** Ctrl-C reaches the runner below us by itself; we wait for it so that the cluster is stopped and removed. */
async function withCluster(work: (url: string) => Promise<number>): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'gw-run-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  const cluster = await startCluster(dir);
  try {
    return await work(cluster.url);
  } finally {
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function runTests(paths: readonly string[], databaseUrl: string): Promise<number> {
  const reporter = process.stdout.isTTY && !process.env.CI ? 'spec' : pathToFileURL(builtPath('test/support/reporter.js')).href;
  const options = ['--test', '--test-concurrency=2', `--test-timeout=${FILE_TIMEOUT_MS}`, `--test-reporter=${reporter}`];
  const env = { ...process.env, TEST_DATABASE_URL: databaseUrl };
  const runner = spawn(process.execPath, ['--enable-source-maps', ...options, ...paths], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(runner, 'exit');
  return (code as number | null) ?? 1;
}
