import { BERLIN } from './eas-phone-items.js';
import { type Tag, t } from './eas-phone-wbxml.js';

/** What is known of one element: how a phone sends it, what that is in the stored text, and how a phone is shown it. */
export interface ElementCase {
  /** Elements in place of those of the same name in the plain item of the class, or beside them. */
  readonly send?: (version: string) => readonly Tag[];
  /** From 16.0 on: the change of an occurrence that says the same as an Exception (MS-ASCAL, InstanceId). */
  readonly instance?: readonly Tag[];
  /** A text that another client puts, where phones do not send the element. */
  readonly put?: (uid: string) => string;
  /** What the unfolded stored text has. */
  readonly stored: RegExp;
  /** The element from ApplicationData on. */
  readonly path: readonly string[];
  /** Its value on another phone; absent: what was sent; null: it is not shown. */
  readonly shown?: string | RegExp | null;
}

/** Elements without a case, and why. */
export const NOT_SERVED: Readonly<Record<string, string>> = {
  'Contacts:Alias': 'of the recipient information cache, which is not offered',
  'Contacts:WeightedRank': 'of the recipient information cache, which is not offered',
  'Contacts:BodySize': 'bodies are sent whole',
  'Contacts:BodyTruncated': 'bodies are sent whole',
  'Contacts:CompressedRTF': 'text is kept, not RTF',
  'Tasks:BodySize': 'bodies are sent whole',
  'Tasks:BodyTruncated': 'bodies are sent whole',
  'Tasks:CompressedRTF': 'text is kept, not RTF',
  'Calendar:BodyTruncated': 'bodies are sent whole',
  'Calendar:CompressedRTF': 'text is kept, not RTF',
  'Tasks:OrdinalDate in email:Flag': 'of flagged messages: see the tests of mail',
  'Tasks:SubOrdinalDate in email:Flag': 'of flagged messages: see the tests of mail',
};

export const keyOf = ({ page, name, parent }: { page: string; name: string; parent: string }): string =>
  `${page}:${name}${parent === 'ApplicationData' ? '' : ` in ${parent}`}`;

const words = 'Wörter, and; more';
const kept = 'Wörter\\\\, and\\\\; more';

/** One element with a value: sent as it is, and in the text behind some words. */
function plain(name: string, stored: string, value = words, inText = kept): [string, ElementCase] {
  return [name, { send: () => [t(name, value)], stored: new RegExp(`^${stored}${inText}`, 'm'), path: [name] }];
}

const phone = (name: string, params: string, before: readonly string[] = []): [string, ElementCase] => {
  const numbers = [...before, name];
  return [
    `Contacts:${name}`,
    {
      send: () => numbers.map((one, at) => t(`Contacts:${one}`, `+49 30 ${at}00`)),
      stored: new RegExp(`^TEL;TYPE=${params}:\\+49 30 ${numbers.length - 1}00`, 'm'),
      path: [`Contacts:${name}`],
      shown: `+49 30 ${numbers.length - 1}00`,
    },
  ];
};

function address(slot: string, type: string): [string, ElementCase][] {
  const parts = ['Street', 'City', 'State', 'PostalCode', 'Country'];
  return parts.map((part, at) =>
    plain(`Contacts:${slot}Address${part}`, `ADR${type}:;;${';'.repeat(at)}`, `${part}, here`, `${part}\\\\, here`),
  );
}

const mails = ['Email1Address', 'Email2Address', 'Email3Address'];
const handles = ['IMAddress', 'IMAddress2', 'IMAddress3'];
const PICTURE = '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD';

const body = (page: string) => ({
  'AirSyncBase:Body': {
    send: () => [t('AirSyncBase:Body', t('AirSyncBase:Type', 1), t('AirSyncBase:Data', 'One\r\ntwo'))],
    stored: page === 'Contacts' ? /^NOTE:One\\ntwo/m : /^DESCRIPTION:One\\ntwo/m,
    path: ['AirSyncBase:Body', 'AirSyncBase:Data'],
    shown: 'One\r\ntwo',
  },
  'AirSyncBase:NativeBodyType': {
    send: () => [t('AirSyncBase:Body', t('AirSyncBase:Type', 1), t('AirSyncBase:Data', 'One'))],
    stored: page === 'Contacts' ? /^NOTE:One/m : /^DESCRIPTION:One/m,
    path: ['AirSyncBase:NativeBodyType'],
    shown: '1',
  },
  [`${page}:Body`]: {
    send: () => [t(`${page}:Body`, 'One\r\ntwo')],
    stored: page === 'Contacts' ? /^NOTE:One\\ntwo/m : /^DESCRIPTION:One\\ntwo/m,
    path: [`${page}:Body`],
    shown: 'One\r\ntwo',
  },
});

function listCases(page: string, container: string, item: string, stored: RegExp): Record<string, ElementCase> {
  const send = () => [t(`${page}:${container}`, t(`${page}:${item}`, 'One'), t(`${page}:${item}`, 'Two; three'))];
  return {
    [`${page}:${container}`]: { send, stored, path: [`${page}:${container}`], shown: '' },
    [`${page}:${item} in ${container}`]: { send, stored, path: [`${page}:${container}`, `${page}:${item}`], shown: 'One' },
  };
}

const CATEGORIES = /^CATEGORIES:One,Two\\; three/m;

const CONTACTS: Readonly<Record<string, ElementCase>> = {
  ...Object.fromEntries([
    plain('Contacts:Anniversary', 'X-ANNIVERSARY:', '2014-07-19T00:00:00.000Z', '2014-07-19'),
    plain('Contacts:Birthday', 'BDAY:', '1990-05-04T00:00:00.000Z', '1990-05-04'),
    plain('Contacts:AssistantName', 'X-ASSISTANT:'),
    phone('AssistantPhoneNumber', 'X-ASSISTANT'),
    phone('BusinessPhoneNumber', 'WORK,VOICE'),
    phone('Business2PhoneNumber', 'WORK,VOICE', ['BusinessPhoneNumber']),
    phone('BusinessFaxNumber', 'WORK,FAX'),
    phone('CarPhoneNumber', 'CAR,VOICE'),
    phone('HomePhoneNumber', 'HOME,VOICE'),
    phone('Home2PhoneNumber', 'HOME,VOICE', ['HomePhoneNumber']),
    phone('HomeFaxNumber', 'HOME,FAX'),
    phone('MobilePhoneNumber', 'CELL,VOICE'),
    phone('PagerNumber', 'PAGER'),
    phone('RadioPhoneNumber', 'X-RADIO'),
    plain('Contacts2:CompanyMainPhone', 'TEL;TYPE=X-COMPANY:', '+49 30 1', '\\+49 30 1'),
    plain('Contacts2:MMS', 'TEL;TYPE=X-MMS:', '+49 30 1', '\\+49 30 1'),
    ...address('Business', ';TYPE=WORK'),
    ...address('Home', ';TYPE=HOME'),
    ...address('Other', ''),
    plain('Contacts:CompanyName', 'ORG:'),
    plain('Contacts:Department', 'ORG:;'),
    plain('Contacts:FileAs', 'X-FILE-AS:'),
    plain('Contacts:FirstName', 'N:Case;'),
    plain('Contacts:LastName', 'N:'),
    plain('Contacts:MiddleName', 'N:Case;[^;]*;'),
    plain('Contacts:Title', 'N:Case;[^;]*;;'),
    plain('Contacts:Suffix', 'N:Case;[^;]*;;;'),
    plain('Contacts:JobTitle', 'TITLE:'),
    plain('Contacts:OfficeLocation', 'X-MS-OFFICE:'),
    plain('Contacts:Spouse', 'X-SPOUSE:'),
    plain('Contacts:WebPage', 'URL:', 'https://x.test/?a=1,2', 'https://x.test/\\?a=1,2'),
    plain('Contacts:YomiCompanyName', 'X-PHONETIC-ORG:', 'かいしゃ', 'かいしゃ'),
    plain('Contacts:YomiFirstName', 'X-PHONETIC-FIRST-NAME:', 'めい', 'めい'),
    plain('Contacts:YomiLastName', 'X-PHONETIC-LAST-NAME:', 'せい', 'せい'),
    plain('Contacts:Picture', 'PHOTO;ENCODING=b;TYPE=JPEG:', PICTURE, PICTURE.replace(/[+/]/g, '\\$&')),
    plain('Contacts2:AccountName', 'X-MS-ACCOUNT-NAME:'),
    plain('Contacts2:CustomerId', 'X-MS-CUSTOMER-ID:'),
    plain('Contacts2:GovernmentId', 'X-MS-GOVERNMENT-ID:'),
    plain('Contacts2:ManagerName', 'X-MANAGER:'),
    plain('Contacts2:NickName', 'NICKNAME:'),
  ]),
  ...Object.fromEntries(
    mails.map((name, at): [string, ElementCase] => [
      `Contacts:${name}`,
      {
        send: () => mails.slice(0, at + 1).map((one, number) => t(`Contacts:${one}`, `"Ada B" <a${number}@x.test>`)),
        stored: new RegExp(`^EMAIL;[^:]*X-CN=Ada B:a${at}@x.test`, 'm'),
        path: [`Contacts:${name}`],
        shown: `"Ada B" <a${at}@x.test>`,
      },
    ]),
  ),
  ...Object.fromEntries(
    handles.map((name, at): [string, ElementCase] => [
      `Contacts2:${name}`,
      {
        send: () => handles.slice(0, at + 1).map((one, number) => t(`Contacts2:${one}`, `ada${number}@x.test`)),
        stored: new RegExp(`^IMPP:im:ada${at}@x.test`, 'm'),
        path: [`Contacts2:${name}`],
        shown: `ada${at}@x.test`,
      },
    ]),
  ),
  ...listCases('Contacts', 'Categories', 'Category', CATEGORIES),
  ...listCases('Contacts', 'Children', 'Child', /^X-CHILDREN:One,Two\\; three/m),
  ...body('Contacts'),
};

const START = '20270301T090000Z';
const SECOND = '20270308T090000Z';

/** A Recurrence of a page with some children. */
const rule = (page: string, ...children: readonly (readonly [string, string | number])[]): Tag =>
  t(
    `${page}:Recurrence`,
    page === 'Tasks' ? t('Tasks:Start', '2027-03-01T00:00:00.000Z') : undefined,
    children.map(([n, v]) => t(`${page}:${n}`, v)),
  );

type Child = readonly [name: string, value: string | number];

/** A child of Recurrence by the children that are sent with it, and the rule they are. */
function ruleCase(page: string, name: string, children: readonly Child[], stored: RegExp, shown?: string): [string, ElementCase] {
  const value = children.find(([child]) => child === name)?.[1];
  const rest = { path: [`${page}:Recurrence`, `${page}:${name}`], shown: shown ?? String(value) };
  return [`${page}:${name} in Recurrence`, { send: () => [rule(page, ...children)], stored, ...rest }];
}

function rules(page: string, until: string, untilShown: RegExp): Record<string, ElementCase> {
  const weekly: Child[] = [['Type', 1], ['Interval', 2], ['DayOfWeek', 2]]; // biome-ignore format: a table
  return {
    [`${page}:Recurrence`]: {
      send: () => [rule(page, ...weekly)],
      stored: /^RRULE:FREQ=WEEKLY;(?=.*INTERVAL=2)(?=.*BYDAY=MO)/m,
      path: [`${page}:Recurrence`],
      shown: '',
    },
    ...Object.fromEntries([
      ruleCase(page, 'Type', weekly, /^RRULE:FREQ=WEEKLY/m),
      ruleCase(page, 'Interval', weekly, /^RRULE:.*INTERVAL=2/m),
      ruleCase(page, 'DayOfWeek', weekly, /^RRULE:.*BYDAY=MO/m),
      ruleCase(
        page,
        'Occurrences',
        [...weekly.slice(0, 1), ['Occurrences', 5], ['Interval', 1], ['DayOfWeek', 2]],
        /^RRULE:.*COUNT=5/m,
      ),
      ruleCase(page, 'Until', [...weekly.slice(0, 1), ['Until', until], ['Interval', 1], ['DayOfWeek', 2]], untilShown),
      ruleCase(page, 'FirstDayOfWeek', [...weekly, ['FirstDayOfWeek', 0]], /^RRULE:.*WKST=SU/m),
      ruleCase(
        page,
        'DayOfMonth',
        [
          ['Type', 2],
          ['Interval', 1],
          ['DayOfMonth', 1],
        ],
        /^RRULE:FREQ=MONTHLY.*BYMONTHDAY=1/m,
      ),
      ruleCase(
        page,
        'WeekOfMonth',
        [
          ['Type', 3],
          ['Interval', 1],
          ['DayOfWeek', 2],
          ['WeekOfMonth', 1],
        ],
        /^RRULE:FREQ=MONTHLY.*BYDAY=1MO/m,
      ),
      ruleCase(
        page,
        'MonthOfYear',
        [
          ['Type', 5],
          ['Interval', 1],
          ['DayOfMonth', 1],
          ['MonthOfYear', 3],
        ],
        /^RRULE:FREQ=YEARLY.*BYMONTH=3/m,
      ),
      ruleCase(
        page,
        'CalendarType',
        [
          ['Type', 2],
          ['Interval', 1],
          ['DayOfMonth', 1],
          ['CalendarType', 15],
        ],
        /^RRULE:.*RSCALE=CHINESE/m,
      ),
      ruleCase(
        page,
        'IsLeapMonth',
        [['Type', 5], ['Interval', 1], ['DayOfMonth', 1], ['MonthOfYear', 5], ['CalendarType', 15], ['IsLeapMonth', 1]],
        /^RRULE:.*BYMONTH=5L/m,
      ), // biome-ignore format: rows
    ]),
  };
}

const modern = (version: string): boolean => version.startsWith('16');

const attendees = (...more: Tag[]): Tag[] => [
  t('Calendar:Attendees', t('Calendar:Attendee', t('Calendar:Email', 'bob@elsewhere.test'), t('Calendar:Name', 'Bob B'), more)),
  t('Calendar:MeetingStatus', 1),
];

const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n`;
const calendar = (name: string, uid: string, ...inner: string[]): string =>
  lines(
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//x//y',
    `BEGIN:${name}`,
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    ...inner,
    `END:${name}`,
    'END:VCALENDAR',
  );

/** An invitation that the user has taken. */
const invited =
  (...more: string[]) =>
  (uid: string): string =>
    calendar(
      'VEVENT',
      uid,
      ...[
        'DTSTART:20270301T090000Z',
        'DTEND:20270301T100000Z',
        'SUMMARY:Invited',
        'ORGANIZER;SCHEDULE-AGENT=CLIENT:mailto:carol@elsewhere.test',
      ],
      ...['ATTENDEE;PARTSTAT=ACCEPTED:mailto:{user}', ...more],
    );

/** An element of an Exception up to 14.1, of the change of an occurrence from 16.0 on. */
function exception(name: string, tags: readonly Tag[], stored: RegExp, more: Partial<ElementCase> = {}): [string, ElementCase] {
  const series = rule('Calendar', ['Type', 1], ['Occurrences', 5], ['Interval', 1], ['DayOfWeek', 2]);
  const key = name.includes(':') ? name : `Calendar:${name}`;
  return [
    `${key} in Exception`,
    {
      send: (version) =>
        modern(version)
          ? [series]
          : [series, t('Calendar:Exceptions', t('Calendar:Exception', t('Calendar:ExceptionStartTime', SECOND), tags))],
      instance: tags,
      stored,
      path: ['Calendar:Exceptions', 'Calendar:Exception', key],
      ...more,
    },
  ];
}

const inOverride = (line: string): RegExp => new RegExp(`RECURRENCE-ID[\\s\\S]*^${line}`, 'm');

/** A series with one occurrence that differs, as a client that took an invitation has it. */
const overridden =
  (...own: string[]) =>
  (uid: string): string =>
    invited('RRULE:FREQ=WEEKLY;COUNT=5')(uid).replace(
      'END:VEVENT\r\n',
      lines(
        ...[
          'END:VEVENT',
          'BEGIN:VEVENT',
          `UID:${uid}`,
          'DTSTAMP:20260101T000000Z',
          `RECURRENCE-ID:${SECOND}`,
          `DTSTART:${SECOND}`,
        ],
        ...[
          'DTEND:20270308T100000Z',
          'SUMMARY:Other',
          'ORGANIZER;SCHEDULE-AGENT=CLIENT:mailto:carol@elsewhere.test',
          ...own,
          'END:VEVENT',
        ],
      ),
    );

const allDay = (version: string): Tag[] =>
  modern(version)
    ? [t('Calendar:AllDayEvent', 1), t('Calendar:StartTime', '20270301T000000Z'), t('Calendar:EndTime', '20270302T000000Z')]
    : [t('Calendar:AllDayEvent', 1), t('Calendar:StartTime', '20270228T230000Z'), t('Calendar:EndTime', '20270301T230000Z')];

const oneException = {
  send: exception('Subject', [t('Calendar:Subject', 'Other')], /./)[1].send,
  instance: [t('Calendar:Subject', 'Other')],
};

const added = t(
  'AirSyncBase:Attachments',
  t(
    'AirSyncBase:Add',
    ...[t('AirSyncBase:ClientId', 'f1'), t('AirSyncBase:Content', new Uint8Array(Buffer.from('content')))],
    ...[t('AirSyncBase:ContentType', 'text/plain'), t('AirSyncBase:DisplayName', 'file; one.txt'), t('AirSyncBase:Method', 1)],
  ),
);
const ATTACHED = 'ATTACH;MANAGED-ID=[0-9a-f-]{36};FMTTYPE=text/plain;SIZE=7;FILENAME="file; one.txt":http';
const shownFile = ['AirSyncBase:Attachments', 'AirSyncBase:Attachment', 'AirSyncBase:DisplayName'];

const CALENDAR: Readonly<Record<string, ElementCase>> = {
  ...Object.fromEntries([
    plain('Calendar:Subject', 'SUMMARY:'),
    plain('Calendar:StartTime', 'DTSTART;TZID=Europe/Berlin:', START, '20270301T100000'),
    plain('Calendar:EndTime', 'DTEND;TZID=Europe/Berlin:', '20270301T103000Z', '20270301T113000'),
    plain('Calendar:BusyStatus', 'X-MICROSOFT-CDO-BUSYSTATUS:', '3', 'OOF'),
    plain('Calendar:Sensitivity', 'CLASS:', '2', 'PRIVATE'),
    plain('Calendar:Reminder', 'TRIGGER:', '15', '-PT15M'),
    plain('Calendar:Location', 'LOCATION:'),
    exception('Subject', [t('Calendar:Subject', 'Other')], inOverride('SUMMARY:Other'), { shown: 'Other' }),
    exception('StartTime', [t('Calendar:StartTime', '20270308T110000Z'), t('Calendar:EndTime', '20270308T120000Z')], inOverride('DTSTART;TZID=Europe/Berlin:20270308T120000'), { shown: '20270308T110000Z' }),
    exception('EndTime', [t('Calendar:StartTime', SECOND), t('Calendar:EndTime', '20270308T120000Z')], inOverride('DTEND;TZID=Europe/Berlin:20270308T130000'), { shown: '20270308T120000Z' }),
    exception('BusyStatus', [t('Calendar:BusyStatus', 3)], inOverride('X-MICROSOFT-CDO-BUSYSTATUS:OOF'), { shown: '3' }),
    exception('Sensitivity', [t('Calendar:Sensitivity', 2)], inOverride('CLASS:PRIVATE'), { shown: '2' }),
    exception('Reminder', [t('Calendar:Reminder', 45)], inOverride('TRIGGER:-PT45M'), { shown: '45' }),
    exception('Location', [t('Calendar:Location', words)], inOverride(`LOCATION:${kept}`), { shown: words }),
    exception('AirSyncBase:Location', [t('AirSyncBase:Location', t('AirSyncBase:DisplayName', words))], inOverride(`LOCATION:${kept}`), { path: ['Calendar:Exceptions', 'Calendar:Exception', 'AirSyncBase:Location', 'AirSyncBase:DisplayName'], shown: words }),
    exception('AirSyncBase:Body', [t('AirSyncBase:Body', t('AirSyncBase:Type', 1), t('AirSyncBase:Data', 'One'))], inOverride('DESCRIPTION:One'), { path: ['Calendar:Exceptions', 'Calendar:Exception', 'AirSyncBase:Body', 'AirSyncBase:Data'], shown: 'One' }),
    exception('Categories', [t('Calendar:Categories', t('Calendar:Category', 'One'))], inOverride('CATEGORIES:One'), { path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:Categories', 'Calendar:Category'], shown: 'One' }),
    exception('AirSyncBase:Attachments', [added], inOverride(ATTACHED), { path: ['Calendar:Exceptions', 'Calendar:Exception', ...shownFile], shown: 'file; one.txt' }),
    exception('Deleted', [t('Calendar:Deleted', 1)], /^EXDATE;TZID=Europe\/Berlin:20270308T100000/m, { shown: '1' }),
  ]), // biome-ignore format: rows
  'Calendar:AllDayEvent': { send: allDay, stored: /^DTSTART;VALUE=DATE:20270301/m, path: ['Calendar:AllDayEvent'], shown: '1' },
  'Calendar:DtStamp': { send: () => [], stored: /^DTSTAMP:\d{8}T\d{6}Z/m, path: ['Calendar:DtStamp'], shown: /^\d{8}T\d{6}Z$/ },
  'AirSyncBase:Location': {
    send: () => [t('AirSyncBase:Location', t('AirSyncBase:DisplayName', words))],
    stored: new RegExp(`^LOCATION:${kept}`, 'm'),
    path: ['AirSyncBase:Location', 'AirSyncBase:DisplayName'],
    shown: words,
  },
  'AirSyncBase:Attachments': { send: () => [added], stored: new RegExp(`^${ATTACHED}`, 'm'), path: shownFile, shown: 'file; one.txt' },
  ...body('Calendar'),
  ...listCases('Calendar', 'Categories', 'Category', CATEGORIES),
  ...rules('Calendar', '20270329T080000Z', /^RRULE:.*UNTIL=20270329T080000Z/m),
  'Calendar:MeetingStatus': { send: () => attendees(), stored: /^ORGANIZER.*:mailto:\S+@example.test/m, path: ['Calendar:MeetingStatus'], shown: '1' },
  'Calendar:Attendees': { send: () => attendees(), stored: /^ATTENDEE.*:mailto:bob@elsewhere.test/m, path: ['Calendar:Attendees'], shown: '' },
  'Calendar:Attendee in Attendees': { send: () => attendees(), stored: /^ATTENDEE.*:mailto:bob@elsewhere.test/m, path: ['Calendar:Attendees', 'Calendar:Attendee'], shown: '' },
  'Calendar:Email in Attendee': { send: () => attendees(), stored: /^ATTENDEE.*:mailto:bob@elsewhere.test/m, path: ['Calendar:Attendees', 'Calendar:Attendee', 'Calendar:Email'], shown: 'bob@elsewhere.test' },
  'Calendar:Name in Attendee': { send: () => attendees(), stored: /^ATTENDEE;.*CN=Bob B/m, path: ['Calendar:Attendees', 'Calendar:Attendee', 'Calendar:Name'], shown: 'Bob B' },
  'Calendar:AttendeeType in Attendee': { send: () => attendees(t('Calendar:AttendeeType', 2)), stored: /^ATTENDEE;.*ROLE=OPT-PARTICIPANT/m, path: ['Calendar:Attendees', 'Calendar:Attendee', 'Calendar:AttendeeType'], shown: '2' },
  'Calendar:AttendeeStatus in Attendee': {
    put: (uid) => calendar('VEVENT', uid, 'DTSTART:20270301T090000Z', 'DTEND:20270301T100000Z', 'SUMMARY:Own', 'ORGANIZER:mailto:{user}', 'ATTENDEE;PARTSTAT=TENTATIVE;SCHEDULE-AGENT=NONE:mailto:bob@elsewhere.test'),
    stored: /PARTSTAT=TENTATIVE/,
    path: ['Calendar:Attendees', 'Calendar:Attendee', 'Calendar:AttendeeStatus'],
    shown: '2',
  },
  'MeetingResponse:ProposedStartTime in Attendee': {
    put: (uid) => calendar('VEVENT', uid, 'DTSTART:20270301T090000Z', 'DTEND:20270301T100000Z', 'SUMMARY:Own', 'ORGANIZER:mailto:{user}', 'ATTENDEE;PARTSTAT=TENTATIVE;SCHEDULE-AGENT=NONE;X-PROPOSED-START=20270301T110000Z;X-PROPOSED-END=20270301T120000Z:mailto:bob@elsewhere.test'),
    stored: /PROPOSED/,
    path: ['Calendar:Attendees', 'Calendar:Attendee', 'MeetingResponse:ProposedStartTime'],
    shown: '20270301T110000Z',
  },
  'MeetingResponse:ProposedEndTime in Attendee': {
    put: (uid) => calendar('VEVENT', uid, 'DTSTART:20270301T090000Z', 'DTEND:20270301T100000Z', 'SUMMARY:Own', 'ORGANIZER:mailto:{user}', 'ATTENDEE;PARTSTAT=TENTATIVE;SCHEDULE-AGENT=NONE;X-PROPOSED-START=20270301T110000Z;X-PROPOSED-END=20270301T120000Z:mailto:bob@elsewhere.test'),
    stored: /PROPOSED/,
    path: ['Calendar:Attendees', 'Calendar:Attendee', 'MeetingResponse:ProposedEndTime'],
    shown: '20270301T120000Z',
  },
  'Calendar:AppointmentReplyTime': { put: invited('X-MICROSOFT-CDO-REPLYTIME:20260101T120000Z'), stored: /REPLYTIME/, path: ['Calendar:AppointmentReplyTime'], shown: '20260101T120000Z' },
  'Calendar:ResponseType': { put: invited(), stored: /PARTSTAT=ACCEPTED/, path: ['Calendar:ResponseType'], shown: '3' },
  'Calendar:OnlineMeetingConfLink': { put: invited('X-MICROSOFT-ONLINEMEETINGCONFLINK:conf:sip:a@x.test'), stored: /CONFLINK/, path: ['Calendar:OnlineMeetingConfLink'], shown: 'conf:sip:a@x.test' },
  'Calendar:OnlineMeetingExternalLink': { put: invited('CONFERENCE;VALUE=URI:https://x.test/c'), stored: /CONFERENCE/, path: ['Calendar:OnlineMeetingExternalLink'], shown: 'https://x.test/c' },
  'Calendar:Timezone': { send: () => [t('Calendar:Timezone', BERLIN)], stored: /^BEGIN:VTIMEZONE\r\nTZID:Europe\/Berlin/m, path: ['Calendar:Timezone'], shown: /^[A-Za-z0-9+/]{229}=$|^[A-Za-z0-9+/=]{230,232}$/ },
  'Calendar:UID': { send: () => [], stored: /^UID:\S+/m, path: ['Calendar:UID'], shown: /^\S+$/ },
  'Calendar:ClientUid': { send: () => [t('Calendar:ClientUid', 'client-uid-1')], stored: /^UID:(?!client-uid-1)\S+/m, path: ['Calendar:ClientUid'], shown: null },
  'Calendar:OrganizerName': { send: () => attendees(), stored: /^ORGANIZER/m, path: ['Calendar:OrganizerName'], shown: /^elements/ },
  'Calendar:OrganizerEmail': { send: () => attendees(), stored: /^ORGANIZER/m, path: ['Calendar:OrganizerEmail'], shown: /^elements\S+@example.test$/ },
  'Calendar:ResponseRequested': { send: () => [...attendees(), t('Calendar:ResponseRequested', 1)], stored: /^ATTENDEE;.*RSVP=TRUE/m, path: ['Calendar:ResponseRequested'], shown: '1' },
  'Calendar:DisallowNewTimeProposal': { send: () => [t('Calendar:DisallowNewTimeProposal', 1)], stored: /^X-MICROSOFT-DISALLOW-COUNTER:TRUE/m, path: ['Calendar:DisallowNewTimeProposal'], shown: '1' },
  'Calendar:Exceptions': { ...oneException, stored: /^RECURRENCE-ID/m, path: ['Calendar:Exceptions'], shown: '' },
  'Calendar:Exception in Exceptions': { ...oneException, stored: /^RECURRENCE-ID/m, path: ['Calendar:Exceptions', 'Calendar:Exception'], shown: '' },
  'Calendar:ExceptionStartTime in Exception': { ...oneException, stored: /^RECURRENCE-ID;TZID=Europe\/Berlin:20270308T100000/m, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:ExceptionStartTime'], shown: SECOND },
  'AirSyncBase:InstanceId in Exception': { ...oneException, stored: /^RECURRENCE-ID;TZID=Europe\/Berlin:20270308T100000/m, path: ['Calendar:Exceptions', 'Calendar:Exception', 'AirSyncBase:InstanceId'], shown: SECOND },
  'Calendar:AllDayEvent in Exception': { put: (uid) => calendar('VEVENT', uid, 'DTSTART:20270301T090000Z', 'DTEND:20270301T100000Z', 'SUMMARY:x', 'RRULE:FREQ=WEEKLY;COUNT=5').replace('END:VEVENT\r\n', lines('END:VEVENT', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', `RECURRENCE-ID:${SECOND}`, 'DTSTART;VALUE=DATE:20270308', 'SUMMARY:x', 'END:VEVENT')), stored: /RECURRENCE-ID/, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:AllDayEvent'], shown: '1' },
  'Calendar:DtStamp in Exception': {
    put: (uid) => overridden('ATTENDEE;PARTSTAT=ACCEPTED:mailto:{user}')(uid).replace(/DTSTAMP:.*(?=\r\nRECURRENCE-ID)/, 'DTSTAMP:20260202T000000Z'),
    stored: /DTSTAMP:20260202T000000Z/,
    path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:DtStamp'],
    shown: '20260202T000000Z',
  },
  'Calendar:MeetingStatus in Exception': { put: overridden('STATUS:CANCELLED', 'ATTENDEE;PARTSTAT=ACCEPTED:mailto:{user}'), stored: /STATUS:CANCELLED/, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:MeetingStatus'], shown: '7' },
  'Calendar:Attendees in Exception': { put: overridden('ATTENDEE;PARTSTAT=ACCEPTED:mailto:{user}', 'ATTENDEE:mailto:eve@elsewhere.test'), stored: /eve@/, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:Attendees'], shown: '' },
  'Calendar:AppointmentReplyTime in Exception': { put: overridden('ATTENDEE;PARTSTAT=DECLINED:mailto:{user}', 'X-MICROSOFT-CDO-REPLYTIME:20260101T120000Z'), stored: /REPLYTIME/, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:AppointmentReplyTime'], shown: '20260101T120000Z' },
  'Calendar:ResponseType in Exception': { put: overridden('ATTENDEE;PARTSTAT=DECLINED:mailto:{user}'), stored: /PARTSTAT=DECLINED/, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:ResponseType'], shown: '4' },
  'Calendar:OnlineMeetingConfLink in Exception': { put: overridden('ATTENDEE;PARTSTAT=ACCEPTED:mailto:{user}', 'X-MICROSOFT-ONLINEMEETINGCONFLINK:conf:x'), stored: /CONFLINK/, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:OnlineMeetingConfLink'], shown: 'conf:x' },
  'Calendar:OnlineMeetingExternalLink in Exception': { put: overridden('ATTENDEE;PARTSTAT=ACCEPTED:mailto:{user}', 'CONFERENCE;VALUE=URI:https://x.test/o'), stored: /CONFERENCE/, path: ['Calendar:Exceptions', 'Calendar:Exception', 'Calendar:OnlineMeetingExternalLink'], shown: 'https://x.test/o' },
}; // biome-ignore format: rows

const day = (date: string): string => `${date}T00:00:00.000Z`;
const berlin = (date: string): string => new Date(Date.parse(day(date)) - 3_600_000).toISOString();
const dates = (name: 'Start' | 'Due', date: string): Tag[] => [
  t(`Tasks:Utc${name}Date`, berlin(date)),
  t(`Tasks:${name}Date`, day(date)),
];
const done = [t('Tasks:Complete', 1), t('Tasks:DateCompleted', '2027-02-02T10:00:00.000Z')];
const reminder = [t('Tasks:ReminderSet', 1), t('Tasks:ReminderTime', '2027-03-01T08:00:00.000Z')];

const TASKS: Readonly<Record<string, ElementCase>> = {
  ...Object.fromEntries([
    plain('Tasks:Subject', 'SUMMARY:'),
    plain('Tasks:Importance', 'PRIORITY:', '2', '1'),
    plain('Tasks:Sensitivity', 'CLASS:', '3', 'CONFIDENTIAL'),
  ]),
  'Tasks:UtcStartDate': { send: () => [...dates('Start', '2027-03-01'), ...dates('Due', '2027-03-02')], stored: /^DTSTART;VALUE=DATE:20270301/m, path: ['Tasks:UtcStartDate'], shown: berlin('2027-03-01') },
  'Tasks:StartDate': { send: () => [...dates('Start', '2027-03-01'), ...dates('Due', '2027-03-02')], stored: /^DTSTART;VALUE=DATE:20270301/m, path: ['Tasks:StartDate'], shown: day('2027-03-01') },
  'Tasks:UtcDueDate': { send: () => dates('Due', '2027-03-02'), stored: /^DUE;VALUE=DATE:20270302/m, path: ['Tasks:UtcDueDate'], shown: berlin('2027-03-02') },
  'Tasks:DueDate': { send: () => dates('Due', '2027-03-02'), stored: /^DUE;VALUE=DATE:20270302/m, path: ['Tasks:DueDate'], shown: day('2027-03-02') },
  ...listCases('Tasks', 'Categories', 'Category', CATEGORIES),
  'Tasks:Complete': { send: () => done, stored: /^STATUS:COMPLETED/m, path: ['Tasks:Complete'], shown: '1' },
  'Tasks:DateCompleted': { send: () => done, stored: /^COMPLETED:20270202T100000Z/m, path: ['Tasks:DateCompleted'], shown: '2027-02-02T10:00:00.000Z' },
  'Tasks:ReminderSet': { send: () => reminder, stored: /^BEGIN:VALARM/m, path: ['Tasks:ReminderSet'], shown: '1' },
  'Tasks:ReminderTime': { send: () => reminder, stored: /^TRIGGER;VALUE=DATE-TIME:20270301T080000Z/m, path: ['Tasks:ReminderTime'], shown: '2027-03-01T08:00:00.000Z' },
  ...rules('Tasks', day('2027-03-29'), /^RRULE:.*UNTIL=20270329/m),
  'Tasks:Start in Recurrence': { send: () => [rule('Tasks', ['Type', 0], ['Interval', 1])], stored: /^DTSTART;VALUE=DATE:20270301/m, path: ['Tasks:Recurrence', 'Tasks:Start'], shown: day('2027-03-01') },
  ...Object.fromEntries([
    ruleCase('Tasks', 'Regenerate', [['Type', 0], ['Interval', 1], ['Regenerate', 1]], /^X-MS-REGENERATE:1/m),
    ruleCase('Tasks', 'DeadOccur', [['Type', 0], ['Interval', 1], ['DeadOccur', 1]], /^X-MS-DEADOCCUR:1/m),
  ]),
  ...body('Tasks'),
}; // biome-ignore format: rows

const NOTES: Readonly<Record<string, ElementCase>> = {
  ...Object.fromEntries([
    plain('Notes:Subject', 'SUMMARY:'),
    plain('Notes:MessageClass', 'X-MS-MESSAGECLASS:', 'IPM.StickyNote.Own', 'IPM\\.StickyNote\\.Own'),
  ]),
  'Notes:LastModifiedDate': {
    send: () => [t('Notes:LastModifiedDate', '20200101T000000Z')],
    stored: /^LAST-MODIFIED:(?!2020)\d{8}T\d{6}Z/m,
    path: ['Notes:LastModifiedDate'],
    shown: /^(?!2020)\d{8}T\d{6}Z$/,
  },
  ...listCases('Notes', 'Categories', 'Category', CATEGORIES),
  ...body('Notes'),
};

export const CASES = { 'MS-ASCNTC': CONTACTS, 'MS-ASCAL': CALENDAR, 'MS-ASTASK': TASKS, 'MS-ASNOTE': NOTES } as const;

/** What a new item has besides the element that is looked at. */
export const PLAIN: Readonly<Record<keyof typeof CASES, (version: string, number: number) => readonly Tag[]>> = {
  'MS-ASCNTC': () => [t('Contacts:LastName', 'Case'), t('Contacts:FirstName', 'Ada')],
  'MS-ASCAL': (version, number) => [
    t('Calendar:Timezone', BERLIN),
    t('Calendar:AllDayEvent', 0),
    ...(modern(version) ? [] : [t('Calendar:DtStamp', '20260101T000000Z')]),
    t('Calendar:StartTime', START),
    t('Calendar:EndTime', '20270301T100000Z'),
    t('Calendar:Subject', `Case ${number}`),
    ...(modern(version) ? [t('Calendar:ClientUid', `case-${number}`)] : [t('Calendar:UID', `case-${number}@phone`)]),
    t('Calendar:Sensitivity', 0),
    t('Calendar:BusyStatus', 2),
    t('Calendar:MeetingStatus', 0),
  ],
  'MS-ASTASK': (_version, number) => [
    t('Tasks:Subject', `Case ${number}`),
    t('Tasks:Importance', 1),
    t('Tasks:Complete', 0),
    t('Tasks:Sensitivity', 0),
    t('Tasks:ReminderSet', 0),
  ],
  'MS-ASNOTE': (_version, number) => [t('Notes:Subject', `Case ${number}`), t('Notes:MessageClass', 'IPM.StickyNote')],
};
