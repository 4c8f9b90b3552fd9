import { execFile, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Runner } from '../infra/unprivileged.js';

const START_MS = 20_000;
const LOG_LINES = 2000;

/** Dovecot's master process. */
export interface Master {
  pid: number | undefined;
  ended: Promise<void>;
  logs(): string;
  stop(): Promise<void>;
}

/** Starts the master in the foreground, in a session of its own: Ctrl-C in the terminal must reach us first. */
export function launchMaster(runner: Runner, argv: readonly string[], log?: (line: string) => void): Master {
  const [command, ...args] = runner.wrapChild(argv, 'TERM');
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: '/' });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (lines.push(line) > LOG_LINES) lines.shift();
    log?.(line);
  });
  let over = false;
  const ended = new Promise<void>((done) => child.once('close', done).once('error', done)).then(() => {
    over = true;
  });
  const stop = async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (over) return;
      child.kill(signal);
      await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
    }
  };
  return { pid: child.pid, ended, stop, logs: () => lines.join('\n') };
}

/** Resolves when the IMAP port greets. @throws Error with the log when it does not */
export async function untilGreeting(port: number, server: Master): Promise<void> {
  let over = false;
  void server.ended.then(() => {
    over = true;
  });
  const end = Date.now() + START_MS;
  while (!(await greets(port))) {
    if (over || Date.now() > end) {
      await server.stop();
      throw new Error(`Dovecot did not start:\n${server.logs()}`);
    }
    await sleep(20);
  }
}

/** Whether an IMAP server greets on that port. */
function greets(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(2000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('data', (data) => finish(data.toString().startsWith('* OK')));
  });
}

/** Standard output of a doveadm command; throws with its standard error. */
export async function runDoveadm(runner: Runner, argv: readonly string[]): Promise<string> {
  const [command, ...args] = runner.wrap(argv);
  try {
    return (await promisify(execFile)(command, args, { cwd: '/', maxBuffer: 64 << 20 })).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`doveadm ${argv.slice(3).join(' ')}: ${stderr?.trim() || message}`);
  }
}
