import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtPath } from '../support/paths.js';
import { startCluster } from '../support/postgres.js';

/** Real clients: what they are, and the test file that runs each against a gateway of its own. */
const CLIENTS = {
  thunderbird: ['Thunderbird: account by its address alone, mail, calendars, tasks, contacts', 'clients/thunderbird'],
  evolution: [
    'Evolution Data Server (GNOME Calendar, Contacts, Evolution): discovery, calendars, tasks, contacts',
    'clients/evolution',
  ],
  syncevolution: ['SyncEvolution: discovery, calendar, tasks, contacts', 'e2e/dav-client-syncevolution'],
  vdirsyncer: ['vdirsyncer: discovery, calendar, tasks, contacts, conflicts', 'e2e/vdirsyncer'],
  calcurse: ['calcurse-caldav: a calendar in text files', 'e2e/dav-client-calcurse'],
  python: ['caldav, the library for Python: calendars, queries, expansion, free/busy, tasks, sync', 'e2e/dav-client-python'],
  cadaver: ['cadaver: plain files, properties, locks', 'e2e/webdav-client-cadaver'],
  litmus: ['litmus: the WebDAV test suite', 'e2e/dav-litmus'],
  tsdav: ['tsdav, and the request sequences of iOS, macOS, DAVx5, Thunderbird, Evolution, Outlook', 'e2e/dav-clients'],
} as const;
type Name = keyof typeof CLIENTS;

/** The seconds that a client took, or that it failed. */
type Outcome = { name: Name; seconds: number; passed: boolean };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(CLIENTS, name));
if (unknown.length > 0) {
  console.error(`no such client: ${unknown.join(', ')}; there are: ${Object.keys(CLIENTS).join(', ')}`);
  process.exit(2);
}
const names = (wanted.length > 0 ? wanted : Object.keys(CLIENTS)) as Name[];
const pictures = await mkdtemp(join(tmpdir(), 'gateway-clients-'));
const outcomes = await withCluster((url) => runAll(url));
console.log(`\n${outcomes.map(verdict).join('\n')}`);
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;

/** One after the other: two desktop applications at once would only wait for each other. */
async function runAll(databaseUrl: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const name of names) {
    console.log(`\n== ${CLIENTS[name][0]}`);
    const start = Date.now();
    const passed = (await runFile(CLIENTS[name][1], databaseUrl)) === 0;
    outcomes.push({ name, passed, seconds: Math.round((Date.now() - start) / 1000) });
  }
  return outcomes;
}

async function runFile(file: string, databaseUrl: string): Promise<number> {
  const reporter = pathToFileURL(builtPath('test', 'clients', 'reporter.js')).href;
  const args = ['--enable-source-maps', '--test', `--test-reporter=${reporter}`, builtPath('test', `${file}.test.js`)];
  const env = { ...process.env, TEST_DATABASE_URL: databaseUrl, CLIENTS_TELL: '1', CLIENTS_PICTURES: pictures };
  const runner = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(runner, 'exit');
  return (code as number | null) ?? 1;
}

/** Ctrl-C reaches the runner below us by itself; we wait for it so that the cluster is stopped and removed. */
async function withCluster<T>(work: (url: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'gw-clients-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  const cluster = await startCluster(dir);
  try {
    return await work(cluster.url);
  } finally {
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

function verdict({ name, passed, seconds }: Outcome): string {
  return `${passed ? 'works ' : 'FAILED'} ${name} (${seconds} s)`;
}
