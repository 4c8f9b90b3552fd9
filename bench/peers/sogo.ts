import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { freePorts } from '../../src/demo/ports.js';
import { giveTo, type Runner } from '../../src/infra/unprivileged.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import type { Ground } from './ground.js';
import { findPrograms } from './programs.js';
import { launch } from './server.js';
import { nginxConfig, sogoConfig } from './sogo-config.js';

export interface SogoPeer {
  readonly url: string;
  readonly databaseUrl: string;
}

const PROGRAMS = {
  sogod: 'sogo',
  memcached: 'memcached',
  nginx: 'nginx-light',
  unshare: 'util-linux',
  setpriv: 'util-linux',
} as const;

/** As many as make it quickest on two cores; its own default of three is slower in every measure. */
const WORKERS = 10;
const USERS = 1_000;

/** SOGo behind nginx, as its manual says, on the Dovecot and the PostgreSQL that the gateway uses. */
export async function startSogo(ground: Ground): Promise<SogoPeer> {
  const programs = await findPrograms(PROGRAMS);
  const { folder, runner } = ground;
  const home = join(folder, 'sogo');
  const [sogo = 0, memcached = 0, nginx = 0] = await freePorts(3);
  for (const part of ['etc', 'home', 'spool', 'nginx']) await mkdir(join(home, part), { recursive: true });
  const databaseUrl = await makeDatabase(ground.adminUrl);
  await writeFile(join(home, 'etc', 'sogo.conf'), sogoConfig({ ...ground, home, databaseUrl, memcached }));
  await writeFile(join(home, 'nginx.conf'), nginxConfig({ home, sogo, nginx }));
  await giveTo(runner, home);
  const cache = [programs.memcached, '-l', '127.0.0.1', '-p', String(memcached), '-U', '0', '-m', '128'];
  await launch('memcached', runner.wrapChild(cache, 'TERM'), { folder, port: memcached });
  const server = [programs.sogod, '-WOWorkersCount', String(WORKERS), '-WOPort', `127.0.0.1:${sogo}`];
  server.push('-WOPidFile', join(home, 'sogod.pid'), '-WOLogFile', '-', '-WONoDetach', 'YES');
  await launch('sogo', withConfig(runner, programs, join(home, 'etc'), server), {
    folder,
    port: sogo,
    env: { HOME: join(home, 'home') },
  });
  const proxy = [programs.nginx, '-p', `${home}/`, '-c', join(home, 'nginx.conf'), '-e', join(home, 'nginx.log')];
  await launch('nginx', runner.wrapChild(proxy, 'TERM'), { folder, port: nginx });
  return { url: `http://127.0.0.1:${nginx}`, databaseUrl };
}

/** sogod reads /etc/sogo/sogo.conf and nothing else: it gets its own in a mount namespace, in which it is an ordinary user. */
function withConfig(
  runner: Runner,
  { unshare, setpriv }: { readonly unshare: string; readonly setpriv: string },
  etc: string,
  argv: readonly string[],
): [string, ...string[]] {
  const mount = ['sh', '-c', 'mount --bind "$0" /etc/sogo && exec "$@"', etc];
  if (runner.mode === 'nobody') return [unshare, '--mount', ...mount, ...runner.wrapChild(argv, 'TERM')];
  const own = [unshare, '--user', '--mount', '--map-user=65534', '--map-group=65534', '--keep-caps'] as const;
  return [...own, ...mount, setpriv, '--pdeathsig', 'TERM', '--inh-caps=-all', '--ambient-caps=-all', ...argv];
}

/** A database with the view of users that SOGo asks for names and passwords. */
async function makeDatabase(adminUrl: string): Promise<string> {
  const sql = async (url: string, ...statements: readonly string[]) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  await sql(adminUrl, 'CREATE ROLE sogo LOGIN', 'CREATE DATABASE sogo OWNER sogo');
  const url = new URL(adminUrl);
  url.username = 'sogo';
  url.pathname = '/sogo';
  await sql(
    url.href,
    `CREATE TABLE people AS SELECT 'u' || lpad(n::text, 4, '0') || '@example.test' AS address FROM generate_series(0, ${USERS}) n`,
    'CREATE UNIQUE INDEX ON people (address)',
    `CREATE VIEW users AS SELECT address AS c_uid, address AS c_name, '${PASSWORD}'::text AS c_password, address AS c_cn,
       address AS mail FROM people`,
  );
  return url.href;
}
