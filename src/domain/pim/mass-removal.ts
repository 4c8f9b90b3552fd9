import type { Clock, Scope } from '../types.js';
import type { PimStore, Place } from './store.js';

/** Removals within this time belong together, in milliseconds. */
const WINDOW = 60_000;
const MAX_ENTRIES = 10_000;

interface Burst {
  /** The counter before the first removal. */
  readonly before: bigint;
  readonly since: number;
  removed: number;
}

/**
 * Notices when one device removes many items of a collection within a minute, as buggy phones do, and marks the moment before
 * as a restore point. The removals themselves are carried out: they may be meant.
 */
export class MassRemovalGuard {
  private readonly bursts = new Map<string, Burst>();

  constructor(
    private readonly store: Pick<PimStore, 'markRestorePoint'>,
    private readonly clock: Clock,
    /** More removals than this within a minute leave a restore point. */
    private readonly limit: number,
  ) {}

  /** An item was removed; `seq` is the counter of that change. */
  async removed(s: Scope, place: Place, seq: bigint): Promise<void> {
    const now = this.clock.now().getTime();
    const key = `${place.account}/${place.collection}/${s.origin}`;
    const running = this.bursts.get(key);
    const burst = running && now - running.since < WINDOW ? running : { before: seq - 1n, since: now, removed: 0 };
    burst.removed++;
    this.remember(key, burst);
    if (burst.removed <= this.limit) return;
    await this.store.markRestorePoint(s, place, { seq: burst.before, removed: burst.removed, at: new Date(burst.since) });
  }

  private remember(key: string, burst: Burst): void {
    this.bursts.delete(key);
    if (this.bursts.size >= MAX_ENTRIES) this.bursts.delete(this.bursts.keys().next().value as string);
    this.bursts.set(key, burst);
  }
}
