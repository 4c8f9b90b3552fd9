import { type Component, Property, serializeContentLines } from '../../formats/content-lines.js';
import { openCalendarObject } from '../../formats/ical/parse.js';
import { timeOf } from '../../formats/ical/values.js';
import { type Address, attendeeOf, type Own, organizerOf, partstatOf, UNLISTED, userOf } from './calendar-user.js';
import { cancel } from './cancel.js';
import { dropProposals } from './counter.js';
import { type ItipMessage, timeProperty } from './message.js';
import { isCancelled, isOlder, SchedulingObject, sequenceOf, stampOf } from './object.js';
import { proposalOf, setProposal } from './proposal.js';

/** An attendee's copy after a message of the organizer. */
export interface Merged {
  readonly text: string;
  /** Whether more than answers of others changed (RFC 6638 §3.2.10). */
  readonly significant: boolean;
}

/**
 * What becomes of an attendee's copy (null: there is none) by a message of the organizer; null: it says nothing new, or is
 * not for this attendee. The attendee's own alarms, categories, transparency and private properties stay (RFC 6638 §4.2).
 * @param taker address of somebody who takes an invitation that does not name them: by a list, or forwarded
 */
export function mergeIntoAttendee(stored: string | null, message: ItipMessage, own: Own, taker?: Address): Merged | null {
  const known = stored === null ? null : new SchedulingObject(openCalendarObject(stored));
  if (known?.components.some((component) => organizerOf(component) !== message.organizer)) return null;
  if (message.organizer === null || own.has(message.organizer)) return null;
  const names = (component: Component) => attendeeOf(component, (user) => own.has(user)) !== undefined;
  const isForUs = message.scheduling.components.some(names) || (known !== null && isUnlisted(known, own));
  // Who takes some off the list names just them (RFC 5546 §3.2.5).
  const isForAll = message.scheduling.components.every((component) => component.all('ATTENDEE').length === 0);
  if (message.method === 'CANCEL') return known && (isForUs || isForAll) && cancel(known, message) ? taken(known) : null;
  if (message.method === 'DECLINECOUNTER') return known && declined(known, message, own);
  if (message.method !== 'REQUEST' && message.method !== 'ADD') return null;
  if (!isForUs && taker !== undefined) addUnlisted(message.scheduling, taker);
  return isForUs || taker !== undefined ? request(known, message, own) : null;
}

function isUnlisted(known: SchedulingObject, own: Own): boolean {
  return known.components.some((component) => attendeeOf(component, (user) => own.has(user))?.param(UNLISTED) !== undefined);
}

function addUnlisted({ components }: SchedulingObject, taker: Address): void {
  for (const component of components)
    component.add(new Property('ATTENDEE', `mailto:${taker}`, { PARTSTAT: 'NEEDS-ACTION', RSVP: 'TRUE', [UNLISTED]: 'TRUE' }));
}

function declined(known: SchedulingObject, message: ItipMessage, own: Own): Merged | null {
  return dropProposals(known, message, own) ? taken(known) : null;
}

function taken({ object }: SchedulingObject): Merged {
  return { text: serializeContentLines([object.calendar]), significant: true };
}

function request(known: SchedulingObject | null, message: ItipMessage, own: Own): Merged | null {
  const { master } = message.scheduling;
  // A further date alone says nothing of the rest.
  if (!known) return message.method === 'ADD' ? null : { text: firstCopy(message.scheduling), significant: true };
  return master && message.method === 'REQUEST' ? replaceAll(known, message, own) : replaceSome(known, message, own);
}

/** The alarms in it, if any, are somebody else's. */
function firstCopy(fresh: SchedulingObject): string {
  for (const component of fresh.components) for (const alarm of component.componentsNamed('VALARM')) component.remove(alarm);
  return withoutMethod(fresh);
}

function withoutMethod({ object }: SchedulingObject): string {
  object.calendar.remove('METHOD');
  return serializeContentLines([object.calendar]);
}

/** A message about the whole series takes the place of all that was known. */
function replaceAll(known: SchedulingObject, message: ItipMessage, own: Own): Merged | null {
  const sent = message.scheduling;
  // Of a series that one of its occurrences has overtaken nothing is known yet.
  if (!sent.master || (known.master && isOlder(sent.master, known.master))) return null;
  const fresh = withNewer(known, sent);
  const moved = known.master !== null && known.timesOf(known.master) !== fresh.timesOf(sent.master);
  const significant = isNews(known, fresh);
  if (!significant && saidBy(known, own) === saidBy(fresh, own)) return null;
  for (const component of fresh.components) {
    const id = component.first('RECURRENCE-ID');
    const earlier = id ? (known.overrides.get(fresh.keyOf(timeOf(id))) ?? known.master) : known.master;
    if (!earlier) continue;
    const isHere = id !== undefined || !moved;
    const unmoved = isHere && sameTime(known, earlier, fresh, component);
    keepOwn(component, earlier, own, unmoved && !isCancelled(earlier));
  }
  if (!moved) keepOwnAnswers(known, fresh, own);
  return { text: withoutMethod(fresh), significant };
}

/** The message's object, with the occurrences of which was told after it was sent. */
function withNewer(known: SchedulingObject, fresh: SchedulingObject): SchedulingObject {
  const sent = Math.max(...fresh.components.map(stampOf));
  const newer = [...known.overrides].filter(([, component]) => stampOf(component) > sent && isOccurrence(fresh, component));
  if (newer.length === 0) return fresh;
  const { calendar } = fresh.object;
  for (const [key, component] of newer) {
    const replaced = fresh.overrides.get(key);
    if (replaced) calendar.remove(replaced);
    calendar.add(component.clone());
  }
  return new SchedulingObject(openCalendarObject(serializeContentLines([calendar])));
}

function isOccurrence(of: SchedulingObject, component: Component): boolean {
  const id = component.first('RECURRENCE-ID');
  return id !== undefined && of.has(timeOf(id));
}

function sameTime(known: SchedulingObject, earlier: Component, fresh: SchedulingObject, component: Component): boolean {
  const id = component.first('RECURRENCE-ID');
  if (!id || earlier.first('RECURRENCE-ID')) return known.timesOf(earlier) === fresh.timesOf(component);
  const start = component.first('DTSTART');
  return start === undefined || fresh.keyOf(timeOf(start)) === fresh.keyOf(timeOf(id));
}

/** Answers to single occurrences, which an organizer that tracks none does not send back. */
function keepOwnAnswers(known: SchedulingObject, fresh: SchedulingObject, own: Own): void {
  const { master } = fresh;
  if (!master || !known.master) return;
  const whole = partstatOf(attendeeOf(known.master, (user) => own.has(user)));
  for (const [key, component] of known.overrides) {
    const id = component.first('RECURRENCE-ID');
    const mine = attendeeOf(component, (user) => own.has(user));
    const isAnswerOnly = known.contentOf(component) === known.contentOf(known.master);
    if (!id || !mine || fresh.overrides.has(key) || partstatOf(mine) === whole || !isAnswerOnly) continue;
    if (fresh.contentOf(master) !== known.contentOf(known.master) || !fresh.has(timeOf(id))) continue;
    fresh.object.calendar.add(component.clone());
  }
}

/** A message about single occurrences, and ADD, which brings further ones (RFC 5546 §3.2.4). */
function replaceSome(known: SchedulingObject, message: ItipMessage, own: Own): Merged | null {
  const { calendar } = known.object;
  let significant = false;
  for (const component of message.scheduling.components) {
    const copy = component.clone();
    const id = copy.first('RECURRENCE-ID') ?? (message.method === 'ADD' ? copy.first('DTSTART') : undefined);
    if (!id) continue;
    const time = timeOf(id);
    if (!copy.first('RECURRENCE-ID')) copy.add(timeProperty('RECURRENCE-ID', time));
    const earlier = known.overrides.get(known.keyOf(time));
    if (earlier ? isOlder(copy, earlier) : known.master && sequenceOf(copy) < sequenceOf(known.master)) continue;
    if (known.excluded.has(known.keyOf(time)) && known.master && stampOf(copy) < stampOf(known.master)) continue;
    if (message.method === 'ADD' && known.master && !known.has(time)) known.master.add(timeProperty('RDATE', time));
    const from = earlier ?? known.master;
    if (from) keepOwn(copy, from, own, earlier !== undefined && sameTime(known, earlier, message.scheduling, component));
    if (earlier) calendar.remove(earlier);
    include(known, known.keyOf(time));
    calendar.add(copy);
    significant = true;
  }
  if (!significant) return null;
  addTimezones(known, message.scheduling);
  return { text: serializeContentLines([calendar]), significant };
}

function addTimezones(known: SchedulingObject, fresh: SchedulingObject): void {
  const { calendar, timezones } = known.object;
  const ids = new Set(timezones.map((timezone) => timezone.first('TZID')?.text.trim()));
  const [first] = calendar.components;
  for (const timezone of fresh.object.timezones)
    if (first && !ids.has(timezone.first('TZID')?.text.trim())) calendar.insertBefore(timezone.clone(), first);
}

/** Takes an occurrence out of EXDATE. */
function include(known: SchedulingObject, key: string): void {
  const { master } = known;
  if (!master || !known.excluded.has(key)) return;
  const kept = [...known.excluded].filter(([excluded]) => excluded !== key);
  master.remove('EXDATE');
  for (const [, time] of kept) master.add(timeProperty('EXDATE', time));
}

/** Whether more than answers and stamps differ. */
function isNews(known: SchedulingObject, fresh: SchedulingObject): boolean {
  const told = (of: SchedulingObject) =>
    JSON.stringify([
      of.components.map((component) => [of.timesOf(component), of.contentOf(component)]),
      [...of.excluded.keys()].sort(),
    ]);
  return told(known) !== told(fresh);
}

/** Which revision it is, who is invited and what they answered, the attendee apart. */
function saidBy(of: SchedulingObject, own: Own): string {
  const lines = of.components.flatMap((component) =>
    component.all('ATTENDEE').flatMap((attendee) => {
      const user = userOf(attendee);
      return user === null || own.has(user) ? [] : `${component.first('RECURRENCE-ID')?.value} ${user} ${partstatOf(attendee)}`;
    }),
  );
  return [...of.components.map(sequenceOf), ...lines.sort()].join('\n');
}

/** The attendee's own, which no organizer decides. */
const OWN_PROPERTIES =
  /^(?:TRANSP|CATEGORIES|COLOR|COMPLETED|PERCENT-COMPLETE|CREATED|X-MOZ-.*|X-LIC-.*|X-MICROSOFT-CDO-(?:BUSYSTATUS|REPLYTIME)|X-APPLE-(?!STRUCTURED-LOCATION).*)$/;
/** The same as DESCRIPTION, for those who show HTML. */
const HTML = 'X-ALT-DESC';

/** What the copy has and the message has not: an organizer's clients write further properties, and the attendee's do. */
function isOwn(name: string, component: Component): boolean {
  return OWN_PROPERTIES.test(name) || (/^X-/.test(name) && name !== HTML && component.first(name) === undefined);
}

function keepOwn(component: Component, earlier: Component, own: Own, keepAnswer: boolean): void {
  for (const alarm of component.componentsNamed('VALARM')) component.remove(alarm);
  const names = new Set(earlier.properties.map(({ name }) => name).filter((name) => isOwn(name, component)));
  for (const name of names) {
    component.remove(name);
    for (const property of earlier.all(name)) component.add(property.clone());
  }
  for (const alarm of earlier.componentsNamed('VALARM')) component.add(alarm.clone());
  const [mine, said] = [component, earlier].map((of) => attendeeOf(of, (user) => own.has(user)));
  if (!mine && said?.param(UNLISTED)) component.add(asked(said.clone(), keepAnswer));
  if (!mine || !said) return;
  if (!keepAnswer) return;
  if (partstatOf(mine) === 'NEEDS-ACTION' && partstatOf(said) !== 'NEEDS-ACTION') {
    mine.setParam('PARTSTAT', said.param('PARTSTAT'));
    mine.setParam('RSVP', undefined);
  }
  if (!proposalOf(mine)) setProposal(mine, proposalOf(said));
}

/** A line that no organizer sends back; the answer on it is asked for again where the meeting is another. */
function asked(line: Property, keepAnswer: boolean): Property {
  if (!keepAnswer)
    for (const [name, value] of [
      ['PARTSTAT', 'NEEDS-ACTION'],
      ['RSVP', 'TRUE'],
    ] as const)
      line.setParam(name, value);
  return line;
}
