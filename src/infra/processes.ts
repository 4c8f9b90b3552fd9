import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A running process as the system tells it. */
export interface ProcessInfo {
  zombie: boolean;
  parent: number;
  /** Command line; arguments are parted by NUL or a space. */
  command: string;
}

/** The process with that number, or null when there is none (or only a zombie of it is left). */
export async function findProcess(pid: number): Promise<ProcessInfo | null> {
  const found = await (process.platform === 'linux' ? fromProc(pid) : fromPs(pid));
  return found && !found.zombie ? found : null;
}

/**
 * Stops a server that an earlier run of ours left behind: each signal in turn, until `isOurs` no longer recognises the process.
 * Numbers are used again, so a process that is not ours is never signalled.
 */
export async function stopOrphan(
  pid: number,
  isOurs: (found: ProcessInfo) => boolean,
  signals: readonly NodeJS.Signals[],
  patienceMs = 15_000,
): Promise<void> {
  const lives = async () => {
    const found = await findProcess(pid);
    return found !== null && isOurs(found);
  };
  for (const signal of signals) {
    if (!(await lives())) return;
    try {
      process.kill(pid, signal);
    } catch {
      return; // gone in between
    }
    const end = Date.now() + patienceMs;
    while (Date.now() < end && (await lives())) await sleep(20);
  }
}

async function fromProc(pid: number): Promise<ProcessInfo | null> {
  try {
    const [stat, command] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/cmdline`, 'utf8')]);
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { zombie: state === 'Z' || state === 'X', parent: Number(parent), command };
  } catch {
    return null;
  }
}

async function fromPs(pid: number): Promise<ProcessInfo | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'stat=,ppid=,command=', '-p', String(pid)]);
    const [state = '', parent, ...command] = stdout.trim().split(/\s+/);
    return { zombie: state.startsWith('Z'), parent: Number(parent), command: command.join(' ') };
  } catch {
    return null;
  }
}
