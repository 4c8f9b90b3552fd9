/** Who invites whom to what; `day` as `20261210`. */
export interface ForeignFacts {
  readonly uid: string;
  readonly organizer: string;
  readonly attendee: string;
  readonly day: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n');
const quoted = (text: string) =>
  text
    .replace(/[=\u0080-\uffff]/g, (sign) => [...Buffer.from(sign)].map((byte) => `=${byte.toString(16).toUpperCase()}`).join(''))
    .replace(/(.{70})(?=.)/g, '$1=\r\n');

const head = ({ organizer, attendee }: ForeignFacts, ...more: readonly string[]) => [
  `From: "Olga Outside" <${organizer}>`,
  `To: ${attendee}`,
  'Subject: =?utf-8?B?UGxhbnVuZ8K7?=',
  `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
  `Message-ID: <${Math.random().toString(36).slice(2)}@elsewhere.example>`,
  'MIME-Version: 1.0',
  ...more,
];

const stamp = () => new Date().toISOString().replace(/[-:]|\.\d+/g, '');

/** Zones by Windows' names, and addresses in capitals. */
const exchangeCalendar = ({ uid, organizer, attendee, day }: ForeignFacts) =>
  [
    'BEGIN:VCALENDAR',
    'METHOD:REQUEST',
    'PRODID:Microsoft Exchange Server 2010',
    'VERSION:2.0',
    'BEGIN:VTIMEZONE',
    'TZID:W. Europe Standard Time',
    'BEGIN:STANDARD',
    'DTSTART:16010101T030000',
    'TZOFFSETFROM:+0200',
    'TZOFFSETTO:+0100',
    'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10',
    'END:STANDARD',
    'BEGIN:DAYLIGHT',
    'DTSTART:16010101T020000',
    'TZOFFSETFROM:+0100',
    'TZOFFSETTO:+0200',
    'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3',
    'END:DAYLIGHT',
    'END:VTIMEZONE',
    'BEGIN:VEVENT',
    `ORGANIZER;CN="Olga Outside":MAILTO:${organizer.toUpperCase()}`,
    `ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=${attendee}:MAILTO:${attendee.toUpperCase()}`,
    'DESCRIPTION;LANGUAGE=en-US:\\n',
    `UID:${uid}`,
    'SUMMARY;LANGUAGE=en-US:Büro',
    `DTSTART;TZID=W. Europe Standard Time:${day}T100000`,
    `DTEND;TZID=W. Europe Standard Time:${day}T110000`,
    'CLASS:PUBLIC',
    'PRIORITY:5',
    `DTSTAMP:${stamp()}`,
    'TRANSP:OPAQUE',
    'STATUS:CONFIRMED',
    'SEQUENCE:0',
    'LOCATION;LANGUAGE=en-US:',
    'X-MICROSOFT-CDO-APPT-SEQUENCE:0',
    'X-MICROSOFT-CDO-OWNERAPPTID:2122334455',
    'X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE',
    'X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY',
    'X-MICROSOFT-CDO-ALLDAYEVENT:FALSE',
    'X-MICROSOFT-CDO-IMPORTANCE:1',
    'X-MICROSOFT-CDO-INSTTYPE:0',
    'X-MICROSOFT-DISALLOW-COUNTER:FALSE',
    'BEGIN:VALARM',
    'DESCRIPTION:REMINDER',
    'TRIGGER;RELATED=START:-PT15M',
    'ACTION:DISPLAY',
    'END:VALARM',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

const plainCalendar = ({ uid, organizer, attendee, day }: ForeignFacts, prodid: string) =>
  [
    'BEGIN:VCALENDAR',
    `PRODID:${prodid}`,
    'VERSION:2.0',
    'CALSCALE:GREGORIAN',
    'METHOD:REQUEST',
    'BEGIN:VEVENT',
    `DTSTART:${day}T090000Z`,
    `DTEND:${day}T100000Z`,
    `DTSTAMP:${stamp()}`,
    `ORGANIZER;CN=Olga:mailto:${organizer}`,
    `UID:${uid}`,
    `ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=${attendee};X-NUM-GUESTS=0:mailto:${attendee}`,
    'CREATED:20261101T000000Z',
    'LAST-MODIFIED:20261101T000000Z',
    'SEQUENCE:0',
    'STATUS:CONFIRMED',
    'SUMMARY:Büro',
    'TRANSP:OPAQUE',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');

/** Invitations as they come from elsewhere: their shapes, not their words. */
export const FOREIGN_INVITATIONS: Readonly<Record<string, (facts: ForeignFacts) => string>> = {
  'Exchange: base64 among alternatives': (facts) =>
    [
      ...head(facts, 'Thread-Topic: Büro', 'X-MS-Has-Attach:', 'Content-Type: multipart/alternative;', '\tboundary="_000_1"'),
      '',
      '--_000_1',
      'Content-Type: text/plain; charset="iso-8859-1"',
      '',
      '--_000_1',
      'Content-Type: text/html; charset="iso-8859-1"',
      '',
      '<html></html>',
      '--_000_1',
      'Content-Type: text/calendar; charset="utf-8"; method=REQUEST',
      'Content-Transfer-Encoding: base64',
      '',
      base64(exchangeCalendar(facts)),
      '--_000_1--',
      '',
    ].join('\r\n'),
  'Google: 8bit among alternatives, a file beside, another Sender': (facts) => {
    const calendar = plainCalendar(facts, '-//Google Inc//Google Calendar 70.9054//EN');
    const lines = [
      ...head(
        facts,
        'Sender: Calendar <calendar-notification@elsewhere.example>',
        'Content-Type: multipart/mixed; boundary="000a"',
      ),
      '',
      '--000a',
      'Content-Type: multipart/alternative; boundary="000b"',
      '',
      '--000b',
      'Content-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes',
      '',
      'You are invited.',
      '--000b',
      'Content-Type: text/calendar; charset="UTF-8"; method=REQUEST',
      'Content-Transfer-Encoding: 8bit',
      '',
      calendar,
      '--000b--',
      '--000a',
      'Content-Type: application/ics; name="invite.ics"',
      'Content-Disposition: attachment; filename="invite.ics"',
      'Content-Transfer-Encoding: base64',
      '',
      base64(calendar),
      '--000a--',
      '',
    ];
    return lines.join('\r\n');
  },
  'quoted-printable, as a part of its own': (facts) =>
    [
      ...head(facts, 'Content-Type: text/calendar; charset=utf-8; method=REQUEST', 'Content-Transfer-Encoding: quoted-printable'),
      '',
      quoted(plainCalendar(facts, '-//Apple Inc.//macOS 15.0//EN')),
    ].join('\r\n'),
  'a file alone, application/ics': (facts) =>
    [
      ...head(facts, 'Content-Type: multipart/mixed; boundary=file'),
      '',
      '--file',
      'Content-Type: text/plain',
      '',
      'See the file.',
      '--file',
      'Content-Type: application/ics; name=invite.ics',
      'Content-Disposition: attachment; filename=invite.ics',
      'Content-Transfer-Encoding: base64',
      '',
      base64(plainCalendar(facts, '-//Elsewhere//EN')),
      '--file--',
      '',
    ].join('\r\n'),
};
