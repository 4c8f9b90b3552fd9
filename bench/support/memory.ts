import { readFile } from 'node:fs/promises';

/** Resident memory of a process in kilobytes (Linux). */
export async function residentKilobytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

/** Waits until the figure stays the same for a second: garbage and buffers have settled. */
export async function settledKilobytes(pid: number): Promise<number> {
  let last = await residentKilobytes(pid);
  for (let round = 0; round < 15; round++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = await residentKilobytes(pid);
    if (Math.abs(now - last) < last * 0.005) return now;
    last = now;
  }
  return last;
}

/** Runs a piece of work and tells by how many megabytes the process grew at most meanwhile. */
export async function peakGrowth<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly megabytes: number; readonly before: number; readonly result: T }> {
  const before = await settledKilobytes(pid);
  let peak = before;
  let over = false;
  const watching = (async () => {
    while (!over) {
      peak = Math.max(peak, await residentKilobytes(pid));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  try {
    const result = await work();
    return { megabytes: (peak - before) / 1024, before: before / 1024, result };
  } finally {
    over = true;
    await watching;
  }
}
