import { randomUUID } from 'node:crypto';
import { Property } from '../../formats/content-lines.js';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { type Address, attendeeOf, organizerOf, ownAddresses, userOf } from '../itip/calendar-user.js';
import { type ItipMessage, messageText, sharedComponent } from '../itip/message.js';
import { SchedulingObject } from '../itip/object.js';
import { invitationFor } from '../itip/organizer.js';
import type { Item } from '../pim/model.js';
import type { LedgerEntry, OutboxJob, SchedulingWrite } from '../pim/scheduler.js';
import type { Account, Clock } from '../types.js';

const HOUR = 3_600_000;

/** Invitations that got lost: asked for again, and sent again (RFC 5546 §3.2.6). */
export class Refresh {
  constructor(private readonly clock: Clock) {}

  /** Somebody lost the invitation to what this user organizes. */
  async answer(user: Account, from: Address, current: Item | null, tx: SchedulingWrite): Promise<readonly OutboxJob[]> {
    if (!current) return [];
    const stored = new SchedulingObject(openCalendarObject(current.text));
    const own = ownAddresses(user);
    const organizer = stored.components.map(organizerOf).find((address) => address !== null && own.has(address));
    const draft = organizer ? invitationFor(stored, from, this.clock.now()) : null;
    if (!organizer || !draft || !(await this.#isFirst(user, stored.object.uid, 'in', from, tx))) return [];
    return this.#enqueue(user, { ...draft, sender: organizer }, tx);
  }

  /** A further date of a series that never came here: the organizer is asked for all of it (RFC 5546 §3.2.4). */
  async ask(user: Account, message: ItipMessage, tx: SchedulingWrite): Promise<readonly OutboxJob[]> {
    const { organizer, scheduling, uid } = message;
    const own = ownAddresses(user);
    const [source] = scheduling.components;
    const mine = source && attendeeOf(source, (address) => own.has(address));
    if (!source || !mine || organizer === null || !(await this.#isFirst(user, uid, 'out', organizer, tx))) return [];
    const component = sharedComponent(source, this.clock.now());
    for (const node of [...component.children]) if (!isKept(node, own)) component.remove(node);
    const text = messageText('REFRESH', scheduling.object, [component]);
    return this.#enqueue(user, { method: 'REFRESH', uid, recipient: organizer, sender: userOf(mine) ?? user.address, text }, tx);
  }

  async #enqueue(
    user: Account,
    message: Pick<OutboxJob, 'method' | 'uid' | 'recipient' | 'sender' | 'text'>,
    tx: SchedulingWrite,
  ): Promise<readonly OutboxJob[]> {
    const { method, uid, recipient, sender, text } = message;
    const domain = user.address.slice(user.address.lastIndexOf('@') + 1);
    const local = (await tx.locals(domain, [recipient])).get(recipient);
    const where = { channel: local ? 'local' : 'mail', recipientAccount: local?.id ?? null, collection: null } as const;
    const job: OutboxJob = { account: user.id, id: randomUUID(), ...where, method, uid, sender, recipient, text };
    await tx.enqueue([job]);
    return [job];
  }

  /** Who asks too often, or in whose name somebody does, is answered once an hour; nor is anybody asked more often. */
  async #isFirst(
    user: Account,
    uid: string,
    direction: LedgerEntry['direction'],
    peer: Address,
    tx: SchedulingWrite,
  ): Promise<boolean> {
    const digest = String(Math.floor(this.clock.now().getTime() / HOUR));
    const entry: LedgerEntry = { direction, peer, recurrence: '', sequence: 0, method: 'REFRESH', digest };
    const asked = await tx.ledger(user.id, uid);
    const isSame = (known: LedgerEntry) =>
      known.method === 'REFRESH' && known.direction === direction && known.peer === peer && known.digest === digest;
    if (asked.some(isSame)) return false;
    await tx.record(user.id, uid, [entry]);
    return true;
  }
}

const KEPT = new Set(['UID', 'DTSTAMP', 'ORGANIZER']);

function isKept(node: unknown, own: ReadonlySet<Address>): boolean {
  if (!(node instanceof Property)) return false;
  return KEPT.has(node.name) || (node.name === 'ATTENDEE' && own.has(userOf(node) ?? ''));
}
