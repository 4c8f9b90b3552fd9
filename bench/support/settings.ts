import { isAbsolute, resolve } from 'node:path';
import { repositoryRoot } from '../../test/support/paths.js';

/** BENCH_SCALE: all sizes are multiplied by it, for trying out; default 1. */
export const SCALE = Number(process.env.BENCH_SCALE ?? 1);
if (!(SCALE > 0 && SCALE <= 1)) throw new Error('BENCH_SCALE must lie between 0 and 1');

/** A size as scaled, a multiple of `step`. */
export function sized(full: number, step = 1): number {
  return Math.max(step, Math.round((full * SCALE) / step) * step);
}

/** PEERS: the folder with the scripts that start the servers to measure against. */
export const PEERS_FOLDER = path(process.env.PEERS ?? '../shared/peers');

/** BENCH_RIG: the folder of peers that run already, or are to go on running after this. */
export const RIG_FOLDER = process.env.BENCH_RIG ? path(process.env.BENCH_RIG) : null;

/** BENCH_PROFILE: a folder for the gateway's CPU profile. */
export const PROFILE_FOLDER = process.env.BENCH_PROFILE ? path(process.env.BENCH_PROFILE) : null;

function path(given: string): string {
  return isAbsolute(given) ? given : resolve(repositoryRoot, given);
}
