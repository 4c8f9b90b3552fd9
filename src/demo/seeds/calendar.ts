import type { SeedDates } from './dates.js';

/** A calendar object or card, put under this name. */
export interface SeedResource {
  name: string;
  text: string;
}

const BERLIN = `BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE`;

const NEW_YORK = `BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:DAYLIGHT
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
TZNAME:EDT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
TZNAME:EST
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE`;

/** Nobody is invited anew by putting these (RFC 6638 §7.1). */
const GUESTS = `ORGANIZER;CN=Alice Marten;SCHEDULE-AGENT=NONE:mailto:alice@example.test
ATTENDEE;CN=Alice Marten;PARTSTAT=ACCEPTED;SCHEDULE-AGENT=NONE:mailto:alice@example.test
ATTENDEE;CN=Bob Lindqvist;PARTSTAT=ACCEPTED;SCHEDULE-AGENT=NONE:mailto:bob@example.test
ATTENDEE;CN=Carol Jensen;ROLE=OPT-PARTICIPANT;PARTSTAT=TENTATIVE;RSVP=TRUE;SCHEDULE-AGENT=NONE:mailto:carol.jensen@harbour.example`;

type Lines = (d: SeedDates) => string;

/** A weekly meeting with all that phones get wrong: one occurrence moved to another day, one cancelled. */
const meeting: Lines = (d) => `BEGIN:VEVENT
UID:team-meeting@demo.example.test
DTSTAMP:${d.stamp}
DTSTART;TZID=Europe/Berlin:${d.time(-56, '10:00')}
DTEND;TZID=Europe/Berlin:${d.time(-56, '11:00')}
RRULE:FREQ=WEEKLY;BYDAY=MO
EXDATE;TZID=Europe/Berlin:${d.time(21, '10:00')}
SUMMARY:Team meeting
LOCATION:Barn\\, upper floor
DESCRIPTION:Agenda in the wiki.\\nBring last week's numbers.
${GUESTS}
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Team meeting
TRIGGER:-PT15M
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:team-meeting@demo.example.test
DTSTAMP:${d.stamp}
RECURRENCE-ID;TZID=Europe/Berlin:${d.time(14, '10:00')}
DTSTART;TZID=Europe/Berlin:${d.time(15, '14:00')}
DTEND;TZID=Europe/Berlin:${d.time(15, '15:30')}
SEQUENCE:1
SUMMARY:Team meeting (moved: plus controller demo)
LOCATION:Test field
${GUESTS}
END:VEVENT`;

/** The last Friday of each month; one occurrence only has another name. */
const planning: Lines = (d) => `BEGIN:VEVENT
UID:planning@demo.example.test
DTSTAMP:${d.stamp}
DTSTART;TZID=Europe/Berlin:20250131T150000
DTEND;TZID=Europe/Berlin:20250131T160000
RRULE:FREQ=MONTHLY;BYDAY=-1FR
SUMMARY:Monthly planning
END:VEVENT
BEGIN:VEVENT
UID:planning@demo.example.test
DTSTAMP:${d.stamp}
RECURRENCE-ID;TZID=Europe/Berlin:20250627T150000
DTSTART;TZID=Europe/Berlin:20250627T150000
DTEND;TZID=Europe/Berlin:20250627T160000
SUMMARY:Monthly planning: half-year review
END:VEVENT`;

/** name -> properties of a single VEVENT; UID, DTSTAMP and the frame are added. */
const simple: Readonly<Record<string, Lines>> = {
  'stand-up': (d) => `DTSTART;TZID=Europe/Berlin:${d.time(-28, '09:15')}
DTEND;TZID=Europe/Berlin:${d.time(-28, '09:30')}
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=${d.day(60)}T220000Z
SUMMARY:Stand-up
CATEGORIES:Work`,
  'reading-group': () => `DTSTART;TZID=Europe/Berlin:20260113T190000
DURATION:PT2H
RRULE:FREQ=MONTHLY;BYDAY=2TU;COUNT=24
SUMMARY:Reading group
LOCATION:Grace's kitchen
CATEGORIES:Private,Books`,
  birthday: () => `DTSTART;VALUE=DATE:19880229
DTEND;VALUE=DATE:19880301
RRULE:FREQ=YEARLY
SUMMARY:Dave's birthday (29 February)
TRANSP:TRANSPARENT
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Dave's birthday
TRIGGER:-P1D
END:VALARM`,
  holiday: (d) => `DTSTART;VALUE=DATE:${d.day(26)}
DTEND;VALUE=DATE:${d.day(33)}
SUMMARY:By the sea 🌊
X-MICROSOFT-CDO-BUSYSTATUS:OOF`,
  dentist: (d) => `DTSTART;TZID=Europe/Berlin:${d.time(3, '08:40')}
DTEND;TZID=Europe/Berlin:${d.time(3, '09:20')}
SUMMARY:Dentist
LOCATION:Lindenstraße 7
CLASS:PRIVATE
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Dentist
TRIGGER:-PT1H
END:VALARM
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Dentist tomorrow
TRIGGER:-P1D
END:VALARM`,
  flight: (d) => `DTSTART;TZID=Europe/Berlin:${d.time(11, '13:20')}
DTEND;TZID=America/New_York:${d.time(11, '16:05')}
SUMMARY:Flight to New York
LOCATION:Terminal 1
URL:https://air.example/booking/X7T2QK
X-BOOKING-CODE:X7T2QK`,
  'call-utc': (d) => `DTSTART:${d.time(2, '15:00')}Z
DTEND:${d.time(2, '15:45')}Z
SUMMARY:Call with the pump makers
STATUS:TENTATIVE
DESCRIPTION:https://call.example/room/pumps`,
  workshop: (d) => `DTSTART;TZID=Europe/Berlin:${d.time(8, '09:00')}
DTEND;TZID=Europe/Berlin:${d.time(8, '12:00')}
RDATE;TZID=Europe/Berlin:${d.time(10, '09:00')},${d.time(17, '13:00')}
SUMMARY:Workshop in three parts
GEO:52.5163;13.3777`,
  watering: (d) => `DTSTART;VALUE=DATE:${d.day(5)}
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;COUNT=12
SUMMARY:Water the test field
TRANSP:TRANSPARENT`,
  concert: (d) => `DTSTART;TZID=Europe/Berlin:${d.time(5, '20:00')}
DTEND;TZID=Europe/Berlin:${d.time(5, '23:00')}
SUMMARY:Concert: Żółć & Łódź
COLOR:darkorange`,
  'past-visit': (d) => `DTSTART;TZID=Europe/Berlin:${d.time(-12, '11:00')}
DTEND;TZID=Europe/Berlin:${d.time(-12, '12:30')}
SUMMARY:Visit of the water board
${GUESTS}`,
};

const tasks: Readonly<Record<string, Lines>> = {
  repeater: (d) => `DUE;VALUE=DATE:${d.day(4)}
SUMMARY:Order a repeater for the brook
PRIORITY:1
STATUS:NEEDS-ACTION`,
  brochure: (d) => `DTSTART;VALUE=DATE:${d.day(0)}
DUE;VALUE=DATE:${d.day(9)}
SUMMARY:Choose photos for the brochure
STATUS:IN-PROCESS
PERCENT-COMPLETE:40`,
  fence: (d) => `SUMMARY:Mend the fence
STATUS:COMPLETED
PERCENT-COMPLETE:100
COMPLETED:${d.time(-3, '16:20')}Z`,
  'pay-rent': (d) => `DTSTART;VALUE=DATE:${d.day(0)}
DUE;VALUE=DATE:${d.day(0)}
RRULE:FREQ=MONTHLY
SUMMARY:Pay the rent of the barn`,
};

const bobs: Readonly<Record<string, Lines>> = {
  'lower-field': (d) => `DTSTART;TZID=Europe/Berlin:${d.time(1, '07:30')}
DTEND;TZID=Europe/Berlin:${d.time(1, '09:00')}
SUMMARY:Walk the lower field`,
  football: (d) => `DTSTART;TZID=Europe/Berlin:${d.time(-26, '18:00')}
DTEND;TZID=Europe/Berlin:${d.time(-26, '19:30')}
RRULE:FREQ=WEEKLY;BYDAY=WE
SUMMARY:Football
EXDATE;TZID=Europe/Berlin:${d.time(9, '18:00')}`,
};

export function aliceEvents(d: SeedDates): SeedResource[] {
  const series = { 'team-meeting': meeting(d), planning: planning(d) };
  return [...Object.entries(series).map(([name, text]) => resource(name, text)), ...framed('VEVENT', simple, d)];
}

export function aliceTasks(d: SeedDates): SeedResource[] {
  return framed('VTODO', tasks, d);
}

export function bobEvents(d: SeedDates): SeedResource[] {
  return framed('VEVENT', bobs, d);
}

/** The invitation that bob mailed to alice (RFC 5546 §3.2.2); it waits in her inbox. */
export function invitation(d: SeedDates): string {
  return calendar(
    `BEGIN:VEVENT
UID:field-day@demo.example.test
DTSTAMP:${d.stamp}
DTSTART;TZID=Europe/Berlin:${d.time(10, '14:00')}
DTEND;TZID=Europe/Berlin:${d.time(10, '16:00')}
SUMMARY:Field day: radio test
LOCATION:Lower field\\, by the brook
DESCRIPTION:Boots\\, please.
SEQUENCE:0
ORGANIZER;CN=Bob Lindqvist:mailto:bob@example.test
ATTENDEE;CN=Bob Lindqvist;PARTSTAT=ACCEPTED:mailto:bob@example.test
ATTENDEE;CN=Alice Marten;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:alice@example.test
END:VEVENT`,
    'METHOD:REQUEST\n',
  );
}

function framed(component: 'VEVENT' | 'VTODO', table: Readonly<Record<string, Lines>>, d: SeedDates): SeedResource[] {
  return Object.entries(table).map(([name, lines]) =>
    resource(name, `BEGIN:${component}\nUID:${name}@demo.example.test\nDTSTAMP:${d.stamp}\n${lines(d)}\nEND:${component}`),
  );
}

function resource(name: string, components: string): SeedResource {
  return { name: `${name}.ics`, text: calendar(components) };
}

/** The frame, with the zones that the components name. */
function calendar(components: string, method = ''): string {
  const zones = [BERLIN, NEW_YORK].filter((zone) => components.includes(`TZID=${/TZID:(.*)/.exec(zone)![1]}:`));
  const text = `BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Demo//EN\n${method}${[...zones, components].join('\n')}\nEND:VCALENDAR\n`;
  return fold(text);
}

/** CRLF, and lines of at most 75 bytes (RFC 5545 §3.1, RFC 6350 §3.2). */
export function fold(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      let out = '';
      let room = 75;
      for (const character of line) {
        const size = Buffer.byteLength(character);
        if (size > room) {
          out += '\r\n ';
          room = 74;
        }
        out += character;
        room -= size;
      }
      return out;
    })
    .join('\r\n');
}
