import { randomUUID } from 'node:crypto';
import { type Component, Property } from '../../../formats/content-lines.js';
import { DAY, formatTime, parseDuration, timeOf, utcTime } from '../../../formats/ical/values.js';
import type { TagName } from '../../../formats/wbxml/pages.js';
import { child, type Element, text } from '../../../formats/wbxml/tree.js';
import {
  type Absence,
  agrees,
  applyFields,
  clearedUnlessGhosted,
  type Fields,
  fieldsOf,
  keptWhenAbsent,
  renderFields,
} from '../schema/field.js';
import { extendedDate, flag, integer, line, list, readInstant } from '../schema/values.js';
import { bodyFor, bodyValue, descriptionOf, plainBody, setDescription } from './body-pim.js';
import { categoriesOf, sensitivityOf, setCategories, setSensitivity, setSubject, subjectOf } from './event-fields.js';
import { type ItemModel, mainModel, newObject, openObject, stamp } from './event-model.js';
import { type ApplyContext, MalformedItem, type PimItemClass, type RenderContext } from './item-class.js';
import { textProperty } from './location.js';
import { applyTaskRecurrence, applyTaskTimes, renderTaskRecurrence, renderTaskTimes, timesOfTask } from './task-times.js';

const field = fieldsOf<ItemModel>();

/** PRIORITY by Importance; 1 to 4 are high, 5 and none normal, the rest low (RFC 5545 §3.8.1.9). */
const PRIORITIES = ['9', '5', '1'] as const;
const NORMAL = 1;

function importanceOf({ component }: ItemModel): number {
  const priority = Number(component.first('PRIORITY')?.value ?? 0);
  if (priority >= 1 && priority <= 4) return 2;
  return priority >= 6 && priority <= 9 ? 0 : NORMAL;
}

function isComplete({ component }: ItemModel): boolean {
  return component.first('STATUS')?.value.trim().toUpperCase() === 'COMPLETED' || component.first('COMPLETED') !== undefined;
}

function completedAt(model: ItemModel): Date | undefined {
  if (!isComplete(model)) return undefined;
  // A response must say when, where the text does not (MS-ASTASK DateCompleted).
  const property = ['COMPLETED', 'LAST-MODIFIED', 'DTSTAMP'].map((name) => model.component.first(name)).find(Boolean);
  return property && new Date(model.zones.instant(timeOf(property)));
}

/** Done and not done; what is only begun, or called off, keeps its word as long as it is not done. */
function setComplete({ component }: ItemModel, done: boolean, { now }: ApplyContext): void {
  if (done) {
    component.set('STATUS', 'COMPLETED');
    component.set('PERCENT-COMPLETE', '100');
    if (!component.first('COMPLETED')) component.set('COMPLETED', formatTime(utcTime(now.getTime())));
    return;
  }
  component.set('STATUS', 'NEEDS-ACTION');
  component.remove('COMPLETED');
  component.remove('PERCENT-COMPLETE');
}

/** The first alarm of a task that has a time; a task's reminder is an instant (MS-ASTASK ReminderTime). */
function reminderOf(model: ItemModel): { readonly alarm: Component; readonly at: number } | undefined {
  for (const alarm of model.component.componentsNamed('VALARM')) {
    const at = alarmTime(model, alarm);
    if (at !== undefined && /^(?:DISPLAY|AUDIO)$/i.test(alarm.first('ACTION')?.value.trim() ?? '')) return { alarm, at };
  }
  return undefined;
}

function alarmTime(model: ItemModel, alarm: Component): number | undefined {
  const trigger = alarm.first('TRIGGER');
  if (!trigger) return undefined;
  try {
    if (trigger.param('VALUE')?.toUpperCase() === 'DATE-TIME') return model.zones.instant(timeOf(trigger));
    const { start, due } = timesOfTask(model);
    const anchor = trigger.param('RELATED')?.toUpperCase() === 'END' ? due : (start ?? due);
    const { days, ms } = parseDuration(trigger.value);
    return anchor && model.zones.instant(anchor) + days * DAY + ms;
  } catch {
    return undefined; // one alarm that can't be read hides no task
  }
}

/**
 * ReminderSet and ReminderTime.
 * @throws MalformedItem for a reminder without a time, and for ReminderSet other than 0 or 1 (MS-ASTASK ReminderSet)
 */
function applyReminder(model: ItemModel, data: Element): void {
  const set = child(data, 'Tasks:ReminderSet');
  if (!set) return;
  const isSet = flag.read(set);
  if (isSet === undefined && (text(set) ?? '').trim() !== '') throw new MalformedItem('ReminderSet is neither 0 nor 1');
  const current = reminderOf(model);
  if (!isSet) {
    if (current) model.component.remove(current.alarm);
    return;
  }
  const time = child(data, 'Tasks:ReminderTime');
  const at = time && readInstant(time)?.getTime();
  if (at === undefined) throw new MalformedItem('ReminderSet without ReminderTime');
  if (current?.at === at) return;
  const alarm = current?.alarm ?? newAlarm(model.component);
  alarm.set('TRIGGER', formatTime(utcTime(at)), { VALUE: 'DATE-TIME', RELATED: undefined });
}

function newAlarm(component: Component): Component {
  const alarm = component.addComponent('VALARM');
  alarm.add(new Property('ACTION', 'DISPLAY'));
  alarm.add(new Property('DESCRIPTION', 'Reminder'));
  return alarm;
}

const ORDINAL = 'X-MS-ORDINALDATE';
const SUB_ORDINAL = 'X-MS-SUBORDINALDATE';

function readable(property: Property): Date | undefined {
  try {
    return new Date(timeOf(property).local);
  } catch {
    return undefined; // somebody else's idea of the property
  }
}

/** Tasks in schema order (MS-ASTASK 2.2.2); dates, reminder and recurrence come in pairs and have steps of their own. */
const FIELDS: Fields<ItemModel> = [
  field({
    tag: 'AirSyncBase:Body',
    type: bodyValue,
    since: '12.0',
    absent: 'kept',
    get: ({ component }, context) => bodyFor(descriptionOf(component), context),
    set: ({ component }, value) => setDescription(component, value),
  }),
  field({ tag: 'Tasks:Subject', type: line, get: subjectOf, set: setSubject }),
  field({
    tag: 'Tasks:Importance',
    type: integer(0, 2),
    get: importanceOf,
    set: ({ component }, value = NORMAL) => {
      if (value === NORMAL) component.remove('PRIORITY');
      else component.set('PRIORITY', PRIORITIES[value] as string);
    },
  }),
  field({ tag: 'Tasks:Categories', type: list('Tasks:Category'), get: categoriesOf, set: setCategories }),
  field({
    tag: 'Tasks:Complete',
    type: flag,
    absent: 'kept',
    empty: 'kept',
    get: isComplete,
    set: (model, value, context) => setComplete(model, value === true, context),
  }),
  field({
    tag: 'Tasks:DateCompleted',
    type: extendedDate,
    absent: 'kept',
    empty: 'kept',
    get: completedAt,
    set: (model, value) => {
      if (value && isComplete(model)) model.component.set('COMPLETED', formatTime(utcTime(value.getTime())), { TZID: undefined });
    },
  }),
  field({ tag: 'Tasks:Sensitivity', type: integer(0, 3), get: sensitivityOf, set: setSensitivity }),
  field({ tag: 'Tasks:ReminderSet', type: flag, get: (model) => reminderOf(model) !== undefined }),
  field({
    tag: 'Tasks:ReminderTime',
    type: extendedDate,
    get: (model) => {
      const reminder = reminderOf(model);
      return reminder && new Date(reminder.at);
    },
  }),
  // Where a task stands in the user's own order, and among those of the same place (MS-ASTASK OrdinalDate, SubOrdinalDate).
  field({
    tag: 'Tasks:OrdinalDate',
    type: extendedDate,
    since: '12.0',
    absent: 'kept',
    get: ({ component }) => {
      const kept = component.first(ORDINAL);
      return kept && readable(kept);
    },
    set: ({ component }, value) => textProperty(component, ORDINAL, value && formatTime(utcTime(value.getTime()))),
  }),
  field({
    tag: 'Tasks:SubOrdinalDate',
    type: line,
    since: '12.0',
    absent: 'kept',
    get: ({ component }) => component.first(SUB_ORDINAL)?.text,
    set: ({ component }, value) => textProperty(component, SUB_ORDINAL, value),
  }),
  field({
    tag: 'Tasks:Body',
    type: { ...bodyValue, read: (element: Element) => plainBody(element), write: (body) => body.data },
    until: '2.5',
    absent: 'kept',
    get: ({ component }, context) => bodyFor(descriptionOf(component), { ...context, bodyPreferences: [] }),
    set: ({ component }, value) => setDescription(component, value),
  }),
];

const ORDER: readonly TagName[] = [
  'AirSyncBase:Body',
  'Tasks:Body',
  'Tasks:Subject',
  'Tasks:Importance',
  'Tasks:UtcStartDate',
  'Tasks:StartDate',
  'Tasks:UtcDueDate',
  'Tasks:DueDate',
  'Tasks:Categories',
  'Tasks:Recurrence',
  'Tasks:Complete',
  'Tasks:DateCompleted',
  'Tasks:Sensitivity',
  'Tasks:ReminderSet',
  'Tasks:ReminderTime',
  'Tasks:OrdinalDate',
  'Tasks:SubOrdinalDate',
];

/** What a change of the whole task has; there is no ghosting of tasks, so what it leaves out is gone. */
const WHOLE: readonly TagName[] = ['Tasks:Subject', 'Tasks:Importance', 'Tasks:Sensitivity', 'Tasks:Complete'];

function absenceIn(data: Element): Absence {
  return WHOLE.every((tag) => child(data, tag)) ? clearedUnlessGhosted(null) : keptWhenAbsent;
}

/** Tasks (MS-ASTASK) over VTODO. */
export const tasksClass: PimItemClass = {
  className: 'Tasks',
  components: ['VTODO'],
  render: renderTask,
  apply: applyTask,
  agrees: (text, data, context) => agrees(FIELDS, mainModel(openObject(text, context.user)), data, context),
};

function renderTask(stored: string, context: RenderContext): Element[] {
  const model = mainModel(openObject(stored, context.user));
  const recurrence = renderTaskRecurrence(model, context.version);
  const found = [...renderFields(FIELDS, model, context), ...renderTaskTimes(model), ...(recurrence ? [recurrence] : [])];
  return found.sort((a, b) => ORDER.indexOf(a.tag) - ORDER.indexOf(b.tag));
}

function applyTask(stored: string | null, data: Element, context: ApplyContext): string {
  const opened = stored === null ? newObject('VTODO', randomUUID(), context.user) : openObject(stored, context.user);
  const model = mainModel(opened);
  const before = stored === null ? undefined : model.component.clone();
  const absence = absenceIn(data);
  applyTaskTimes(model, data, absence);
  applyTaskRecurrence(model, data, absence, context.version);
  applyFields(FIELDS, model, data, context, absence);
  applyReminder(model, data);
  return stamp(model.component, before, { now: context.now, decides: true }) ? opened.calendar.toString() : (stored as string);
}
