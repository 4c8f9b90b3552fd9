import { randomUUID } from 'node:crypto';
import { CalendarEditor } from '../../formats/ical/edit.js';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { normaliseSpans } from '../../formats/ical/spans.js';
import { ianaZone, UTC } from '../../formats/zones/iana.js';
import { DomainError } from '../errors.js';
import { attendeeReply } from '../itip/attendee.js';
import { type Address, attendeeOf, ownAddresses, userOf } from '../itip/calendar-user.js';
import { SchedulingObject } from '../itip/object.js';
import { isOff, neededOccurrences, neededSpans, withAnswer } from '../itip/room.js';
import { rulesOf } from '../itip/room-rules.js';
import type { OutboxJob, ScheduledChange, SchedulingWrite } from '../pim/scheduler.js';
import type { Account } from '../types.js';

/** What becomes of a room's copy, and what is said to the organizer. */
export interface RoomDecision {
  /** Null: the room keeps no copy of what it does not host. */
  readonly text: string | null;
  readonly jobs: readonly OutboxJob[];
}

export function isRoom(account: Account): boolean {
  return account.kind === 'room' || account.kind === 'resource';
}

/** Whether a message of this organizer concerns the room at all; people are asked by everybody. */
export function mayAsk(user: Account, organizer: Address): boolean {
  if (!isRoom(user) || rulesOf(user).external) return true;
  return domainOf(organizer) === domainOf(user.address);
}

function domainOf(address: Address): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

/**
 * A room decides itself, in the transaction that brings it the message: it accepts where it is free for every occurrence,
 * else it declines. The constraint on bookings is the judge, so two processes can't both say yes.
 * @param asked the room's copy as the message makes it
 */
export async function decide(room: Account, uid: string, asked: string, tx: SchedulingWrite, now: Date): Promise<RoomDecision> {
  if (isOff(asked)) {
    await tx.book(room.id, uid, []);
    return { text: null, jobs: [] };
  }
  const spans = neededSpans(asked, room, now);
  const isFree = spans !== null && (await tx.book(room.id, uid, spans));
  if (!isFree) await tx.book(room.id, uid, []);
  const answered = withAnswer(asked, room, isFree ? 'ACCEPTED' : 'DECLINED');
  return { text: isFree ? answered : null, jobs: await answer(room, asked, answered, tx, now) };
}

/**
 * Somebody who manages a room writes into its calendar: the same constraint judges.
 * @throws DomainError `conflict` where the room is taken, or not to be had for so long
 */
export async function host(room: Account, { before, after }: ScheduledChange, tx: SchedulingWrite, now: Date): Promise<void> {
  const uid = uidOf(after) ?? before?.uid;
  if (uid === undefined) return;
  const spans = after === null ? [] : neededSpans(after, room, now);
  if (spans === null || !(await tx.book(room.id, uid, spans))) throw new DomainError('conflict', 'the room is taken');
}

/**
 * A series that goes on takes what has come into reach since. Occurrences at which somebody else has the room by now are
 * declined each for itself, and leave the room's copy: the organizer is told, and keeps the rest.
 * @param text the room's copy
 */
export async function rollOn(room: Account, uid: string, text: string, tx: SchedulingWrite, now: Date): Promise<RoomDecision> {
  const needed = neededOccurrences(text, room, now);
  if (needed === null) return { text, jobs: [] };
  const taken = new Set<unknown>(await tx.taken(room.id, uid, needed));
  const free = needed.filter((occurrence) => !taken.has(occurrence));
  const isBooked = await tx.book(room.id, uid, normaliseSpans(free.map(({ start, end }) => ({ start, end }))));
  if (!isBooked) throw new DomainError('conflict', 'the room was given away meanwhile');
  if (taken.size === 0) return { text, jobs: [] };
  const editor = CalendarEditor.open(text, ianaZone(room.zone) ?? UTC);
  for (const { recurrenceId } of needed.filter((occurrence) => taken.has(occurrence)))
    if (recurrenceId) editor.exclude(recurrenceId);
  const left = editor.toString();
  return { text: left, jobs: await answer(room, text, left, tx, now) };
}

/** Undefined: no event. */
function uidOf(text: string | null): string | undefined {
  const object = text === null ? null : openCalendarObject(text);
  return object?.component === 'VEVENT' ? object.uid : undefined;
}

async function answer(
  room: Account,
  before: string,
  after: string,
  tx: SchedulingWrite,
  now: Date,
): Promise<readonly OutboxJob[]> {
  const open = (text: string) => new SchedulingObject(openCalendarObject(text));
  const draft = attendeeReply({ before: open(before), after: open(after), own: ownAddresses(room), now });
  if (!draft) return [];
  const { recipient, method, uid, recurrence, sequence, digest, text } = draft;
  const local = (await tx.locals(domainOf(room.address), [recipient])).get(recipient);
  const job: OutboxJob = {
    account: room.id,
    id: randomUUID(),
    channel: local ? 'local' : 'mail',
    method,
    uid,
    sender: invitedAs(after, room) ?? room.address,
    recipient,
    recipientAccount: local?.id ?? null,
    collection: null,
    text,
  };
  await tx.enqueue([job]);
  await tx.record(room.id, uid, [{ direction: 'out', peer: recipient, recurrence, sequence, method, digest }]);
  return [job];
}

/** The address under which the meeting knows the room. */
function invitedAs(text: string, room: Account): Address | null {
  const own = ownAddresses(room);
  const [main] = new SchedulingObject(openCalendarObject(text)).components;
  return main ? userOf(attendeeOf(main, (user) => own.has(user))) : null;
}
