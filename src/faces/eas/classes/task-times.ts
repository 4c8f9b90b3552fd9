import type { Component } from '../../../formats/content-lines.js';
import { formatRule } from '../../../formats/ical/rule.js';
import {
  DAY,
  dateTime,
  floatingTime,
  type IcalTime,
  mod,
  parseDuration,
  timeOf,
  utcTime,
  zonedTime,
} from '../../../formats/ical/values.js';
import { child, type Element, el } from '../../../formats/wbxml/tree.js';
import type { Absence } from '../schema/field.js';
import { readInstant } from '../schema/values.js';
import type { EasVersion } from '../versions.js';
import { toExtended } from './dates.js';
import { type ItemModel, setTime } from './event-model.js';
import { ruleOf } from './event-times.js';
import { MalformedItem } from './item-class.js';
import { fromEas, samePattern, toEas } from './recurrence.js';
import { readRecurrence, type WireRecurrence, writeRecurrence } from './recurrence-element.js';

/** Start and end of a task; either may be missing. */
export interface TaskTimes {
  readonly start?: IcalTime;
  readonly due?: IcalTime;
}

export function timesOfTask({ component }: ItemModel): TaskTimes {
  const start = component.first('DTSTART');
  const due = component.first('DUE');
  const from = start && timeOf(start);
  return { start: from, due: due ? timeOf(due) : from && dueOf(component, from) };
}

function dueOf(component: Component, start: IcalTime): IcalTime | undefined {
  const duration = component.first('DURATION');
  if (!duration) return undefined;
  const { days, ms } = parseDuration(duration.value);
  return { ...start, local: start.local + days * DAY + ms };
}

/** As a device sees them: what has a start is also due, for no device has a start alone. */
function shownTimes(model: ItemModel): TaskTimes {
  const { start, due } = timesOfTask(model);
  return { start, due: due ?? start };
}

/** The pairs of dates: wall clock and true instant (MS-ASTASK UtcStartDate, StartDate). */
export function renderTaskTimes(model: ItemModel): Element[] {
  const { start, due } = shownTimes(model);
  const pair = (name: 'Start' | 'Due', time: IcalTime | undefined) =>
    time
      ? [
          el(`Tasks:Utc${name}Date`, toExtended(model.zones.instant(time))),
          el(`Tasks:${name}Date`, toExtended(wallClock(model, time))),
        ]
      : [];
  return [...pair('Start', start), ...pair('Due', due)];
}

/** What the user's clock shows at a time. */
function wallClock({ zones }: ItemModel, time: IcalTime): number {
  return time.kind === 'date' ? time.local : zones.viewer.toLocal(zones.instant(time));
}

const NAMES = { Start: 'DTSTART', Due: 'DUE' } as const;

/** Writes the dates a client sent. @throws MalformedItem for a start after the end (MS-ASTASK StartDate) */
export function applyTaskTimes(model: ItemModel, data: Element, absence: Absence): void {
  const shown = shownTimes(model);
  for (const name of ['Start', 'Due'] as const) {
    const element = child(data, `Tasks:${name}Date`) ?? child(data, `Tasks:Utc${name}Date`);
    const current = name === 'Start' ? shown.start : shown.due;
    if (!element && !absence({ tag: `Tasks:${name}Date` })) continue;
    const wanted = wantedTime(model, data, name, current);
    if (!wanted) removeTime(model, name, current);
    else if (!current || !sameMoment(model, current, wanted)) writeTime(model, name, wanted);
  }
  const { start, due } = timesOfTask(model);
  if (start && due && wallClock(model, start) > wallClock(model, due)) throw new MalformedItem('StartDate after DueDate');
}

/**
 * What a pair means: the wall clock says the date; a time of day that is not midnight is kept with the true instant.
 * One of the pair alone is enough.
 */
function wantedTime(model: ItemModel, data: Element, name: 'Start' | 'Due', current: IcalTime | undefined): IcalTime | undefined {
  const read = (tag: `Tasks:${'Utc' | ''}${'Start' | 'Due'}Date`) => {
    const element = child(data, tag);
    return element && readInstant(element)?.getTime();
  };
  const local = read(`Tasks:${name}Date`);
  const instant = read(`Tasks:Utc${name}Date`);
  const zone = model.zones.viewer;
  const wall = local ?? (instant === undefined ? undefined : zone.toLocal(instant));
  if (wall === undefined) return undefined;
  if (mod(wall, DAY) === 0 && (!current || current.kind === 'date')) return dateTime(wall);
  if (current?.kind === 'floating') return floatingTime(wall);
  if (zone.iana === 'Etc/UTC') return utcTime(instant ?? wall);
  return zonedTime(instant === undefined ? wall : zone.toLocal(instant), zone.id);
}

function sameMoment(model: ItemModel, a: IcalTime, b: IcalTime): boolean {
  return wallClock(model, a) === wallClock(model, b);
}

/** Both dates of a task are of one kind (RFC 5545 §3.8.2.3): the other one follows. */
function writeTime(model: ItemModel, name: 'Start' | 'Due', time: IcalTime): void {
  const { start, due } = timesOfTask(model);
  const other = name === 'Start' ? due : start;
  const zone = time.tzid === null ? undefined : model.zones.viewer;
  model.component.remove('DURATION');
  setTime(model, model.component, NAMES[name], time, zone);
  if (!other || (other.kind === 'date') === (time.kind === 'date')) return;
  const wall = wallClock(model, other);
  const followed =
    time.kind === 'date' ? dateTime(wall) : { ...time, local: time.kind === 'utc' ? model.zones.instant(other) : wall };
  setTime(model, model.component, NAMES[name === 'Start' ? 'Due' : 'Start'], followed, zone);
}

function removeTime({ component }: ItemModel, name: 'Start' | 'Due', current: IcalTime | undefined): void {
  if (!current) return;
  component.remove(NAMES[name]);
  component.remove('DURATION');
  // A rule needs a date to count from.
  if (!component.first('DTSTART') && !component.first('DUE')) component.remove('RRULE');
}

/** Marks that the next task begins when this one is done, which no rule says. */
const REGENERATE = 'X-MS-REGENERATE';
const DEAD_OCCUR = 'X-MS-DEADOCCUR';

export function shownTaskRecurrence(model: ItemModel, version: EasVersion): WireRecurrence | null {
  const { start, due } = timesOfTask(model);
  const from = start ?? due;
  const rule = ruleOf(model.component);
  const recurrence = rule && from ? toEas(rule, from.local, version) : null;
  if (!recurrence || !from) return null;
  const { until, ...pattern } = recurrence;
  return {
    ...pattern,
    start: wallClock(model, from),
    ...(until ? { until: wallClock(model, until) } : {}),
    regenerate: model.component.first(REGENERATE)?.value === '1',
    deadOccur: Number(model.component.first(DEAD_OCCUR)?.value ?? 0) || 0,
  };
}

export function renderTaskRecurrence(model: ItemModel, version: EasVersion): Element | undefined {
  const shown = shownTaskRecurrence(model, version);
  return shown ? writeRecurrence('Tasks', shown, version, toExtended) : undefined;
}

/** @throws MalformedItem for what is no recurrence, and for one that is to replace a rule the client could not see */
export function applyTaskRecurrence(model: ItemModel, data: Element, absence: Absence, version: EasVersion): void {
  const { component } = model;
  const element = child(data, 'Tasks:Recurrence');
  if (!element && !absence({ tag: 'Tasks:Recurrence' })) return;
  const shown = shownTaskRecurrence(model, version);
  const sent = element ? readRecurrence('Tasks', element) : null;
  if (!sent) {
    for (const name of ['RRULE', REGENERATE, DEAD_OCCUR]) if (shown) component.remove(name);
    return;
  }
  if (!shown && component.first('RRULE')) throw new MalformedItem('a recurrence that the client was not shown');
  setMark(component, REGENERATE, sent.regenerate ? '1' : undefined);
  setMark(component, DEAD_OCCUR, sent.deadOccur ? String(sent.deadOccur) : undefined);
  if (shown && samePattern(shown, sent) && shown.occurrences === sent.occurrences && shown.until === sent.until) return;
  ensureStart(model, sent);
  component.set('RRULE', formatRule(fromEas(sent, sent.until === undefined ? undefined : untilOf(model, sent.until))));
}

/** A series without dates begins at its Start. */
function ensureStart(model: ItemModel, sent: WireRecurrence): void {
  const { start, due } = timesOfTask(model);
  if (!start && !due && sent.start !== undefined) setTime(model, model.component, 'DTSTART', dateTime(sent.start));
}

/** Until is a wall clock like all dates of tasks; UNTIL is of the kind of the start. */
function untilOf(model: ItemModel, until: number): IcalTime {
  const { start, due } = timesOfTask(model);
  const kind = (start ?? due)?.kind ?? 'date';
  if (kind === 'date') return dateTime(until);
  return kind === 'floating' ? floatingTime(until) : utcTime(model.zones.viewer.toInstant(until));
}

function setMark(component: Component, name: string, value: string | undefined): void {
  if (value === undefined) component.remove(name);
  else component.set(name, value);
}
