import { resolve } from 'node:path';
import { repositoryRoot } from '../../test/support/paths.js';

/** What `--quick` multiplies all sizes by. */
const QUICK = '0.1';

/** BENCH_SCALE, or `--quick`: all sizes are multiplied by it, for trying out; default 1. */
export const SCALE = Number(process.env.BENCH_SCALE ?? (process.argv.includes('--quick') ? QUICK : 1));
if (!(SCALE > 0 && SCALE <= 1)) throw new Error('BENCH_SCALE must lie between 0 and 1');

/** A size as scaled, a multiple of `step`. */
export function sized(full: number, step = 1): number {
  return Math.max(step, Math.round((full * SCALE) / step) * step);
}

/** BENCH_PROFILE: a folder for the gateway's CPU profile. */
export const PROFILE_FOLDER = process.env.BENCH_PROFILE ? resolve(repositoryRoot, process.env.BENCH_PROFILE) : null;
