/** When the alarms of a calendar object go off (RFC 5545 §3.6.6, RFC 4791 §9.9 VALARM). */
import type { Component } from '../content-lines.js';
import { UTC } from '../zones/iana.js';
import type { Zone } from '../zones/zone.js';
import { Budget } from './budget.js';
import { type Occurrence, type OccurrenceOptions, Series } from './occurrences.js';
import type { CalendarObject } from './parse.js';
import { longest, type Span, timingOf } from './timing.js';
import { DAY, type IcalDuration, isAbsoluteTrigger, parseDuration, timeOf } from './values.js';
import { ZoneTable } from './zones.js';

/** One alarm going off. */
export interface AlarmTime {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The VALARM. */
  readonly alarm: Component;
  /** Null for an alarm at a fixed time. */
  readonly occurrence: Occurrence | null;
}

/** A trigger that moves with each occurrence. */
interface RelativeTrigger {
  readonly alarm: Component;
  readonly fromEnd: boolean;
  readonly offset: IcalDuration;
  readonly repeat: Repeat;
}

interface Repeat {
  readonly count: number;
  readonly every: number;
}

const MAX_REPEATS = 50;
/** What one alarm of one occurrence costs, see Budget. */
const STEPS_PER_ALARM = 3;
/** Alarms further away from what they belong to are not looked for. */
const MAX_OFFSET = 5 * 366 * DAY;

/**
 * Alarms that go off at or after `from` and before `to`, in no particular order.
 * @throws TooComplex when the budget is spent
 */
export function* alarmsIn(object: CalendarObject, options: OccurrenceOptions): Generator<AlarmTime> {
  const zones = new ZoneTable(object.timezones, options.zone ?? UTC);
  const within = ({ at }: AlarmTime) => at >= options.from && at < options.to;
  yield* absoluteAlarms(object, zones).filter(within);
  const reach = alarmReach(object);
  if (!reach) return;
  const window = { start: options.from - reach.after, end: options.to + reach.before };
  const clock = new AlarmClock(zones);
  const budget = options.budget ?? new Budget();
  for (const occurrence of new Series(object, zones).within(window, budget)) yield* clock.of(occurrence, budget).filter(within);
}

/** What a component says of its alarms. */
interface Reading {
  readonly zone: Zone;
  readonly triggers: readonly RelativeTrigger[];
  readonly steps: number;
}

/** Tells when the alarms of occurrences go off; what a component says of them is read once. */
export class AlarmClock {
  readonly #zones: ZoneTable;
  readonly #known = new Map<Component, Reading>();

  constructor(zones: ZoneTable) {
    this.#zones = zones;
  }

  /** Alarms of one occurrence, repetitions included. @throws TooComplex */
  of(occurrence: Occurrence, budget: Budget): AlarmTime[] {
    const { zone, triggers, steps } = this.#read(occurrence.component);
    if (triggers.length === 0) return [];
    budget.spend(steps);
    return triggers.flatMap(({ alarm, fromEnd, offset, repeat }) => {
      const first = shifted(fromEnd ? occurrence.end : occurrence.start, offset, zone);
      return repeated(first, repeat).map((at) => ({ at, alarm, occurrence }));
    });
  }

  #read(component: Component): Reading {
    let known = this.#known.get(component);
    if (!known) {
      const triggers = relativeTriggers(component);
      const steps = triggers.reduce((sum, { repeat }) => sum + (1 + repeat.count) * STEPS_PER_ALARM, 0);
      known = { triggers, steps, zone: timingOf(component, this.#zones)?.zone ?? this.#zones.viewer };
      this.#known.set(component, known);
    }
    return known;
  }
}

/** Days are nominal, so an alarm a day before keeps the wall clock. */
function shifted(base: number, { days, ms }: IcalDuration, zone: Zone): number {
  return (days === 0 ? base : zone.toInstant(zone.toLocal(base) + days * DAY)) + ms;
}

/** Alarms at fixed times: each once, however often the component recurs. */
export function absoluteAlarms(object: CalendarObject, zones: ZoneTable): AlarmTime[] {
  return componentsOf(object).flatMap((component) =>
    component.componentsNamed('VALARM').flatMap((alarm) => {
      const trigger = alarm.first('TRIGGER');
      if (!trigger || !isAbsoluteTrigger(trigger)) return [];
      return repeated(zones.instant(timeOf(trigger)), repeatOf(alarm)).map((at) => ({ at, alarm, occurrence: null }));
    }),
  );
}

/** How far alarms are from their occurrences at most, both positive; null when there are none. */
export function alarmReach(object: CalendarObject): { before: number; after: number } | null {
  const triggers = componentsOf(object).flatMap(relativeTriggers);
  if (triggers.length === 0) return null;
  let before = 0;
  let after = 0;
  for (const { offset, repeat } of triggers) {
    const distance = offset.days * DAY + offset.ms;
    before = Math.max(before, -distance);
    after = Math.max(after, distance + repeat.count * repeat.every);
  }
  // Nominal days differ from exact ones by less than a day; an occurrence without length must still be seen.
  return { before: before + DAY, after: after + DAY };
}

function relativeTriggers(component: Component): readonly RelativeTrigger[] {
  return component.componentsNamed('VALARM').flatMap((alarm) => {
    const trigger = alarm.first('TRIGGER');
    if (!trigger || isAbsoluteTrigger(trigger)) return [];
    const offset = parseDuration(trigger.value);
    if (longest({ days: Math.abs(offset.days), ms: Math.abs(offset.ms) }) > MAX_OFFSET) return [];
    return [{ alarm, fromEnd: trigger.param('RELATED')?.toUpperCase() === 'END', offset, repeat: repeatOf(alarm) }];
  });
}

/** The span in which an alarm at `at` is looked for. */
export function alarmSpan(at: number): Span {
  return { start: at, end: at + 1 };
}

/** REPEAT and DURATION come together (RFC 5545 §3.8.6.2). */
function repeatOf(alarm: Component): Repeat {
  const count = Number(alarm.first('REPEAT')?.value ?? 0);
  const duration = alarm.first('DURATION');
  if (!(count > 0) || !duration) return { count: 0, every: 0 };
  const { days, ms } = parseDuration(duration.value);
  const every = Math.min(Math.max(0, days * DAY + ms), 7 * DAY);
  return { count: Math.min(count, MAX_REPEATS), every };
}

function repeated(first: number, { count, every }: Repeat): number[] {
  if (count === 0 || every === 0) return [first];
  return Array.from({ length: count + 1 }, (_, at) => first + at * every);
}

function componentsOf(object: CalendarObject): Component[] {
  return [...(object.master ? [object.master] : []), ...object.overrides.map((override) => override.component)];
}
