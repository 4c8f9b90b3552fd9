/** Days of the proleptic Gregorian calendar as numbers since 1970-01-01; months from 1, weekdays from Sunday = 0. */
import { DAY, isLeapYear, mod } from './values.js';

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days of a date; day and month may run over. Era arithmetic with years that begin in March, so leap days come last. */
export function dayNumber(year: number, month: number, day: number): number {
  const months = year * 12 + month - 1;
  const y = Math.floor((months - 2) / 12);
  const shifted = mod(months - 2, 12);
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * shifted + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

export function civilOf(days: number): Civil {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * m + 2) / 5) + 1 };
}

export function dayOf(local: number): number {
  return Math.floor(local / DAY);
}

export function weekdayOf(days: number): number {
  return mod(days + 4, 7);
}

export function daysInYear(year: number): number {
  return isLeapYear(year) ? 366 : 365;
}

/** First day of week 1: the week with at least four days in the year (RFC 5545 §3.3.10 BYWEEKNO). */
export function firstWeekStart(year: number, wkst: number): number {
  const fourth = dayNumber(year, 1, 4);
  return fourth - mod(weekdayOf(fourth) - wkst, 7);
}
