import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProcess, type ProcessInfo, stopOrphan } from '../processes.js';

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
  const isOurs = (found: ProcessInfo) => found.command.includes('postgres') && found.command.includes(dataDir);
  const found = await findProcess(pid);
  if (found && isOurs(found) && owner !== undefined && found.parent === owner) {
    throw new Error(`${dataDir} is in use by process ${owner}: give this one another DATA_DIR, or both the same DATABASE_URL`);
  }
  await stopOrphan(pid, isOurs, ['SIGINT', 'SIGQUIT', 'SIGKILL']);
  await rm(file, { force: true });
}
