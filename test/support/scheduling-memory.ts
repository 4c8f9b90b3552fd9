import { randomUUID } from 'node:crypto';
import { DomainError } from '../../src/domain/errors.js';
import type { Item } from '../../src/domain/pim/model.js';
import type { LedgerEntry, OutboxJob, SchedulingWrite } from '../../src/domain/pim/scheduler.js';
import type { ItemRow, PimWrite, Place } from '../../src/domain/pim/store.js';
import type { ClaimedJob, InboxItem, SchedulingStore } from '../../src/domain/scheduling/store.js';
import type { Account, Id } from '../../src/domain/types.js';
import type { SchedulingStage } from './scheduling-stage.js';

/** The identifier of everybody's only calendar. */
export const CALENDAR = '1';

/** Calendars in memory, as far as scheduling writes them. */
export class MemoryPim {
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

/** Persistence of scheduling in memory. */
export class MemoryStore implements SchedulingStore {
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
