import type { Component, Property } from '../../formats/content-lines.js';
import { timeOf } from '../../formats/ical/values.js';
import { type Address, attendeeOf, type Own, partstatOf, userOf } from './calendar-user.js';
import type { SchedulingObject } from './object.js';

/** A change, with who made it in the owner's name; null: the owner. */
export interface ActedChange {
  readonly before: SchedulingObject | null;
  readonly after: SchedulingObject | null;
  readonly own: Own;
  readonly delegate: Address | null;
}

/**
 * Notes who organizes in the owner's name (RFC 5545 §3.2.18 SENT-BY). Returns whether anything became another.
 * Where the owner organizes, whatever stands there stays: his own programs may have written it.
 */
export function markOrganizing({ before, after, own, delegate }: ActedChange): boolean {
  if (delegate === null) return false;
  // What goes is told of by the text that was.
  const of = after ?? before;
  const lines = (of?.components ?? []).flatMap((component) => component.all('ORGANIZER'));
  return lines
    .filter((line) => own.has(userOf(line) ?? ''))
    .map((line) => mark(line, delegate))
    .some(Boolean);
}

/** Notes who answered in the owner's name, where there is another answer now. Returns whether anything became another. */
export function markAnswering({ before, after, own, delegate }: ActedChange): boolean {
  const lines = (after?.components ?? []).flatMap((component) => {
    const mine = mineIn(component, own);
    const earlier = before && after ? mineIn(sameComponent(component, after, before), own) : undefined;
    return mine && partstatOf(mine) !== partstatOf(earlier) ? [mine] : [];
  });
  // Occurrences that are taken out are declined by the text that was.
  const gone = (before?.components ?? []).flatMap((component) => mineIn(component, own) ?? []);
  return [...lines, ...gone].map((line) => mark(line, delegate)).some(Boolean);
}

function mineIn(component: Component | null | undefined, own: Own): Property | undefined {
  return component ? attendeeOf(component, (user) => own.has(user)) : undefined;
}

function sameComponent(component: Component, of: SchedulingObject, before: SchedulingObject): Component | null {
  const id = component.first('RECURRENCE-ID');
  return (id && before.overrides.get(of.keyOf(timeOf(id)))) || before.master;
}

function mark(line: Property, delegate: Address | null): boolean {
  const wanted = delegate === null ? undefined : `mailto:${delegate}`;
  if (line.param('SENT-BY') === wanted) return false;
  line.setParam('SENT-BY', wanted);
  return true;
}
