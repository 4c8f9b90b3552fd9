import type { Component } from '../content-lines.js';
import type { Override } from './parse.js';
import type { RecurrenceSet, Start } from './recurrence-set.js';
import { type Length, type Timing, timingOf } from './timing.js';
import { DAY, type IcalTime, mod } from './values.js';
import type { ZoneTable } from './zones.js';

/** What an override with RANGE=THISANDFUTURE makes of the starts from its RECURRENCE-ID on, until the next such one. */
export interface Variant {
  readonly since: Start;
  readonly component: Component;
  readonly timing: Timing;
}

/**
 * The overrides of a series with RANGE=THISANDFUTURE (RFC 5545 §3.8.4.4): "all subsequent instances are also rescheduled" by
 * the same difference, have the same duration and say the same. EXDATE and overrides of single occurrences go before them.
 */
export class Variants {
  /** Ascending. */
  readonly all: readonly Variant[];

  constructor(set: RecurrenceSet | null, overrides: readonly Override[], zones: ZoneTable) {
    const ranges = set ? overrides.filter(({ thisAndFuture }) => thisAndFuture) : [];
    const read = ranges.map((override) => variantOf(set as RecurrenceSet, override, zones));
    this.all = read.sort((a, b) => a.since.instant - b.since.instant);
  }

  /** The last one that has begun at a start's instant. */
  at(instant: number): Variant | undefined {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.all[middle] as Variant).since.instant <= instant) low = middle + 1;
      else high = middle;
    }
    return this.all[low - 1];
  }
}

function variantOf(set: RecurrenceSet, { recurrenceId, component }: Override, zones: ZoneTable): Variant {
  const since = set.startOf(recurrenceId);
  const own = timingOf(component, zones);
  // Without a date of its own it stays where the series is.
  if (!own) return { since, component, timing: { ...set.timing, start: { ...set.timing.start, local: since.local } } };
  return { since, component, timing: onClockOf(set.timing, own) };
}

/** UTC names an instant, no clock to follow: what moves such an override moves it on the clock of its series. */
function onClockOf({ start, zone, floating }: Timing, own: Timing): Timing {
  if (own.start.kind !== 'utc' || start.kind !== 'zoned' || floating) return own;
  return { ...own, zone, start: { ...start, local: zone.toLocal(own.start.local) } };
}

/** Where a variant puts a start: by the same difference on the wall clock. */
export function placeOf({ timing, since }: Variant, start: Start): Start & { readonly time: IcalTime } {
  const moved = timing.start.local + start.local - since.local;
  const local = timing.start.kind === 'date' ? moved - mod(moved, DAY) : moved;
  const instant = timing.start.kind === 'utc' ? local : timing.zone.toInstant(local);
  return { instant, local, time: { ...timing.start, local } };
}

/**
 * How long an occurrence lasts that a variant describes: a duration that it changed holds for all that follow (RFC 5545
 * §3.8.4.4); one that it did not leaves what RDATE says of a single one (§3.8.5.2).
 */
export function lengthAt({ timing }: Variant, start: Start, series: Timing): Length {
  const isChanged = timing.length.days !== series.length.days || timing.length.ms !== series.length.ms;
  return isChanged ? timing.length : (start.length ?? timing.length);
}
