import type { Mail } from '../mail/service.js';
import type { ChangeHub } from '../notify/hub.js';
import type { OutboxJob, Scheduler } from '../pim/scheduler.js';
import type { PimStore } from '../pim/store.js';
import type { Clock, Id, Logger, Session } from '../types.js';
import { CalendarWrite } from './calendar-write.js';
import { Deliver } from './deliver.js';
import { Outbox } from './outbox.js';
import { Planner } from './planner.js';
import type { InboxItem, SchedulingStore } from './store.js';

/** Whether changes of meetings reach others (RFC 6638 §2): faces may announce `calendar-auto-schedule`. */
export const AUTO_SCHEDULE = true;

export interface SchedulingDeps {
  readonly store: SchedulingStore;
  readonly pim: Pick<PimStore, 'write'>;
  readonly mail: Mail;
  readonly hub: ChangeHub;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often local messages that a dead process left behind are looked for, in milliseconds. */
const SWEEP = 30_000;
/** A user's waiting mails and INBOX are looked at no more often, in milliseconds. */
const BETWEEN_LOOKS = 10_000;
const MAX_SEEN = 100_000;
const MAX_INBOX = 1_000;
const DAY = 86_400_000;
/** The ledger outlives every meeting that is still talked about. */
const KEEP = { ledger: 400 * DAY, inbox: 30 * DAY, outbox: 30 * DAY };

/** Invitations: one authority for every protocol. */
export class Scheduling {
  /** What the calendar service asks at each write. */
  readonly planner: Scheduler;
  readonly deliver: Deliver;
  readonly #outbox: Outbox;
  readonly #seen = new Map<Id, number>();
  #purge: NodeJS.Timeout | undefined;

  constructor(private readonly deps: SchedulingDeps) {
    const { store, mail, hub, clock, log } = deps;
    const calendars = new CalendarWrite({ store: deps.pim, hub, clock });
    this.deliver = new Deliver({ store, calendars, clock, send: (jobs) => this.#outbox.sendNow(null, jobs) });
    this.#outbox = new Outbox({ store, deliver: this.deliver, calendars, mail, clock, log });
    this.planner = new Planner(clock, (s: Session, jobs: readonly OutboxJob[]) => this.#outbox.sendNow(s, jobs));
  }

  start(): void {
    this.#outbox.start(SWEEP);
    this.#purge = setInterval(() => void this.purge(), DAY / 4).unref();
  }

  /** A user is here: mails that waited for the password can go. Cheap to call at every request. */
  seen(s: Session): void {
    if (!s.credentials) return;
    const now = this.deps.clock.now().getTime();
    if (now - (this.#seen.get(s.account) ?? 0) < BETWEEN_LOOKS) return;
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.set(s.account, now);
    this.#outbox.sendMailOf(s);
  }

  async stop(): Promise<void> {
    clearInterval(this.#purge);
    await this.#outbox.stop();
  }

  /** What lies in the user's scheduling inbox, latest first (RFC 6638 §2.2). */
  inbox(s: Session): Promise<readonly InboxItem[]> {
    return this.deps.store.inbox(s.account, MAX_INBOX);
  }

  inboxItem(s: Session, name: string): Promise<InboxItem | null> {
    return this.deps.store.inboxItem(s.account, name);
  }

  /** Returns whether it was there. */
  removeInboxItem(s: Session, name: string): Promise<boolean> {
    return this.deps.store.removeInboxItem(s.account, name);
  }

  private async purge(): Promise<void> {
    const now = this.deps.clock.now().getTime();
    const before = (age: number) => new Date(now - age);
    try {
      await this.deps.store.purge({ ledger: before(KEEP.ledger), inbox: before(KEEP.inbox), outbox: before(KEEP.outbox) });
    } catch (error) {
      this.deps.log.warn({ err: error }, 'old scheduling messages not purged');
    }
  }
}
