import { type Component, escapeText } from '../../formats/content-lines.js';
import { CalendarEditor } from '../../formats/ical/edit.js';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { type IcalTime, utcTime } from '../../formats/ical/values.js';
import { DomainError, isDomainError } from '../errors.js';
import { attendeeOf, type Own, organizerOf, ownAddresses } from '../itip/calendar-user.js';
import { readMessage } from '../itip/message.js';
import { SchedulingObject } from '../itip/object.js';
import { setProposal } from '../itip/proposal.js';
import type { Collection, Item } from '../pim/model.js';
import type { Pim } from '../pim/service.js';
import type { Clock, Id, Session } from '../types.js';
import type { Deliver } from './deliver.js';
import type { SchedulingStore } from './store.js';

/** What a user answers to an invitation. */
export interface MeetingAnswer {
  readonly partstat: 'ACCEPTED' | 'TENTATIVE' | 'DECLINED';
  /** One occurrence, by its original start. */
  readonly instance?: Date;
  /** A word to the organizer. */
  readonly comment?: string;
  /** Another time, which the organizer may take or leave. */
  readonly proposal?: { readonly start: Date; readonly end: Date };
  /** Whether the gateway mails the answer; organizers here are told anyway. */
  readonly mail: boolean;
}

/** What is answered: an item, or an invitation as it came by mail. */
export type MeetingTarget = { readonly collection: Collection; readonly id: Id } | { readonly invitation: string };

/** Where the answered meeting is. */
export interface Answered {
  readonly collection: Collection;
  /** Null: it was declined, and is gone. */
  readonly item: Id | null;
}

export interface RespondDeps {
  readonly pim: Pick<Pim, 'collections' | 'item' | 'put' | 'remove'>;
  readonly store: SchedulingStore;
  readonly deliver: Deliver;
  readonly clock: Clock;
}

interface Found {
  readonly collection: Collection;
  readonly item: Item;
}

const ATTEMPTS = 4;

/** Answers invitations for any face: an edit of the user's own line, from which everything else follows. */
export class Respond {
  constructor(private readonly deps: RespondDeps) {}

  /**
   * @throws DomainError `not-found`: there is no such meeting; `invalid`: the user organizes it, is not invited, or it has
   * no such occurrence
   */
  async respond(s: Session, target: MeetingTarget, answer: MeetingAnswer): Promise<Answered> {
    for (let attempt = 1; ; attempt++) {
      const found = 'invitation' in target ? await this.invited(s, target.invitation) : await this.itemOf(s, target);
      try {
        return await this.answer(s, found, answer);
      } catch (error) {
        if (!isDomainError(error, 'precondition-failed') || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  private async itemOf(s: Session, { collection, id }: { collection: Collection; id: Id }): Promise<Found> {
    const item = await this.deps.pim.item(s, collection, { id });
    if (!item) throw new DomainError('not-found', 'no such meeting');
    return { collection, item };
  }

  /** The meeting of an invitation, put into the calendar if it is not there yet. */
  private async invited(s: Session, text: string): Promise<Found> {
    const message = readMessage(text);
    if (!message || message.organizer === null || message.method === 'REPLY')
      throw new DomainError('invalid', 'not an invitation');
    await this.deps.deliver.deliver(s.user, { text, from: message.organizer, wanted: true });
    const [place] = await this.deps.store.placesOf(s.account, message.uid);
    const collection = (await this.deps.pim.collections(s)).find(({ id }) => id === place?.collection);
    const item = collection && (await this.findUid(s, collection, message.uid));
    if (!collection || !item) throw new DomainError('not-found', 'no such meeting');
    return { collection, item };
  }

  private async findUid(s: Session, collection: Collection, uid: string): Promise<Item | null> {
    const id = await this.deps.store.itemOf(collection.source, uid);
    return id === null ? null : this.deps.pim.item(s, collection, { id });
  }

  /** In a shared calendar the owner is who is invited. */
  private async ownOf(s: Session, { owner }: Collection): Promise<Own> {
    return ownAddresses((owner && (await this.deps.store.account(owner.account))) ?? s.user);
  }

  private async answer(s: Session, { collection, item }: Found, answer: MeetingAnswer): Promise<Answered> {
    const own = await this.ownOf(s, collection);
    const now = this.deps.clock.now();
    const text = answered(item.text, own, answer, now);
    const telling: Session = { ...s, scheduling: answer.mail ? 'server' : 'client' };
    const stored = await this.deps.pim.put(telling, collection, { id: item.id, text }, { ifMatch: [item.etag] });
    if (answer.partstat !== 'DECLINED') return { collection, item: item.id };
    const quiet: Session = { ...s, scheduling: 'off' };
    const left = answer.instance ? without(stored.item.text, utcTime(answer.instance.getTime())) : null;
    if (left === null) await this.deps.pim.remove(quiet, collection, { id: item.id });
    else await this.deps.pim.put(quiet, collection, { id: item.id, text: left });
    return { collection, item: null };
  }
}

function answered(text: string, own: Own, answer: MeetingAnswer, now: Date): string {
  const known = new SchedulingObject(openCalendarObject(text));
  if (known.components.some((component) => own.has(organizerOf(component) ?? '')))
    throw new DomainError('invalid', 'the user organizes the meeting');
  const editor = CalendarEditor.open(text);
  const components = answer.instance
    ? [occurrence(editor, known, utcTime(answer.instance.getTime()))]
    : [...(editor.master ? [editor.master] : []), ...editor.overrides].map(({ component }) => component);
  const invited = components.filter((component) => say(component, own, answer));
  if (invited.length === 0) throw new DomainError('invalid', 'the user is not invited');
  const stamp = new Date(Math.floor(now.getTime() / 1000) * 1000).toISOString().replace(/[-:]|\.000/g, '');
  for (const component of invited) for (const name of ['LAST-MODIFIED', REPLY_TIME]) component.set(name, stamp);
  return editor.toString();
}

function occurrence(editor: CalendarEditor, known: SchedulingObject, time: IcalTime): Component {
  if (!known.has(time)) throw new DomainError('invalid', 'no such occurrence');
  return editor.addOverride(time).component;
}

const BUSY = 'X-MICROSOFT-CDO-BUSYSTATUS';
/** When the user answered (MS-ASCAL AppointmentReplyTime). */
const REPLY_TIME = 'X-MICROSOFT-CDO-REPLYTIME';

function say(component: Component, own: Own, { partstat, comment, proposal }: MeetingAnswer): boolean {
  const attendee = attendeeOf(component, (user) => own.has(user));
  if (!attendee) return false;
  attendee.setParam('PARTSTAT', partstat);
  attendee.setParam('RSVP', undefined);
  setProposal(attendee, proposal ? { start: utcTime(proposal.start.getTime()), end: utcTime(proposal.end.getTime()) } : null);
  component.remove('COMMENT');
  if (comment) component.set('COMMENT', escapeText(comment.slice(0, MAX_COMMENT)));
  const isFree = component.first('TRANSP')?.value.trim().toUpperCase() === 'TRANSPARENT';
  if (!isFree && partstat !== 'DECLINED') component.set(BUSY, partstat === 'TENTATIVE' ? 'TENTATIVE' : 'BUSY');
  return true;
}

const MAX_COMMENT = 10_000;

/** The object without an occurrence; null where it was the only one. */
function without(text: string, time: IcalTime): string | null {
  const editor = CalendarEditor.open(text);
  if (!editor.master) {
    editor.removeOverride(time);
    return editor.overrides.length === 0 ? null : editor.toString();
  }
  const zoned = editor.override(time)?.time('RECURRENCE-ID') ?? time;
  editor.exclude(zoned);
  return editor.toString();
}
