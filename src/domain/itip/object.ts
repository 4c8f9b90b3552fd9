import { createHash } from 'node:crypto';
import type { Component, Property } from '../../formats/content-lines.js';
import { Budget, occurrences, TooComplex } from '../../formats/ical/occurrences.js';
import type { CalendarObject } from '../../formats/ical/parse.js';
import { RecurrenceSet } from '../../formats/ical/recurrence-set.js';
import { timingOf } from '../../formats/ical/timing.js';
import { type IcalTime, timeOf, timesOf } from '../../formats/ical/values.js';
import { ZoneTable } from '../../formats/ical/zones.js';
import { type Address, userOf } from './calendar-user.js';

/** Names one occurrence of an object, in whatever form its RECURRENCE-ID was written: the instant of its original start. */
export type OccurrenceKey = string;

/** A calendar object as scheduling looks at it. */
export class SchedulingObject {
  readonly zones: ZoneTable;
  readonly #set: RecurrenceSet | null;
  readonly #overrides: ReadonlyMap<OccurrenceKey, Component>;
  /** Asked once per attendee, of whom there may be hundreds. */
  readonly #users = new Map<Component, ReadonlyMap<Address, Property>>();
  readonly #told = new Map<Component, string>();

  constructor(readonly object: CalendarObject) {
    this.zones = new ZoneTable(object.timezones);
    const timing = object.master && timingOf(object.master, this.zones);
    this.#set = object.master && timing ? new RecurrenceSet(object.master, timing, this.zones) : null;
    this.#overrides = new Map(
      object.overrides.map(({ recurrenceId, component }) => [this.keyOf(recurrenceId), component] as const),
    );
  }

  get master(): Component | null {
    return this.object.master;
  }

  get overrides(): ReadonlyMap<OccurrenceKey, Component> {
    return this.#overrides;
  }

  /** The master and the overrides. */
  get components(): readonly Component[] {
    return [...(this.object.master ? [this.object.master] : []), ...this.object.overrides.map(({ component }) => component)];
  }

  keyOf(time: IcalTime): OccurrenceKey {
    return String(this.#set ? this.#set.startOf(time).instant : this.zones.instant(time));
  }

  /** EXDATE of the series. */
  get excluded(): ReadonlyMap<OccurrenceKey, IcalTime> {
    const times = (this.object.master?.all('EXDATE') ?? []).flatMap(timesOf);
    return new Map(times.map((time) => [this.keyOf(time), time]));
  }

  /** Whether the series has an occurrence that begins at that time. */
  has(time: IcalTime): boolean {
    if (!this.#set || this.#overrides.has(this.keyOf(time))) return this.#overrides.has(this.keyOf(time));
    const { instant } = this.#set.startOf(time);
    try {
      for (const start of this.#set.starts({ start: instant, end: instant + 1 }, new Budget()))
        if (start.instant === instant) return true;
      return false;
    } catch (error) {
      if (error instanceof TooComplex) return false;
      throw error;
    }
  }

  /** Whether all of it is over. What can't be told is not. */
  isOver(now: number): boolean {
    if (this.components.some((component) => timingOf(component, this.zones) === null)) return false;
    try {
      for (const _ of occurrences(this.object, { from: now, to: Number.POSITIVE_INFINITY })) return false;
      return true;
    } catch {
      return false;
    }
  }

  /** The attendees of a component by their addresses. */
  usersOf(component: Component): ReadonlyMap<Address, Property> {
    let users = this.#users.get(component);
    if (!users) {
      const named = component.all('ATTENDEE').map((property) => [userOf(property), property] as const);
      users = new Map(named.filter((pair): pair is readonly [Address, Property] => pair[0] !== null).reverse());
      this.#users.set(component, users);
    }
    return users;
  }

  /** All that an invitee is told of a component, for comparison. */
  toldOf(component: Component): string {
    let told = this.#told.get(component);
    if (told === undefined) {
      told = `${this.timesOf(component)}\n${this.contentOf(component)}`;
      this.#told.set(component, told);
    }
    return told;
  }

  /** When a component is and how it repeats: equal for the same times in another spelling. */
  timesOf(component: Component): string {
    const timing = timingOf(component, this.zones);
    const rules = ['RRULE', 'EXRULE'].flatMap((name) => component.all(name).map(({ value }) => normalRule(value)));
    const dates = component.all('RDATE').map(({ value }) => value);
    if (!timing) return [...rules, ...dates].join('\n');
    const { start, zone, length } = timing;
    const at = [start.kind === 'utc' || rules.length === 0 ? this.zones.instant(start) : `${start.local} ${zone.id}`];
    return [start.kind === 'date', ...at, length.days, length.ms, ...rules.sort(), ...dates.sort()].join('\n');
  }

  /** What an invitee is to be told of when it changes. */
  contentOf(component: Component): string {
    return SHARED.flatMap((name) => component.all(name).map((property) => `${name}:${normalText(property)}`))
      .filter((line) => line !== 'STATUS:CONFIRMED')
      .join('\n');
  }
}

/** Properties whose change concerns others (RFC 5546 §2.1.4); times are compared apart. */
const SHARED = ['SUMMARY', 'DESCRIPTION', 'LOCATION', 'STATUS', 'URL', 'GEO', 'ATTACH', 'CONFERENCE', 'RESOURCES'];

/** Parts of a rule in any order mean the same. */
function normalRule(value: string): string {
  return value
    .toUpperCase()
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'INTERVAL=1')
    .sort()
    .join(';');
}

function normalText(property: Property): string {
  return property.text.replace(/\r\n?/g, '\n').trim();
}

export function sequenceOf(component: Component | null | undefined): number {
  const value = Number.parseInt(component?.first('SEQUENCE')?.value ?? '0', 10);
  return value >= 0 && value < 2 ** 31 ? value : 0;
}

/** DTSTAMP as an instant; 0 where it can't be read. */
export function stampOf(component: Component): number {
  const property = component.first('DTSTAMP');
  try {
    return property ? timeOf(property).local : 0;
  } catch {
    return 0;
  }
}

/** RFC 5546 §2.1.5: by SEQUENCE first, then by DTSTAMP. */
export function isOlder(message: Component, stored: Component): boolean {
  const by = sequenceOf(message) - sequenceOf(stored);
  return by < 0 || (by === 0 && stampOf(message) < stampOf(stored));
}

export function isCancelled(component: Component | null | undefined): boolean {
  return component?.first('STATUS')?.value.trim().toUpperCase() === 'CANCELLED';
}

export function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url').slice(0, 22);
}
