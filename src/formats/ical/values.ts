/**
 * Value types of iCalendar (RFC 5545 §3.3): dates, times, durations, periods.
 *
 * A *local* number is a wall-clock reading in milliseconds as if it were UTC: 2026-03-29T02:30 is
 * Date.UTC(2026, 2, 29, 2, 30) in every zone. An *instant* is milliseconds since the epoch.
 */
import type { Property } from '../content-lines.js';
import { badData } from './error.js';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

/** How a time is anchored (RFC 5545 §3.3.4, §3.3.5). */
export type TimeKind = 'date' | 'utc' | 'floating' | 'zoned';

/** A DATE or DATE-TIME. */
export interface IcalTime {
  readonly kind: TimeKind;
  /** Wall clock; for `utc` the instant itself; for `date` midnight. */
  readonly local: number;
  /** Only of `zoned`: the TZID as written. */
  readonly tzid: string | null;
}

/** A DURATION: days are nominal, the rest is exact (RFC 5545 §3.3.6). Both carry the sign. */
export interface IcalDuration {
  readonly days: number;
  readonly ms: number;
}

/** A PERIOD: with an end or with a duration. */
export interface IcalPeriod {
  readonly start: IcalTime;
  readonly end: IcalTime | IcalDuration;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/;

/**
 * Reads one DATE or DATE-TIME. Eight digits are a DATE whatever VALUE says: clients forget the parameter.
 * @throws IcalError for anything that is no date of the calendar
 */
export function parseTime(value: string, tzid?: string): IcalTime {
  const match = TIME.exec(value.trim());
  if (!match) badData(`not a date or date-time: ${value.slice(0, 40)}`);
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
    badData(`no such date: ${value.slice(0, 40)}`);
  const local = localOf(year, month, day);
  if (match[4] === undefined) return { kind: 'date', local, tzid: null };
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6])];
  if (hour > 23 || minute > 59 || second > 60) badData(`no such time: ${value.slice(0, 40)}`);
  const at = local + hour * HOUR + minute * MINUTE + second * SECOND;
  if (match[7]) return { kind: 'utc', local: at, tzid: null };
  return tzid ? { kind: 'zoned', local: at, tzid } : { kind: 'floating', local: at, tzid: null };
}

/** Midnight of a day; months and days beyond their range run over, as in Date.UTC, but years below 100 are meant as they are. */
export function localOf(year: number, month: number, day: number): number {
  const ms = Date.UTC(year, month - 1, day);
  return year >= 100 || year < 0 ? ms : new Date(ms).setUTCFullYear(year, month - 1, day);
}

/** No date beyond year 9999 can be written. */
export const END_OF_TIME = localOf(10_000, 1, 1);

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Reads a property's DATE or DATE-TIME with its TZID; VALUE=DATE with a time keeps the date only. */
export function timeOf(property: Property): IcalTime {
  return dateIf(property, parseTime(property.value, property.param('TZID')));
}

/** Reads a list of DATE or DATE-TIME (EXDATE, RDATE without periods). */
export function timesOf(property: Property): IcalTime[] {
  const tzid = property.param('TZID');
  return property.value
    .split(',')
    .filter((value) => value.trim() !== '')
    .map((value) => dateIf(property, parseTime(value, tzid)));
}

function dateIf(property: Property, time: IcalTime): IcalTime {
  if (time.kind === 'date' || property.param('VALUE')?.toUpperCase() !== 'DATE') return time;
  return { kind: 'date', local: time.local - mod(time.local, DAY), tzid: null };
}

/** Whether a TRIGGER is a time of its own: VALUE=DATE-TIME, which some clients leave out (RFC 5545 §3.8.6.3). */
export function isAbsoluteTrigger(trigger: Property): boolean {
  return trigger.param('VALUE')?.toUpperCase() === 'DATE-TIME' || /^\s*\d{8}T/.test(trigger.value);
}

/** The text of a time without its parameters: `20260329`, `20260329T023000`, `20260329T023000Z`. */
export function formatTime(time: IcalTime): string {
  const iso = new Date(time.local).toISOString();
  const date = iso.slice(0, 10).replaceAll('-', '');
  if (time.kind === 'date') return date;
  return `${date}T${iso.slice(11, 19).replaceAll(':', '')}${time.kind === 'utc' ? 'Z' : ''}`;
}

/** Parameters that belong to a time's text. */
export function timeParams(time: IcalTime): { VALUE: string | undefined; TZID: string | undefined } {
  return { VALUE: time.kind === 'date' ? 'DATE' : undefined, TZID: time.tzid ?? undefined };
}

export function utcTime(instant: number): IcalTime {
  return { kind: 'utc', local: Math.floor(instant / SECOND) * SECOND, tzid: null };
}

export function dateTime(local: number): IcalTime {
  return { kind: 'date', local: local - mod(local, DAY), tzid: null };
}

export function zonedTime(local: number, tzid: string): IcalTime {
  return { kind: 'zoned', local, tzid };
}

export function floatingTime(local: number): IcalTime {
  return { kind: 'floating', local, tzid: null };
}

const DURATION = /^([+-]?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/i;

/** Reads a DURATION; `P1DT` and weeks beside days, which clients write, are taken too. @throws IcalError */
export function parseDuration(value: string): IcalDuration {
  const match = DURATION.exec(value.trim());
  if (!match || !/\d/.test(value)) badData(`not a duration: ${value.slice(0, 40)}`);
  const [weeks, days, hours, minutes, seconds] = match.slice(2).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const sign = match[1] === '-' ? -1 : 1;
  return { days: sign * (weeks * 7 + days) || 0, ms: sign * (hours * HOUR + minutes * MINUTE + seconds * SECOND) || 0 };
}

/** `-PT15M`, `P1D`, `P2W`, `P1DT2H`, `PT0S`. Days and time need the same sign. */
export function formatDuration(duration: IcalDuration): string {
  const sign = duration.days < 0 || duration.ms < 0 ? '-' : '';
  const days = Math.abs(duration.days);
  const seconds = Math.round(Math.abs(duration.ms) / SECOND);
  if (days === 0 && seconds === 0) return 'PT0S';
  if (seconds === 0 && days % 7 === 0) return `${sign}P${days / 7}W`;
  const units: [number, string][] = [
    [Math.floor(seconds / 3600), 'H'],
    [Math.floor(seconds / 60) % 60, 'M'],
    [seconds % 60, 'S'],
  ];
  const time = units.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('');
  return `${sign}P${days > 0 ? `${days}D` : ''}${time === '' ? '' : `T${time}`}`;
}

/** Reads a PERIOD. @throws IcalError */
export function parsePeriod(value: string, tzid?: string): IcalPeriod {
  const [start, end, ...rest] = value.split('/');
  if (start === undefined || end === undefined || rest.length > 0) badData(`not a period: ${value.slice(0, 60)}`);
  return { start: parseTime(start, tzid), end: /^[+-]?P/i.test(end.trim()) ? parseDuration(end) : parseTime(end, tzid) };
}

/** Reads RDATE in any of its three forms: a time, or a period with its own length. */
export function recurrenceDatesOf(property: Property): (IcalTime | IcalPeriod)[] {
  if (property.param('VALUE')?.toUpperCase() !== 'PERIOD' && !property.value.includes('/')) return timesOf(property);
  const tzid = property.param('TZID');
  return property.value.split(',').map((value) => parsePeriod(value, tzid));
}

const OFFSET = /^([+-])(\d\d)(\d\d)(\d\d)?$/;

/** Reads a UTC-OFFSET in milliseconds. @throws IcalError */
export function parseOffset(value: string): number {
  const match = OFFSET.exec(value.trim());
  if (!match) badData(`not a UTC offset: ${value.slice(0, 20)}`);
  const ms = Number(match[2]) * HOUR + Number(match[3]) * MINUTE + Number(match[4] ?? 0) * SECOND;
  return match[1] === '-' ? -ms : ms;
}

/** `+0100`, `-0330`, `+005328` */
export function formatOffset(offset: number): string {
  const seconds = Math.round(Math.abs(offset) / SECOND);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const digits = parts.map((part) => String(part).padStart(2, '0'));
  return `${offset < 0 ? '-' : '+'}${digits[0]}${digits[1]}${digits[2] === '00' ? '' : digits[2]}`;
}

/** Remainder that is never negative. */
export function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}
