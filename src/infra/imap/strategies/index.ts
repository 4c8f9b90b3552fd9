import type { MailDelta, MailMark } from '../../../domain/mail/model.js';
import { IdRanges } from '../../../formats/ranges.js';
import type { ImapClient, MailboxStatus } from '../client.js';
import { onlyArrivals } from './arrivals.js';
import { condstore } from './condstore.js';
import { plain, resetTo } from './plain.js';
import { qresync } from './qresync.js';
import { type ChangeStrategy, statusMark } from './strategy.js';

/** The present mark of a mailbox. */
export async function markOf(client: ImapClient, path: string): Promise<MailMark> {
  const now = await look(client, path);
  return strategyFor(client, now).mark(client, path, now);
}

/**
 * What changed since a mark. Looks first; only a difference costs more. The look comes before the fetch: what happens in
 * between is told twice, never lost.
 */
export async function deltaOf(client: ImapClient, path: string, from: MailMark): Promise<MailDelta> {
  const now = await look(client, path);
  const strategy = strategyFor(client, now);
  if (from.uidValidity !== now.uidValidity || lostModseq(from, now)) return resetTo(await strategy.mark(client, path, now));
  if (from.modseq === null) return fromPlain(client, path, from, now);
  if (strategy.same(from, now)) return { mark: from, reset: false, changed: [], vanished: IdRanges.empty };
  const arrived = now.modseq === null ? null : await onlyArrivals(client, path, from, now);
  if (arrived) return { mark: statusMark(now), reset: false, changed: arrived, vanished: IdRanges.empty };
  return strategy.delta(client, path, from, now);
}

/** STATUS of a mailbox that is selected may be as old as its last command, so NOOP goes before it. */
async function look(client: ImapClient, path: string): Promise<MailboxStatus> {
  if (client.selected === path) await client.noop();
  return client.status(path);
}

function strategyFor(client: ImapClient, now: MailboxStatus): ChangeStrategy {
  if (now.modseq === null) return plain;
  return client.has('QRESYNC') ? qresync : condstore;
}

/** The mark has a mod-sequence that the server no longer keeps, or that lies in its future (a restored backup). */
function lostModseq(from: MailMark, now: MailboxStatus): boolean {
  if (from.modseq === null) return false;
  return now.modseq === null || BigInt(now.modseq) < BigInt(from.modseq);
}

/** A mark made without mod-sequences is compared once more that way, and goes on with them where there are some now. */
async function fromPlain(client: ImapClient, path: string, from: MailMark, now: MailboxStatus): Promise<MailDelta> {
  const delta = await plain.delta(client, path, from, now);
  if (now.modseq === null) return delta;
  const { flags: _flags, ...mark } = delta.mark;
  return { ...delta, mark };
}
