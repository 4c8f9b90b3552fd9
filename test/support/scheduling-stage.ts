import type { DomainError } from '../../src/domain/errors.js';
import type { Collection, Item } from '../../src/domain/pim/model.js';
import { PimService } from '../../src/domain/pim/pim.js';
import type { LedgerEntry, OutboxJob } from '../../src/domain/pim/scheduler.js';
import type { PimStore } from '../../src/domain/pim/store.js';
import { Scheduling } from '../../src/domain/scheduling/scheduling.js';
import type { InboxItem } from '../../src/domain/scheduling/store.js';
import type { Account, Id, Logger, Session } from '../../src/domain/types.js';
import { type ScheduleMail, scheduleMail } from './meetings.js';
import { CALENDAR, MemoryPim, MemoryStore } from './scheduling-memory.js';

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
