import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd } from '../../test/support/cleanup.js';

const START_MS = 60_000;
const STOP_MS = 8_000;

/**
 * Starts a server in the foreground, in a process group of its own, and waits until it listens on its port of 127.0.0.1. It
 * writes into `NAME.log` of that folder and is stopped at the end of the run. Fails with the end of its log.
 */
export async function launch(
  name: string,
  [command, ...args]: readonly [string, ...string[]],
  { folder, port, env = {} }: { readonly folder: string; readonly port: number; readonly env?: Readonly<Record<string, string>> },
): Promise<void> {
  const log = join(folder, `${name}.log`);
  const out = openSync(log, 'a');
  const stdio = ['ignore', out, out] as const;
  const child = spawn(command, args, { stdio: [...stdio], detached: true, cwd: '/', env: { ...process.env, ...env } });
  closeSync(out);
  onEnd(() => stop(child));
  const end = Date.now() + START_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > end) {
      const tail = (await readFile(log, 'utf8')).trim().split('\n').slice(-5).join('\n');
      throw new Error(`${name} did not start: ${tail}`);
    }
    await sleep(50);
  }
}

/** SIGTERM, and SIGKILL for its whole group when that takes too long: SOGo's workers finish what they are at. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // nobody of the group is left
  }
  await ended;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const tell = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => tell(true)).once('error', () => tell(false));
  });
}
