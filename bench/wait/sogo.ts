import { readdir, readFile } from 'node:fs/promises';
import { LeanClient } from '../support/lean-http.js';
import { LeanPhone } from '../support/lean-phone.js';
import { address, startMatch } from '../support/match.js';
import { format, type Outcome } from '../support/report.js';
import { p95 } from './latency.js';

/** Phones that come to wait, so many at a time. */
const MOST = 60;
const STEP = 4;
/** An answer that takes longer means that the others stall, in milliseconds. */
const STALL = 5_000;
const OTHER = 60;
const PROPFIND = '<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>';

/** SOGo on the same Dovecot: how many phones may wait before its other users do. */
export async function sogoWaiting(): Promise<Outcome[]> {
  const match = await startMatch();
  const { sogo } = match.peers;
  if (!sogo) return [{ name: 'phones that wait at SOGo', undone: match.peers.why.SOGo ?? 'no SOGo' }];
  const other = new LeanClient(sogo.url, address(OTHER), match.password);
  const propfind = async (): Promise<number> => {
    const started = performance.now();
    const signal = AbortSignal.timeout(STALL);
    const path = `/SOGo/dav/${address(OTHER)}/Calendar/`;
    const fine = await other.request('PROPFIND', path, { body: PROPFIND, depth: '0', signal }).then(
      ({ status }) => status < 500,
      () => false,
    );
    return fine ? performance.now() - started : Number.POSITIVE_INFINITY;
  };
  for (let n = 0; n < 20; n++) await propfind();
  const quiet = p95(await several(propfind, 20));
  const before = await residentOf('sogod');
  const phones: LeanPhone[] = [];
  let stalledAt = 0;
  let over = false;
  for (let n = 1; n <= MOST && stalledAt === 0; n++) {
    const phone = new LeanPhone({ url: sogo.url, user: address(OTHER + n), password: match.password, deviceId: `wait${n}` });
    phones.push(phone);
    const ready = await phone
      .setUp()
      .then(() => phone.firstSync())
      .then(
        () => true,
        () => false,
      );
    if (ready) void waitAlways(phone, () => over);
    if (n % STEP > 0) continue;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const times = await several(propfind, 3);
    if (times.every((ms) => ms === Number.POSITIVE_INFINITY)) stalledAt = n;
  }
  const after = await residentOf('sogod');
  over = true;
  for (const phone of phones) phone.close();
  other.close();
  const waiting = Math.max(1, phones.length - (stalledAt > 0 ? 1 : 0));
  return [
    {
      name: 'phones waiting at SOGo when its other users stall',
      value: stalledAt === 0 ? MOST + 1 : stalledAt,
      unit: stalledAt === 0 ? ' or more' : '',
      detail: `its other users' PROPFIND: ${format(quiet)} ms p95 before, ${stalledAt === 0 ? 'still answered with so many' : `no answer within ${STALL / 1000} s then`}; it has ten worker processes, the fastest setting on two cores`,
    },
    {
      name: 'memory of a SOGo process, one of which each waiting phone occupies',
      value: after.kilobytes / after.processes,
      unit: ' KB RSS',
      detail: `${format(after.kilobytes / 1024)} MB in ${after.processes} processes with ${waiting} phones, ${format(before.kilobytes / 1024)} MB before the first`,
    },
  ];
}

/** As phones do: SOGo answers after a while whatever was asked, and is asked again at once. */
async function waitAlways(phone: LeanPhone, over: () => boolean): Promise<void> {
  for (let failed = 0; !over() && failed < 5; ) {
    const fine = await phone.ping(600).then(
      () => true,
      () => false,
    );
    if (!fine) failed++;
  }
}

async function several(work: () => Promise<number>, times: number): Promise<number[]> {
  const taken: number[] = [];
  for (let n = 0; n < times; n++) taken.push(await work());
  return taken;
}

/** Kilobytes of all processes of a program. */
async function residentOf(program: string): Promise<{ readonly kilobytes: number; readonly processes: number }> {
  let kilobytes = 0;
  let processes = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (/^Name:\s+(\S+)/.exec(status)?.[1] !== program) continue;
    processes++;
    kilobytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return { kilobytes, processes };
}
