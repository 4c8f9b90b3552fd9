import { mkdir, mkdtemp, readFile, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopOrphan } from '../infra/processes.js';
import { findRunner, giveTo, type Runner } from '../infra/unprivileged.js';
import { type DovecotPorts, dovecotConfig } from './dovecot-config.js';
import { launchMaster, type Master, runDoveadm, untilGreeting } from './dovecot-process.js';
import { type DovecotPrograms, findDovecot } from './find-dovecot.js';
import { deliverByLmtp } from './lmtp.js';
import { freePort } from './ports.js';

export { DOVECOT_PACKAGES, type DovecotPrograms, findDovecot } from './find-dovecot.js';

export interface DovecotOptions {
  /** Configuration, state and mail of this instance. */
  dir: string;
  /** The password of everybody, where `users` is not given; default `demo`. */
  password?: string;
  /** Address -> password: only these may log in and get mail. */
  users?: Readonly<Record<string, string>>;
  /** Networks whose IMAP ID `x-originating-ip` is believed; `''` for none. Default 127.0.0.0/8. */
  trusted?: string;
  /** Seconds that the answer to a wrong password is held back; default 2, Dovecot's own. */
  authFailureDelay?: number;
  /** Whether repeated failures delay all logins of that address (Dovecot's default); default true. */
  authPenalty?: boolean;
  /** Seconds after which an idling connection is handed to imap-hibernate; 0 for never (default). */
  hibernateAfter?: number;
  /** Default `maildir:~/Maildir`. */
  mailLocation?: string;
  /** PEM files; then STARTTLS is offered and there is an IMAPS port. */
  tls?: { cert: string; key: string };
  managesieve?: boolean;
  /** Port on 127.0.0.1 of an SMTP server that takes automatic replies without a login; without it there are none. */
  relay?: number;
  /** Further lines of its configuration. */
  extra?: string;
  /** Wanted ports; one that is taken, and those not named, are chosen freely. */
  ports?: Partial<DovecotPorts>;
  /** Gets each line that Dovecot logs. */
  log?(line: string): void;
}

export interface Dovecot {
  ports: DovecotPorts;
  version: string;
  dir: string;
  /** `imap://127.0.0.1:PORT?tls=off`, or with STARTTLS where `tls` was given. */
  url: string;
  /** Puts a raw message into a mailbox by LMTP; `address` may carry `+Folder`-less detail. */
  deliver(address: string | readonly string[], raw: string | Uint8Array, from?: string): Promise<void>;
  /** Runs `doveadm`; gives its standard output, throws with its standard error. */
  doveadm(...args: string[]): Promise<string>;
  /** Home folder of a user; the mail is in `Maildir` below it. */
  mailDir(user: string): string;
  /** Adds a listed user or changes a password; resolves when that is in effect. */
  setPassword(address: string, password: string): Promise<void>;
  /** The last lines logged. */
  logs(): string;
  /** Resolves when the server ends, asked or not. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

const MAX_ATTEMPTS = 3;
const BASE_PATH_MAX = 70; // Dovecot makes sockets with names of up to 35 bytes in base_dir

/** Starts a Dovecot of our own on 127.0.0.1, unprivileged and in the foreground. Throws a sentence when it is not installed. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const programs = await findDovecot();
  const runner = await findRunner();
  await mkdir(options.dir, { recursive: true });
  const dir = await realpath(options.dir);
  const conf = join(dir, 'dovecot.conf');
  await clearOrphan(dir, conf);
  const base = await prepareFolders(runner, dir);
  const users = new Map(Object.entries(options.users ?? {}));
  await writeUsers(dir, users);
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(options, programs);
    await writeFile(conf, dovecotConfig({ ...defaults(options), base, dir, runner, ports }));
    await giveTo(runner, dir);
    const server = launchMaster(runner, [programs.dovecot, '-F', '-c', conf], options.log);
    await writeFile(join(dir, 'master'), String(server.pid));
    try {
      await untilGreeting(ports.imap, server);
      return handle({ options, programs, runner, dir, conf, base, users, ports, server });
    } catch (error) {
      const raced = server.logs().includes('Address already in use'); // somebody took a port between our look and the start
      if (!raced || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

interface Parts {
  options: DovecotOptions;
  programs: DovecotPrograms;
  runner: Runner;
  dir: string;
  conf: string;
  base: string;
  users: Map<string, string>;
  ports: DovecotPorts;
  server: Master;
}

function handle({ options, programs, runner, dir, conf, base, users, ports, server }: Parts): Dovecot {
  return {
    ports,
    dir,
    version: programs.version,
    url: `imap://127.0.0.1:${ports.imap}${options.tls ? '' : '?tls=off'}`,
    ended: server.ended,
    logs: server.logs,
    stop: async () => {
      await server.stop();
      if (!base.startsWith(dir)) await rm(base, { recursive: true, force: true });
    },
    mailDir: (user) => join(dir, 'mail', user.toLowerCase()),
    deliver: (address, raw, from) => deliverByLmtp(ports.lmtp, [address].flat(), raw, from),
    doveadm: (...args) => runDoveadm(runner, [programs.doveadm, '-c', conf, ...args]),
    setPassword: async (address, password) => {
      users.set(address, password);
      await writeUsers(dir, users);
      await sleep(1100); // it looks at the file once a second
    },
  };
}

function defaults(options: DovecotOptions) {
  return {
    users: options.users ? ('listed' as const) : ('anybody' as const),
    password: options.password ?? 'demo',
    trusted: options.trusted ?? '127.0.0.0/8',
    authFailureDelay: options.authFailureDelay ?? 2,
    authPenalty: options.authPenalty ?? true,
    hibernateAfter: options.hibernateAfter ?? 0,
    mailLocation: options.mailLocation ?? 'maildir:~/Maildir',
    ...(options.tls ? { tls: options.tls } : {}),
    ...(options.relay ? { relay: options.relay } : {}),
    ...(options.extra ? { extra: options.extra } : {}),
  };
}

/** A master process that a killed run of ours left behind would hold the ports and sockets. */
async function clearOrphan(dir: string, conf: string): Promise<void> {
  const pid = Number.parseInt(await readFile(join(dir, 'master'), 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  await stopOrphan(pid, ({ command }) => command.includes('dovecot') && command.includes(conf), ['SIGTERM', 'SIGKILL']);
}

/** Sockets need a short path; mail and state stay in `dir`. */
async function prepareFolders(runner: Runner, dir: string): Promise<string> {
  const near = join(dir, 'run');
  const base = Buffer.byteLength(near) <= BASE_PATH_MAX ? near : await mkdtemp(join(tmpdir(), 'gw-dovecot-'));
  await rm(near, { recursive: true, force: true });
  for (const folder of [base, join(dir, 'state'), join(dir, 'mail')]) await mkdir(folder, { recursive: true });
  await giveTo(runner, base);
  return base;
}

/**
 * passwd-file lines: `user:{PLAIN}password`, then empty fields up to the extra ones. Dovecot reads the file again when its
 * time differs, and counts in seconds: each writing gets a second of its own.
 */
async function writeUsers(dir: string, users: ReadonlyMap<string, string>): Promise<void> {
  const file = join(dir, 'users');
  const before = await stat(file).then(
    ({ mtimeMs }) => Math.floor(mtimeMs / 1000),
    () => 0,
  );
  const lines = [...users].map(([address, password]) => `${address.toLowerCase()}:{PLAIN}${password}::::::\n`);
  await writeFile(`${file}.new`, lines.join(''), { mode: 0o644 });
  const time = Math.max(Math.floor(Date.now() / 1000), before + 1);
  await utimes(`${file}.new`, time, time);
  await rename(`${file}.new`, file);
}

async function choosePorts(options: DovecotOptions, programs: DovecotPrograms): Promise<DovecotPorts> {
  const sieve = options.managesieve && programs.managesieve;
  const { imap, lmtp, imaps, managesieve } = options.ports ?? {};
  return {
    imap: await freePort(imap),
    lmtp: await freePort(lmtp),
    ...(options.tls ? { imaps: await freePort(imaps) } : {}),
    ...(sieve ? { managesieve: await freePort(managesieve) } : {}),
  };
}
