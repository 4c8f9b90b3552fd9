import { isDeepStrictEqual } from 'node:util';
import { proposalOf } from '../../../domain/itip/proposal.js';
import type { Account } from '../../../domain/types.js';
import { type Component, Property } from '../../../formats/content-lines.js';
import { children, childText, type Element, el, optional } from '../../../formats/wbxml/tree.js';
import type { ValueType } from '../schema/values.js';
import { line, lineText } from '../schema/values.js';
import { atLeast, type EasVersion } from '../versions.js';
import { toCompact } from './dates.js';
import type { ItemModel } from './event-model.js';

/** One Attendee (MS-ASCAL 2.2.2.4). */
export interface Attendee {
  readonly email: string;
  readonly name: string;
  /** 0 unknown, 2 tentative, 3 accepted, 4 declined, 5 no answer. */
  readonly status?: number;
  /** 1 required, 2 optional, 3 resource. */
  readonly type?: number;
  /** Another time that the attendee proposes (from 16.1 on). */
  readonly proposal?: { readonly start: number; readonly end: number };
}

/** PARTSTAT to AttendeeStatus and ResponseType; whatever else there is has not answered for itself. */
const STATUS: Readonly<Record<string, number>> = { TENTATIVE: 2, ACCEPTED: 3, DECLINED: 4 };
const NO_ANSWER = 5;

/** AttendeeType to parameters of ATTENDEE. */
const TYPES: Readonly<Record<number, { readonly ROLE: string; readonly CUTYPE?: string }>> = {
  1: { ROLE: 'REQ-PARTICIPANT' },
  2: { ROLE: 'OPT-PARTICIPANT' },
  3: { ROLE: 'NON-PARTICIPANT', CUTYPE: 'RESOURCE' },
};
const RESOURCE = /^(?:RESOURCE|ROOM)$/i;
const OPTIONAL = /^(?:OPT-PARTICIPANT|NON-PARTICIPANT)$/i;

/** Attendees beyond are not shown; more than a store takes anyway. */
const MOST = 2000;

export const attendeeList: ValueType<readonly Attendee[]> = {
  read: (element) =>
    children(element, 'Calendar:Attendee')
      .slice(0, MOST)
      .map(readAttendee)
      .filter((attendee) => attendee !== undefined),
  write: (attendees) => attendees.map(writeAttendee),
  same: (shown, sent) =>
    shown.length === sent.length && sent.every((attendee) => shown.some((other) => sameAttendee(other, attendee))),
  looksSame: (a, b) => isDeepStrictEqual(a, b),
};

function readAttendee(element: Element): Attendee | undefined {
  const email = addressOf(childText(element, 'Calendar:Email') ?? '');
  if (email === '') return undefined;
  const type = Number(childText(element, 'Calendar:AttendeeType') || Number.NaN);
  const name = lineText(childText(element, 'Calendar:Name'));
  const status = Number(childText(element, 'Calendar:AttendeeStatus') || Number.NaN);
  return { email, name, ...(TYPES[type] ? { type } : {}), ...(status >= 0 && status <= NO_ANSWER ? { status } : {}) };
}

function writeAttendee(attendee: Attendee): Element {
  return el(
    'Calendar:Attendee',
    el('Calendar:Email', line.write(attendee.email)),
    el('Calendar:Name', line.write(attendee.name)),
    optional('Calendar:AttendeeStatus', attendee.status),
    optional('Calendar:AttendeeType', attendee.type),
    optional('MeetingResponse:ProposedStartTime', attendee.proposal && toCompact(attendee.proposal.start)),
    optional('MeetingResponse:ProposedEndTime', attendee.proposal && toCompact(attendee.proposal.end)),
  );
}

/** How they answered is theirs to say, so it is not compared. */
function sameAttendee(shown: Attendee, sent: Attendee): boolean {
  const isNamed = sent.name === '' || sent.name === sent.email || line.same(sent.name, shown.name);
  return sameAddress(shown.email, sent.email) && isNamed && (sent.type === undefined || sent.type === shown.type);
}

export function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** `"Ada" <ada@example.org>` and `ada@example.org` → `ada@example.org` */
function addressOf(text: string): string {
  const address = /<([^<>]+)>\s*$/.exec(text)?.[1] ?? text;
  return address.replace(/[\s\p{Cc}]+/gu, '').slice(0, 320);
}

/** The mail address of a calendar user; empty where it has none. */
export function emailOf(property: Property): string {
  const address = /^mailto:/i.test(property.value) ? property.value.slice(7) : (property.param('EMAIL') ?? '');
  try {
    return addressOf(decodeURIComponent(address));
  } catch {
    return addressOf(address); // a per cent sign that escapes nothing
  }
}

export function isOwn(user: Account, email: string): boolean {
  return [user.address, ...user.aliases].some((address) => sameAddress(address, email));
}

/** Whether the user decides about the item: nobody else organizes it. */
export function isOrganizer({ component, user }: ItemModel): boolean {
  const organizer = component.first('ORGANIZER');
  return !organizer || isOwn(user, emailOf(organizer));
}

/** The attendees a device is shown: all but the organizer, who is told elsewhere. */
export function visibleAttendees({ component }: ItemModel): Property[] {
  const organizer = component.first('ORGANIZER');
  const organizing = organizer ? emailOf(organizer) : '';
  return component
    .all('ATTENDEE')
    .filter((property) => emailOf(property) !== '' && !sameAddress(emailOf(property), organizing))
    .slice(0, MOST);
}

/** Whether the item is a meeting: with attendees, or organized by somebody else. */
export function isMeeting(model: ItemModel): boolean {
  return visibleAttendees(model).length > 0 || !isOrganizer(model);
}

/** Types and answers came with 12.0, proposed times with 16.1 (MS-ASCAL Attendee). */
export function attendeesOf(model: ItemModel, version: EasVersion): readonly Attendee[] {
  return visibleAttendees(model).map((property) => ({
    email: emailOf(property),
    name: property.param('CN')?.trim() || emailOf(property),
    ...(atLeast(version, '12.0') ? { status: statusOf(property), type: typeOf(property) } : {}),
    ...(atLeast(version, '16.1') ? { proposal: proposalIn(property) } : {}),
  }));
}

/** Kept in UTC. */
function proposalIn(property: Property): Attendee['proposal'] {
  const proposal = proposalOf(property);
  return proposal ? { start: proposal.start.local, end: proposal.end.local } : undefined;
}

function statusOf(property: Property): number {
  return STATUS[property.param('PARTSTAT')?.toUpperCase() ?? ''] ?? NO_ANSWER;
}

function typeOf(property: Property): number {
  if (RESOURCE.test(property.param('CUTYPE') ?? '')) return 3;
  return OPTIONAL.test(property.param('ROLE') ?? '') ? 2 : 1;
}

/** ResponseType (MS-ASCAL 2.2.2.38): 0 no meeting, 1 the user organizes it, else the user's own answer. */
export function responseOf(model: ItemModel): number {
  if (!isMeeting(model)) return 0;
  if (isOrganizer(model)) return 1;
  const own = ownAttendee(model.component, model.user);
  return own ? statusOf(own) : NO_ANSWER;
}

export function ownAttendee(component: Component, user: Account): Property | undefined {
  return component.all('ATTENDEE').find((property) => isOwn(user, emailOf(property)));
}

/**
 * Writes the attendees a device sent: lines of those that stay keep what only iCalendar can say, the user's own line is
 * never taken away. Only the organizer says who is invited; from others the list is ignored.
 */
export function setAttendees(model: ItemModel, sent: readonly Attendee[], asked: boolean): void {
  if (!isOrganizer(model)) return;
  const { component, user } = model;
  if (sent.some(({ email }) => !isOwn(user, email))) ensureOrganizer(model);
  const shown = visibleAttendees(model);
  for (const property of shown) {
    const attendee = sent.find(({ email }) => sameAddress(email, emailOf(property)));
    if (attendee) updateAttendee(property, attendee);
    else if (!isOwn(user, emailOf(property))) component.remove(property);
  }
  const fresh = sent.filter(({ email }) => !component.all('ATTENDEE').some((known) => sameAddress(emailOf(known), email)));
  const others = fresh.filter(({ email }) => !isOwn(user, email));
  for (const attendee of others) component.add(newAttendee(attendee, asked ? { RSVP: 'TRUE' } : {}));
}

/** A meeting that somebody else organizes, as a device adds it to the calendar: with the answers that it knows. */
export function addForeignMeeting({ component }: ItemModel, organizer: Attendee, attendees: readonly Attendee[]): void {
  const cn = organizer.name === '' || organizer.name === organizer.email ? undefined : organizer.name;
  component.add(new Property('ORGANIZER', `mailto:${organizer.email}`, { CN: cn }));
  for (const attendee of attendees) component.add(newAttendee(attendee, { PARTSTAT: partstatOf(attendee.status) }));
}

function partstatOf(status: number | undefined): string {
  return Object.keys(STATUS).find((name) => STATUS[name] === status) ?? 'NEEDS-ACTION';
}

/** Who has attendees is an organizer (RFC 5545 §3.8.4.3). */
export function ensureOrganizer({ component, user }: ItemModel): void {
  if (component.first('ORGANIZER')) return;
  const cn = user.displayName && user.displayName !== user.address ? user.displayName : undefined;
  component.add(new Property('ORGANIZER', `mailto:${user.address}`, { CN: cn }));
}

function updateAttendee(property: Property, { name, email, type }: Attendee): void {
  const current = property.param('CN')?.trim() || emailOf(property);
  if (name !== '' && name !== email && !line.same(name, current)) property.setParam('CN', name);
  if (type === undefined || type === typeOf(property)) return;
  property.setParam('ROLE', TYPES[type]?.ROLE);
  if (type === 3 || typeOf(property) === 3) property.setParam('CUTYPE', TYPES[type]?.CUTYPE);
}

function newAttendee({ email, name, type = 1 }: Attendee, answer: { PARTSTAT?: string; RSVP?: string }): Property {
  return new Property('ATTENDEE', `mailto:${email}`, {
    CN: name === '' || name === email ? undefined : name,
    CUTYPE: TYPES[type]?.CUTYPE,
    ROLE: TYPES[type]?.ROLE,
    PARTSTAT: 'NEEDS-ACTION',
    ...answer,
  });
}
