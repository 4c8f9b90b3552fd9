import type { Clock, Logger } from '../types.js';
import type { PimStore } from './store.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Cursors stay good for at least this long. */
const TOMBSTONES = 100 * DAY;
/** Earlier texts can be brought back for this long. */
const VERSIONS = 30 * DAY;
const EVERY = 6 * HOUR;

/** Forgets what has been kept long enough, a few times a day; several processes may do it at once. */
export class Retention {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: Pick<PimStore, 'purge'>,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Begins at a random moment, so that processes started together do not do it together. */
  start(): void {
    this.timer = setTimeout(() => void this.repeat(), Math.random() * HOUR).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  async run(): Promise<void> {
    const now = this.clock.now().getTime();
    const purged = await this.store.purge({ tombstones: new Date(now - TOMBSTONES), versions: new Date(now - VERSIONS) });
    if (purged > 0) this.log.info({ purged }, 'old tombstones and versions are gone');
  }

  private async repeat(): Promise<void> {
    await this.run().catch((error: Error) => this.log.warn({ error: error.message }, 'purge failed'));
    this.timer = setTimeout(() => void this.repeat(), EVERY).unref();
  }
}
