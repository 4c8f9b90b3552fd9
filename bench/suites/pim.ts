import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { onEnd } from '../../test/support/cleanup.js';
import { type Contender, contendersOf, MEDIA_TYPE, type Place, putAll } from '../support/contenders.js';
import { event, objectName } from '../support/data.js';
import { fillGateway } from '../support/fill.js';
import { LeanClient } from '../support/lean-http.js';
import { LeanPhone } from '../support/lean-phone.js';
import { address, type Match, startMatch } from '../support/match.js';
import { format, type Outcome, type Suite } from '../support/report.js';
import { sized } from '../support/settings.js';
import { interleaved, median, percentile, time } from '../support/timing.js';

const USERS = { calendar: 300, contacts: 301, large: 302, small: 303, organizer: 304, neighbour: 305, invited: 400 } as const;
const RUN = Date.now().toString(36);
/** Folder types of MS-ASCMD FolderSync. */
const CALENDAR = '8';
const CONTACTS = '9';

let devices = 0;
function newPhone(match: Match, url: string, user: number): LeanPhone {
  return new LeanPhone({ url, user: address(user), password: match.password, deviceId: `p${RUN}x${devices++}` });
}

const EVENTS = sized(5_000, 100);
const CARDS = sized(5_000, 100);
const PICTURE_BYTES = 12_000;

/** A card with a picture of its own, as phones make them. */
function pictured(n: number): string {
  const noise = Array.from({ length: PICTURE_BYTES / 32 }, (_, at) => createHash('sha256').update(`${n} ${at}`).digest());
  const jpeg = Buffer.concat([
    Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
    ...noise,
    Buffer.from('ffd9', 'hex'),
  ]);
  const photo = (jpeg.toString('base64').match(/.{1,74}/g) ?? []).join('\r\n ');
  const more = [`TEL;TYPE=CELL:+49 170 ${n}`, `EMAIL;TYPE=INTERNET:person${n}@example.org`, 'ORG:Example;Sales', 'TITLE:Clerk'];
  const name = [`N:Person${n};Pat;;;`, `FN:Pat Person${n}`];
  return [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `UID:card-${n}`,
    ...name,
    ...more,
    `PHOTO;ENCODING=b;TYPE=JPEG:${photo}`,
    'END:VCARD',
    '',
  ].join('\r\n');
}

/** The default collection of a user is filled in both servers with the same objects. */
async function fill(match: Match, side: Contender, place: Place, count: number, text: (n: number) => string): Promise<void> {
  // Both make the folders of a new user as they are first asked for.
  await side.client(place.user).expect(207, 'PROPFIND', side.path(place), { depth: '0' });
  if (side.name !== 'gateway') return putAll(side, place, 0, count, 8, text);
  await fillGateway(match.databaseUrl, address(place.user), place, count, text);
}

async function firstSync(
  what: string,
  place: Omit<Place, 'slug'>,
  count: number,
  type: string,
  text: (n: number) => string,
): Promise<Outcome[]> {
  const match = await startMatch();
  const both = contendersOf(match).filter(({ name }) => name === 'gateway' || name === 'SOGo');
  const slugs = { gateway: place.kind === 'calendar' ? 'calendar' : 'contacts', SOGo: 'personal' } as Readonly<
    Record<string, string>
  >;
  for (const side of both) await fill(match, side, { ...place, slug: slugs[side.name] ?? '' }, count, text);
  const phones = new Map<Contender, LeanPhone>();
  for (const side of both) {
    const phone = newPhone(match, side.name === 'gateway' ? match.gateway.url : (match.peers.sogo?.url ?? ''), place.user);
    await phone.setUp();
    phone.choose(type);
    phones.set(side, phone);
  }
  const works = [...phones].map(([side, phone]) => async () => {
    const items = await phone.firstSync();
    if (items !== count) throw new Error(`${side.name}: ${items} instead of ${count}`);
  });
  for (let warmed = count; warmed < WARM_ITEMS; warmed += count) for (const work of works) await work();
  const [ours = 1, theirs] = await interleaved(works, ROUNDS);
  const name = `pim first Sync of ${count.toLocaleString('en')} ${what}, gateway / SOGo`;
  if (theirs === undefined)
    return [
      { name, undone: match.peers.why.SOGo ?? '' },
      { name: `${name.split(',')[0]}, gateway alone`, value: ours, unit: ' ms', detail: `median of ${ROUNDS}` },
    ];
  const sizes = [...phones].map(([{ name }, { taken }]) => `${name} ${taken.requests} answers, ${format(taken.bytes / 1e6)} MB`);
  const detail = `${format(ours)} ms and ${format(theirs)} ms from key 0, median of ${ROUNDS} interleaved rounds; ${sizes.join('; ')}`;
  return [{ name, value: theirs / ours, unit: '×', aim: { operator: '>=', value: 5 }, detail }];
}
const ROUNDS = 3;
/** So many items go through each server before it counts, whatever the size: what has just started is slower. */
const WARM_ITEMS = 5_000;

/** A new phone takes a whole calendar. */
export function firstSyncOfCalendar(): Promise<Outcome[]> {
  return firstSync('events', { user: USERS.calendar, kind: 'calendar' }, EVENTS, CALENDAR, event);
}

/** A new phone takes a whole address book. */
export function firstSyncOfContacts(): Promise<Outcome[]> {
  return firstSync('contacts with pictures', { user: USERS.contacts, kind: 'book' }, CARDS, CONTACTS, pictured);
}

const LARGE = sized(50_000, 1_000);
const SMALL = sized(500, 100);
const DELTAS = 25;
const PER_ROUND = 5;

/** Sync after one change, by the size of the calendar. */
export async function deltaBySize(): Promise<Outcome> {
  const match = await startMatch();
  const works: (() => Promise<void>)[] = [];
  const times: number[][] = [[], []];
  for (const [at, [user, size]] of (
    [
      [USERS.large, LARGE],
      [USERS.small, SMALL],
    ] as const
  ).entries()) {
    const [gateway] = contendersOf(match);
    if (!gateway) throw new Error('no gateway');
    const place: Place = { user, kind: 'calendar', slug: 'calendar' };
    await fill(match, gateway, place, size, event);
    const phone = newPhone(match, match.gateway.url, user);
    await phone.setUp();
    phone.choose(CALENDAR);
    if ((await phone.firstSync()) !== size) throw new Error(`not ${size} events`);
    const client = gateway.client(user);
    let next = 0;
    works.push(async () => {
      for (let n = 0; n < PER_ROUND; n++) {
        const object = next++ % SMALL;
        const body = event(object).replace('SUMMARY:', `SUMMARY:${Date.now()} `);
        const path = gateway.path(place) + objectName('calendar', object);
        await client.expect(204, 'PUT', path, { body, headers: { 'content-type': MEDIA_TYPE.calendar } });
        times[at]?.push(
          await time(async () => {
            if ((await phone.sync()).changed !== 1) throw new Error('not one change');
          }),
        );
      }
    });
  }
  await interleaved(works, DELTAS);
  const [large = 0, small = 1] = times.map((all) => median(all.slice(PER_ROUND)));
  return {
    name: `pim Sync after one change, ${LARGE.toLocaleString('en')} events / ${SMALL.toLocaleString('en')} events`,
    value: large / small,
    unit: '×',
    aim: { operator: '<=', value: 1.3 },
    detail: `${format(large)} ms and ${format(small)} ms, medians of ${DELTAS * PER_ROUND} in turn`,
  };
}

const INVITED = sized(200, 20);
const INVITATIONS = 7;

/** From the organizer's PUT to the event in the calendar of each of two hundred colleagues, and what others feel of it. */
export async function invitationToMany(): Promise<Outcome[]> {
  const match = await startMatch();
  const guests = Array.from({ length: INVITED }, (_, n) => USERS.invited + n);
  for (const user of guests) {
    const client = new LeanClient(match.gateway.url, address(user), match.password);
    await client.expect(207, 'PROPFIND', `/dav/calendars/${address(user)}/calendar/`, { depth: '0' });
    client.close();
  }
  const database = new pg.Client({ connectionString: match.databaseUrl });
  await database.connect();
  onEnd(() => database.end());
  const probe = await neighbour(match);
  await invite(match, database, guests, INVITATIONS); // warms up
  const atRest = await probe.during(() => sleep(4_000));
  const took: number[] = [];
  let writes = 0;
  const beside = await probe.during(async () => {
    for (let n = 0; n < INVITATIONS; n++) {
      const { ms, seqs } = await invite(match, database, guests, n);
      took.push(ms);
      writes += seqs;
    }
  });
  const [busy, quiet] = [percentile(beside, 0.95), percentile(atRest, 0.95)];
  const who = `${INVITED} attendees here`;
  return [
    {
      name: `pim invitation to ${who}: until the last has it`,
      value: median(took),
      unit: ' ms',
      aim: { operator: '<=', value: 1_000 },
      detail: `median of ${INVITATIONS}, polled each 10 ms; worst ${format(Math.max(...took))} ms`,
    },
    {
      name: `pim invitation to ${who}: writes of each calendar`,
      value: writes / INVITATIONS / INVITED,
      unit: '',
      aim: { operator: '<=', value: 1 },
      detail: 'how far the counter of each calendar went: one transaction each',
    },
    {
      name: `pim p95 of another user while ${who} are invited / at rest`,
      value: busy / quiet,
      unit: '×',
      aim: { operator: '<=', value: 2 },
      detail: `${format(busy)} ms and ${format(quiet)} ms; ${beside.length} and ${atRest.length} requests`,
    },
  ];
}

async function invite(match: Match, database: pg.Client, guests: readonly number[], n: number) {
  const organizer = address(USERS.organizer);
  const client = new LeanClient(match.gateway.url, organizer, match.password);
  const uid = `invitation-${RUN}-${n}`;
  const people = guests.map((user) => `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${address(user)}`);
  const when = ['DTSTART:20300301T090000Z', 'DTEND:20300301T100000Z'];
  const lines = [
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    ...when,
    'SUMMARY:All hands',
    `ORGANIZER:mailto:${organizer}`,
    ...people,
    'END:VEVENT',
  ];
  const body = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//bench//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
  const before = await counters(database, guests);
  const start = performance.now();
  await client.expect(201, 'PUT', `/dav/calendars/${organizer}/calendar/${uid}.ics`, {
    body,
    headers: { 'content-type': MEDIA_TYPE.calendar },
  });
  for (const end = Date.now() + 60_000; ; await sleep(10)) {
    const { rows } = await database.query<{ have: number }>('SELECT count(*)::int AS have FROM items WHERE uid = $1', [uid]);
    if (rows[0]?.have === guests.length + 1) break;
    if (Date.now() > end) throw new Error(`${rows[0]?.have} of ${guests.length} have it`);
  }
  const ms = performance.now() - start;
  client.close();
  return { ms, seqs: (await counters(database, guests)) - before };
}

async function counters(database: pg.Client, guests: readonly number[]): Promise<number> {
  const { rows } = await database.query<{ sum: string }>(
    `SELECT sum(c.seq) FROM collections c JOIN accounts a ON a.id = c.account_id WHERE c.kind = 'calendar' AND a.address = ANY($1)`,
    [guests.map(address)],
  );
  return Number(rows[0]?.sum ?? 0);
}

/** Somebody who asks for the ctag of a calendar all the time. */
async function neighbour(match: Match) {
  const user = address(USERS.neighbour);
  const client = new LeanClient(match.gateway.url, user, match.password);
  onEnd(() => client.close());
  const body = '<propfind xmlns="DAV:"><prop><displayname/><sync-token/></prop></propfind>';
  const ask = () => client.expect(207, 'PROPFIND', `/dav/calendars/${user}/calendar/`, { depth: '0', body });
  for (let n = 0; n < 100; n++) await ask();
  return {
    during: async (work: () => Promise<unknown>): Promise<number[]> => {
      const times: number[] = [];
      let over = false;
      const done = work().finally(() => {
        over = true;
      });
      while (!over) {
        times.push(await time(ask));
        await sleep(3);
      }
      await done;
      return times;
    },
  };
}

/** Calendars and contacts on phones, beside SOGo on the same machine, and invitations. */
export const suite: Suite = {
  title: 'calendars and contacts on phones beside SOGo, and invitations',
  measures: [firstSyncOfCalendar, firstSyncOfContacts, deltaBySize, invitationToMany],
};
