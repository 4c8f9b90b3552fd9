import type { Id, Logger } from '../types.js';

/** A mail folder of an account. */
export interface MailPlace {
  readonly account: Id;
  readonly folder: Id;
}

/** What was signalled since a moment, and the moment from which the next look goes on: text that only the store understands. */
export interface MailSignalled {
  readonly places: readonly MailPlace[];
  readonly moment: string;
}

/** When a mail folder was last signalled, kept where every process can look; implemented by infra/db. */
export interface MailSignalStore {
  /** Notes that these folders were signalled just now. */
  note(places: readonly MailPlace[]): Promise<void>;
  /** Folders of these accounts that were signalled since that moment (rather one too many), null: in the last minutes. One statement. */
  since(accounts: readonly Id[], moment: string | null): Promise<MailSignalled>;
}

/** Signals are noted together after so many milliseconds. */
const COALESCE = 500;
/** Folders noted in one statement. */
const BATCH = 1_000;
/** More are not kept while the database is away: by then every phone was told that the server is not there. */
const MOST_KEPT = 50_000;

/**
 * Remembers which mail folders were signalled, because mail has no counter in the database that a sweep could compare: the
 * process that sees a change writes it down, and the sweep of the others makes good what the bus lost.
 */
export class MailSignals {
  private pending = new Map<string, MailPlace>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: Pick<MailSignalStore, 'note'>,
    private readonly log: Logger,
  ) {}

  /** A collection was signalled; what is no mail folder's number is passed over. */
  note(account: Id, folder: Id): void {
    if (!/^\d+$/.test(folder) || this.pending.size >= MOST_KEPT) return;
    this.pending.set(`${account}/${folder}`, { account, folder });
    this.timer ??= setTimeout(() => void this.flush(), COALESCE).unref();
  }

  /** Writes down what is pending; what fails is tried again with the next. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const places = [...this.pending.values()];
    this.pending.clear();
    for (let start = 0; start < places.length; start += BATCH) {
      const batch = places.slice(start, start + BATCH);
      await this.store.note(batch).catch((error: Error) => {
        this.log.warn({ error: error.message, folders: batch.length }, 'mail signals could not be noted');
        for (const { account, folder } of batch) this.pending.set(`${account}/${folder}`, { account, folder });
      });
    }
  }
}
