import { random } from '../../test/support/eas-phone-chaos.js';
import { COSTS, type Deed, MEMORY, POSTGRES } from './costs.js';

/** How people live with their phones in the busiest hour of a working day: assumptions, to be changed for others. */
export interface Habits {
  /** Phones of one account. */
  readonly phonesPerAccount: number;
  /** Seconds between two Pings of a phone without news: phones find what their network bears. */
  readonly heartbeat: number;
  /** For an account and hour. */
  readonly mails: number;
  readonly changes: number;
  readonly davRequests: number;
  /** A message to many: its share of all accounts, and within how many seconds it is delivered. */
  readonly circular: { readonly share: number; readonly seconds: number };
}

export const HABITS: Habits = {
  phonesPerAccount: 1.3,
  heartbeat: 900,
  mails: 8,
  changes: 3,
  davRequests: 20,
  circular: { share: 0.1, seconds: 300 },
};

/** One size of the simulation: what the busiest second of a hundred asks for. */
export interface Result {
  readonly phones: number;
  /** Cores of the gateway at the 99th percentile of all seconds, and on average. */
  readonly cores: number;
  readonly meanCores: number;
  readonly statements: number;
  readonly commits: number;
  readonly imapLogins: number;
  /** Gigabytes of all gateway processes together. */
  readonly gigabytesPush: number;
  readonly gigabytesWatch: number;
  /** Processes of one core each, at 60 % of it, with 20,000 open files. */
  readonly processesPush: number;
  readonly processesWatch: number;
  /** Databases of the measured size. */
  readonly databases: number;
}

const HOUR = 3_600;
const BUSY = 0.6;
const FILES = 19_000;

/** Plays an hour second by second; each deed happens as often as chance has it. */
export function simulate(phones: number, habits: Habits = HABITS, seed = 1): Result {
  const roll = random(seed);
  const accounts = phones / habits.phonesPerAccount;
  const cpu: number[] = [];
  const sql: number[] = [];
  const commits: number[] = [];
  const logins: number[] = [];
  const circularAt = Math.floor(roll() * (HOUR - habits.circular.seconds));
  for (let second = 0; second < HOUR; second++) {
    const inCircular = second >= circularAt && second < circularAt + habits.circular.seconds;
    const circular = inCircular ? (accounts * habits.circular.share) / habits.circular.seconds : 0;
    const mails = poisson((accounts * habits.mails) / HOUR + circular, roll);
    const woken = mails * habits.phonesPerAccount;
    const counts: Record<Deed, number> = {
      ping: poisson(phones / habits.heartbeat, roll) + woken,
      wake: woken,
      sync: woken,
      change: poisson((accounts * habits.changes) / HOUR, roll),
      dav: poisson((accounts * habits.davRequests) / HOUR, roll),
    };
    const sum = (of: (deed: Deed) => number) =>
      (Object.keys(counts) as Deed[]).reduce((all, deed) => all + counts[deed] * of(deed), 0);
    cpu.push(sum((deed) => COSTS[deed].cpu) / 1000);
    sql.push(sum((deed) => COSTS[deed].sql));
    commits.push(sum((deed) => COSTS[deed].writes));
    logins.push(sum((deed) => COSTS[deed].logins));
  }
  const cores = high(cpu);
  const processes = (filesEach: number) => Math.max(1, Math.ceil(cores / BUSY), Math.ceil((phones * filesEach) / FILES));
  const [processesPush, processesWatch] = [processes(1), processes(1 + 1 / habits.phonesPerAccount)];
  return {
    phones,
    cores,
    meanCores: cpu.reduce((all, one) => all + one, 0) / HOUR,
    statements: high(sql),
    commits: high(commits),
    imapLogins: high(logins),
    gigabytesPush: gigabytes(phones * MEMORY.push + processesPush * MEMORY.base),
    gigabytesWatch: gigabytes(phones * MEMORY.watch + processesWatch * MEMORY.base),
    processesPush,
    processesWatch,
    databases: Math.max(1, Math.ceil(Math.max(high(sql) / POSTGRES.statements, high(commits) / POSTGRES.commits))),
  };
}

/** Nearest-rank 99th percentile. */
function high(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0;
}

const gigabytes = (kilobytes: number): number => kilobytes / 1024 / 1024;

/** Knuth's way for small means, the normal distribution for large ones. */
function poisson(mean: number, roll: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - roll())) * Math.cos(2 * Math.PI * roll());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let product = roll();
  let count = 0;
  while (product > limit) {
    count++;
    product *= roll();
  }
  return count;
}
