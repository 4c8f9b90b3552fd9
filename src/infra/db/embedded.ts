import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { findRunner, giveTo, type Runner } from '../unprivileged.js';
import { findPostgres } from './embedded-binaries.js';
import { clearPostmaster } from './postmaster.js';

/** What the launcher tells; a pino logger fits. */
export interface EmbeddedLog {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
}

export interface EmbeddedOptions {
  /** The cluster lives in `<dataDir>/pg`. */
  dataDir: string;
  log: EmbeddedLog;
  /** Folder with other `initdb` and `postgres` binaries; default `PG_BIN`, else those of the npm package. */
  binDir?: string;
  /** Extra server settings, e.g. `{ fsync: 'off' }` for throw-away test clusters. */
  settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** Connection URL of the database `gateway`. */
  url: string;
  /** Resolves with the exit code when the server ends, asked or not. */
  ended: Promise<number | null>;
  /** Fast shutdown (SIGINT); resolves when the server has gone. */
  stop(): Promise<void>;
}

const DATABASE = 'gateway';
const SUPERUSER = 'gateway';
const START_MS = 120_000; // recovery after a crash may take a while
const STOP_MS = 20_000;
const SOCKET_PATH_MAX = 100; // sun_path holds 104 (BSD) or 108 (Linux) bytes
const LOCALE: Readonly<Record<string, string>> = { linux: 'C.UTF-8', darwin: 'en_US.UTF-8' };

/**
 * Starts PostgreSQL as a foreground child on a private unix socket and makes the database `gateway`.
 * Works as root, after kill -9 of this program or of the server, and without any npm install script.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const bin = await findPostgres(options.binDir ?? process.env.PG_BIN);
  const runner = await findRunner();
  await mkdir(options.dataDir, { recursive: true });
  const root = await realpath(options.dataDir);
  const dataDir = join(root, 'pg');
  await clearPostmaster(dataDir, await readOwner(root));
  await createCluster(bin, runner, root, dataDir, options.log);
  const socketDir = await makeSocketDir(runner, root);
  const server = launch(runner, [join(bin, 'postgres'), '-D', dataDir, ...settings(socketDir, options.settings)], options.log);
  await writeFile(join(root, 'pg.owner'), String(process.pid));
  const url = (database: string) => urlOf(socketDir, options.settings?.port, database);
  try {
    await ready(url, server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  options.log.info(`embedded PostgreSQL runs in ${dataDir}`);
  return { url: url(DATABASE), ended: server.ended, stop: server.stop };
}

/** Number of the process that started the last server here. */
async function readOwner(root: string): Promise<number | undefined> {
  const text = await readFile(join(root, 'pg.owner'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text);
}

/** initdb into a side folder and a rename, so a killed first start leaves nothing half made. */
async function createCluster(bin: string, runner: Runner, root: string, dataDir: string, log: EmbeddedLog): Promise<void> {
  if (await exists(join(dataDir, 'PG_VERSION'))) return checkVersion(bin, runner, dataDir);
  const fresh = join(root, 'pg.new');
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await giveTo(runner, fresh);
  log.info(`creating a PostgreSQL cluster in ${dataDir}`);
  const locale = `--locale=${LOCALE[process.platform] ?? 'C'}`;
  await call(runner, [join(bin, 'initdb'), '-D', fresh, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', locale]);
  await rename(fresh, dataDir);
}

async function checkVersion(bin: string, runner: Runner, dataDir: string): Promise<void> {
  await giveTo(runner, dataDir);
  const made = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  const program = /\) (\d+)/.exec(await call(runner, [join(bin, 'postgres'), '--version']))?.[1];
  if (program === made) return;
  throw new Error(
    `${dataDir} was made by PostgreSQL ${made}, but ${bin} holds version ${program}: dump and restore, or use the other binaries`,
  );
}

/** A folder of our own, so that nobody else on the machine reaches the socket; no password is needed then. */
async function makeSocketDir(runner: Runner, root: string): Promise<string> {
  const near = join(root, 'pg.socket');
  const fits = Buffer.byteLength(join(near, '.s.PGSQL.5432')) <= SOCKET_PATH_MAX && !/[",\s]/.test(near);
  const dir = fits ? near : await mkdtemp(join(tmpdir(), 'gateway-pg-'));
  if (fits) await rm(near, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o700);
  await giveTo(runner, dir);
  return dir;
}

function settings(socketDir: string, extra: Readonly<Record<string, string>> = {}): string[] {
  const all = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    port: '5432', // only the name of the socket file
    logging_collector: 'off',
    log_checkpoints: 'off',
    timezone: 'UTC',
    ...extra,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

interface Server {
  ended: Promise<number | null>;
  tail(): string;
  stop(): Promise<void>;
}

/** A session of its own: Ctrl-C in the terminal must reach us first, not the database under us. */
function launch(runner: Runner, argv: readonly string[], log: EmbeddedLog): Server {
  const [command, ...args] = runner.wrapChild(argv, 'INT');
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: '/', env: environment() });
  const last: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    last.push(line);
    if (last.length > 40) last.shift();
    if (/\b(WARNING|FATAL|PANIC):/.test(line) && !line.endsWith('starting up')) log.warn(line);
    else log.debug(line);
  });
  let over = false;
  const ended = once(child, 'exit').then(
    ([code]) => code as number | null,
    () => null,
  );
  void ended.then(() => {
    over = true;
  });
  const stop = async () => {
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      if (over) return;
      child.kill(signal);
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
    }
  };
  return { ended, stop, tail: () => last.join('\n') };
}

/** Variables that would send the server or initdb elsewhere are left out. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_')));
}

async function ready(url: UrlOf, server: Server): Promise<void> {
  let over = false;
  void server.ended.then(() => {
    over = true;
  });
  const end = Date.now() + START_MS;
  for (;;) {
    const made = await createDatabase(url).then(
      () => null,
      (error: Error) => error,
    );
    if (!made) return;
    if (over) throw new Error(`embedded PostgreSQL did not start:\n${server.tail()}`);
    if (Date.now() > end) throw new Error(`embedded PostgreSQL is not ready after ${START_MS / 1000} s: ${made.message}`);
    await sleep(20);
  }
}

async function createDatabase(url: UrlOf): Promise<void> {
  const client = new pg.Client({ connectionString: url('postgres') });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

type UrlOf = (database: string) => string;

/** @param port of the socket file's name, where the settings name another than the usual one */
function urlOf(socketDir: string, port: string | undefined, database: string): string {
  const host = port === undefined ? 'localhost' : `localhost:${port}`;
  return `postgres://${SUPERUSER}@${host}/${database}?host=${encodeURIComponent(socketDir)}`;
}

async function call(runner: Runner, argv: readonly string[]): Promise<string> {
  const [command, ...args] = runner.wrap(argv);
  try {
    return (await promisify(execFile)(command, args, { cwd: '/', env: environment() })).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`${argv[0]} failed: ${stderr?.trim() || message}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
