import { randomUUID } from 'node:crypto';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { DomainError } from '../errors.js';
import { attendeeReply } from '../itip/attendee.js';
import { ownAddresses } from '../itip/calendar-user.js';
import { SchedulingObject } from '../itip/object.js';
import { isOff, neededSpans, withAnswer } from '../itip/room.js';
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
  const domain = room.address.slice(room.address.lastIndexOf('@') + 1);
  const local = (await tx.locals(domain, [recipient])).get(recipient);
  const job: OutboxJob = {
    account: room.id,
    id: randomUUID(),
    channel: local ? 'local' : 'mail',
    method,
    uid,
    sender: room.address,
    recipient,
    recipientAccount: local?.id ?? null,
    collection: null,
    text,
  };
  await tx.enqueue([job]);
  await tx.record(room.id, uid, [{ direction: 'out', peer: recipient, recurrence, sequence, method, digest }]);
  return [job];
}
