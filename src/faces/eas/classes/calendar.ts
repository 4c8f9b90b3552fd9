import { randomUUID } from 'node:crypto';
import { escapeText } from '../../../formats/content-lines.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, childText, type Element, el } from '../../../formats/wbxml/tree.js';
import {
  type Absence,
  agrees,
  applyFields,
  clearedUnlessGhosted,
  keptWhenAbsent,
  renderFields,
  shownContext,
  type Written,
} from '../schema/field.js';
import { atLeast } from '../versions.js';
import { addForeignMeeting, attendeeList, isOrganizer, isOwn } from './attendees.js';
import { toCompact } from './dates.js';
import { applyEventFiles } from './event-attachments.js';
import {
  applyExceptions,
  changeOccurrence,
  handDown,
  namedOverride,
  renderExceptions,
  type Snapshots,
} from './event-exceptions.js';
import { ITEM_FIELDS, OCCURRENCE_FIELDS } from './event-fields.js';
import { type ItemModel, mainModel, newObject, type OpenedObject, openObject, stamp } from './event-model.js';
import {
  changedTimes,
  firstTimes,
  readTimes,
  renderTimes,
  renderTimezone,
  sameTimes,
  withDefaults,
  writeTimes,
} from './event-schedule.js';
import {
  applyRecurrence,
  dropExceptions,
  exceptionsOf,
  hasOccurrence,
  hasRanges,
  moveExceptions,
  notRenamed,
  occurrenceAt,
  occurrenceOf,
  overridesOf,
  pruneExceptions,
  type Renaming,
  renderRecurrence,
  shownRecurrence,
} from './event-series.js';
import { isSeries, timesOfEvent, toWire } from './event-times.js';
import { type ApplyContext, MalformedItem, type PimItemClass, type RenderContext } from './item-class.js';

/** Elements in the order in which servers are known to send them; some clients read them in passing. */
const ORDER: readonly TagName[] = [
  'Calendar:Timezone',
  'Calendar:DtStamp',
  'Calendar:StartTime',
  'Calendar:Subject',
  'Calendar:UID',
  'AirSyncBase:InstanceId',
  'Calendar:OrganizerName',
  'Calendar:OrganizerEmail',
  'Calendar:Attendees',
  'Calendar:Location',
  'AirSyncBase:Location',
  'Calendar:EndTime',
  'AirSyncBase:Body',
  'Calendar:Body',
  'AirSyncBase:Attachments',
  'Calendar:Categories',
  'Calendar:Recurrence',
  'Calendar:Exceptions',
  'Calendar:Sensitivity',
  'Calendar:BusyStatus',
  'Calendar:AllDayEvent',
  'Calendar:Reminder',
  'Calendar:MeetingStatus',
  'AirSyncBase:NativeBodyType',
  'Calendar:ResponseRequested',
  'Calendar:DisallowNewTimeProposal',
  'Calendar:ResponseType',
  'Calendar:AppointmentReplyTime',
  'Calendar:OnlineMeetingConfLink',
  'Calendar:OnlineMeetingExternalLink',
];

const RANK: ReadonlyMap<TagName, number> = new Map(ORDER.map((tag, at) => [tag, at]));

const FIELDS = [...OCCURRENCE_FIELDS, ...ITEM_FIELDS];

/** Calendar items (MS-ASCAL) over VEVENT. */
export const calendarClass: PimItemClass = {
  className: 'Calendar',
  components: ['VEVENT'],
  render: renderEvent,
  apply: (text, data, context) => (text === null ? newEvent(data, context) : changeEvent(text, data, context)),
  agrees: eventAgrees,
  answer: answerToAdd,
  applyInstance,
};

function renderEvent(text: string, context: RenderContext): Element[] {
  const model = mainModel(openObject(text, context.user));
  const { component, master } = model;
  const recurrence = master ? renderRecurrence(model, master, context.version) : undefined;
  const found = [
    renderTimezone(model, component, context),
    ...renderTimes(model, timesOfEvent(component, model.zones), context),
    ...renderFields(FIELDS, model, context),
    recurrence,
    recurrence && renderExceptions(model, context),
    master ? undefined : orphanKey(model, context),
  ];
  const present = found.filter((element) => element !== undefined);
  return present.sort((a, b) => (RANK.get(a.tag) ?? -1) - (RANK.get(b.tag) ?? -1));
}

/** An occurrence without its series is named by its original start (from 16.0 on). */
function orphanKey(model: ItemModel, { version }: RenderContext): Element | undefined {
  if (!atLeast(version, '16.0')) return undefined;
  return el('AirSyncBase:InstanceId', toCompact(toWire(occurrenceOf(model.component), model.zones, version)));
}

/** What a change leaves out: from 16.0 on it stays; before, it is gone from a change of the whole item (MS-ASCMD Supported). */
function absenceIn(data: Element, { version, supported }: ApplyContext): Absence {
  // Whole items have a start; what has none is a partial change, however the client came to it.
  const isWhole = !atLeast(version, '16.0') && child(data, 'Calendar:StartTime') !== undefined;
  return isWhole ? clearedUnlessGhosted(supported) : keptWhenAbsent;
}

function changeEvent(text: string, data: Element, context: ApplyContext): string {
  const opened = openObject(text, context.user);
  const before = snapshots(opened);
  const model = mainModel(opened);
  const absence = absenceIn(data, context);
  const rescheduled = model.master ? applySchedule(model, data, context, absence) : applyOwnTimes(model, data, context);
  const written = applyFields(FIELDS, model, data, context, absence);
  handDown(model, written as readonly Written<ItemModel>[], before, context);
  applyEventFiles([model.component, ...overridesOf(model)], data, context);
  // From 16.0 on an occurrence is changed by its InstanceId, not inside the series (MS-ASCAL Exceptions).
  if (model.master && isSeries(model.component) && !atLeast(context.version, '16.0')) {
    const former = rescheduled.isOther ? mainModel(openObject(text, context.user)) : null;
    applyExceptions(model, data, context, { renamed: rescheduled.renamed, former });
  }
  return stamped(model, before, context) ? opened.calendar.toString() : text;
}

/** What a change made of the times and pattern of an item. */
interface Rescheduled {
  /** Whether its occurrences are others now. */
  readonly isOther: boolean;
  readonly renamed: Renaming;
}

const UNCHANGED: Rescheduled = { isOther: false, renamed: notRenamed };

/** Times and pattern of a single item or series, and what they mean for its exceptions. */
function applySchedule(model: ItemModel, data: Element, context: ApplyContext, absence: Absence): Rescheduled {
  const { component, zones } = model;
  const shown = timesOfEvent(component, zones);
  const isHidden = component.first('RRULE') !== undefined && shownRecurrence(model, component, context.version) === null;
  const changes = changedTimes(model, component, shown, readTimes(data), context);
  if (changes && isHidden && !sameTimes(model, changes, shown))
    throw new MalformedItem('times of a series that was not shown as one');
  const times = isHidden ? null : changes;
  const wasSeries = isSeries(component);
  if (times) writeTimes(model, component, times);
  const absent = absence({ tag: 'Calendar:Recurrence', ghostable: false }) ? 'cleared' : 'kept';
  const changed = applyRecurrence(model, component, data, absent, context);
  if (!wasSeries || !isSeries(component)) return UNCHANGED;
  if (atLeast(context.version, '16.0') && (times || changed === 'pattern')) dropExceptions(model, component);
  const renamed = times ? moveExceptions(model, component, shown) : notRenamed;
  if (changed !== 'none') pruneExceptions(model, component);
  return { isOther: times !== null || changed !== 'none', renamed };
}

function applyOwnTimes(model: ItemModel, data: Element, context: ApplyContext): Rescheduled {
  const times = changedTimes(model, model.component, timesOfEvent(model.component, model.zones), readTimes(data), context);
  if (times) writeTimes(model, model.component, times);
  return UNCHANGED;
}

/** Fields that say what the server alone knows, or that devices send as they like. */
const NOT_COMPARED: ReadonlySet<TagName> = new Set(['Calendar:MeetingStatus', 'Calendar:ResponseRequested']);

function eventAgrees(text: string, data: Element, context: ApplyContext): boolean {
  const model = mainModel(openObject(text, context.user));
  // What a change of the series makes of the occurrences that follow a changed one, no device works out itself.
  if (hasRanges(model)) return false;
  const shown = timesOfEvent(model.component, model.zones);
  if (changedTimes(model, model.component, shown, readTimes(data), context)) return false;
  const compared = FIELDS.filter(({ tag }) => !NOT_COMPARED.has(tag));
  return agrees(compared, model, data, context);
}

function newEvent(data: Element, context: ApplyContext): string {
  const opened = newObject('VEVENT', newUid(data, context), context.user);
  const model = mainModel(opened);
  const { component } = model;
  const repeats = child(data, 'Calendar:Recurrence') !== undefined;
  writeTimes(model, component, firstTimes(model, withDefaults(readTimes(data), context.now), context, repeats));
  applyRecurrence(model, component, data, 'kept', context);
  const foreign = foreignOrganizer(data, context);
  const attendees = child(data, 'Calendar:Attendees');
  if (foreign) addForeignMeeting(model, foreign, attendees ? (attendeeList.read(attendees) ?? []) : []);
  applyFields(FIELDS, model, data, context);
  applyEventFiles([component], data, context);
  if (isSeries(component)) applyExceptions(model, data, context);
  stamped(model, new Map(), context);
  return opened.calendar.toString();
}

/** From 16.0 on the UID is made here, and told once: the item itself does not go back to the device that added it. */
function answerToAdd(text: string, context: ApplyContext): Element[] {
  if (!atLeast(context.version, '16.0')) return [];
  const uid = ITEM_FIELDS.filter(({ tag }) => tag === 'Calendar:UID');
  return renderFields(uid, mainModel(openObject(text, context.user)), shownContext(context));
}

/** Shortest ClientUid that can be taken for one of its own in the whole world. */
const LEAST_UID = 16;
const MOST_UID = 300;

/**
 * The UID: up to 14.1 the client's. From 16.0 on it is the server's to make, and made from ClientUid, so that the same
 * item added twice is known as one (MS-ASCAL ClientUid).
 */
function newUid(data: Element, { version }: ApplyContext): string {
  const isOurs = atLeast(version, '16.0');
  const sent = childText(data, isOurs ? 'Calendar:ClientUid' : 'Calendar:UID') ?? '';
  const uid = sent.replace(/[\p{Cc}]+/gu, '').trim();
  const isUsable = uid.length >= (isOurs ? LEAST_UID : 1) && uid.length <= MOST_UID;
  return isUsable ? escapeText(uid) : randomUUID();
}

/** The organizer of a meeting that somebody else called; clients that may say who organizes also name the user. */
function foreignOrganizer(data: Element, { version, user }: ApplyContext): { email: string; name: string } | null {
  const email = childText(data, 'Calendar:OrganizerEmail')?.trim() ?? '';
  if (atLeast(version, '16.0') || email === '' || isOwn(user, email)) return null;
  return { email, name: childText(data, 'Calendar:OrganizerName')?.trim() ?? '' };
}

/** One occurrence by its InstanceId (MS-ASCMD InstanceId): changed, or deleted where `data` is null. */
function applyInstance(text: string, instance: Date, data: Element | null, context: ApplyContext): string {
  const opened = openObject(text, context.user);
  const before = snapshots(opened);
  const model = mainModel(opened);
  if (model.master && isSeries(model.component)) changeInstance(model, instance, data, context);
  else changeOrphan(model, instance, data, context);
  return stamped(model, before, context) ? opened.calendar.toString() : text;
}

function changeInstance(series: ItemModel, instance: Date, data: Element | null, context: ApplyContext): void {
  const at = occurrenceAt(series, series.component, instance.getTime(), context.version);
  const exceptions = exceptionsOf(series, series.component);
  if (!hasOccurrence(exceptions, at)) throw new MalformedItem('no such occurrence');
  if (data === null) exceptions.exclude(at);
  else changeOccurrence(series, at, data, context, { exceptions });
}

/** An occurrence without its series. The last one can only be deleted as an item. */
function changeOrphan(model: ItemModel, instance: Date, data: Element | null, context: ApplyContext): void {
  const component = namedOverride(model, instance, context);
  if (!component) throw new MalformedItem('no such occurrence');
  const occurrence = { ...model, component };
  if (data !== null) {
    applyOwnTimes(occurrence, data, context);
    applyFields(OCCURRENCE_FIELDS, occurrence, data, context);
    applyEventFiles([component], data, context);
  } else if (model.master || overridesOf(model).length > 1) model.calendar.remove(component);
  else throw new MalformedItem('the only occurrence');
}

function snapshots({ calendar, object }: OpenedObject): Snapshots {
  return new Map(calendar.componentsNamed(object.component).map((component) => [component, component.clone()]));
}

/** Marks what was changed; whether anything was. */
function stamped(model: ItemModel, before: Snapshots, { now }: ApplyContext): boolean {
  const present = model.calendar.componentsNamed(model.object.component);
  const isGone = [...before.keys()].some((component) => !present.includes(component));
  const changed = present.filter((component) =>
    stamp(component, before.get(component), { now, decides: isOrganizer({ ...model, component }) }),
  );
  return isGone || changed.length > 0;
}
