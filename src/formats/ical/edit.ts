/**
 * Editing calendar objects in place: what is not touched keeps its bytes.
 *
 *     const editor = CalendarEditor.open(text)
 *     const event = editor.master!                              // ComponentEditor
 *     event.setText('SUMMARY', 'New title')
 *     event.setTime('DTSTART', zonedTime(local, 'Europe/Berlin'))  // adds the VTIMEZONE where it is missing
 *     event.setAttendee('mailto:a@example.org', { PARTSTAT: 'ACCEPTED' })
 *     editor.addOverride(occurrence.recurrenceId!).setText('LOCATION', 'Room 2')
 *     editor.exclude(occurrence.recurrenceId!)
 *     event.stamp(now, { sequence: true })
 *     const changed = editor.toString()
 */
import { Component, Property, parseContentLines } from '../content-lines.js';
import { UTC } from '../zones/iana.js';
import type { Zone } from '../zones/zone.js';
import { ComponentEditor } from './component-editor.js';
import { IcalError } from './error.js';
import { SeriesExceptions } from './exceptions.js';
import { MAIN_COMPONENTS, parseCalendar } from './parse.js';
import { DAY, type IcalTime, mod, timesOf, utcTime } from './values.js';
import { vtimezoneText, ZoneTable } from './zones.js';

export { type AttendeePatch, ComponentEditor } from './component-editor.js';

/** What names the software in a calendar that the gateway makes. */
const PRODID = '-//Mobile Sync Gateway//Calendar//EN';

/** Properties that make a component a series, or name it within one; an override has none of them. */
const SERIES = ['RRULE', 'RDATE', 'EXDATE', 'EXRULE', 'RECURRENCE-ID'];

export class CalendarEditor {
  readonly calendar: Component;
  readonly #viewer: Zone;

  private constructor(calendar: Component, viewer: Zone) {
    this.calendar = calendar;
    this.#viewer = viewer;
  }

  /** @throws IcalError for what is no VCALENDAR */
  static open(text: string, viewer: Zone = UTC): CalendarEditor {
    return new CalendarEditor(parseCalendar(text), viewer);
  }

  /** A VCALENDAR with one component: VERSION, PRODID, UID, stamps. Line ends are CRLF. */
  static create(name: (typeof MAIN_COMPONENTS)[number], uid: string, now: Date, viewer: Zone = UTC): CalendarEditor {
    const calendar = new Component('VCALENDAR');
    calendar.add(new Property('VERSION', '2.0'));
    calendar.add(new Property('PRODID', PRODID));
    const editor = new CalendarEditor(calendar, viewer);
    const component = editor.#edit(calendar.addComponent(name));
    component.setText('UID', uid);
    component.setTime('CREATED', utcTime(now.getTime()));
    component.stamp(now);
    return editor;
  }

  /** What its TZIDs mean, as of now. */
  get zones(): ZoneTable {
    return new ZoneTable(this.calendar.componentsNamed('VTIMEZONE'), this.#viewer);
  }

  /** The component without RECURRENCE-ID. */
  get master(): ComponentEditor | null {
    const master = this.#main.find((component) => !component.first('RECURRENCE-ID'));
    return master ? this.#edit(master) : null;
  }

  /** The components with RECURRENCE-ID, in their order. */
  get overrides(): ComponentEditor[] {
    return this.#main.filter((component) => component.first('RECURRENCE-ID')).map((component) => this.#edit(component));
  }

  /** The override of an occurrence, in whatever form its RECURRENCE-ID is written. */
  override(recurrenceId: IcalTime): ComponentEditor | null {
    const found = this.#exceptions.override(recurrenceId);
    return found ? this.#edit(found) : null;
  }

  /**
   * The override of an occurrence; where there is none, one that says what the master says, at the occurrence's time.
   * @throws IcalError where there is no master to start from
   */
  addOverride(recurrenceId: IcalTime): ComponentEditor {
    const exceptions = this.#exceptions;
    const found = exceptions.override(recurrenceId);
    if (found) return this.#edit(found);
    const { master, set } = exceptions;
    if (!master || !set) throw new IcalError('valid-calendar-object-resource', 'no series to override');
    const start = set.startOf(recurrenceId);
    const time: IcalTime = { ...set.timing.start, local: start.local };
    const component = master.clone();
    for (const name of SERIES) component.remove(name);
    const editor = this.#edit(component);
    editor.setTime('RECURRENCE-ID', time);
    this.#moveTimes(editor, set.timing.start, time);
    exceptions.add(component, this.overrides.at(-1)?.component ?? master);
    return editor;
  }

  /** Takes an override away: the occurrence is again as the master says. Returns whether there was one. */
  removeOverride(recurrenceId: IcalTime): boolean {
    return this.#exceptions.removeOverride(recurrenceId);
  }

  /** Takes an occurrence out of the series: EXDATE, in the form of DTSTART, and no override. */
  exclude(recurrenceId: IcalTime): void {
    this.#exceptions.exclude(recurrenceId);
  }

  /** Puts an excluded occurrence back. */
  include(recurrenceId: IcalTime): void {
    this.#exceptions.include(recurrenceId);
  }

  /** The times of all EXDATEs. */
  get excluded(): IcalTime[] {
    return (this.master?.component.all('EXDATE') ?? []).flatMap(timesOf);
  }

  /** Adds the VTIMEZONE of a TZID that the calendar does not describe yet (RFC 5545 §3.2.19). */
  ensureTimezone(tzid: string, from?: number): void {
    const known = this.calendar.componentsNamed('VTIMEZONE').some((timezone) => timezone.first('TZID')?.text.trim() === tzid);
    const { iana } = this.zones.zone(tzid);
    if (known || iana === null) return;
    const [timezone] = parseContentLines(vtimezoneText(iana, { tzid, from }).replaceAll('\r\n', this.calendar.eol));
    const before = this.calendar.components[0];
    if (timezone && before) this.calendar.insertBefore(timezone, before);
    else if (timezone) this.calendar.add(timezone);
  }

  toString(): string {
    return this.calendar.toString();
  }

  get #main(): Component[] {
    return this.calendar.components.filter(({ name }) => MAIN_COMPONENTS.some((known) => known === name));
  }

  #edit(component: Component): ComponentEditor {
    return new ComponentEditor(component, (time) => {
      if (time.tzid !== null) this.ensureTimezone(time.tzid, time.local);
    });
  }

  get #exceptions(): SeriesExceptions {
    const overrides = this.overrides.map(({ component }) => component);
    return new SeriesExceptions(this.calendar, this.master?.component ?? null, overrides, this.zones);
  }

  /** Gives an occurrence the master's length: days and floating times on the wall clock, others exactly. */
  #moveTimes(editor: ComponentEditor, from: IcalTime, to: IcalTime): void {
    const zones = this.zones;
    const by = zones.instant(to) - zones.instant(from);
    const anchor = editor.time('DTSTART') ? 'DTSTART' : 'DUE';
    for (const name of ['DTSTART', 'DTEND', 'DUE']) {
      const time = editor.time(name);
      if (!time) continue;
      const onWall = time.kind === 'date' || time.kind === 'floating' || name === anchor;
      const local = onWall ? time.local + to.local - from.local : zones.zoneOf(time).toLocal(zones.instant(time) + by);
      editor.setTime(name, { ...time, local: time.kind === 'date' ? local - mod(local, DAY) : local });
    }
  }
}
