import type { Component } from '../../formats/content-lines.js';
import { timeOf } from '../../formats/ical/values.js';
import { type Address, attendeeOf, isServerScheduled, type Own, userOf } from './calendar-user.js';
import { type ItipDraft, type ItipMessage, messageText, sharedComponent } from './message.js';
import { digestOf, type SchedulingObject, sequenceOf } from './object.js';
import { proposalOf, setProposal } from './proposal.js';

/** What stamps itself when a component is written again. */
const STAMPS = /^(?:DTSTAMP|LAST-MODIFIED|SEQUENCE)$/;

/**
 * The proposals that the organizer turned down: what was proposed is gone from the attendee's line, and nothing else of the
 * component is another. A client that drops parameters it does not know changes something else too, and declines nothing.
 */
export function declinedProposals(before: SchedulingObject, after: SchedulingObject, own: Own, now: Date): ItipDraft[] {
  return after.components.flatMap((component) => {
    const earlier = sameComponent(component, after, before);
    if (!earlier || said(earlier) !== said(component)) return [];
    return gone(earlier, component, own).map((user) => declining(user, component, after, now));
  });
}

function sameComponent(component: Component, of: SchedulingObject, before: SchedulingObject): Component | null {
  const id = component.first('RECURRENCE-ID');
  return id ? (before.overrides.get(of.keyOf(timeOf(id))) ?? null) : before.master;
}

/** Everything but stamps and proposals, however it is folded. */
function said(component: Component): string {
  const copy = component.clone();
  for (const property of copy.properties) if (STAMPS.test(property.name)) copy.remove(property);
  for (const attendee of copy.all('ATTENDEE')) setProposal(attendee, null);
  return copy.toString().replace(/\r?\n[ \t]/g, '');
}

function gone(before: Component, after: Component, own: Own): Address[] {
  return before.all('ATTENDEE').flatMap((attendee) => {
    const user = userOf(attendee);
    if (user === null || own.has(user) || !isServerScheduled(attendee) || !proposalOf(attendee)) return [];
    return proposalOf(attendeeOf(after, (who) => who === user)) ? [] : [user];
  });
}

/** RFC 5546 §3.2.8 */
function declining(user: Address, component: Component, of: SchedulingObject, now: Date): ItipDraft {
  const copy = sharedComponent(component, now);
  for (const attendee of copy.all('ATTENDEE')) if (userOf(attendee) !== user) copy.remove(attendee);
  const id = component.first('RECURRENCE-ID');
  return {
    method: 'DECLINECOUNTER',
    recipient: user,
    uid: of.object.uid,
    recurrence: id ? of.keyOf(timeOf(id)) : '',
    sequence: sequenceOf(component),
    text: messageText('DECLINECOUNTER', of.object, [copy]),
    digest: digestOf('DECLINECOUNTER', String(now.getTime())),
    force: false,
  };
}

/** Forgets, in the attendee's copy, what the organizer turned down. Returns whether anything was proposed. */
export function dropProposals(known: SchedulingObject, message: ItipMessage, own: Own): boolean {
  let dropped = false;
  for (const component of message.scheduling.components) {
    const mine = sameComponent(component, message.scheduling, known);
    const attendee = mine ? attendeeOf(mine, (user) => own.has(user)) : undefined;
    if (!attendee || !proposalOf(attendee)) continue;
    setProposal(attendee, null);
    dropped = true;
  }
  return dropped;
}
