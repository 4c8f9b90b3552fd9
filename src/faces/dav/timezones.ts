import { parseContentLines } from '../../formats/content-lines.js';
import { CalendarEditor } from '../../formats/ical/edit.js';
import { ianaZone } from '../../formats/zones.js';
import type { DavRequest } from './message.js';

/**
 * How an answer's calendar data is to have its time zones (RFC 7809 §3.1.3): `T` with the definition of each zone, `F` without
 * those of zones that everybody knows. Without a wish the stored bytes are given.
 */
export function timezonesAsked(request: DavRequest): ((text: string) => string) | null {
  const wish = request.header('caldav-timezones')?.trim().toUpperCase();
  if (wish === 'F') return byReference;
  return wish === 'T' ? writtenOut : null;
}

/** Without the definitions of standard zones. A text that can't be read is given as it is. */
function byReference(text: string): string {
  if (!text.includes('VTIMEZONE')) return text;
  try {
    const calendars = parseContentLines(text);
    for (const calendar of calendars) {
      for (const timezone of calendar.componentsNamed('VTIMEZONE')) {
        if (ianaZone(timezone.first('TZID')?.text.trim() ?? '') !== null) calendar.remove(timezone);
      }
    }
    return calendars.join('');
  } catch {
    return text;
  }
}

/** With a definition for each zone that some value names and that is known here. */
function writtenOut(text: string): string {
  if (!/;TZID=/i.test(text.replace(/\r?\n[ \t]/g, ''))) return text;
  try {
    const editor = CalendarEditor.open(text);
    for (const tzid of tzidsIn(editor)) editor.ensureTimezone(tzid);
    return editor.toString();
  } catch {
    return text;
  }
}

function tzidsIn({ calendar }: CalendarEditor): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = ({ properties, components }: typeof calendar): void => {
    for (const property of properties) for (const tzid of property.paramValues('TZID')) found.add(tzid);
    for (const component of components) visit(component);
  };
  visit(calendar);
  return found;
}
