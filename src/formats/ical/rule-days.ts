/** The days of one period (year, month, week, day) that a rule selects; RFC 5545 §3.3.10, the table of BYxxx parts. */
import { civilOf, dayNumber, daysInYear, firstWeekStart, weekdayOf } from './civil.js';
import { type RecurrenceRule, WEEKDAYS } from './rule.js';
import { daysInMonth, mod } from './values.js';

type Days = number[];

/** Answers which days a rule selects. Day numbers as in civil.ts. */
export class RuleDays {
  readonly #rule: RecurrenceRule;
  readonly #start: { readonly month: number; readonly day: number; readonly weekday: number };
  readonly #wkst: number;
  readonly #weekdays: ReadonlySet<number> | null;
  readonly #ordinals: boolean;
  readonly #months: ReadonlySet<number> | null;

  constructor(rule: RecurrenceRule, startDay: number) {
    this.#rule = rule;
    this.#start = { ...civilOf(startDay), weekday: weekdayOf(startDay) };
    this.#wkst = WEEKDAYS.indexOf(rule.wkst);
    this.#weekdays = rule.byDay ? new Set(rule.byDay.map(({ day }) => WEEKDAYS.indexOf(day))) : null;
    this.#ordinals = rule.byDay?.some(({ ordinal }) => ordinal !== 0) ?? false;
    this.#months = rule.byMonth ? new Set(rule.byMonth) : null;
  }

  /** Days of a year, ascending. */
  ofYear(year: number): Days {
    const { byYearDay, byWeekNo, byMonthDay, byDay, byMonth } = this.#rule;
    if (!byYearDay && !byWeekNo && !byMonthDay && !byDay) return this.#sameDayOfMonths(year, byMonth ?? [this.#start.month]);
    if (byYearDay) return this.#filter(this.#yearDays(year, byYearDay), year);
    if (byMonthDay && !byWeekNo) {
      const months = byMonth ?? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
      return this.#filterByDay(sorted(months.flatMap((month) => this.#monthDays(year, month, byMonthDay))), year);
    }
    return this.#filter(this.#allDays(year), year);
  }

  /** Days of a month, ascending. */
  ofMonth(year: number, month: number): Days {
    if (this.#months && !this.#months.has(month)) return [];
    const { byMonthDay, byDay, byYearDay } = this.#rule;
    if (!byMonthDay && !byDay && !byYearDay) return this.#sameDayOfMonths(year, [month]);
    const first = dayNumber(year, month, 1);
    const days = byMonthDay ? sorted(this.#monthDays(year, month, byMonthDay)) : range(first, daysInMonth(year, month));
    return this.#filterByDay(byYearDay ? days.filter((day) => this.#isYearDay(day)) : days, year);
  }

  /** Days of the week that begins at a day, ascending. Ordinals mean nothing here. */
  ofWeek(weekStart: number): Days {
    const weekdays = this.#weekdays ?? new Set([this.#start.weekday]);
    return range(weekStart, 7).filter((day) => weekdays.has(weekdayOf(day)) && this.#inMonth(day) && this.#isYearDay(day));
  }

  /** Whether a day passes all parts that limit it, for DAILY and below. */
  matches(day: number): boolean {
    if (this.#weekdays && !this.#weekdays.has(weekdayOf(day))) return false;
    return this.#inMonth(day) && this.#isMonthDay(day) && this.#isYearDay(day);
  }

  /** The start of the week that a day lies in. */
  weekStart(day: number): number {
    return day - mod(weekdayOf(day) - this.#wkst, 7);
  }

  #sameDayOfMonths(year: number, months: readonly number[]): Days {
    return sorted(months.flatMap((month) => this.#monthDays(year, month, [this.#start.day])));
  }

  /** Days by number within a month; RFC 7529 §4.1 says what becomes of those it does not have. */
  #monthDays(year: number, month: number, numbers: readonly number[]): Days {
    const length = daysInMonth(year, month);
    const first = dayNumber(year, month, 1);
    const days: Days = [];
    for (const number of numbers) {
      const day = number > 0 ? number : length + number + 1;
      if (day >= 1 && day <= length) days.push(first + day - 1);
      else if (this.#rule.skip === 'BACKWARD') days.push(day < 1 ? first - 1 : first + length - 1);
      else if (this.#rule.skip === 'FORWARD') days.push(day < 1 ? first : first + length);
    }
    return days;
  }

  #yearDays(year: number, numbers: readonly number[]): Days {
    const length = daysInYear(year);
    const first = dayNumber(year, 1, 1);
    const days = numbers.map((number) => (number > 0 ? number : length + number + 1));
    return sorted(days.filter((day) => day >= 1 && day <= length).map((day) => first + day - 1));
  }

  #allDays(year: number): Days {
    const { byMonth } = this.#rule;
    if (!byMonth) return range(dayNumber(year, 1, 1), daysInYear(year));
    return byMonth.flatMap((month) => range(dayNumber(year, month, 1), daysInMonth(year, month)));
  }

  #filter(days: Days, year: number): Days {
    const { byWeekNo } = this.#rule;
    const kept = days.filter((day) => this.#inMonth(day) && this.#isMonthDay(day));
    if (!byWeekNo) return this.#filterByDay(kept, year);
    // Within weeks an ordinal means nothing, and without BYDAY the weekday is that of DTSTART.
    const weekdays =
      this.#weekdays ?? new Set(this.#rule.byMonthDay || this.#rule.byYearDay ? WEEKDAYS.keys() : [this.#start.weekday]);
    return kept.filter((day) => weekdays.has(weekdayOf(day)) && this.#isWeekNo(day, byWeekNo));
  }

  /** BYDAY with ordinals counts within the month, or within the year of a YEARLY rule without BYMONTH. */
  #filterByDay(days: Days, year: number): Days {
    const weekdays = this.#weekdays;
    if (!weekdays) return days;
    const kept = days.filter((day) => weekdays.has(weekdayOf(day)));
    if (!this.#ordinals) return kept;
    const inYear = this.#rule.freq === 'YEARLY' && !this.#months;
    return kept.filter((day) =>
      this.#isNth(day, inYear ? { first: dayNumber(year, 1, 1), length: daysInYear(year) } : monthOf(day)),
    );
  }

  #isNth(day: number, within: { first: number; length: number }): boolean {
    const at = day - within.first;
    const fromStart = Math.floor(at / 7) + 1;
    const fromEnd = -(Math.floor((within.length - 1 - at) / 7) + 1);
    const weekday = WEEKDAYS[weekdayOf(day)];
    return (this.#rule.byDay ?? []).some(
      (by) => by.day === weekday && (by.ordinal === 0 || by.ordinal === fromStart || by.ordinal === fromEnd),
    );
  }

  #inMonth(day: number): boolean {
    return !this.#months || this.#months.has(civilOf(day).month);
  }

  #isMonthDay(day: number): boolean {
    const numbers = this.#rule.byMonthDay;
    if (!numbers) return true;
    const civil = civilOf(day);
    return numbers.includes(civil.day) || numbers.includes(civil.day - daysInMonth(civil.year, civil.month) - 1);
  }

  #isYearDay(day: number): boolean {
    const numbers = this.#rule.byYearDay;
    if (!numbers) return true;
    const { year } = civilOf(day);
    const number = day - dayNumber(year, 1, 1) + 1;
    return numbers.includes(number) || numbers.includes(number - daysInYear(year) - 1);
  }

  #isWeekNo(day: number, numbers: readonly number[]): boolean {
    let { year } = civilOf(day);
    if (day >= firstWeekStart(year + 1, this.#wkst)) year++;
    else if (day < firstWeekStart(year, this.#wkst)) year--;
    const first = firstWeekStart(year, this.#wkst);
    const weeks = (firstWeekStart(year + 1, this.#wkst) - first) / 7;
    const number = Math.floor((day - first) / 7) + 1;
    return numbers.includes(number) || numbers.includes(number - weeks - 1);
  }
}

function monthOf(day: number): { first: number; length: number } {
  const { year, month } = civilOf(day);
  return { first: dayNumber(year, month, 1), length: daysInMonth(year, month) };
}

function range(first: number, length: number): Days {
  return Array.from({ length }, (_, at) => first + at);
}

function sorted(days: Days): Days {
  if (days.length < 2) return days;
  return [...new Set(days)].sort((a, b) => a - b);
}
