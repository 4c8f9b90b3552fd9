import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

interface Process {
  zombie: boolean;
  parent: number;
  command: string;
}

const SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const;
const PATIENCE_MS = 15_000;

/**
 * Makes way for a new server in `dataDir` after the program that ran the last one was killed:
 * an orphaned server is stopped (fast, then harder), and a `postmaster.pid` that nobody stands behind is removed,
 * because PostgreSQL refuses to start when another process (or a zombie) has that number now.
 * Throws when the server belongs to a program that still runs.
 */
export async function clearPostmaster(dataDir: string, owner: number | undefined): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  const found = await postmaster(pid, dataDir);
  if (found && owner !== undefined && found.parent === owner) {
    throw new Error(`${dataDir} is in use by process ${owner}: give this one another DATA_DIR, or both the same DATABASE_URL`);
  }
  for (const signal of SIGNALS) {
    if (!(await postmaster(pid, dataDir))) break;
    await stopAndWait(pid, dataDir, signal);
  }
  await rm(file, { force: true });
}

async function stopAndWait(pid: number, dataDir: string, signal: NodeJS.Signals): Promise<void> {
  try {
    process.kill(pid, signal);
  } catch {
    return; // gone in between
  }
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end && (await postmaster(pid, dataDir))) await sleep(20);
}

/** The running server of this data folder with that number, or null: numbers are used again after a restart. */
async function postmaster(pid: number, dataDir: string): Promise<Process | null> {
  const found = await (process.platform === 'linux' ? fromProc(pid) : fromPs(pid));
  return found && !found.zombie && found.command.includes('postgres') && found.command.includes(dataDir) ? found : null;
}

async function fromProc(pid: number): Promise<Process | null> {
  try {
    const [stat, command] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/cmdline`, 'utf8')]);
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { zombie: state === 'Z' || state === 'X', parent: Number(parent), command };
  } catch {
    return null;
  }
}

async function fromPs(pid: number): Promise<Process | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'stat=,ppid=,command=', '-p', String(pid)]);
    const [state = '', parent, ...command] = stdout.trim().split(/\s+/);
    return { zombie: state.startsWith('Z'), parent: Number(parent), command: command.join(' ') };
  } catch {
    return null;
  }
}
