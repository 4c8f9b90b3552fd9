import { onEnd } from '../../test/support/cleanup.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import { type Gateway, startGateway } from '../../test/support/gateway.js';
import { builtPath } from '../../test/support/paths.js';
import { type Ground, startGround } from '../peers/ground.js';
import { type Peers, startPeers } from './peers.js';
import { PROFILE_FOLDER } from './settings.js';

/** The gateway and its peers; SOGo uses the same PostgreSQL and Dovecot. */
export interface Match extends Pick<Ground, 'folder' | 'runner' | 'databaseUrl' | 'imapPort'> {
  readonly gateway: Gateway;
  /** Of every user. */
  readonly password: string;
  /** Home folder of a user at the mail server; the mail is in `Maildir` below it. */
  mailHome(user: string): string;
  readonly peers: Peers;
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
  const ground = await startGround();
  const { databaseUrl, imapPort, smtpPort } = ground;
  const urls = { imapUrl: `imap://127.0.0.1:${imapPort}?tls=off`, smtpUrl: `smtp://127.0.0.1:${smtpPort}?tls=off` };
  const another = () => startGateway({ databaseUrl, ...urls, env: environment() });
  const gateway = await another();
  onEnd(() => gateway.stop());
  return { ...ground, gateway, password: PASSWORD, peers: await startPeers(ground), another };
}

/** With BENCH_PROFILE, the gateway writes a CPU profile there when it ends. */
function environment(): Record<string, string> {
  if (!PROFILE_FOLDER) return { LOG_LEVEL: 'warn' };
  const hook = `--import=${builtPath('bench', 'support', 'profile-hook.js')}`;
  return { LOG_LEVEL: 'warn', NODE_OPTIONS: hook, BENCH_PROFILE: PROFILE_FOLDER };
}
