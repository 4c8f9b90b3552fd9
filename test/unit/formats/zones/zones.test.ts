import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tzlib_get_ical_block, tzlib_get_offset } from 'timezones-ical-library';
import { parseContentLines } from '../../../../src/formats/content-lines.js';
import { timeOf, zonedTime } from '../../../../src/formats/ical/values.js';
import { vtimezoneText, ZoneTable, zoneOfVtimezone } from '../../../../src/formats/ical/zones.js';
import { WINDOWS_ZONES } from '../../../../src/formats/zones/windows.js';
import { ianaOfTzid, ianaOfWindows, ianaZone, windowsName } from '../../../../src/formats/zones.js';
import { cpu } from '../../../support/cpu.js';

const iso = (instant: number) => new Date(instant).toISOString().slice(0, 16);

describe('names of zones', () => {
  const names: Record<string, string | null> = {
    'Europe/Berlin': 'Europe/Berlin',
    'europe/berlin': 'Europe/Berlin',
    'Europe/Kiev': 'Europe/Kyiv',
    'Europe/Kyiv': 'Europe/Kyiv',
    'Asia/Calcutta': 'Asia/Kolkata',
    'America/Ciudad_Juarez': 'America/Ciudad_Juarez',
    'US/Eastern': 'America/New_York',
    UTC: 'Etc/UTC',
    'Etc/GMT': 'Etc/UTC',
    '/freeassociation.sourceforge.net/Tzfile/Europe/Berlin': 'Europe/Berlin',
    '/freeassociation.sourceforge.net/America/Argentina/Ushuaia': 'America/Argentina/Ushuaia',
    '/mozilla.org/20050126_1/Europe/Berlin': 'Europe/Berlin',
    'W. Europe Standard Time': 'Europe/Berlin',
    'w. europe standard time': 'Europe/Berlin',
    '(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna': 'Europe/Berlin',
    '(GMT+01.00) Belgrade, Bratislava, Budapest, Ljubljana, Prague': 'Europe/Budapest',
    '(UTC-05:00) Eastern Time (US & Canada)': 'America/New_York',
    '(UTC) Coordinated Universal Time': 'Etc/UTC',
    'Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London': 'Europe/London',
    '(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi': 'Asia/Shanghai',
    'tzone://Microsoft/Utc': 'Etc/UTC',
    'tzone://Microsoft/Custom': null,
    'Customized Time Zone': null,
    'Customized Time Zone 1': null,
    '(UTC+09:00) Nowhere': null,
    '+01:00': null,
    '': null,
    '///': null,
    'My zone': null,
    constructor: null,
    '(UTC) __proto__, x': null,
  };
  for (const [tzid, expected] of Object.entries(names)) test(tzid || 'nothing', () => assert.equal(ianaOfTzid(tzid), expected));

  test('a name of ten thousand characters, and many unknown names', () => {
    assert.equal(ianaOfTzid('a/'.repeat(5000)), null);
    for (let at = 0; at < 5000; at++) assert.equal(ianaOfTzid(`Foo/Bar${at}`), null);
  });

  test('Windows names and back', () => {
    assert.equal(windowsName('Europe/Kyiv'), 'FLE Standard Time');
    assert.equal(windowsName('Europe/Kiev'), 'FLE Standard Time');
    assert.equal(windowsName('America/Ciudad_Juarez'), 'Mountain Standard Time');
    assert.equal(windowsName('Asia/Kolkata'), 'India Standard Time');
    assert.equal(windowsName('UTC'), 'UTC');
    assert.equal(windowsName('Europe/Nowhere'), null);
    assert.equal(ianaOfWindows('Kamchatka Standard Time'), 'Asia/Kamchatka');
    for (const [windows, list] of WINDOWS_ZONES) {
      const main = ianaOfWindows(windows);
      assert.ok(main && ianaZone(main), windows);
      assert.equal(windowsName(main), windows);
      for (const name of list.split(' ')) assert.ok(ianaZone(name), name);
    }
  });
});

describe('offsets', () => {
  const berlin = ianaZone('Europe/Berlin')!;

  test('the gap is read with the offset before it, the repeated hour means its first time (RFC 5545 §3.3.5)', () => {
    assert.equal(iso(berlin.toInstant(Date.UTC(2026, 2, 29, 2, 30))), '2026-03-29T01:30');
    assert.equal(berlin.exists(Date.UTC(2026, 2, 29, 2, 30)), false);
    assert.equal(berlin.exists(Date.UTC(2026, 2, 29, 3, 0)), true);
    assert.equal(iso(berlin.toInstant(Date.UTC(2026, 9, 25, 2, 30))), '2026-10-25T00:30');
    assert.equal(iso(berlin.toInstant(Date.UTC(2026, 9, 25, 3, 0))), '2026-10-25T02:00');
  });

  test('before 1970, before 1800, in year 9999', () => {
    assert.equal(berlin.offsetAt(Date.UTC(1943, 6, 1)), 7_200_000);
    assert.equal(berlin.offsetAt(Date.UTC(1700, 6, 1)), 3_208_000);
    assert.equal(berlin.offsetAt(Date.UTC(9999, 6, 1)), 7_200_000);
    assert.equal(berlin.offsetAt(Date.UTC(9999, 11, 31)), 3_600_000);
    assert.equal(iso(ianaZone('Pacific/Apia')!.toInstant(Date.UTC(2011, 11, 31))), '2011-12-30T10:00');
  });

  test('beyond all dates', () => {
    assert.equal(berlin.offsetAt(Number.NEGATIVE_INFINITY), 3_208_000);
    assert.ok(Number.isFinite(berlin.offsetAt(Number.POSITIVE_INFINITY)));
    assert.ok(Number.isFinite(berlin.toInstant(1e18)));
  });

  test('the same as Intl, over years and zones', () => {
    for (const name of [
      'Europe/Berlin',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'Asia/Tehran',
      'Antarctica/Troll',
    ]) {
      const zone = ianaZone(name)!;
      const format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        dateStyle: 'short',
        timeStyle: 'medium',
        hourCycle: 'h23',
      });
      for (let instant = Date.UTC(1995, 0, 1); instant < Date.UTC(2030, 0, 1); instant += 51 * 3_600_000 + 1_800_000) {
        const [date, time] = format.format(instant).split(', ') as [string, string];
        const [month, day, year] = date.split('/').map(Number) as [number, number, number];
        const [hour, minute, second] = time.split(':').map(Number) as [number, number, number];
        const local = Date.UTC(year < 50 ? 2000 + year : 1900 + year, month - 1, day, hour, minute, second);
        assert.equal(zone.toLocal(instant), local, `${name} ${iso(instant)}`);
      }
    }
  });

  test('a million readings take no long', () => {
    const started = cpu();
    for (let at = 0; at < 1_000_000; at++) berlin.toInstant(1.7e12 + at * 3_600_000);
    assert.ok(cpu() - started < 2000);
  });
});

describe('VTIMEZONE', () => {
  const embedded = (text: string) => parseContentLines(text)[0]!;

  test('text reads back as the same offsets', () => {
    for (const name of [
      'Europe/Berlin',
      'Asia/Kolkata',
      'America/Santiago',
      'Asia/Jerusalem',
      'Africa/Cairo',
      'America/Sao_Paulo',
      'Africa/Casablanca',
    ]) {
      for (const year of [1998, 2026]) {
        const zone = ianaZone(name)!;
        const again = zoneOfVtimezone(embedded(vtimezoneText(name, { from: Date.UTC(year, 5, 1), tzid: 'Mine' })))!;
        assert.equal(again.iana, null);
        for (let instant = Date.UTC(year, 0, 1); instant < Date.UTC(2037, 0, 1); instant += 37 * 3_600_000)
          assert.equal(again.offsetAt(instant), zone.offsetAt(instant), `${name} ${iso(instant)}`);
      }
    }
  });

  test('text agrees with timezones-ical-library for zones that change by rule', () => {
    const rules = (text: string) => (text.match(/RRULE:.*|TZOFFSET.*|T0\d{5}$/gm) ?? []).map((line) => line.trim()).sort();
    for (const name of ['Europe/Berlin', 'America/New_York', 'Australia/Sydney', 'Europe/Kyiv', 'Asia/Tokyo'])
      assert.deepEqual(
        rules(vtimezoneText(name, { from: Date.UTC(2026, 0, 1) })),
        rules(tzlib_get_ical_block(name)[0] as string),
        name,
      );
    assert.equal(tzlib_get_offset('Europe/Berlin', '2026-07-01', '10:00'), '+0200');
  });

  test('the usual case is two rules', () => {
    assert.equal(
      vtimezoneText('Europe/Berlin', { from: Date.UTC(2026, 0, 1) }),
      [
        'BEGIN:VTIMEZONE',
        'TZID:Europe/Berlin',
        'BEGIN:DAYLIGHT',
        'DTSTART:20250330T020000',
        'TZOFFSETFROM:+0100',
        'TZOFFSETTO:+0200',
        'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
        'END:DAYLIGHT',
        'BEGIN:STANDARD',
        'DTSTART:20251026T030000',
        'TZOFFSETFROM:+0200',
        'TZOFFSETTO:+0100',
        'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
        'END:STANDARD',
        'END:VTIMEZONE',
        '',
      ].join('\r\n'),
    );
  });

  const custom = `BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0530
TZOFFSETTO:+0430
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0430
TZOFFSETTO:+0530
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`;

  test("an unknown TZID follows the embedded rules, a known one doesn't", () => {
    const own = embedded(custom);
    const berlin = embedded(custom.replace('Customized Time Zone', 'Europe/Berlin'));
    const zones = new ZoneTable([own, berlin]);
    assert.equal(iso(zones.instant(zonedTime(Date.UTC(2026, 6, 1, 12), 'Customized Time Zone'))), '2026-07-01T06:30');
    assert.equal(iso(zones.instant(zonedTime(Date.UTC(2026, 0, 1, 12), 'Customized Time Zone'))), '2026-01-01T07:30');
    assert.equal(iso(zones.instant(zonedTime(Date.UTC(9999, 0, 1, 12), 'Customized Time Zone'))), '9999-01-01T07:30');
    assert.equal(iso(zones.instant(zonedTime(Date.UTC(2026, 6, 1, 12), 'Europe/Berlin'))), '2026-07-01T10:00');
    assert.equal(iso(zones.instant(zonedTime(Date.UTC(2026, 6, 1, 12), 'Nowhere'))), '2026-07-01T12:00');
  });

  test('X-LIC-LOCATION names the zone; UNTIL and RDATE are kept to', () => {
    const named = embedded(custom.replace('BEGIN:STANDARD', 'X-LIC-LOCATION:Asia/Tokyo\nBEGIN:STANDARD'));
    assert.equal(zoneOfVtimezone(named)?.iana, 'Asia/Tokyo');
    const ended = embedded(
      'BEGIN:VTIMEZONE\nTZID:x\nBEGIN:DAYLIGHT\nDTSTART:20200329T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20210328T010000Z\nEND:DAYLIGHT\nBEGIN:STANDARD\nDTSTART:20201025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRDATE:20211031T030000\nEND:STANDARD\nEND:VTIMEZONE\n',
    );
    const zone = zoneOfVtimezone(ended)!;
    const offsets = [2019, 2020, 2021, 2022].map((year) => zone.offsetAt(Date.UTC(year, 6, 1)) / 3_600_000);
    assert.deepEqual(offsets, [1, 2, 2, 1]);
  });

  test('broken or costly rules end quickly', () => {
    const started = cpu();
    for (const rule of ['RRULE:FREQ=SECONDLY', 'RRULE:FOO', 'RDATE:x', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'])
      assert.ok(zoneOfVtimezone(embedded(custom.replaceAll(/RRULE.*/g, rule))));
    assert.equal(zoneOfVtimezone(embedded('BEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\n')), null);
    assert.equal(zoneOfVtimezone(embedded(custom.replaceAll('TZOFFSETTO', 'X-NO'))), null);
    assert.ok(cpu() - started < 2000);
  });

  test('a property with a zone', () => {
    const [event] = parseContentLines(
      'BEGIN:VEVENT\nDTSTART;TZID="/mozilla.org/20050126_1/Europe/Berlin":20260701T120000\nEND:VEVENT\n',
    );
    assert.equal(iso(new ZoneTable([]).instant(timeOf(event!.first('DTSTART')!))), '2026-07-01T10:00');
  });
});
