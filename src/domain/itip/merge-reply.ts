import { type Component, Property } from '../../formats/content-lines.js';
import { CalendarEditor } from '../../formats/ical/edit.js';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { timingOf } from '../../formats/ical/timing.js';
import { DAY, timeOf, utcTime } from '../../formats/ical/values.js';
import { type Address, attendeeOf, isSameMailbox, type Own, organizerOf, partstatOf, userOf } from './calendar-user.js';
import type { ItipMessage } from './message.js';
import { SchedulingObject, sequenceOf, stampOf } from './object.js';
import { setProposal } from './proposal.js';

/** What an attendee last said, of those messages that were taken. */
export interface LastReply {
  readonly sequence: number;
  /** DTSTAMP as an instant. */
  readonly stamp: number;
}

export interface MergedReply {
  readonly text: string;
  readonly stamp: number;
  /** Whether the organizer's copy differs by it. */
  readonly changed: boolean;
}

const ANSWERS = new Set(['ACCEPTED', 'DECLINED', 'TENTATIVE', 'DELEGATED', 'COMPLETED', 'IN-PROCESS', 'NEEDS-ACTION']);

/**
 * Takes an attendee's answer (REPLY, COUNTER) over into the organizer's copy: only the answer of just this attendee. Null:
 * not invited, no longer current, or about something else.
 * @param from whom the transport says it comes from
 */
export function mergeReply(
  stored: string,
  message: ItipMessage,
  from: Address,
  own: Own,
  last: LastReply | null = null,
): MergedReply | null {
  const known = new SchedulingObject(openCalendarObject(stored));
  const isOurs = known.components.some((component) => own.has(organizerOf(component) ?? ''));
  if (!isOurs || own.has(from) || (message.method !== 'REPLY' && message.method !== 'COUNTER')) return null;
  const stamp = Math.max(...message.scheduling.components.map(stampOf));
  if (last && (message.sequence < last.sequence || (message.sequence === last.sequence && stamp < last.stamp))) return null;
  const editor = CalendarEditor.open(stored);
  let taken = false;
  for (const component of message.scheduling.components) {
    const said = sayingOf(component, from);
    if (said && isCurrent(known, component)) taken = takeOver(editor, known, component, said, message) || taken;
  }
  const text = editor.toString();
  return taken ? { text, stamp, changed: text !== stored } : null;
}

/** The sender's own attendee line of a reply: the only one, or beside the one they sent instead, or were sent for (RFC 5546 §4.2.5). */
function sayingOf(component: Component, from: Address): Property | null {
  const attendees = component.all('ATTENDEE');
  const said = attendeeOf(component, (user) => isSameMailbox(user, from));
  if (!said || !ANSWERS.has(partstatOf(said))) return null;
  const linked = [...said.paramValues('DELEGATED-TO'), ...said.paramValues('DELEGATED-FROM')].map(addressIn);
  return attendees.every((other) => other === said || linked.includes(userOf(other))) ? said : null;
}

function addressIn(uri: string): Address | null {
  return userOf(new Property('ATTENDEE', uri));
}

/** An answer to an older revision is none (RFC 5546 §2.1.5). */
function isCurrent(known: SchedulingObject, component: Component): boolean {
  const id = component.first('RECURRENCE-ID');
  const asked = (id && known.overrides.get(known.keyOf(timeOf(id)))) ?? known.master;
  return sequenceOf(component) >= sequenceOf(asked);
}

function takeOver(
  editor: CalendarEditor,
  known: SchedulingObject,
  reply: Component,
  said: Property,
  message: ItipMessage,
): boolean {
  const user = userOf(said) as Address;
  const id = reply.first('RECURRENCE-ID');
  const targets = id ? occurrence(editor, known, timeOf(id), user) : whole(editor, user);
  const invited = targets.flatMap((component) => attendeeOf(component, (who) => who === user) ?? []);
  for (const attendee of invited) {
    attendee.setParam('PARTSTAT', partstatOf(said));
    attendee.setParam('RSVP', undefined);
    attendee.setParam('SCHEDULE-STATUS', reply.first('REQUEST-STATUS')?.value.split(';')[0] ?? '2.0');
    setProposal(attendee, message.method === 'COUNTER' ? proposed(message.scheduling, reply) : null);
    delegate(attendee, said);
  }
  for (const component of targets) addDelegate(component, said);
  return invited.length > 0;
}

/** Whom an attendee sends instead (RFC 5546 §3.2.2.3); undefined: nobody, or more than one. */
function delegateOf(said: Property): Address | undefined {
  const [first, ...more] = said.paramValues('DELEGATED-TO');
  if (partstatOf(said) !== 'DELEGATED' || first === undefined || more.length > 0) return undefined;
  return addressIn(first) ?? undefined;
}

function delegate(attendee: Property, said: Property): void {
  const to = delegateOf(said);
  attendee.setParam('DELEGATED-TO', to && `mailto:${to}`);
}

/** The delegate is invited from then on; who is on the list already stays what they were. */
function addDelegate(component: Component, said: Property): void {
  const [to, from] = [delegateOf(said), userOf(said)];
  if (to === undefined || from === null || !attendeeOf(component, (user) => user === from)) return;
  if (to === organizerOf(component) || attendeeOf(component, (user) => user === to)) return;
  const params = { PARTSTAT: 'NEEDS-ACTION', RSVP: 'TRUE', 'DELEGATED-FROM': `mailto:${from}` };
  component.add(new Property('ATTENDEE', `mailto:${to}`, params));
}

/** The series, and the occurrences that differ for which nothing was said yet. */
function whole(editor: CalendarEditor, user: Address): Component[] {
  const open = editor.overrides.filter(({ component }) => {
    const attendee = attendeeOf(component, (who) => who === user);
    return attendee !== undefined && partstatOf(attendee) === 'NEEDS-ACTION';
  });
  return [...(editor.master ? [editor.master] : []), ...open].map(({ component }) => component);
}

/** One occurrence, set apart from its series if the attendee is invited to it. */
function occurrence(
  editor: CalendarEditor,
  known: SchedulingObject,
  time: ReturnType<typeof timeOf>,
  user: Address,
): Component[] {
  const existing = editor.override(time);
  if (existing) return [existing.component];
  const { master } = known;
  const isInvited = master && attendeeOf(master, (who) => who === user) !== undefined;
  return isInvited && known.has(time) ? [editor.addOverride(time).component] : [];
}

function proposed(of: SchedulingObject, reply: Component) {
  const timing = timingOf(reply, of.zones);
  if (!timing?.ends) return null;
  const { start, length } = timing;
  const begin = of.zones.instant(start);
  const end = reply.first('DTEND');
  return { start: utcTime(begin), end: utcTime(end ? of.zones.instant(timeOf(end)) : begin + length.days * DAY + length.ms) };
}
