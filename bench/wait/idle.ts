import { setTimeout as sleep } from 'node:timers/promises';
import { PASSWORD } from '../../test/support/dovecot.js';
import { LeanClient } from '../support/lean-http.js';
import { format, type Outcome, type Report } from '../support/report.js';
import { p95, percentiles } from './latency.js';
import { otherUser } from './other-user.js';
import { IDLE_SECONDS, PHONES, SAMPLE } from './sizes.js';
import { openFiles, PUSH_SECRET, park, type Stage, setStage, settled, type Wish, waiterAddress } from './stage.js';

/** Phones that wait already: code and tables are there, and what counts is what each further one costs. */
const WARM = 300;
const LONG = 3_540;
/** Within it every process sweeps, and what that woke has looked. */
const SWEEP_MS = 65_000;
/** Between two changes: their delays are wanted, not how many a second can be borne. */
const PACE_MS = 100;

interface Idle {
  readonly stage: Stage;
  readonly reports: Report[];
}

/** All wait: what they cost in memory, what is asked on their behalf, and what others notice. */
async function idle(how: string, aim: number, push: boolean, processes: number, wish: Wish): Promise<Idle> {
  const stage = await setStage({ accounts: PHONES + WARM, processes, push });
  await park(stage, range(WARM), wish);
  await untilPoolIsEmpty(stage, push ? 0 : WARM);
  const before = await settled(stage);
  await firstSweep();
  const quiet = await statementsWhile(stage);
  const started = performance.now();
  await park(stage, range(PHONES, WARM), wish, WARM);
  const parked = performance.now();
  const parkSeconds = (parked - started) / 1000;
  await untilPoolIsEmpty(stage, push ? 0 : WARM + PHONES);
  const during = await settled(stage);
  const files = await Promise.all(stage.gateways.map(({ pid }) => openFiles(pid)));
  const memory: Report = {
    name: `memory of a waiting phone ${how}`,
    value: (during - before) / PHONES,
    unit: ' KB RSS',
    aim: { operator: '<=', value: aim },
    detail:
      `${PHONES} Pings of as many accounts at ${processes} process${processes > 1 ? 'es' : ''}: ${format(before / 1024)} MB with ${WARM}, ` +
      `${format(during / 1024)} MB when these wait, too, both after a collection of garbage; they came within ${format(parkSeconds)} s; files open: ${files.join(', ')}`,
  };
  const others = await otherUser(stage, how);
  await untilPoolIsEmpty(stage, push ? 0 : WARM + PHONES);
  await firstSweep(parked);
  return { stage, reports: [memory, ...(await asked(stage, how, quiet)), ...others] };
}

/** The sweep after a wait began looks once for each calendar that is waited for: what was changed before the wait could listen. */
async function firstSweep(since = performance.now()): Promise<void> {
  await sleep(Math.max(0, since + SWEEP_MS - performance.now()));
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => from + n);

/** Connections that requests left behind would be closed by the gateway after 150 seconds; here the mail server does it. */
async function untilPoolIsEmpty(stage: Stage, watches: number): Promise<void> {
  const until = async (enough: (now: { readonly connections: number; readonly idling: number }) => boolean, work = () => {}) => {
    for (let tries = 0; tries < 100; tries++) {
      work();
      if (enough(await stage.imap.take())) return;
      await sleep(2_000);
    }
    console.log(`    the mail server still had ${JSON.stringify(await stage.imap.take())}, ${watches} watches were expected`);
  };
  // A watch that is still logging in must not be hung up on: it would try again later and later.
  await until(({ idling }) => idling >= watches);
  await until(({ connections }) => connections <= watches + 2, stage.imap.hangUp);
}

/** Statements of all processes while nothing happens. */
async function statementsWhile(stage: Stage): Promise<number> {
  stage.statements.take();
  await sleep(IDLE_SECONDS * 1000);
  return stage.statements.take().length;
}

/** What is asked of the mail server and the database while nothing happens; `quiet`: statements in the same time with no phone. */
async function asked(stage: Stage, how: string, quiet: number): Promise<Report[]> {
  await stage.imap.take();
  const statements = await statementsWhile(stage);
  const { commands } = await stage.imap.take();
  const total = Object.values(commands).reduce((sum, n) => sum + n, 0);
  const per = (count: number) => (count * 60) / IDLE_SECONDS / PHONES;
  const named = Object.entries(commands)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ');
  return [
    {
      name: `IMAP commands for an idle phone and minute ${how}`,
      value: per(total),
      unit: '',
      aim: { operator: '<=', value: 0.2 },
      detail: `in ${IDLE_SECONDS} s for ${PHONES} phones: ${named || 'none'} (IDLE is renewed every nine minutes)`,
    },
    {
      name: `SQL statements for an idle phone and minute ${how}`,
      value: per(Math.max(0, statements - quiet)),
      unit: '',
      aim: { operator: '<=', value: 0.02 },
      detail: `${statements} in ${IDLE_SECONDS} s of all processes together, ${quiet} when ${WARM} waited: their heartbeats, the outbox and the sweep`,
    },
  ];
}

/** With mail server push: no IMAP connection waits. */
export async function waitingWithPush(): Promise<Outcome[]> {
  const { stage, reports } = await idle('with mail server push', 20, true, 1, { folders: 'inbox', seconds: LONG });
  const pusher = new LeanClient((stage.gateways[0] as { url: string }).url, 'dovecot', PUSH_SECRET, 4);
  const times = await wake(stage, async (n) => {
    stage.imap.arrive([waiterAddress(n)]);
    const body = JSON.stringify({ user: waiterAddress(n), folder: 'INBOX' });
    await pusher.expect(204, 'PUT', '/push/mail', { body, headers: { 'content-type': 'application/json' } });
  });
  pusher.close();
  reports.push(delay('new mail to Ping answer with mail server push', times, 300));
  await end(stage);
  return reports;
}

/** With a watch each, over two processes; phones also wait for their calendars. */
export async function waitingWithWatch(): Promise<Outcome[]> {
  const { stage, reports } = await idle('with an IMAP watch', 80, false, 2, { folders: 'both', seconds: LONG });
  const mail = await wake(stage, async (n) => stage.imap.arrive([waiterAddress(n)]));
  reports.push(delay('new mail to Ping answer with IDLE', mail, 1_000));
  const clients = stage.gateways.map(({ url }) => url);
  const events = await wake(
    stage,
    async (n) => {
      const user = waiterAddress(n);
      // The phone waits at the one process, the event is put at the other.
      const client = new LeanClient(clients[(n + 1) % clients.length] as string, user, PASSWORD);
      const path = `/dav/calendars/${user}/calendar/wake-${n}.ics`;
      const { status } = await client.request('PUT', path, { body: eventText(n), headers: { 'content-type': 'text/calendar' } });
      client.close();
      if (status !== 201) throw new Error(`PUT ${path}: ${status}`);
    },
    SAMPLE,
    'after',
  );
  reports.push(delay('CalDAV PUT to Ping answer at another process', events, 300));
  await end(stage);
  return reports;
}

/** Changes something for some phones, one after the other, and takes the time to the answer of each. */
async function wake(
  stage: Stage,
  change: (n: number) => Promise<void>,
  from = 0,
  since: 'before' | 'after' = 'before',
): Promise<number[]> {
  await stage.fleet.take();
  const begun = new Map<number, number>();
  for (let n = from; n < from + SAMPLE; n++) {
    const at = Date.now();
    await change(n);
    begun.set(n, since === 'before' ? at : Date.now());
    await sleep(PACE_MS);
  }
  await sleep(5_000);
  const { answers } = await stage.fleet.take();
  const times = answers.flatMap(({ phone, at }) => (begun.has(phone) ? [Math.max(0, at - (begun.get(phone) as number))] : []));
  if (times.length < SAMPLE) console.log(`only ${times.length} of ${SAMPLE} phones were woken`);
  return times;
}

function delay(name: string, times: readonly number[], aim: number): Report {
  return {
    name: `${name}, p95 at ${PHONES} waiting`,
    value: times.length < SAMPLE * 0.99 ? Number.POSITIVE_INFINITY : p95(times),
    unit: ' ms',
    aim: { operator: '<=', value: aim },
    detail: `${times.length} of ${SAMPLE} phones woken; ${percentiles(times)}`,
  };
}

async function end(stage: Stage): Promise<void> {
  stage.fleet.leave();
  for (const gateway of [...stage.gateways, stage.twin])
    await (process.env.BENCH_PROFILE ? gateway.stop() : gateway.kill('SIGKILL'));
  stage.imap.stop();
}

const eventText = (n: number): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//bench//wait//EN', 'BEGIN:VEVENT', `UID:wake-${n}`, 'DTSTAMP:20270101T000000Z',
    'DTSTART:20270405T080000Z', 'SUMMARY:wake', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: lines
