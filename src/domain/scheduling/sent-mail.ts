import { IcalError } from '../../formats/ical/error.js';
import { calendarTexts } from '../../formats/mime/calendar-parts.js';
import { attendeeOf, type Own, organizerOf, ownAddresses, userOf } from '../itip/calendar-user.js';
import { type ItipMessage, readMessage } from '../itip/message.js';
import type { LedgerEntry } from '../pim/scheduler.js';
import type { Logger, Session } from '../types.js';
import type { SchedulingStore } from './store.js';

/** Ledger entries of messages that a client mailed itself: nobody knows what they said, only what they were about. */
export const BY_CLIENT = '';

/**
 * Mails in which a client itself invites or answers (ActiveSync up to 14.1, desktop add-ons): noted, so that the gateway
 * does not send the same again, and held back where it has done so before.
 */
export class SentMail {
  constructor(
    private readonly store: SchedulingStore,
    private readonly log: Logger,
  ) {}

  /** Whether everybody whom this mail tells something was told it by the gateway. */
  async isRepeated(s: Session, raw: Uint8Array): Promise<boolean> {
    const told = await this.toldBy(s, raw);
    if (!told) return false;
    const ledger = await this.store.ledger(s.account, told.message.uid);
    const mailed = (peer: string) => ledger.some((entry) => entry.digest !== BY_CLIENT && isSame(entry, told.message, peer));
    return told.peers.length > 0 && told.peers.every(mailed);
  }

  /** Never fails: the mail is sent by now. */
  async note(s: Session, raw: Uint8Array): Promise<void> {
    try {
      await this.record(s, raw);
    } catch (error) {
      this.log.warn({ account: s.account, err: error }, "a client's invitation was not noted");
    }
  }

  private async record(s: Session, raw: Uint8Array): Promise<void> {
    const told = await this.toldBy(s, raw);
    if (!told) return;
    const { method, sequence, uid } = told.message;
    const entries = told.peers.map(
      (peer): LedgerEntry => ({ direction: 'out', peer, recurrence: '', sequence, method, digest: BY_CLIENT }),
    );
    await this.store.record(s.account, uid, entries);
  }

  private async toldBy(s: Session, raw: Uint8Array): Promise<{ message: ItipMessage; peers: readonly string[] } | null> {
    const own = ownAddresses(s.user);
    for (const text of await readParts(raw)) {
      const message = readQuietly(text);
      if (message && (message.method === 'REQUEST' || message.method === 'CANCEL') && own.has(message.organizer ?? '')) {
        return { message, peers: await this.others(s, message, own) };
      }
      if (message?.method === 'REPLY' && message.organizer && isByOwn(message, own)) {
        return { message, peers: await this.outside(s, [message.organizer]) };
      }
    }
    return null;
  }

  private others(s: Session, message: ItipMessage, own: Own): Promise<readonly string[]> {
    const users = message.scheduling.components.flatMap((component) => component.all('ATTENDEE').map(userOf));
    return this.outside(
      s,
      [...new Set(users)].filter((user): user is string => user !== null && !own.has(user)),
    );
  }

  /** People here get the event by the gateway and the mail besides. */
  private async outside(s: Session, users: readonly string[]): Promise<readonly string[]> {
    const domain = s.user.address.slice(s.user.address.lastIndexOf('@') + 1);
    const locals = await this.store.locals(domain, users);
    return users.filter((user) => !locals.has(user));
  }
}

async function readParts(raw: Uint8Array): Promise<readonly string[]> {
  try {
    return await calendarTexts(raw);
  } catch {
    return []; // what can't be taken apart is sent as it is
  }
}

function readQuietly(text: string): ItipMessage | null {
  try {
    return readMessage(text);
  } catch (error) {
    if (error instanceof IcalError) return null;
    throw error;
  }
}

function isByOwn(message: ItipMessage, own: Own): boolean {
  return message.scheduling.components.some(
    (component) => organizerOf(component) !== null && attendeeOf(component, (user) => own.has(user)) !== undefined,
  );
}

function isSame(entry: LedgerEntry, message: ItipMessage, peer: string): boolean {
  const { direction, method, sequence } = entry;
  return direction === 'out' && entry.peer === peer && method === message.method && sequence >= message.sequence;
}
