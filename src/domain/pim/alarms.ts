import { type Component, parseContentLines } from '../../formats/content-lines.js';

/**
 * Alarms in shared calendars are each viewer's own: the stored text has its owner's, those of others are kept beside it and
 * put into what they are given. The texts of others than the owner hold nobody else's alarms.
 */

const ALARM = /BEGIN:VALARM/i;
const FIRST = 'M';

/** The alarms of each component, by its RECURRENCE-ID as it is written; the one without is `M`. */
type Alarms = Readonly<Record<string, readonly string[]>>;

export interface Split {
  /** The text without alarms. */
  readonly text: string;
  /** What `withAlarms` takes; null: there are none. */
  readonly alarms: string | null;
}

/** Takes the alarms out of a text. One that can't be read stays as it is. */
export function splitAlarms(text: string): Split {
  if (!ALARM.test(text)) return { text, alarms: null };
  try {
    const calendars = parseContentLines(text);
    const found: Record<string, string[]> = {};
    for (const component of calendars.flatMap(mainComponents)) {
      const alarms = component.componentsNamed('VALARM');
      if (alarms.length === 0) continue;
      const key = keyOf(component);
      found[key] = [...(found[key] ?? []), ...alarms.map(String)];
      for (const alarm of alarms) component.remove(alarm);
    }
    const none = Object.keys(found).length === 0;
    return { text: none ? text : calendars.join(''), alarms: none ? null : JSON.stringify(found) };
  } catch {
    return { text, alarms: null };
  }
}

/** Puts alarms into a text that has none; those of components that are gone are left out. */
export function withAlarms(text: string, alarms: string | null): string {
  if (alarms === null) return text;
  try {
    const all = JSON.parse(alarms) as Alarms;
    const calendars = parseContentLines(text);
    for (const component of calendars.flatMap(mainComponents)) {
      for (const alarm of (all[keyOf(component)] ?? []).flatMap((block) => parseContentLines(block))) component.add(alarm);
    }
    return calendars.join('');
  } catch {
    return text;
  }
}

function mainComponents(calendar: Component): Component[] {
  return calendar.components.filter(({ name }) => name !== 'VTIMEZONE');
}

function keyOf(component: Component): string {
  return component.first('RECURRENCE-ID')?.value ?? FIRST;
}
