import type { MailBackend, MailWatch } from '../mail/backend.js';
import type { Mail } from '../mail/service.js';
import { type Credentials, type Id, type Logger, type Scope, type Session, SYSTEM } from '../types.js';
import { type Lease, WATCH, type WatchLeases } from './leases.js';

/** A watch stays this long after its last waiter left, in milliseconds: a phone is back within seconds. */
const LINGER = 60_000;
/** How often a process shows that it lives and looks for dead ones, in milliseconds. */
const HEARTBEAT = 5_000;
/** Leases claimed in one statement. */
const BATCH = 1_000;

export interface MailWatcherDeps {
  readonly mail: Pick<Mail, 'foldersById'>;
  readonly backend: Pick<MailBackend, 'watch'>;
  readonly leases: WatchLeases;
  /** Tells all processes that a folder changed, or (WATCH) that a lease did. */
  readonly publish: (account: Id, collection: Id) => void;
  readonly log: Logger;
  /** This process's own name among those that share the database. */
  readonly process: Id;
}

/** An account that somebody on this process waits for. */
interface Watched {
  readonly account: Id;
  readonly folders: Set<Id>;
  waiters: number;
  credentials: Credentials;
  /** The process that holds the lease, as far as is known here. */
  holder: Id | undefined;
  /** Set while this process holds the lease. */
  watch: Promise<MailWatch> | undefined;
  folderOfPath: ReadonlyMap<string, Id>;
  linger: NodeJS.Timeout | undefined;
}

/**
 * One mail watch per account, however many of its devices wait and on however many processes: the process that holds the
 * account's lease watches, the others hear of changes over the bus. When a process dies, another that has waiters takes over.
 */
export class MailWatcher {
  private readonly accounts = new Map<Id, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private living: ReadonlySet<Id> = new Set();

  constructor(private readonly deps: MailWatcherDeps) {}

  /** How many accounts this process watches. */
  get size(): number {
    let size = 0;
    for (const watched of this.accounts.values()) if (watched.watch) size++;
    return size;
  }

  /** Joins the living processes, and stays among them. */
  async start(): Promise<void> {
    await this.beat();
    const again = () => {
      this.timer = setTimeout(() => {
        this.beat()
          .catch((error: Error) => this.deps.log.warn({ error: error.message }, 'no heartbeat'))
          .finally(again);
      }, HEARTBEAT).unref();
    };
    again();
  }

  /** Watches an account for the mail folders among `folders`; call the result when nobody waits any more. */
  readonly watch = (s: Scope, folders: readonly Id[]): (() => void) => {
    const mail = folders.filter((folder) => /^\d+$/.test(folder));
    if (!s.credentials || mail.length === 0) return () => undefined;
    const watched = this.watchedOf(s.account, s.credentials);
    watched.waiters++;
    const isNew = mail.some((folder) => !watched.folders.has(folder));
    for (const folder of mail) watched.folders.add(folder);
    if (isNew || watched.holder === undefined) void this.claim([watched], 'announce');
    return () => this.leave(watched);
  };

  /** Hears that the lease of an account changed hands or has more folders. */
  leaseChanged(account: Id): void {
    const watched = this.accounts.get(account);
    if (watched) void this.claim([watched]);
  }

  /** Ends all watches and gives the leases back, so that others take over at once. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    const all = [...this.accounts.values()];
    this.accounts.clear();
    await Promise.allSettled(all.map((watched) => end(watched)));
    await this.deps.leases.leave(this.deps.process).catch(() => undefined);
    for (const { account, holder } of all) if (holder === this.deps.process) this.deps.publish(account, WATCH);
  }

  private watchedOf(account: Id, credentials: Credentials): Watched {
    const existing = this.accounts.get(account);
    clearTimeout(existing?.linger);
    if (existing) {
      existing.credentials = credentials;
      return existing;
    }
    const created: Watched = {
      account,
      credentials,
      folders: new Set(),
      waiters: 0,
      holder: undefined,
      watch: undefined,
      folderOfPath: new Map(),
      linger: undefined,
    };
    this.accounts.set(account, created);
    return created;
  }

  /** Shows that this process lives, and claims what dead ones held. */
  private async beat(): Promise<void> {
    this.living = new Set(await this.deps.leases.heartbeat(this.deps.process));
    const orphans = [...this.accounts.values()].filter(({ holder }) => holder === undefined || !this.living.has(holder));
    await this.claim(orphans);
  }

  /** With `announce` a holder elsewhere is told of folders that are new to it; an answer to such a word is silent. */
  private async claim(wanted: readonly Watched[], announce?: 'announce'): Promise<void> {
    for (let start = 0; start < wanted.length; start += BATCH) {
      const batch = wanted.slice(start, start + BATCH);
      try {
        const claims = batch.map(({ account, folders }) => ({ account, folders: [...folders] }));
        for (const lease of await this.deps.leases.claim(this.deps.process, claims)) {
          if (announce && lease.process !== this.deps.process) this.deps.publish(lease.account, WATCH);
          await this.obey(lease);
        }
      } catch (error) {
        this.deps.log.warn({ error: String(error), accounts: batch.length }, 'no watch lease');
      }
    }
  }

  /** Begins, adapts or ends the watch as the lease says. */
  private async obey(lease: Lease): Promise<void> {
    const watched = this.accounts.get(lease.account);
    if (!watched) return;
    // Between the last look of the process before and the first of this one nobody watched.
    const missed = watched.holder !== undefined && watched.holder !== lease.process;
    watched.holder = lease.process;
    if (lease.process !== this.deps.process) return end(watched);
    const s: Scope = { account: lease.account, origin: SYSTEM, credentials: watched.credentials };
    const folders = await this.deps.mail.foldersById(s as Session, lease.folders);
    watched.folderOfPath = new Map([...folders].map(([id, folder]) => [folder.path, id]));
    const paths = [...watched.folderOfPath.keys()];
    if (watched.watch) (await watched.watch).update(paths);
    else if (paths.length > 0) await this.begin(s, watched, paths, missed);
  }

  private async begin(s: Scope, watched: Watched, paths: readonly string[], missed: boolean): Promise<void> {
    const forget = () => {
      watched.watch = undefined;
      watched.holder = undefined;
    };
    // The watch outlives the request that started it.
    watched.watch = this.deps.backend.watch(s, paths, (path) => this.changed(watched, path), missed);
    try {
      // It ends by itself when the password is no longer right: the next waiter brings the new one.
      void (await watched.watch).ended.then(forget);
    } catch (error) {
      forget();
      await this.deps.leases.release(this.deps.process, [watched.account]);
      this.deps.log.info({ account: watched.account, error: String(error) }, 'no mail watch');
    }
  }

  private changed(watched: Watched, path: string): void {
    const folder = watched.folderOfPath.get(path);
    if (folder !== undefined) this.deps.publish(watched.account, folder);
  }

  private leave(watched: Watched): void {
    watched.waiters--;
    if (watched.waiters > 0) return;
    clearTimeout(watched.linger);
    watched.linger = setTimeout(() => void this.give(watched), LINGER).unref();
  }

  /** Nobody waits here any more: others who do may take the lease. */
  private async give(watched: Watched): Promise<void> {
    if (watched.waiters > 0) return;
    if (this.accounts.get(watched.account) === watched) this.accounts.delete(watched.account);
    const held = watched.holder === this.deps.process;
    await end(watched);
    if (!held) return;
    await this.deps.leases.release(this.deps.process, [watched.account]).catch(() => undefined);
    this.deps.publish(watched.account, WATCH);
  }
}

async function end(watched: Watched): Promise<void> {
  const watch = await watched.watch?.catch(() => undefined);
  watched.watch = undefined;
  await watch?.close();
}
