import { FORMER_NAMES, WINDOWS_ZONES } from './windows.js';
import { fixedZone, sampledYear, Zone } from './zone.js';

/** Coordinated universal time. */
export const UTC = fixedZone('Etc/UTC', 0, 'Etc/UTC');

const CURRENT = new Map(FORMER_NAMES);
const SPELLINGS = new Map(
  [...Intl.supportedValuesOf('timeZone'), ...WINDOWS_ZONES.flatMap(([, names]) => names.split(' ')), ...FORMER_NAMES.flat()].map(
    (name) => [name.toLowerCase(), name],
  ),
);
const UTC_NAMES =
  /^(?:z|zulu|utc|gmt|uct|universal|greenwich|(?:etc\/(?:utc|gmt|uct|zulu|universal|greenwich|gmt[+-]?0))|gmt[+-]?0)$/i;
const MAX_REMEMBERED = 4000;
const names = new Map<string, string | null>();
const zones = new Map<string, Zone>();

/** The present spelling of an IANA name in any case, or of one of its former names: `asia/calcutta` → `Asia/Kolkata`. Null for anything else. */
export function ianaName(name: string): string | null {
  if (UTC_NAMES.test(name)) return 'Etc/UTC';
  if (name.length > 60 || !/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return null;
  const key = name.toLowerCase();
  let known = names.get(key);
  if (known === undefined) {
    known = lookUp(key);
    if (names.size >= MAX_REMEMBERED) names.clear();
    names.set(key, known);
  }
  return known;
}

function lookUp(key: string): string | null {
  const canonical = canonicalName(key);
  if (canonical === null) return null;
  const name = SPELLINGS.get(key) ?? canonical;
  return CURRENT.get(name) ?? name;
}

/** ICU's name for a zone, which is CLDR's: often a former one. */
export function canonicalName(name: string): string | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** The zone of an IANA name in any spelling, or null. Zones are kept: there are some six hundred. */
export function ianaZone(name: string): Zone | null {
  const id = ianaName(name);
  if (id === null) return null;
  if (id === 'Etc/UTC') return UTC;
  let zone = zones.get(id);
  if (!zone) {
    const offsetAt = offsets(id);
    zone = new Zone(id, id, (year) => sampledYear(year, offsetAt));
    zones.set(id, zone);
  }
  return zone;
}

const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

function offsets(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return (instant) => {
    const match = OFFSET.exec(format.format(instant));
    if (!match?.[1]) return 0;
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return (match[1] === '-' ? -seconds : seconds) * 1000;
  };
}
