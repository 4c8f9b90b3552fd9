import { type Component, escapeText, Property } from '../../formats/content-lines.js';
import { formatTime, type IcalTime, timeOf, utcTime } from '../../formats/ical/values.js';
import { attendeeOf, isServerScheduled, type Own, organizerOf, partstatOf, UNLISTED, userOf } from './calendar-user.js';
import { type ItipDraft, messageText, timeProperty, withoutLocal } from './message.js';
import { digestOf, isCancelled, type OccurrenceKey, type SchedulingObject, sequenceOf } from './object.js';
import { PROPOSED_END, PROPOSED_START, proposalOf } from './proposal.js';

/** A change that an attendee made to the own copy; null: the copy is new, or deleted. */
export interface AttendeeChange {
  readonly before: SchedulingObject | null;
  readonly after: SchedulingObject | null;
  /** The attendee's addresses. */
  readonly own: Own;
  readonly now: Date;
}

/** The answer for the object as a whole, or for one occurrence. */
interface Answer {
  readonly partstat: string;
  readonly source: Component;
  /** Where the occurrence has no component of its own. */
  readonly at?: IcalTime;
}

const NEEDS_ACTION = 'NEEDS-ACTION';
const DECLINED = 'DECLINED';

/** The answer to the organizer that a change means (RFC 6638 §3.2.2.2); null where there is none. */
export function attendeeReply(change: AttendeeChange): ItipDraft | null {
  const { before, after, own } = change;
  const main = mainOf(after) ?? mainOf(before);
  const recipient = main && organizerOf(main);
  const organizer = main?.first('ORGANIZER');
  if (!main || !recipient || !isServerScheduled(organizer)) return null;
  const forced = organizer?.param('SCHEDULE-FORCE-SEND')?.toUpperCase() === 'REPLY';
  const answers = after ? changedAnswers(before, after, own, forced) : declining(before, own);
  if (answers.length === 0) return null;
  return replyOf(answers, (after ?? before) as SchedulingObject, { ...change, recipient, forced });
}

function mainOf(of: SchedulingObject | null): Component | undefined {
  return of?.components[0];
}

/** Who deletes an invitation declines it, unless that was said before or the meeting is off. */
function declining(before: SchedulingObject | null, own: Own): Answer[] {
  if (!before) return [];
  const components = before.master ? [before.master] : [...before.overrides.values()];
  return components
    .filter((component) => !isCancelled(component) && isIn(component, own) && answerIn(component, own) !== DECLINED)
    .map((source) => ({ partstat: DECLINED, source }));
}

function changedAnswers(before: SchedulingObject | null, after: SchedulingObject, own: Own, forced: boolean): Answer[] {
  const answers: Answer[] = [];
  const { master } = after;
  const known = before?.master ? answerIn(before.master, own) : NEEDS_ACTION;
  const now = master && isIn(master, own) ? answerIn(master, own) : null;
  const isNew = now !== null && now !== NEEDS_ACTION && (now !== known || forced || isProposed(before?.master, master, own));
  if (isNew && master) answers.push({ partstat: now, source: master });
  for (const [key, source] of after.overrides) {
    if (!isIn(source, own)) continue;
    const earlier = before?.overrides.get(key);
    const said = earlier ? answerIn(earlier, own) : known;
    const partstat = answerIn(source, own);
    const follows = isNew && partstat === now;
    const changed = partstat !== said || isProposed(earlier, source, own);
    if (partstat !== NEEDS_ACTION && changed && !follows) answers.push({ partstat, source });
  }
  return [...answers, ...excludedAnswers(before, after, own)];
}

/** Who takes an occurrence out declines it (RFC 6638 §3.2.2.1). */
function excludedAnswers(before: SchedulingObject | null, after: SchedulingObject, own: Own): Answer[] {
  const { master } = after;
  if (!before?.master || !master || !isIn(master, own)) return [];
  const known = before.excluded;
  const answers: Answer[] = [];
  for (const [key, at] of after.excluded) {
    if (known.has(key) || !before.has(at)) continue;
    const source = before.overrides.get(key) ?? before.master;
    if (!isCancelled(source) && answerIn(source, own) !== DECLINED) answers.push({ partstat: DECLINED, source, at });
  }
  return answers;
}

function isIn(component: Component, own: Own): boolean {
  return attendeeOf(component, (user) => own.has(user)) !== undefined;
}

function answerIn(component: Component, own: Own): string {
  return partstatOf(attendeeOf(component, (user) => own.has(user)));
}

function isProposed(before: Component | null | undefined, after: Component | null, own: Own): boolean {
  const proposal = (component: Component | null | undefined) =>
    JSON.stringify(component ? proposalOf(attendeeOf(component, (user) => own.has(user))) : null);
  return proposal(after) !== 'null' && proposal(after) !== proposal(before);
}

interface ReplyContext {
  readonly own: Own;
  readonly now: Date;
  readonly recipient: string;
  readonly forced: boolean;
}

function replyOf(answers: readonly Answer[], of: SchedulingObject, { own, now, recipient, forced }: ReplyContext): ItipDraft {
  const proposes = answers.some(({ source }) => proposalOf(attendeeOf(source, (user) => own.has(user))) !== null);
  const method = proposes ? 'COUNTER' : 'REPLY';
  const components = answers.map((answer) => replyComponent(answer, own, now, method === 'COUNTER'));
  const recurrence = answers.map((answer) => keyOf(answer, of)).join(' ');
  const said = components.map((component) =>
    component.properties.filter(({ name }) => name !== 'DTSTAMP' && name !== 'SEQUENCE').join(''),
  );
  return {
    method,
    recipient,
    uid: of.object.uid,
    recurrence: recurrence.length > 200 ? digestOf(recurrence) : recurrence,
    sequence: Math.max(...answers.map(({ source }) => sequenceOf(source))),
    text: messageText(method, of.object, components),
    digest: digestOf(method, ...said),
    force: forced,
  };
}

function keyOf({ source, at }: Answer, of: SchedulingObject): OccurrenceKey {
  const id = source.first('RECURRENCE-ID');
  return at ? of.keyOf(at) : id ? of.keyOf(timeOf(id)) : '';
}

/** What a reply says of the event, so that people can read it too (RFC 5546 §3.2.3). */
const REPLIED = ['UID', 'SEQUENCE', 'DTSTART', 'DTEND', 'DURATION', 'DUE', 'RECURRENCE-ID', 'SUMMARY', 'LOCATION', 'COMMENT'];
const TIMES = ['DTSTART', 'DTEND', 'DURATION', 'DUE'];

function replyComponent({ partstat, source, at }: Answer, own: Own, now: Date, counter: boolean): Component {
  const reply = source.clone();
  for (const node of [...reply.children])
    if (!(node instanceof Property) || !REPLIED.includes(node.name)) if (!isKept(node)) reply.remove(node);
  if (at && !reply.first('RECURRENCE-ID')) {
    for (const name of TIMES) reply.remove(name);
    reply.add(timeProperty('DTSTART', at));
    reply.add(timeProperty('RECURRENCE-ID', at));
  }
  for (const attendee of reply.all('ATTENDEE')) if (!own.has(userOf(attendee) ?? '')) reply.remove(attendee);
  for (const other of reply.all('ATTENDEE').slice(1)) reply.remove(other);
  for (const property of [...reply.all('ATTENDEE'), ...reply.all('ORGANIZER')]) withoutLocal(property);
  const [attendee] = reply.all('ATTENDEE');
  const proposal = proposalOf(attendee);
  attendee?.setParam('PARTSTAT', partstat);
  for (const name of ['RSVP', PROPOSED_START, PROPOSED_END, UNLISTED]) attendee?.setParam(name, undefined);
  if (counter && proposal) {
    for (const name of TIMES) reply.remove(name);
    reply.add(timeProperty('DTSTART', proposal.start));
    reply.add(timeProperty('DTEND', proposal.end));
  }
  reply.set('DTSTAMP', formatTime(utcTime(now.getTime())));
  if (!counter) reply.set('REQUEST-STATUS', `2.0;${escapeText('Success')}`);
  return reply;
}

function isKept(node: unknown): boolean {
  return node instanceof Property && (node.name === 'ATTENDEE' || node.name === 'ORGANIZER');
}

/** How the answer to the organizer went, in every component (RFC 6638 §3.2.9). */
export function setReplyStatus(of: SchedulingObject, status: string | null): void {
  for (const component of of.components)
    for (const organizer of component.all('ORGANIZER')) organizer.setParam('SCHEDULE-STATUS', status ?? undefined);
}

/** Why an attendee may not make a change, or null where they may (RFC 6638 §3.2.2.1): when it is, and who asks, is not theirs to say. */
export function refusedToAttendee(before: SchedulingObject, after: SchedulingObject): string | null {
  const [main] = before.components;
  for (const component of after.components) {
    if (main && organizerOf(component) !== organizerOf(main)) return 'the organizer is another one';
    const id = component.first('RECURRENCE-ID');
    const key = id && after.keyOf(timeOf(id));
    const earlier = key === undefined ? before.master : before.overrides.get(key);
    if (earlier && before.timesOf(earlier) !== after.timesOf(component)) return 'it is at another time';
    if (earlier) continue;
    if (!id) return 'only single occurrences are known';
    if (!before.master || !before.has(timeOf(id))) return 'there is no such occurrence';
    const start = component.first('DTSTART');
    if (start && after.keyOf(timeOf(start)) !== key) return 'an occurrence is at another time';
  }
  if (before.master && !after.master) return 'the series is gone';
  return null;
}
