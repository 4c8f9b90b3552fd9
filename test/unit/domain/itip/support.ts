import { ownAddresses } from '../../../../src/domain/itip/calendar-user.js';
import { readMessage } from '../../../../src/domain/itip/message.js';
import { SchedulingObject } from '../../../../src/domain/itip/object.js';
import { organizerMessages } from '../../../../src/domain/itip/organizer.js';
import { openCalendarObject } from '../../../../src/formats/ical/parse.js';

export const NOW = new Date('2026-11-23T12:00:00Z');
export const BOSS = 'boss@example.org';
export const ANN = 'ann@example.org';
export const BOB = 'bob@example.net';
export const OWN = ownAddresses({ address: BOSS, aliases: ['chief@example.org'] });

/** A VCALENDAR of VEVENTs; each is given by its lines without UID and DTSTAMP. */
export function calendar(...events: readonly (readonly string[])[]): string {
  const components = events.flatMap((lines) => ['BEGIN:VEVENT', 'UID:uid-1', 'DTSTAMP:20261101T000000Z', ...lines, 'END:VEVENT']);
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', ...components, 'END:VCALENDAR', ''].join('\r\n');
}

/** Lines of an event from 09:00 to 10:00 with its people. */
export function event(attendees: readonly string[], ...more: readonly string[]): string[] {
  return [
    ...(more.some((line) => line.startsWith('DTSTART')) ? [] : ['DTSTART:20261201T090000Z', 'DTEND:20261201T100000Z']),
    'SUMMARY:Planning',
    `ORGANIZER:mailto:${BOSS}`,
    `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${BOSS}`,
    ...attendees.map((attendee) => (attendee.includes(':') ? attendee : `ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:${attendee}`)),
    ...more,
  ];
}

export function open(text: string | null): SchedulingObject | null {
  return text === null ? null : new SchedulingObject(openCalendarObject(text));
}

/** What the organizer's change tells whom: `REQUEST ann@example.org`. */
export function told(before: string | null, after: string | null): string[] {
  return messages(before, after).map(({ method, recipient }) => `${method} ${recipient}`);
}

export function messages(before: string | null, after: string | null) {
  return organizerMessages({ before: open(before), after: open(after), own: OWN, now: NOW });
}

export function message(text: string) {
  const found = readMessage(text);
  if (!found) throw new Error('no scheduling message');
  return found;
}
