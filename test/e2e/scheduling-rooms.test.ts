import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Scheduling } from '../../src/domain/scheduling/scheduling.js';
import { poolOf } from '../../src/infra/db/data-source.js';
import { PostgresSchedulingStore } from '../../src/infra/db/outbox-store.js';
import { PostgresPimStore } from '../../src/infra/db/pim-store.js';
import type { DavClient } from '../support/dav-client.js';
import { CAL } from '../support/dav-client.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';
import { eventually } from '../support/eas-phone-world.js';
import { attendeesIn, meeting } from '../support/meetings.js';
import { builtPath } from '../support/paths.js';

let server: DavServer;
before(async () => {
  server = await startDavServer();
});
after(() => server.close());

/** A room, made by the operator's command. */
async function room(name: string, ...more: string[]): Promise<string> {
  const address = `${name}@example.test`;
  const { database } = server.database.options as { database?: string; url?: string };
  const url = (server.database.options as { url?: string }).url ?? String(database);
  const env = { ...process.env, DATABASE_URL: url, IMAP_URL: 'imaps://mail.example.test' };
  await promisify(execFile)(process.execPath, [builtPath('src/cli.js'), 'room', address, ...more], { env });
  await server.session(address); // whoever manages it logs in
  return address;
}

/** The scheduling of another process, whose clock is days ahead. */
function at(days: number): Scheduling {
  const pool = poolOf(server.database);
  const clock = { now: () => new Date(Date.now() + days * 86_400_000) };
  const { mail, hub, log } = server.services;
  const stores = { store: new PostgresSchedulingStore(pool), pim: new PostgresPimStore(pool) };
  return new Scheduling({ ...stores, mail, hub, clock, log });
}

/** A day of meetings. */
const day = (after: number) => new Date(Date.now() + after * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');

interface Planner {
  readonly address: string;
  readonly client: DavClient;
  put(uid: string, text: string): Promise<number>;
  remove(uid: string): Promise<void>;
  /** The own copy. */
  read(uid: string): Promise<string>;
  /** Waits for the room's answer in the own copy. */
  answer(uid: string, of: string, ...expected: string[]): Promise<string>;
}

async function planner(name: string): Promise<Planner> {
  const address = `${name}@example.test`;
  const client = await server.client(address);
  const path = (uid: string) => `/dav/calendars/${address}/calendar/${uid}.ics`;
  const read = async (uid: string) => (await client.request('GET', path(uid))).text;
  return {
    address,
    client,
    read,
    put: async (uid, text) =>
      (await client.request('PUT', path(uid), { body: text, headers: { 'content-type': 'text/calendar' } })).status,
    remove: async (uid) => {
      assert.equal((await client.request('DELETE', path(uid))).status, 204);
    },
    answer: async (uid, of, ...expected) =>
      attendeesIn(
        await eventually(
          `the answer of ${of}`,
          () => read(uid),
          (text) => expected.includes(attendeesIn(text).get(of) ?? ''),
          60_000,
        ),
      ).get(of) ?? '',
  };
}

async function bookings(address: string): Promise<{ uid: string; during: string }[]> {
  return server.database.query(
    'SELECT uid, during::text FROM bookings JOIN accounts ON id = account_id WHERE address = $1 ORDER BY during',
    [address],
  );
}

async function held(address: string): Promise<string[]> {
  const rows: { uid: string }[] = await server.database.query(
    'SELECT i.uid FROM items i JOIN accounts a ON a.id = i.account_id WHERE a.address = $1 ORDER BY i.uid',
    [address],
  );
  return rows.map(({ uid }) => uid);
}

describe('rooms and resources answer themselves', () => {
  test('a free room accepts, a taken one declines; what is over or off is free again', async () => {
    const hall = await room('hall', 'room', 'Great Hall', 'Europe/Berlin');
    const [ann, bob] = [await planner('ann'), await planner('bob')];
    const facts = { organizer: ann.address, attendees: [hall] };
    assert.equal(await ann.put('first', meeting({ uid: 'first', ...facts, hour: 9 })), 201);
    await ann.answer('first', hall, 'ACCEPTED');
    await bob.put('second', meeting({ uid: 'second', organizer: bob.address, attendees: [hall], hour: 9 }));
    await bob.answer('second', hall, 'DECLINED');
    await bob.put('next', meeting({ uid: 'next', organizer: bob.address, attendees: [hall], hour: 10 }));
    await bob.answer('next', hall, 'ACCEPTED');
    assert.deepEqual(await held(hall), ['first', 'next'], 'the room keeps what it hosts');

    await ann.put('first', meeting({ uid: 'first', ...facts, hour: 12 }));
    await ann.answer('first', hall, 'ACCEPTED');
    await eventually(
      'the new time',
      () => bookings(hall),
      (all) => /12:00:00/.test(all.find(({ uid }) => uid === 'first')?.during ?? ''),
    );
    await ann.put('first', meeting({ uid: 'first', ...facts, hour: 10 }));
    await ann.answer('first', hall, 'DECLINED');
    await bob.remove('next');
    await eventually(
      'the room is free',
      () => bookings(hall),
      (all) => all.length === 0,
    );
    assert.deepEqual(await held(hall), []);
  });

  test('forty organizers at once: one has it', async () => {
    const box = await room('box');
    const all = await Promise.all(Array.from({ length: 40 }, (_, at) => planner(`rival${at}`)));
    await Promise.all(
      all.map((one, at) =>
        one.put(`rival${at}`, meeting({ uid: `rival${at}`, organizer: one.address, attendees: [box], hour: 9 })),
      ),
    );
    const answers = await Promise.all(all.map((one, at) => one.answer(`rival${at}`, box, 'ACCEPTED', 'DECLINED')));
    assert.equal(answers.filter((answer) => answer === 'ACCEPTED').length, 1);
    assert.equal((await bookings(box)).length, 1);
    assert.equal((await held(box)).length, 1);
  });

  test('a series takes every occurrence, or none; a moved and a removed occurrence count', async () => {
    const den = await room('den', 'resource');
    const [ann, bob] = [await planner('ann'), await planner('bob')];
    const daily = meeting({
      uid: 'daily',
      organizer: ann.address,
      attendees: [den],
      rule: 'FREQ=DAILY;COUNT=5',
      day: day(40),
    });
    await ann.put('daily', daily);
    await ann.answer('daily', den, 'ACCEPTED');
    assert.equal((await bookings(den)).length, 5);
    const clash = { organizer: bob.address, attendees: [den] };
    await bob.put('weekly', meeting({ uid: 'weekly', ...clash, rule: 'FREQ=WEEKLY;COUNT=4', day: day(33) }));
    await bob.answer('weekly', den, 'DECLINED');
    await bob.put('single', meeting({ uid: 'single', ...clash, day: day(42) }));
    await bob.answer('single', den, 'DECLINED');

    await ann.put('daily', daily.replace('RRULE', `EXDATE:${day(42)}T090000Z\r\nRRULE`));
    await eventually(
      'one is free',
      () => bookings(den),
      (all) => all.length === 4,
    );
    await bob.put('again', meeting({ uid: 'again', ...clash, day: day(42) }));
    await bob.answer('again', den, 'ACCEPTED');
    await room('den', 'series=bounded');
    await bob.put('endless', meeting({ uid: 'endless', ...clash, rule: 'FREQ=DAILY', day: day(40), hour: 20 }));
    await bob.answer('endless', den, 'DECLINED');
  });

  test('a series without end takes what is in reach, and goes on: who comes too late is told of that one occurrence', async () => {
    const loft = await room('loft', 'window=20');
    const [ann, bob] = [await planner('ann'), await planner('bob')];
    // Both meet on the 55th day, beyond the 20 days and the month that is held besides.
    const often = (uid: string, who: Planner, days: number, first: number) =>
      who.put(
        uid,
        meeting({
          uid,
          organizer: who.address,
          attendees: [loft],
          rule: `FREQ=DAILY;INTERVAL=${days}`,
          day: day(first),
          hour: 11,
        }),
      );
    await often('fifty', ann, 50, 5);
    await ann.answer('fifty', loft, 'ACCEPTED');
    await often('forty-five', bob, 45, 10);
    await bob.answer('forty-five', loft, 'ACCEPTED');
    assert.equal((await bookings(loft)).length, 2);
    await often('later', bob, 7, 21);
    await bob.answer('later', loft, 'DECLINED');
    await bob.put('held', meeting({ uid: 'held', organizer: bob.address, attendees: [loft], day: day(30) }));
    await bob.answer('held', loft, 'DECLINED');

    const rolled = at(10);
    await rolled.rollRooms();
    await rolled.rollRooms();
    const taken = (await bookings(loft)).filter(({ during }) => during.includes(day(55).replace(/(....)(..)/, '$1-$2-')));
    assert.deepEqual(
      taken.map(({ uid }) => uid),
      ['fifty'],
    );
    const told = await eventually(
      'the refusal of one occurrence',
      () => bob.read('forty-five'),
      (text) => text.includes(`RECURRENCE-ID:${day(55)}T110000Z`),
      60_000,
    );
    assert.equal(attendeesIn(told).get(loft), 'ACCEPTED', 'the series stays');
    const [, occurrence] = told.split('RECURRENCE-ID');
    assert.match(told.replace(/\r\n /g, ''), /PARTSTAT=DECLINED[^\r]*loft@/);
    assert.ok(occurrence);
    await rolled.stop();
    // An update of the series does not lose the room because of the occurrence that it was refused.
    await bob.put('forty-five', told.replaceAll('SUMMARY:Planning', 'SUMMARY:Review'));
    await eventually(
      'the new title',
      async () =>
        (await server.database.query(
          "SELECT text FROM items i JOIN accounts a ON a.id = i.account_id WHERE a.address = $1 AND uid = 'forty-five'",
          [loft],
        )) as { text: string }[],
      ([held]) => held?.text.includes('SUMMARY:Review') ?? false,
    );
    assert.equal(attendeesIn(await bob.read('forty-five')).get(loft), 'ACCEPTED');
  });

  test('who manages the room is bound too, and the principal says what it is (RFC 6638 §2.4.2)', async () => {
    const nook = await room('nook');
    const manager = await planner('nook');
    const plain = (uid: string) => meeting({ uid, organizer: nook, attendees: [] }).replace(/(?:ORGANIZER|ATTENDEE).*\r\n/g, '');
    assert.equal(await manager.put('closed', plain('closed')), 201);
    assert.equal(await manager.put('twice', plain('twice')), 409);
    const ann = await planner('ann');
    await ann.put('nook', meeting({ uid: 'nook', organizer: ann.address, attendees: [nook] }));
    await ann.answer('nook', nook, 'DECLINED');
    await manager.remove('closed');
    assert.deepEqual(await bookings(nook), []);
    const { responses } = await ann.client.propfind(`/dav/principals/${nook}/`, [CAL('calendar-user-type')]);
    assert.equal(responses[0]?.props.get(CAL('calendar-user-type'))?.text, 'ROOM');
  });
});
