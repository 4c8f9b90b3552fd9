import { CalendarEditor } from '../../formats/ical/edit.js';
import { type Occurrence, occurrences } from '../../formats/ical/occurrences.js';
import { type CalendarObject, openCalendarObject } from '../../formats/ical/parse.js';
import { utcTime } from '../../formats/ical/values.js';
import type { Appendix } from '../../formats/mime/append.js';
import { ianaZone, UTC } from '../../formats/zones/iana.js';
import { DomainError } from '../errors.js';
import { below, type HeadLine, type Purpose, when } from '../mail/compose.js';
import type { Account } from '../types.js';

/** An event as it is told in a message. */
export interface EventExcerpt {
  readonly subject: string;
  readonly appendix: Appendix;
}

const DAY = 86_400_000;
/** Far enough for every series that somebody answers about. */
const AHEAD = 3660 * DAY;

/**
 * What a message about an event holds of it: its facts as text, and when it is forwarded the event itself as an invitation.
 * `instance` names one occurrence by its original start.
 * @throws DomainError `precondition-failed` when nothing recurs, `not-found` for no occurrence of the series
 */
export function eventExcerpt(text: string, instance: Date | null, viewer: Account, purpose: Purpose): EventExcerpt {
  const object = openCalendarObject(text);
  const occurrence = occurrenceOf(object, instance, viewer);
  const { component } = occurrence;
  const value = (name: string) => component.first(name)?.text.trim() ?? '';
  const lines: HeadLine[] = [
    ['Subject', value('SUMMARY')],
    ['When', timeOf(occurrence, viewer.zone)],
    ['Where', value('LOCATION')],
  ];
  const texts = { plain: value('DESCRIPTION'), html: '' };
  const shown = lines.filter(([, content]) => content !== '');
  const invitation = purpose === 'forward' ? [[calendarEntity(invitationText(text, instance && occurrence, viewer))]] : [];
  return { subject: value('SUMMARY'), appendix: { ...below(shown, texts, purpose), inline: [], attachments: invitation } };
}

function occurrenceOf(object: CalendarObject, instance: Date | null, viewer: Account): Occurrence {
  const zone = ianaZone(viewer.zone) ?? UTC;
  const recurs = object.overrides.length > 0 || ['RRULE', 'RDATE'].some((name) => object.master?.first(name));
  if (instance && !recurs) throw new DomainError('precondition-failed', 'the event does not recur');
  const at = instance?.getTime();
  const span = at === undefined ? { from: 0, to: Date.now() + AHEAD } : { from: at - DAY, to: at + DAY };
  for (const occurrence of occurrences(object, { ...span, zone })) {
    if (at === undefined || occurrence.start === at) return occurrence;
  }
  throw new DomainError('not-found', 'no such occurrence');
}

function timeOf({ start, end, allDay }: Occurrence, zone: string): string {
  if (!allDay) return `${when(new Date(start), zone)} – ${when(new Date(end), zone)}`;
  const day = (instant: number) => when(new Date(instant), zone).replace(/ at .*$/, '');
  return day(start) === day(end - 1) ? day(start) : `${day(start)} – ${day(end - 1)}`;
}

/** The event without what is only its owner's; of a series one occurrence where it is asked for (RFC 5546 §3.2.2). */
function invitationText(text: string, occurrence: Occurrence | null, viewer: Account): string {
  const editor = CalendarEditor.open(text, ianaZone(viewer.zone) ?? UTC);
  if (occurrence) {
    const { component } = editor.addOverride(occurrence.recurrenceId ?? utcTime(occurrence.start));
    for (const other of editor.calendar.componentsNamed('VEVENT')) if (other !== component) editor.calendar.remove(other);
  }
  for (const event of editor.calendar.componentsNamed('VEVENT'))
    for (const alarm of event.componentsNamed('VALARM')) event.remove(alarm);
  editor.calendar.set('METHOD', 'REQUEST');
  return editor.toString();
}

function calendarEntity(text: string): Uint8Array {
  const body = Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n');
  const head = [
    'Content-Type: text/calendar; charset=utf-8; method=REQUEST; name="invite.ics"',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="invite.ics"',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}\r\n`);
}
