import type { Contender } from './contenders.js';
import { PEER_NAMES, type PeerName, type Peers } from './peers.js';
import { format, type Outcome } from './report.js';
import { interleaved, time } from './timing.js';

/** One kind of work, measured at the gateway and at each peer in turn. */
export interface Contest {
  /** Such as `dav first listing of 5,000 events`; `{}` stands for the size. */
  readonly name: string;
  /** Size for the gateway and quick peers. */
  readonly size: number;
  /** A smaller size for peers that would take minutes; the gateway does the same size beside them. */
  readonly smaller?: Partial<Record<PeerName, number>>;
  readonly rounds: number;
  /** How many times as fast as a peer the gateway is meant to be; 1 for a peer not named. */
  readonly aims?: Partial<Record<PeerName, number>>;
  /** Makes everything ready and gives the work to be timed, and what to say of the answer. */
  prepare(contender: Contender, size: number): Promise<Work>;
}

export interface Work {
  /** Runs it once; what it gives is looked at in the first, untimed round. */
  run(): Promise<unknown>;
  /** Each run needs something that was prepared for it: not to be repeated within a round. */
  readonly once?: boolean;
  /** Told beside the figures, such as `wrong: 12 of 400 events are missing`. */
  readonly remark?: () => string;
}

/** Runs the contest at each size that a peer needs, everybody in turn within a round; one outcome for each peer. */
export async function hold(contest: Contest, contenders: readonly Contender[], why: Peers['why']): Promise<Outcome[]> {
  const isThere = (name: PeerName) => contenders.some((contender) => contender.name === name);
  const there = PEER_NAMES.filter(isThere);
  const absent = PEER_NAMES.filter((name) => !isThere(name)).map((name) => ({
    name: `${nameOf(contest, contest.size)}, gateway / ${name}`,
    undone: why[name] ?? '',
  }));
  if (there.length === 0) return [await alone(contest, contenders), ...absent];
  const sizes = new Map<number, PeerName[]>();
  for (const name of there) {
    const size = Math.min(contest.smaller?.[name] ?? contest.size, contest.size);
    sizes.set(size, [...(sizes.get(size) ?? []), name]);
  }
  const outcomes: Outcome[] = [];
  for (const [size, names] of sizes) outcomes.push(...(await round(contest, contenders, size, names)));
  return [...outcomes, ...absent];
}

function nameOf(contest: Contest, size: number): string {
  return contest.name.replace('{}', size.toLocaleString('en'));
}

async function round(
  contest: Contest,
  contenders: readonly Contender[],
  size: number,
  names: readonly PeerName[],
): Promise<Outcome[]> {
  const taking = contenders.filter(({ name }) => name === 'gateway' || names.includes(name));
  const works: Work[] = [];
  for (const contender of taking) works.push(await contest.prepare(contender, size));
  const times = await inTurn(works, contest.rounds);
  const [ours = 1] = times;
  return taking.flatMap(({ name }, index) => {
    if (name === 'gateway') return [];
    const theirs = times[index] ?? 0;
    const remarks = [works[0], works[index]].map((work, n) => tell(n === 0 ? 'gateway' : name, work));
    return {
      name: `${nameOf(contest, size)}, gateway / ${name}`,
      value: theirs / ours,
      unit: '×',
      aim: { operator: '>=', value: contest.aims?.[name] ?? 1 },
      detail: `${format(ours)} ms and ${format(theirs)} ms, median of ${contest.rounds} interleaved rounds${remarks.join('')}`,
    };
  });
}

/** Quick work is repeated within a round, so that one hiccup does not decide. */
const ROUND_MS = 50;
const MAX_REPEATS = 20;

async function inTurn(works: readonly Work[], rounds: number): Promise<number[]> {
  const repeats: number[] = [];
  for (const work of works) {
    if (!work.once) await work.run();
    const once = work.once ? ROUND_MS : await time(() => work.run());
    repeats.push(Math.min(MAX_REPEATS, Math.max(1, Math.round(ROUND_MS / once))));
  }
  const runs = works.map((work, index) => async () => {
    for (let n = 0; n < (repeats[index] ?? 1); n++) await work.run();
  });
  const times = await interleaved(runs, rounds);
  return times.map((total, index) => total / (repeats[index] ?? 1));
}

function tell(name: string, work: Work | undefined): string {
  const remark = work?.remark?.();
  return remark ? `; ${name} ${remark}` : '';
}

/** Without peers our side runs all the same. */
async function alone(contest: Contest, contenders: readonly Contender[]): Promise<Outcome> {
  const [gateway] = contenders;
  const work = await contest.prepare(gateway as Contender, contest.size);
  const [ours = 0] = await inTurn([work], contest.rounds);
  const detail = `alone, median of ${contest.rounds} rounds${tell('gateway', work)}`;
  return { name: nameOf(contest, contest.size), value: ours, unit: ' ms', detail };
}
