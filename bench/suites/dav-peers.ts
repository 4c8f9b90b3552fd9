import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, contendersOf, MEDIA_TYPE, makeCollection, type Place, putAll } from '../support/contenders.js';
import { type CollectionKind, event, objectName, occurrences } from '../support/data.js';
import { hrefsIn, listing, multiget, syncCollection, timeRange } from '../support/dav-requests.js';
import { startMatch } from '../support/match.js';
import type { Outcome } from '../support/report.js';
import { sized } from '../support/settings.js';
import { type Contest, hold } from '../support/versus.js';

/** Numbers of the users whose collections these are, each with its own slugs. */
const USERS = { puts: 101, events: 102, contacts: 103, sync: 104 } as const;
const BATCH = 100;

async function contest(rules: Contest): Promise<Outcome[]> {
  const match = await startMatch();
  return hold(rules, contendersOf(match), match.peers.why);
}

const filled = new Map<string, Promise<void>>();

/** A collection of that size, made once for all measures. */
async function collectionOf(contender: Contender, user: number, kind: CollectionKind, size: number): Promise<Place> {
  const place: Place = { user, kind, slug: `bench${size}` };
  const key = `${contender.name} ${contender.path(place)}`;
  if (!filled.has(key)) filled.set(key, contender.fill(place, size));
  await filled.get(key);
  return place;
}

function expectRows(what: string, { rows }: { readonly rows: number }, least: number): void {
  if (rows < least) throw new Error(`${what}: ${rows} rows instead of ${least}`);
}

/** 500 PUTs of new events, eight at a time; each round into a new calendar. */
export function puts(): Promise<Outcome[]> {
  const run = Date.now().toString(36);
  let calendars = 0;
  return contest({
    name: 'dav {} PUTs, 8 at a time',
    size: sized(500, 8),
    smaller: { Radicale: sized(160, 8), Xandikos: sized(80, 8) },
    rounds: 3,
    aims: { SOGo: 5 },
    prepare: async (contender, size) => {
      const places: Place[] = [];
      for (let round = 0; round < 4; round++) {
        places.push({ user: USERS.puts, kind: 'calendar', slug: `puts-${run}-${calendars++}` });
        await makeCollection(contender, places[round] as Place);
      }
      return { once: true, run: () => putAll(contender, places.pop() as Place, 0, size) };
    },
  });
}

/** The first listing of a calendar, as iOS and DAVx5 ask for it. */
export function firstListing(): Promise<Outcome[]> {
  return contest({
    name: 'dav first listing of {} events by sync-collection',
    size: sized(5_000, 100),
    smaller: { Xandikos: sized(500, 100) },
    rounds: 5,
    aims: { SOGo: 5 },
    prepare: async (contender, size) => {
      const place = await collectionOf(contender, USERS.events, 'calendar', size);
      const client = contender.client(place.user);
      return {
        run: async () => expectRows(contender.name, await syncCollection(client, contender.path(place)), size),
      };
    },
  });
}

/** The same by PROPFIND, as Thunderbird and Evolution ask for it. */
export function firstListingByPropfind(): Promise<Outcome[]> {
  return contest({
    name: 'dav first listing of {} events by PROPFIND',
    size: sized(5_000, 100),
    smaller: { Radicale: sized(1_000, 100), Xandikos: sized(500, 100) },
    rounds: 5,
    aims: { SOGo: 5 },
    prepare: async (contender, size) => {
      const place = await collectionOf(contender, USERS.events, 'calendar', size);
      const client = contender.client(place.user);
      return { run: async () => expectRows(contender.name, await listing(client, contender.path(place)), size) };
    },
  });
}

/** All events in batches of a hundred. */
export function multigets(): Promise<Outcome[]> {
  return contest({
    name: `dav multiget of {} events in batches of ${BATCH}`,
    size: sized(5_000, 100),
    smaller: { Xandikos: sized(500, 100) },
    rounds: 5,
    aims: { SOGo: 5 },
    prepare: async (contender, size) => {
      const place = await collectionOf(contender, USERS.events, 'calendar', size);
      return { run: () => multigetAll(contender, place, size) };
    },
  });
}

async function multigetAll(contender: Contender, place: Place, size: number): Promise<void> {
  const client = contender.client(place.user);
  const names = Array.from({ length: size }, (_, n) => objectName(place.kind, n));
  for (let at = 0; at < size; at += BATCH) {
    const found = await multiget(client, contender.path(place), place.kind, names.slice(at, at + BATCH));
    expectRows(contender.name, found, Math.min(BATCH, size - at));
  }
  client.close();
}

/** Sizes of the calendars that are synchronised: Radicale and Xandikos look at every object each time. */
const SYNC_SIZES = { size: sized(50_000, 100), smaller: { Radicale: sized(10_000, 100), Xandikos: sized(5_000, 100) } };

/** A sync-collection that finds nothing new. */
export function noChangeSync(): Promise<Outcome[]> {
  return contest({
    name: 'dav sync-collection without changes, {} events',
    ...SYNC_SIZES,
    rounds: 7,
    aims: { SOGo: 10 },
    prepare: async (contender, size) => {
      const place = await collectionOf(contender, USERS.sync, 'calendar', size);
      const client = contender.client(place.user);
      const token = await tokenOf(contender, place);
      return { run: () => syncCollection(client, contender.path(place), token) };
    },
  });
}

/** A sync-collection that finds ten changed events. */
export function tenChangeSync(): Promise<Outcome[]> {
  const changes = 10;
  return contest({
    name: `dav sync-collection with ${changes} changes, {} events`,
    ...SYNC_SIZES,
    rounds: 7,
    aims: { SOGo: 5 },
    prepare: async (contender, size) => {
      const place = await collectionOf(contender, USERS.sync, 'calendar', size);
      const client = contender.client(place.user);
      const token = await tokenOf(contender, place);
      for (let n = 0; n < changes; n++) await change(contender, place, n);
      await sleep(1_100);
      return {
        run: async () => expectRows(contender.name, await syncCollection(client, contender.path(place), token), changes),
      };
    },
  });
}

/** The present token. SOGo's counts seconds, so the next change waits until the next one. */
async function tokenOf(contender: Contender, place: Place): Promise<string> {
  const { token } = await syncCollection(contender.client(place.user), contender.path(place));
  if (token === '') throw new Error(`${contender.name} gave no sync-token`);
  await sleep(1_100);
  return token;
}

async function change(contender: Contender, place: Place, n: number): Promise<void> {
  const body = event(n).replace('SUMMARY:', `SUMMARY:${Date.now()} `);
  const path = contender.path(place) + objectName('calendar', n);
  const headers = { 'content-type': MEDIA_TYPE.calendar };
  const { status } = await contender.client(place.user).request('PUT', path, { body, headers });
  if (status !== 204 && status !== 201 && status !== 200) throw new Error(`${contender.name}: PUT: ${status}`);
}

const MONTH = { start: Date.UTC(2026, 10, 1), end: Date.UTC(2026, 11, 1) };
const utc = (time: number) => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');

/** The events of a month, a tenth of all recurring; says who answers right. */
export function monthQuery(): Promise<Outcome[]> {
  return contest({
    name: 'dav a month of {} events, a tenth recurring',
    size: sized(5_000, 100),
    smaller: { Xandikos: sized(1_000, 100) },
    rounds: 5,
    aims: { SOGo: 5 },
    prepare: async (contender, size) => {
      const place = await collectionOf(contender, USERS.events, 'calendar', size);
      const client = contender.client(place.user);
      let body: Buffer = Buffer.alloc(0);
      return {
        run: async () => {
          body = await timeRange(client, contender.path(place), utc(MONTH.start), utc(MONTH.end));
        },
        remark: () => verdict(hrefsIn(body), size),
      };
    },
  });
}

function verdict(hrefs: readonly string[], size: number): string {
  const found = new Set(hrefs.map((href) => href.split('/').at(-1)));
  const wanted = Array.from({ length: size }, (_, n) => n).filter((n) =>
    occurrences(n).some(({ start, end }) => start < MONTH.end && end > MONTH.start),
  );
  const missing = wanted.filter((n) => !found.has(objectName('calendar', n))).length;
  const extra = found.size - (wanted.length - missing);
  if (missing === 0 && extra === 0) return `is right: ${wanted.length} events`;
  return `is WRONG: ${missing} of ${wanted.length} events are missing, ${extra} do not belong`;
}

/** 2,000 contacts: listing and all cards in batches. */
export function contacts(): Promise<Outcome[]> {
  return contest({
    name: `dav {} contacts: listing, then multiget in batches of ${BATCH}`,
    size: sized(2_000, 100),
    smaller: { Xandikos: sized(200, 100) },
    rounds: 5,
    aims: { SOGo: 5 },
    prepare: async (contender, size) => {
      const place = await collectionOf(contender, USERS.contacts, 'book', size);
      const client = contender.client(place.user);
      return {
        run: async () => {
          expectRows(contender.name, await syncCollection(client, contender.path(place)), size);
          await multigetAll(contender, place, size);
        },
      };
    },
  });
}
