import { type Component, escapeText, formatList, Property } from '../content-lines.js';
import { formatRule, parseRule, type RecurrenceRule } from './rule.js';
import {
  DAY,
  formatDuration,
  formatTime,
  type IcalDuration,
  type IcalTime,
  isAbsoluteTrigger,
  parseDuration,
  timeOf,
  timeParams,
  utcTime,
} from './values.js';

/** Parameters of ATTENDEE or ORGANIZER to set; `null` removes one, the others stay. */
export type AttendeePatch = Readonly<Record<string, string | null>>;

/**
 * Reads and writes typed properties of one component. Setting `null` removes a property; setting what is already there
 * changes no byte; parameters that a type does not own stay.
 */
export class ComponentEditor {
  readonly #used: (time: IcalTime) => void;

  /** @param used told of every time that is written, so that its zone can be described */
  constructor(
    readonly component: Component,
    used: (time: IcalTime) => void = () => {},
  ) {
    this.#used = used;
  }

  text(name: string): string | null {
    return this.component.first(name)?.text ?? null;
  }

  setText(name: string, text: string | null): void {
    if (text !== this.text(name)) this.setRaw(name, text === null ? null : escapeText(text));
  }

  /** The items of every property of that name: CATEGORIES, RESOURCES. */
  list(name: string): string[] {
    return this.component.all(name).flatMap((property) => property.list);
  }

  setList(name: string, items: readonly string[]): void {
    const now = this.list(name);
    if (now.length === items.length && now.every((item, at) => item === items[at])) return;
    this.setRaw(name, items.length === 0 ? null : formatList(items));
  }

  integer(name: string): number | null {
    const value = Number.parseInt(this.component.first(name)?.value ?? '', 10);
    return Number.isNaN(value) ? null : value;
  }

  setInteger(name: string, value: number | null): void {
    if (value !== this.integer(name)) this.setRaw(name, value === null ? null : String(Math.trunc(value)));
  }

  /** A DATE or DATE-TIME. @throws IcalError for what is none */
  time(name: string): IcalTime | null {
    const property = this.component.first(name);
    return property ? timeOf(property) : null;
  }

  setTime(name: string, time: IcalTime | null): void {
    if (time === null) {
      this.component.remove(name);
      return;
    }
    const now = this.component.first(name);
    const params = timeParams(time);
    // VALUE=DATE-TIME says what is the default: no reason to touch it.
    const value = params.VALUE ?? (now?.param('VALUE')?.toUpperCase() === 'DATE-TIME' ? now.param('VALUE') : undefined);
    this.component.set(name, formatTime(time), { ...params, VALUE: value });
    this.#used(time);
  }

  duration(name: string): IcalDuration | null {
    const property = this.component.first(name);
    return property ? parseDuration(property.value) : null;
  }

  setDuration(name: string, duration: IcalDuration | null): void {
    const now = this.duration(name);
    if (duration && now && now.days === duration.days && now.ms === duration.ms) return;
    this.setRaw(name, duration && formatDuration(duration));
  }

  rule(): RecurrenceRule | null {
    const property = this.component.first('RRULE');
    return property ? parseRule(property.value) : null;
  }

  setRule(rule: RecurrenceRule | null): void {
    const now = this.rule();
    if (rule && now && formatRule(now) === formatRule(rule)) return;
    this.setRaw('RRULE', rule && formatRule(rule));
  }

  /** A value as it stands in the line, already escaped. */
  setRaw(name: string, value: string | null): void {
    if (value === null) this.component.remove(name);
    else this.component.set(name, value);
  }

  /** The ATTENDEE with an address, whatever the case of either. */
  attendee(address: string): Property | null {
    return this.component.all('ATTENDEE').find((property) => sameAddress(property.value, address)) ?? null;
  }

  /** Changes parameters of an attendee, who is added where missing. */
  setAttendee(address: string, patch: AttendeePatch): void {
    const attendee = this.attendee(address) ?? this.component.add(new Property('ATTENDEE', calendarAddress(address)));
    setParams(attendee, patch);
  }

  removeAttendee(address: string): void {
    const attendee = this.attendee(address);
    if (attendee) this.component.remove(attendee);
  }

  setOrganizer(address: string | null, patch: AttendeePatch = {}): void {
    if (address === null) {
      this.component.remove('ORGANIZER');
      return;
    }
    const organizer =
      this.component.first('ORGANIZER') ?? this.component.add(new Property('ORGANIZER', calendarAddress(address)));
    if (!sameAddress(organizer.value, address)) organizer.value = calendarAddress(address);
    setParams(organizer, patch);
  }

  /** How long before the start the first display alarm goes off, in milliseconds; null where there is none. */
  get reminder(): number | null {
    const trigger = this.#displayAlarm()?.first('TRIGGER');
    if (!trigger) return null;
    const { days, ms } = parseDuration(trigger.value);
    return -(days * DAY + ms) || 0;
  }

  /** Moves that alarm, adds it, or with null removes it; other alarms stay. @param text what it shows */
  setReminder(before: number | null, text = 'Reminder'): void {
    if (before === this.reminder) return;
    const alarm = this.#displayAlarm();
    if (before === null) {
      if (alarm) this.component.remove(alarm);
      return;
    }
    const value = formatDuration({ days: 0, ms: -before });
    if (alarm) {
      alarm.set('TRIGGER', value);
      // What was acknowledged was the alarm at its former time (RFC 9074 §6.1).
      alarm.remove('ACKNOWLEDGED');
      return;
    }
    const added = this.component.addComponent('VALARM');
    added.set('ACTION', 'DISPLAY');
    added.set('DESCRIPTION', escapeText(text));
    added.set('TRIGGER', value);
  }

  /**
   * DTSTAMP and LAST-MODIFIED. @param options.sequence counts SEQUENCE up: a change that invitees must be told of
   * (RFC 5546 §2.1.4)
   */
  stamp(now: Date, options: { readonly sequence?: boolean } = {}): void {
    const time = utcTime(now.getTime());
    this.setTime('DTSTAMP', time);
    this.setTime('LAST-MODIFIED', time);
    if (options.sequence) this.setInteger('SEQUENCE', (this.integer('SEQUENCE') ?? 0) + 1);
  }

  /** The first display alarm that is set at or before the start. */
  #displayAlarm(): Component | undefined {
    return this.component.componentsNamed('VALARM').find((alarm) => {
      const trigger = alarm.first('TRIGGER');
      if (!trigger || alarm.first('ACTION')?.value.trim().toUpperCase() !== 'DISPLAY') return false;
      if (trigger.param('RELATED')?.toUpperCase() === 'END' || isAbsoluteTrigger(trigger)) return false;
      return /^-?P/i.test(trigger.value.trim()) && isBefore(parseDuration(trigger.value));
    });
  }
}

function isBefore({ days, ms }: IcalDuration): boolean {
  return days <= 0 && ms <= 0;
}

function setParams(property: Property, patch: AttendeePatch): void {
  for (const [name, value] of Object.entries(patch)) property.setParam(name, value ?? undefined);
}

/** Calendar addresses are URIs: `mailto:` and the address, compared without case. */
function calendarAddress(address: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `mailto:${address}`;
}

function sameAddress(a: string, b: string): boolean {
  return calendarAddress(a.trim()).toLowerCase() === calendarAddress(b.trim()).toLowerCase();
}
