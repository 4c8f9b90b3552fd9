import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate, openDatabase } from '../../src/infra/db/data-source.js';
import { onEnd } from '../../test/support/cleanup.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import { startWorld } from '../../test/support/eas-phone-world.js';
import { type Gateway, startGateway } from '../../test/support/gateway.js';
import { builtPath } from '../../test/support/paths.js';
import { PEER_PASSWORD, type Peers, startPeers } from './peers.js';
import { PROFILE_FOLDER } from './settings.js';

/** The gateway, on the same PostgreSQL and Dovecot as SOGo where the peers run. */
export interface Match {
  readonly gateway: Gateway;
  readonly databaseUrl: string;
  readonly imapPort: number;
  /** Of every user. */
  readonly password: string;
  /** Home folder of a user at the mail server; the mail is in `Maildir` below it. */
  mailHome(user: string): string;
  readonly peers: Peers | null;
  /** Why there are no peers. */
  readonly why: string;
  /** Another gateway process on the same servers. */
  another(): Promise<Gateway>;
}

export const address = (user: number): string => `u${String(user).padStart(4, '0')}@example.test`;

let match: Promise<Match> | undefined;

/** One gateway process and the peers, shared by the measures of a run. */
export function startMatch(): Promise<Match> {
  match ??= start();
  return match;
}

async function start(): Promise<Match> {
  const peers = await startPeers();
  if (typeof peers === 'string') {
    console.log(peers);
    return alone(peers);
  }
  const databaseUrl = await databaseOf(peers);
  const imapUrl = `imap://127.0.0.1:${peers.imapPort}?tls=off`;
  const smtpUrl = `smtp://127.0.0.1:${peers.smtpPort}?tls=off`;
  const another = () => startGateway({ databaseUrl, imapUrl, smtpUrl, env: environment() });
  const gateway = await another();
  onEnd(() => gateway.stop());
  const { imapPort, rig } = peers;
  const mailHome = (user: string) => `${rig}/mail/${user}`;
  return { gateway, databaseUrl, imapPort, password: PEER_PASSWORD, mailHome, peers, why: '', another };
}

/** Without peers: a Dovecot and a PostgreSQL of our own. */
async function alone(why: string): Promise<Match> {
  const world = await startWorld({ env: environment() });
  const { gateway, databaseUrl, dovecot } = world;
  const another = () => world.secondGateway(environment());
  const mailHome = (user: string) => dovecot.mailDir(user);
  onEnd(() => gateway.stop());
  return { gateway, databaseUrl, imapPort: dovecot.ports.imap, password: PASSWORD, mailHome, peers: null, why, another };
}

/** With BENCH_PROFILE, the gateway writes a CPU profile there when it ends. */
function environment(): Record<string, string> {
  if (!PROFILE_FOLDER) return { LOG_LEVEL: 'warn' };
  const hook = `--import=${builtPath('bench', 'support', 'profile-hook.js')}`;
  return { LOG_LEVEL: 'warn', NODE_OPTIONS: hook, BENCH_PROFILE: PROFILE_FOLDER };
}

/** A new, migrated database in the peers' PostgreSQL, with the settings that SOGo's has. */
async function databaseOf(peers: Peers): Promise<string> {
  const name = `gateway_${randomBytes(4).toString('hex')}`;
  const admin = new pg.Client({ connectionString: peers.databaseUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  onEnd(async () => {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.end();
  });
  const url = new URL(peers.databaseUrl);
  url.pathname = `/${name}`;
  const source = await openDatabase(url.href, { poolSize: 2 });
  await migrate(source).finally(() => source.destroy());
  return url.href;
}
