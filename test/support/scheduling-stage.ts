import { randomUUID } from 'node:crypto';
import { DomainError } from '../../src/domain/errors.js';
import type { Collection, Item } from '../../src/domain/pim/model.js';
import { PimService } from '../../src/domain/pim/pim.js';
import type { LedgerEntry, OutboxJob, SchedulingWrite } from '../../src/domain/pim/scheduler.js';
import type { ItemRow, PimStore, PimWrite, Place } from '../../src/domain/pim/store.js';
import { Scheduling } from '../../src/domain/scheduling/scheduling.js';
import type { ClaimedJob, InboxItem, SchedulingStore } from '../../src/domain/scheduling/store.js';
import type { Account, Id, Logger, Session } from '../../src/domain/types.js';
import { type ScheduleMail, scheduleMail } from './meetings.js';

/** A mail as it was handed to the submission server. */
export interface SentMail {
  /** Whose login sent it. */
  readonly account: Id;
  readonly raw: Buffer;
  readonly onBehalfOf: string | undefined;
}

interface Row {
  readonly job: OutboxJob;
  readonly created: Date;
  tries: number;
  due: number;
  /** Claimed, and neither done nor given back. */
  held: boolean;
}

const CALENDAR = '1';

/**
 * Scheduling over memory: accounts with one calendar each, a ledger, an outbox, a submission server that tests can let fail.
 * The clock stands still unless it is set.
 */
export class SchedulingStage {
  readonly accounts = new Map<Id, Account>();
  readonly items = new Map<Id, Map<Id, Item>>();
  readonly entries: (LedgerEntry & { readonly account: Id; readonly uid: string })[] = [];
  readonly inboxes: (InboxItem & { readonly account: Id })[] = [];
  readonly sent: SentMail[] = [];
  readonly jobs = new Map<Id, Row>();
  readonly scheduling: Scheduling;
  readonly pim: PimService;
  now = new Date('2026-11-23T12:00:00Z');
  /** What the submission server says to the next mails; null: it takes them. */
  refusal: DomainError | null = null;
  readonly #deps: ConstructorParameters<typeof Scheduling>[0];
  #ids = 0;

  constructor() {
    const clock = { now: () => this.now };
    const log: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (fields) => this.errors.push(fields) };
    const mail = {
      send: async (s: Session, raw: Uint8Array, { onBehalfOf }: { onBehalfOf?: Account }) => {
        if (this.refusal) throw this.refusal;
        this.sent.push({ account: s.account, raw: Buffer.from(raw), onBehalfOf: onBehalfOf?.id });
      },
      mark: async () => ({ uidValidity: '1', uidNext: 1 }),
      list: async () => [],
      foldersById: async () => new Map(),
    } as unknown as ConstructorParameters<typeof Scheduling>[0]['mail'];
    const hub = { publish: () => undefined } as unknown as ConstructorParameters<typeof Scheduling>[0]['hub'];
    const store = new MemoryStore(this);
    const pim = new MemoryPim(this) as unknown as PimStore;
    this.#deps = { store, pim, mail, hub, clock, log };
    this.scheduling = new Scheduling(this.#deps);
    this.pim = new PimService(pim, hub, clock, 1000, this.scheduling.planner);
  }

  /** Log lines at level error: there should be none. */
  readonly errors: object[] = [];

  /** A person with an account, named by the local part of the address. */
  person(name: string, more: Partial<Account> = {}): Session {
    const user: Account = { id: name, address: `${name}@example.org`, aliases: [], displayName: '', zone: 'UTC', ...more };
    this.accounts.set(user.id, user);
    this.items.set(user.id, new Map());
    return { account: user.id, origin: 'dav:test', credentials: { username: user.address, password: 'x' }, user };
  }

  /** The calendar of an account, as that account or (`by`) a delegate sees it. */
  calendar(of: Session, by: Session = of): Collection {
    const { id: account, address, displayName, aliases } = of.user;
    return {
      id: by === of ? CALENDAR : `shared-${account}`,
      source: { account, collection: CALENDAR },
      kind: 'calendar',
      slug: 'calendar',
      name: 'Calendar',
      primary: true,
      components: ['VEVENT'],
      seq: '1',
      properties: {},
      access: by === of ? 'owner' : 'write',
      owner: by === of ? null : { account, address, displayName, aliases },
    } as unknown as Collection;
  }

  /** The text of a UID in somebody's calendar, unfolded; empty: there is none. */
  textOf(of: Session, uid: string): string {
    const found = this.itemOf(of, uid);
    return found ? found.text.replace(/\r\n[ \t]/g, '') : '';
  }

  itemOf(of: Session, uid: string): Item | undefined {
    return [...(this.items.get(of.account)?.values() ?? [])].find((item) => item.uid === uid);
  }

  /** Stores a text as a client of the session does. */
  async put(s: Session, text: string, collection = this.calendar(s), when?: Parameters<PimService['put']>[3]): Promise<string> {
    const uid = /^UID:(.*)\r$/m.exec(text)?.[1] ?? '';
    const known = [...(this.items.get(collection.source.account)?.values() ?? [])].find((item) => item.uid === uid);
    const draft = known ? { id: known.id, text } : { name: `${uid}.ics`, text };
    const { item } = await this.pim.put(s, collection, draft, when);
    await this.settle();
    return item.text.replace(/\r\n[ \t]/g, '');
  }

  async remove(s: Session, uid: string, collection = this.calendar(s)): Promise<void> {
    const owner = this.accounts.get(collection.source.account) as Account;
    const item = [...(this.items.get(owner.id)?.values() ?? [])].find((one) => one.uid === uid);
    await this.pim.remove(s, collection, { id: item?.id ?? '' });
    await this.settle();
  }

  /** The user's next request, which another process serves. */
  async comesBack(s: Session): Promise<void> {
    const other = new Scheduling(this.#deps);
    other.seen(s);
    await this.settle();
    await other.stop();
  }

  /** A message that comes by mail. */
  async receive(s: Session, text: string, from: string, more: { wanted?: boolean } = {}): Promise<boolean> {
    const changed = await this.scheduling.deliver.deliver(s.user, { text, from, session: s, ...more });
    await this.settle();
    return changed;
  }

  /** Everything that was begun is done: no job is held, no calendar written, for some turns of the event loop. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      await new Promise((done) => setImmediate(done));
      if (this.busy > 0 || [...this.jobs.values()].some(({ held }) => held)) quiet = 0;
    }
  }

  busy = 0;

  /** Scheduling mails that were sent about a UID. */
  mails(uid: string): ScheduleMail[] {
    const messages = this.sent.map(({ account, raw }) => {
      const head = raw.toString('latin1');
      const to = /^To: (?:.*<)?([^\s<>]+@[^\s<>]+?)>?\r$/m.exec(head)?.[1] ?? '';
      return { user: account, from: /^From: (?:.*<)?([^\s<>]+@[^\s<>]+?)>?\r$/m.exec(head)?.[1] ?? '', to: [to], raw };
    });
    return scheduleMail({ port: 0, url: '', messages, stop: async () => undefined }, uid);
  }

  /** `REQUEST olga@elsewhere.example`, oldest first. */
  told(uid: string): string[] {
    return this.mails(uid).map(({ method, to }) => `${method} ${to}`);
  }

  nextId(): Id {
    return String(++this.#ids);
  }
}

/** Calendars in memory, as far as scheduling writes them. */
class MemoryPim {
  constructor(private readonly stage: SchedulingStage) {}

  async write<T>(_s: unknown, _places: readonly Place[], work: (tx: PimWrite) => Promise<T>): Promise<T> {
    this.stage.busy++;
    try {
      return await work(new MemoryWrite(this.stage) as unknown as PimWrite);
    } finally {
      this.stage.busy--;
    }
  }

  async items(_s: unknown, place: Place, of: { ids?: readonly Id[]; names?: readonly string[] }): Promise<Item[]> {
    const all = [...(this.stage.items.get(place.account)?.values() ?? [])];
    return all.filter(({ id, name }) => of.ids?.includes(id) || of.names?.includes(name));
  }

  async home(_s: unknown, account: Id) {
    const user = this.stage.accounts.get(account) as Account;
    const { source, owner: _owner, access: _access, id: _id, ...rest } = this.stage.calendar({ account, origin: '', user });
    return { own: [{ ...rest, place: source }], shared: [] };
  }

  async viewerAlarms() {
    return new Map();
  }
}

class MemoryWrite {
  readonly scheduling: SchedulingWrite;

  constructor(private readonly stage: SchedulingStage) {
    this.scheduling = new MemoryScheduling(stage);
  }

  mounts(): readonly Place[] {
    return [];
  }

  async find({ account }: Place, ref: { id?: Id; name?: string; uid?: string }): Promise<Item | null> {
    const all = [...(this.stage.items.get(account)?.values() ?? [])];
    const by = (key: 'id' | 'name' | 'uid') => all.find((item) => ref[key] !== undefined && item[key] === ref[key]);
    return by('id') ?? by('name') ?? by('uid') ?? null;
  }

  async created(): Promise<null> {
    return null;
  }

  async meetingElsewhere(): Promise<null> {
    return null;
  }

  async alarms(): Promise<null> {
    return null;
  }

  async setAlarms(): Promise<void> {}

  async properties(): Promise<null> {
    return null;
  }

  async keep(): Promise<void> {}

  async insert(place: Place, row: ItemRow): Promise<Item> {
    return this.#set(place, this.stage.nextId(), row);
  }

  async update(place: Place, current: Item, row: ItemRow): Promise<Item> {
    return this.#set(place, current.id, row);
  }

  async remove({ account }: Place, current: Item): Promise<bigint> {
    this.stage.items.get(account)?.delete(current.id);
    return 1n;
  }

  #set({ account }: Place, id: Id, row: ItemRow): Item {
    const { name, uid, component, etag, scheduleTag, text } = row;
    const item: Item = {
      id,
      name,
      uid,
      component,
      etag,
      scheduleTag,
      text,
      size: text.length,
      modified: this.stage.now,
      origin: row.origin ?? '',
    };
    this.stage.items.get(account)?.set(id, item);
    return item;
  }
}

class MemoryScheduling implements SchedulingWrite {
  constructor(protected readonly stage: SchedulingStage) {}

  async account(id: Id): Promise<Account> {
    const found = this.stage.accounts.get(id);
    if (!found) throw new DomainError('not-found', 'no such account');
    return found;
  }

  async locals(domain: string, addresses: readonly string[]): Promise<ReadonlyMap<string, Account>> {
    const all = [...this.stage.accounts.values()].filter(({ address }) => address.endsWith(`@${domain}`));
    const find = (asked: string) => all.find(({ address, aliases }) => address === asked || aliases.includes(asked));
    return new Map(
      addresses.flatMap((asked) => {
        const user = find(asked);
        return user ? [[asked, user] as const] : [];
      }),
    );
  }

  async ledger(account: Id, uid: string): Promise<readonly LedgerEntry[]> {
    return this.stage.entries.filter((entry) => entry.account === account && entry.uid === uid).reverse();
  }

  async record(account: Id, uid: string, entries: readonly LedgerEntry[]): Promise<void> {
    const key = (of: LedgerEntry & { account: Id; uid: string }) =>
      [of.account, of.uid, of.direction, of.peer, of.recurrence, of.sequence, of.method].join('\n');
    for (const entry of entries) {
      const row = { ...entry, account, uid };
      const at = this.stage.entries.findIndex((known) => key(known) === key(row));
      if (at >= 0) this.stage.entries.splice(at, 1);
      this.stage.entries.push(row);
    }
  }

  async enqueue(jobs: readonly OutboxJob[]): Promise<void> {
    for (const job of jobs)
      this.stage.jobs.set(job.id, { job, created: this.stage.now, tries: 0, due: this.stage.now.getTime(), held: false });
  }

  async done({ id }: { readonly id: Id }): Promise<boolean> {
    return this.stage.jobs.delete(id);
  }

  async addToInbox(account: Id, draft: { uid: string; method: string; text: string }): Promise<void> {
    this.stage.inboxes.push({ account, name: randomUUID(), etag: '', created: this.stage.now, ...draft });
  }

  async book(): Promise<boolean> {
    return true;
  }

  async taken(): Promise<readonly never[]> {
    return [];
  }
}

class MemoryStore implements SchedulingStore {
  readonly #write: MemoryScheduling;

  constructor(private readonly stage: SchedulingStage) {
    this.#write = new MemoryScheduling(stage);
  }

  async account(id: Id): Promise<Account | null> {
    return this.stage.accounts.get(id) ?? null;
  }

  async accounts(ids: readonly Id[]): Promise<ReadonlyMap<Id, Account>> {
    return new Map(ids.flatMap((id) => this.stage.accounts.get(id) ?? []).map((account) => [account.id, account]));
  }

  async rooms(): Promise<readonly Account[]> {
    return [];
  }

  async unbooked(): Promise<readonly never[]> {
    return [];
  }

  async claim(which: Parameters<SchedulingStore['claim']>[0], limit: number, lease: number): Promise<readonly ClaimedJob[]> {
    const now = this.stage.now.getTime();
    const wanted = (job: OutboxJob) =>
      'jobs' in which
        ? which.jobs.some(({ id }) => id === job.id)
        : 'local' in which
          ? job.channel === 'local'
          : job.channel === 'mail' && job.account === which.mailOf;
    const due = [...this.stage.jobs.values()].filter(({ job, due }) => due <= now && wanted(job)).slice(0, limit);
    return due.map((row) => {
      row.due = now + lease;
      row.held = true;
      row.tries++;
      return { ...row.job, tries: row.tries, created: row.created };
    });
  }

  async postpone({ id }: { readonly id: Id }, ms: number): Promise<void> {
    const row = this.stage.jobs.get(id);
    if (!row) return;
    row.due = this.stage.now.getTime() + ms;
    row.held = false;
  }

  async done({ id }: { readonly id: Id }): Promise<void> {
    this.stage.jobs.delete(id);
  }

  async placesOf(account: Id, uid: string): Promise<readonly Place[]> {
    const has = [...(this.stage.items.get(account)?.values() ?? [])].some((item) => item.uid === uid);
    return has ? [{ account, collection: CALENDAR }] : [];
  }

  async itemOf({ account }: Place, uid: string): Promise<Id | null> {
    return [...(this.stage.items.get(account)?.values() ?? [])].find((item) => item.uid === uid)?.id ?? null;
  }

  async defaultPlace(account: Id): Promise<Place | null> {
    return { account, collection: CALENDAR };
  }

  locals: SchedulingStore['locals'] = (domain, addresses) => this.#write.locals(domain, addresses);
  ledger: SchedulingStore['ledger'] = (account, uid) => this.#write.ledger(account, uid);
  record: SchedulingStore['record'] = (account, uid, entries) => this.#write.record(account, uid, entries);

  async inbox(account: Id): Promise<readonly InboxItem[]> {
    return this.stage.inboxes.filter((item) => item.account === account);
  }

  async inboxItem(account: Id, name: string): Promise<InboxItem | null> {
    return this.stage.inboxes.find((item) => item.account === account && item.name === name) ?? null;
  }

  async removeInboxItem(): Promise<boolean> {
    return false;
  }

  async mailMark(): Promise<null> {
    return null;
  }

  async setMailMark(): Promise<boolean> {
    return true;
  }

  async purge(): Promise<number> {
    return 0;
  }
}
