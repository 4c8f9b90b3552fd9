import type { PimStore, Place } from '../pim/store.js';
import type { Id, Logger } from '../types.js';
import type { MailSignalStore } from './mail-signals.js';

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
 * may have looked before the change and begun to listen after the signal. For mail it asks which folders of the accounts were
 * signalled since the last time, in one statement.
 */
export class Sweep {
  private seen = new Map<string, bigint>();
  private moment: string | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly hub: Swept,
    private readonly store: Pick<PimStore, 'counters'>,
    private readonly log: Logger,
    private readonly mail?: Pick<MailSignalStore, 'since'>,
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
    await this.sweepCounters(places);
    await this.sweepMail([...new Set(places.map(({ account }) => account))]);
  }

  private async sweepCounters(places: readonly Place[]): Promise<void> {
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

  private async sweepMail(accounts: readonly Id[]): Promise<void> {
    if (!this.mail || accounts.length === 0) return;
    const { places, moment } = await this.mail.since(accounts, this.moment);
    this.moment = moment;
    for (const { account, folder } of places) this.hub.signal(account, folder);
  }
}
