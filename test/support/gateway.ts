import { type ChildProcess, spawn } from 'node:child_process';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../src/demo/ports.js';
import { onEnd } from './cleanup.js';
import { builtPath } from './paths.js';

export interface GatewayOptions {
  databaseUrl?: string;
  imapUrl?: string;
  smtpUrl?: string;
  /** More of the configuration contract, e.g. `{ MAIL_DOMAIN: 'example.test', TLS_CERT: … }`. */
  env?: Readonly<Record<string, string>>;
  /** Default: a free port. */
  port?: number;
  /** Do not wait for /readyz, for tests of a start that is refused. */
  wait?: boolean;
}

/** A gateway in a process of its own. */
export interface Gateway {
  url: string;
  port: number;
  pid: number;
  /** Everything it wrote so far. */
  logs(): string;
  /** Exit code, or null after a signal. */
  ended: Promise<number | null>;
  /** Sends a signal and waits until the process has gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and SIGKILL when it has not drained in 15 s. */
  stop(): Promise<void>;
  /** Starts it again with the same configuration, on the same port. */
  restart(): Promise<Gateway>;
}

const READY_MS = 60_000;
const STOP_MS = 15_000;

/** Starts `main.js` of this build with the environment of the configuration contract, and waits until it is ready. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const port = options.port ?? (await freePorts(1))[0]!;
  const env = environment(options, port);
  const child = spawn(process.execPath, [builtPath('src', 'main.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const gateway = wrap(child, { ...options, port }, env.TLS_CERT !== undefined);
  onEnd(() => gateway.kill('SIGKILL'));
  if (options.wait === false) return gateway;
  try {
    await ready(gateway);
    return gateway;
  } catch (error) {
    const raced = gateway.logs().includes('EADDRINUSE') && options.port === undefined; // the free port was taken in between
    if (!raced) throw error;
    return startGateway(options);
  }
}

/** Only what a test names: settings of the developer's own shell must not leak in. */
function environment(options: GatewayOptions, port: number): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR, PG_BIN, EAS_DAMPING } = process.env;
  const given = {
    DATABASE_URL: options.databaseUrl,
    IMAP_URL: options.imapUrl,
    SMTP_URL: options.smtpUrl,
    TMPDIR,
    PG_BIN,
    EAS_DAMPING,
  };
  const present = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { PATH, HOME, HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'info', ...Object.fromEntries(present), ...options.env };
}

function wrap(child: ChildProcess, options: GatewayOptions & { port: number }, secure: boolean): Gateway {
  let text = '';
  const collect = (chunk: Buffer) => {
    text += chunk;
  };
  child.stdout!.on('data', collect);
  child.stderr!.on('data', collect);
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    await ended;
  };
  const stop = async () => {
    child.kill('SIGTERM');
    const gone = await Promise.race([ended.then(() => true), sleep(STOP_MS, false, { ref: false })]);
    if (!gone) await kill('SIGKILL');
  };
  return {
    url: `${secure ? 'https' : 'http'}://127.0.0.1:${options.port}`,
    port: options.port,
    pid: child.pid!,
    logs: () => text,
    ended,
    kill,
    stop,
    restart: () => startGateway(options),
  };
}

async function ready(gateway: Gateway): Promise<void> {
  let over = false;
  void gateway.ended.then(() => {
    over = true;
  });
  const end = Date.now() + READY_MS;
  while ((await statusOf(`${gateway.url}/readyz`)) !== 200) {
    if (over || Date.now() > end) {
      await gateway.kill('SIGKILL');
      throw new Error(`the gateway did not become ready:\n${gateway.logs()}`);
    }
    await sleep(25);
  }
}

/** HTTP status, or 0 when nobody answers. */
export function statusOf(url: string): Promise<number> {
  return new Promise((done) => {
    const open = url.startsWith('https:') ? getSecure : get;
    const request = open(url, { agent: false, timeout: 5000, rejectUnauthorized: false }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => done(0));
  });
}
