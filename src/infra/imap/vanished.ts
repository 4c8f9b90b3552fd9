import type { ImapFlow } from 'imapflow';
import { IdRanges } from '../../formats/ranges.js';

/** An untagged response as imapflow parses it. */
interface Untagged {
  readonly attributes?: readonly (readonly { value?: unknown }[] | { value?: unknown })[];
}

type Handler = (untagged: Untagged) => unknown;

/**
 * Collects VANISHED responses (RFC 7162 §3.2.10) as ranges. imapflow makes an event per UID of them, which for
 * `VANISHED (EARLIER) 1:2000000` would be two million; so its handler is asked only where it must keep count.
 */
export class VanishedListener {
  private collected: IdRanges | null = null;

  constructor(flow: ImapFlow) {
    const handlers = (flow as unknown as { untaggedHandlers: Record<string, Handler> }).untaggedHandlers;
    const original = handlers.VANISHED;
    handlers.VANISHED = (untagged) => {
      const { earlier, uids } = readVanished(untagged);
      if (this.collected) this.collected = this.collected.union(uids);
      return earlier ? undefined : original?.(untagged);
    };
  }

  /** The UIDs reported as vanished while `work` runs. */
  async during(work: () => Promise<void>): Promise<IdRanges> {
    this.collected = IdRanges.empty;
    try {
      await work();
      return this.collected;
    } finally {
      this.collected = null;
    }
  }
}

function readVanished(untagged: Untagged): { earlier: boolean; uids: IdRanges } {
  const attributes = untagged.attributes ?? [];
  const earlier = Array.isArray(attributes[0]);
  const set = (attributes[earlier ? 1 : 0] as { value?: unknown } | undefined)?.value;
  try {
    return { earlier, uids: IdRanges.parse(typeof set === 'string' ? set : '') };
  } catch {
    return { earlier, uids: IdRanges.empty };
  }
}
