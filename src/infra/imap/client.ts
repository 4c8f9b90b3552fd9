import {
  type FetchMessageObject,
  type FetchOptions,
  type FetchQueryObject,
  ImapFlow,
  type ListResponse,
  type SearchObject,
} from 'imapflow';
import { DomainError } from '../../domain/errors.js';
import type { Credentials } from '../../domain/types.js';
import { IdRanges } from '../../formats/ranges.js';
import { toDomainError } from './errors.js';
import { fetchRows, fetchSection, type SectionBytes, type SectionRange } from './lean-fetch.js';
import { mailboxIds } from './object-ids.js';
import { fetchThreads } from './threads.js';
import type { ServerUrl } from './url.js';
import { VanishedListener } from './vanished.js';

/** What a connection is opened with besides server and credentials. */
export interface ConnectOptions {
  /** Milliseconds for connecting and for the greeting. */
  readonly connectMs: number;
  /** Milliseconds without a byte after which a busy connection is given up. */
  readonly socketMs: number;
  /** Extensions to leave alone although the server has them. For tests and for servers that do them wrong. */
  readonly without?: ReadonlySet<'QRESYNC' | 'CONDSTORE'>;
  readonly qresync?: boolean;
}

/** STATUS items of a mailbox; `modseq` is null without CONDSTORE. */
export interface MailboxStatus {
  readonly uidValidity: string;
  readonly uidNext: number;
  readonly messages: number;
  readonly modseq: string | null;
}

/** A list of more messages than this is an error of the server. */
const MAX_FOUND = 20_000_000;

const NO_FLAGS: readonly string[] = [];
const REFUSED = { responseStatus: 'NO' };
const GONE = { code: 'NoConnection' };

/** One logged-in IMAP connection. Each failure is a DomainError; imapflow's `false` never gets out. */
export class ImapClient {
  private readonly vanishedListener: VanishedListener;
  private closed = false;

  private constructor(
    private readonly flow: ImapFlow,
    private readonly failures: FailureLog,
    private readonly without: ReadonlySet<string>,
  ) {
    this.vanishedListener = new VanishedListener(flow);
    flow.once('close', () => {
      this.closed = true;
    });
  }

  /**
   * Connects, tells the server the phone's address (IMAP ID goes out before LOGIN: Dovecot's login_trusted_networks then
   * counts failed logins for that address) and logs in.
   * @throws DomainError `unauthenticated` or `unavailable`.
   */
  static async connect(server: ServerUrl, credentials: Credentials, options: ConnectOptions): Promise<ImapClient> {
    const failures = new FailureLog();
    const flow = new ImapFlow({ ...flowOptions(server, credentials, options), logger: failures });
    flow.on('error', (error) => failures.keep(error));
    try {
      await flow.connect();
    } catch (error) {
      flow.close();
      throw toDomainError(error);
    }
    return new ImapClient(flow, failures, options.without ?? new Set());
  }

  get usable(): boolean {
    return !this.closed && this.flow.usable;
  }

  /** Path of the selected mailbox. */
  get selected(): string | null {
    return this.flow.mailbox ? this.flow.mailbox.path : null;
  }

  has(
    capability: 'QRESYNC' | 'CONDSTORE' | 'LIST-STATUS' | 'OBJECTID' | 'THREAD=REFERENCES' | 'UIDPLUS' | 'IDLE' | 'MOVE',
  ): boolean {
    if (this.without.has(capability)) return false;
    const enabled = capability === 'QRESYNC' || capability === 'CONDSTORE';
    return enabled ? this.flow.enabled.has(capability) : this.flow.capabilities.has(capability);
  }

  /** Whether the selected mailbox keeps mod-sequences. */
  get selectedKeepsModseq(): boolean {
    return this.has('CONDSTORE') && !!this.flow.mailbox && !this.flow.mailbox.noModseq;
  }

  /** Makes `path` the selected mailbox with a fresh view: SELECT, or NOOP where it is selected already. */
  async select(path: string): Promise<void> {
    if (this.selected === path) await this.noop();
    else await this.run(() => this.flow.mailboxOpen(path));
  }

  async noop(): Promise<void> {
    await this.run(async () => (await this.flow.noop()) ?? true);
  }

  async status(path: string): Promise<MailboxStatus> {
    const condstore = this.has('CONDSTORE');
    const query = { uidNext: true, uidValidity: true, messages: true, ...(condstore && { highestModseq: true }) };
    const status = toStatus(await this.run(() => this.flow.status(path, query)));
    if (!status) throw new DomainError('unavailable', "the mail server's STATUS is incomplete", { reason: 'mail-server' });
    return status;
  }

  /** All mailboxes; with their status in the same command where the server has LIST-STATUS. */
  async list(withStatus: boolean): Promise<readonly (ListResponse & { readonly state: MailboxStatus | null })[]> {
    const status = withStatus && this.has('LIST-STATUS');
    const statusQuery = {
      uidNext: true,
      uidValidity: true,
      messages: true,
      ...(this.has('CONDSTORE') && { highestModseq: true }),
    };
    const listed = await this.run(() => this.flow.list(status ? { statusQuery, listOnly: false } : {}));
    return listed.map((entry) => ({ ...entry, state: entry.status ? toStatus(entry.status) : null }));
  }

  /** MAILBOXID by path as listed, where the server has OBJECTID and LIST-STATUS. */
  async mailboxIds(): Promise<ReadonlyMap<string, string>> {
    return this.has('OBJECTID') && this.has('LIST-STATUS') ? mailboxIds(this.flow) : new Map();
  }

  /** Streams messages of the selected mailbox; `sink` must not use this connection. */
  async fetch(
    range: string,
    query: FetchQueryObject,
    options: Pick<FetchOptions, 'changedSince'>,
    sink: (message: FetchMessageObject) => void | Promise<void>,
  ): Promise<void> {
    try {
      for await (const message of this.flow.fetch(range, { ...query, uid: true }, { ...options, uid: true })) await sink(message);
    } catch (error) {
      throw toDomainError(error);
    }
  }

  /** Streams what a listing shows of messages of the selected mailbox; `sink` must not use this connection. */
  async fetchRows(
    range: string,
    headers: readonly string[],
    sink: (row: FetchMessageObject) => void | Promise<void>,
  ): Promise<void> {
    if (!this.usable) throw toDomainError(GONE);
    try {
      await fetchRows(this.flow, range, headers, sink);
    } catch (error) {
      throw toDomainError(error);
    }
  }

  /** Streams one section of messages of the selected mailbox; `sink` must not use this connection. */
  async fetchSection(range: string, wanted: SectionRange, sink: (part: SectionBytes) => void | Promise<void>): Promise<void> {
    if (!this.usable) throw toDomainError(GONE);
    try {
      await fetchSection(this.flow, range, wanted, sink);
    } catch (error) {
      throw toDomainError(error);
    }
  }

  /** Runs `work` and collects the UIDs the server reports as vanished meanwhile (RFC 7162 §3.2.10). */
  async vanishedDuring(work: () => Promise<void>): Promise<IdRanges> {
    return this.vanishedListener.during(work);
  }

  /** UID SEARCH of the selected mailbox, as ranges where the server has ESEARCH (RFC 4731). */
  async search(query: SearchObject): Promise<IdRanges> {
    const found = await this.run(() => this.flow.search(query, { uid: true, returnOptions: ['ALL'] }));
    const all = Array.isArray(found) ? IdRanges.of(found) : IdRanges.parse((found as { all?: string }).all ?? '');
    if (all.size > MAX_FOUND) throw new DomainError('too-large', 'the mailbox has too many messages');
    return all;
  }

  /** Threads of the selected mailbox, as lists of UIDs; null where the server can't tell (RFC 5256). */
  async threads(): Promise<readonly (readonly number[])[] | null> {
    if (!this.has('THREAD=REFERENCES')) return null;
    if (!this.usable) throw toDomainError(GONE);
    try {
      return await fetchThreads(this.flow);
    } catch (error) {
      throw toDomainError(error);
    }
  }

  async store(range: string, operation: 'add' | 'remove', flags: readonly string[]): Promise<void> {
    const call = operation === 'add' ? 'messageFlagsAdd' : 'messageFlagsRemove';
    await this.run(() => this.flow[call](range, [...flags], { uid: true, silent: true } as never));
  }

  /** COPYUID of a UID MOVE (or COPY, STORE, EXPUNGE where there is no MOVE). */
  async move(range: string, to: string): Promise<ReadonlyMap<number, number>> {
    const moved = await this.run(() => this.flow.messageMove(range, to, { uid: true }));
    return moved.uidMap ?? new Map();
  }

  /** `\Deleted`, then UID EXPUNGE; without UIDPLUS a plain EXPUNGE, which is all such a server has. */
  async expunge(range: string): Promise<void> {
    await this.run(() => this.flow.messageDelete(range, { uid: true }));
  }

  async append(path: string, raw: Uint8Array, flags: readonly string[] = NO_FLAGS, received?: Date): Promise<number | null> {
    const appended = await this.run(() => this.flow.append(path, raw, [...flags], received));
    return appended.uid ?? null;
  }

  async create(path: string): Promise<boolean> {
    return (await this.run(() => this.flow.mailboxCreate(path))).created;
  }

  async rename(path: string, to: string): Promise<void> {
    await this.run(() => this.flow.mailboxRename(path, to));
  }

  async delete(path: string): Promise<void> {
    await this.run(() => this.flow.mailboxDelete(path));
  }

  /** Waits in IDLE until another command breaks it or the connection ends. */
  async idle(): Promise<void> {
    await this.flow.idle().catch((error: unknown) => {
      throw toDomainError(error);
    });
  }

  /** Calls `changed` for whatever the server tells unasked about the selected mailbox. */
  onChange(changed: () => void): void {
    for (const event of ['exists', 'expunge', 'flags'] as const) this.flow.on(event, changed);
  }

  onClose(closed: () => void): void {
    this.flow.once('close', closed);
  }

  /** Ends the connection at once. */
  close(): void {
    this.closed = true;
    this.flow.close();
  }

  /**
   * imapflow says `false` for a refused command and logs why; this puts both together again. It says nothing at all when the
   * connection is not in the state for the command, which here means that it is gone.
   */
  private async run<T>(command: () => Promise<T>): Promise<Exclude<T, false | undefined>> {
    this.failures.clear();
    try {
      const result = await command();
      if (result !== false && result !== undefined && this.usable) return result as Exclude<T, false | undefined>;
    } catch (error) {
      throw toDomainError(error);
    }
    throw toDomainError(this.usable ? (this.failures.last ?? REFUSED) : GONE);
  }
}

/** Stands in as imapflow's logger and keeps nothing but the latest failure: log lines could hold addresses and subjects. */
class FailureLog {
  last: unknown;

  clear(): void {
    this.last = undefined;
  }

  keep(error: unknown): void {
    this.last = error;
  }

  debug(): void {}
  info(): void {}
  isLevelEnabled(level: string): boolean {
    return level === 'warn' || level === 'error';
  }

  warn(entry: unknown): void {
    const error = (entry as { err?: unknown } | null)?.err;
    if (error !== undefined) this.last = error;
  }

  error(entry: unknown): void {
    this.warn(entry);
  }

  fatal(entry: unknown): void {
    this.warn(entry);
  }
}

function flowOptions(server: ServerUrl, credentials: Credentials, options: ConnectOptions) {
  return {
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    ...(server.security !== 'tls' && { doSTARTTLS: server.security === 'starttls' }),
    tls: { rejectUnauthorized: server.verifyCertificate },
    auth: { user: credentials.username, pass: credentials.password },
    clientInfo: clientInfo(credentials),
    // An imap process that compresses can't hibernate, and inside a data centre the bytes are cheaper than the CPU.
    disableCompression: true,
    disableAutoIdle: true,
    qresync: options.qresync ?? true,
    connectionTimeout: options.connectMs,
    greetingTimeout: options.connectMs,
    socketTimeout: options.socketMs,
    maxLiteralSize: 64 * 1024 * 1024,
    maxResponseSize: 80 * 1024 * 1024,
    maxLineLength: 16 * 1024 * 1024,
  };
}

/** RFC 2971; `x-originating-ip` is what Dovecot and its proxies read. */
function clientInfo(credentials: Credentials): Record<string, string> {
  const address = credentials.address;
  return {
    name: 'mobile-sync-gateway',
    vendor: '',
    'support-url': '',
    version: '',
    ...(address && { 'x-originating-ip': address }),
  };
}

function toStatus(status: {
  uidValidity?: bigint;
  uidNext?: number;
  messages?: number;
  highestModseq?: bigint;
}): MailboxStatus | null {
  const { uidValidity, uidNext, messages, highestModseq } = status;
  if (uidValidity === undefined || uidNext === undefined || messages === undefined) return null;
  const modseq = highestModseq === undefined || highestModseq === 0n ? null : highestModseq.toString();
  return { uidValidity: uidValidity.toString(), uidNext, messages, modseq };
}
