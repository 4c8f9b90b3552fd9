import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Task = () => unknown;

const tasks: Task[] = [];

/** Remembers what is to be undone when the tests of this file are over; the latest comes first. */
export function onEnd(task: Task): void {
  tasks.push(task);
}

/** Undoes everything now. Test files get this by themselves; other programs (bench) call it before they end. */
export async function cleanUp(): Promise<void> {
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    try {
      await task();
    } catch (error) {
      console.error('clean-up failed:', error);
    }
  }
}

/** A new folder below the system's temporary one, removed at the end. */
export async function temporaryFolder(name = 'gw-test'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), `${name}-`));
  onEnd(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

// A hook at the top level runs after all tests of the file; node:test is only touched where tests run.
if (process.env.NODE_TEST_CONTEXT || process.argv[1]?.endsWith('.test.js')) {
  const { after } = await import('node:test');
  after(cleanUp);
}
