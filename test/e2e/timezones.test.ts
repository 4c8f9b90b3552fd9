import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Temporal } from '@js-temporal/polyfill';
import type { DavClient } from '../support/dav-client.js';
import { CAL } from '../support/dav-client.js';
import { type EasPhone, t } from '../support/eas-phone.js';
import { type PimServer, startPimServer } from '../support/pim-server.js';
import { compactLocal, instantOf, iso, startsInText, startsOnPhone, vtimezone } from '../support/zone-views.js';

/** Zones and the year whose changes are tried. */
const ZONES: readonly (readonly [zone: string, year: number])[] = [
  ['America/New_York', 2026], ['Europe/Paris', 2026], ['Asia/Kolkata', 2026], ['Australia/Lord_Howe', 2026],
  ['Africa/Casablanca', 2026], ['Atlantic/Azores', 2026], ['America/Sao_Paulo', 2018], ['America/Sao_Paulo', 2026],
  ['Europe/London', 2026], ['Europe/Dublin', 2026], ['Europe/Berlin', 2026], ['Europe/Athens', 2026], ['Europe/Helsinki', 2026],
  ['Europe/Moscow', 2010], ['Europe/Istanbul', 2015], ['Europe/Chisinau', 2026], ['Africa/Cairo', 2024], ['Africa/Johannesburg', 2026],
  ['Asia/Jerusalem', 2026], ['Asia/Beirut', 2026], ['Asia/Amman', 2021], ['Asia/Tehran', 2021], ['Asia/Kathmandu', 2026],
  ['Asia/Tokyo', 2026], ['Asia/Shanghai', 2026], ['Australia/Sydney', 2026], ['Australia/Adelaide', 2026], ['Australia/Darwin', 2026],
  ['Pacific/Auckland', 2026], ['Pacific/Chatham', 2026], ['Pacific/Apia', 2020], ['Pacific/Norfolk', 2026], ['Pacific/Honolulu', 2026],
  ['Pacific/Easter', 2026], ['America/Anchorage', 2026], ['America/Los_Angeles', 2026], ['America/Phoenix', 2026], ['America/Chicago', 2026],
  ['America/St_Johns', 2026], ['America/Havana', 2026], ['America/Santiago', 2026], ['America/Asuncion', 2023], ['America/Nuuk', 2025],
  ['Antarctica/Troll', 2026], ['Etc/UTC', 2026],
]; // biome-ignore format: a table

let server: PimServer;
before(async () => {
  server = await startPimServer();
});
after(() => server.close());

interface Made {
  readonly uid: string;
  readonly lines: readonly (readonly string[])[];
  /** Instants, or days. */
  readonly starts: readonly string[];
}

/** The moments of a year at which clocks change; in zones without any two days in spring and autumn. */
function edgesOf(zone: string, year: number): Temporal.ZonedDateTime[] {
  const from = Temporal.ZonedDateTime.from({ timeZone: zone, year, month: 1, day: 1 });
  const edges: Temporal.ZonedDateTime[] = [];
  for (let next = from.getTimeZoneTransition('next'); next && next.year === year; next = next.getTimeZoneTransition('next'))
    if (next.subtract({ nanoseconds: 1 }).offset !== next.offset) edges.push(next);
  const days = [3, 10].map((month) => from.with({ month, day: 28, hour: 2 }));
  return edges.length > 0 ? edges : days;
}

const event = (uid: string, ...lines: string[]) => [
  'BEGIN:VEVENT',
  `UID:${uid}`,
  'DTSTAMP:20260101T000000Z',
  ...lines,
  'END:VEVENT',
];

/** A series in local time: the second occurrence is deleted, the fourth is moved by some hours. */
function series(uid: string, zone: string, first: Temporal.PlainDateTime, every: 'days' | 'weeks', rule: string): Made {
  const at = (n: number) => first.add({ [every]: n });
  const time = (name: string, local: Temporal.PlainDateTime) => `${name};TZID=${zone}:${compactLocal(local)}`;
  const length = { minutes: 45 };
  const moved = at(3).add({ hours: 5 });
  return {
    uid,
    lines: [
      event(uid, time('DTSTART', first), time('DTEND', first.add(length)), rule, time('EXDATE', at(1)), `SUMMARY:${uid}`),
      event(uid, time('RECURRENCE-ID', at(3)), time('DTSTART', moved), time('DTEND', moved.add(length)), `SUMMARY:${uid}`),
    ],
    starts: [at(0), at(2), moved, at(4)].map((local) => iso(instantOf(local, zone))).sort(),
  };
}

function eventsAt(zone: string, edge: Temporal.ZonedDateTime, id: string): Made[] {
  const day = edge.toPlainDate();
  // A quarter of an hour before clocks are set on; where they are set back, a time that comes twice.
  const wall = edge.subtract({ nanoseconds: 1 }).toPlainDateTime().add({ nanoseconds: 1 });
  const [from, to] = [edge.subtract({ minutes: 90 }), edge.add({ minutes: 90 })];
  const time = (name: string, at: Temporal.ZonedDateTime) => `${name};TZID=${zone}:${compactLocal(at.toPlainDateTime())}`;
  const date = (name: string, at: Temporal.PlainDate) => `${name};VALUE=DATE:${at.toString().replaceAll('-', '')}`;
  const isTwice = (at: Temporal.ZonedDateTime) => instantOf(at.toPlainDateTime(), zone) !== at.epochMilliseconds;
  const evening = Temporal.PlainDateTime.from(`${day.subtract({ days: 3 })}T22:15`);
  const until = instantOf(evening.add({ days: 4 }), zone);
  const monday = day.subtract({ days: 7 });
  return [
    {
      uid: `${id}-across`,
      lines: [event(`${id}-across`, time('DTSTART', from), time('DTEND', to), 'SUMMARY:across')],
      starts: isTwice(from) ? [iso(instantOf(from.toPlainDateTime(), zone))] : [iso(from.epochMilliseconds)],
    },
    series(
      `${id}-weekly`,
      zone,
      Temporal.PlainDateTime.from(`${day.subtract({ days: 14 })}T09:30`),
      'weeks',
      'RRULE:FREQ=WEEKLY;COUNT=5',
    ),
    series(`${id}-nightly`, zone, wall.subtract({ days: 2, minutes: 15 }), 'days', 'RRULE:FREQ=DAILY;COUNT=5'),
    series(`${id}-until`, zone, evening, 'days', `RRULE:FREQ=DAILY;UNTIL=${iso(until).replace(/[-:]|\.000/g, '')}`),
    {
      uid: `${id}-days`,
      lines: [event(`${id}-days`, date('DTSTART', day), date('DTEND', day.add({ days: 2 })), 'SUMMARY:days')],
      starts: [String(day)],
    },
    {
      uid: `${id}-alldays`,
      lines: [
        event(`${id}-alldays`, date('DTSTART', monday), 'RRULE:FREQ=WEEKLY;COUNT=4', date('EXDATE', day), 'SUMMARY:alldays'),
        event(
          `${id}-alldays`,
          date('RECURRENCE-ID', day.add({ days: 7 })),
          date('DTSTART', day.add({ days: 8 })),
          'SUMMARY:alldays',
        ),
      ],
      starts: [monday, day.add({ days: 8 }), day.add({ days: 14 })].map(String),
    },
  ];
}

/** The starts that the gateway expands itself (RFC 4791 §9.6.5), by UID. */
async function startsExpanded(client: DavClient, calendar: string, year: number): Promise<Map<string, string[]>> {
  const range = `start="${year - 1}0101T000000Z" end="${year + 1}1231T000000Z"`;
  const { responses } = await client.multistatus('REPORT', calendar, {
    depth: 1,
    headers: { 'content-type': 'application/xml' },
    body: `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data><C:expand ${range}/></C:calendar-data></D:prop>
      <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>`,
  });
  const found = new Map<string, string[]>();
  for (const { props } of responses)
    for (const [, vevent = ''] of (props.get(CAL('calendar-data'))?.text ?? '').matchAll(/BEGIN:VEVENT([\s\S]*?)END:VEVENT/g)) {
      const [, uid = ''] = /^UID:(.*?)\r?$/m.exec(vevent) ?? [];
      const [, start = ''] = /^DTSTART[^:]*:(.*?)\r?$/m.exec(vevent) ?? [];
      found.set(uid, [...(found.get(uid) ?? []), extended(start)].sort());
    }
  return found;
}

function extended(start: string): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z)?$/.exec(start) ?? [];
  return hour === undefined ? `${year}-${month}-${day}` : `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
}

function isOnce(start: string, zone: string): boolean {
  if (!start.includes('T')) return true;
  const local = Temporal.Instant.from(start).toZonedDateTimeISO(zone).toPlainDateTime();
  const [first, second] = (['earlier', 'later'] as const).map((disambiguation) =>
    local.toZonedDateTime(zone, { disambiguation }),
  );
  return first?.epochMilliseconds === second?.epochMilliseconds;
}

interface Home {
  readonly client: DavClient;
  readonly calendar: string;
  readonly phones: readonly EasPhone[];
}

async function homeIn(zone: string, index: number): Promise<Home> {
  const address = `zone${index}@example.test`;
  await server.live(address, zone);
  const phones = await Promise.all(
    ['14.1', '16.1'].map((version) => server.phone(address, { version, deviceId: `z${index}v${version.replace('.', '')}` })),
  );
  return { client: await server.client(address), calendar: `/dav/calendars/${address}/calendar/`, phones };
}

const textOf = (zone: string, edge: Temporal.ZonedDateTime, made: Made): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Test//EN',
    ...vtimezone(zone, edge.toInstant()),
    ...made.lines.flat(),
    'END:VCALENDAR',
    '',
  ].join('\r\n');

async function put({ client, calendar }: Home, uid: string, text: string): Promise<void> {
  const { status, text: said } = await client.request('PUT', `${calendar}${uid}.ics`, {
    body: text,
    headers: { 'content-type': 'text/calendar' },
  });
  assert.equal(status, 201, said);
}

async function texts({ client, calendar }: Home, uids: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const uid of uids)
    for (const entry of startsInText((await client.request('GET', `${calendar}${uid}.ics`)).text)) found.set(...entry);
  return found;
}

/** Adds the weekly series again on a phone, as it shows it; the text is found by its subject. */
async function addedAgain(phone: EasPhone, uid: string): Promise<string> {
  const folder = phone.folder(8);
  const shown = [...folder.items.values()].find((item) => item.text('Calendar:UID') === uid);
  assert.ok(shown);
  const kept = ['Timezone', 'AllDayEvent', 'StartTime', 'EndTime', 'Recurrence', 'BusyStatus'].map((name) => `Calendar:${name}`);
  const again = `${uid}-again-${phone.version.replace('.', '')}`;
  const isModern = phone.version.startsWith('16');
  phone.add(
    folder,
    ...shown.kids.filter(({ name }) => kept.includes(name)),
    t('Calendar:Subject', again),
    isModern ? t('Calendar:ClientUid', again) : t('Calendar:UID', again),
  );
  const { outcomes } = await phone.syncAll(folder);
  for (const { status } of outcomes.values()) assert.equal(status, '1');
  return again;
}

describe('an event is at the same time for every client', { concurrency: 2 }, () => {
  for (const [index, [zone, year]] of ZONES.entries())
    test(`${zone} ${year}`, async () => {
      const home = await homeIn(zone, index);
      const edges = edgesOf(zone, year);
      const made = edges.flatMap((edge, at) => eventsAt(zone, edge, `e${at}`).map((one) => ({ edge, one })));
      const expected = new Map(made.map(({ one }) => [one.uid, one.starts]));
      for (const { edge, one } of made) await put(home, one.uid, textOf(zone, edge, one));
      // Of a time that comes twice ical.js takes the second one, against RFC 5545 §3.3.5.
      const certain = [...expected].filter(([, starts]) => starts.every((start) => isOnce(start, zone)));
      for (const [uid, starts] of certain) assert.deepEqual((await texts(home, [uid])).get(uid), starts, `${uid} by the text`);
      for (const phone of home.phones) {
        await phone.syncAll(phone.folder(8));
        const items = [...phone.folder(8).items.values()];
        for (const [uid, starts] of expected) {
          const item = items.find((one) => one.text('Calendar:UID') === uid);
          assert.deepEqual(item && startsOnPhone(item, phone.version), starts, `${uid} on ${phone.version}`);
        }
      }
      const expanded = await startsExpanded(home.client, home.calendar, year);
      for (const [uid, starts] of expected) assert.deepEqual(expanded.get(uid), starts, `${uid} expanded by the gateway`);
      await checkAdded(home, zone, edges, year);
    });
});

/** What phones add is where they said, for everybody else. */
async function checkAdded(home: Home, zone: string, edges: readonly Temporal.ZonedDateTime[], year: number): Promise<void> {
  for (const phone of home.phones)
    for (const [at, edge] of edges.entries()) {
      const again = [await addedAgain(phone, `e${at}-weekly`), await addedAgain(phone, `e${at}-alldays`)];
      const expanded = await startsExpanded(home.client, home.calendar, year);
      const [day, first] = [
        edge.toPlainDate(),
        Temporal.PlainDateTime.from(`${edge.toPlainDate().subtract({ days: 14 })}T09:30`),
      ];
      const weekly = [0, 1, 2, 3, 4].map((weeks) => iso(instantOf(first.add({ weeks }), zone)));
      assert.deepEqual(expanded.get(again[0] ?? ''), weekly, `${again[0]} added by ${phone.version}`);
      const days = [-7, 0, 7, 14].map((step) => String(day.add({ days: step })));
      assert.deepEqual(expanded.get(again[1] ?? ''), days, `${again[1]} added by ${phone.version}`);
    }
}
