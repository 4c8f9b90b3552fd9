import type { Submission } from '../../src/demo/submission.js';

export interface MeetingFacts {
  readonly uid: string;
  readonly organizer: string;
  readonly attendees: readonly string[];
  /** Day of the (first) meeting, one hour from `hour` (UTC, default 9) on; default: in a month. */
  readonly day?: string;
  readonly hour?: number;
  readonly rule?: string;
  readonly partstat?: string;
  readonly summary?: string;
  /** Lines more. */
  readonly extra?: readonly string[];
}

const SOON = dayAfter(30);

function dayAfter(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}

/** Starts of the first three occurrences of a daily meeting. */
export function calendarsOf(facts: MeetingFacts): string[] {
  return facts.day ? [`${facts.day}T090000Z`] : [30, 31, 32].map((days) => `${dayAfter(days)}T090000Z`);
}

/** A meeting as a CalDAV client writes it, with an alarm of its own. */
export function meeting(facts: MeetingFacts): string {
  const { day = SOON, hour = 9, partstat = 'NEEDS-ACTION' } = facts;
  const time = (value: number) => `T${String(value).padStart(2, '0')}0000Z`;
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Test//EN',
    'BEGIN:VEVENT',
    `UID:${facts.uid}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART:${day}${time(hour)}`,
    `DTEND:${day}${time(hour + 1)}`,
    ...(facts.rule ? [`RRULE:${facts.rule}`] : []),
    `SUMMARY:${facts.summary ?? 'Planning'}`,
    `ORGANIZER:mailto:${facts.organizer}`,
    `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${facts.organizer}`,
    ...facts.attendees.map((attendee) => `ATTENDEE;PARTSTAT=${partstat};RSVP=TRUE:mailto:${attendee}`),
    ...(facts.extra ?? ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Soon', 'TRIGGER:-PT15M', 'END:VALARM']),
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** Address → PARTSTAT of the first component of a text. */
export function attendeesIn(text: string): Map<string, string> {
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/);
  const end = lines.indexOf('END:VEVENT');
  const attendees = lines.slice(0, end).filter((line) => line.startsWith('ATTENDEE'));
  return new Map(
    attendees.map((line) => [
      line.slice(line.toLowerCase().indexOf('mailto:') + 7).toLowerCase(),
      /;PARTSTAT=([A-Z-]+)/.exec(line)?.[1] ?? 'NEEDS-ACTION',
    ]),
  );
}

/** A mail at the submission sink that carries a scheduling message. */
export interface ScheduleMail {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  readonly raw: string;
  readonly calendar: string;
}

/** All mails about one UID that were handed to the submission server, oldest first. */
export function scheduleMail(submission: Submission, uid: string): ScheduleMail[] {
  return submission.messages.flatMap(({ from, to, raw }) => {
    const text = raw.toString('latin1');
    const calendar = calendarPart(text);
    if (!calendar.includes(`UID:${uid}`)) return [];
    return [{ from, to: to.join(','), method: /METHOD:(\w+)/.exec(calendar)?.[1] ?? '', raw: text, calendar }];
  });
}

/** The text/calendar part of a message, decoded and unfolded. */
function calendarPart(text: string): string {
  const at = text.search(/^Content-Type: text\/calendar/im);
  if (at < 0) return '';
  const part = text.slice(at);
  const start = part.indexOf('\r\n\r\n') + 4;
  const end = part.indexOf('\r\n--', start);
  const body = part.slice(start, end < 0 ? undefined : end);
  const encoding = /Content-Transfer-Encoding: *([\w-]+)/i.exec(part.slice(0, start))?.[1]?.toLowerCase();
  const decoded =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString('utf8')
      : encoding === 'quoted-printable'
        ? body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        : body;
  return decoded.replace(/\r?\n[ \t]/g, '');
}
