import type { PimStore, Place } from '../pim/store.js';
import type { Id, Logger } from '../types.js';

/** What the sweep needs of the hub. */
export interface Swept {
  /** Account and collection of everything that is waited for. */
  watched(): Iterable<readonly [account: Id, collection: Id]>;
  /** Wakes those of this process who wait for it. */
  signal(account: Id, collection: Id): void;
}

/** Places asked about in one statement. */
const BATCH = 2_000;

/**
 * Makes good what the bus lost: looks at the counters of all collections that are waited for, in a few statements for the
 * whole process, and signals those that moved. A collection seen for the first time is signalled once, because its waiter
 * may have looked before the change and begun to listen after the signal.
 */
export class Sweep {
  private seen = new Map<string, bigint>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly hub: Swept,
    private readonly store: Pick<PimStore, 'counters'>,
    private readonly log: Logger,
  ) {}

  start(ms: number): void {
    const run = async () => {
      await this.run().catch((error: Error) => this.log.warn({ error: error.message }, 'sweep failed'));
      this.timer = setTimeout(run, ms).unref();
    };
    this.timer = setTimeout(run, ms).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  async run(): Promise<void> {
    const places = [...this.hub.watched()]
      .filter(([, collection]) => /^\d+$/.test(collection))
      .map(([account, collection]): Place => ({ account, collection }));
    const seen = new Map<string, bigint>();
    for (let start = 0; start < places.length; start += BATCH) {
      const counters = await this.store.counters({ account: '', origin: 'system' }, places.slice(start, start + BATCH));
      for (const { account, collection, seq } of counters) {
        const key = `${account}/${collection}`;
        seen.set(key, seq);
        if (this.seen.get(key) !== seq) this.hub.signal(account, collection);
      }
    }
    this.seen = seen;
  }
}
