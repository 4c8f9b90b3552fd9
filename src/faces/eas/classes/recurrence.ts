import { formatRule, type RecurrenceRule, WEEKDAYS } from '../../../formats/ical/rule.js';
import type { IcalTime } from '../../../formats/ical/values.js';
import { atLeast, type EasVersion } from '../versions.js';
import { MalformedItem } from './item-class.js';

/** Recurrence of a calendar item or task (MS-ASCAL 2.2.2.36, MS-ASTASK 2.2.2.18). */
export interface EasRecurrence {
  readonly type: RecurrenceType;
  readonly interval: number;
  /** Sum of 1 Sunday … 64 Saturday. */
  readonly dayOfWeek?: number;
  readonly dayOfMonth?: number;
  /** 1 to 4, 5 for the last. */
  readonly weekOfMonth?: number;
  readonly monthOfYear?: number;
  readonly occurrences?: number;
  /** UNTIL as the rule has it, or the instant of a client's Until. */
  readonly until?: IcalTime;
  readonly calendarType?: number;
  readonly isLeapMonth?: boolean;
  /** 0 Sunday to 6 Saturday. */
  readonly firstDayOfWeek?: number;
}

/** A recurrence without the form of date that its end has. */
export type RecurrencePattern = Omit<EasRecurrence, 'until'>;

/** 0 daily, 1 weekly, 2 and 3 monthly by day and by weekday, 5 and 6 yearly by day and by weekday. */
export type RecurrenceType = 0 | 1 | 2 | 3 | 5 | 6;

type Pattern = Omit<EasRecurrence, 'interval' | 'occurrences' | 'until'>;

const ALL_DAYS = 127;
/** The sets of days whose nth member has a name: working days, weekend days, any day (MS-ASCAL DayOfWeek). */
const DAY_SETS: readonly number[] = [62, 65, ALL_DAYS];
/** Highest Occurrences and Interval (MS-ASCAL 2.2.2.31, 2.2.2.25). */
const MOST = 999;

/** Calendars with months of their own: CalendarType (MS-ASCAL 2.2.2.10) and RSCALE (RFC 7529 §4); the first of a type is written. */
const CALENDARS: readonly (readonly [type: number, rscale: string])[] = [
  [15, 'CHINESE'],
  [20, 'DANGI'],
  [8, 'HEBREW'],
  [6, 'ISLAMIC-CIVIL'],
  [6, 'ISLAMIC'],
  [6, 'ISLAMIC-TBLA'],
];
/** Calendars that count days and months as the Gregorian one does. */
const SOLAR_TYPES: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12]);
const SOLAR_SCALES: ReadonlySet<string> = new Set(['ROC', 'BUDDHIST', 'JAPANESE']);

/** The recurrence of a rule that starts at the local time `start`, or null when that version can't express it. */
export function toEas(rule: RecurrenceRule, start: number, version: EasVersion): EasRecurrence | null {
  const calendar = calendarOf(rule);
  const shape = SHAPES[rule.freq];
  if (!shape || calendar === null || !withinScope(rule, start)) return null;
  if (calendar && !atLeast(version, '14.0')) return null;
  const pattern = shape(rule, new Date(start), calendar !== undefined);
  return pattern && { ...pattern, interval: rule.interval, ...bounds(rule), ...calendar };
}

/** One shape per FREQ: which parts it may carry and what they mean. `foreign`: DTSTART's own day and month say nothing. */
type Shape = (rule: RecurrenceRule, start: Date, foreign: boolean) => Pattern | null;

const SHAPES: Readonly<Partial<Record<RecurrenceRule['freq'], Shape>>> = {
  DAILY: daily,
  WEEKLY: weekly,
  MONTHLY: monthly,
  YEARLY: yearly,
};

function daily(rule: RecurrenceRule): Pattern | null {
  if (rule.byMonthDay || monthsOf(rule) || rule.bySetPos) return null;
  if (!rule.byDay) return { type: 0 };
  const mask = plainDays(rule);
  // Each day that is one of these: the same as each week on these.
  return mask !== null && rule.interval === 1 ? { type: 1, dayOfWeek: mask, ...weekStart(rule) } : null;
}

function weekly(rule: RecurrenceRule, start: Date): Pattern | null {
  if (monthsOf(rule) || rule.bySetPos) return null;
  const mask = rule.byDay ? plainDays(rule) : 1 << start.getUTCDay();
  return mask === null ? null : { type: 1, dayOfWeek: mask, ...weekStart(rule) };
}

function monthly(rule: RecurrenceRule, start: Date, foreign: boolean): Pattern | null {
  if (monthsOf(rule)) return null;
  const day = monthDay(rule, start, foreign);
  if (day === 'last') return { type: 3, dayOfWeek: ALL_DAYS, weekOfMonth: 5 };
  if (day !== null) return { type: 2, dayOfMonth: day };
  const nth = nthDay(rule);
  return nth && { type: 3, ...nth };
}

function yearly(rule: RecurrenceRule, start: Date, foreign: boolean): Pattern | null {
  const month = monthOf(rule, start, foreign);
  if (!month) return null;
  // Without a month, days of the month and nth weekdays mean all of the year (RFC 5545 §3.3.10, table).
  if (!monthsOf(rule) && (rule.byMonthDay || rule.byDay)) return null;
  const day = monthDay(rule, start, foreign);
  if (day === 'last') return { type: 6, dayOfWeek: ALL_DAYS, weekOfMonth: 5, ...month };
  if (day !== null) return { type: 5, dayOfMonth: day, ...month };
  const nth = nthDay(rule);
  return nth && { type: 6, ...nth, ...month };
}

function monthsOf(rule: RecurrenceRule): readonly string[] | undefined {
  return rule.rscaleMonths ?? rule.byMonth?.map(String);
}

function monthOf(rule: RecurrenceRule, start: Date, foreign: boolean): Pick<Pattern, 'monthOfYear' | 'isLeapMonth'> | null {
  const months = monthsOf(rule);
  if (!months) return foreign ? null : { monthOfYear: start.getUTCMonth() + 1 };
  const month = Number.parseInt(months[0] as string, 10);
  if (months.length !== 1 || month < 1 || month > 12) return null;
  return { monthOfYear: month, ...(months[0]?.endsWith('L') ? { isLeapMonth: true } : {}) };
}

/** The day of the month of a rule by days; null when it is one by weekdays, or names other days. */
function monthDay(rule: RecurrenceRule, start: Date, foreign: boolean): number | 'last' | null {
  const { byDay, byMonthDay: days, bySetPos } = rule;
  if (byDay) return null;
  if (!days) return bySetPos || foreign ? null : start.getUTCDate();
  const highest = days.at(-1) as number;
  if (bySetPos) return isClamped(days, bySetPos) ? highest : null;
  if (days.length !== 1) return null;
  if (highest === -1) return 'last';
  return highest > 0 ? highest : null;
}

/** `28,29,30,31` with BYSETPOS -1: that day, or the last one of a shorter month, which is how some show DayOfMonth 31. */
function isClamped(days: readonly number[], positions: readonly number[]): boolean {
  return positions.length === 1 && positions[0] === -1 && days[0] === 28 && days.every((day, at) => day === 28 + at);
}

/** `2TU`, or a set of days with BYSETPOS; MS-ASCAL counts from 1 to 4 and has the last, but no fifth. */
function nthDay(rule: RecurrenceRule): { dayOfWeek: number; weekOfMonth: number } | null {
  const { byDay, bySetPos } = rule;
  if (!byDay || rule.byMonthDay) return null;
  const mask = byDay.reduce((sum, { day }) => sum | (1 << WEEKDAYS.indexOf(day)), 0);
  const ordinal = byDay.length === 1 ? (byDay[0]?.ordinal ?? 0) : 0;
  const positions = [...(ordinal ? [ordinal] : []), ...(bySetPos ?? [])];
  const position = positions[0] as number;
  if (positions.length !== 1 || byDay.some((day) => day.ordinal !== ordinal) || position > 4 || position < -1) return null;
  if (byDay.length > 1 && !DAY_SETS.includes(mask)) return null;
  return { dayOfWeek: mask, weekOfMonth: position === -1 ? 5 : position };
}

function plainDays(rule: RecurrenceRule): number | null {
  const days = rule.byDay ?? [];
  return days.some(({ ordinal }) => ordinal !== 0) ? null : days.reduce((sum, { day }) => sum | (1 << WEEKDAYS.indexOf(day)), 0);
}

function weekStart(rule: RecurrenceRule): Pick<Pattern, 'firstDayOfWeek'> {
  return { firstDayOfWeek: WEEKDAYS.indexOf(rule.wkst) };
}

/** COUNT and UNTIL. More occurrences than MS-ASCAL counts to are left out: the client shows the series without end. */
function bounds(rule: RecurrenceRule): Pick<EasRecurrence, 'occurrences' | 'until'> {
  if (rule.count !== undefined) return rule.count <= MOST ? { occurrences: rule.count } : {};
  return rule.until ? { until: rule.until } : {};
}

/** No parts that MS-ASCAL has no word for, unless they repeat what DTSTART says anyway. */
function withinScope(rule: RecurrenceRule, start: number): boolean {
  const at = new Date(start);
  const same = (list: readonly number[] | undefined, value: number) => !list || (list.length === 1 && list[0] === value);
  const clock =
    same(rule.byHour, at.getUTCHours()) && same(rule.byMinute, at.getUTCMinutes()) && same(rule.bySecond, at.getUTCSeconds());
  return clock && !rule.byWeekNo && !rule.byYearDay && rule.interval <= MOST;
}

/** undefined: Gregorian; null: one that MS-ASCAL does not know. */
function calendarOf(rule: RecurrenceRule): Pick<Pattern, 'calendarType'> | undefined | null {
  if (rule.rscale === undefined || SOLAR_SCALES.has(rule.rscale)) return undefined;
  const known = CALENDARS.find(([, name]) => name === rule.rscale);
  return known ? { calendarType: known[0] } : null;
}

/** What a Type must and may not carry (MS-ASCAL 2.2.2.36, table), and the parts of a rule it stands for. */
interface TypeRow {
  readonly required: readonly (keyof RecurrencePattern)[];
  readonly forbidden: readonly (keyof RecurrencePattern)[];
  readonly rule: (from: RecurrencePattern) => Partial<RecurrenceRule> & Pick<RecurrenceRule, 'freq'>;
}

const TYPES: Readonly<Record<RecurrenceType, TypeRow>> = {
  0: {
    required: [],
    forbidden: ['dayOfMonth', 'weekOfMonth', 'monthOfYear'],
    rule: (from) => (from.dayOfWeek ? TYPES[1].rule(from) : { freq: 'DAILY' }),
  },
  1: {
    required: ['dayOfWeek'],
    forbidden: ['dayOfMonth', 'weekOfMonth', 'monthOfYear'],
    rule: (from) => ({ freq: 'WEEKLY', byDay: days(from.dayOfWeek), wkst: WEEKDAYS[from.firstDayOfWeek ?? 1] ?? 'MO' }),
  },
  2: {
    required: ['dayOfMonth'],
    forbidden: ['dayOfWeek', 'weekOfMonth', 'monthOfYear'],
    rule: (from) => ({ freq: 'MONTHLY', byMonthDay: [from.dayOfMonth as number] }),
  },
  3: {
    required: ['weekOfMonth', 'dayOfWeek'],
    forbidden: ['dayOfMonth', 'monthOfYear'],
    rule: (from) => ({ freq: 'MONTHLY', ...nth(from) }),
  },
  5: {
    required: ['monthOfYear', 'dayOfMonth'],
    forbidden: ['dayOfWeek', 'weekOfMonth'],
    rule: (from) => ({ freq: 'YEARLY', ...month(from), byMonthDay: [from.dayOfMonth as number] }),
  },
  6: {
    required: ['weekOfMonth', 'monthOfYear', 'dayOfWeek'],
    forbidden: ['dayOfMonth'],
    rule: (from) => ({ freq: 'YEARLY', ...month(from), ...nth(from) }),
  },
};

/**
 * @param until Until as a time of the kind that DTSTART has; Occurrences win over it
 * @throws MalformedItem for a child missing or out of place, or a calendar that is not allowed
 */
export function fromEas(recurrence: RecurrencePattern, until?: IcalTime): RecurrenceRule {
  checkRecurrence(recurrence);
  const { interval, occurrences } = recurrence;
  const rscale = rscaleOf(recurrence);
  return {
    ...TYPES[recurrence.type].rule(recurrence),
    interval: Math.max(1, interval), // 0 is taken as 1, as newer servers do
    wkst: TYPES[recurrence.type].rule(recurrence).wkst ?? 'MO',
    ...(rscale ? { rscale } : {}),
    ...(occurrences !== undefined ? { count: occurrences } : until ? { until } : {}),
  };
}

/** Whether a client's recurrence means the pattern that it was shown; what a version has no element for is not compared. */
export function samePattern(shown: RecurrencePattern, sent: RecurrencePattern): boolean {
  const firstDay = sent.interval > 1 ? (sent.firstDayOfWeek ?? shown.firstDayOfWeek) : shown.firstDayOfWeek;
  const pattern = (of: RecurrencePattern, firstDayOfWeek: number | undefined) =>
    formatRule(fromEas({ ...of, firstDayOfWeek, occurrences: undefined }));
  checkRecurrence(sent);
  return pattern(shown, shown.firstDayOfWeek) === pattern(sent, firstDay);
}

/** Lowest and highest value of each child. */
const RANGES: readonly (readonly [keyof RecurrencePattern, number, number])[] = [
  ['dayOfWeek', 1, ALL_DAYS],
  ['dayOfMonth', 1, 31],
  ['weekOfMonth', 1, 5],
  ['monthOfYear', 1, 12],
  ['firstDayOfWeek', 0, 6],
  ['occurrences', 1, 65_535],
  ['interval', 0, 65_535],
];

function checkRecurrence(recurrence: RecurrencePattern): void {
  const row = TYPES[recurrence.type];
  if (!row) throw new MalformedItem(`Recurrence: Type ${recurrence.type}`);
  for (const name of row.required) if (recurrence[name] === undefined) throw new MalformedItem(`Recurrence without ${name}`);
  for (const name of row.forbidden) if (recurrence[name] !== undefined) throw new MalformedItem(`Recurrence with ${name}`);
  for (const [name, low, high] of RANGES) {
    const value = recurrence[name] as number | undefined;
    if (value !== undefined && !(value >= low && value <= high)) throw new MalformedItem(`Recurrence: ${name} ${value}`);
  }
  const type = recurrence.calendarType ?? 0;
  if (!SOLAR_TYPES.has(type) && !CALENDARS.some(([known]) => known === type))
    throw new MalformedItem(`Recurrence: CalendarType ${type}`);
}

function rscaleOf(from: RecurrencePattern): string | undefined {
  return CALENDARS.find(([type]) => type === from.calendarType)?.[1];
}

function month(from: RecurrencePattern): Pick<RecurrenceRule, 'byMonth' | 'rscaleMonths'> {
  const scaled = rscaleOf(from) !== undefined;
  if (scaled) return { rscaleMonths: [`${from.monthOfYear}${from.isLeapMonth ? 'L' : ''}`] };
  return { byMonth: [from.monthOfYear as number] };
}

function nth(from: RecurrencePattern): Pick<RecurrenceRule, 'byDay' | 'byMonthDay' | 'bySetPos'> {
  const mask = from.dayOfWeek as number;
  const ordinal = from.weekOfMonth === 5 ? -1 : (from.weekOfMonth as number);
  if (mask === ALL_DAYS) return { byMonthDay: [ordinal] };
  const isSingle = (mask & (mask - 1)) === 0;
  return isSingle ? { byDay: days(mask, ordinal) } : { byDay: days(mask), bySetPos: [ordinal] };
}

/** The days of a sum, the week beginning on Monday. */
function days(mask = 0, ordinal = 0): RecurrenceRule['byDay'] {
  return [1, 2, 3, 4, 5, 6, 0]
    .filter((at) => mask & (1 << at))
    .map((at) => ({ ordinal, day: WEEKDAYS[at] as (typeof WEEKDAYS)[number] }));
}
