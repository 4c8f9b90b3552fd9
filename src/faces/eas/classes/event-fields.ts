import { formatList, type Property } from '../../../formats/content-lines.js';
import { timeOf } from '../../../formats/ical/values.js';
import type { Element } from '../../../formats/wbxml/tree.js';
import { type Fields, fieldsOf } from '../schema/field.js';
import { compactDate, flag, integer, line, list, type ValueType } from '../schema/values.js';
import { atLeast } from '../versions.js';
import {
  attendeeList,
  attendeesOf,
  emailOf,
  isMeeting,
  isOrganizer,
  ownAttendee,
  responseOf,
  setAttendees,
  visibleAttendees,
} from './attendees.js';
import { bodyFor, bodyValue, descriptionOf, plainBody, setDescription } from './body-pim.js';
import { eventFileList, eventFiles } from './event-attachments.js';
import type { ItemModel } from './event-model.js';
import { locationLine, locationOf, locationValue, setLocation, setLocationLine, textProperty } from './location.js';
import { MOST_MINUTES, reminderOf, setReminder } from './reminder.js';

const field = fieldsOf<ItemModel>();

/** CLASS by Sensitivity; any other word is private (RFC 5545 §3.8.1.3). Personal is Outlook's word. */
const CLASSES = ['PUBLIC', 'PERSONAL', 'PRIVATE', 'CONFIDENTIAL'] as const;
const PRIVATE = 2;

/** Sensitivity, as calendar items and tasks have it. */
export function sensitivityOf({ component }: ItemModel): number {
  const value = component.first('CLASS')?.value.trim().toUpperCase();
  if (!value) return 0;
  const at = CLASSES.indexOf(value as (typeof CLASSES)[number]);
  return at < 0 ? PRIVATE : at;
}

export function setSensitivity({ component }: ItemModel, value = 0): void {
  if (value === 0) component.remove('CLASS');
  else component.set('CLASS', CLASSES[value] ?? 'PRIVATE');
}

export function categoriesOf({ component }: ItemModel): readonly string[] | undefined {
  const found = component.all('CATEGORIES').flatMap((property) => property.list.map((name) => name.trim()).filter(Boolean));
  return found.length > 0 ? [...new Set(found)] : undefined;
}

export function setCategories({ component }: ItemModel, values: readonly string[] = []): void {
  if (values.length === 0) component.remove('CATEGORIES');
  else component.set('CATEGORIES', formatList(values));
}

export function subjectOf({ component }: ItemModel): string | undefined {
  return component.first('SUMMARY')?.text;
}

export function setSubject({ component }: ItemModel, value: string | undefined): void {
  textProperty(component, 'SUMMARY', value);
}

/** Outlook's finer word for TRANSP. */
const BUSY = 'X-MICROSOFT-CDO-BUSYSTATUS';
const BUSY_WORDS = ['FREE', 'TENTATIVE', 'BUSY', 'OOF', 'WORKINGELSEWHERE'] as const;
const FREE = 0;
const TENTATIVE = 1;
const OPAQUE = 2;
const ELSEWHERE = 4;

/** TRANSP decides between free and busy; the finer word only among the busy ones, lest an older one of another app wins. */
function busyOf({ component }: ItemModel): number {
  if (component.first('TRANSP')?.value.trim().toUpperCase() === 'TRANSPARENT') return FREE;
  const word = component.first(BUSY)?.value.trim().toUpperCase();
  const found = BUSY_WORDS.indexOf(word as (typeof BUSY_WORDS)[number]);
  if (found > FREE) return found;
  return component.first('STATUS')?.value.trim().toUpperCase() === 'TENTATIVE' ? TENTATIVE : OPAQUE;
}

function setBusy({ component }: ItemModel, value: number): void {
  const transp = value === FREE ? 'TRANSPARENT' : 'OPAQUE';
  if (value === FREE || component.first('TRANSP')) component.set('TRANSP', transp);
  const isFine = value !== FREE && value !== OPAQUE;
  if (isFine || component.first(BUSY)) component.set(BUSY, BUSY_WORDS[value] as string);
}

const CANCELLED_BIT = 4;

/** MeetingStatus: only the cancellation is the client's to say, the rest follows from who organizes. */
const meetingStatus: ValueType<number> = {
  ...integer(0, 255),
  same: (shown, sent) => (sent & CANCELLED_BIT) === 0 || (shown & CANCELLED_BIT) !== 0,
};

function meetingStatusOf(model: ItemModel): number {
  if (!isMeeting(model)) return 0;
  const isCancelled = model.component.first('STATUS')?.value.trim().toUpperCase() === 'CANCELLED';
  return (isOrganizer(model) ? 1 : 3) + (isCancelled ? CANCELLED_BIT : 0);
}

/** Where online meetings are joined, the best first: programs' own properties are of one meeting with RFC 7986 CONFERENCE. */
const CONFERENCES = [
  'X-MICROSOFT-ONLINEMEETINGEXTERNALLINK',
  'CONFERENCE',
  'X-GOOGLE-CONFERENCE',
  'X-MICROSOFT-SKYPETEAMSMEETINGURL',
];

function conferenceOf({ component }: ItemModel): string | undefined {
  const links = CONFERENCES.flatMap((name) => component.all(name));
  const uris = links.sort((a, b) => Number(hasVideo(b)) - Number(hasVideo(a))).map((link) => link.text.trim());
  // A number to dial is no link to join by.
  return uris.find((uri) => /^https?:/i.test(uri)) ?? uris.find((uri) => uri !== '' && !/^(?:tel|mailto):/i.test(uri));
}

/** RFC 7986 §6.3 FEATURE. */
function hasVideo(link: Property): boolean {
  return link.paramValues('FEATURE').some((feature) => feature.toUpperCase() === 'VIDEO');
}

function isAsked(model: ItemModel): boolean {
  return visibleAttendees(model).some((property) => property.param('RSVP')?.toUpperCase() === 'TRUE');
}

function setAsked(model: ItemModel, value: boolean | undefined): void {
  if (!isOrganizer(model)) return;
  for (const property of visibleAttendees(model)) property.setParam('RSVP', value ? 'TRUE' : undefined);
}

/** When the user answered: from Outlook's property, else the stamp of the own line if the scheduling left one. */
function replyTimeOf(model: ItemModel): Date | undefined {
  const property = model.component.first('X-MICROSOFT-CDO-REPLYTIME');
  const own = ownAttendee(model.component, model.user);
  if (!property || !own || responseOf(model) === 5) return undefined;
  try {
    return new Date(timeOf(property).local);
  } catch {
    return undefined;
  }
}

/** Elements that an occurrence can have values of its own for (MS-ASCAL Exception), and the series too. In wire order. */
export const OCCURRENCE_FIELDS: Fields<ItemModel> = [
  field({
    tag: 'Calendar:DtStamp',
    type: compactDate,
    get: ({ component }) => {
      const stamp = component.first('DTSTAMP');
      return stamp && new Date(timeOf(stamp).local);
    },
  }),
  field({ tag: 'Calendar:Subject', type: line, get: subjectOf, set: setSubject }),
  field({
    tag: 'Calendar:Attendees',
    type: attendeeList,
    // A well-known phone leaves them out of its edits: nobody is uninvited by that.
    absent: 'kept',
    get: (model, { version }) => attendeesOf(model, version),
    set: (model, value) => setAttendees(model, value ?? [], true),
  }),
  field({
    tag: 'Calendar:Location',
    type: line,
    until: '14.1',
    ghostable: false,
    get: ({ component }) => locationLine(component),
    set: ({ component }, value) => setLocationLine(component, value),
  }),
  field({
    tag: 'AirSyncBase:Location',
    type: locationValue,
    since: '16.0',
    get: ({ component }) => locationOf(component),
    set: ({ component }, value) => setLocation(component, value),
  }),
  field({
    tag: 'AirSyncBase:Body',
    type: bodyValue,
    since: '12.0',
    absent: 'kept',
    get: ({ component }, context) => bodyFor(descriptionOf(component), context),
    set: ({ component }, value) => setDescription(component, value),
  }),
  field({
    tag: 'Calendar:Body',
    type: { ...bodyValue, read: (element: Element) => plainBody(element), write: (body) => body.data },
    until: '2.5',
    absent: 'kept',
    get: ({ component }, context) => bodyFor(descriptionOf(component), { ...context, bodyPreferences: [] }),
    set: ({ component }, value) => setDescription(component, value),
  }),
  field({
    tag: 'AirSyncBase:Attachments',
    type: eventFileList,
    since: '16.0',
    get: ({ component }, { files }) => eventFiles(component, files),
  }),
  field({ tag: 'Calendar:Categories', type: list('Calendar:Category'), get: categoriesOf, set: setCategories }),
  field({ tag: 'Calendar:Sensitivity', type: integer(0, 3), get: sensitivityOf, set: setSensitivity }),
  field({
    tag: 'Calendar:BusyStatus',
    type: integer(0, 4),
    ghostable: false,
    absent: 'kept',
    get: (model, { version }) => {
      const value = busyOf(model);
      return value === ELSEWHERE && !atLeast(version, '16.0') ? FREE : value;
    },
    set: (model, value) => setBusy(model, value ?? OPAQUE),
  }),
  field({
    tag: 'Calendar:Reminder',
    type: integer(0, MOST_MINUTES),
    ghostable: false,
    get: reminderOf,
    set: setReminder,
  }),
  field({
    tag: 'Calendar:MeetingStatus',
    type: meetingStatus,
    absent: 'kept',
    empty: 'kept',
    get: meetingStatusOf,
    set: ({ component }) => {
      component.set('STATUS', 'CANCELLED');
    },
  }),
  field({ tag: 'Calendar:ResponseType', type: integer(0, 5), since: '14.0', get: responseOf }),
  field({ tag: 'Calendar:AppointmentReplyTime', type: compactDate, since: '14.0', get: replyTimeOf }),
  field({
    tag: 'Calendar:OnlineMeetingConfLink',
    type: line,
    since: '14.1',
    get: ({ component }) => component.first('X-MICROSOFT-ONLINEMEETINGCONFLINK')?.text,
  }),
  field({ tag: 'Calendar:OnlineMeetingExternalLink', type: line, since: '14.1', get: conferenceOf }),
];

/** UIDs beyond 300 characters are cut: no client may be sent more (MS-ASCAL UID), and none sends it back to be stored. */
const MAX_UID = 300;

/** Elements that only the series or single item has. */
export const ITEM_FIELDS: Fields<ItemModel> = [
  field({
    tag: 'Calendar:UID',
    type: line,
    get: ({ component }) => component.first('UID')?.text.slice(0, MAX_UID),
  }),
  field({
    tag: 'Calendar:OrganizerName',
    type: line,
    // Events without an organizer are the user's: some clients take them for another's otherwise.
    get: ({ component, user }) => {
      const organizer = component.first('ORGANIZER');
      return organizer ? organizer.param('CN') || emailOf(organizer) : user.displayName || user.address;
    },
  }),
  field({
    tag: 'Calendar:OrganizerEmail',
    type: line,
    get: ({ component, user }) => {
      const organizer = component.first('ORGANIZER');
      return organizer ? emailOf(organizer) : user.address;
    },
  }),
  field({
    tag: 'Calendar:ResponseRequested',
    type: flag,
    since: '14.0',
    absent: 'kept',
    get: isAsked,
    set: setAsked,
  }),
  field({
    tag: 'Calendar:DisallowNewTimeProposal',
    type: flag,
    since: '14.0',
    absent: 'kept',
    get: ({ component }) => component.first('X-MICROSOFT-DISALLOW-COUNTER')?.value.trim().toUpperCase() === 'TRUE',
    set: ({ component }, value) => textProperty(component, 'X-MICROSOFT-DISALLOW-COUNTER', value ? 'TRUE' : undefined),
  }),
  field({
    tag: 'AirSyncBase:NativeBodyType',
    type: integer(1, 3),
    since: '12.0',
    get: ({ component }) => {
      const { plain, html } = descriptionOf(component);
      return html !== undefined ? 2 : plain === '' ? undefined : 1;
    },
  }),
];
