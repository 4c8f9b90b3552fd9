import type { FlagState, MailMark } from '../../../domain/mail/model.js';
import type { ImapClient, MailboxStatus } from '../client.js';

/** More new messages than this are worth a look at the whole mailbox. */
const FEW = 100;

/**
 * The new messages, where nothing else can have happened since the mark; null where something may have. A server looks
 * through all mod-sequences of a mailbox for CHANGEDSINCE, which in one of 200,000 messages costs more than all the rest of
 * a sync; new mail is what happens most, and it can be proved from the new messages alone:
 *
 * - Each message added and none missing: nothing was expunged.
 * - Each change of flags gets a mod-sequence of its own (RFC 7162 §3.1); when those since the mark are all taken by the new
 *   messages, there was none. A server that leaves gaps is asked for everything.
 */
export async function onlyArrivals(
  client: ImapClient,
  path: string,
  from: MailMark,
  now: MailboxStatus,
): Promise<readonly FlagState[] | null> {
  const count = now.messages - from.messages;
  if (count <= 0 || count > FEW || now.uidNext - from.uidNext < count || stepsBetween(from, now) > BigInt(count)) return null;
  if (client.selected !== path) await client.select(path);
  const found = new Map<number, FlagState>();
  const taken = new Set<bigint>();
  await client.fetch(`${from.uidNext}:${now.uidNext - 1}`, { flags: true }, {}, ({ uid, flags, modseq }) => {
    if (!uid || !flags || modseq === undefined || uid < from.uidNext || uid >= now.uidNext) return;
    found.set(uid, { uid, flags: [...flags] });
    taken.add(modseq);
  });
  return found.size === count && allTaken(from, now, taken) ? [...found.values()] : null;
}

function stepsBetween(from: MailMark, now: MailboxStatus): bigint {
  return BigInt(now.modseq ?? 0) - BigInt(from.modseq ?? 0);
}

/** Whether each mod-sequence after the mark, up to the present one, is among those taken. */
function allTaken(from: MailMark, now: MailboxStatus, taken: ReadonlySet<bigint>): boolean {
  const first = BigInt(from.modseq ?? 0) + 1n;
  const last = BigInt(now.modseq ?? 0);
  for (let modseq = first; modseq <= last; modseq++) if (!taken.has(modseq)) return false;
  return true;
}
