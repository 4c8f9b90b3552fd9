import { readFile } from 'node:fs/promises';
import { freshDatabase } from '../../test/support/cluster.js';
import { PASSWORD } from '../../test/support/dovecot.js';
import { type Gateway, startGateway } from '../../test/support/gateway.js';
import { LeanClient } from '../support/lean-http.js';
import { LeanPhone } from '../support/lean-phone.js';
import { format, type Outcome, type Report } from '../support/report.js';
import { sized } from '../support/settings.js';
import { startLeanImap, throttle } from './children.js';

const SECONDS = sized(20, 10);
/** So many that each worker always has some at hand, however long it is stopped. */
const CLIENTS = 120;
/** Turns of each client before they count, for each worker: all of them shall have compiled what they run. */
const WARM = 8;
const AIM = 1.7;
const NAMES = '<propfind xmlns="DAV:"><prop><getetag/><getcontenttype/></prop></propfind>';

interface Run {
  readonly perSecond: number;
  /** Seconds of processor time of the gateway's processes for a thousand requests. */
  readonly cpu: number;
  /** Cores that they used together. */
  readonly cores: number;
}

type Mix = (gateway: Gateway, n: number) => Promise<() => Promise<number>>;

const eventText = (n: number, turn: number): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//bench//wait//EN', 'BEGIN:VEVENT', `UID:m${n}`, 'DTSTAMP:20270101T000000Z',
    'DTSTART:20270405T080000Z', `SUMMARY:turn ${turn}`, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: lines

/** Four reads and a write. */
const dav: Mix = async ({ url }, n) => {
  const user = `mix${n}@example.test`;
  const client = new LeanClient(url, user, PASSWORD);
  const home = `/dav/calendars/${user}/calendar/`;
  let turn = 0;
  const put = () =>
    client.request('PUT', `${home}m${n}.ics`, { body: eventText(n, turn++), headers: { 'content-type': 'text/calendar' } });
  await put();
  return async () => {
    await put();
    for (let read = 0; read < 2; read++) {
      await client.expect(207, 'PROPFIND', home, { body: NAMES, depth: '1' });
      await client.expect(200, 'GET', `${home}m${n}.ics`);
    }
    return 5;
  };
};

/** FolderSync from nothing and two Syncs without news. */
const eas: Mix = async ({ url }, n) => {
  const phone = new LeanPhone({ url, user: `mix${n}@example.test`, password: PASSWORD, deviceId: `mix${n}` });
  await phone.setUp();
  await phone.firstSync();
  return async () => {
    await phone.folderSync();
    for (let sync = 0; sync < 2; sync++) await phone.sync();
    return 3;
  };
};

/** What a worker is let run of the time: the rest of two cores is more than the clients, PostgreSQL and the mail server need. */
const SHARE = 0.2;

/** Two workers against one on the same mixes, each worker slowed to the same share of a core. */
export async function twoWorkers(): Promise<Outcome[]> {
  const imap = await startLeanImap();
  const runs = new Map<string, Run>();
  for (const workers of [1, 2]) {
    const env = { LOG_LEVEL: 'warn', WORKERS: String(workers) };
    const gateway = await startGateway({ databaseUrl: await freshDatabase(), imapUrl: imap.url, env });
    for (const [name, mix] of Object.entries({ dav, eas })) runs.set(`${name}${workers}`, await carry(gateway, mix, workers));
    await gateway.stop();
  }
  imap.stop();
  return ['dav', 'eas'].map((name): Report => {
    const [one, two] = [runs.get(`${name}1`) as Run, runs.get(`${name}2`) as Run];
    return {
      name: `two workers against one, ${name.toUpperCase()} mix`,
      value: two.perSecond / one.perSecond,
      unit: '×',
      aim: { operator: '>=', value: AIM },
      detail:
        `${format(one.perSecond)} and ${format(two.perSecond)} requests a second; ${format(one.cpu)} and ${format(two.cpu)} s of processor for a thousand. ` +
        `Each worker is stopped and let go so that it runs ${SHARE * 100} % of the time; they used ${format(one.cores)} and ${format(two.cores)} cores ` +
        `(much less than ${SHARE} and ${2 * SHARE}: something else was short, and the ratio says nothing). Clients, PostgreSQL and the mail server share the two cores`,
    };
  });
}

async function carry(gateway: Gateway, mix: Mix, workers: number): Promise<Run> {
  const works = await Promise.all(Array.from({ length: CLIENTS }, (_, n) => mix(gateway, n)));
  for (const work of works) for (let turn = 0; turn < WARM * workers; turn++) await work();
  const slowed = throttle(SHARE, workers === 1 ? [gateway.pid] : await childrenOf(gateway.pid));
  const cpu = await processorSeconds(gateway.pid);
  const started = performance.now();
  const until = started + SECONDS * 1000;
  let requests = 0;
  await Promise.all(
    works.map(async (work) => {
      while (performance.now() < until) {
        const done = await work(); // not `requests += await`, which would add to what it was before the wait
        requests += done;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const used = (await processorSeconds(gateway.pid)) - cpu;
  await slowed.end();
  return { perSecond: requests / seconds, cpu: (used / requests) * 1000, cores: used / seconds };
}

/** Processor time of a process and its children. */
async function processorSeconds(pid: number): Promise<number> {
  let ticks = 0;
  for (const one of [pid, ...(await childrenOf(pid))]) {
    const fields = (await readFile(`/proc/${one}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.trim().split(/\s+/).filter(Boolean).map(Number);
}
