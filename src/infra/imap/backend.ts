import { DomainError, isDomainError } from '../../domain/errors.js';
import type { MailBackend, Mailbox, MailWatch, PartSink } from '../../domain/mail/backend.js';
import type { Envelope, FlagChange, MailDelta, MailMark, MessageSummary, PartRequest } from '../../domain/mail/model.js';
import type { MailQuery } from '../../domain/mail/service.js';
import { Breaker } from '../../domain/overload/breaker.js';
import { Gate } from '../../domain/overload/gate.js';
import { type Credentials, type Logger, type Scope, SYSTEM } from '../../domain/types.js';
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
import { Turns } from './turns.js';
import type { ServerUrl } from './url.js';

/** What the backend is made of. */
export interface ImapBackendOptions {
  /** The servers of a login name. @throws DomainError `unauthenticated` for a domain that is not served. */
  readonly servers: (username: string) => { readonly imap: ServerUrl; readonly smtp: ServerUrl | null };
  readonly log: Logger;
  readonly limits?: PoolLimits;
  readonly watchTimes?: WatchTimes;
  readonly connect?: Partial<ConnectOptions>;
  /** What stands between this backend and each connection that it opened. */
  readonly opened?: (client: ImapClient) => ImapClient;
}

/** A backend over IMAP and SMTP; close it to end all connections. */
export interface ImapBackend extends MailBackend {
  /** IMAP connections open for requests at present, without watches. */
  readonly connections: number;
  /** Connections that watch, or are to watch again. */
  readonly watching: number;
  /** Mail servers that do not answer at present. */
  readonly away: number;
  close(): Promise<void>;
}

const CONNECT: ConnectOptions = { connectMs: 15_000, socketMs: 180_000 };
/** Watches end and begin all at once when a mail server restarts: only so many log in at a time. */
const WATCH_LOGINS = 20;
/** Logins of requests under way and waiting at one server; a server that is slow must not collect all requests. */
const LOGINS = 100;
const WAITING_LOGINS = 1_000;
/** Messages being handed to one submission server, and waiting for it. */
const SUBMISSIONS = 50;
const WAITING_SUBMISSIONS = 500;

/** Makes the mail backend. */
export function createImapBackend(options: ImapBackendOptions): ImapBackend {
  return new Backend(options);
}

/** What belongs to one mail server: whatever happens to it, the others' users notice nothing. */
class Host {
  readonly pool: ImapPool;
  readonly breaker: Breaker;
  readonly logins = new Gate(LOGINS, WAITING_LOGINS, 'the mail server', 'mail-server');
  readonly watchLogins = new Gate(WATCH_LOGINS);

  constructor(
    name: string,
    private readonly open: (credentials: Credentials, extra?: Partial<ConnectOptions>) => Promise<ImapClient>,
    { log, limits }: ImapBackendOptions,
  ) {
    this.breaker = new Breaker(`the mail server ${name}`, undefined, 'mail-server');
    this.pool = new ImapPool((credentials) => this.connect(credentials), log, limits);
  }

  connect(credentials: Credentials): Promise<ImapClient> {
    return this.logins.run(() => this.breaker.run(() => this.open(credentials), isAway));
  }

  watch(credentials: Credentials): Promise<ImapClient> {
    return this.watchLogins.run(() => this.breaker.run(() => this.open(credentials, { qresync: false }), isAway));
  }
}

class Backend implements ImapBackend {
  private readonly hosts = new Map<string, Host>();
  private readonly submitters = new Map<string, { readonly breaker: Breaker; readonly gate: Gate }>();
  private readonly looks = new Looks();
  private readonly watches = new Set<InboxWatch>();
  private readonly moves = new Turns();

  constructor(private readonly options: ImapBackendOptions) {}

  get connections(): number {
    return [...this.hosts.values()].reduce((sum, { pool }) => sum + pool.size, 0);
  }

  get watching(): number {
    return this.watches.size;
  }

  get away(): number {
    const breakers = [...this.hosts.values(), ...this.submitters.values()];
    return breakers.filter(({ breaker }) => breaker.isOpen).length;
  }

  async verify(credentials: Credentials): Promise<void> {
    const host = this.hostOf(credentials);
    host.pool.adopt(credentials, await host.connect(credentials));
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

  /** Two devices that move a message at the same moment would leave two of it (RFC 6851 §3.3 promises nothing): one waits. */
  move(s: Scope, path: string, uids: readonly number[], to: string): Promise<ReadonlyMap<number, number>> {
    const key = JSON.stringify([required(s).username, path]);
    const work = async (client: ImapClient) => {
      const moved = new Map<number, number>();
      for (const range of uidSets(uids)) for (const [from, now] of await client.move(range, to)) moved.set(from, now);
      return moved;
    };
    return this.moves.take(key, () => this.write(s, path, work));
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

  threads(s: Scope, path: string): Promise<readonly (readonly number[])[] | null> {
    return this.read(s, path, (client) => client.threads());
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

  async watch(s: Scope, paths: readonly string[], changed: (path: string) => void, missed = false): Promise<MailWatch> {
    const credentials = required(s);
    const watch = new InboxWatch(
      {
        user: credentials.username,
        connect: () => this.hostOf(credentials).watch(credentials),
        looks: this.looks,
        missed,
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
    const { gate, breaker } = this.submitterOf(smtp);
    return gate.run(() => breaker.run(() => submit(smtp, credentials, envelope, raw), isSilent));
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.watches].map((watch) => watch.close()));
    this.watches.clear();
    for (const { pool } of this.hosts.values()) pool.close();
  }

  private hostOf({ username }: Credentials): Host {
    const { imap } = this.options.servers(username);
    const name = `${imap.host}:${imap.port}`;
    const { connect, opened = (client) => client } = this.options;
    const open = async (credentials: Credentials, extra: Partial<ConnectOptions> = {}) =>
      opened(await ImapClient.connect(imap, credentials, { ...CONNECT, ...connect, ...extra }));
    const host = this.hosts.get(name) ?? new Host(name, open, this.options);
    this.hosts.set(name, host);
    return host;
  }

  private submitterOf({ host, port }: ServerUrl) {
    const name = `${host}:${port}`;
    const what = `the submission server ${name}`;
    const made = this.submitters.get(name) ?? {
      breaker: new Breaker(what, undefined, 'mail-server'),
      gate: new Gate(SUBMISSIONS, WAITING_SUBMISSIONS, what, 'mail-server'),
    };
    this.submitters.set(name, made);
    return made;
  }

  /** `prefer`: a mailbox that need not be selected, though a connection that has it goes first. */
  private async read<T>(s: Scope, path: string | null, task: (client: ImapClient) => Promise<T>, prefer?: string): Promise<T> {
    return this.hostOf(required(s)).pool.run(s, { path, repeatable: true, prefer: prefer ?? path }, task);
  }

  private async write<T>(s: Scope, path: string | null, task: (client: ImapClient) => Promise<T>): Promise<T> {
    return this.hostOf(required(s)).pool.run(s, { path, repeatable: false, prefer: path }, task);
  }

  private seen(s: Scope, path: string, mark: MailMark): MailMark {
    if (s.origin !== SYSTEM) this.looks.remember(required(s).username, path, mark);
    return mark;
  }
}

/** Whether a login failed because nobody answered: neither a wrong password nor a server that asks for less. */
function isAway(error: unknown): boolean {
  return (
    isDomainError(error, 'unavailable') &&
    (error.details.cause as { responseStatus?: string } | undefined)?.responseStatus === undefined
  );
}

/** Whether a message was not taken because nobody answered: SMTP gives every refusal a code. */
function isSilent(error: unknown): boolean {
  return (
    isDomainError(error, 'unavailable') &&
    (error.details.cause as { responseCode?: number } | undefined)?.responseCode === undefined
  );
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
