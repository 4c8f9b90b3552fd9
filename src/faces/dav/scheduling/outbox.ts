import type { Span } from '../../../domain/pim/model.js';
import { type Component, ContentLineError, type Property, parseContentLines } from '../../../formats/content-lines.js';
import { timeOf } from '../../../formats/ical/values.js';
import { ZoneTable } from '../../../formats/ical/zones.js';
import { C, D } from '../../../formats/xml/names.js';
import { document, element, text, textElement, type Xml } from '../../../formats/xml/write.js';
import { conditionError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { freeBusyText } from '../free-busy-text.js';
import { type DavReply, xmlReply } from '../message.js';

const MAX_ATTENDEES = 200;
const MAX_SPAN = 400 * 86_400_000;
const invalid = () => conditionError(403, C('valid-calendar-data'));

/** A request for free/busy times (RFC 6638 §5). */
interface BusyRequest {
  readonly span: Span;
  readonly uid: Property | undefined;
  readonly organizer: Property;
  readonly attendees: readonly Property[];
  /** An event that does not count: the one that is planned (calendarserver extension). */
  readonly exceptUid: string | undefined;
}

/** POST to the outbox: when are these people free? Answered for accounts on this gateway (RFC 6638 §5.1). */
export async function freeBusyRequest(x: Exchange, type: string): Promise<DavReply> {
  if (type !== 'text/calendar') throw conditionError(403, C('supported-calendar-data'));
  const request = readRequest(new TextDecoder().decode(x.request.body));
  if (!isOwn(x, addressOf(request.organizer))) throw conditionError(403, C('organizer-allowed'));
  const responses = await Promise.all(request.attendees.map((attendee) => responseFor(x, request, attendee)));
  return xmlReply(200, document(C('schedule-response'), ...responses));
}

function readRequest(body: string): BusyRequest {
  const component = freeBusyIn(body);
  const [start, end] = [component.first('DTSTART'), component.first('DTEND')];
  const organizer = component.first('ORGANIZER');
  const attendees = component.all('ATTENDEE');
  if (!start || !end || !organizer || attendees.length === 0) throw conditionError(403, C('valid-scheduling-message'));
  if (attendees.length > MAX_ATTENDEES) throw conditionError(403, C('max-attendees-per-instance'));
  const exceptUid = component.first('X-CALENDARSERVER-MASK-UID')?.text;
  return { span: spanOf(start, end), uid: component.first('UID'), organizer, attendees, exceptUid };
}

function freeBusyIn(body: string): Component {
  try {
    const [calendar] = parseContentLines(body, { maxBytes: 1 << 20 });
    const component = calendar?.component('VFREEBUSY');
    if (calendar?.name !== 'VCALENDAR' || component === undefined) throw invalid();
    if (calendar.first('METHOD')?.value.toUpperCase() !== 'REQUEST') throw conditionError(403, C('valid-scheduling-message'));
    return component;
  } catch (error) {
    throw error instanceof ContentLineError ? invalid() : error;
  }
}

function spanOf(start: Property, end: Property): Span {
  const zones = new ZoneTable([]);
  try {
    const span = { start: zones.instant(timeOf(start)), end: zones.instant(timeOf(end)) };
    if (span.start < span.end && span.end - span.start <= MAX_SPAN) return span;
  } catch {
    // Said below: times that can't be read are as wrong as times that make no sense.
  }
  throw invalid();
}

function addressOf({ value }: Property): string {
  return value
    .trim()
    .replace(/^mailto:/i, '')
    .toLowerCase();
}

function isOwn(x: Exchange, address: string): boolean {
  const place = address.startsWith('/') ? x.placeOf(address) : null;
  return x.isSelf(place?.at === 'principal' ? place.user : address);
}

async function responseFor(x: Exchange, request: BusyRequest, attendee: Property): Promise<Xml> {
  const address = addressOf(attendee);
  const periods = await x.services.availability.of(x.session, address, request.span, request.exceptUid);
  const recipient = element(C('recipient'), textElement(D('href'), attendee.value.trim()));
  if (periods === null) {
    return element(C('response'), recipient, textElement(C('request-status'), '3.7;Invalid calendar user'));
  }
  const lines = [request.uid, request.organizer, attendee].flatMap((line) => (line === undefined ? [] : [unfolded(line)]));
  const data = freeBusyText(request.span, periods, x.services.clock.now(), { method: 'REPLY', lines });
  return element(
    C('response'),
    recipient,
    textElement(C('request-status'), '2.0;Success'),
    element(C('calendar-data'), text(data)),
  );
}

function unfolded(line: Property): string {
  return line
    .toString()
    .replace(/\r?\n[ \t]/g, '')
    .trim();
}
