import { type ItipMessage, readMessage } from '../../../domain/itip/message.js';
import type { Account } from '../../../domain/types.js';
import { IcalError } from '../../../formats/ical/error.js';
import { timeOf } from '../../../formats/ical/values.js';
import { ZoneTable } from '../../../formats/ical/zones.js';
import { type Element, el, optional } from '../../../formats/wbxml/tree.js';
import { ianaZone, UTC } from '../../../formats/zones/iana.js';
import { atLeast, type EasVersion } from '../versions.js';
import { emailOf, isOwn, ownAttendee } from './attendees.js';
import { toCompact, toExtended } from './dates.js';
import { sensitivityOf } from './event-fields.js';
import type { ItemModel } from './event-model.js';
import { mainModel, type OpenedObject } from './event-model.js';
import { renderTimezone } from './event-schedule.js';
import { shownRecurrence } from './event-series.js';
import { isSeries, timesOfEvent, toWire } from './event-times.js';
import { globalObjId } from './global-obj-id.js';
import { locationOf, locationValue } from './location.js';

/** What a message about a meeting is to a phone. */
export interface MeetingMessage {
  /** MS-ASEMAIL MessageClass. */
  readonly messageClass: string;
  /** The MeetingRequest element; undefined for answers. */
  readonly element: Element | undefined;
}

const ANSWER_CLASSES: Readonly<Record<string, string>> = { ACCEPTED: 'Pos', TENTATIVE: 'Tent', DECLINED: 'Neg' };

/** Reads the calendar part of a message for a phone; undefined where it is none that phones know. */
export function meetingMessage(text: string, user: Account, version: EasVersion, now: Date): MeetingMessage | undefined {
  try {
    const message = readMessage(text);
    return message?.scheduling.object.component === 'VEVENT' ? shown(message, user, version, now) : undefined;
  } catch (error) {
    if (error instanceof IcalError) return undefined;
    throw error;
  }
}

function shown(message: ItipMessage, user: Account, version: EasVersion, now: Date): MeetingMessage | undefined {
  const { object } = message.scheduling;
  const zones = new ZoneTable(object.timezones, ianaZone(user.zone) ?? UTC);
  const opened: OpenedObject = { calendar: object.calendar, zones, user, master: object.master, object };
  const model = mainModel(opened);
  if (message.method === 'REPLY' || message.method === 'COUNTER') {
    const partstat = model.component.first('ATTENDEE')?.param('PARTSTAT')?.toUpperCase() ?? '';
    const answer = ANSWER_CLASSES[partstat];
    return answer ? { messageClass: `IPM.Schedule.Meeting.Resp.${answer}`, element: undefined } : undefined;
  }
  if (!model.component.first('DTSTART')) return undefined;
  const isOff = message.method === 'CANCEL';
  if (!isOff && message.method !== 'REQUEST') return undefined;
  const organizer = model.component.first('ORGANIZER');
  const isMine = organizer !== undefined && isOwn(user, emailOf(organizer));
  const messageClass = isOff ? 'IPM.Schedule.Meeting.Canceled' : 'IPM.Schedule.Meeting.Request';
  return { messageClass, element: isMine ? undefined : requestElement(model, message, version, now) };
}

const NORMAL_BUSY = 2;
const FREE = 0;

/** In the order of MS-ASEMAIL's examples. */
function requestElement(model: ItemModel, message: ItipMessage, version: EasVersion, now: Date): Element {
  const { component, zones } = model;
  const times = timesOfEvent(component, zones);
  const wire = (time: typeof times.start) => toExtended(toWire(time, zones, version));
  const id = component.first('RECURRENCE-ID');
  const occurrence = id && timeOf(id);
  const stamp = component.first('DTSTAMP');
  const organizer = component.first('ORGANIZER');
  const isFree = message.method === 'CANCEL' || component.first('TRANSP')?.value.trim().toUpperCase() === 'TRANSPARENT';
  const context = { version, user: model.user, bodyPreferences: [], now };
  return el(
    'Email:MeetingRequest',
    el('Email:AllDayEvent', times.isAllDay),
    el('Email:StartTime', wire(times.start)),
    el('Email:DtStamp', toExtended(stamp ? zones.instant(timeOf(stamp)) : now)),
    el('Email:EndTime', wire(times.end)),
    el('Email:InstanceType', instanceType(model, version)),
    ...location(model, version),
    optional('Email:Organizer', organizer && organizerText(emailOf(organizer), organizer.param('CN'))),
    optional('Email:RecurrenceId', occurrence && wire(occurrence)),
    el('Email:ResponseRequested', responseRequested(model)),
    recurrences(model, version),
    el('Email:Sensitivity', sensitivityOf(model)),
    el('Email:BusyStatus', isFree ? FREE : NORMAL_BUSY),
    timezone(model, context),
    ...identity(message, occurrence ? zones.zoneOf(occurrence).toLocal(zones.instant(occurrence)) : null, version),
    atLeast(version, '14.0') ? el('Email:DisallowNewTimeProposal', disallowsProposal(model)) : undefined,
    atLeast(version, '14.1') ? el('Email2:MeetingMessageType', message.sequence === 0 ? INITIAL : UPDATE) : undefined,
  );
}

const INITIAL = 1;
const UPDATE = 2;

/** 0 single, 1 series, 3 an occurrence that differs, 4 one without its series (from 16.0 on). */
function instanceType({ component, master }: ItemModel, version: EasVersion): number {
  if (component.first('RECURRENCE-ID')) return master === null && atLeast(version, '16.0') ? 4 : 3;
  return isSeries(component) ? 1 : 0;
}

function location({ component }: ItemModel, version: EasVersion): Element[] {
  if (!atLeast(version, '16.0')) {
    const text = component.first('LOCATION')?.text.trim();
    return text ? [el('Email:Location', text)] : [];
  }
  const found = locationOf(component);
  return found ? [el('AirSyncBase:Location', locationValue.write(found))] : [];
}

function organizerText(address: string, name: string | undefined): string | undefined {
  if (address === '') return undefined;
  return name && name !== address ? `"${name.replace(/[\r\n]+/g, ' ').replace(/(["\\])/g, '\\$1')}" <${address}>` : address;
}

/** What does not say otherwise wants an answer. */
function responseRequested({ component, user }: ItemModel): boolean {
  return ownAttendee(component, user)?.param('RSVP')?.toUpperCase() !== 'FALSE';
}

function disallowsProposal({ component }: ItemModel): boolean {
  return component.first('X-MICROSOFT-DISALLOW-COUNTER')?.value.trim().toUpperCase() === 'TRUE';
}

/** Children in the order of MS-ASEMAIL 2.2.2.61 Recurrence. */
function recurrences(model: ItemModel, version: EasVersion): Element | undefined {
  const shown = model.master && shownRecurrence(model, model.master, version);
  if (!shown) return undefined;
  const { until } = shown;
  return el(
    'Email:Recurrences',
    el(
      'Email:Recurrence',
      el('Email:Type', shown.type),
      el('Email:Interval', shown.interval ?? 1),
      optional('Email:Until', until === undefined ? undefined : toCompact(until)),
      optional('Email:Occurrences', shown.occurrences),
      optional('Email:WeekOfMonth', shown.weekOfMonth),
      optional('Email:DayOfMonth', shown.dayOfMonth),
      optional('Email:DayOfWeek', shown.dayOfWeek),
      optional('Email:MonthOfYear', shown.monthOfYear),
      atLeast(version, '14.0') && shown.type >= 2 ? el('Email2:CalendarType', shown.calendarType ?? 0) : undefined,
      atLeast(version, '14.0') && shown.type >= 5 ? el('Email2:IsLeapMonth', shown.isLeapMonth ?? false) : undefined,
      atLeast(version, '14.1') && shown.type === 1 ? optional('Email2:FirstDayOfWeek', shown.firstDayOfWeek) : undefined,
    ),
  );
}

/** The zone of days is told even where calendar items do not have it. */
function timezone(model: ItemModel, context: Parameters<typeof renderTimezone>[2]): Element | undefined {
  const version = timesOfEvent(model.component, model.zones).isAllDay ? '14.1' : context.version;
  const calendar = renderTimezone(model, model.component, { ...context, version });
  return calendar && el('Email:TimeZone', calendar.content);
}

/** GlobalObjId up to 14.1, from 16.0 on the UID itself. */
function identity({ uid }: ItipMessage, occurrence: number | null, version: EasVersion): Element[] {
  if (atLeast(version, '16.0')) return [el('Calendar:UID', uid.slice(0, 300))];
  const date = occurrence === null ? null : new Date(occurrence);
  const day = date && { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  return [el('Email:GlobalObjId', Buffer.from(globalObjId(uid, day)).toString('base64'))];
}
