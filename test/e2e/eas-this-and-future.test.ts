import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CAL } from '../support/dav-client.js';
import { calendarPath } from '../support/dav-data.js';
import { t } from '../support/eas-phone.js';
import { edited } from '../support/eas-phone-items.js';
import { happeningsOnPhone } from '../support/phone-series.js';
import { type PimServer, startPimServer } from '../support/pim-server.js';
import { happenings, type RangeSeries, rangeSeries, textOf } from '../support/range-series.js';

/** The same cases in each run; RANGE_SEED gives others. */
const SEED = Number(process.env.RANGE_SEED ?? 20261123);
const ZONE = 'Europe/Berlin';
const VERSIONS = ['2.5', '12.1', '14.1', '16.0', '16.1'];
const compact = (instant: number) => new Date(instant).toISOString().replace(/[-:]|\.000/g, '');

/** Without days (their form differs by client) and without times that clocks skip (phones have them an hour later). */
const SERIES = fc
  .sample(
    rangeSeries().filter(({ start, kind }) => start.hour !== 2 && (kind === 'zoned' || kind === 'utc')),
    { seed: SEED, numRuns: 24 },
  )
  .map((series, index) => ({ uid: `series-${index}`, series }));

describe('what follows an occurrence that was changed with all later ones (RFC 5545 §3.2.13)', { concurrency: false }, () => {
  let server: PimServer;
  before(async () => {
    server = await startPimServer();
  });
  after(() => server.close());

  async function home(name: string) {
    const address = `${name}@example.test`;
    await server.live(address, ZONE);
    const path = calendarPath(address, 'calendar');
    const dav = await server.client(address);
    const put = async (uid: string, text: string) => {
      const { status, text: said } = await dav.request('PUT', `${path}${uid}.ics`, {
        body: text,
        headers: { 'content-type': 'text/calendar' },
      });
      assert.equal(status, 201, said);
    };
    const phone = (version: string) => server.phone(address, { version, deviceId: `${name}${version.replace('.', '')}` });
    return { address, path, dav, put, phone };
  }
  type Home = Awaited<ReturnType<typeof home>>;

  const told = (all: readonly { start: number; summary: string }[]) =>
    all.map(({ start, summary }) => `${new Date(start).toISOString()} ${summary}`).sort();

  /** What CalDAV `expand` gives (RFC 4791 §9.6.5), by UID. */
  async function expanded({ dav, path }: Home): Promise<Map<string, string[]>> {
    const { responses } = await dav.multistatus('REPORT', path, {
      depth: 1,
      headers: { 'content-type': 'application/xml' },
      body: `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data>
        <C:expand start="20250101T000000Z" end="20310101T000000Z"/></C:calendar-data></D:prop>
        <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>`,
    });
    const found = new Map<string, string[]>();
    for (const { props } of responses)
      for (const [, vevent = ''] of (props.get(CAL('calendar-data'))?.text ?? '').matchAll(/BEGIN:VEVENT([\s\S]*?)END:VEVENT/g)) {
        const line = (name: string) => new RegExp(`^${name}[^:]*:(.*?)\\r?$`, 'm').exec(vevent)?.[1] ?? '';
        const start = Date.parse(line('DTSTART').replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));
        found.set(line('UID'), [...(found.get(line('UID')) ?? []), ...told([{ start, summary: line('SUMMARY') }])].sort());
      }
    return found;
  }

  /** When somebody is busy by free-busy-query (RFC 4791 §7.10). */
  async function busy({ dav, path }: Home): Promise<readonly (readonly [number, number])[]> {
    const { text } = await dav.request('REPORT', path, {
      headers: { 'content-type': 'application/xml', depth: '1' },
      body: `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">
        <C:time-range start="20260101T000000Z" end="20301231T000000Z"/></C:free-busy-query>`,
    });
    const at = (stamp: string) => Date.parse(stamp.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));
    const lines = text.replace(/\r\n[ \t]/g, '').match(/^FREEBUSY[^:]*:.*$/gm) ?? [];
    return lines.flatMap((one) =>
      one
        .slice(one.indexOf(':') + 1)
        .trim()
        .split(',')
        .map((period) => period.split('/').map(at) as [number, number]),
    );
  }

  test('is the same for phones of each version, CalDAV expand and an expander of its own', async () => {
    const one = await home('views');
    for (const { uid, series } of SERIES) await one.put(uid, textOf(series, uid));
    const wanted = new Map(SERIES.map(({ uid, series }) => [uid, told(happenings(series, ZONE))]));
    const present = [...wanted].filter(([, all]) => all.length > 0);
    const seen = await expanded(one);
    for (const [uid, all] of present) assert.deepEqual(seen.get(uid), all, `${uid} by expand`);
    for (const version of VERSIONS) {
      const phone = await one.phone(version);
      const folder = phone.folder(8);
      await phone.syncAll(folder);
      const items = new Map([...folder.items.values()].map((item) => [item.text('Calendar:UID'), item]));
      for (const [uid, all] of present) {
        const item = items.get(uid);
        assert.ok(item, `${uid} on ${version}`);
        assert.deepEqual(told(happeningsOnPhone(item, version)), all, `${uid} on ${version}`);
      }
    }
  });

  test('makes somebody busy then, and then alone', async () => {
    const [{ uid, series }] = SERIES.filter(({ series: each }) => happenings(each, ZONE).length > 5) as [
      { uid: string; series: RangeSeries },
    ];
    const one = await home('busy');
    await one.put(uid, textOf(series, uid));
    const periods = await busy(one);
    const all = happenings(series, ZONE);
    for (const { start, end } of all) assert.ok(periods.some(([from, to]) => from <= start && to >= end));
    for (const [from] of periods)
      assert.ok(
        all.some(({ start }) => start === from),
        new Date(from).toISOString(),
      );
  });

  for (const version of ['14.1', '16.1'])
    test(`${version}: one of them renamed, one deleted on a phone: the others stay as they are for everybody`, async () => {
      const one = await home(`edits${version.replace('.', '')}`);
      await one.put(
        'weekly',
        [
          'BEGIN:VCALENDAR',
          'VERSION:2.0',
          'PRODID:-//test//EN',
          ...['BEGIN:VEVENT', 'UID:weekly', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=Europe/Berlin:20270104T090000'],
          ...['DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=8', 'SUMMARY:early', 'END:VEVENT'],
          ...['BEGIN:VEVENT', 'UID:weekly', 'DTSTAMP:20260101T000000Z'],
          ...['RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20270118T090000'],
          ...['DTSTART;TZID=Europe/Berlin:20270119T140000', 'DURATION:PT2H', 'SUMMARY:late', 'X-ROOM:7', 'END:VEVENT'],
          'END:VCALENDAR',
          '',
        ].join('\r\n'),
      );
      const phone = await one.phone(version);
      const folder = phone.folder(8);
      await phone.syncAll(folder);
      const [[id, item]] = [...folder.items] as [[string, NonNullable<ReturnType<typeof folder.items.get>>]];
      // The first of them, and one in the middle.
      const [first, third] = [Date.UTC(2027, 0, 18, 8), Date.UTC(2027, 1, 1, 8)].map(compact) as [string, string];
      if (version === '16.1') {
        const data = t('AirSync:ApplicationData', t('Calendar:Subject', 'mine'));
        folder.pending.push({ kind: 'Change', id, instance: first, data });
        folder.pending.push({ kind: 'Delete', id, instance: third, data: undefined });
      } else {
        const exceptions = item.child('Calendar:Exceptions')?.all('Calendar:Exception') ?? [];
        const key = (at: string) => t('Calendar:ExceptionStartTime', at);
        const changed = exceptions.map((exception) => {
          const at = exception.text('Calendar:ExceptionStartTime') ?? '';
          if (at === third) return t('Calendar:Exception', t('Calendar:Deleted', 1), key(at));
          if (at !== first) return exception;
          return t(
            'Calendar:Exception',
            ...exception.kids.filter(({ local }) => local !== 'Subject'),
            t('Calendar:Subject', 'mine'),
          );
        });
        phone.change(folder, id, ...edited(version, item, t('Calendar:Exceptions', ...changed)));
      }
      await phone.syncAll(folder);
      const late = (week: number) => Date.UTC(2027, 0, 5 + 7 * week, 13);
      const wanted = told([
        ...[0, 1].map((week) => ({ start: Date.UTC(2027, 0, 4 + 7 * week, 8), summary: 'early' })),
        { start: late(2), summary: 'mine' },
        ...[3, 5, 6, 7].map((week) => ({ start: late(week), summary: 'late' })),
      ]);
      assert.deepEqual((await expanded(one)).get('weekly'), wanted);
      const { text } = await one.dav.request('GET', `${one.path}weekly.ics`);
      assert.equal(text.match(/X-ROOM:7/g)?.length, 2, 'what the phone does not know came along');
      assert.equal(text.match(/RANGE=THISANDFUTURE/g)?.length, 1);
      for (const other of VERSIONS) {
        const next = await server.phone(one.address, { version: other, deviceId: `next${other.replace('.', '')}` });
        await next.syncAll(next.folder(8));
        const [shown] = [...next.folder(8).items.values()];
        assert.ok(shown);
        assert.deepEqual(told(happeningsOnPhone(shown, other)), wanted, other);
      }
    });
});
