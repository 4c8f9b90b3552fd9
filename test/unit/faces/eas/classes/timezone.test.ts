import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeTimeZone, encodeTimeZone, type TimeZoneInformation } from '../../../../../src/faces/eas/classes/timezone.js';
import {
  customZone,
  describeZone as describeZoneObject,
  matchZone as match,
} from '../../../../../src/faces/eas/classes/zone-rules.js';
import { vtimezoneText } from '../../../../../src/formats/ical/zones.js';
import { ianaZone } from '../../../../../src/formats/zones/iana.js';
import type { Zone } from '../../../../../src/formats/zones/zone.js';

const at = Date.UTC(2026, 10, 23);
const zoneOf = (name: string | undefined) => (name === undefined ? null : (ianaZone(name) as Zone));
const describeZone = (name: string, when: number) => describeZoneObject(zoneOf(name) as Zone, when);
const matchZone = (described: TimeZoneInformation, when: number, hints: { stored?: string; user?: string } = {}) =>
  match(described, when, { stored: zoneOf(hints.stored), user: zoneOf(hints.user) })?.id ?? null;

/** Written by others (MS-ASDTYPE TimeZone); the reference document says what each shows. */
const VECTORS: Readonly<Record<string, string>> = {
  'Europe/Berlin':
    'xP///1cALgAgAEUAdQByAG8AcABlACAAUwB0AGEAbgBkAGEAcgBkACAAVABpAG0AZQAAAAAAAAAAAAAAAAAAAAAAAAAAAAoAAAAFAAMAAAAAAAAAAAAAAFcALgAgAEUAdQByAG8AcABlACAARABhAHkAbABpAGcAaAB0ACAAVABpAG0AZQAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAAAAFAAIAAAAAAAAAxP///w==',
  'America/New_York':
    'LAEAAEUAYQBzAHQAZQByAG4AIABTAHQAYQBuAGQAYQByAGQAIABUAGkAbQBlAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAsAAAABAAIAAAAAAAAAAAAAAEUAYQBzAHQAZQByAG4AIABEAGEAeQBsAGkAZwBoAHQAIABUAGkAbQBlAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAAAACAAIAAAAAAAAAxP///w==',
  'Australia/Sydney':
    'qP3//0EAVQBTACAARQBhAHMAdABlAHIAbgAgAFMAdABhAG4AZABhAHIAZAAgAFQAaQBtAGUAAAAAAAAAAAAAAAAAAAAAAAQAAAABAAMAAAAAAAAAAAAAAEEAVQBTACAARQBhAHMAdABlAHIAbgAgAEQAYQB5AGwAaQBnAGgAdAAgAFQAaQBtAGUAAAAAAAAAAAAAAAAAAAAAAAoAAAABAAIAAAAAAAAAxP///w==',
};

/** No daylight saving time: the name of the other season does not matter. */
const FIXED_VECTORS: Readonly<Record<string, string>> = {
  'Asia/Kolkata':
    'tv7//0kAbgBkAGkAYQAgAFMAdABhAG4AZABhAHIAZAAgAFQAaQBtAGUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==',
  'Etc/UTC':
    'AAAAAFUAVABDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==',
};

const BERLIN_WITHOUT_NAMES =
  'xP///wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoAAAAFAAMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAAAAFAAIAAAAAAAAAxP///w==';

const decoded = (blob: string) => decodeTimeZone(blob) as TimeZoneInformation;
const unnamed = (zone: string, year = 2026) => ({
  ...describeZone(zone, Date.UTC(year, 6, 1)),
  standardName: '',
  daylightName: '',
});

describe('TimeZone value', () => {
  for (const [zone, blob] of Object.entries(VECTORS)) {
    it(`writes ${zone} as others do`, () => assert.equal(encodeTimeZone(describeZone(zone, at)), blob));
  }

  for (const [zone, blob] of Object.entries({ ...VECTORS, ...FIXED_VECTORS })) {
    it(`reads ${zone} back, by name and by rule`, () => {
      assert.equal(encodeTimeZone(decoded(blob)), blob);
      assert.equal(matchZone(decoded(blob), at), zone);
      assert.equal(matchZone({ ...decoded(blob), standardName: '', daylightName: '' }, at, { user: zone }), zone);
    });
  }

  it('describes zones without daylight saving time', () => {
    const kolkata = describeZone('Asia/Kolkata', at);
    assert.deepEqual([kolkata.bias, kolkata.standardDate, kolkata.daylightDate], [-330, null, null]);
    assert.equal(kolkata.standardName, 'India Standard Time');
    assert.equal(describeZone('UTC', at).bias, 0);
    assert.notEqual(decodeTimeZone(encodeTimeZone(describeZone('UTC', at))), null, 'not all zero');
  });

  it('takes nameless values of phones', () => {
    assert.equal(matchZone(decoded(BERLIN_WITHOUT_NAMES), at), 'Europe/Berlin');
    assert.equal(matchZone(decoded(BERLIN_WITHOUT_NAMES), at, { user: 'Europe/Paris' }), 'Europe/Paris');
    assert.equal(matchZone(decoded(BERLIN_WITHOUT_NAMES), at, { user: 'Asia/Tokyo', stored: 'Europe/Rome' }), 'Europe/Rome');
  });

  it('keeps the stored zone before the named one, as long as its clock is the same', () => {
    assert.equal(matchZone(describeZone('Europe/Berlin', at), at, { stored: 'Europe/Vienna' }), 'Europe/Vienna');
    assert.equal(matchZone(describeZone('Europe/Berlin', at), at, { stored: 'Europe/Helsinki' }), 'Europe/Berlin');
  });

  it('prefers a zone of the user’s country', () => {
    assert.equal(matchZone(unnamed('America/New_York'), at, { user: 'America/Vancouver' }), 'America/Toronto');
  });

  it('takes names of the database and localised ones', () => {
    const berlin = describeZone('Europe/Berlin', at);
    assert.equal(matchZone({ ...berlin, standardName: 'Europe/Madrid' }, at), 'Europe/Madrid');
    assert.equal(matchZone({ ...berlin, standardName: 'Mitteleuropäische Zeit', daylightName: '' }, at), 'Europe/Berlin');
    assert.equal(matchZone({ ...berlin, standardName: 'Pacific Standard Time' }, at), 'Europe/Berlin', 'a name that lies');
  });

  it('ignores values that say nothing', () => {
    assert.equal(decodeTimeZone(''), null);
    assert.equal(decodeTimeZone('AAAA'), null);
    assert.equal(decodeTimeZone(Buffer.alloc(172).toString('base64')), null);
    assert.equal(decodeTimeZone(Buffer.alloc(172, 0xff).toString('base64'))?.standardDate ?? null, null);
    const wild = Buffer.alloc(172);
    wild.writeInt32LE(100_000, 0);
    assert.equal(decodeTimeZone(wild.toString('base64')), null);
  });

  it('cuts names at NUL and at 31 characters', () => {
    const bytes = Buffer.from(BERLIN_WITHOUT_NAMES, 'base64');
    bytes.write('GMT\0garbage', 4, 'utf16le');
    assert.equal(decoded(bytes.toString('base64')).standardName, 'GMT');
    const long = { ...describeZone('UTC', at), standardName: 'x'.repeat(80) };
    assert.equal(decoded(encodeTimeZone(long)).standardName.length, 31);
  });

  it('falls back to fixed offsets, and to nothing', () => {
    const fixed = (bias: number): TimeZoneInformation => ({ ...unnamed('UTC'), bias });
    assert.equal(matchZone(fixed(-8 * 60), at)?.startsWith('Asia/'), true);
    assert.equal(matchZone(fixed(-11 * 60 - 7), at), null);
    const strange = { ...unnamed('Europe/Berlin'), daylightBias: -120 };
    assert.equal(matchZone(strange, at), null);
  });
});

describe('rules of zones', () => {
  it('writes changes at midnight that hit the right day', () => {
    // Egypt: the last Thursday of October at 24:00.
    const cairo = describeZone('Africa/Cairo', at);
    assert.deepEqual(
      { ...cairo.standardDate },
      { year: 0, month: 10, weekday: 4, nth: 5, hour: 23, minute: 59, second: 59, millisecond: 999 },
    );
    assert.equal(matchZone({ ...cairo, standardName: '', daylightName: '' }, at, { user: 'Africa/Cairo' }), 'Africa/Cairo');
  });

  it('knows half-hour and negative daylight saving time', () => {
    assert.equal(describeZone('Australia/Lord_Howe', at).daylightBias, -30);
    const dublin = describeZone('Europe/Dublin', at);
    assert.deepEqual([dublin.bias, dublin.daylightBias], [0, -60]);
  });

  it('uses the rules of the year', () => {
    assert.equal(describeZone('America/New_York', Date.UTC(2005, 5, 1)).daylightDate?.month, 4);
    assert.equal(describeZone('America/New_York', Date.UTC(2026, 5, 1)).daylightDate?.month, 3);
    assert.equal(describeZone('Europe/Moscow', Date.UTC(2009, 6, 1)).daylightDate?.month, 3);
    assert.equal(describeZone('Europe/Moscow', at).daylightDate, null);
  });

  const ZONES = Intl.supportedValuesOf('timeZone').map((name) => (zoneOf(name) as Zone).id);

  it('finds each zone again by its own description', () => {
    for (const zone of ZONES) {
      const described = decoded(encodeTimeZone({ ...unnamed(zone), standardName: '-' }));
      assert.equal(matchZone(described, Date.UTC(2026, 6, 1), { stored: zone }), zone);
    }
  });

  it('makes a zone of its own for a clock that nobody keeps', () => {
    const strange = { ...describeZone('Europe/Berlin', at), daylightBias: -120 };
    const zone = customZone(strange, 'Strange');
    const hours = [Date.UTC(2026, 0, 1), Date.UTC(2026, 6, 1), Date.UTC(2031, 6, 1)].map(
      (when) => zone.offsetAt(when) / 3_600_000,
    );
    assert.deepEqual(hours, [1, 3, 3]);
    assert.equal(match(strange, at, { stored: zone }), zone);
    const southern = customZone({ ...describeZone('Australia/Sydney', at), daylightBias: -90 }, 'South');
    assert.deepEqual(
      [southern.offsetAt(Date.UTC(2026, 0, 1)), southern.offsetAt(Date.UTC(2026, 6, 1))],
      [11.5 * 3_600_000, 10 * 3_600_000],
    );
    assert.match(vtimezoneText(zone, { tzid: 'Strange' }), /RRULE:FREQ=YEARLY/);
  });
});
