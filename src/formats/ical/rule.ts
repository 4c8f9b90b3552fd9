import { badData } from './error.js';
import { formatTime, type IcalTime, parseTime } from './values.js';

export type Frequency = 'YEARLY' | 'MONTHLY' | 'WEEKLY' | 'DAILY' | 'HOURLY' | 'MINUTELY' | 'SECONDLY';
export type Weekday = 'SU' | 'MO' | 'TU' | 'WE' | 'TH' | 'FR' | 'SA';

/** In the order of Date.getUTCDay(). */
export const WEEKDAYS: readonly Weekday[] = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** `-1FR`: ordinal −1; `FR`: ordinal 0, every one. */
export interface ByDay {
  readonly ordinal: number;
  readonly day: Weekday;
}

/** A recurrence rule (RFC 5545 §3.3.10, RFC 7529). Lists are absent or have at least one number, sorted and unique. */
export interface RecurrenceRule {
  readonly freq: Frequency;
  readonly interval: number;
  readonly count?: number;
  readonly until?: IcalTime;
  readonly bySecond?: readonly number[];
  readonly byMinute?: readonly number[];
  readonly byHour?: readonly number[];
  readonly byDay?: readonly ByDay[];
  readonly byMonthDay?: readonly number[];
  readonly byYearDay?: readonly number[];
  readonly byWeekNo?: readonly number[];
  /** Numbers; leap months of other calendars (`5L`) are in `rscaleMonths`. */
  readonly byMonth?: readonly number[];
  readonly bySetPos?: readonly number[];
  readonly wkst: Weekday;
  /** RFC 7529; GREGORIAN is left out. */
  readonly rscale?: string;
  readonly skip?: 'OMIT' | 'BACKWARD' | 'FORWARD';
  /** The value of BYMONTH as written, where RSCALE is given. */
  readonly rscaleMonths?: readonly string[];
}

const FREQUENCIES = new Set<string>(['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'MINUTELY', 'SECONDLY']);
const SKIPS = new Set<string>(['OMIT', 'BACKWARD', 'FORWARD']);

/** Part → field, lowest and highest absolute value, negatives allowed (RFC 5545 §3.3.10). */
const NUMBER_LISTS = {
  BYSECOND: ['bySecond', 0, 60, false],
  BYMINUTE: ['byMinute', 0, 59, false],
  BYHOUR: ['byHour', 0, 23, false],
  BYMONTHDAY: ['byMonthDay', 1, 31, true],
  BYYEARDAY: ['byYearDay', 1, 366, true],
  BYWEEKNO: ['byWeekNo', 1, 53, true],
  BYMONTH: ['byMonth', 1, 12, false],
  BYSETPOS: ['bySetPos', 1, 366, true],
} as const;

type NumberPart = keyof typeof NUMBER_LISTS;

const MAX_LIST = 400;

/** Reads the value of RRULE or EXRULE; parts it does not know (`X-…`) are passed over. @throws IcalError */
export function parseRule(value: string): RecurrenceRule {
  const parts = partsOf(value);
  const freq = parts.get('FREQ');
  if (!freq || !FREQUENCIES.has(freq)) badData(`RRULE without a known FREQ: ${value.slice(0, 60)}`);
  const rule: { -readonly [K in keyof RecurrenceRule]: RecurrenceRule[K] } = {
    freq: freq as Frequency,
    interval: positive(parts.get('INTERVAL') ?? '1', 'INTERVAL'),
    wkst: weekday(parts.get('WKST') ?? 'MO'),
  };
  const count = parts.get('COUNT');
  const until = parts.get('UNTIL');
  if (count !== undefined) rule.count = positive(count, 'COUNT');
  if (until !== undefined) rule.until = parseTime(until);
  if (rule.count !== undefined && rule.until) badData('RRULE with both COUNT and UNTIL');
  readScale(parts, rule);
  const byDay = parts.get('BYDAY');
  if (byDay !== undefined) rule.byDay = readByDay(byDay);
  for (const name of Object.keys(NUMBER_LISTS) as NumberPart[]) {
    const text = parts.get(name);
    if (text !== undefined) rule[NUMBER_LISTS[name][0]] = readNumbers(name, text);
  }
  checkCombination(rule);
  return rule;
}

function partsOf(value: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of value.trim().split(';')) {
    if (part.trim() === '') continue; // a semicolon at the end
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim().toUpperCase();
    if (at < 1 || parts.has(name)) badData(`RRULE part missing or twice: ${part.slice(0, 40)}`);
    parts.set(
      name,
      part
        .slice(at + 1)
        .trim()
        .toUpperCase(),
    );
  }
  return parts;
}

function readScale(
  parts: Map<string, string>,
  rule: { rscale?: string; skip?: RecurrenceRule['skip']; rscaleMonths?: readonly string[] },
) {
  const skip = parts.get('SKIP');
  if (skip !== undefined && !SKIPS.has(skip)) badData(`unknown SKIP: ${skip.slice(0, 20)}`);
  const rscale = parts.get('RSCALE');
  if (rscale === undefined) return;
  if (skip !== undefined && skip !== 'OMIT') rule.skip = skip as RecurrenceRule['skip'];
  if (rscale !== 'GREGORIAN' && rscale !== 'GREGORY') rule.rscale = rscale;
  const months = parts.get('BYMONTH');
  if (months === undefined || rule.rscale === undefined) return;
  rule.rscaleMonths = months.split(',');
  if (!rule.rscaleMonths.every((month) => /^\d{1,2}L?$/.test(month))) badData(`BYMONTH: ${months.slice(0, 40)}`);
  parts.delete('BYMONTH');
}

function readNumbers(name: NumberPart, text: string): number[] {
  const [, low, high, negative] = NUMBER_LISTS[name];
  const numbers = text.split(',').map((item) => {
    const value = /^[+-]?\d{1,3}$/.test(item) ? Number(item) : Number.NaN;
    const size = negative ? Math.abs(value) : value;
    return size >= low && size <= high ? value : badData(`${name} out of range: ${item.slice(0, 20)}`);
  });
  if (numbers.length > MAX_LIST) badData(`${name} has too many values`);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function readByDay(text: string): ByDay[] {
  const days = text.split(',').map((item): ByDay => {
    const match = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(item);
    const ordinal = Number(match?.[1] ?? 0);
    if (!match || Math.abs(ordinal) > 53 || (match[1] !== undefined && ordinal === 0)) badData(`BYDAY: ${item.slice(0, 20)}`);
    return { ordinal, day: weekday(match[2] as string) };
  });
  if (days.length > MAX_LIST) badData('BYDAY has too many values');
  return days;
}

function weekday(text: string): Weekday {
  return WEEKDAYS.find((day) => day === text) ?? badData(`not a weekday: ${text.slice(0, 20)}`);
}

function positive(text: string, part: string): number {
  const value = /^\+?\d{1,10}$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : badData(`${part} must be a positive integer: ${text.slice(0, 20)}`);
}

/** Combinations that RFC 5545 §3.3.10 forbids and that mean nothing. Harmless ones are left to the expansion. */
function checkCombination(rule: RecurrenceRule): void {
  if (rule.byWeekNo && rule.freq !== 'YEARLY') badData(`BYWEEKNO in a ${rule.freq} rule`);
  if (rule.byMonthDay && rule.freq === 'WEEKLY') badData('BYMONTHDAY in a WEEKLY rule');
}

/** The value of RRULE, parts in the order of RFC 5545. */
export function formatRule(rule: RecurrenceRule): string {
  const parts: string[] = [];
  const put = (name: string, value: string | number | undefined) => value !== undefined && parts.push(`${name}=${value}`);
  const scaled = rule.rscale ?? (rule.skip ? 'GREGORIAN' : undefined);
  put('RSCALE', scaled);
  put('FREQ', rule.freq);
  put('UNTIL', rule.until && formatTime(rule.until));
  put('COUNT', rule.count);
  put('INTERVAL', rule.interval > 1 ? rule.interval : undefined);
  for (const name of Object.keys(NUMBER_LISTS) as NumberPart[]) {
    if (name === 'BYMONTHDAY') put('BYDAY', rule.byDay?.map(({ ordinal, day }) => `${ordinal || ''}${day}`).join(','));
    put(name, (name === 'BYMONTH' ? rule.rscaleMonths : undefined)?.join(',') ?? rule[NUMBER_LISTS[name][0]]?.join(','));
  }
  put('WKST', rule.wkst === 'MO' ? undefined : rule.wkst);
  put('SKIP', rule.skip);
  return parts.join(';');
}
