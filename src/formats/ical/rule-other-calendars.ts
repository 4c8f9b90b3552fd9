import { RRuleTemporal } from 'rrule-temporal';
import type { Budget } from './budget.js';
import { TooComplex } from './error.js';
import { formatRule, type RecurrenceRule } from './rule.js';
import { DAY, formatTime, utcTime } from './values.js';

/** RSCALE values that rrule-temporal computes; it silently takes any other for Gregorian. */
const CALENDARS = new Set(['CHINESE', 'HEBREW', 'INDIAN']);

const FIRST_STRETCH = 20 * 366 * DAY;
/** An occurrence costs about half a millisecond here. */
const STEPS_PER_OCCURRENCE = 200;
const MAX_ITERATIONS = 20_000;

/**
 * Local times of a rule in another calendar (RFC 7529), asked of rrule-temporal in UTC, which has no gaps. It walks from
 * the start, so the stretches it is asked for grow.
 * @throws TooComplex when the budget is spent or the calendar is not known here
 */
export function* otherCalendarLocals(
  rule: RecurrenceRule,
  start: number,
  window: { readonly from: number; readonly to: number },
  budget: Budget,
): Generator<number> {
  if (!CALENDARS.has(rule.rscale ?? '')) throw new TooComplex(`RSCALE=${rule.rscale} can't be expanded`);
  let from = window.from;
  for (let stretch = FIRST_STRETCH; from < window.to; stretch *= 4) {
    const to = Math.min(from + stretch, window.to);
    yield* walk(rule, start, { from, to }, budget);
    from = to;
  }
}

function walk(
  rule: RecurrenceRule,
  start: number,
  window: { readonly from: number; readonly to: number },
  budget: Budget,
): number[] {
  const text = formatRule({ ...rule, count: undefined, until: undefined });
  const found: number[] = [];
  try {
    const series = new RRuleTemporal({
      rruleString: `DTSTART:${formatTime(utcTime(start))}\nRRULE:${text};UNTIL=${formatTime(utcTime(window.to - 1))}`,
      maxIterations: MAX_ITERATIONS,
      cache: false,
    });
    series.all((time) => {
      budget.spend(STEPS_PER_OCCURRENCE);
      const local = time.epochMilliseconds;
      if (local >= window.from && local < window.to) found.push(local);
      return local < window.to;
    });
  } catch (error) {
    throw new TooComplex('recurrence set needs too much work', { cause: error });
  }
  return found;
}
