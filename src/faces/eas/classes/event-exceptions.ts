import type { Component } from '../../../formats/content-lines.js';
import type { SeriesExceptions } from '../../../formats/ical/exceptions.js';
import type { IcalTime } from '../../../formats/ical/values.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, type Element, el, elements } from '../../../formats/wbxml/tree.js';
import {
  agrees,
  applyFields,
  type Field,
  hasField,
  isNothing,
  renderField,
  shownContext,
  type Written,
} from '../schema/field.js';
import { flag, readInstant } from '../schema/values.js';
import { atLeast, type EasVersion } from '../versions.js';
import { toCompact } from './dates.js';
import { applyEventFiles } from './event-attachments.js';
import { OCCURRENCE_FIELDS } from './event-fields.js';
import type { ItemModel } from './event-model.js';
import { followers, nearest } from './event-ranges.js';
import { changedTimes, readTimes, renderTimes, type SentTimes, sameTimes, writeTimes } from './event-schedule.js';
import {
  deletedOccurrences,
  exceptionsIn,
  exceptionsOf,
  hasOccurrence,
  notRenamed,
  occurrenceAt,
  occurrenceOf,
  overrideAt,
  overridesOf,
  type Renaming,
  timesAt,
} from './event-series.js';
import { type EventTimes, timesOfEvent, toWire } from './event-times.js';
import { type ApplyContext, MalformedItem, type RenderContext } from './item-class.js';

/** Most exceptions of one item (MS-ASCAL Exceptions). */
const MOST = 256;

/** The occurrences of a series that were deleted or differ (MS-ASCAL Exceptions). */
export function renderExceptions(series: ItemModel, context: RenderContext): Element | undefined {
  const keyOf = (at: IcalTime) => toWire(at, series.zones, context.version);
  const exceptions = exceptionsOf(series, series.component);
  const now = (context.now ?? new Date()).getTime();
  const isAlike = (component: Component) => differences(series, { ...series, component }, context).length === 0;
  const told = new Map<number, IcalTime | Component | null>(
    followers(series, series.component, exceptions, { most: MOST, now, isAlike }).map((at) => [keyOf(at), at]),
  );
  for (const component of overridesOf(series)) told.set(keyOf(occurrenceOf(component)), component);
  for (const at of deletedOccurrences(series.component)) told.set(keyOf(at), null);
  const sorted = [...told].sort(([a], [b]) => a - b);
  const all = nearest(sorted, ([key]) => key, MOST, now).map(([key, what]) => {
    if (what === null) return el('Calendar:Exception', el('Calendar:Deleted', true), keyElement(key, context));
    const component = 'local' in what ? overrideAt(what, exceptions).component : what;
    return renderException(series, { ...series, component }, keyElement(key, context), context);
  });
  return all.length > 0 ? el('Calendar:Exceptions', all) : undefined;
}

/** The original start: ExceptionStartTime, from 16.0 on InstanceId. */
function keyElement(at: number, { version }: RenderContext): Element {
  return el(atLeast(version, '16.0') ? 'AirSyncBase:InstanceId' : 'Calendar:ExceptionStartTime', toCompact(at));
}

/** Attendees of single occurrences came later than those of items (MS-ASCAL Attendees). */
const SINCE: Readonly<Partial<Record<TagName, EasVersion>>> = { 'Calendar:Attendees': '14.0' };

/** The fields that an occurrence can have for itself in a version. */
function fieldsIn(version: EasVersion): typeof OCCURRENCE_FIELDS {
  return OCCURRENCE_FIELDS.filter((field) => hasField(field, version) && atLeast(version, SINCE[field.tag] ?? '2.5'));
}

/** Only what differs from the series: the rest is inherited, an empty element takes an inherited value away. */
function renderException(series: ItemModel, occurrence: ItemModel, key: Element, context: RenderContext): Element {
  const times = timesOfEvent(occurrence.component, occurrence.zones);
  const isAllDay = timesOfEvent(series.component, series.zones).isAllDay;
  return el(
    'Calendar:Exception',
    key,
    renderTimes(occurrence, times, context).filter(({ tag }) => tag !== 'Calendar:AllDayEvent' || times.isAllDay !== isAllDay),
    fieldsIn(context.version).map((field) => renderDifference(field, series, occurrence, context)),
  );
}

/** What a device is shown to differ in an occurrence, its times and its stamp apart. */
function differences(series: ItemModel, occurrence: ItemModel, context: RenderContext): Element[] {
  return fieldsIn(context.version)
    .filter(({ tag }) => tag !== 'Calendar:DtStamp')
    .flatMap((field) => renderDifference(field, series, occurrence, context) ?? []);
}

// biome-ignore lint/suspicious/noExplicitAny: as in Fields
function renderDifference(field: Field<ItemModel, any>, series: ItemModel, occurrence: ItemModel, context: RenderContext) {
  if (sameValue(field, series, occurrence, context, field.type.looksSame)) return undefined;
  const element = renderField(field, occurrence, context);
  if (element) return element;
  const isAllowed = field.tag !== 'Calendar:Reminder' || atLeast(context.version, '14.1');
  return isAllowed ? el(field.tag) : undefined;
}

function sameValue(
  // biome-ignore lint/suspicious/noExplicitAny: as in Fields
  field: Field<ItemModel, any>,
  a: ItemModel,
  b: ItemModel,
  context: RenderContext,
  same = field.type.same,
): boolean {
  const [one, other] = [field.get(a, context), field.get(b, context)];
  const [none, noOther] = [one, other].map((value) => value === undefined || isNothing(field.type, value));
  return none || noOther ? none === noOther : same(one, other);
}

/** Components as they were before a change. */
export type Snapshots = ReadonlyMap<Component, Component>;

/** Hands down what was written to the series to the occurrences that had it from there, as a device saw it. */
export function handDown(
  series: ItemModel,
  written: readonly Written<ItemModel>[],
  before: Snapshots,
  context: ApplyContext,
): void {
  const former = before.get(series.component);
  if (!former || written.length === 0) return;
  const shown = shownContext(context);
  for (const component of overridesOf(series)) {
    const was = before.get(component);
    for (const { field, value } of written)
      if (was && sameValue(field, { ...series, component: former }, { ...series, component: was }, shown))
        field.set?.({ ...series, component }, value, context);
  }
}

/** What the same change did to the times or the pattern of the series. */
interface Rescheduling {
  readonly renamed?: Renaming;
  /** The series as it was; null where its occurrences are the same. What a client repeats of those that are gone is passed over. */
  readonly former?: ItemModel | null;
}

/**
 * The exceptions a client sent inside the series (up to 14.1, and in a new item). Those it doesn't name stay as they are.
 * @throws MalformedItem
 */
export function applyExceptions(
  series: ItemModel,
  data: Element,
  context: ApplyContext,
  { renamed = notRenamed, former = null }: Rescheduling = {},
): void {
  const sent = exceptionsIn(data).slice(0, MOST);
  if (sent.length === 0) return;
  const exceptions = exceptionsOf(series, series.component);
  const isEcho = former ? echoesOf(former, context) : () => false;
  for (const exception of sent) {
    const key = child(exception, 'Calendar:ExceptionStartTime') ?? child(exception, 'AirSyncBase:InstanceId');
    const instant = key && readInstant(key);
    if (!instant) throw new MalformedItem('Exception without its original start');
    const at = renamed(occurrenceAt(series, series.component, instant.getTime(), context.version));
    if (former && (isEcho(instant, exception) || !hasOccurrence(exceptions, at))) continue;
    const deleted = child(exception, 'Calendar:Deleted');
    if (deleted && flag.read(deleted)) exceptions.exclude(at);
    else changeOccurrence(series, at, exception, context, { inherits: true, exceptions });
  }
}

/**
 * Whether a client repeats what it was shown of an occurrence that only followed a changed one, while it changes the series:
 * nothing is meant by that.
 */
function echoesOf(former: ItemModel, context: ApplyContext): (instant: Date, exception: Element) => boolean {
  const exceptions = exceptionsOf(former, former.component);
  return (instant, exception) => {
    const at = occurrenceAt(former, former.component, instant.getTime(), context.version);
    const range = exceptions.range(at);
    if (!range || exceptions.override(at) || exceptions.isExcluded(at) || child(exception, 'Calendar:Deleted')) return false;
    const { component } = overrideAt(at, exceptions);
    const occurrence = { ...former, component };
    const times = timesOfEvent(component, former.zones);
    const isInTime = changedTimes(occurrence, component, times, readTimes(exception), context) === null;
    return isInTime && agrees(fieldsIn(context.version), occurrence, exception, context);
  };
}

/**
 * An Exception with what it leaves out put in from the series: to a client of these versions, absent means as the series.
 * Who comes and what was written are not taken back by that, nor what the client could not be shown.
 */
function inheriting(series: ItemModel, occurrence: ItemModel, exception: Element, context: ApplyContext): Element {
  const shown = shownContext(context);
  const sent = new Set(elements(exception).map(({ tag }) => tag));
  const isHidden = (field: (typeof OCCURRENCE_FIELDS)[number]) =>
    !sameValue(field, series, occurrence, shown) && renderDifference(field, series, occurrence, shown) === undefined;
  const inherited = fieldsIn(context.version)
    .filter((field) => field.set && field.absent !== 'kept' && !sent.has(field.tag) && !isHidden(field))
    .map((field) => renderField(field, series, shown) ?? el(field.tag));
  return el(exception.tag, exception.content, inherited);
}

/**
 * Changes one occurrence, or makes it one of its own.
 * @param options.inherits whether what the client leaves out is as in the series; else it stays as it is
 */
export function changeOccurrence(
  series: ItemModel,
  at: IcalTime,
  data: Element,
  context: ApplyContext,
  options: { readonly inherits?: boolean; readonly exceptions: SeriesExceptions },
): void {
  const { exceptions } = options;
  const { component, isNew } = overrideAt(at, exceptions);
  const before = component.toString();
  const occurrence = { ...series, component };
  const current = timesOfEvent(component, series.zones);
  const full = options.inherits ? inheriting(series, occurrence, data, context) : data;
  applyTimes(occurrence, current, options.inherits ? timesAt(series, series.component, at) : current, readTimes(data), context);
  applyFields(fieldsIn(context.version), occurrence, full, context);
  applyEventFiles([component], data, context);
  exceptions.include(at);
  if (isNew && component.toString() !== before) exceptions.add(component);
}

function applyTimes(occurrence: ItemModel, current: EventTimes, base: EventTimes, sent: SentTimes, context: ApplyContext): void {
  const meant = changedTimes(occurrence, occurrence.component, base, sent, context) ?? base;
  if (!sameTimes(occurrence, meant, current)) writeTimes(occurrence, occurrence.component, meant);
}

/** The occurrence that a client names, as a component of its own where it is one. */
export function namedOverride(opened: ItemModel, instant: Date, { version }: ApplyContext): Component | undefined {
  const wire = (component: Component) => toWire(occurrenceOf(component), opened.zones, version);
  return overridesOf(opened).find((component) => wire(component) === instant.getTime());
}
