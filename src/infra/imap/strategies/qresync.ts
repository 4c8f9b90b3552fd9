import type { FlagState } from '../../../domain/mail/model.js';
import type { ImapClient } from '../client.js';
import { type ChangeStrategy, sameStatus, statusMark } from './strategy.js';

/**
 * RFC 7162 §3.2.6: one `UID FETCH 1:* (FLAGS) (CHANGEDSINCE n VANISHED)` tells new, changed and expunged messages; its cost
 * follows the change, not the mailbox.
 */
export const qresync: ChangeStrategy = {
  async mark(_client, _path, now) {
    return statusMark(now);
  },

  same: sameStatus,

  async delta(client, path, from, now) {
    await client.select(path);
    let changed: readonly FlagState[] = [];
    const vanished = await client.vanishedDuring(async () => {
      changed = await changedSince(client, from.modseq as string);
    });
    return { mark: statusMark(now), reset: false, changed, vanished };
  },
};

/** New messages and those whose flags changed after a mod-sequence. */
export async function changedSince(client: ImapClient, modseq: string): Promise<readonly FlagState[]> {
  const changed: FlagState[] = [];
  const options = { changedSince: BigInt(modseq) };
  await client.fetch('1:*', { flags: true }, options, ({ uid, flags }) => {
    if (uid && flags) changed.push({ uid, flags: [...flags] });
  });
  return changed;
}
