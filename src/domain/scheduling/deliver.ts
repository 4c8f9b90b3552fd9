import { isDomainError } from '../errors.js';
import { type Address, isSameMailbox, ownAddresses } from '../itip/calendar-user.js';
import { mergeIntoAttendee } from '../itip/merge.js';
import { type LastReply, mergeReply } from '../itip/merge-reply.js';
import { type ItipMessage, readMessage } from '../itip/message.js';
import type { Item } from '../pim/model.js';
import type { LedgerEntry, OutboxJob } from '../pim/scheduler.js';
import type { PimWrite, Place } from '../pim/store.js';
import type { Account, Clock, Scope, Session } from '../types.js';
import { type CalendarWrite, GONE, type NewText } from './calendar-write.js';
import { receivedEntry, wasReceived } from './received.js';
import { Refresh } from './refresh.js';
import { decide, isRoom, mayAsk } from './rooms.js';
import type { SchedulingStore } from './store.js';

/** Origin of changes that come from others' messages. */
export const ORIGIN = 'system:scheduling';

/** A message for an account here, with whom the transport says it comes from. */
export interface Delivery {
  readonly text: string;
  readonly from: Address;
  /** The job that brings it, forgotten together with the change. */
  readonly job?: OutboxJob;
  /** The user's session, where one is at hand: mails that arise can go at once. */
  readonly session?: Session;
  /** The user wants it in the calendar, even if it is over. */
  readonly wanted?: boolean;
}

export interface DeliverDeps {
  readonly store: SchedulingStore;
  readonly calendars: CalendarWrite;
  readonly clock: Clock;
  /** Messages that arose from this one: an invitation that somebody asked for again. */
  readonly send: (s: Session | null, jobs: readonly OutboxJob[]) => void;
}

type Outcome = NewText | typeof GONE | null;

/** Brings scheduling messages into calendars here, each in one transaction: change, inbox, ledger. */
export class Deliver {
  readonly #refresh: Refresh;

  constructor(private readonly deps: DeliverDeps) {
    this.#refresh = new Refresh(deps.clock);
  }

  /** Returns whether the calendar was changed. @throws IcalError for a broken message */
  async deliver(user: Account, delivery: Delivery): Promise<boolean> {
    const message = readMessage(delivery.text);
    const place = message && (await this.placeFor(user, message));
    if (!message || !place) {
      if (delivery.job) await this.deps.store.done(delivery.job);
      return false;
    }
    const scope: Scope = { account: user.id, origin: ORIGIN };
    const jobs: OutboxJob[] = [];
    const changed = await this.deps.calendars.change(scope, place, message.uid, async (current, tx) => {
      jobs.length = 0;
      if (delivery.job && !(await tx.scheduling.done(delivery.job))) return null;
      return this.apply(user, message, delivery, current, tx, jobs);
    });
    if (jobs.length > 0) this.deps.send(delivery.session ?? null, jobs);
    return changed;
  }

  private async apply(
    user: Account,
    message: ItipMessage,
    delivery: Delivery,
    current: Item | null,
    tx: PimWrite,
    jobs: OutboxJob[],
  ): Promise<Outcome> {
    if (message.method === 'REFRESH') {
      jobs.push(...(await this.#refresh.answer(user, delivery.from, current, tx.scheduling)));
      return null;
    }
    if (message.method === 'ADD' && !current && isFrom(message, delivery.from)) {
      jobs.push(...(await this.#refresh.ask(user, message, tx.scheduling)));
      return null;
    }
    const isAnswer = message.method === 'REPLY' || message.method === 'COUNTER';
    const outcome = isAnswer
      ? await answer(user, message, delivery, current, tx)
      : await this.told(user, message, delivery, current, tx);
    if (!outcome) return null;
    const { entry, next } = outcome;
    await tx.scheduling.record(user.id, message.uid, [entry]);
    if (next && !isAnswer && isRoom(user)) return this.hosted(user, message.uid, next, tx, jobs);
    if (next && next.text !== current?.text)
      await tx.scheduling.addToInbox(user.id, { uid: message.uid, method: message.method, text: delivery.text });
    return next;
  }

  /** A room answers at once; it has no inbox that anybody reads. */
  private async hosted(room: Account, uid: string, next: NewText, tx: PimWrite, jobs: OutboxJob[]): Promise<Outcome> {
    const decision = await decide(room, uid, next.text, tx.scheduling, this.deps.clock.now());
    jobs.push(...decision.jobs);
    return decision.text === null ? GONE : { ...next, text: decision.text };
  }

  /** A message of the organizer. */
  private async told(
    user: Account,
    message: ItipMessage,
    { from, wanted, text }: Delivery,
    current: Item | null,
    tx: PimWrite,
  ): Promise<Told | null> {
    if (!isFrom(message, from) || !mayAsk(user, from)) return null;
    // What is over interests nobody, unless it is in the calendar already.
    if (!current && !wanted && message.scheduling.isOver(this.deps.clock.now().getTime())) return null;
    const entry = receivedEntry(message, from, text);
    if (!current && !wanted && wasReceived(await tx.scheduling.ledger(user.id, message.uid), entry)) return null;
    const taker = wanted ? user.address : undefined;
    const merged = mergeIntoAttendee(current?.text ?? null, message, ownAddresses(user), taker);
    if (merged) return { entry, next: { text: merged.text, keepTag: !merged.significant } };
    // It may have overtaken the invitation that it calls off.
    return message.method === 'CANCEL' && !current ? { entry, next: null } : null;
  }

  /** The calendar that has the object, else the one where invitations go. */
  private async placeFor(user: Account, message: ItipMessage): Promise<Place | null> {
    const [known] = await this.deps.store.placesOf(user.id, message.uid);
    if (known) return known;
    const isToldOf = message.method === 'REQUEST' || message.method === 'ADD' || message.method === 'CANCEL';
    return isToldOf ? this.deps.store.defaultPlace(user.id, message.scheduling.object.component) : null;
  }
}

interface Told {
  readonly entry: LedgerEntry;
  readonly next: NewText | null;
}

/** An attendee's answer, where it is newer than the last one taken. */
async function answer(
  user: Account,
  message: ItipMessage,
  { from }: Delivery,
  current: Item | null,
  tx: PimWrite,
): Promise<Told | null> {
  if (!current) return null;
  const recurrence = message.scheduling.components
    .map((component) => component.first('RECURRENCE-ID')?.value ?? '')
    .join(' ')
    .slice(0, 200);
  const ledger = await tx.scheduling.ledger(user.id, message.uid);
  const last = ledger.find(
    (entry) => entry.direction === 'in' && entry.peer === from && entry.recurrence === recurrence && isAnswerTo(entry),
  );
  const merged = mergeReply(current.text, message, from, ownAddresses(user), last ? lastReply(last) : null);
  if (!merged) return null;
  const { sequence } = message;
  const entry: LedgerEntry = { direction: 'in', peer: from, recurrence, sequence, method: 'REPLY', digest: String(merged.stamp) };
  return { entry, next: { text: merged.text, keepTag: true } };
}

/** Whether it comes from the organizer that it names: SENT-BY is not believed, for anybody can write it. */
function isFrom({ organizer }: ItipMessage, from: Address): boolean {
  return organizer !== null && isSameMailbox(organizer, from);
}

function isAnswerTo({ method }: LedgerEntry): boolean {
  return method === 'REPLY';
}

function lastReply({ sequence, digest }: LedgerEntry): LastReply {
  return { sequence, stamp: Number(digest) || 0 };
}

/** Whether a failed delivery is worth another try. */
export function isTemporary(error: unknown): boolean {
  return isDomainError(error, 'unavailable') || isDomainError(error, 'unauthenticated');
}
