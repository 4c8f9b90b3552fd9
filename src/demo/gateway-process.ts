import { spawn } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopOrphan } from '../infra/processes.js';
import { dieWithParent } from '../infra/unprivileged.js';
import { isFree } from './ports.js';

export interface GatewayProcessOptions {
  env: NodeJS.ProcessEnv;
  dataDir: string;
  host: string;
  port: number;
  /** Base URL at which this machine reaches it. */
  url: string;
}

export interface GatewayProcess {
  /** Resolves with what it ended by, asked or not. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

const READY_MS = 120_000;
const STOP_MS = 30_000;
const LOG_TAIL = 3000;

/**
 * Runs the main.js of this build, its log in `<dataDir>/gateway.log`, and waits for /readyz.
 * A gateway that an earlier, killed run left behind is stopped first. Throws a sentence when it does not start.
 */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const main = join(import.meta.dirname, '..', 'main.js');
  await clearOrphan(options.dataDir, main);
  if (!(await isFree(options.port, options.host))) throw new Error(`port ${options.port} is taken: set PORT to another one`);
  const gateway = await launch(main, options);
  await ready(gateway, options);
  return gateway;
}

async function launch(main: string, { env, dataDir }: GatewayProcessOptions): Promise<GatewayProcess> {
  const [command, ...args] = await dieWithParent([process.execPath, main], 'TERM');
  const log = await open(join(dataDir, 'gateway.log'), 'w');
  // A group of its own: Ctrl-C reaches us, and we stop it in order.
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  let over = false;
  const ended = new Promise<string>((done) => {
    child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`));
    child.once('error', (error) => done(error.message));
  });
  void ended.then(() => {
    over = true;
  });
  const stop = async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (over) return;
      child.kill(signal);
      await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
    }
  };
  await writeFile(pidFile(dataDir), String(child.pid));
  return { ended, stop };
}

async function ready(gateway: GatewayProcess, { dataDir, url }: GatewayProcessOptions): Promise<void> {
  let how: string | undefined;
  void gateway.ended.then((ended) => {
    how = ended;
  });
  const end = Date.now() + READY_MS;
  while (!(await answers(`${url}/readyz`))) {
    if (how === undefined && Date.now() < end) {
      await sleep(50);
      continue;
    }
    await gateway.stop();
    const log = await readFile(join(dataDir, 'gateway.log'), 'utf8');
    throw new Error(`${log.slice(-LOG_TAIL)}\nthe gateway did not start (${how ?? `not ready after ${READY_MS / 1000} s`})`);
  }
}

async function clearOrphan(dataDir: string, main: string): Promise<void> {
  const pid = Number.parseInt(await readFile(pidFile(dataDir), 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  await stopOrphan(pid, ({ command }) => command.includes(main), ['SIGTERM', 'SIGKILL'], STOP_MS);
}

function pidFile(dataDir: string): string {
  return join(dataDir, 'gateway.pid');
}

/** Whether GET gives 200. */
function answers(url: string): Promise<boolean> {
  return new Promise((done) => {
    const send = url.startsWith('https:') ? getSecure : get;
    const asked = send(url, { agent: false, timeout: 5000, rejectUnauthorized: false }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => done(false));
  });
}
