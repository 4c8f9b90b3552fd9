import { DomainError } from '../../domain/errors.js';
import type { MailBackend, Mailbox, MailWatch, PartSink } from '../../domain/mail/backend.js';
import type { Envelope, FlagChange, MailDelta, MailMark, MessageSummary, PartRequest } from '../../domain/mail/model.js';
import type { MailQuery } from '../../domain/mail/service.js';
import type { Credentials, Logger, Scope } from '../../domain/types.js';
import type { IdRanges } from '../../formats/ranges.js';
import { submit } from '../smtp/submit.js';
import { type ConnectOptions, ImapClient, type MailboxStatus } from './client.js';
import { isConnectionLost } from './errors.js';
import { InboxWatch, type WatchTimes } from './idle.js';
import { Looks } from './looks.js';
import { HEADER_FIELDS, toSummary } from './messages.js';
import { fetchParts, uidSets } from './parts.js';
import { ImapPool, type PoolLimits } from './pool.js';
import { toSearch } from './search.js';
import { roleOf } from './special-use.js';
import { deltaOf, markOf } from './strategies/index.js';
import type { ServerUrl } from './url.js';

/** What the backend is made of. */
export interface ImapBackendOptions {
  /** The servers of a login name. @throws DomainError `unauthenticated` for a domain that is not served. */
  readonly servers: (username: string) => { readonly imap: ServerUrl; readonly smtp: ServerUrl | null };
  readonly log: Logger;
  readonly limits?: PoolLimits;
  readonly watchTimes?: WatchTimes;
  readonly connect?: Partial<ConnectOptions>;
}

/** A backend over IMAP and SMTP; close it to end all connections. */
export interface ImapBackend extends MailBackend {
  /** IMAP connections open for requests at present, without watches. */
  readonly connections: number;
  close(): Promise<void>;
}

const CONNECT: ConnectOptions = { connectMs: 15_000, socketMs: 180_000 };
/** Watches end and begin all at once when a mail server restarts: only so many log in at a time. */
const WATCH_LOGINS = 20;

/** Makes the mail backend. */
export function createImapBackend(options: ImapBackendOptions): ImapBackend {
  return new Backend(options);
}

class Backend implements ImapBackend {
  private readonly pool: ImapPool;
  private readonly looks = new Looks();
  private readonly watches = new Set<InboxWatch>();
  private readonly watchLogins = new Gate(WATCH_LOGINS);

  constructor(private readonly options: ImapBackendOptions) {
    this.pool = new ImapPool((credentials) => this.connect(credentials), options.log, options.limits);
  }

  get connections(): number {
    return this.pool.size;
  }

  async verify(credentials: Credentials): Promise<void> {
    this.pool.adopt(credentials, await this.connect(credentials));
  }

  mailboxes(s: Scope): Promise<readonly Mailbox[]> {
    return this.read(s, null, (client) => listMailboxes(client));
  }

  async status(s: Scope, path: string): Promise<MailMark> {
    const mark = await this.read(s, null, (client) => markOf(client, path), path);
    return this.seen(s, path, mark);
  }

  async changes(s: Scope, path: string, from: MailMark): Promise<MailDelta> {
    const delta = await this.read(s, null, (client) => deltaOf(client, path, from), path);
    this.seen(s, path, delta.mark);
    return delta;
  }

  list(s: Scope, path: string, since: Date | null): Promise<IdRanges> {
    return this.read(s, path, (client) => client.search(since ? { since } : { all: true }));
  }

  summaries(s: Scope, path: string, uids: readonly number[]): Promise<readonly MessageSummary[]> {
    return this.read(s, path, async (client) => {
      const found = new Map<number, MessageSummary>();
      for (const range of uidSets(uids)) {
        await client.fetchRows(range, HEADER_FIELDS, (message) => {
          // A FETCH the server sends unasked holds only flags.
          if (message.uid && message.bodyStructure) found.set(message.uid, toSummary(message));
        });
      }
      return [...found.values()];
    });
  }

  /** Not repeated by itself: the sink has had part of it. */
  parts(s: Scope, path: string, requests: readonly PartRequest[], sink: PartSink): Promise<void> {
    let delivered = false;
    const watching: PartSink = (part) => {
      delivered = true;
      return sink(part);
    };
    return this.read(s, path, async (client) => {
      if (delivered) throw new DomainError('unavailable', 'the mail server broke off', { reason: 'mail-server', retryAfter: 10 });
      await fetchParts(client, requests, watching);
    });
  }

  setFlags(s: Scope, path: string, uids: readonly number[], { add = [], remove = [] }: FlagChange): Promise<void> {
    return this.write(s, path, async (client) => {
      for (const range of uidSets(uids)) {
        if (add.length > 0) await client.store(range, 'add', add);
        if (remove.length > 0) await client.store(range, 'remove', remove);
      }
    });
  }

  move(s: Scope, path: string, uids: readonly number[], to: string): Promise<ReadonlyMap<number, number>> {
    return this.write(s, path, async (client) => {
      const moved = new Map<number, number>();
      for (const range of uidSets(uids)) for (const [from, now] of await client.move(range, to)) moved.set(from, now);
      return moved;
    });
  }

  remove(s: Scope, path: string, uids: readonly number[]): Promise<void> {
    return this.write(s, path, async (client) => {
      for (const range of uidSets(uids)) await client.expunge(range);
    });
  }

  append(s: Scope, path: string, raw: Uint8Array, flags: readonly string[], received?: Date): Promise<number | null> {
    return this.write(s, null, (client) => client.append(path, raw, flags, received));
  }

  search(s: Scope, path: string, query: MailQuery): Promise<IdRanges> {
    return this.read(s, path, (client) => client.search(toSearch(query)));
  }

  createMailbox(s: Scope, path: string): Promise<void> {
    return this.write(s, null, async (client) => {
      if (!(await client.create(path))) throw new DomainError('conflict', 'the mailbox exists already');
    });
  }

  renameMailbox(s: Scope, path: string, to: string): Promise<void> {
    return this.write(s, null, (client) => client.rename(path, to));
  }

  deleteMailbox(s: Scope, path: string): Promise<void> {
    return this.write(s, null, (client) => client.delete(path));
  }

  async watch(s: Scope, paths: readonly string[], changed: (path: string) => void): Promise<MailWatch> {
    const credentials = required(s);
    const watch = new InboxWatch(
      {
        user: credentials.username,
        connect: () => this.watchLogins.run(() => this.connect(credentials, { qresync: false })),
        looks: this.looks,
        log: this.options.log,
        ...(this.options.watchTimes && { times: this.options.watchTimes }),
      },
      paths,
      changed,
    );
    this.watches.add(watch);
    void watch.ended.then(() => this.watches.delete(watch));
    const close = async () => {
      this.watches.delete(watch);
      await watch.close();
    };
    await watch.start().catch(async (error: unknown) => {
      await close();
      throw error;
    });
    return { update: (next) => watch.update(next), close, ended: watch.ended };
  }

  async submit(s: Scope, envelope: Envelope, raw: Uint8Array): Promise<readonly string[]> {
    const credentials = required(s);
    const { smtp } = this.options.servers(credentials.username);
    if (!smtp) throw new DomainError('unavailable', 'no submission server is configured', { reason: 'mail-server' });
    return submit(smtp, credentials, envelope, raw);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.watches].map((watch) => watch.close()));
    this.watches.clear();
    this.pool.close();
  }

  private connect(credentials: Credentials, extra: Partial<ConnectOptions> = {}): Promise<ImapClient> {
    const { imap } = this.options.servers(credentials.username);
    return ImapClient.connect(imap, credentials, { ...CONNECT, ...this.options.connect, ...extra });
  }

  /** `prefer`: a mailbox that need not be selected, though a connection that has it goes first. */
  private read<T>(s: Scope, path: string | null, task: (client: ImapClient) => Promise<T>, prefer?: string): Promise<T> {
    return this.pool.run(s, { path, repeatable: true, prefer: prefer ?? path }, task);
  }

  private write<T>(s: Scope, path: string | null, task: (client: ImapClient) => Promise<T>): Promise<T> {
    return this.pool.run(s, { path, repeatable: false, prefer: path }, task);
  }

  private seen(s: Scope, path: string, mark: MailMark): MailMark {
    this.looks.remember(required(s).username, path, mark);
    return mark;
  }
}

/** Lets so many tasks run at a time. */
class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running++;
    try {
      return await task();
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }
}

/** UIDVALIDITY comes with LIST-STATUS, or by a STATUS of each mailbox where the server has not that. */
async function listMailboxes(client: ImapClient): Promise<readonly Mailbox[]> {
  const listed = await client.list(true);
  const ids = await client.mailboxIds();
  const mailboxes: Mailbox[] = [];
  for (const { path, pathAsListed, delimiter, specialUse, flags, state } of listed) {
    const selectable = !flags.has('\\Noselect') && !flags.has('\\NonExistent');
    const status = state ?? (selectable && !client.has('LIST-STATUS') ? await statusOrNull(client, path) : null);
    mailboxes.push({
      path,
      delimiter: delimiter || null,
      role: roleOf(path, specialUse),
      selectable,
      uidValidity: status?.uidValidity ?? null,
      objectId: ids.get(pathAsListed) ?? null,
    });
  }
  return mailboxes;
}

/** One mailbox that the server can't open must not hide the others. */
async function statusOrNull(client: ImapClient, path: string): Promise<MailboxStatus | null> {
  try {
    return await client.status(path);
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    return null;
  }
}

function required(s: Scope): Credentials {
  if (!s.credentials) throw new DomainError('unauthenticated', 'no credentials for the mail server');
  return s.credentials;
}
