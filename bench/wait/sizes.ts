import { sized } from '../support/settings.js';

/** WAIT_PHONES: phones that wait at a time; default 10,000 times BENCH_SCALE. */
export const PHONES = Number(process.env.WAIT_PHONES ?? sized(10_000, 100));
/** WAIT_BURST: Pings that are answered at once. */
export const BURST = Number(process.env.WAIT_BURST ?? sized(1_000, 50));
/** Phones whose time from change to answer is taken. */
export const SAMPLE = Math.min(200, Math.floor(PHONES / 2));
/** Seconds that idle phones are watched for. */
export const IDLE_SECONDS = Number(process.env.WAIT_IDLE_SECONDS ?? sized(60, 20));
