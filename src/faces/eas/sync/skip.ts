import type { LeftOut } from '../../../domain/devices/model.js';
import type { Id } from '../../../domain/types.js';
import type { EasContext } from '../context.js';

/** Lines in the log for one collection of one answer; all are listed with the device. */
const LOGGED = 20;
const LISTED = 1000;
const REASON_CHARS = 300;

/** Items that can't be shown to a device: left out and told to the operator, so that one can't stop a whole folder. */
export class Skipped {
  readonly #items: Omit<LeftOut, 'at'>[] = [];

  constructor(private readonly context: Pick<EasContext, 'log' | 'query' | 'session' | 'store'>) {}

  note(collection: Id, item: number, error: unknown): void {
    const { log, query } = this.context;
    if (this.#items.length < LOGGED)
      log.warn({ device: query.deviceId, collection, item, err: error }, 'item left out of the sync');
    if (this.#items.length >= LISTED) return;
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, REASON_CHARS);
    this.#items.push({ collection, item: String(item), reason });
  }

  /** Keeps the list with the device. That it can't be kept is no reason to fail. */
  async list(): Promise<void> {
    const { log, query, session, store } = this.context;
    if (this.#items.length === 0) return;
    await store
      .noteLeftOut(session, query.deviceId, this.#items)
      .catch((error: unknown) => log.warn({ device: query.deviceId, err: error }, 'items left out are not listed'));
  }
}
