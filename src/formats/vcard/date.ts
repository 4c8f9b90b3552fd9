import type { Property } from '../content-lines.js';
import type { CardVersion } from './validate.js';

/** A date of a card; without `year` where only the day of the year is known. */
export interface CardDate {
  readonly year?: number;
  readonly month: number;
  readonly day: number;
}

/** The year that stands for no year in clients and formats that need one: a leap year before all living people. */
export const NO_YEAR = 1604;

const FULL = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?$/;
const YEARLESS = /^--(\d\d)-?(\d\d)(?:T.*)?$/;

/** Reads BDAY, ANNIVERSARY and their kin (RFC 2426 §3.1.5, RFC 6350 §4.3.1); undefined for text, and for a year or month alone. */
export function readCardDate(property: Property): CardDate | undefined {
  const value = property.value.trim();
  const yearless = YEARLESS.exec(value);
  if (yearless) return valid({ month: Number(yearless[1]), day: Number(yearless[2]) });
  const full = FULL.exec(value);
  if (!full) return undefined;
  const [year, month, day] = full.slice(1).map(Number) as [number, number, number];
  const omitted = property.param('X-APPLE-OMIT-YEAR');
  const hasYear = year !== NO_YEAR && (omitted === undefined || Number(omitted) !== year);
  return valid({ ...(hasYear ? { year } : {}), month, day });
}

/** Writes a date in the form of the version; where 3.0 knows no year-less date, in Apple's. */
export function writeCardDate(property: Property, date: CardDate, version: CardVersion): void {
  const [month, day] = [date.month, date.day].map((part) => String(part).padStart(2, '0'));
  const year = date.year === undefined ? undefined : String(date.year).padStart(4, '0');
  property.setParam('VALUE', version === '4.0' ? undefined : property.param('VALUE') && 'date');
  property.setParam('X-APPLE-OMIT-YEAR', version !== '4.0' && year === undefined ? String(NO_YEAR) : undefined);
  if (version === '4.0') property.value = `${year ?? '--'}${month}${day}`;
  else property.value = `${year ?? NO_YEAR}-${month}-${day}`;
}

function valid(date: CardDate): CardDate | undefined {
  const days = new Date(Date.UTC(2000, date.month, 0)).getUTCDate();
  return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= days ? date : undefined;
}
