import { execFile, spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onEnd } from '../../test/support/cleanup.js';
import { PEERS_FOLDER, RIG_FOLDER } from './settings.js';

const run = promisify(execFile);

/** SOGo, Radicale, Xandikos and the Dovecot and PostgreSQL that the gateway shares with SOGo. */
export interface Peers {
  /** Folder of their data. */
  readonly rig: string;
  readonly imapPort: number;
  readonly smtpPort: number;
  /** Connection URL of PostgreSQL's superuser. */
  readonly databaseUrl: string;
  readonly sogo: string;
  readonly sogoDatabase: string;
  readonly radicale: string;
  readonly xandikos: string;
  /** Gives files to the user that the peers run as. */
  own(...paths: readonly string[]): Promise<void>;
  /** Runs a program as that user. */
  asOwner(program: string, ...args: readonly string[]): Promise<void>;
  /** Runs seed.mjs of the peers' folder. */
  seed(...args: readonly string[]): Promise<void>;
}

export const PEER_PASSWORD = 'pw';
const OWNER = 'rig';
const PORTS = {
  IMAP_PORT: 21143,
  SMTP_PORT: 21025,
  PG_PORT: 21432,
  NGINX_PORT: 21080,
  RADICALE_PORT: 21232,
  XANDIKOS_PORT: 21233,
};
/** The faster of the two settings that the peers' README compares, so the harder rival. */
const SOGO = 'sogo:10';
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'sogo sogo-activesync': ['/usr/sbin/sogod'],
  memcached: ['/usr/bin/memcached'],
  nginx: ['/usr/sbin/nginx'],
  radicale: ['/usr/bin/radicale'],
  xandikos: ['/usr/bin/xandikos'],
  'dovecot-imapd': ['/usr/lib/dovecot/imap'],
  'dovecot-lmtpd': ['/usr/lib/dovecot/lmtp'],
  postgresql: ['/usr/lib/postgresql/15/bin/initdb'],
  'git curl': ['/usr/bin/git', '/usr/bin/curl'],
};

let peers: Promise<Peers | string> | undefined;

/** Starts the peers at the first call; gives a sentence that says why not where they can't be had. */
export function startPeers(): Promise<Peers | string> {
  peers ??= start();
  return peers;
}

async function start(): Promise<Peers | string> {
  const why = obstacle();
  if (why) return why;
  const rig = RIG_FOLDER ?? (await mkdtemp(join(tmpdir(), 'gw-peers-')));
  await mkdir(rig, { recursive: true });
  await chmod(rig, 0o755);
  const env = { ...process.env, ...numbers(PORTS), RIG: rig, RIG_USER: OWNER, SOGO_INSTANCES: SOGO };
  if (!RIG_FOLDER) onEnd(() => rm(rig, { recursive: true, force: true }));
  if (!RIG_FOLDER) onEnd(() => script('down.sh', env, join(rig, 'down.out')));
  const log = join(rig, 'up.out');
  const code = await script('up.sh', env, log);
  if (code !== 0) return `the peers did not start: ${(await readFile(log, 'utf8')).trim().split('\n').at(-1)}`;
  return handle(rig, env);
}

function obstacle(): string | null {
  if (!existsSync(join(PEERS_FOLDER, 'up.sh'))) return `no peers: ${PEERS_FOLDER} has no up.sh (PEERS names another folder)`;
  if (process.getuid?.() !== 0) return 'no peers: only root can start them, each under its own user';
  const missing = Object.entries(PROGRAMS).filter(([, programs]) => !programs.every((program) => existsSync(program)));
  if (missing.length === 0) return null;
  return `no peers: Debian packages are missing: ${missing.map(([name]) => name).join(' ')} (script/bench-setup installs them)`;
}

function handle(rig: string, env: NodeJS.ProcessEnv): Peers {
  return {
    rig,
    imapPort: PORTS.IMAP_PORT,
    smtpPort: PORTS.SMTP_PORT,
    databaseUrl: `postgres://postgres@127.0.0.1:${PORTS.PG_PORT}/postgres`,
    sogo: `http://127.0.0.1:${PORTS.NGINX_PORT}`,
    sogoDatabase: `postgres://sogo:sogo@127.0.0.1:${PORTS.PG_PORT}/sogo`,
    radicale: `http://127.0.0.1:${PORTS.RADICALE_PORT}`,
    xandikos: `http://127.0.0.1:${PORTS.XANDIKOS_PORT}`,
    own: async (...paths) => void (await run('chown', ['-R', `${OWNER}:`, ...paths])),
    asOwner: async (program, ...args) => {
      await run('setpriv', [`--reuid=${OWNER}`, `--regid=${OWNER}`, '--init-groups', program, ...args], {
        env: { ...process.env, HOME: join(rig, 'xandikos') },
        maxBuffer: 64 * 1024 * 1024,
      });
    },
    seed: async (...args) => void (await run('node', [join(PEERS_FOLDER, 'seed.mjs'), ...args], { env })),
  };
}

/** The servers that a script starts keep its output open, so that goes to a file. */
function script(name: string, env: NodeJS.ProcessEnv, log: string): Promise<number> {
  const out = openSync(log, 'w');
  const child = spawn(join(PEERS_FOLDER, name), { env, stdio: ['ignore', out, out] });
  return new Promise((resolve, reject) => child.on('error', reject).on('exit', (code) => resolve(code ?? 1)));
}

function numbers(values: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
