import { setTimeout as sleep } from 'node:timers/promises';
import { isDomainError } from '../../domain/errors.js';
import type { MailWatch } from '../../domain/mail/backend.js';
import type { Logger } from '../../domain/types.js';
import type { ImapClient } from './client.js';
import { type Looks, stateKey } from './looks.js';

const INBOX = 'INBOX';

/** Times of a watch, in milliseconds. */
export interface WatchTimes {
  /** Between looks at the mailboxes that IDLE doesn't cover. */
  readonly lookMs: number;
  /** The same when only INBOX is watched: keeps the connection alive (RFC 2177 allows 29 minutes). */
  readonly keepAliveMs: number;
  /** From an IDLE event to the look at the others, so that a burst costs one. */
  readonly settleMs: number;
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** A look that takes longer means the connection is dead. */
  readonly lookTimeoutMs: number;
}

export const WATCH_TIMES: WatchTimes = {
  lookMs: 60_000,
  keepAliveMs: 9 * 60_000,
  settleMs: 500,
  firstRetryMs: 1000,
  maxRetryMs: 5 * 60_000,
  lookTimeoutMs: 60_000,
};

/** What a watch works with. */
export interface WatchParts {
  readonly user: string;
  connect(): Promise<ImapClient>;
  readonly looks: Looks;
  /** Somebody has waited while nobody watched: what this process looked at since then says nothing of what he knows. */
  readonly missed?: boolean;
  readonly log: Logger;
  readonly times?: WatchTimes;
}

/**
 * One connection that watches an account: IDLE on INBOX, a LIST-STATUS look at all others on each wake-up and every minute.
 * Neither COMPRESS nor NOTIFY, so that Dovecot's imap-hibernate can put it to sleep.
 */
export class InboxWatch implements MailWatch {
  private readonly times: WatchTimes;
  private readonly stop = new AbortController();
  private readonly known = new Map<string, string>();
  private watched = new Set<string>();
  /** Cuts the present wait short; null while a look is under way. */
  private waker: ((delay: number) => void) | null = null;
  private woken = false;
  /** Somebody believes to be watching since before the first look: what it finds may be news to him. */
  private blind = false;
  private client: ImapClient | undefined;
  private running: Promise<void> = Promise.resolve();
  private finish: () => void = () => undefined;
  /** Resolves when the watch is over. */
  readonly ended = new Promise<void>((resolve) => {
    this.finish = resolve;
  });

  constructor(
    private readonly parts: WatchParts,
    paths: readonly string[],
    private readonly changed: (path: string) => void,
  ) {
    this.times = parts.times ?? WATCH_TIMES;
    this.blind = parts.missed === true;
    if (this.blind) this.watched = new Set(paths);
    else this.adopt(paths);
  }

  /** Resolves when the first look is done, or failed for a reason that may pass. @throws DomainError `unauthenticated`. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.running = this.keepWatching(resolve)
        .catch((error: unknown) => {
          reject(error as Error);
          this.parts.log.info({ error: (error as Error).message }, 'mail watch ended');
        })
        .finally(this.finish);
    });
  }

  update(paths: readonly string[]): void {
    if (this.adopt(paths)) this.wake(0);
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.wake(0);
    this.client?.close();
    await this.running;
  }

  /** Takes the paths; whether there are new ones. Their last known state is what a phone saw, if one looked. */
  private adopt(paths: readonly string[]): boolean {
    const added = paths.filter((path) => !this.watched.has(path));
    this.watched = new Set(paths);
    for (const path of added) {
      const seen = this.parts.looks.get(this.parts.user, path);
      if (seen !== undefined) this.known.set(path, seen);
    }
    return added.length > 0;
  }

  /** Reconnects with growing pauses; a refused password ends it, since trying on would only lock the account. */
  private async keepWatching(ready: () => void): Promise<void> {
    let pause = this.times.firstRetryMs;
    while (!this.stop.signal.aborted) {
      try {
        await this.session(() => {
          pause = this.times.firstRetryMs;
          ready();
        });
      } catch (error) {
        if (isDomainError(error, 'unauthenticated')) throw error;
        this.parts.log.debug({ error: (error as Error).message }, 'mail watch interrupted');
        this.blind = true;
      }
      ready();
      await sleep(pause * (0.5 + Math.random()), undefined, { signal: this.stop.signal }).catch(() => undefined);
      pause = Math.min(this.times.maxRetryMs, pause * 2);
    }
  }

  private async session(connected: () => void): Promise<void> {
    const client = await this.parts.connect();
    this.client = client;
    try {
      if (this.stop.signal.aborted) return;
      client.onChange(() => this.inboxChanged());
      client.onClose(() => this.wake(0));
      await client.select(INBOX);
      await this.look(client, true);
      connected();
      while (client.usable && !this.stop.signal.aborted) {
        await this.idleUntilWoken(client);
        if (client.usable && !this.stop.signal.aborted) await this.look(client, false);
      }
    } finally {
      this.client = undefined;
      client.close();
    }
  }

  private inboxChanged(): void {
    if (this.watched.has(INBOX)) this.changed(INBOX);
    this.wake(this.times.settleMs);
  }

  /** IDLE goes on through the pause after an event, and is broken by the look's own command. */
  private async idleUntilWoken(client: ImapClient): Promise<void> {
    const others = [...this.watched].some((path) => path !== INBOX);
    let timer: NodeJS.Timeout | undefined;
    const wait = new Promise<void>((resolve) => {
      const after = (delay: number) => {
        clearTimeout(timer);
        timer = setTimeout(resolve, delay).unref();
      };
      after(others ? this.times.lookMs : this.times.keepAliveMs);
      this.waker = after;
    });
    if (this.woken) this.waker?.(this.times.settleMs);
    client.idle().catch(() => client.close());
    await wait;
    clearTimeout(timer);
    this.waker = null;
    this.woken = false;
  }

  /** Ends the wait after `delay`; of several calls the first counts, so that a busy INBOX doesn't put the look off. */
  private wake(delay: number): void {
    const first = !this.woken;
    this.woken = true;
    if (this.waker && (first || delay === 0)) this.waker(delay);
  }

  /** Compares each watched mailbox with what is known of it. INBOX tells its changes itself once it is watched. */
  private async look(client: ImapClient, first: boolean): Promise<void> {
    const timer = setTimeout(() => client.close(), this.times.lookTimeoutMs);
    try {
      for (const [path, key] of await this.states(client)) {
        const before = this.known.get(path);
        this.known.set(path, key);
        const told = path === INBOX && !first;
        const news = before === undefined ? this.blind : before !== key;
        if (news && !told && this.watched.has(path)) this.changed(path);
      }
      this.blind = false;
    } finally {
      clearTimeout(timer);
    }
  }

  private async states(client: ImapClient): Promise<readonly (readonly [string, string])[]> {
    if (client.has('LIST-STATUS')) {
      const listed = await client.list(true);
      return listed.flatMap(({ path, state }) => (state ? [[path, stateKey(state)] as const] : []));
    }
    const states: (readonly [string, string])[] = [];
    for (const path of this.watched) {
      const state = await client.status(path).catch((error: unknown) => {
        if (isDomainError(error, 'not-found')) return null;
        throw error;
      });
      states.push([path, state ? stateKey(state) : 'gone']);
    }
    return states;
  }
}
