import { randomUUID } from 'node:crypto';
import { IcalError } from '../../formats/ical/error.js';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { DomainError, type ErrorReason } from '../errors.js';
import { attendeeReply, refusedToAttendee, setReplyStatus } from '../itip/attendee.js';
import { attendeeOf, type Own, organizerOf, ownAddresses, partstatOf, userOf } from '../itip/calendar-user.js';
import { declinedProposals } from '../itip/counter.js';
import type { ItipDraft } from '../itip/message.js';
import { SchedulingObject, sequenceOf } from '../itip/object.js';
import { askAgain, dropForceSend, keepAnswers, organizerMessages, setDeliveryStatus } from '../itip/organizer.js';
import { markAnswering, markOrganizing } from '../itip/sent-by.js';
import type { LedgerEntry, OutboxJob, ScheduledChange, SchedulePlan, Scheduler, SchedulingWrite } from '../pim/scheduler.js';
import type { Account, Clock, Id, Session } from '../types.js';
import { host, isRoom } from './rooms.js';
import { BY_CLIENT } from './sent-mail.js';

/** How a delivery stands (RFC 6638 §3.2.9). */
export const DELIVERY = { pending: '1.0', sent: '1.1', delivered: '1.2', badAddress: '3.7', failed: '5.1' } as const;

/** Properties of which a text has one if it is a scheduling object (RFC 6638 §3.1). */
const ORGANIZED = /^ORGANIZER[;:]/im;

/** Characters of all messages of one change together: each attendee of hundreds is told of all the others. */
const MAX_TEXT = 64 << 20;

/** Everything about one change, opened. */
interface Opened extends ScheduledChange {
  readonly old: SchedulingObject | null;
  readonly fresh: SchedulingObject | null;
  readonly owner: Account;
  readonly own: Own;
  readonly now: Date;
  readonly mode: NonNullable<Session['scheduling']>;
  /** Who acts in the owner's name; null: the owner. */
  readonly delegate: string | null;
  readonly actor: Id;
}

/** Implicit scheduling: decides who is to be told of a change, in the transaction that makes it (RFC 6638 §3.2). */
export class Planner implements Scheduler {
  constructor(
    private readonly clock: Clock,
    private readonly send: (s: Session, jobs: readonly OutboxJob[]) => void,
  ) {}

  async plan(s: Session, tx: SchedulingWrite, change: ScheduledChange): Promise<SchedulePlan> {
    const owner = change.place.account === s.account ? s.user : await tx.account(change.place.account);
    if (isRoom(owner)) await host(owner, change, tx, this.clock.now());
    const texts = [change.before?.text, change.after];
    if (!texts.some((text) => text && ORGANIZED.test(text))) return { text: change.after, scheduleTag: null, jobs: [] };
    const opened = openBoth(change);
    if (!opened) return { text: change.after, scheduleTag: null, jobs: [] };
    const { old, fresh } = opened;
    const mode = s.scheduling ?? 'server';
    const delegate = owner.id === s.account ? null : s.user.address;
    const all: Opened = {
      ...change,
      old,
      fresh,
      owner,
      own: ownAddresses(owner),
      now: this.clock.now(),
      mode,
      delegate,
      actor: s.account,
    };
    const scheduleTag = fresh && isOrganized(fresh) ? randomUUID() : null;
    const untouched = fresh && String(fresh.object.calendar);
    if (mode === 'off') return { text: change.after, scheduleTag, jobs: [] };
    const jobs = isOrganizer(all) ? await organizing(all, tx) : await attending(all, tx);
    const text = fresh && String(fresh.object.calendar);
    return { text: text === untouched ? change.after : text, scheduleTag, jobs };
  }

  committed(s: Session, jobs: readonly OutboxJob[]): void {
    this.send(s, jobs);
  }
}

/** Null: a text that was stored but can't be read as a meeting is none. */
function openBoth({ before, after }: ScheduledChange): Pick<Opened, 'old' | 'fresh'> | null {
  try {
    return { old: openText(before?.text ?? null), fresh: openText(after) };
  } catch (error) {
    if (error instanceof IcalError) return null;
    throw error;
  }
}

function openText(text: string | null): SchedulingObject | null {
  return text === null ? null : new SchedulingObject(openCalendarObject(text));
}

function isOrganized(of: SchedulingObject): boolean {
  return of.components.some((component) => component.first('ORGANIZER') !== undefined);
}

function organizerIn(of: SchedulingObject | null): string | null {
  const [main] = of?.components ?? [];
  return main ? organizerOf(main) : null;
}

/** Whose word counts is fixed when the object is made (RFC 6638 §3.2.1.1). */
function isOrganizer({ old, fresh, own }: Opened): boolean {
  if (fresh && new Set(fresh.components.map(organizerOf)).size > 1)
    throw refusal('same-organizer-in-all-components', 'components with different organizers');
  const [was, is] = [organizerIn(old), organizerIn(fresh)];
  const [wasOwn, isOwn] = [was !== null && own.has(was), is !== null && own.has(is)];
  if (wasOwn && is !== null && !isOwn)
    throw refusal('allowed-organizer-scheduling-object-change', 'the meeting is given to another organizer');
  if (was !== null && !wasOwn && fresh && was !== is && isInvited(old, own))
    throw refusal('allowed-attendee-scheduling-object-change', 'the organizer is another one');
  return wasOwn || isOwn;
}

function isInvited(of: SchedulingObject | null, own: Own): boolean {
  return of?.components.some((component) => attendeeOf(component, (user) => own.has(user))) ?? false;
}

async function organizing(opened: Opened, tx: SchedulingWrite): Promise<readonly OutboxJob[]> {
  const { old, fresh, own, now, when, owner } = opened;
  if (old && fresh) {
    const moved = askAgain(old, fresh, own);
    if (!moved && when?.ifScheduleTagMatch !== undefined) keepAnswers(old, fresh, own);
  }
  const ledger = await tx.ledger(owner.id, uidOf(opened));
  if (!old && fresh) countOn(fresh, ledger);
  const refused = old && fresh ? declinedProposals(old, fresh, own, now) : [];
  const draft = () => {
    const may = mayTell(opened);
    return [...organizerMessages({ before: old, after: fresh, own, now }), ...refused]
      .filter((one) => one.force || may)
      .filter((one) => !wasSent(one, ledger));
  };
  const said = draft();
  const isOthers = said.length > 0 && markOrganizing({ ...opened, before: old, after: fresh });
  const jobs = await enqueue(opened, tx, isOthers ? draft() : said);
  if (!fresh) return jobs.jobs;
  dropForceSend(fresh);
  setDeliveryStatus(fresh, statusesOf(jobs.planned));
  markUnreachable(fresh, own);
  return jobs.jobs;
}

function statusesOf(planned: readonly Planned[]): ReadonlyMap<string, string> {
  const told = planned.filter(({ channel }) => channel !== null);
  return new Map(told.map(({ recipient, channel }) => [recipient, channel === 'local' ? DELIVERY.delivered : DELIVERY.pending]));
}

/**
 * Nobody is told of what is over, nor of what comes in from elsewhere with answers in it: an import is no invitation.
 */
function mayTell({ old, fresh, own, now }: Opened): boolean {
  if ((!fresh || fresh.isOver(now.getTime())) && (!old || old.isOver(now.getTime()))) return false;
  if (old || !fresh) return true;
  return !fresh.components.some((component) =>
    component
      .all('ATTENDEE')
      .some(
        (attendee) =>
          !own.has(userOf(attendee) ?? '') && partstatOf(attendee) !== 'NEEDS-ACTION' && isPerson(attendee.value, component),
      ),
  );
}

/** The organizer may stand among the attendees under an address of another account, with an answer. */
function isPerson(value: string, component: SchedulingObject['components'][number]): boolean {
  return value.trim().toLowerCase() !== component.first('ORGANIZER')?.value.trim().toLowerCase();
}

/** A meeting made anew under a UID that invitees know goes on counting: else they would take it for an old one. */
function countOn(fresh: SchedulingObject, ledger: readonly LedgerEntry[]): void {
  const last = Math.max(0, ...ledger.filter(({ direction }) => direction === 'out').map(({ sequence }) => sequence));
  for (const component of fresh.components) if (sequenceOf(component) < last) component.set('SEQUENCE', String(last));
}

/** An attendee without a mail address can't be reached (RFC 6638 §3.2.9: 3.7). */
function markUnreachable(fresh: SchedulingObject, own: Own): void {
  for (const component of fresh.components)
    for (const attendee of component.all('ATTENDEE'))
      if (userOf(attendee) === null && !own.has(attendee.value) && isPerson(attendee.value, component))
        attendee.setParam('SCHEDULE-STATUS', DELIVERY.badAddress);
}

async function attending(opened: Opened, tx: SchedulingWrite): Promise<readonly OutboxJob[]> {
  const { old, fresh, own, now, owner } = opened;
  if (!isInvited(old, own) && !isInvited(fresh, own)) return [];
  const refused = old && fresh && isInvited(old, own) ? refusedToAttendee(old, fresh) : null;
  if (refused !== null) throw refusal('allowed-attendee-scheduling-object-change', refused);
  const ledger = await tx.ledger(owner.id, uidOf(opened));
  // What was never received as an invitation is an import, and its answers were given long ago.
  const isImport = !old && !ledger.some(({ direction }) => direction === 'in');
  const drafted = attendeeReply({ before: old, after: fresh, own, now });
  const isOthers = drafted !== null && markAnswering({ ...opened, before: old, after: fresh });
  const draft = isOthers ? attendeeReply({ before: old, after: fresh, own, now }) : drafted;
  const isOver = (fresh ?? old)?.isOver(now.getTime()) ?? true;
  const goes = draft !== null && (draft.force || (!isImport && !isOver)) && !wasSent(draft, ledger);
  const { jobs, planned } = await enqueue(opened, tx, goes && draft ? [draft] : []);
  if (!fresh) return jobs;
  dropForceSend(fresh);
  for (const { channel } of planned)
    if (channel !== null) setReplyStatus(fresh, channel === 'local' ? DELIVERY.delivered : DELIVERY.pending);
  return jobs;
}

/** Whether the last message to somebody about the same said just that. */
function wasSent(draft: ItipDraft, ledger: readonly LedgerEntry[]): boolean {
  if (draft.force) return false;
  const last = ledger.find(
    ({ direction, peer, recurrence }) =>
      direction === 'out' && peer === draft.recipient && (recurrence === draft.recurrence || draft.method === 'REQUEST'),
  );
  if (last?.method !== draft.method) return false;
  if (last.digest === BY_CLIENT) return last.sequence >= draft.sequence;
  return last.recurrence === draft.recurrence && last.digest === draft.digest && last.sequence === draft.sequence;
}

interface Planned {
  readonly recipient: string;
  /** Null: the client tells them itself. */
  readonly channel: OutboxJob['channel'] | null;
}

async function enqueue(
  opened: Opened,
  tx: SchedulingWrite,
  drafts: readonly ItipDraft[],
): Promise<{ readonly jobs: readonly OutboxJob[]; readonly planned: readonly Planned[] }> {
  if (drafts.length === 0) return { jobs: [], planned: [] };
  const { owner, place, fresh, mode } = opened;
  const domain = owner.address.slice(owner.address.lastIndexOf('@') + 1);
  const recipients = [...new Set(drafts.map(({ recipient }) => recipient))];
  const locals = await tx.locals(domain, recipients);
  const channelOf = (recipient: string) => (locals.has(recipient) ? 'local' : mode === 'client' ? null : 'mail');
  const jobs = drafts.flatMap((draft): OutboxJob[] => {
    const channel = channelOf(draft.recipient);
    if (channel === null) return [];
    return [
      {
        account: owner.id,
        id: randomUUID(),
        channel,
        method: draft.method,
        uid: draft.uid,
        sender: senderOf(opened),
        recipient: draft.recipient,
        recipientAccount: locals.get(draft.recipient)?.id ?? null,
        collection: fresh ? place.collection : null,
        text: draft.text,
      },
    ];
  });
  if (jobs.reduce((total, { text }) => total + text.length, 0) > MAX_TEXT)
    throw new DomainError('too-large', 'too many attendees to tell', { reason: 'max-attendees-per-instance' });
  await tx.enqueue(jobs);
  // What the client tells is noted when it does.
  const told = drafts.filter(({ recipient }) => channelOf(recipient) !== null);
  await tx.record(owner.id, uidOf(opened), told.map(entryOf));
  // What the delegate's own program mails of it besides is held back.
  if (opened.delegate !== null) await tx.record(opened.actor, uidOf(opened), told.map(entryOf));
  return { jobs, planned: drafts.map(({ recipient }) => ({ recipient, channel: channelOf(recipient) })) };
}

function entryOf({ recipient, recurrence, sequence, method, digest }: ItipDraft): LedgerEntry {
  return { direction: 'out', peer: recipient, recurrence, sequence, method, digest };
}

/** The address of the owner's under which the meeting knows them. */
function senderOf({ old, fresh, own, owner }: Opened): string {
  for (const component of [...(fresh?.components ?? []), ...(old?.components ?? [])]) {
    const organizer = organizerOf(component);
    if (organizer !== null && own.has(organizer)) return organizer;
    const attendee = userOf(attendeeOf(component, (user) => own.has(user)));
    if (attendee !== null) return attendee;
  }
  return owner.address;
}

function uidOf({ fresh, old }: Opened): string {
  return (fresh ?? old)?.object.uid ?? '';
}

function refusal(reason: ErrorReason, message: string): DomainError {
  return new DomainError('forbidden', message, { reason });
}
