import { setTimeout as sleep } from 'node:timers/promises';
import type { IdRanges } from '../../formats/ranges.js';
import { isDomainError } from '../errors.js';
import { Gate } from '../overload/gate.js';
import type { Clock, Id, Session } from '../types.js';
import type { FolderRole, MailFolder, MessageSummary } from './model.js';
import type { Mail, MailQuery } from './service.js';

/** What is looked for, and where. */
export interface SearchRequest {
  /** Names the search among those of the account: the same again, for a further page, costs nothing. */
  readonly key: string;
  readonly folders: readonly MailFolder[];
  readonly query: MailQuery;
  /** Exact bounds of reception, both exclusive; the query's own count in days. */
  readonly after?: Date | null;
  readonly before?: Date | null;
}

/** Which part of the results is wanted, counted from 0, both inclusive. */
export interface Page {
  readonly first: number;
  readonly last: number;
}

export interface FoundMessage {
  readonly folder: MailFolder;
  readonly message: MessageSummary;
}

export interface SearchOutcome {
  /** The page, newest first. */
  readonly found: readonly FoundMessage[];
  /** How many there are at all, as far as is known. */
  readonly total: number;
  /** False when the time was over before all folders had been looked through. */
  readonly complete: boolean;
}

/** How long a caller waits; the mail server may take longer, for the benefit of the next call. Milliseconds. */
export const SEARCH_BUDGET = 10_000;
const LONGEST = 60_000;
/** Results are kept for the next page so long. */
const KEPT = 5 * 60_000;
const MAX_KEPT = 500;
const MAX_FOLDERS = 1000;
/** Folders searched at once: the phone's other requests need connections too. */
const AT_ONCE = 2;
/** Messages looked at together. */
const CHUNK = 40;

/** A search while it runs and after: what each folder holds of it. */
interface Running {
  readonly since: number;
  readonly sets: Map<MailFolder, IdRanges>;
  open: number;
  failure: unknown;
  ended: Promise<void>;
  /** Callers that wait for it now. */
  waiting: number;
  /** Given up: nobody waits any more, and the user looks for something else. */
  over: boolean;
}

/** Searches through a user's folders within a time that a phone waits. */
export class MailSearches {
  private readonly running = new Map<string, Running>();
  /** By account: a person who types looks for each beginning of a word. */
  private readonly turns = new Map<Id, Gate>();

  constructor(
    private readonly mail: Pick<Mail, 'search' | 'summaries'>,
    private readonly clock: Clock,
    private readonly budget = SEARCH_BUDGET,
  ) {}

  /**
   * One page. `fresh` forgets what an earlier search with that key found.
   * @throws DomainError `invalid` for a query too complex, or what every folder failed with
   */
  async find(s: Session, request: SearchRequest, page: Page, fresh: boolean): Promise<SearchOutcome> {
    const search = this.start(s, request, fresh);
    await this.wait(s, search);
    if (search.failure && search.sets.size === 0) throw search.failure;
    const total = [...search.sets.values()].reduce((sum, uids) => sum + uids.size, 0);
    const { found, skipped } = await this.page(s, search, request, page);
    return { found, total: Math.max(0, total - skipped), complete: search.open === 0 };
  }

  private async wait(s: Session, search: Running): Promise<void> {
    const tooLong = sleep(this.budget, undefined, { ref: false, ...(s.signal && { signal: s.signal }) }).catch(() => undefined);
    search.waiting++;
    await Promise.race([search.ended, tooLong]).finally(() => search.waiting--);
  }

  /** Ends what nobody waits for, so that an account has no more than a few searches on the mail server. */
  private giveUp(account: Id): void {
    for (const [key, search] of this.running) {
      if (!key.startsWith(`${account}\n`) || search.open === 0 || search.waiting > 0) continue;
      search.over = true;
      this.running.delete(key);
    }
  }

  private start(s: Session, request: SearchRequest, fresh: boolean): Running {
    const key = `${s.account}\n${request.key}`;
    const now = this.clock.now().getTime();
    const known = this.running.get(key);
    // One that still runs is what a phone that lost patience asks for again.
    if (known && now - known.since < KEPT && (!fresh || known.open > 0)) return known;
    const folders = byWeight(request.folders).slice(0, MAX_FOLDERS);
    const search: Running = {
      since: now,
      sets: new Map(),
      open: folders.length,
      failure: null,
      ended: Promise.resolve(),
      waiting: 0,
      over: false,
    };
    this.giveUp(s.account);
    // Goes on when the phone hangs up: it will ask again.
    search.ended = this.through({ ...s, signal: undefined }, folders, request.query, search);
    this.running.delete(key);
    this.running.set(key, search);
    if (this.running.size > MAX_KEPT) this.running.delete(this.running.keys().next().value as string);
    return search;
  }

  private async through(s: Session, folders: readonly MailFolder[], query: MailQuery, search: Running): Promise<void> {
    const waiting = [...folders];
    const end = performance.now() + LONGEST;
    const turns = this.turns.get(s.account) ?? new Gate(AT_ONCE);
    this.turns.set(s.account, turns);
    const work = async () => {
      for (let folder = waiting.shift(); folder; folder = waiting.shift()) {
        const next = folder;
        const isOver = () => search.over || isFatal(search.failure) || performance.now() > end;
        await turns.run(async () => (isOver() ? undefined : this.into(s, next, query, search)));
        if (isOver()) return;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (turns.idle) this.turns.delete(s.account);
  }

  private async into(s: Session, folder: MailFolder, query: MailQuery, search: Running): Promise<void> {
    try {
      const uids = await this.mail.search(s, folder, query);
      search.sets.set(folder, uids);
    } catch (error) {
      // A folder that went away in the meantime has nothing to be found in it.
      if (!isDomainError(error, 'not-found')) search.failure = error;
    } finally {
      search.open--;
    }
  }

  /** Merges what the folders hold, newest first, reading no more than the page needs. */
  private async page(s: Session, search: Running, request: SearchRequest, page: Page) {
    const sources = [...search.sets].filter(([, uids]) => !uids.isEmpty).map(([folder, uids]) => new Source(folder, uids));
    const found: FoundMessage[] = [];
    let skipped = 0;
    for (let at = 0; at <= page.last; ) {
      await Promise.all(sources.map((source) => source.fill((folder, uids) => this.mail.summaries(s, folder, uids))));
      const next = sources.filter((source) => source.head).sort((a, b) => b.age - a.age)[0];
      if (!next) break;
      const message = next.take();
      if (!inside(message, request)) skipped++;
      else if (at++ >= page.first) found.push({ folder: next.folder, message });
    }
    return { found, skipped };
  }
}

/** The hits of one folder, read from the newest on. */
class Source {
  private readonly uids: Iterator<number>;
  private read: MessageSummary[] = [];
  private over = false;

  constructor(
    readonly folder: MailFolder,
    uids: IdRanges,
  ) {
    this.uids = uids.descending();
  }

  get head(): MessageSummary | undefined {
    return this.read[0];
  }

  get age(): number {
    return this.head?.received.getTime() ?? 0;
  }

  take(): MessageSummary {
    return this.read.shift() as MessageSummary;
  }

  async fill(read: (folder: MailFolder, uids: readonly number[]) => Promise<readonly MessageSummary[]>): Promise<void> {
    while (this.read.length === 0 && !this.over) {
      const next: number[] = [];
      while (next.length < CHUNK && !this.over) {
        const { value, done } = this.uids.next();
        if (done) this.over = true;
        else next.push(value);
      }
      const summaries = next.length > 0 ? await read(this.folder, next) : [];
      this.read = [...summaries].sort((a, b) => b.received.getTime() - a.received.getTime());
    }
  }
}

function inside({ received }: MessageSummary, { after, before }: SearchRequest): boolean {
  return (!after || received > after) && (!before || received < before);
}

/** Where people look first is searched first. */
const WEIGHT: Readonly<Record<FolderRole, number>> = { inbox: 0, sent: 1, archive: 2, drafts: 4, trash: 5, junk: 6 };

function byWeight(folders: readonly MailFolder[]): MailFolder[] {
  const weight = ({ role }: MailFolder) => (role === null ? 3 : WEIGHT[role]);
  const unique = new Map<Id, MailFolder>(folders.filter(({ selectable }) => selectable).map((folder) => [folder.id, folder]));
  return [...unique.values()].sort((a, b) => weight(a) - weight(b));
}

/** What would fail in every folder. */
function isFatal(error: unknown): boolean {
  return isDomainError(error, 'unauthenticated') || isDomainError(error, 'invalid');
}
