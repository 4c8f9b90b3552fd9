import type { Component } from '../content-lines.js';
import { IcalError } from './error.js';
import type { CalendarObject } from './parse.js';
import { lengthOfPeriod, type Span, timingOf } from './timing.js';
import { DAY, parseDuration, parsePeriod, timeOf } from './values.js';
import type { ZoneTable } from './zones.js';

const ALWAYS: Span = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };

/**
 * Spans, as RFC 4791 §9.9 compares them, of what has no occurrences: to-dos and polls without dates, free/busy,
 * availability. Empty for everything that has occurrences and for journals without a date.
 */
export function looseSpans(object: CalendarObject, zones: ZoneTable): Span[] {
  const components = [...(object.master ? [object.master] : []), ...object.overrides.map((override) => override.component)];
  return components.flatMap((component) => LOOSE[component.name]?.(component, zones) ?? []);
}

/** Whether a loose span depends on the viewer's zone. */
export function isLooselyFloating(object: CalendarObject, zones: ZoneTable): boolean {
  const { master } = object;
  if (!master || !LOOSE[master.name] || master.name === 'VTODO') return false;
  return ['DTSTART', 'DTEND'].some((name) => {
    const property = master.first(name);
    return property !== undefined && zones.isFloating(timeOf(property));
  });
}

const LOOSE: Readonly<Record<string, (component: Component, zones: ZoneTable) => Span[]>> = {
  VTODO: undatedTodo,
  VPOLL: (poll, zones) => (timingOf(poll, zones) ? [] : [ALWAYS]),
  VFREEBUSY: freeBusy,
  VAVAILABILITY: availability,
};

/** RFC 4791 §9.9, the last four rows of the table for VTODO. */
function undatedTodo(todo: Component, zones: ZoneTable): Span[] {
  if (timingOf(todo, zones) || todo.first('RECURRENCE-ID')) return [];
  const [created, completed] = ['CREATED', 'COMPLETED'].map((name) => instantOf(todo, name, zones));
  if (completed !== undefined)
    return [{ start: Math.min(created ?? completed, completed) - 1, end: Math.max(created ?? completed, completed) + 1 }];
  return created === undefined ? [ALWAYS] : [{ start: created, end: Number.POSITIVE_INFINITY }];
}

/** Stamps are taken as they come, see validate.ts: what is no time counts as missing. */
function instantOf(component: Component, name: string, zones: ZoneTable): number | undefined {
  const property = component.first(name);
  try {
    return property && zones.instant(timeOf(property));
  } catch (error) {
    if (error instanceof IcalError) return undefined;
    throw error;
  }
}

/** RFC 4791 §9.9, the table for VFREEBUSY. */
function freeBusy(component: Component, zones: ZoneTable): Span[] {
  const start = component.first('DTSTART');
  const end = component.first('DTEND');
  if (start && end) return [{ start: zones.instant(timeOf(start)), end: zones.instant(timeOf(end)) + 1 }];
  return component.all('FREEBUSY').flatMap((property) =>
    property.value.split(',').map((value): Span => {
      const period = parsePeriod(value);
      const from = zones.instant(period.start);
      const { days, ms } = lengthOfPeriod(period, zones);
      return { start: from, end: from + days * DAY + ms };
    }),
  );
}

/** RFC 7953 §3.1: without DTSTART or an end, availability is open on that side. */
function availability(component: Component, zones: ZoneTable): Span[] {
  const start = component.first('DTSTART');
  const end = component.first('DTEND');
  const duration = component.first('DURATION');
  const from = start ? zones.instant(timeOf(start)) : Number.NEGATIVE_INFINITY;
  if (end) return [{ start: from, end: zones.instant(timeOf(end)) }];
  if (!duration || !start) return [{ start: from, end: Number.POSITIVE_INFINITY }];
  const { days, ms } = parseDuration(duration.value);
  return [{ start: from, end: from + days * DAY + ms }];
}
