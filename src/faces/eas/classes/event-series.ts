import { type Component, Property } from '../../../formats/content-lines.js';
import { SeriesExceptions } from '../../../formats/ical/exceptions.js';
import { Budget, TooComplex } from '../../../formats/ical/occurrences.js';
import { overrideOf } from '../../../formats/ical/parse.js';
import { formatRule } from '../../../formats/ical/rule.js';
import {
  DAY,
  dateTime,
  floatingTime,
  formatTime,
  type IcalTime,
  mod,
  timeOf,
  timeParams,
  timesOf,
  utcTime,
} from '../../../formats/ical/values.js';
import { child, type Element, elements } from '../../../formats/wbxml/tree.js';
import { atLeast, type EasVersion } from '../versions.js';
import { nearestMidnight, toCompact } from './dates.js';
import type { OpenedObject } from './event-model.js';
import { sameTime, setTimesLike } from './event-schedule.js';
import { type EventTimes, ruleOf, timesOfEvent, toWire } from './event-times.js';
import { type ApplyContext, MalformedItem } from './item-class.js';
import { fromEas, samePattern, toEas } from './recurrence.js';
import { readRecurrence, type WireRecurrence, writeRecurrence } from './recurrence-element.js';

/** Properties by which a component stands for several occurrences. */
const SERIES_PROPERTIES = ['RRULE', 'RDATE', 'EXDATE', 'EXRULE'] as const;

/** The recurrence a device is shown; null for a single item and for rules that the protocol has no words for. */
export function shownRecurrence(opened: OpenedObject, master: Component, version: EasVersion): WireRecurrence | null {
  const rule = ruleOf(master);
  if (!rule || master.first('EXRULE')) return null;
  const { start } = timesOfEvent(master, opened.zones);
  const recurrence = toEas(rule, start.local, version);
  if (!recurrence) return null;
  const { until, ...pattern } = recurrence;
  return until ? { ...pattern, until: toWire(lastStart(until, start), opened.zones, version) } : pattern;
}

/** UNTIL as a time of the kind of the start: a date alone means the occurrence of that day (RFC 5545 §3.3.10 wants equal kinds). */
function lastStart(until: IcalTime, start: IcalTime): IcalTime {
  if (start.kind === 'date') return dateTime(until.local);
  if (until.kind === 'date') return { ...start, local: until.local + mod(start.local, DAY) };
  return until.kind === 'utc' ? until : { ...start, local: until.local };
}

export function renderRecurrence(opened: OpenedObject, master: Component, version: EasVersion): Element | undefined {
  const shown = shownRecurrence(opened, master, version);
  return shown ? writeRecurrence('Calendar', shown, version, toCompact) : undefined;
}

/** What a change made of a recurrence: nothing, another end of the same pattern, another pattern. */
export type RecurrenceChange = 'none' | 'end' | 'pattern';

/**
 * Writes the recurrence a client sent.
 * @throws MalformedItem for what is no recurrence, and for any that is to replace a rule the client could not see
 */
export function applyRecurrence(
  opened: OpenedObject,
  master: Component,
  data: Element,
  absent: 'cleared' | 'kept',
  context: ApplyContext,
): RecurrenceChange {
  const element = child(data, 'Calendar:Recurrence');
  const shown = shownRecurrence(opened, master, context.version);
  const sent = element && readRecurrence('Calendar', element);
  if (!sent) {
    const isEnded = shown !== null && (sent === null || absent === 'cleared');
    if (isEnded) endSeries(opened, master);
    return isEnded ? 'pattern' : 'none';
  }
  if (!shown && master.first('RRULE')) throw new MalformedItem('a recurrence that the client was not shown');
  const isSame = shown !== null && samePattern(shown, sent);
  if (isSame && sameBounds(shown, sent)) return 'none';
  const until = sent.until === undefined ? undefined : untilOf(opened, master, sent.until, context.version);
  const kept = isSame ? ruleOf(master) : null;
  const bounds = sent.occurrences === undefined ? { until } : { count: sent.occurrences };
  const rule = kept ? { ...kept, count: undefined, until: undefined, ...bounds } : fromEas(sent, until);
  master.set('RRULE', formatRule(rule));
  return isSame ? 'end' : 'pattern';
}

/** Occurrences win over Until, as when they are written. */
function sameBounds(shown: WireRecurrence, sent: WireRecurrence): boolean {
  if (shown.occurrences !== sent.occurrences) return false;
  return sent.occurrences !== undefined || shown.until === sent.until;
}

/** Until in the kind of the start (RFC 5545 §3.3.10). */
function untilOf(opened: OpenedObject, master: Component, until: number, version: EasVersion): IcalTime {
  const { start } = timesOfEvent(master, opened.zones);
  const viewer = opened.zones.viewer;
  if (start.kind === 'date') return dateTime(atLeast(version, '16.0') ? until : viewer.toLocal(until));
  return start.kind === 'floating' ? floatingTime(viewer.toLocal(until)) : utcTime(until);
}

/** Makes a single item of a series: its first occurrence. */
function endSeries(opened: OpenedObject, master: Component): void {
  for (const name of SERIES_PROPERTIES) master.remove(name);
  for (const component of overridesOf(opened)) opened.calendar.remove(component);
}

/** The components of occurrences that differ. */
export function overridesOf({ calendar, master, object }: OpenedObject): Component[] {
  return calendar
    .componentsNamed(object.component)
    .filter((component) => component !== master && component.first('RECURRENCE-ID'));
}

/** Whether overrides with RANGE=THISANDFUTURE change all that follows them. */
export function hasRanges({ master, object }: OpenedObject): boolean {
  return master !== null && object.overrides.some(({ thisAndFuture }) => thisAndFuture);
}

/** Which occurrence a component stands for. */
export function occurrenceOf(override: Component): IcalTime {
  return timeOf(override.first('RECURRENCE-ID') as Property);
}

/** The original start of an occurrence that a client names by an instant, told as the series' start is. */
export function occurrenceAt(opened: OpenedObject, master: Component, at: number, version: EasVersion): IcalTime {
  const { start } = timesOfEvent(master, opened.zones);
  if (start.kind === 'utc') return utcTime(at);
  const zone = opened.zones.zoneOf(start);
  if (start.kind === 'date') return dateTime(nearestMidnight(atLeast(version, '16.0') ? at : zone.toLocal(at)));
  return { ...start, local: zone.toLocal(at) };
}

/** What is said of single occurrences, by their original start. To be asked anew when the series' own times changed. */
export function exceptionsOf(opened: OpenedObject, master: Component): SeriesExceptions {
  return new SeriesExceptions(opened.calendar, master, overridesOf(opened), opened.zones);
}

/** Whether the series has that occurrence, as it is, changed or deleted. */
export function hasOccurrence(exceptions: SeriesExceptions, at: IcalTime): boolean {
  return exceptions.has(at) || isGenerated(exceptions, at, new Budget());
}

/** Whether the rule gives that occurrence; one that costs too much to ask is believed to. */
function isGenerated({ set, zones }: SeriesExceptions, at: IcalTime, budget: Budget): boolean {
  if (!set) return false;
  const start = zones.instant(at);
  try {
    return set.starts({ start, end: start + 1 }, budget).next().done !== true;
  } catch (error) {
    if (error instanceof TooComplex) return true;
    throw error;
  }
}

/**
 * Forgets the occurrences that differed and that a changed pattern or an earlier end does not have any more. What holds for
 * all that follow one holds from the next one on that there is.
 */
export function pruneExceptions(opened: OpenedObject, master: Component): void {
  const before = exceptionsOf(opened, master);
  const budget = new Budget();
  for (const override of overridesOf(opened))
    if (!isRange(override) && !isGenerated(before, occurrenceOf(override), budget)) opened.calendar.remove(override);
  const exceptions = exceptionsOf(opened, master);
  for (const override of overridesOf(opened)) if (isRange(override)) exceptions.settle(override);
}

/** Whether an override stands for all that follow, too (RFC 5545 §3.2.13). */
export function isRange(override: Component): boolean {
  return overrideOf(override)?.thisAndFuture ?? false;
}

/** The occurrences that were deleted. */
export function deletedOccurrences(master: Component): IcalTime[] {
  return master.all('EXDATE').flatMap(timesOf);
}

/** The component of an occurrence that differs, or a new one that says what the series says; not yet part of the object. */
export function overrideAt(at: IcalTime, exceptions: SeriesExceptions): { component: Component; isNew: boolean } {
  const found = exceptions.single(at);
  if (!found) throw new MalformedItem('no series');
  return found;
}

/** When an occurrence is if nothing is said of its own. */
export function timesAt(opened: OpenedObject, master: Component, at: IcalTime): EventTimes {
  const { start, end, isAllDay } = timesOfEvent(master, opened.zones);
  if (isAllDay) return { start: at, end: dateTime(at.local + end.local - start.local), isAllDay };
  const length = opened.zones.instant(end) - opened.zones.instant(start);
  const until = opened.zones.instant(at) + length;
  const zone = opened.zones.zoneOf(end);
  return { start: at, end: end.kind === 'utc' ? utcTime(until) : { ...end, local: zone.toLocal(until) }, isAllDay };
}

/**
 * Forgets everything that was said of single occurrences (from 16.0 on, when the series' times or pattern change). What
 * another client said of all that follow one is no exception to the user: it is kept where it still can be.
 */
export function dropExceptions(opened: OpenedObject, master: Component, ranges: 'kept' | 'dropped' = 'kept'): void {
  master.remove('EXDATE');
  for (const override of overridesOf(opened)) if (ranges === 'dropped' || !isRange(override)) opened.calendar.remove(override);
}

/** Where an occurrence is that a client names: as it says, unless the same change moved it. */
export type Renaming = (at: IcalTime) => IcalTime;

export const notRenamed: Renaming = (at) => at;

/**
 * Keeps exceptions with their occurrences when the whole series moves: what was deleted stays deleted, what differed
 * stays different, and what only followed the series' times follows it. @returns where each of them is now
 */
export function moveExceptions(opened: OpenedObject, master: Component, before: EventTimes): Renaming {
  const after = timesOfEvent(master, opened.zones);
  if (before.isAllDay !== after.isAllDay) {
    dropExceptions(opened, master, 'dropped');
    return notRenamed;
  }
  const moved = (time: IcalTime): IcalTime => movedBy(opened, before.start, after.start, time);
  // By their former starts, in the form of the new one: what a client names now.
  const former = new Set(
    [...deletedOccurrences(master), ...overridesOf(opened).map(occurrenceOf)].map((time) => nameOf(opened, time)),
  );
  const deleted = deletedOccurrences(master).map(moved);
  master.remove('EXDATE');
  for (const time of deleted) master.add(new Property('EXDATE', formatTime(time), timeParams(time)));
  for (const override of overridesOf(opened)) {
    const from = occurrenceOf(override);
    const to = moved(from);
    const follows = sameTime(opened, timesOfEvent(override, opened.zones).start, from);
    override.set('RECURRENCE-ID', formatTime(to), timeParams(to));
    if (follows) setTimesLike(opened, override, timesAt(opened, master, to));
  }
  const exceptions = exceptionsOf(opened, master);
  // What a range describes was told as exceptions, too.
  const wasTold = (at: IcalTime) =>
    former.has(nameOf(opened, at)) ||
    (exceptions.hasRanges && !hasOccurrence(exceptions, at) && hasOccurrence(exceptions, moved(at)));
  return (at) => (wasTold(at) ? moved(at) : at);
}

/** Equal for times that name the same occurrence: of days the date, else the instant. */
function nameOf({ zones }: OpenedObject, time: IcalTime): number {
  return time.kind === 'date' ? time.local : zones.instant(time);
}

function movedBy({ zones }: OpenedObject, from: IcalTime, to: IcalTime, time: IcalTime): IcalTime {
  if (to.kind === 'date') return dateTime(time.local + to.local - from.local);
  const local = (of: IcalTime) => (of.kind === 'utc' ? zones.zoneOf(to).toLocal(of.local) : of.local);
  return { ...to, local: local(to) + local(time) - local(from) };
}

/** Whether a container says anything: an empty Exceptions changes nothing. */
export function exceptionsIn(data: Element): Element[] {
  const container = child(data, 'Calendar:Exceptions');
  return container ? elements(container).filter(({ tag }) => tag === 'Calendar:Exception') : [];
}
