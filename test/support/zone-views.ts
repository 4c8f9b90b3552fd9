import type { Temporal } from '@js-temporal/polyfill';
import ICAL from 'ical.js';
import type { Tag } from './eas-phone-wbxml.js';

/**
 * When events are, as clients work it out that share no code with the gateway: Temporal with the IANA names, ical.js with
 * the VTIMEZONE of a text, a phone with the rules of the 172 bytes. Instants are ISO texts in UTC; days `2026-03-29`.
 */

const DAY = 86_400_000;

export const iso = (instant: number): string => new Date(instant).toISOString();
const dayOf = (local: number): string => iso(local).slice(0, 10);

/** The instant of a wall clock time; what does not exist is later, what exists twice is the first (RFC 5545 §3.3.5). */
export function instantOf(local: Temporal.PlainDateTime, zone: string): number {
  return local.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
}

/** A VTIMEZONE that tells each change of two years around a moment, as it was. */
export function vtimezone(zone: string, around: Temporal.Instant): string[] {
  const from = around.toZonedDateTimeISO(zone).subtract({ years: 2 });
  const to = around.toZonedDateTimeISO(zone).add({ years: 2 });
  const lines = ['BEGIN:VTIMEZONE', `TZID:${zone}`, ...observance(from.toPlainDateTime(), from.offset, from.offset)];
  for (let next = from.getTimeZoneTransition('next'); next && next.epochMilliseconds < to.epochMilliseconds; ) {
    const before = next.subtract({ nanoseconds: 1 });
    const local = next.toInstant().toZonedDateTimeISO('UTC').add({ nanoseconds: before.offsetNanoseconds }).toPlainDateTime();
    if (before.offset !== next.offset) lines.push(...observance(local, before.offset, next.offset));
    next = next.getTimeZoneTransition('next');
  }
  return [...lines, 'END:VTIMEZONE'];
}

function observance(local: Temporal.PlainDateTime, from: string, to: string): string[] {
  const offset = (text: string) => text.replaceAll(':', '');
  const name = to > from ? 'DAYLIGHT' : 'STANDARD';
  return [
    `BEGIN:${name}`,
    `DTSTART:${compactLocal(local)}`,
    `TZOFFSETFROM:${offset(from)}`,
    `TZOFFSETTO:${offset(to)}`,
    `END:${name}`,
  ];
}

/** `20260329T013000` */
export function compactLocal(local: Temporal.PlainDateTime): string {
  return local.toString({ smallestUnit: 'second' }).replace(/[-:]/g, '');
}

/** The starts in a text by ical.js, by UID. */
export function startsInText(text: string): Map<string, string[]> {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const events = calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component));
  const found = new Map<string, string[]>();
  for (const event of events.filter((one) => !one.isRecurrenceException())) {
    const exceptions = events.filter((one) => one.isRecurrenceException() && one.uid === event.uid);
    found.set(event.uid, startsOf(event, exceptions));
  }
  return found;
}

function startsOf(event: ICAL.Event, exceptions: readonly ICAL.Event[]): string[] {
  const starts: string[] = [];
  const told = new Map(exceptions.map((one) => [String(one.recurrenceId), one.startDate]));
  const iterator = event.isRecurring() ? event.iterator() : null;
  if (!iterator) return [shown(event.startDate)];
  for (let next = iterator.next(); next && starts.length < 100; next = iterator.next())
    starts.push(shown(told.get(String(next)) ?? next));
  return starts.sort();
}

function shown(time: ICAL.Time): string {
  return time.isDate ? time.toString() : iso(time.toUnixTime() * 1000);
}

/** The rules of a phone: what is told in the 172 bytes of a time zone. */
export class PhoneZone {
  readonly #bytes: Buffer;

  constructor(base64: string) {
    this.#bytes = Buffer.from(base64, 'base64');
    if (this.#bytes.length !== 172) throw new Error(`a time zone of ${this.#bytes.length} bytes`);
  }

  toLocal(instant: number): number {
    return instant - this.#biasAt(instant);
  }

  toInstant(local: number): number {
    const candidates = this.#biases.map((bias) => local + bias);
    const real = candidates.filter((instant) => this.toLocal(instant) === local);
    return real.length > 0 ? Math.min(...real) : Math.max(...candidates);
  }

  get #biases(): [standard: number, daylight: number] {
    const bias = this.#bytes.readInt32LE(0);
    return [(bias + this.#bytes.readInt32LE(84)) * 60_000, (bias + this.#bytes.readInt32LE(168)) * 60_000];
  }

  #biasAt(instant: number): number {
    const [standard, daylight] = this.#biases;
    const year = new Date(instant - standard).getUTCFullYear();
    const [toStandard, toDaylight] = [this.#change(68, year), this.#change(152, year)];
    if (toStandard === null || toDaylight === null) return standard;
    const [end, begin] = [toStandard + daylight, toDaylight + standard];
    const isDaylight = begin < end ? begin <= instant && instant < end : instant < end || begin <= instant;
    return isDaylight ? daylight : standard;
  }

  /** Local time of a SYSTEMTIME in a year; null: the zone has none. */
  #change(at: number, year: number): number | null {
    const word = (index: number) => this.#bytes.readUInt16LE(at + 2 * index);
    const month = word(1);
    if (month === 0) return null;
    const time = word(4) * 3_600_000 + word(5) * 60_000 + word(6) * 1000 + word(7);
    const first = Date.UTC(year, month - 1, 1);
    const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
    let day = 1 + ((word(2) - new Date(first).getUTCDay() + 7) % 7) + 7 * (word(3) - 1);
    while (day > days) day -= 7;
    // A change at 24:00 is told as the last moment of the day.
    return first + (day - 1) * DAY + time + (word(7) === 999 ? 1 : 0);
  }
}

/** The starts of an item as a phone works them out; `zone` where items have none of their own (days from 16.0 on). */
export function startsOnPhone(item: Tag, version: string): string[] {
  const isAllDay = item.text('Calendar:AllDayEvent') === '1';
  const isFloating = isAllDay && version.startsWith('16');
  const zone = isFloating ? null : new PhoneZone(item.text('Calendar:Timezone') ?? '');
  const toLocal = (instant: number) => zone?.toLocal(instant) ?? instant;
  const toInstant = (local: number) => zone?.toInstant(local) ?? local;
  const show = (instant: number) => (isAllDay ? dayOf(toLocal(instant)) : iso(instant));
  const keyTag = version.startsWith('16') ? 'AirSyncBase:InstanceId' : 'Calendar:ExceptionStartTime';
  const told = new Map(
    (item.child('Calendar:Exceptions')?.all('Calendar:Exception') ?? []).map((exception) => [
      readCompact(exception.text(keyTag)),
      exception.text('Calendar:Deleted') === '1' ? null : readCompact(exception.text('Calendar:StartTime')),
    ]),
  );
  const starts = expand(item, toLocal, toInstant).flatMap((instant) => {
    const instead = told.get(instant);
    told.delete(instant);
    return instead === null ? [] : [show(instead ?? instant)];
  });
  if (told.size > 0) throw new Error(`exceptions of no occurrence: ${[...told.keys()].map(iso).join()}`);
  return starts.sort();
}

function expand(item: Tag, toLocal: (instant: number) => number, toInstant: (local: number) => number): number[] {
  const start = readCompact(item.text('Calendar:StartTime'));
  const recurrence = item.child('Calendar:Recurrence');
  if (!recurrence) return [start];
  const number = (name: string) => Number(recurrence.text(`Calendar:${name}`));
  const [type, interval] = [number('Type'), number('Interval') || 1];
  const local = toLocal(start);
  if (type === 1 && number('DayOfWeek') !== 1 << new Date(local).getUTCDay())
    throw new Error(`weekly on another day ${recurrence}`);
  if (type > 1) throw new Error(`Type ${type}`);
  const until = recurrence.text('Calendar:Until');
  const last = until === undefined ? Number.POSITIVE_INFINITY : readCompact(until);
  const most = until === undefined ? number('Occurrences') : 100;
  const all = Array.from({ length: most }, (_, at) => toInstant(local + at * interval * (type === 1 ? 7 : 1) * DAY));
  return all.filter((instant) => instant <= last);
}

function readCompact(text: string | undefined): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (!match) throw new Error(`no compact date: ${text}`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
