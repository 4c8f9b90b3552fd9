import type { BusyPeriod } from '../../domain/pim/free-busy.js';
import type { Span } from '../../domain/pim/model.js';
import { foldLine } from '../../formats/content-lines.js';
import { formatTime, utcTime } from '../../formats/ical/values.js';

/** What a VFREEBUSY says beside its times. */
export interface FreeBusyOptions {
  /** Of the answer to a request (RFC 6638 §5): `REPLY`. */
  readonly method?: string;
  /** Further properties of the VFREEBUSY, as unfolded lines. */
  readonly lines?: readonly string[];
}

/** A VCALENDAR with one VFREEBUSY (RFC 5545 §3.6.4). */
export function freeBusyText(span: Span, periods: readonly BusyPeriod[], now: Date, options: FreeBusyOptions = {}): string {
  const at = (instant: number): string => formatTime(utcTime(instant));
  const busy = periods.map(({ start, end, type }) => {
    return `FREEBUSY${type === 'BUSY' ? '' : `;FBTYPE=${type}`}:${at(start)}/${at(end)}`;
  });
  const head = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Mobile Sync Gateway//EN'];
  const method = options.method === undefined ? [] : [`METHOD:${options.method}`];
  const times = [`DTSTAMP:${at(now.getTime())}`, `DTSTART:${at(span.start)}`, `DTEND:${at(span.end)}`];
  const inner = ['BEGIN:VFREEBUSY', ...times, ...(options.lines ?? []), ...busy, 'END:VFREEBUSY'];
  return [...head, ...method, ...inner, 'END:VCALENDAR'].map((line) => `${foldLine(line, '\r\n')}\r\n`).join('');
}
