import { ianaZone, UTC } from '../zones/iana.js';
import { type Transition, yearStart, type Zone } from '../zones/zone.js';
import { civilOf, dayOf, weekdayOf } from './civil.js';
import { WEEKDAYS } from './rule.js';
import { DAY, daysInMonth, floatingTime, formatOffset, formatTime, mod, utcTime } from './values.js';

/** Rules are told at least until this year, so that those that hold now are seen to go on. */
const TOLD_UNTIL = 2_037;

/**
 * VTIMEZONE text for a zone, with CRLF line ends: what holds from the year before `from` on. Made from the offsets that
 * the gateway itself computes with, so clients and gateway agree.
 * @param name IANA name in any spelling, or a zone
 * @param options.tzid what to call it; default: the zone's name
 */
export function vtimezoneText(name: string | Zone, options: { readonly from?: number; readonly tzid?: string } = {}): string {
  const zone = typeof name === 'string' ? (ianaZone(name) ?? UTC) : name;
  const year = Math.min(Math.max(new Date(options.from ?? Date.UTC(2020, 0, 1)).getUTCFullYear(), 1_801), 9_980);
  const from = yearStart(year - 1);
  const last = Math.max(TOLD_UNTIL, year + 15);
  const transitions = zone.transitions(from, yearStart(last + 1));
  const first = transitions[0];
  const lines = ['BEGIN:VTIMEZONE', `TZID:${options.tzid ?? zone.id}`];
  // Without a change in the year before, what held until the first change must be said.
  if (!first || first.at >= yearStart(year)) lines.push(...observance(initial(zone, from), []));
  for (const run of runsOf(transitions, last)) lines.push(...observance(run.first, run.rule));
  lines.push('END:VTIMEZONE', '');
  return lines.join('\r\n');
}

function initial(zone: Zone, at: number): Transition {
  const offset = zone.offsetAt(at);
  return { at: at - offset, before: offset, after: offset };
}

function observance(change: Transition, rule: readonly string[]): string[] {
  const name = change.after > change.before ? 'DAYLIGHT' : 'STANDARD';
  return [
    `BEGIN:${name}`,
    `DTSTART:${formatTime(floatingTime(change.at + change.before))}`,
    `TZOFFSETFROM:${formatOffset(change.before)}`,
    `TZOFFSETTO:${formatOffset(change.after)}`,
    ...rule,
    `END:${name}`,
  ];
}

interface Onset extends Transition {
  readonly year: number;
  readonly month: number;
  readonly weekday: number;
  readonly day: number;
  readonly length: number;
}

interface Run {
  readonly first: Transition;
  readonly rule: readonly string[];
}

/** Changes of consecutive years that one yearly rule describes become one observance. */
function runsOf(transitions: readonly Transition[], last: number): Run[] {
  const groups = new Map<string, Onset[]>();
  for (const onset of transitions.map(onsetOf)) groups.set(keyOf(onset), [...(groups.get(keyOf(onset)) ?? []), onset]);
  const runs: Run[] = [];
  for (const onsets of groups.values()) {
    for (let rest = onsets; rest.length > 0; ) {
      const run = longestRun(rest);
      rest = rest.slice(run.onsets.length);
      runs.push({ first: run.onsets[0] as Onset, rule: ruleOf(run, last) });
    }
  }
  return runs.sort((a, b) => a.first.at - b.first.at);
}

function onsetOf(transition: Transition): Onset {
  const local = transition.at + transition.before;
  const { year, month, day } = civilOf(dayOf(local));
  return { ...transition, year, month, day, weekday: weekdayOf(dayOf(local)), length: daysInMonth(year, month) };
}

function keyOf(onset: Onset): string {
  return [onset.before, onset.after, onset.month, onset.weekday, mod(onset.at + onset.before, DAY)].join();
}

interface Pattern {
  readonly onsets: readonly Onset[];
  readonly byDay: string | null;
}

function longestRun(onsets: readonly Onset[]): Pattern {
  let run: Pattern = { onsets: onsets.slice(0, 1), byDay: null };
  for (let length = 2; length <= onsets.length; length++) {
    const candidate = onsets.slice(0, length);
    if ((candidate[length - 1] as Onset).year !== (candidate[length - 2] as Onset).year + 1) break;
    const byDay = byDayOf(candidate);
    if (byDay === null) break;
    run = { onsets: candidate, byDay };
  }
  return run;
}

/** `-1SU`, `2SU`, or a weekday on or after a day of the month. */
function byDayOf(onsets: readonly Onset[]): string | null {
  const weekday = WEEKDAYS[(onsets[0] as Onset).weekday];
  if (onsets.every((onset) => onset.day + 7 > onset.length)) return `BYDAY=-1${weekday}`;
  const nth = Math.ceil((onsets[0] as Onset).day / 7);
  if (onsets.every((onset) => Math.ceil(onset.day / 7) === nth)) return `BYDAY=${nth}${weekday}`;
  const days = onsets.map((onset) => onset.day);
  const low = Math.min(...days);
  if (Math.max(...days) - low > 6) return null;
  return `BYDAY=${weekday};BYMONTHDAY=${Array.from({ length: 7 }, (_, at) => low + at)
    .filter((day) => day <= 31)
    .join(',')}`;
}

function ruleOf({ onsets, byDay }: Pattern, last: number): string[] {
  if (byDay === null) return [];
  const end = onsets.at(-1) as Onset;
  const until = end.year >= last ? '' : `;UNTIL=${formatTime(utcTime(end.at))}`;
  return [`RRULE:FREQ=YEARLY;BYMONTH=${end.month};${byDay}${until}`];
}
