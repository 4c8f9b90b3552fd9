import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often it looks, and how busy the process may be then (share of the time in which it worked). */
const LOOK_MS = 10_000;
const IDLE = 0.25;
/** It is worth while when the heap grew so much since the last time, and not more often than so. */
const GROWN_BYTES = 48 * 1024 * 1024;
const PAUSE_MS = 60_000;

/**
 * Gives memory back after a rush. Ten thousand phones that come within a minute leave garbage behind that V8 keeps as long as
 * nobody allocates: waiting phones don't, so it would stay for hours. Works only while the process has little to do.
 */
export function tidyWhenIdle(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let before = performance.eventLoopUtilization();
  let heap = process.memoryUsage().heapUsed;
  let last = 0;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const grown = process.memoryUsage().heapUsed - heap;
    if (grown < GROWN_BYTES || utilization > IDLE || performance.now() - last < PAUSE_MS) return;
    collect();
    last = performance.now();
    heap = process.memoryUsage().heapUsed;
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}
