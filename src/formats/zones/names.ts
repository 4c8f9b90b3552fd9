/**
 * Names of time zones as clients write them: IANA names with or without a vendor's prefix, Windows names, and the display
 * names of Outlook.
 */
import { canonicalName, ianaName, ianaZone } from './iana.js';
import { WINDOWS_ZONES } from './windows.js';

/** Windows names that later versions gave up, and Outlook's display names that hold no city. */
const EXTRA_WINDOWS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'mid-atlantic standard time': 'Etc/GMT+2',
    'mid-atlantic': 'Etc/GMT+2',
    'kamchatka standard time': 'Asia/Kamchatka',
    'mexico standard time': 'America/Mexico_City',
    'mexico standard time 2': 'America/Mazatlan',
    'armenian standard time': 'Asia/Yerevan',
    'coordinated universal time': 'Etc/UTC',
    'greenwich mean time': 'Europe/London',
    'eastern time (us & canada)': 'America/New_York',
    'central time (us & canada)': 'America/Chicago',
    'mountain time (us & canada)': 'America/Denver',
    'pacific time (us & canada)': 'America/Los_Angeles',
    'atlantic time (canada)': 'America/Halifax',
    arizona: 'America/Phoenix',
    alaska: 'America/Anchorage',
    hawaii: 'Pacific/Honolulu',
    'indiana (east)': 'America/Indiana/Indianapolis',
    newfoundland: 'America/St_Johns',
    saskatchewan: 'America/Regina',
    'central america': 'America/Guatemala',
    greenland: 'America/Nuuk',
    azores: 'Atlantic/Azores',
    'cabo verde is.': 'Atlantic/Cape_Verde',
    'west central africa': 'Africa/Lagos',
    beijing: 'Asia/Shanghai',
  }),
);

const WINDOWS = new Map<string, string>();
const MEMBERS = new Map<string, string>();
const CITIES = new Map<string, string[]>();
for (const [windows, list] of WINDOWS_ZONES) {
  const members = list.split(' ');
  WINDOWS.set(windows.toLowerCase(), members[0] as string);
  for (const member of members) {
    // A zone of several territories keeps the entry where it is the main one.
    if (!MEMBERS.has(member) || member === members[0]) MEMBERS.set(member, windows);
    const city = member.slice(member.lastIndexOf('/') + 1).toLowerCase();
    CITIES.set(city, [...(CITIES.get(city) ?? []), member]);
  }
}

/** The Windows name of an IANA zone in any spelling, or null: `Europe/Kyiv` → `FLE Standard Time`. */
export function windowsName(iana: string): string | null {
  const name = ianaName(iana);
  if (name === null) return null;
  const found = MEMBERS.get(name);
  if (found) return found;
  // A link that CLDR does not list: ICU's canonical name is what CLDR knows.
  const canonical = ianaName(canonicalName(name) ?? '');
  return (canonical && MEMBERS.get(canonical)) ?? null;
}

/** The main IANA zone of a Windows name, or null: `W. Europe Standard Time` → `Europe/Berlin`. */
export function ianaOfWindows(windows: string): string | null {
  const key = windows.trim().toLowerCase();
  const found = WINDOWS.get(key) ?? EXTRA_WINDOWS.get(key);
  return found === undefined ? null : ianaName(found);
}

const CUSTOM = /^(?:customized time zone|tzone:\/\/microsoft\/custom)/i;
const MAX_TZID = 200;

/**
 * The IANA name that a TZID means, or null where it means rules of its own. Tried in this order: the name itself, the
 * name behind a vendor's prefix, the Windows name, the display name.
 */
export function ianaOfTzid(tzid: string): string | null {
  const text = tzid.trim();
  if (text === '' || text.length > MAX_TZID || CUSTOM.test(text)) return null;
  return ianaName(text) ?? prefixed(text) ?? ianaOfWindows(text) ?? displayed(text);
}

/** `/freeassociation.sourceforge.net/Tzfile/Europe/Berlin`, `/mozilla.org/20050126_1/America/Argentina/Ushuaia` */
function prefixed(text: string): string | null {
  const segments = text.split('/').filter((segment) => segment !== '');
  for (const count of [3, 2, 1]) {
    if (segments.length <= count && !text.startsWith('/')) continue;
    const name = ianaName(segments.slice(-count).join('/'));
    if (name !== null) return name;
  }
  return null;
}

/** `(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna`, `Eastern Time (US & Canada)`, `W. Europe` */
function displayed(text: string): string | null {
  const match = /^\((?:UTC|GMT)\s*(?:([+-])(\d\d?)[:.]?(\d\d))?\)\s*(.*)$/i.exec(text);
  const label = (match ? (match[4] as string) : text).trim();
  const named = ianaOfWindows(label) ?? ianaOfWindows(`${label} Standard Time`);
  if (named !== null) return named;
  if (!match) return label.includes(',') ? byCity(label, null) : null;
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
  return byCity(label, (match[1] === '-' ? -minutes : minutes) * 60_000);
}

/** A list of cities stands for a Windows zone: the first city that is a zone with that standard offset tells which. */
function byCity(label: string, offset: number | null): string | null {
  for (const part of label.split(/[,:]/)) {
    const city = part.trim().toLowerCase();
    const known = EXTRA_WINDOWS.get(city);
    for (const zone of known ? [known] : (CITIES.get(city.replaceAll(' ', '_')) ?? [])) {
      if (offset !== null && standardOffset(zone) !== offset) continue;
      return ianaOfWindows(MEMBERS.get(zone) ?? '') ?? ianaName(zone);
    }
  }
  return null;
}

function standardOffset(name: string): number | null {
  const zone = ianaZone(name);
  return zone && Math.min(zone.offsetAt(Date.UTC(2024, 0, 1)), zone.offsetAt(Date.UTC(2024, 6, 1)));
}
