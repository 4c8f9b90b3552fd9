import { execFile } from 'node:child_process';
import { chown, lstat, readdir, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Runs servers that refuse to be root (PostgreSQL) or that should not be (Dovecot).
 * As root the order is: a user namespace in which our files keep their owner and the server sees an
 * ordinary user; where that is forbidden (many containers), a real change to `nobody` that keeps only
 * the right to walk through folders closed to others. No system user is made and no file is copied.
 */
export interface Runner {
  mode: 'self' | 'namespace' | 'nobody';
  /** Names the server sees itself running under; both have an entry in passwd and group. */
  user: string;
  group: string;
  /** Owner that the server's files must have on disk. */
  owner: { uid: number; gid: number };
  /** argv that runs `argv` under that user. */
  wrap(argv: readonly string[]): [string, ...string[]];
  /** The same for a child that must not outlive us: the kernel sends it `signal` when this process dies. */
  wrapChild(argv: readonly string[], signal: 'INT' | 'TERM'): [string, ...string[]];
}

const run = promisify(execFile);
const NOBODY = 65534;
const NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
const WALK = '+dac_override,+dac_read_search';
const DROP = [
  ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
  ...[`--inh-caps=${WALK}`, `--ambient-caps=${WALK}`],
  '--securebits=+no_setuid_fixup', // access(2), with which initdb looks for postgres, ignores the right otherwise
];

/** Finds the way for this process. Throws a sentence for the user when root has none. */
export async function findRunner(): Promise<Runner> {
  if (process.getuid?.() !== 0) return runnerOf('self', [], process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  if (await works(NAMESPACE)) return runnerOf('namespace', NAMESPACE, NOBODY, NOBODY);
  if (await works(DROP)) return runnerOf('nobody', DROP, NOBODY, NOBODY);
  throw new Error(
    'running as root, and neither `unshare --user` nor `setpriv` (both from util-linux) can start a server as an ordinary user; ' +
      'run this as an ordinary user instead',
  );
}

/** argv that runs `argv` as we are, but not longer than we do, where the system can promise that (Linux with util-linux). */
export async function dieWithParent(argv: readonly string[], signal: 'INT' | 'TERM'): Promise<[string, ...string[]]> {
  const prefix = ['setpriv', '--pdeathsig', signal];
  return [...((await works(prefix)) ? prefix : []), ...argv] as [string, ...string[]];
}

/** Gives `path` and all below it to the runner's user, where an earlier start ran it in another mode. */
export async function giveTo(runner: Runner, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = runner.owner;
  const stats = await lstat(path);
  if (stats.uid === uid) return;
  await chown(path, uid, gid);
  if (stats.isDirectory()) for (const name of await readdir(path)) await giveTo(runner, join(path, name));
}

async function runnerOf(mode: Runner['mode'], prefix: string[], uid: number, gid: number): Promise<Runner> {
  const dies = await works([...prefix, 'setpriv', '--pdeathsig', 'INT']);
  return {
    mode,
    user: (await nameOf('/etc/passwd', uid)) ?? userInfo().username,
    group: (await nameOf('/etc/group', gid)) ?? 'nogroup',
    owner: mode === 'nobody' ? { uid, gid } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    wrap: (argv) => [...prefix, ...argv] as [string, ...string[]],
    wrapChild: (argv, signal) =>
      [...prefix, ...(dies ? ['setpriv', '--pdeathsig', signal] : []), ...argv] as [string, ...string[]],
  };
}

/** Whether the prefix can run anything at all. */
async function works(prefix: readonly string[]): Promise<boolean> {
  try {
    await run(prefix[0]!, [...prefix.slice(1), 'true']);
    return true;
  } catch {
    return false;
  }
}

/** Name of a number in a passwd-shaped file; the third field is the number in both passwd and group. */
async function nameOf(file: string, id: number): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(id))?.[0];
}
