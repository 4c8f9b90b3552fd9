import { IdRanges } from '../../../formats/ranges.js';
import type { ImapClient } from '../client.js';
import { changedSince } from './qresync.js';
import { type ChangeStrategy, sameStatus, statusMark } from './strategy.js';

/**
 * CONDSTORE without QRESYNC (RFC 7162 §3.1): changes by mod-sequence; expunged messages by looking which of the UIDs that the
 * mark can have known are still there.
 */
export const condstore: ChangeStrategy = {
  async mark(_client, _path, now) {
    return statusMark(now);
  },

  same: sameStatus,

  async delta(client, path, from, now) {
    await client.select(path);
    const changed = await changedSince(client, from.modseq as string);
    const vanished = await missing(client, from.uidNext, from.messages);
    return { mark: statusMark(now), reset: false, changed, vanished };
  },
};

/** UIDs below `uidNext` that are not there: none when as many are there as there were, else perhaps some that never were. */
async function missing(client: ImapClient, uidNext: number, messages: number): Promise<IdRanges> {
  if (uidNext <= 1) return IdRanges.empty;
  const possible = IdRanges.fromRanges([[1, uidNext - 1]]);
  const there = (await client.search({ uid: `1:${uidNext - 1}` })).intersect(possible);
  return there.size === messages ? IdRanges.empty : possible.minus(there);
}
