import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often it looks, and how busy the process may be then (share of the time in which it worked). */
const LOOK_MS = 10_000;
const IDLE = 0.25;
/** Collecting is worth while when the heap grew so much since the last time, and not more often than so. */
const GROWN_BYTES = 48 * 1024 * 1024;
const COLLECT_PAUSE_MS = 60_000;
/** Compacting takes longer: only where so much of the heap's pages is empty, and more seldom. */
const LOOSE_BYTES = 96 * 1024 * 1024;
const COMPACT_PAUSE_MS = 300_000;

export type Tidying = 'nothing' | 'collect' | 'compact';

/** What is known when it looks; times in milliseconds since the last one of its kind. */
export interface TidyLook {
  /** Share of the time in which the process worked, 0 to 1. */
  readonly utilization: number;
  /** Bytes by which the used heap grew since it was last tidied. */
  readonly grown: number;
  /** Bytes of the heap's pages that nothing uses. */
  readonly loose: number;
  readonly sinceCollected: number;
  readonly sinceCompacted: number;
}

export function whatToTidy({ utilization, grown, loose, sinceCollected, sinceCompacted }: TidyLook): Tidying {
  if (utilization > IDLE) return 'nothing';
  if (grown >= GROWN_BYTES && sinceCollected >= COLLECT_PAUSE_MS) return 'collect';
  return loose >= LOOSE_BYTES && sinceCompacted >= COMPACT_PAUSE_MS ? 'compact' : 'nothing';
}

/**
 * Gives memory back after a rush. Ten thousand phones that come within a minute leave garbage behind that V8 keeps as long as
 * nobody allocates: waiting phones don't, so it would stay for hours. What stays lies scattered over all pages, so that those are
 * returned only after it is moved together. Works only while the process has little to do.
 */
export function tidyWhenIdle(): () => void {
  const work = tools();
  let before = performance.eventLoopUtilization();
  let used = process.memoryUsage().heapUsed;
  let collected = Number.NEGATIVE_INFINITY;
  let compacted = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const { heapUsed, heapTotal } = process.memoryUsage();
    const at = performance.now();
    const [sinceCollected, sinceCompacted] = [at - collected, at - compacted];
    const what = whatToTidy({ utilization, grown: heapUsed - used, loose: heapTotal - heapUsed, sinceCollected, sinceCompacted });
    if (what === 'nothing') return;
    work[what]();
    collected = at;
    if (what === 'compact') compacted = at;
    used = process.memoryUsage().heapUsed;
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

function tools(): Record<Exclude<Tidying, 'nothing'>, () => void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const compact = () => {
    setFlagsFromString('--compact-on-every-full-gc');
    collect();
    setFlagsFromString('--no-compact-on-every-full-gc');
  };
  return { collect, compact };
}
