import type { Component } from '../../formats/content-lines.js';
import { type IcalTime, timeOf } from '../../formats/ical/values.js';
import { type Address, attendeesOf, isServerScheduled, type Own, partstatOf, userOf } from './calendar-user.js';
import { type ItipDraft, messageText, sharedComponent, timeProperty } from './message.js';
import { digestOf, isCancelled, type OccurrenceKey, type SchedulingObject, sequenceOf } from './object.js';
import { setProposal } from './proposal.js';

/** A change that the organizer made; null: the object is new, or deleted. */
export interface OrganizerChange {
  readonly before: SchedulingObject | null;
  readonly after: SchedulingObject | null;
  /** The organizer's addresses. */
  readonly own: Own;
  readonly now: Date;
}

/** What one attendee knows of an object. */
interface View {
  readonly of: SchedulingObject;
  readonly master: Component | null;
  readonly overrides: ReadonlyMap<OccurrenceKey, Component>;
  /** Occurrences of the series in which the attendee has no part. */
  readonly absent: ReadonlyMap<OccurrenceKey, IcalTime>;
}

/** The messages that tell invitees of a change: at most one each, and none where nothing changed for them (RFC 6638 §3.2.1). */
export function organizerMessages(change: OrganizerChange): ItipDraft[] {
  const users = new Set([...inviteesOf(change.before, change.own), ...inviteesOf(change.after, change.own)]);
  const shared: Shared = new Map();
  return [...users].flatMap((user) => messageTo(user, change, shared) ?? []);
}

/** Invitations by what they show: attendees who know the same get the same text. */
type Shared = Map<string, { readonly text: string; readonly sequence: number; readonly digest: string }>;

/** Those whom the server tells: not the organizer, and nobody whom the client tells itself (RFC 6638 §7.1). */
function inviteesOf(of: SchedulingObject | null, own: Own): Address[] {
  if (!of) return [];
  return of.components.flatMap((component) => {
    const organizer = userOf(component.first('ORGANIZER'));
    return attendeesOf(component)
      .filter(isServerScheduled)
      .map(userOf)
      .filter((user): user is Address => user !== null && user !== organizer && !own.has(user));
  });
}

function messageTo(user: Address, { before, after, now }: OrganizerChange, shared: Shared): ItipDraft | null {
  const known = before && viewOf(before, user);
  const wanted = after && viewOf(after, user);
  if (!wanted) return known && !isOff(known) ? cancelAll(user, known, after, now) : null;
  if (isOff(wanted)) return known && !isOff(known) ? cancelAll(user, wanted, after, now) : null;
  const forced = isForced(wanted, user);
  if (!known || isOff(known) || forced) return request(user, wanted, now, forced, shared);
  const dropped = droppedFrom(known, wanted);
  const isSame = fingerprint(known, dropped) === fingerprint(wanted, dropped);
  if (!isSame) return request(user, wanted, now, false, shared);
  return dropped.size > 0 ? cancelSome(user, known, wanted, dropped, now) : null;
}

/** The latest state as one attendee may know it, as an invitation; null where they have no part in it. */
export function invitationFor(of: SchedulingObject, user: Address, now: Date): ItipDraft | null {
  const view = viewOf(of, user);
  return view && !isOff(view) ? request(user, view, now, true, new Map()) : null;
}

function viewOf(of: SchedulingObject, user: Address): View | null {
  const isIn = (component: Component | null) => component !== null && of.usersOf(component).has(user);
  const master = isIn(of.master) ? of.master : null;
  const overrides = new Map([...of.overrides].filter(([, component]) => isIn(component)));
  if (!master && overrides.size === 0) return null;
  const absent = new Map(master ? of.excluded : []);
  for (const [key, component] of of.overrides) {
    const id = component.first('RECURRENCE-ID');
    if (master && id && (!overrides.has(key) || isCancelled(component))) absent.set(key, timeOf(id));
  }
  const living = new Map([...overrides].filter(([, component]) => !master || !isCancelled(component)));
  return { of, master, overrides: living, absent };
}

/** Whether everything in it is called off. */
function isOff({ master, overrides }: View): boolean {
  return master ? isCancelled(master) : [...overrides.values()].every(isCancelled);
}

function isForced({ of, master, overrides }: View, user: Address): boolean {
  const components = [...(master ? [master] : []), ...overrides.values()];
  return components.some(
    (component) => of.usersOf(component).get(user)?.param('SCHEDULE-FORCE-SEND')?.toUpperCase() === 'REQUEST',
  );
}

/** Occurrences that the attendee had a part in, and has no longer. */
function droppedFrom(known: View, wanted: View): ReadonlyMap<OccurrenceKey, IcalTime> {
  const dropped = new Map([...wanted.absent].filter(([key]) => known.master !== null && !known.absent.has(key)));
  if (known.master || wanted.master) return dropped;
  for (const [key, component] of known.overrides) {
    const id = component.first('RECURRENCE-ID');
    if (id && !wanted.overrides.has(key)) dropped.set(key, timeOf(id));
  }
  return dropped;
}

/** What the attendee is to be told of, apart from some occurrences. */
function fingerprint({ of, master, overrides, absent }: View, apart: ReadonlyMap<OccurrenceKey, unknown> = new Map()): string {
  const differing = [...overrides].filter(([key, component]) => !apart.has(key) && !saysNothingNew(of, key, component));
  const lines = differing.map(([key, component]) => `${key}\n${of.toldOf(component)}`).sort();
  const missing = [...absent.keys()].filter((key) => !apart.has(key)).sort();
  return [master ? of.toldOf(master) : '', ...lines, ...missing].join('\n--\n');
}

/** An override that only keeps an answer apart tells nobody anything. */
function saysNothingNew(of: SchedulingObject, key: OccurrenceKey, component: Component): boolean {
  const { master } = of;
  if (!master || of.contentOf(master) !== of.contentOf(component)) return false;
  const start = component.first('DTSTART');
  return start !== undefined && of.keyOf(timeOf(start)) === key && sameLength(of, master, component);
}

function sameLength(of: SchedulingObject, a: Component, b: Component): boolean {
  const lengthOf = (component: Component) => of.timesOf(component).split('\n').slice(2, 4).join();
  return lengthOf(a) === lengthOf(b);
}

function request(user: Address, view: View, now: Date, force: boolean, shared: Shared): ItipDraft {
  const keys = [...view.overrides.keys()].sort().join(' ');
  const seen = [view.master === null, keys, [...view.absent.keys()].sort().join(' ')].join('\n');
  const invitation = shared.get(seen) ?? invitationOf(view, now);
  shared.set(seen, invitation);
  const recurrence = view.master ? '' : shortened(keys);
  return { method: 'REQUEST', recipient: user, uid: view.of.object.uid, recurrence, ...invitation, force };
}

function invitationOf(view: View, now: Date): { text: string; sequence: number; digest: string } {
  const components = [...(view.master ? [view.master] : []), ...view.overrides.values()].map((component) =>
    asking(sharedComponent(component, now)),
  );
  const [first] = components;
  if (view.master && first) excludeAbsent(first, view);
  return {
    text: messageText('REQUEST', view.of.object, components),
    sequence: Math.max(...components.map(sequenceOf)),
    digest: digestOf('REQUEST', fingerprint(view)),
  };
}

/** Occurrences as the ledger names them. */
function shortened(keys: string): string {
  return keys.length > 200 ? digestOf(keys) : keys;
}

/** Who has not answered is asked to. */
function asking(component: Component): Component {
  for (const attendee of attendeesOf(component)) if (partstatOf(attendee) === 'NEEDS-ACTION') attendee.setParam('RSVP', 'TRUE');
  return component;
}

function excludeAbsent(master: Component, { of, absent }: View): void {
  const listed = of.excluded;
  for (const [key, time] of absent) if (!listed.has(key)) master.add(timeProperty('EXDATE', time));
}

/** The whole of it is off for the attendee, who alone is named in the message (RFC 5546 §3.2.5). */
function cancelAll(user: Address, view: View, after: SchedulingObject | null, now: Date): ItipDraft {
  const { of, master, overrides } = view;
  const components = master ? [master] : [...overrides.values()];
  const sequence = nextSequence(of, after);
  return {
    method: 'CANCEL',
    recipient: user,
    uid: of.object.uid,
    recurrence: master ? '' : shortened([...overrides.keys()].sort().join(' ')),
    sequence,
    text: messageText(
      'CANCEL',
      of.object,
      components.map((component) => cancelled(component, user, sequence, now)),
    ),
    digest: digestOf('CANCEL', String(sequence)),
    force: false,
  };
}

function cancelSome(
  user: Address,
  { of, overrides, master }: View,
  wanted: View,
  dropped: ReadonlyMap<OccurrenceKey, IcalTime>,
  now: Date,
): ItipDraft {
  const revised = [...dropped.keys()].map((key) => sequenceOf(overrides.get(key)));
  const sequence = Math.max(nextSequence(of, wanted.of), ...revised);
  const components = [...dropped].map(([key, time]) => {
    const component = cancelled((overrides.get(key) ?? master) as Component, user, sequence, now);
    for (const name of ['RRULE', 'RDATE', 'EXDATE', 'EXRULE', 'RECURRENCE-ID']) component.remove(name);
    component.add(timeProperty('RECURRENCE-ID', time));
    if (!overrides.has(key)) {
      for (const name of ['DTEND', 'DUE', 'DURATION', 'DTSTART']) component.remove(name);
      component.add(timeProperty('DTSTART', time));
    }
    return component;
  });
  const recurrence = [...dropped.keys()].sort().join(' ');
  return {
    method: 'CANCEL',
    recipient: user,
    uid: of.object.uid,
    recurrence: shortened(recurrence),
    sequence,
    text: messageText('CANCEL', of.object, components),
    digest: digestOf('CANCEL', recurrence, String(sequence)),
    force: false,
  };
}

/** What is called off as a whole is a new revision (RFC 5546 §2.1.4); what goes on keeps its number. */
function nextSequence(before: SchedulingObject, after: SchedulingObject | null): number {
  const of = ({ master, components }: SchedulingObject) =>
    master ? sequenceOf(master) : Math.max(...components.map(sequenceOf));
  return after ? Math.max(of(before), of(after)) : of(before) + 1;
}

function cancelled(component: Component, user: Address, sequence: number, now: Date): Component {
  const copy = sharedComponent(component, now);
  for (const attendee of attendeesOf(copy)) if (userOf(attendee) !== user) copy.remove(attendee);
  copy.set('SEQUENCE', String(sequence));
  copy.set('STATUS', 'CANCELLED');
  return copy;
}

/** How messages to attendees went (RFC 6638 §3.2.9), in every component that names them. */
export function setDeliveryStatus(of: SchedulingObject, statuses: ReadonlyMap<Address, string>): void {
  for (const component of of.components)
    for (const attendee of attendeesOf(component)) {
      const status = statuses.get(userOf(attendee) ?? '');
      if (status !== undefined) attendee.setParam('SCHEDULE-STATUS', status);
    }
}

/** SCHEDULE-FORCE-SEND is asked once and not kept (RFC 6638 §7.2). */
export function dropForceSend(of: SchedulingObject): void {
  for (const component of of.components)
    for (const property of [...attendeesOf(component), ...component.all('ORGANIZER')])
      property.setParam('SCHEDULE-FORCE-SEND', undefined);
}

/**
 * Where the organizer moved something, earlier answers mean nothing any more (RFC 6638 §3.2.8): those attendees are asked
 * again, and the revision is counted on if the client did not. Returns whether anything was moved.
 */
export function askAgain(before: SchedulingObject, after: SchedulingObject, own: Own): boolean {
  let moved = false;
  for (const component of after.components) {
    const earlier = earlierOf(component, before, after);
    if (!earlier || !isMoved(before, earlier, after, component)) continue;
    moved = true;
    for (const attendee of attendeesOf(component)) {
      const user = userOf(attendee);
      if (user === null || own.has(user) || partstatOf(attendee) === 'NEEDS-ACTION') continue;
      attendee.setParam('PARTSTAT', 'NEEDS-ACTION');
      attendee.setParam('RSVP', 'TRUE');
      setProposal(attendee, null);
    }
    if (sequenceOf(component) <= sequenceOf(earlier)) component.set('SEQUENCE', String(sequenceOf(earlier) + 1));
  }
  return moved;
}

/** What a component was before: itself, or the series it was part of. */
function earlierOf(component: Component, before: SchedulingObject, after: SchedulingObject): Component | null {
  const id = component.first('RECURRENCE-ID');
  if (!id) return before.master;
  return before.overrides.get(after.keyOf(timeOf(id))) ?? before.master;
}

function isMoved(before: SchedulingObject, earlier: Component, after: SchedulingObject, component: Component): boolean {
  const id = component.first('RECURRENCE-ID');
  if (!id || earlier.first('RECURRENCE-ID')) return before.timesOf(earlier) !== after.timesOf(component);
  // An occurrence that had been as the series says: moved if it is no longer at its place.
  const start = component.first('DTSTART');
  return start !== undefined && after.keyOf(timeOf(start)) !== after.keyOf(timeOf(id));
}

/** Answers that came in while the organizer's client edited an older copy (RFC 6638 §3.2.10) stay. */
export function keepAnswers(before: SchedulingObject, after: SchedulingObject, own: Own): void {
  for (const component of after.components) {
    const earlier = earlierOf(component, before, after);
    const known = earlier ? before.usersOf(earlier) : new Map<Address, never>();
    for (const attendee of attendeesOf(component)) {
      const user = userOf(attendee);
      if (user === null || own.has(user)) continue;
      const answer = known.get(user);
      if (answer && partstatOf(answer) !== 'NEEDS-ACTION') attendee.setParam('PARTSTAT', answer.param('PARTSTAT'));
    }
  }
}
