import type { Mail } from '../mail/service.js';
import type { ChangeHub } from '../notify/hub.js';
import type { OutboxJob, Scheduler } from '../pim/scheduler.js';
import type { Pim } from '../pim/service.js';
import type { PimStore } from '../pim/store.js';
import type { Clock, Id, Logger, Scope, Session } from '../types.js';
import { CalendarWrite } from './calendar-write.js';
import { Deliver } from './deliver.js';
import { Inbound } from './inbound.js';
import { Outbox } from './outbox.js';
import { Planner } from './planner.js';
import { type Answered, type MeetingAnswer, type MeetingTarget, Respond } from './respond.js';
import { RoomMail, type RoomMailDeps } from './room-mail.js';
import { RoomSeries } from './room-series.js';
import { SentMail } from './sent-mail.js';
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
  /** Rooms that have mailboxes: how they are opened and watched. Absent: rooms are reached by organizers here only. */
  readonly rooms?: Pick<RoomMailDeps, 'login' | 'watch'>;
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

/** A user who was here; the latest session since the last look. */
interface Seen {
  latest: Session | null;
}

interface Waiting {
  readonly session: Session;
  readonly folders: ReadonlySet<Id>;
}

/** Invitations: one authority for every protocol. */
export class Scheduling {
  /** What the calendar service asks at each write. */
  readonly planner: Scheduler;
  readonly deliver: Deliver;
  /** Mails in which a client itself invites or answers. */
  readonly sentMail: SentMail;
  readonly #outbox: Outbox;
  readonly #inbound: Inbound;
  readonly #rooms: RoomMail | null;
  readonly #series: RoomSeries;
  readonly #seen = new Map<Id, Seen>();
  readonly #waiting = new Map<Id, Set<Waiting>>();
  #stopped = false;
  #purge: NodeJS.Timeout | undefined;

  constructor(private readonly deps: SchedulingDeps) {
    const { store, mail, hub, clock, log } = deps;
    const calendars = new CalendarWrite({ store: deps.pim, hub, clock });
    const send = (s: Session | null, jobs: readonly OutboxJob[]) => this.#send(s, jobs);
    this.deliver = new Deliver({ store, calendars, clock, send });
    this.#outbox = new Outbox({ store, deliver: this.deliver, calendars, mail, clock, log });
    this.#inbound = new Inbound({ store, mail, deliver: this.deliver, clock, log });
    this.sentMail = new SentMail(store, log);
    this.planner = new Planner(clock, send);
    this.#series = new RoomSeries({ store, calendars, clock, log, send });
    const look = (s: Session) => this.#look(s);
    this.#rooms = deps.rooms ? new RoomMail({ ...deps.rooms, store, mail, log, look }) : null;
  }

  start(): void {
    this.#outbox.start(SWEEP);
    void this.#rooms?.start();
    this.#purge = setInterval(() => void this.#tidy(), DAY / 4).unref();
  }

  /** What arises without a user, in a room's name, goes with the room's login. */
  #send(s: Session | null, jobs: readonly OutboxJob[]): void {
    this.#outbox.sendNow(s ?? this.#rooms?.sessionOf(jobs[0]?.account) ?? null, jobs);
  }

  /** Series in rooms take what has come into reach. */
  async rollRooms(): Promise<void> {
    await this.#series.roll(() => this.#stopped);
  }

  async #tidy(): Promise<void> {
    await this.purge();
    await this.rollRooms().catch((error: unknown) => this.deps.log.warn({ err: error }, "rooms' series were not taken further"));
  }

  /** A user is here: mails that waited for the password can go, INBOX is looked through. Cheap to call at every request. */
  seen(s: Session): void {
    if (!s.credentials || this.#stopped) return;
    const waiting = this.#seen.get(s.account);
    if (waiting) {
      waiting.latest = s;
      return;
    }
    this.#look(s);
    if (this.#seen.size < MAX_SEEN) this.#rest(s.account, { latest: null });
  }

  /** Who asks again soon is looked after once more when the time is over. */
  #rest(account: Id, state: Seen): void {
    this.#seen.set(account, state);
    setTimeout(() => {
      this.#seen.delete(account);
      if (state.latest) this.seen(state.latest);
    }, BETWEEN_LOOKS).unref();
  }

  /** Somebody waits for changes of these folders: mail that comes meanwhile is looked at on arrival. Call the result when they do not any more. */
  waiting(s: Scope, folders: readonly Id[]): () => void {
    if (!s.credentials || !('user' in s)) return () => undefined;
    const session: Session = { ...(s as Session), signal: undefined };
    const waiter = { session, folders: new Set(folders) };
    const all = this.#waiting.get(s.account) ?? new Set();
    this.#waiting.set(s.account, all.add(waiter));
    return () => {
      all.delete(waiter);
      if (all.size === 0 && this.#waiting.get(s.account) === all) this.#waiting.delete(s.account);
    };
  }

  /** A collection or mail folder of an account changed, here or in another process. */
  heard(account: Id, folder: Id): void {
    for (const { session, folders } of this.#waiting.get(account) ?? []) {
      if (!folders.has(folder)) continue;
      void this.#isInbox(session, folder).then((is) => is && this.#inbound.look(session));
      return;
    }
  }

  async #isInbox(s: Session, folder: Id): Promise<boolean> {
    const found = await this.deps.mail.foldersById(s, [folder]).catch(() => null);
    return found?.get(folder)?.role === 'inbox';
  }

  #look(s: Session): void {
    this.#outbox.sendMailOf(s);
    this.#inbound.look(s);
  }

  async stop(): Promise<void> {
    clearInterval(this.#purge);
    this.#stopped = true;
    await this.#rooms?.stop();
    await this.#inbound.stop();
    await this.#outbox.stop();
  }

  /** Answers an invitation, from any face. @throws DomainError, see Respond */
  respond(pim: Pim, s: Session, target: MeetingTarget, answer: MeetingAnswer): Promise<Answered> {
    const { store, clock } = this.deps;
    return new Respond({ pim, store, deliver: this.deliver, clock }).respond(s, target, answer);
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
