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
import { type IcalTime, timeOf, timesOf, utcTime } from './values.js';
import { vtimezoneText, ZoneTable } from './zones.js';

export { type AttendeePatch, ComponentEditor } from './component-editor.js';

/** What names the software in a calendar that the gateway makes. */
const PRODID = '-//Mobile Sync Gateway//Calendar//EN';

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

  /** The override of an occurrence alone, in whatever form its RECURRENCE-ID is written. */
  override(recurrenceId: IcalTime): ComponentEditor | null {
    const found = this.#exceptions.override(recurrenceId);
    return found ? this.#edit(found) : null;
  }

  /**
   * The override of an occurrence alone; where there is none, one that says what the series says, at the occurrence's time.
   * @throws IcalError where there is no master to start from
   */
  addOverride(recurrenceId: IcalTime): ComponentEditor {
    const exceptions = this.#exceptions;
    const { master, set } = exceptions;
    const single = set || exceptions.override(recurrenceId) ? exceptions.single(recurrenceId) : null;
    if (!single) throw new IcalError('valid-calendar-object-resource', 'no series to override');
    const { component, isNew } = single;
    if (!isNew) return this.#edit(component);
    exceptions.add(component, this.overrides.at(-1)?.component ?? master ?? undefined);
    for (const name of ['RECURRENCE-ID', 'DTSTART', 'DTEND', 'DUE']) {
      const tzid = component.first(name)?.param('TZID');
      if (tzid !== undefined) this.ensureTimezone(tzid, timeOf(component.first(name) as Property).local);
    }
    return this.#edit(component);
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
}
