import type { Address } from '../itip/calendar-user.js';
import type { ItipMessage } from '../itip/message.js';
import { digestOf, stampOf } from '../itip/object.js';
import type { LedgerEntry } from '../pim/scheduler.js';

/** Methods by which an organizer says what a meeting is. */
const SAYING: ReadonlySet<string> = new Set(['REQUEST', 'ADD', 'CANCEL']);

/** The organizer's message as the ledger keeps it: by which occurrences, how new, and what it said. */
export function receivedEntry(message: ItipMessage, from: Address, text: string): LedgerEntry {
  const { method, sequence } = message;
  const digest = `${stampIn(message)} ${digestOf(text)}`;
  return { direction: 'in', peer: from, recurrence: recurrenceOf(message), sequence, method, digest };
}

/**
 * Whether a message was taken before, or a newer one about the same: a mailbox may be looked through again, and mails may
 * overtake each other. What is gone from the calendar must not come back by it, and a room not answer twice.
 */
export function wasReceived(ledger: readonly LedgerEntry[], entry: LedgerEntry): boolean {
  const [stamp] = partsOf(entry);
  return ledger.some((known) => {
    if (known.direction !== 'in' || known.peer !== entry.peer || !SAYING.has(known.method)) return false;
    if (known.recurrence !== entry.recurrence && known.recurrence !== '') return false;
    const [knownStamp] = partsOf(known);
    if (Number.isNaN(knownStamp)) return false;
    // Of the same second, only the very same is old.
    if (known.sequence === entry.sequence && knownStamp === stamp) return known.digest === entry.digest;
    const isWhole = known.recurrence === '' && entry.recurrence !== '';
    if (isWhole) return known.method === 'CANCEL' && isBefore(entry, stamp, known, knownStamp);
    return isBefore(entry, stamp, known, knownStamp);
  });
}

function isBefore(entry: LedgerEntry, stamp: number, known: LedgerEntry, knownStamp: number): boolean {
  return entry.sequence < known.sequence || (entry.sequence === known.sequence && stamp < knownStamp);
}

function partsOf({ digest }: LedgerEntry): [number, string] {
  const [stamp = '', rest = ''] = digest.split(' ');
  return [stamp === '' ? Number.NaN : Number(stamp), rest];
}

function stampIn({ scheduling }: ItipMessage): number {
  return Math.max(...scheduling.components.map(stampOf));
}

/** Of messages about single occurrences, which; they count on their own. */
function recurrenceOf({ scheduling }: ItipMessage): string {
  if (scheduling.master) return '';
  const keys = [...scheduling.overrides.keys()].sort().join(' ');
  return keys.length > 200 ? digestOf(keys) : keys;
}
