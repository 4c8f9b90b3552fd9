import { openCalendarObject } from '../../formats/ical/parse.js';
import { isDomainError } from '../errors.js';
import { setReplyStatus } from '../itip/attendee.js';
import { ownAddresses } from '../itip/calendar-user.js';
import { SchedulingObject } from '../itip/object.js';
import { setDeliveryStatus } from '../itip/organizer.js';
import type { Mail } from '../mail/service.js';
import type { OutboxJob } from '../pim/scheduler.js';
import type { Account, Clock, Id, Logger, Scope, Session } from '../types.js';
import type { CalendarWrite } from './calendar-write.js';
import { type Deliver, isTemporary, ORIGIN } from './deliver.js';
import { invitationMail } from './imip.js';
import { DELIVERY } from './planner.js';
import type { ClaimedJob, SchedulingStore } from './store.js';

/** How long a claimed job is this process's, in milliseconds: longer than a submission can take. */
const LEASE = 5 * 60_000;
/** Jobs taken at a time. */
const BATCH = 50;
/** Deliveries at the same time; each holds a database connection. */
const LANES = 3;
const FIRST_DELAY = 30_000;
const LONGEST_DELAY = 60 * 60_000;
/** After so long a message that can't be delivered is given up. */
const GIVE_UP = 3 * 24 * 60 * 60_000;

export interface OutboxDeps {
  readonly store: SchedulingStore;
  readonly deliver: Deliver;
  readonly calendars: CalendarWrite;
  readonly mail: Pick<Mail, 'send'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Works off scheduling messages: into calendars here at once, as mails while their owner's session is at hand. */
export class Outbox {
  private timer: NodeJS.Timeout | undefined;
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(private readonly deps: OutboxDeps) {}

  /** Looks for local jobs that another process left behind. @param every milliseconds */
  start(every: number): void {
    this.timer = setInterval(() => this.later(() => this.sweep()), every);
    this.timer.unref();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.allSettled([...this.running]);
  }

  /** Sends these after their commit; mails of the session's own account, and those that it caused as somebody's delegate. */
  sendNow(s: Session | null, jobs: readonly OutboxJob[]): void {
    const mine = jobs.filter((job) => job.channel === 'local' || s?.credentials);
    if (mine.length === 0) return;
    this.later(async () => {
      for (let start = 0; start < mine.length; start += BATCH) {
        const batch = mine.slice(start, start + BATCH);
        await this.workOff(s, await this.deps.store.claim({ jobs: batch }, BATCH, LEASE));
      }
    });
  }

  /** Sends mails that waited for a session of their owner. */
  sendMailOf(s: Session): void {
    this.later(() => this.drain(s, { mailOf: s.account }));
  }

  private sweep(): Promise<void> {
    return this.drain(null, { local: true });
  }

  private async drain(s: Session | null, which: { mailOf: string } | { local: true }): Promise<void> {
    for (;;) {
      const jobs = await this.deps.store.claim(which, BATCH, LEASE);
      await this.workOff(s, jobs);
      if (jobs.length < BATCH || this.stopped) return;
    }
  }

  private later(work: () => Promise<void>): void {
    if (this.stopped) return;
    const done = work().catch((error: unknown) => this.deps.log.error({ err: error }, 'scheduling messages not sent'));
    this.running.add(done);
    void done.finally(() => this.running.delete(done));
  }

  private async workOff(s: Session | null, jobs: readonly ClaimedJob[]): Promise<void> {
    const waiting = [...jobs];
    const results: Result[] = [];
    const here = await this.deps.store.accounts(
      jobs.flatMap(({ channel, recipientAccount: id }) => (channel === 'local' && id !== null ? [id] : [])),
    );
    const lane = async () => {
      for (let job = waiting.shift(); job; job = waiting.shift()) results.push(...(await this.carryOut(s, job, here)));
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await this.tellResults(results);
  }

  private async carryOut(s: Session | null, job: ClaimedJob, here: ReadonlyMap<Id, Account>): Promise<Result[]> {
    try {
      if (job.channel === 'local') return await this.deliverLocally(job, here.get(job.recipientAccount ?? ''));
      return s ? await this.mail(s, job) : [];
    } catch (error) {
      return s && job.channel === 'mail' && job.account !== s.account ? this.left(job, error) : this.failed(job, error);
    }
  }

  /** A mail server need not let people write in others' names: the owner's next session sends it. */
  private async left(job: ClaimedJob, error: unknown): Promise<Result[]> {
    const { account, uid, method } = job;
    this.deps.log.info({ account, uid, method, err: error }, "a delegate's message waits for the owner");
    await this.deps.store.postpone(job, 0);
    return [];
  }

  private async deliverLocally(job: ClaimedJob, user: Account | undefined): Promise<Result[]> {
    const { store, deliver } = this.deps;
    if (user) await deliver.deliver(user, { text: job.text, from: job.sender, job });
    else await store.done(job);
    return user ? [] : [{ job, status: DELIVERY.failed }];
  }

  private async mail(s: Session, job: ClaimedJob): Promise<Result[]> {
    const { clock, mail, store } = this.deps;
    const user = job.account === s.account ? s.user : await store.account(job.account);
    if (user) {
      const raw = await invitationMail(job, user, clock.now());
      const behalf = user.id === s.account ? {} : { onBehalfOf: user };
      await mail.send({ ...s, signal: undefined }, raw, { saveInSent: false, ...behalf });
    }
    await store.done(job);
    return [{ job, status: DELIVERY.sent }];
  }

  /** Tried again later, or given up and said so. */
  private async failed(job: ClaimedJob, error: unknown): Promise<Result[]> {
    const { store, clock, log } = this.deps;
    const age = clock.now().getTime() - job.created.getTime();
    const retry = (isTemporary(error) || !isDomainError(error)) && age < GIVE_UP;
    const { account, uid, method, channel, tries } = job;
    log.warn({ account, uid, method, channel, tries, retry, err: error }, 'scheduling message not delivered');
    if (retry) {
      await store.postpone(job, Math.min(FIRST_DELAY * 2 ** Math.min(tries, 10), LONGEST_DELAY));
      return [];
    }
    await store.done(job);
    return [{ job, status: DELIVERY.failed }];
  }

  /** Writes results into the senders' own copies, once per object. */
  private async tellResults(results: readonly Result[]): Promise<void> {
    const byObject = new Map<string, Result[]>();
    for (const result of results) {
      const { account, collection, uid } = result.job;
      const key = [account, collection, uid].join('\n');
      byObject.set(key, [...(byObject.get(key) ?? []), result]);
    }
    for (const of of byObject.values()) {
      await this.tell(of).catch((error: unknown) => this.deps.log.warn({ err: error }, 'delivery status not written'));
    }
  }

  private async tell(results: readonly Result[]): Promise<void> {
    const [{ job } = { job: null }] = results;
    if (!job || job.collection === null) return;
    const user = await this.deps.store.account(job.account);
    if (!user) return;
    const scope: Scope = { account: user.id, origin: ORIGIN };
    const place = { account: job.account, collection: job.collection };
    await this.deps.calendars.change(scope, place, job.uid, async (current) => {
      const text = current && withStatus(current.text, results, user);
      return text === null ? null : { text, keepTag: true };
    });
  }
}

interface Result {
  readonly job: OutboxJob;
  readonly status: string;
}

function withStatus(text: string, results: readonly Result[], user: Account): string {
  const of = new SchedulingObject(openCalendarObject(text));
  const isReply = (method: string) => method === 'REPLY' || method === 'COUNTER' || method === 'REFRESH';
  const own = ownAddresses(user);
  for (const { job, status } of results) if (isReply(job.method) && !own.has(job.recipient)) setReplyStatus(of, status);
  const told = results.filter(({ job }) => !isReply(job.method));
  setDeliveryStatus(of, new Map(told.map(({ job, status }) => [job.recipient, status])));
  return of.object.calendar.toString();
}
