import { createHmac, randomBytes } from 'node:crypto';
import { DomainError } from '../../domain/errors.js';
import type { Credentials, Logger, Scope } from '../../domain/types.js';
import type { ImapClient } from './client.js';
import { isConnectionLost } from './errors.js';

/** Limits of the pool; all times in milliseconds. */
export interface PoolLimits {
  /** Connections of one account with one password at a time; mail servers allow about ten per user. */
  readonly perAccount: number;
  readonly total: number;
  /** An unused connection is closed after so long. */
  readonly idleMs: number;
  /** A caller waits so long for a free connection. */
  readonly waitMs: number;
  /** Callers of one account, and of all, that wait at a time; more are refused at once. Absent: any number. */
  readonly queue?: { readonly perAccount: number; readonly total: number };
}

export const POOL_LIMITS: PoolLimits = {
  perAccount: 4,
  total: 2000,
  idleMs: 150_000,
  waitMs: 20_000,
  queue: { perAccount: 50, total: 2000 },
};

interface Slot {
  readonly client: ImapClient;
  readonly entry: Entry;
  freeSince: number;
}

interface Waiter {
  readonly path: string | null;
  grant(slot: Slot): void;
  /** Tells the waiter that it may open a connection itself. */
  open(): void;
}

/** The connections of one login name with one password. */
interface Entry {
  readonly key: string;
  /** Most recently used last. */
  readonly free: Slot[];
  /** Open, in use and being opened. */
  count: number;
  readonly waiting: Waiter[];
}

/** How a task wants its connection. */
export interface Use {
  /** Mailbox to select first; null: none needed. */
  readonly path: string | null;
  /** Mailbox that the connection best has selected already. */
  readonly prefer: string | null;
  /** A task without side effects is tried again when a connection that was lying about turns out to be dead. */
  readonly repeatable: boolean;
}

/**
 * Logged-in connections, kept per account and password: whoever comes with a wrong password never touches a connection that
 * a right one opened. A connection that has the wished mailbox selected goes first.
 */
export class ImapPool {
  private readonly entries = new Map<string, Entry>();
  /** Entries whose callers wait although they have no connection: only another user's can make way. */
  private readonly starved = new Set<Entry>();
  private readonly secret = randomBytes(32);
  private readonly sweeper: NodeJS.Timeout;
  private open = 0;
  private queued = 0;
  private ended = false;

  constructor(
    private readonly connect: (credentials: Credentials) => Promise<ImapClient>,
    private readonly log: Logger,
    private readonly limits: PoolLimits = POOL_LIMITS,
  ) {
    this.sweeper = setInterval(() => this.sweep(Date.now()), Math.min(30_000, limits.idleMs)).unref();
  }

  /** Connections open at present. */
  get size(): number {
    return this.open;
  }

  /** Runs `task` with a connection for itself. @throws DomainError `unauthenticated`, `unavailable` or what the task throws. */
  async run<T>(s: Scope, use: Use, task: (client: ImapClient) => Promise<T>): Promise<T> {
    const slot = await this.acquire(s, use.prefer);
    const reused = slot.freeSince > 0;
    try {
      return await this.use(s, slot, use, task);
    } catch (error) {
      if (!(reused && use.repeatable && isConnectionLost(error)) || s.signal?.aborted) throw error;
      this.log.debug({ account: s.account }, 'mail connection was dead, trying another');
    }
    this.discardFree(slot.entry);
    return this.use(s, await this.acquire(s, use.prefer), use, task);
  }

  /** Takes over a connection that was opened elsewhere, if there is room. */
  adopt(credentials: Credentials, client: ImapClient): void {
    const entry = this.entryOf(credentials);
    if (this.ended || entry.count >= this.limits.perAccount || this.open >= this.limits.total) {
      this.forget(entry);
      client.close();
      return;
    }
    this.reserve(entry);
    this.release(this.slotOf(entry, client));
  }

  /** Closes everything; whoever still waits is refused. */
  close(): void {
    this.ended = true;
    clearInterval(this.sweeper);
    for (const entry of [...this.entries.values()]) this.discardFree(entry);
  }

  private async use<T>(s: Scope, slot: Slot, use: Use, task: (client: ImapClient) => Promise<T>): Promise<T> {
    // An abandoned read must not keep its connection busy; a write runs to its end.
    const abort = () => slot.client.close();
    if (use.repeatable) s.signal?.addEventListener('abort', abort, { once: true });
    try {
      if (use.path !== null) await slot.client.select(use.path);
      return await task(slot.client);
    } finally {
      s.signal?.removeEventListener('abort', abort);
      this.release(slot);
    }
  }

  private async acquire(s: Scope, path: string | null): Promise<Slot> {
    if (!s.credentials) throw new DomainError('unauthenticated', 'no credentials for the mail server');
    if (this.ended || s.signal?.aborted) throw unavailable('the request was given up');
    const entry = this.entryOf(s.credentials);
    const free = takeFree(entry, path);
    if (free) return free;
    if (entry.count < this.limits.perAccount && this.makeRoom()) return this.openSlot(entry, s.credentials);
    const { queue } = this.limits;
    if (queue && (entry.waiting.length >= queue.perAccount || this.queued >= queue.total))
      throw unavailable('too many wait for a connection to the mail server');
    return this.wait(s, entry, path);
  }

  private async openSlot(entry: Entry, credentials: Credentials): Promise<Slot> {
    this.reserve(entry);
    try {
      return this.slotOf(entry, await this.connect(credentials));
    } catch (error) {
      this.giveUp(entry);
      throw error;
    }
  }

  private slotOf(entry: Entry, client: ImapClient): Slot {
    const slot: Slot = { client, entry, freeSince: 0 };
    client.onClose(() => this.drop(slot));
    return slot;
  }

  private wait(s: Scope, entry: Entry, path: string | null): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        s.signal?.removeEventListener('abort', refuse);
        const at = entry.waiting.indexOf(waiter);
        if (at >= 0) {
          entry.waiting.splice(at, 1);
          this.queued--;
        }
        if (entry.waiting.length === 0) this.starved.delete(entry);
      };
      const refuse = () => {
        leave();
        this.forget(entry);
        reject(unavailable('all connections to the mail server are in use'));
      };
      const timer = setTimeout(refuse, this.limits.waitMs);
      const waiter: Waiter = {
        path,
        grant: (slot) => {
          leave();
          resolve(slot);
        },
        open: () => {
          leave();
          this.openSlot(entry, s.credentials as Credentials).then(resolve, reject);
        },
      };
      s.signal?.addEventListener('abort', refuse, { once: true });
      entry.waiting.push(waiter);
      this.queued++;
      if (entry.count === 0) this.starved.add(entry);
    });
  }

  private release(slot: Slot): void {
    const { entry, client } = slot;
    if (!client.usable || this.ended) {
      client.close();
      this.drop(slot);
      return;
    }
    slot.freeSince = Date.now();
    const next = entry.waiting.find((waiter) => waiter.path === client.selected) ?? entry.waiting[0];
    if (next) {
      next.grant(slot);
    } else if (this.starved.size > 0) {
      client.close();
      this.drop(slot);
    } else {
      entry.free.push(slot);
    }
  }

  /** A connection is gone: whoever waits for one of this entry may open another. */
  private drop(slot: Slot): void {
    if (slot.freeSince < 0) return;
    slot.freeSince = -1;
    const at = slot.entry.free.indexOf(slot);
    if (at >= 0) slot.entry.free.splice(at, 1);
    this.giveUp(slot.entry);
  }

  private reserve(entry: Entry): void {
    entry.count++;
    this.open++;
  }

  private giveUp(entry: Entry): void {
    entry.count--;
    this.open--;
    const [hungry = entry] = this.starved;
    const next = hungry.waiting[0];
    if (next && !this.ended) next.open();
    this.forget(entry);
  }

  /** At the total limit the connection that lay unused longest makes way. */
  private makeRoom(): boolean {
    if (this.open < this.limits.total) return true;
    let oldest: Slot | undefined;
    for (const { free } of this.entries.values())
      if (free[0] && free[0].freeSince < (oldest?.freeSince ?? Infinity)) oldest = free[0];
    if (!oldest) return false;
    oldest.client.close();
    this.drop(oldest);
    return true;
  }

  private sweep(now: number): void {
    for (const entry of [...this.entries.values()]) {
      for (const slot of entry.free.filter(({ freeSince }) => now - freeSince > this.limits.idleMs)) {
        slot.client.close();
        this.drop(slot);
      }
    }
  }

  private discardFree(entry: Entry): void {
    for (const slot of [...entry.free]) {
      slot.client.close();
      this.drop(slot);
    }
  }

  private entryOf({ username, password }: Credentials): Entry {
    const key = createHmac('sha256', this.secret)
      .update(JSON.stringify([username, password]))
      .digest('base64');
    const entry = this.entries.get(key) ?? { key, free: [], count: 0, waiting: [] };
    this.entries.set(key, entry);
    return entry;
  }

  private forget(entry: Entry): void {
    if (entry.count === 0 && entry.waiting.length === 0 && this.entries.get(entry.key) === entry) this.entries.delete(entry.key);
  }
}

/** The free connection that has the mailbox selected, else the one used last. */
function takeFree(entry: Entry, path: string | null): Slot | undefined {
  const at = entry.free.findLastIndex((slot) => slot.client.usable && slot.client.selected === path);
  const slot = at >= 0 ? entry.free[at] : entry.free.findLast(({ client }) => client.usable);
  if (slot) entry.free.splice(entry.free.indexOf(slot), 1);
  return slot;
}

function unavailable(message: string): DomainError {
  return new DomainError('unavailable', message, { reason: 'mail-server', retryAfter: 10 });
}
