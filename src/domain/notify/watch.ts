import type { MailBackend, MailWatch } from '../mail/backend.js';
import type { Mail } from '../mail/service.js';
import type { Id, Logger, Scope, Session } from '../types.js';
import type { WatchMail } from './local-hub.js';

/** A watch stays this long after its last waiter left, in milliseconds: a phone is back within seconds. */
const LINGER = 60_000;

interface Waiting {
  readonly folders: readonly Id[];
  readonly changed: (folder: Id) => void;
}

/** The one watch of an account and who listens to it. */
interface Watched {
  readonly waiting: Set<Waiting>;
  readonly folderOfPath: Map<string, Id>;
  watch: Promise<MailWatch> | undefined;
  linger: NodeJS.Timeout | undefined;
}

/** One mail watch per account, shared by everybody who waits for that account's mail. */
export class MailWatcher {
  private readonly accounts = new Map<Id, Watched>();

  constructor(
    private readonly mail: Pick<Mail, 'foldersById'>,
    private readonly backend: Pick<MailBackend, 'watch'>,
    private readonly log: Logger,
  ) {}

  /** How many accounts are watched. */
  get size(): number {
    return this.accounts.size;
  }

  /** Watches the mail folders among `folders`; other identifiers are left to the bus. */
  readonly watch: WatchMail = (s, folders, changed) => {
    if (!s.credentials) return () => undefined;
    const watched = this.watchedOf(s.account);
    const waiting: Waiting = { folders, changed };
    watched.waiting.add(waiting);
    this.extend(s, watched, folders).catch((error: Error) => this.log.warn({ error: error.message }, 'no mail watch'));
    return () => this.leave(s.account, watched, waiting);
  };

  /** Ends all watches. */
  async close(): Promise<void> {
    const all = [...this.accounts.values()];
    this.accounts.clear();
    await Promise.allSettled(all.map((watched) => end(watched)));
  }

  private watchedOf(account: Id): Watched {
    const existing = this.accounts.get(account);
    clearTimeout(existing?.linger);
    if (existing) return existing;
    const created: Watched = { waiting: new Set(), folderOfPath: new Map(), watch: undefined, linger: undefined };
    this.accounts.set(account, created);
    return created;
  }

  private async extend(s: Scope, watched: Watched, folders: readonly Id[]): Promise<void> {
    const known = new Set(watched.folderOfPath.values());
    const unknown = folders.filter((folder) => !known.has(folder));
    if (unknown.length === 0) return;
    for (const [id, folder] of await this.mail.foldersById(s as Session, unknown)) watched.folderOfPath.set(folder.path, id);
    const paths = [...watched.folderOfPath.keys()];
    if (paths.length === 0) return;
    if (watched.watch) (await watched.watch).update(paths);
    else await this.start(s, watched, paths);
  }

  private async start(s: Scope, watched: Watched, paths: readonly string[]): Promise<void> {
    // The watch outlives the request that started it.
    const scope: Scope = { account: s.account, origin: 'system', credentials: s.credentials };
    watched.watch = this.backend.watch(scope, paths, (path) => signal(watched, path));
    const forget = () => {
      watched.watch = undefined;
      watched.folderOfPath.clear();
    };
    try {
      // A watch ends by itself when the password is no longer right: the next waiter brings the new one.
      void (await watched.watch).ended.then(forget);
    } catch (error) {
      forget();
      throw error;
    }
  }

  private leave(account: Id, watched: Watched, waiting: Waiting): void {
    watched.waiting.delete(waiting);
    if (watched.waiting.size > 0) return;
    clearTimeout(watched.linger);
    watched.linger = setTimeout(() => {
      if (this.accounts.get(account) === watched) this.accounts.delete(account);
      void end(watched);
    }, LINGER).unref();
  }
}

function signal(watched: Watched, path: string): void {
  const folder = watched.folderOfPath.get(path);
  if (folder === undefined) return;
  for (const waiting of watched.waiting) if (waiting.folders.includes(folder)) waiting.changed(folder);
}

async function end(watched: Watched): Promise<void> {
  clearTimeout(watched.linger);
  const watch = await watched.watch?.catch(() => undefined);
  await watch?.close();
}
