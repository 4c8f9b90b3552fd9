import type { Component } from '../../formats/content-lines.js';
import { timingOf } from '../../formats/ical/timing.js';
import { composeInvitation } from '../../formats/mime/invitation.js';
import { attendeesOf, organizerOf, partstatOf, userOf } from '../itip/calendar-user.js';
import { type ItipMessage, readMessage } from '../itip/message.js';
import type { OutboxJob } from '../pim/scheduler.js';
import type { Account } from '../types.js';

/** What a message is about, for the subject. */
const HEADINGS: Readonly<Record<string, string>> = {
  REQUEST: 'Invitation',
  CANCEL: 'Canceled',
  ADD: 'Invitation',
  COUNTER: 'New time proposed',
  DECLINECOUNTER: 'Proposal declined',
  REFRESH: 'Update asked for',
};
const ANSWERS: Readonly<Record<string, string>> = { ACCEPTED: 'Accepted', DECLINED: 'Declined', TENTATIVE: 'Tentative' };

/**
 * The mail of a job (RFC 6047): from the user's own address, with the time as text for people and the message for programs.
 * Tried again, it is the same mail with the same Message-ID.
 */
export function invitationMail(job: OutboxJob, user: Account, now: Date): Promise<Uint8Array> {
  const message = readMessage(job.text);
  if (!message) throw new Error('not a scheduling message');
  const main = message.scheduling.components[0] as Component;
  const summary = oneLine(main.first('SUMMARY')?.text ?? '') || 'Meeting';
  const heading = headingOf(message, main);
  const domain = user.address.slice(user.address.lastIndexOf('@') + 1);
  return composeInvitation({
    from: { name: user.displayName, address: job.sender },
    to: { name: nameOf(main, job.recipient), address: job.recipient },
    subject: `${heading}: ${summary}`,
    date: now,
    messageId: `${job.id}@${domain}`,
    text: bodyOf(message, main, `${heading}: ${summary}`),
    method: job.method,
    calendar: job.text,
  });
}

function headingOf({ method, sequence }: ItipMessage, main: Component): string {
  if (method === 'REPLY') return ANSWERS[partstatOf(attendeesOf(main)[0])] ?? 'Answer';
  if (method === 'REQUEST' && sequence > 0) return 'Updated invitation';
  return HEADINGS[method] ?? method;
}

function nameOf(main: Component, address: string): string {
  const lines = [...attendeesOf(main), ...main.all('ORGANIZER')];
  return oneLine(lines.find((property) => userOf(property) === address)?.param('CN') ?? '');
}

function bodyOf(message: ItipMessage, main: Component, title: string): string {
  const location = oneLine(main.first('LOCATION')?.text ?? '');
  const comment = main.first('COMMENT')?.text.trim() ?? '';
  const description = message.method === 'REQUEST' ? (main.first('DESCRIPTION')?.text.trim() ?? '') : '';
  const organizer = organizerOf(main);
  const lines = [
    title,
    '',
    `When: ${whenOf(message, main)}`,
    ...(location ? [`Where: ${location}`] : []),
    ...(organizer ? [`Organizer: ${organizer}`] : []),
    ...(comment ? ['', comment] : []),
    ...(description ? ['', description.slice(0, 20_000)] : []),
    '',
  ];
  return lines.join('\r\n').replace(/\r?\n/g, '\r\n');
}

/** `2026-11-30 14:00 (Europe/Berlin)`; of days the date alone. */
function whenOf({ scheduling }: ItipMessage, main: Component): string {
  const timing = timingOf(main, scheduling.zones);
  if (!timing) return 'no date';
  const { start, zone } = timing;
  const local = new Date(start.local).toISOString();
  const date = local.slice(0, 10);
  const repeats = main.first('RRULE') ? ', repeats' : '';
  if (start.kind === 'date') return `${date}${repeats}`;
  return `${date} ${local.slice(11, 16)} (${start.kind === 'utc' ? 'UTC' : (zone.iana ?? zone.id)})${repeats}`;
}

function oneLine(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
