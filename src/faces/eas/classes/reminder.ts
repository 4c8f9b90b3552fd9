import { type Component, Property } from '../../../formats/content-lines.js';
import { DAY, MINUTE, parseDuration, timeOf } from '../../../formats/ical/values.js';
import type { ItemModel } from './event-model.js';
import { isSeries, timesOfEvent } from './event-times.js';

/** Alarms that a device's reminder can stand for; mails and procedures are not the device's to do. */
const SHOWN_ACTIONS = /^(?:DISPLAY|AUDIO)$/i;
/** Ten years before: what no alarm is meant to be; apps mark "none" by times long ago, devices by high numbers. */
export const MOST_MINUTES = 10 * 366 * 24 * 60;
/** Marks the alarm that a device set, so that it stays the one it is shown. */
const MARK = 'X-EAS-REMINDER';

interface Reminder {
  readonly alarm: Component;
  /** Minutes before the start. */
  readonly minutes: number;
}

/** Minutes before the start (MS-ASCAL Reminder): of the alarm a device set, else of the nearest one before the start. */
export function reminderOf(model: ItemModel): number | undefined {
  return chosen(model)?.minutes;
}

/** Moves the alarm that the device was shown, adds one where there is none, or takes that one away. Other alarms stay. */
export function setReminder(model: ItemModel, minutes: number | undefined): void {
  const current = chosen(model);
  if (minutes === undefined) {
    if (current) model.component.remove(current.alarm);
    return;
  }
  const alarm = current?.alarm ?? newAlarm(model.component);
  alarm.set('TRIGGER', minutes === 0 ? 'PT0S' : `-PT${minutes}M`, { VALUE: undefined, RELATED: undefined });
  if (reminders(model).length > 1) alarm.set(MARK, 'TRUE');
}

function newAlarm(component: Component): Component {
  const alarm = component.addComponent('VALARM');
  alarm.add(new Property('ACTION', 'DISPLAY'));
  alarm.add(new Property('DESCRIPTION', 'Reminder'));
  return alarm;
}

function chosen(model: ItemModel): Reminder | undefined {
  const all = reminders(model);
  return all.find(({ alarm }) => alarm.first(MARK)) ?? all.sort((a, b) => a.minutes - b.minutes)[0];
}

function reminders(model: ItemModel): Reminder[] {
  return model.component
    .componentsNamed('VALARM')
    .filter((alarm) => SHOWN_ACTIONS.test(alarm.first('ACTION')?.value.trim() ?? ''))
    .flatMap((alarm) => {
      const minutes = minutesBefore(alarm, model);
      return minutes === undefined ? [] : [{ alarm, minutes }];
    });
}

/** Undefined where the trigger is after the start or absurdly long before it, can't be read, or is an instant that only one of many occurrences has. */
function minutesBefore(alarm: Component, { component, zones }: ItemModel): number | undefined {
  const trigger = alarm.first('TRIGGER');
  if (!trigger) return undefined;
  try {
    const { start, end } = timesOfEvent(component, zones);
    const from = zones.instant(start);
    const at = triggerTime(trigger, from, zones.instant(end), isSeries(component));
    const minutes = Math.floor((from - at) / MINUTE);
    return minutes >= 0 && minutes <= MOST_MINUTES ? minutes : undefined;
  } catch {
    return undefined; // one alarm that can't be read hides no event
  }
}

function triggerTime(trigger: Property, start: number, end: number, repeats: boolean): number {
  if (trigger.param('VALUE')?.toUpperCase() === 'DATE-TIME') return repeats ? Number.POSITIVE_INFINITY : timeOf(trigger).local;
  const { days, ms } = parseDuration(trigger.value);
  const anchor = trigger.param('RELATED')?.toUpperCase() === 'END' ? end : start;
  return anchor + days * DAY + ms;
}
