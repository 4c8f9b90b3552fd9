/**
 * Expansion of one rule on the wall clock. Gregorian rules are computed here, on integers; rules in another calendar
 * (RSCALE, RFC 7529) by rrule-temporal. Both give the same for the rules both know: see the property test.
 */
import type { Budget } from './budget.js';
import { civilOf, dayOf } from './civil.js';
import type { RecurrenceRule } from './rule.js';
import { RuleDays } from './rule-days.js';
import { otherCalendarLocals } from './rule-other-calendars.js';
import { DAY, END_OF_TIME, HOUR, localOf, MINUTE, mod, SECOND } from './values.js';

export interface Window {
  /** Local times before this may be left out. They must not be for COUNT. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/**
 * Local times that the rule generates at or after `start` within a window, ascending. COUNT and UNTIL are the caller's.
 * @throws TooComplex when the budget is spent
 */
export function ruleLocals(rule: RecurrenceRule, start: number, window: Window, budget: Budget): Iterable<number> {
  const bounds = { from: Math.max(start, window.from), to: Math.min(window.to, END_OF_TIME) };
  if (bounds.from >= bounds.to) return [];
  if (rule.rscale) return otherCalendarLocals(rule, start, bounds, budget);
  const steps = PERIODS[rule.freq];
  return steps ? calendarLocals(rule, start, bounds, budget, steps) : subDailyLocals(rule, start, bounds, budget);
}

/** One period of a frequency of a day or more: its days, and where the next begins. */
interface Periods {
  /** The number of the period that holds a day; numbers are consecutive. */
  number(day: number, days: RuleDays): number;
  days(number: number, days: RuleDays): number[];
  /** A day at or before every day of the period. */
  begins(number: number, days: RuleDays): number;
}

// SKIP may move a day into the neighbouring month: begins() allows for it.
const PERIODS: Readonly<Partial<Record<RecurrenceRule['freq'], Periods>>> = {
  YEARLY: {
    number: (day) => civilOf(day).year,
    days: (year, days) => days.ofYear(year),
    begins: (year) => dayOf(localOf(year, 1, 1)) - 1,
  },
  MONTHLY: {
    number: (day) => civilOf(day).year * 12 + civilOf(day).month - 1,
    days: (number, days) => days.ofMonth(Math.floor(number / 12), mod(number, 12) + 1),
    begins: (number) => dayOf(localOf(Math.floor(number / 12), mod(number, 12) + 1, 1)) - 1,
  },
  WEEKLY: {
    number: (day, days) => Math.floor((days.weekStart(day) + 7000) / 7),
    days: (number, days) => days.ofWeek(days.weekStart(number * 7 - 7000 + 6)),
    begins: (number) => number * 7 - 7000,
  },
  DAILY: {
    number: (day) => day,
    days: (day, days) => (days.matches(day) ? [day] : []),
    begins: (day) => day,
  },
};

function* calendarLocals(
  rule: RecurrenceRule,
  start: number,
  window: Window,
  budget: Budget,
  periods: Periods,
): Generator<number> {
  const days = new RuleDays(rule, dayOf(start));
  const times = timesOfDay(rule, start);
  const first = periods.number(dayOf(start), days);
  const wanted = periods.number(dayOf(window.from), days) - 1;
  const skipped = Math.max(0, Math.floor((wanted - first) / rule.interval));
  let last = Number.NEGATIVE_INFINITY;
  for (let number = first + skipped * rule.interval; periods.begins(number, days) * DAY < window.to; number += rule.interval) {
    const selected = periods.days(number, days);
    budget.spend(rule.freq === 'YEARLY' ? 20 : 2);
    for (const local of pick(selected, times, rule.bySetPos)) {
      budget.spend(1);
      if (local >= window.to) return;
      if (local >= window.from && local > last) yield local;
      last = Math.max(last, local);
    }
  }
}

/** Days × times in order, or only those at BYSETPOS. */
function* pick(days: readonly number[], times: readonly number[], setPos: readonly number[] | undefined): Generator<number> {
  const total = days.length * times.length;
  const at = (index: number) =>
    (days[Math.floor(index / times.length)] as number) * DAY + (times[index % times.length] as number);
  if (!setPos) for (let index = 0; index < total; index++) yield at(index);
  else for (const index of positions(setPos, total)) yield at(index);
}

function positions(setPos: readonly number[], total: number): number[] {
  const indices = setPos.map((pos) => (pos > 0 ? pos - 1 : total + pos)).filter((index) => index >= 0 && index < total);
  return [...new Set(indices)].sort((a, b) => a - b);
}

/** Times of day in milliseconds: BYHOUR × BYMINUTE × BYSECOND, with those of DTSTART where a part is missing. */
function timesOfDay(rule: RecurrenceRule, start: number): number[] {
  const time = mod(start, DAY);
  const hours = rule.byHour ?? [Math.floor(time / HOUR)];
  const rest = timesOfHour(rule, start);
  return hours.flatMap((hour) => rest.map((ms) => hour * HOUR + ms));
}

function timesOfHour(rule: RecurrenceRule, start: number): number[] {
  const minutes = rule.byMinute ?? [Math.floor(mod(start, HOUR) / MINUTE)];
  const rest = timesOfMinute(rule, start);
  return minutes.flatMap((minute) => rest.map((ms) => minute * MINUTE + ms));
}

/** Leap seconds are taken as the second before them: the wall clock has none. */
function timesOfMinute(rule: RecurrenceRule, start: number): number[] {
  const seconds = rule.bySecond ?? [Math.floor(mod(start, MINUTE) / SECOND)];
  return [...new Set(seconds.map((second) => Math.min(second, 59) * SECOND))];
}

/** A step of a sub-daily rule: its length, the parts that limit it with the unit they jump by, and what it expands to. */
interface SubDaily {
  readonly unit: number;
  readonly limits: readonly {
    readonly field: 'byHour' | 'byMinute' | 'bySecond';
    readonly unit: number;
    readonly wrap: number;
  }[];
  expand(rule: RecurrenceRule, start: number): number[];
}

const LIMIT_HOUR = { field: 'byHour', unit: HOUR, wrap: DAY } as const;
const LIMIT_MINUTE = { field: 'byMinute', unit: MINUTE, wrap: HOUR } as const;
const LIMIT_SECOND = { field: 'bySecond', unit: SECOND, wrap: MINUTE } as const;

const SUB_DAILY: Readonly<Record<string, SubDaily>> = {
  HOURLY: { unit: HOUR, limits: [LIMIT_HOUR], expand: timesOfHour },
  MINUTELY: { unit: MINUTE, limits: [LIMIT_HOUR, LIMIT_MINUTE], expand: timesOfMinute },
  SECONDLY: { unit: SECOND, limits: [LIMIT_HOUR, LIMIT_MINUTE, LIMIT_SECOND], expand: () => [0] },
};

function* subDailyLocals(rule: RecurrenceRule, start: number, window: Window, budget: Budget): Generator<number> {
  const { unit, limits, expand } = SUB_DAILY[rule.freq] as SubDaily;
  const days = new RuleDays(rule, dayOf(start));
  const step = unit * rule.interval;
  const first = start - mod(start, unit);
  const offsets = expand(rule, start);
  const next = (local: number) => first + Math.max(0, Math.ceil((local - first) / step)) * step;
  for (let period = next(window.from - step); period < window.to; ) {
    budget.spend(1);
    const blocked = blockedUntil(period, rule, days, limits);
    if (blocked > period) {
      period = next(blocked);
      continue;
    }
    const chosen = rule.bySetPos ? positions(rule.bySetPos, offsets.length).map((at) => offsets[at] as number) : offsets;
    for (const offset of chosen) {
      const local = period + offset;
      if (local >= window.to) return;
      if (local >= window.from) {
        budget.spend(1);
        yield local;
      }
    }
    period += step;
  }
}

/** The time itself when nothing forbids the period, else the first moment at which the forbidding part may change its mind. */
function blockedUntil(local: number, rule: RecurrenceRule, days: RuleDays, limits: SubDaily['limits']): number {
  const day = dayOf(local);
  if (!days.matches(day)) return (day + 1) * DAY;
  for (const { field, unit, wrap } of limits) {
    const allowed = rule[field];
    const value = Math.floor(mod(local, wrap) / unit);
    if (allowed && !allowed.includes(value)) return local - mod(local, unit) + unit;
  }
  return local;
}

/** How often an endless or long rule may be asked for its COUNT-th time before arithmetic has to do. */
const LONG_COUNT = 20_000;

/**
 * The local time of the COUNT-th occurrence of a rule that only steps (SECONDLY to WEEKLY without any BYxxx part) and has
 * a long count; undefined for others.
 */
export function lastOfLongCount(rule: RecurrenceRule, start: number): number | undefined {
  const unit = { SECONDLY: SECOND, MINUTELY: MINUTE, HOURLY: HOUR, DAILY: DAY, WEEKLY: 7 * DAY }[rule.freq as string];
  const by = rule.bySecond ?? rule.byMinute ?? rule.byHour ?? rule.byDay ?? rule.byMonthDay ?? rule.byYearDay ?? rule.byMonth;
  if (!unit || by || rule.bySetPos || rule.rscale || !rule.count || rule.count < LONG_COUNT) return undefined;
  return start + (rule.count - 1) * rule.interval * unit;
}
