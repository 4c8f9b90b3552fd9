import type { Component } from '../content-lines.js';
import type { Timing } from './timing.js';
import { DAY, formatTime, type IcalTime, mod, timeOf, timeParams, utcTime } from './values.js';
import type { ZoneTable } from './zones.js';

/**
 * Moves a component by a difference on the wall clock: DTSTART (DUE where there is none), and the end so that the length
 * stays. UTC is moved on the clock of the series.
 */
export function shiftTimes(component: Component, by: number, zones: ZoneTable, series: Timing | null): void {
  const anchor = component.first('DTSTART') ? 'DTSTART' : 'DUE';
  const property = component.first(anchor);
  if (!property || by === 0) return;
  const from = timeOf(property);
  const to = shifted(from, by, series);
  const elapsed = zones.instant(to) - zones.instant(from);
  const ends = ['DTEND', 'DUE'].filter((name) => name !== anchor).map((name) => component.first(name));
  const moved = ends.map((end) => end && later(timeOf(end), by, elapsed, zones));
  component.set(anchor, formatTime(to), timeParams(to));
  for (const [index, time] of moved.entries())
    if (time) component.set(ends[index]?.name as string, formatTime(time), timeParams(time));
}

function shifted(time: IcalTime, by: number, series: Timing | null): IcalTime {
  if (time.kind === 'utc' && series?.start.kind === 'zoned' && !series.floating)
    return utcTime(series.zone.toInstant(series.zone.toLocal(time.local) + by));
  const local = time.local + by;
  return { ...time, local: time.kind === 'date' ? local - mod(local, DAY) : local };
}

/** Days and floating times on the wall clock, others exactly; the second of two equal readings can only be told in UTC. */
function later(time: IcalTime, by: number, elapsed: number, zones: ZoneTable): IcalTime {
  if (time.kind === 'date' || time.kind === 'floating') return shifted(time, by, null);
  const instant = zones.instant(time) + elapsed;
  const zone = zones.zoneOf(time);
  const local = zone.toLocal(instant);
  return zone.toInstant(local) === instant ? { ...time, local } : utcTime(instant);
}
