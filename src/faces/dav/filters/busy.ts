import { foldLine } from '../../../formats/content-lines.js';
import { type Occurrence, occurrences, TooComplex } from '../../../formats/ical/occurrences.js';
import { openCalendarObject } from '../../../formats/ical/parse.js';
import { formatTime, utcTime } from '../../../formats/ical/values.js';
import type { Viewer } from './overlap.js';
import type { Range } from './range.js';

/** How a time is taken (RFC 5545 §3.2.9). */
export type BusyType = 'BUSY' | 'BUSY-TENTATIVE' | 'BUSY-UNAVAILABLE';

export interface BusyPeriod extends Range {
  readonly type: BusyType;
}

/** When an event takes its owner's time, clipped to the range (RFC 4791 §7.10). What cannot be read takes none. */
export function busyPeriods(text: string, range: Range, viewer: Viewer): BusyPeriod[] {
  try {
    const object = openCalendarObject(text);
    if (object.component !== 'VEVENT') return [];
    const all = [...occurrences(object, { from: range.start, to: range.end, zone: viewer.zone })];
    return all.flatMap((occurrence) => periodOf(occurrence, range));
  } catch (error) {
    // A rule without end in small steps: better said to be busy than free.
    return error instanceof TooComplex ? [{ ...range, type: 'BUSY' }] : [];
  }
}

function periodOf({ component, start, end }: Occurrence, range: Range): BusyPeriod[] {
  const status = component.first('STATUS')?.value.trim().toUpperCase();
  const transparent = component.first('TRANSP')?.value.trim().toUpperCase() === 'TRANSPARENT';
  if (transparent || status === 'CANCELLED' || end <= start) return [];
  const type = status === 'TENTATIVE' ? 'BUSY-TENTATIVE' : 'BUSY';
  return [{ start: Math.max(start, range.start), end: Math.min(end, range.end), type }];
}

/** Periods of one type that touch become one. */
export function mergePeriods(periods: readonly BusyPeriod[]): BusyPeriod[] {
  const merged: BusyPeriod[] = [];
  const lastOf = new Map<BusyType, number>();
  for (const period of [...periods].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const at = lastOf.get(period.type);
    const last = at === undefined ? undefined : merged[at];
    if (at !== undefined && last !== undefined && period.start <= last.end) {
      merged[at] = { ...last, end: Math.max(last.end, period.end) };
    } else {
      lastOf.set(period.type, merged.push(period) - 1);
    }
  }
  return merged;
}

/** A VCALENDAR with one VFREEBUSY; `lines` are further properties of it. */
export function freeBusyText(range: Range, periods: readonly BusyPeriod[], now: Date, lines: readonly string[] = []): string {
  const at = (instant: number): string => formatTime(utcTime(instant));
  const busy = mergePeriods(periods).map(({ start, end, type }) => {
    return `FREEBUSY${type === 'BUSY' ? '' : `;FBTYPE=${type}`}:${at(start)}/${at(end)}`;
  });
  const head = [`DTSTAMP:${at(now.getTime())}`, `DTSTART:${at(range.start)}`, `DTEND:${at(range.end)}`];
  const inner = ['BEGIN:VFREEBUSY', ...head, ...lines, ...busy, 'END:VFREEBUSY'];
  const all = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Mobile Sync Gateway//EN', ...inner, 'END:VCALENDAR'];
  return all.map((line) => `${foldLine(line, '\r\n')}\r\n`).join('');
}
