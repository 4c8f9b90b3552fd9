import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, type PhoneFolder, type Tag, t } from '../support/eas-phone.js';
import { BERLIN, edited, event } from '../support/eas-phone-items.js';
import { type DavHome, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
before(async () => {
  world = await startWorld();
});

const ics = (...lines: readonly string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//desk//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const berlin = [
  'BEGIN:VTIMEZONE', 'TZID:Europe/Berlin', 'BEGIN:DAYLIGHT', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'TZNAME:CEST', 'DTSTART:19700329T020000',
  'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU', 'END:DAYLIGHT', 'BEGIN:STANDARD', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100', 'TZNAME:CET',
  'DTSTART:19701025T030000', 'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU', 'END:STANDARD', 'END:VTIMEZONE',
]; // biome-ignore format: lines
const vevent = (uid: string, ...lines: readonly string[]): string[] => [
  'BEGIN:VEVENT',
  `UID:${uid}`,
  'DTSTAMP:20270101T000000Z',
  ...lines,
  'END:VEVENT',
];

interface Scene {
  readonly phone: EasPhone;
  readonly calendar: PhoneFolder;
  readonly dav: DavHome;
  /** The only object of the calendar, unfolded. */
  stored(): Promise<string>;
  /** Puts an object and gives the item that the phone then has. */
  shown(text: string): Promise<[id: string, item: Tag]>;
}

let scenes = 0;
async function scene(version: string): Promise<Scene> {
  const user = `cal${++scenes}`;
  const [phone, dav] = [await world.phone(user, { version, deviceId: user }), await world.dav(user)];
  const calendar = phone.folder(8);
  await phone.syncAll(calendar);
  return {
    phone,
    calendar,
    dav,
    stored: async () => {
      const objects = [...(await dav.list(dav.calendar)).values()];
      assert.equal(objects.length, 1);
      return objects[0]!.text.replace(/\r\n[ \t]/g, '');
    },
    shown: async (text) => {
      await dav.put(`${dav.calendar}object.ics`, text);
      await phone.syncAll(calendar);
      const items = [...calendar.items];
      assert.equal(items.length, 1);
      return items[0]!;
    },
  };
}

const recurrence = (...parts: readonly [name: string, value: string | number][]): Tag =>
  t(
    'Calendar:Recurrence',
    parts.map(([name, value]) => t(`Calendar:${name}`, value)),
  );
const facts = (tag: Tag | undefined): Record<string, string> =>
  Object.fromEntries((tag?.kids ?? []).map((kid) => [kid.local, typeof kid.value === 'string' ? kid.value : '']));
const linesOf = (text: string, name: RegExp): string[] => text.split('\r\n').filter((line) => name.test(line));

/** EAS patterns and the RRULE that says the same (MS-ASCAL Recurrence, RFC 5545 §3.3.10). */
const PATTERNS: readonly [what: string, eas: readonly [string, string | number][], rrule: string, start?: string][] = [
  ['every second day, five times', [['Type', 0], ['Interval', 2], ['Occurrences', 5]], 'FREQ=DAILY;INTERVAL=2;COUNT=5'],
  ['Mondays and Wednesdays', [['Type', 1], ['Interval', 1], ['DayOfWeek', 10]], 'FREQ=WEEKLY;BYDAY=MO,WE'],
  ['the 15th of each month', [['Type', 2], ['Interval', 1], ['DayOfMonth', 15]], 'FREQ=MONTHLY;BYMONTHDAY=15', '20270315'],
  ['the last Friday of each month', [['Type', 3], ['Interval', 1], ['DayOfWeek', 32], ['WeekOfMonth', 5]], 'FREQ=MONTHLY;BYDAY=-1FR', '20270326'],
  ['the second Tuesday of a quarter', [['Type', 3], ['Interval', 3], ['DayOfWeek', 4], ['WeekOfMonth', 2]], 'FREQ=MONTHLY;INTERVAL=3;BYDAY=2TU', '20270309'],
  ['every 24 December', [['Type', 5], ['Interval', 1], ['DayOfMonth', 24], ['MonthOfYear', 12]], 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24', '20271224'],
  ['the fourth Thursday of November', [['Type', 6], ['Interval', 1], ['DayOfWeek', 16], ['WeekOfMonth', 4], ['MonthOfYear', 11]], 'FREQ=YEARLY;BYMONTH=11;BYDAY=4TH', '20271125'],
]; // biome-ignore format: a table

describe('recurrence', { concurrency: false }, () => {
  for (const version of ['14.1', '16.1']) {
    test(`patterns of a phone are the rules of CalDAV, and back (${version})`, async () => {
      const { phone, calendar, dav } = await scene(version);
      for (const [what, eas, rrule, day = '20270301'] of PATTERNS) {
        const id = phone.add(
          calendar,
          ...event(version, { subject: what, start: `${day}T090000Z`, end: `${day}T100000Z` }),
          recurrence(...eas),
        );
        const { outcomes } = (await phone.sync([calendar])).collections.get(calendar.id)!;
        assert.equal(outcomes.get(id)?.status, '1', what);
        const text =
          [...(await dav.list(dav.calendar)).values()]
            .map((object) => object.text)
            .find((one) => one.includes(`SUMMARY:${what.replace(',', '\\,')}`)) ?? '';
        const parts = (rule: string) =>
          rule
            .split(';')
            .filter((part) => part !== 'INTERVAL=1' && !part.startsWith('WKST'))
            .sort();
        const [line = ''] = linesOf(text.slice(text.indexOf('BEGIN:VEVENT')), /^RRULE:/);
        assert.deepEqual(parts(line.slice(6)), parts(rrule), what);
      }
      const other = await world.phone(`cal${scenes}`, { version, deviceId: `other${scenes}` });
      const fresh = other.folder(8);
      await other.syncAll(fresh);
      for (const [what, eas] of PATTERNS) {
        const item = [...fresh.items.values()].find((one) => one.text('Calendar:Subject') === what);
        const shown = facts(item?.child('Calendar:Recurrence'));
        for (const [name, value] of eas) assert.equal(shown[name], String(value), `${what}: ${name}`);
      }
    });
  }

  test('a weekly event stays at its hour when summer time begins', async () => {
    const { phone, calendar, stored } = await scene('16.1');
    const date = { start: '20270322T090000Z', end: '20270322T100000Z' };
    phone.add(
      calendar,
      ...event('16.1', { subject: 'ten in Berlin', ...date }),
      recurrence(['Type', 1], ['Interval', 1], ['DayOfWeek', 2]),
    );
    await phone.sync([calendar]);
    const text = await stored();
    const [line = ''] = linesOf(text.slice(text.indexOf('BEGIN:VEVENT')), /^DTSTART/);
    assert.match(line, /^DTSTART;TZID=.*:20270322T100000$/);
    assert.match(text, /^BEGIN:VTIMEZONE\r$/m);
  });

  test('exceptions of CalDAV are shown by their original start', async () => {
    const series = vevent(
      's',
      'DTSTART;TZID=Europe/Berlin:20270322T100000',
      'DTEND;TZID=Europe/Berlin:20270322T110000',
      'SUMMARY:Series',
      'RRULE:FREQ=WEEKLY;COUNT=6',
      'EXDATE;TZID=Europe/Berlin:20270405T100000',
    );
    const moved = vevent(
      's',
      'RECURRENCE-ID;TZID=Europe/Berlin:20270329T100000',
      'DTSTART;TZID=Europe/Berlin:20270330T150000',
      'DTEND;TZID=Europe/Berlin:20270330T160000',
      'SUMMARY:Moved',
    );
    const text = ics(...berlin, ...series, ...moved);
    for (const [version, key] of [
      ['14.1', 'Calendar:ExceptionStartTime'],
      ['16.1', 'AirSyncBase:InstanceId'],
    ] as const) {
      const { shown } = await scene(version);
      const [, item] = await shown(text);
      const exceptions = new Map(item.child('Calendar:Exceptions')!.kids.map((one) => [one.text(key), one]));
      assert.deepEqual(
        [...exceptions.keys()].sort(),
        ['20270329T080000Z', '20270405T080000Z'],
        'ten in Berlin is eight UTC in summer',
      );
      assert.equal(exceptions.get('20270405T080000Z')?.text('Calendar:Deleted'), '1');
      const other = exceptions.get('20270329T080000Z');
      assert.equal(other?.text('Calendar:Subject'), 'Moved');
      assert.equal(other?.text('Calendar:StartTime'), '20270330T130000Z');
    }
  });

  test('a 14.1 phone deletes and moves occurrences with Exceptions', async () => {
    const { phone, calendar, stored } = await scene('14.1');
    const date = { start: '20270301T090000Z', end: '20270301T100000Z' };
    phone.add(
      calendar,
      ...event('14.1', { subject: 'Weekly', ...date }),
      recurrence(['Type', 1], ['Interval', 1], ['DayOfWeek', 2], ['Occurrences', 5]),
    );
    await phone.sync([calendar]);
    const [[id, item]] = [...calendar.items] as [[string, Tag]];
    const exceptions = t(
      'Calendar:Exceptions',
      t('Calendar:Exception', t('Calendar:Deleted', 1), t('Calendar:ExceptionStartTime', '20270308T090000Z')),
      t(
        'Calendar:Exception',
        t('Calendar:ExceptionStartTime', '20270315T090000Z'),
        t('Calendar:StartTime', '20270316T130000Z'),
        t('Calendar:EndTime', '20270316T140000Z'),
        t('Calendar:Subject', 'Tuesday for once'),
      ),
    );
    phone.change(calendar, id, ...edited('14.1', item, exceptions));
    await phone.sync([calendar]);
    const text = await stored();
    assert.match(text, /^EXDATE;TZID=.*:20270308T100000\r$/m);
    assert.match(text, /^RECURRENCE-ID;TZID=.*:20270315T100000\r$/m);
    assert.match(text, /^DTSTART;TZID=.*:20270316T140000\r$/m);
    assert.match(text, /^SUMMARY:Tuesday for once\r$/m);
    assert.equal(linesOf(text, /^BEGIN:VEVENT/).length, 2);
    assert.equal(new Set(linesOf(text, /^UID:/)).size, 1);
  });

  test('a 16.1 phone deletes and changes occurrences by InstanceId', async () => {
    const { phone, calendar, stored } = await scene('16.1');
    const date = { start: '20270301T090000Z', end: '20270301T100000Z' };
    phone.add(
      calendar,
      ...event('16.1', { subject: 'Weekly', ...date }),
      recurrence(['Type', 1], ['Interval', 1], ['DayOfWeek', 2], ['Occurrences', 5]),
    );
    await phone.sync([calendar]);
    const [id] = [...calendar.items.keys()] as [string];
    calendar.pending.push({ kind: 'Delete', id, instance: '20270308T090000Z', data: undefined });
    const { outcomes } = (await phone.sync([calendar])).collections.get(calendar.id)!;
    assert.equal(outcomes.get(id)?.status, '1', 'occurrences get a response (MS-ASCMD Responses)');
    calendar.pending.push({
      kind: 'Change',
      id,
      instance: '20270315T090000Z',
      data: t('AirSync:ApplicationData', t('Calendar:Subject', 'Only this one')),
    });
    assert.equal((await phone.sync([calendar])).collections.get(calendar.id)?.outcomes.get(id)?.status, '1');
    const text = await stored();
    assert.match(text, /^EXDATE;TZID=.*:20270308T100000\r$/m);
    assert.match(text, /^RECURRENCE-ID;TZID=.*:20270315T100000\r$/m);
    assert.match(text, /^SUMMARY:Only this one\r$/m);
    assert.match(text, /^SUMMARY:Weekly\r$/m);
    assert.equal(calendar.items.has(id), true);
  });

  test('a rule that ActiveSync cannot say is shown and survives a rename', async () => {
    const rule = 'RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15;BYSETPOS=1;COUNT=9';
    const { phone, calendar, shown, stored } = await scene('16.1');
    const [id, item] = await shown(ics(...vevent('odd', 'DTSTART:20270301T090000Z', 'DURATION:PT1H', 'SUMMARY:Odd', rule)));
    assert.equal(item.text('Calendar:Subject'), 'Odd');
    phone.change(calendar, id, t('Calendar:Subject', 'Even'));
    await phone.sync([calendar]);
    const text = await stored();
    assert.ok(text.includes(`${rule}\r\n`) && text.includes('SUMMARY:Even\r\n'));
  });
});

describe('whole days', { concurrency: false }, () => {
  test('from 16.0 on they are floating dates without a time zone', async () => {
    const { phone, calendar, stored, dav } = await scene('16.1');
    phone.add(
      calendar,
      t('Calendar:AllDayEvent', 1),
      t('Calendar:StartTime', '20270401T000000Z'),
      t('Calendar:EndTime', '20270403T000000Z'),
      t('Calendar:Subject', 'Two days'),
      t('Calendar:ClientUid', 'days-1'),
      t('Calendar:BusyStatus', 0),
    );
    await phone.sync([calendar]);
    const text = await stored();
    assert.match(text, /^DTSTART;VALUE=DATE:20270401\r$/m);
    assert.match(text, /^DTEND;VALUE=DATE:20270403\r$/m);
    const other = await world.phone(dav.calendar.match(/cal\d+/)![0], { version: '16.1', deviceId: 'days' });
    await other.syncAll(other.folder(8));
    const [item] = [...other.folder(8).items.values()] as [Tag];
    assert.deepEqual(
      [
        item.text('Calendar:AllDayEvent'),
        item.text('Calendar:StartTime'),
        item.text('Calendar:EndTime'),
        item.child('Calendar:Timezone'),
      ],
      ['1', '20270401T000000Z', '20270403T000000Z', undefined],
    );
  });

  test('up to 14.1 they are midnights of the phone’s zone', async () => {
    const { phone, calendar, stored } = await scene('14.1');
    phone.add(
      calendar,
      t('Calendar:Timezone', BERLIN),
      t('Calendar:AllDayEvent', 1),
      t('Calendar:DtStamp', '20270101T000000Z'),
      t('Calendar:StartTime', '20270331T220000Z'),
      t('Calendar:EndTime', '20270401T220000Z'),
      t('Calendar:Subject', 'One day'),
      t('Calendar:UID', 'day-141'),
      t('Calendar:BusyStatus', 0),
    );
    await phone.sync([calendar]);
    const text = await stored();
    assert.match(text, /^DTSTART;VALUE=DATE:20270401\r$/m);
    assert.match(text, /^(DTEND;VALUE=DATE:20270402|DURATION:P1D)\r$/m);
    assert.match(text, /^UID:day-141\r$/m);
  });

  test('a date of CalDAV is the same day on every phone', async () => {
    for (const version of ['14.1', '16.0', '16.1']) {
      const { shown } = await scene(version);
      const [, item] = await shown(ics(...vevent('d', 'DTSTART;VALUE=DATE:20270704', 'SUMMARY:Day')));
      assert.equal(item.text('Calendar:AllDayEvent'), '1');
      const [start, end] = ['Calendar:StartTime', 'Calendar:EndTime'].map((name) =>
        item.text(name)!.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'),
      );
      assert.equal(Date.parse(end!) - Date.parse(start!), 86_400_000);
      const bias = version === '14.1' ? Buffer.from(item.text('Calendar:Timezone') ?? '', 'base64').readInt32LE(0) : 0;
      assert.equal(new Date(Date.parse(start!) - bias * 60_000).toISOString().slice(0, 10), '2027-07-04', version);
    }
  });
});

describe('what is odd does no harm', { concurrency: false }, () => {
  const ODD: readonly [what: string, lines: readonly string[]][] = [
    ['no summary', ['DTSTART:20270301T090000Z']],
    ['an end before its start', ['DTSTART:20270301T090000Z', 'DTEND:20270301T080000Z', 'SUMMARY:Backwards']],
    ['an unknown zone', ['DTSTART;TZID=Mars/Phobos:20270301T090000', 'DURATION:PT1H', 'SUMMARY:Far']],
    ['floating times', ['DTSTART:20270301T090000', 'DTEND:20270301T100000', 'SUMMARY:Floating']],
    ['a rule of every second', ['DTSTART:20270301T090000Z', 'RRULE:FREQ=SECONDLY', 'SUMMARY:Busy']],
    ['a rule that never comes true', ['DTSTART:20270301T090000Z', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'SUMMARY:Never']],
    ['the year 9999', ['DTSTART:99991231T235959Z', 'SUMMARY:Late']],
    ['the year 1600', ['DTSTART:16000101T000000Z', 'SUMMARY:Early']],
    ['a description of a megabyte', ['DTSTART:20270301T090000Z', 'SUMMARY:Long', `DESCRIPTION:${'long '.repeat(200_000)}`]],
    ['control characters', ['DTSTART:20270301T090000Z', 'SUMMARY:Bell \u0007 and \u000b']],
    [
      'an alarm at no time',
      [
        'DTSTART:20270301T090000Z',
        'SUMMARY:Alarm',
        'BEGIN:VALARM',
        'ACTION:DISPLAY',
        'TRIGGER;VALUE=DATE-TIME:19700101T000000Z',
        'DESCRIPTION:x',
        'END:VALARM',
      ],
    ],
    [
      'an attendee without an address',
      ['DTSTART:20270301T090000Z', 'SUMMARY:Guest', 'ORGANIZER:mailto:x@example.org', 'ATTENDEE;CN=Nobody:urn:uuid:1'],
    ],
    [
      'a thousand attendees',
      [
        'DTSTART:20270301T090000Z',
        'SUMMARY:Crowd',
        'ORGANIZER:mailto:x@example.org',
        ...Array.from({ length: 1000 }, (_, n) => `ATTENDEE;CN=P${n}:mailto:p${n}@example.org`),
      ],
    ],
  ];

  for (const version of ['14.1', '16.1']) {
    test(`each object is stored or refused, and the phone still gets all the others (${version})`, async (context) => {
      const { phone, calendar, dav } = await scene(version);
      const stored: string[] = [];
      for (const [n, [what, lines]] of ODD.entries()) {
        const { status } = await dav.client.request('PUT', `${dav.calendar}odd${n}.ics`, {
          body: ics(...vevent(`odd${n}`, ...lines)),
          headers: { 'content-type': 'text/calendar' },
        });
        assert.ok(status < 500, `${what}: ${status}`);
        if (status < 300) stored.push(what);
      }
      await dav.put(
        `${dav.calendar}plain.ics`,
        ics(...vevent('plain', 'DTSTART:20270301T090000Z', 'DURATION:PT1H', 'SUMMARY:Plain')),
      );
      await phone.syncAll(calendar);
      context.diagnostic(`stored: ${stored.join(', ')}; on the phone: ${calendar.items.size}`);
      assert.ok([...calendar.items.values()].some((item) => item.text('Calendar:Subject') === 'Plain'));
      assert.ok(calendar.items.size >= stored.length - 1, `${calendar.items.size} of ${stored.length + 1}`);
    });
  }
});
