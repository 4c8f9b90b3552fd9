import { setTimeout as sleep } from 'node:timers/promises';
import { contendersOf, MEDIA_TYPE, makeCollection, type Place } from '../support/contenders.js';
import { event, largeEvent, objectName } from '../support/data.js';
import { multiget, syncCollection, timeRange } from '../support/dav-requests.js';
import { downloadForever } from '../support/download.js';
import { fillGateway } from '../support/fill.js';
import { LeanClient } from '../support/lean-http.js';
import { address, startMatch } from '../support/match.js';
import { peakGrowth } from '../support/memory.js';
import { format, type Outcome } from '../support/report.js';
import { sized } from '../support/settings.js';
import { interleaved, median, percentile, time } from '../support/timing.js';

const USERS = { large: 111, small: 112, heavy: 113, crowd: 114, neighbour: 115 } as const;
const LARGE = sized(100_000, 1_000);
const SMALL = 1_000;
const ROUNDS = 15;
const REPEATS = 20;

/** The gateway's cost of a sync without changes, by the size of the calendar. */
export function noChangeSyncBySize(): Promise<Outcome> {
  return bySize(0);
}

/** The same with ten changes. */
export function tenChangeSyncBySize(): Promise<Outcome> {
  return bySize(10);
}

async function bySize(changes: number): Promise<Outcome> {
  const works: (() => Promise<void>)[] = [];
  for (const [user, size] of [
    [USERS.large, LARGE],
    [USERS.small, SMALL],
  ] as const) {
    const { client, path } = await calendarOf(user, size);
    const { token } = await syncCollection(client, path);
    for (let n = 0; n < changes; n++) {
      const body = event(n).replace('SUMMARY:', `SUMMARY:${Date.now()} `);
      await client.request('PUT', path + objectName('calendar', n), { body, headers: { 'content-type': MEDIA_TYPE.calendar } });
    }
    works.push(async () => {
      for (let n = 0; n < REPEATS; n++) {
        const { rows } = await syncCollection(client, path, token);
        if (rows !== changes) throw new Error(`${rows} rows instead of ${changes}`);
      }
    });
  }
  const [large = 0, small = 1] = await interleaved(works, ROUNDS);
  return {
    name: `dav sync-collection with ${changes} changes, ${LARGE.toLocaleString('en')} events / ${SMALL.toLocaleString('en')} events`,
    value: large / small,
    unit: '×',
    aim: { operator: '<=', value: 1.5 },
    detail: `${format(large / REPEATS)} ms and ${format(small / REPEATS)} ms each, median of ${ROUNDS} interleaved rounds of ${REPEATS}`,
  };
}

const made = new Map<number, Promise<Place>>();

async function calendarOf(user: number, size: number, text?: (n: number) => string) {
  const match = await startMatch();
  const [gateway] = contendersOf(match);
  if (!gateway) throw new Error('no gateway');
  const place: Place = { user, kind: 'calendar', slug: 'sizes' };
  if (!made.has(user)) {
    const fill = async () => {
      await makeCollection(gateway, place);
      await fillGateway(match.databaseUrl, address(user), place, size, text);
      return place;
    };
    made.set(user, fill());
  }
  await made.get(user);
  return { client: gateway.client(user), path: gateway.path(place), match };
}

const HEAVY_BYTES = 50_000;
const HEAVY = sized(2_000, 10);
const WARM_UPS = 100;
const RSS_AIM = { operator: '<=', value: 50 } as const;

/**
 * Memory while 100 MB of events go out in one answer, to a client that reads as fast as it can and to a slow one. Each time
 * at a fresh process that has answered small requests only.
 */
export async function memoryOfLargeAnswers(): Promise<Outcome[]> {
  const { path, match } = await calendarOf(USERS.heavy, HEAVY, (n) => largeEvent(n, HEAVY_BYTES));
  const names = Array.from({ length: HEAVY }, (_, n) => objectName('calendar', n));
  const slow = { discard: true, bytesPerSecond: 20e6 };
  const works: Record<string, (client: LeanClient) => Promise<number>> = {
    'a multiget': async (client) => (await multiget(client, path, 'calendar', names, { discard: true })).bytes,
    'a multiget to a slow client': async (client) => (await multiget(client, path, 'calendar', names, slow)).bytes,
    'a first listing with data': async (client) => (await syncCollection(client, path, '', { data: true, discard: true })).bytes,
    'a time-range query': async (client) => (await timeRange(client, path, '20260101T000000Z', '20270101T000000Z')).length,
  };
  const outcomes: Outcome[] = [];
  for (const [name, work] of Object.entries(works)) {
    const gateway = await match.another();
    const client = new LeanClient(gateway.url, address(USERS.heavy), match.password);
    for (let n = 0; n < WARM_UPS; n++) await multiget(client, path, 'calendar', names.slice(0, 2));
    const { megabytes, before, result } = await peakGrowth(gateway.pid, () => work(client));
    client.close();
    await gateway.stop();
    const size = `${format(Math.round(result / 1e6))} MB`;
    const detail = `highest of samples each 10 ms, ${format(before)} MB before; ${HEAVY.toLocaleString('en')} events of ${HEAVY_BYTES / 1000} kB`;
    outcomes.push({ name: `dav memory growth during ${name} of ${size}`, value: megabytes, unit: ' MB', aim: RSS_AIM, detail });
  }
  return outcomes;
}

const CROWD = sized(200_000, 1_000);
const BLOCKS = 4;
const PROBES = 150;

/** How a user with 200,000 events who lists them all slows another user's PROPFIND. */
export async function neighbourOfLargeListing(): Promise<Outcome> {
  const { path, match } = await calendarOf(USERS.crowd, CROWD);
  const quiet = await calendarOf(USERS.neighbour, 10);
  const probe = async () => {
    const times: number[] = [];
    for (let n = 0; n < PROBES; n++) {
      times.push(await time(() => quiet.client.expect(207, 'PROPFIND', quiet.path, { depth: '0', body: CTAG })));
      await sleep(5);
    }
    return percentile(times, 0.95);
  };
  await probe();
  const alone: number[] = [];
  const beside: number[] = [];
  let listings = 0;
  for (let block = 0; block < BLOCKS; block++) {
    alone.push(await probe());
    const download = downloadForever({ url: match.gateway.url, path, user: address(USERS.crowd), password: match.password });
    await sleep(100);
    beside.push(await probe());
    listings += await download.stop();
  }
  return {
    name: `dav p95 of another user's PROPFIND while ${CROWD.toLocaleString('en')} events are listed / at rest`,
    value: median(beside) / median(alone),
    unit: '×',
    aim: { operator: '<=', value: 2 },
    detail: `${format(median(beside))} ms and ${format(median(alone))} ms, medians of ${BLOCKS} blocks in turn of ${PROBES} requests; ${listings} listings ran`,
  };
}
const CTAG = '<propfind xmlns="DAV:"><prop><displayname/><sync-token/></prop></propfind>';
