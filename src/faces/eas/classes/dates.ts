/**
 * The two text forms of dates in ActiveSync (MS-ASDTYPE 2.3, 2.6.5): extended `2026-11-23T15:04:05.000Z` and compact
 * `20261123T150405Z`. Both are UTC. Written exactly; read leniently, since clients mix them.
 */

const DAY = 86_400_000;

/** `2026-11-23T15:04:05.000Z` */
export function toExtended(date: Date | number): string {
  return new Date(date).toISOString();
}

/** Of years that have four digits. */
const EXTENDED_LENGTH = 24;

/** `20261123T150405Z` */
export function toCompact(date: Date | number): string {
  const iso = new Date(date).toISOString();
  if (iso.length !== EXTENDED_LENGTH) return `${iso.slice(0, 19).replace(/[-:]/g, '')}Z`;
  const day = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  return `${day}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

const DATE = /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads either form, also without milliseconds, with other precision, without `Z`, with an offset, or a bare date.
 * A zero year or month and other impossible dates are no dates. @returns undefined when it is none
 */
export function readDate(text: string | undefined): Date | undefined {
  const match = DATE.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, milliseconds);
  const isReal = year > 0 && date.getUTCMonth() === month - 1 && hour < 24 && minute < 60 && second <= 60;
  return isReal ? new Date(date.getTime() - offset(match[8])) : undefined;
}

function offset(zone: string | undefined): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone ?? '');
  if (!match) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === '-' ? -minutes : minutes) * 60_000;
}

/** A calendar date. */
export interface Day {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The UTC date of an instant. */
export function dayOf(date: Date | number): Day {
  const at = new Date(date);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}

/** UTC midnight of a date. */
export function midnight(day: Day): number {
  const at = new Date(0);
  return at.setUTCFullYear(day.year, day.month - 1, day.day);
}

/** The nearest UTC midnight: for dates that a client shifted by its own idea of the zone. */
export function nearestMidnight(at: number): number {
  return Math.round(at / DAY) * DAY;
}

/**
 * The date that a Birthday or Anniversary means. Around noon it is the UTC date; other times are local midnight
 * somewhere between UTC-12 and UTC+12.
 */
export function birthdayOf(date: Date): Day {
  const minutes = date.getUTCHours() * 60 + date.getUTCMinutes();
  const isNoon = minutes >= 11 * 60 && minutes <= 13 * 60;
  return dayOf(isNoon ? date : date.getTime() + DAY / 2);
}
