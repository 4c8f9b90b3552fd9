import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { calendarClass } from '../../../../../src/faces/eas/classes/calendar.js';
import { MalformedItem } from '../../../../../src/faces/eas/classes/item-class.js';
import { encodeTimeZone } from '../../../../../src/faces/eas/classes/timezone.js';
import { describeZone } from '../../../../../src/faces/eas/classes/zone-rules.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import { child, children, type Element, el } from '../../../../../src/formats/wbxml/tree.js';
import { ianaZone } from '../../../../../src/formats/zones/iana.js';
import type { Zone } from '../../../../../src/formats/zones/zone.js';
import { at, calendar, data, difference, echo, NOW, render, sent, shown, touched, USER, VERSIONS, without } from './support.js';

const { apply } = calendarClass;
const applyInstance = calendarClass.applyInstance as NonNullable<typeof calendarClass.applyInstance>;

const blob = (zone: string, when = NOW.getTime()) => encodeTimeZone(describeZone(ianaZone(zone) as Zone, when));
const timezone = (zone: string) => el('Calendar:Timezone', blob(zone));
const start = (value: string) => el('Calendar:StartTime', value);
const end = (value: string) => el('Calendar:EndTime', value);
const subject = (value: string) => el('Calendar:Subject', value);

const event = (...more: string[]) =>
  calendar(
    'BEGIN:VEVENT',
    'UID:u-1',
    'DTSTAMP:20260101T000000Z',
    'DTSTART;TZID=Europe/Berlin:20261202T090000',
    'DTEND;TZID=Europe/Berlin:20261202T100000',
    'SUMMARY:Talk',
    ...more,
    'END:VEVENT',
  );

const alarm = (trigger: string, ...more: string[]) => [
  'BEGIN:VALARM',
  'ACTION:DISPLAY',
  `TRIGGER${trigger}`,
  'DESCRIPTION:x',
  ...more,
  'END:VALARM',
];

const weekly = (...more: string[]) =>
  calendar(
    'BEGIN:VEVENT',
    'UID:w-1',
    'DTSTAMP:20260101T000000Z',
    'DTSTART;TZID=Europe/Berlin:20261005T090000',
    'DTEND;TZID=Europe/Berlin:20261005T100000',
    'RRULE:FREQ=WEEKLY;BYDAY=MO',
    'SUMMARY:Jour fixe',
    'LOCATION:Room 1',
    ...more,
    'END:VEVENT',
  );

const withOverride = (...own: string[]) =>
  weekly(
    'EXDATE;TZID=Europe/Berlin:20261019T090000',
    'END:VEVENT',
    'BEGIN:VEVENT',
    'UID:w-1',
    'DTSTAMP:20260101T000000Z',
    'RECURRENCE-ID;TZID=Europe/Berlin:20261026T090000',
    ...own,
  );

const MOVED = withOverride(
  'DTSTART;TZID=Europe/Berlin:20261026T110000',
  'DTEND;TZID=Europe/Berlin:20261026T120000',
  'SUMMARY:Jour fixe',
  'X-OWN:1',
);

describe('calendar items shown', () => {
  it('tells times in UTC with the zone of the event', () => {
    for (const version of VERSIONS) {
      const item = render(calendarClass, event(), shown(version));
      assert.equal(at(item, 'Calendar:StartTime'), '20261202T080000Z');
      assert.equal(at(item, 'Calendar:EndTime'), '20261202T090000Z');
      assert.equal(at(item, 'Calendar:AllDayEvent'), '0');
      assert.equal(at(item, 'Calendar:Timezone'), blob('Europe/Berlin'));
      assert.equal(at(item, 'Calendar:UID'), 'u-1');
      assert.equal(at(item, 'Calendar:MeetingStatus'), '0');
      assert.equal(at(item, 'Calendar:OrganizerEmail'), USER.address);
    }
  });

  it('tells days as local midnights up to 14.1, as dates from 16.0 on', () => {
    const text = calendar('BEGIN:VEVENT', 'UID:d', 'DTSTAMP:20260101T000000Z', 'DTSTART;VALUE=DATE:20261224', 'END:VEVENT');
    const old = render(calendarClass, text, shown('14.1'));
    assert.deepEqual(
      [at(old, 'Calendar:StartTime'), at(old, 'Calendar:EndTime'), at(old, 'Calendar:AllDayEvent')],
      ['20261223T230000Z', '20261224T230000Z', '1'],
    );
    assert.equal(at(old, 'Calendar:Timezone'), blob('Europe/Berlin'));
    const modern = render(calendarClass, text, shown('16.1'));
    assert.deepEqual(
      [at(modern, 'Calendar:StartTime'), at(modern, 'Calendar:EndTime')],
      ['20261224T000000Z', '20261225T000000Z'],
    );
    assert.equal(child(modern, 'Calendar:Timezone'), undefined);
  });

  it('uses DURATION, floating times and zones that only the text describes', () => {
    const floating = event()
      .replaceAll(';TZID=Europe/Berlin', '')
      .replace(/DTEND.*\r\n/, 'DURATION:PT90M\r\n');
    const item = render(calendarClass, floating, shown('14.1'));
    assert.deepEqual([at(item, 'Calendar:StartTime'), at(item, 'Calendar:EndTime')], ['20261202T080000Z', '20261202T093000Z']);
  });

  it('describes a running series by the rules of today', () => {
    const text = weekly().replaceAll('Europe/Berlin', 'America/New_York').replaceAll('20261005', '20050103');
    assert.equal(at(render(calendarClass, text, shown('14.1')), 'Calendar:Timezone'), blob('America/New_York'));
    const ended = text.replace('BYDAY=MO', 'BYDAY=MO;UNTIL=20051231T000000Z');
    const then = blob('America/New_York', Date.UTC(2005, 0, 3));
    assert.equal(at(render(calendarClass, ended, shown('14.1')), 'Calendar:Timezone'), then);
  });

  it('has each element only in the versions that know it', () => {
    const text = event('LOCATION:Here', 'DESCRIPTION:Words', 'ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.org');
    const tags = (version: EasVersion) => calendarClass.render(text, shown(version)).map(({ tag }) => tag);
    assert.ok(tags('2.5').includes('Calendar:Body') && !tags('2.5').includes('AirSyncBase:Body'));
    assert.ok(!tags('12.1').includes('Calendar:ResponseType') && tags('14.0').includes('Calendar:ResponseType'));
    assert.ok(tags('14.1').includes('Calendar:Location') && !tags('14.1').includes('AirSyncBase:Location'));
    assert.ok(tags('16.0').includes('AirSyncBase:Location') && !tags('16.0').includes('Calendar:Location'));
    const attendee = child(child(render(calendarClass, text, shown('2.5')), 'Calendar:Attendees'), 'Calendar:Attendee');
    assert.equal(child(attendee, 'Calendar:AttendeeStatus'), undefined, 'from 12.0 on');
  });

  it('chooses the nearest alarm before the start', () => {
    const reminder = (...alarms: string[][]) =>
      at(render(calendarClass, event(...alarms.flat()), shown('16.1')), 'Calendar:Reminder');
    assert.equal(reminder(alarm(':-P1D'), alarm(':-PT15M')), '15');
    assert.equal(reminder(alarm(':PT0S')), '0');
    assert.equal(reminder(alarm(';RELATED=END:-PT2H')), '60');
    assert.equal(reminder(alarm(';VALUE=DATE-TIME:20261202T070000Z')), '60');
    assert.equal(reminder(alarm(':PT5M')), undefined, 'after the start');
    assert.equal(reminder(alarm(':-PT5M').map((line) => line.replace('DISPLAY', 'EMAIL'))), undefined);
    assert.equal(reminder(alarm(':garbage'), alarm(':-PT5M')), '5');
    assert.equal(reminder(alarm(';VALUE=DATE-TIME:19760401T005545Z')), undefined, 'what an app writes for none');
    assert.equal(reminder(), undefined);
  });

  it('knows busy, free and the finer words', () => {
    const busy = (version: EasVersion, ...more: string[]) =>
      at(render(calendarClass, event(...more), shown(version)), 'Calendar:BusyStatus');
    assert.equal(busy('14.1'), '2');
    assert.equal(busy('14.1', 'TRANSP:TRANSPARENT', 'X-MICROSOFT-CDO-BUSYSTATUS:OOF'), '0', 'TRANSP was changed later');
    assert.equal(busy('14.1', 'X-MICROSOFT-CDO-BUSYSTATUS:OOF'), '3');
    assert.equal(busy('14.1', 'STATUS:TENTATIVE'), '1');
    assert.equal(busy('16.1', 'X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE'), '4');
    assert.equal(busy('14.1', 'X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE'), '0');
  });

  it('knows meetings', () => {
    const bob = 'ATTENDEE;CN=Bob;PARTSTAT=DECLINED;ROLE=OPT-PARTICIPANT:mailto:bob@example.org';
    const me = 'ATTENDEE;PARTSTAT=TENTATIVE:MAILTO:AL@example.org';
    const facts = (...more: string[]) => {
      const item = render(calendarClass, event(...more), shown('14.1'));
      return [at(item, 'Calendar:MeetingStatus'), at(item, 'Calendar:ResponseType'), at(item, 'Calendar:OrganizerEmail')];
    };
    assert.deepEqual(facts('ORGANIZER:mailto:alice@example.org', bob), ['1', '1', 'alice@example.org']);
    assert.deepEqual(facts('ORGANIZER:mailto:carol@example.org', bob, me), ['3', '2', 'carol@example.org']);
    assert.deepEqual(facts('ORGANIZER:mailto:carol@example.org', 'STATUS:CANCELLED', me), ['7', '2', 'carol@example.org']);
    assert.deepEqual(facts('ORGANIZER:mailto:al@example.org', 'STATUS:CANCELLED', bob), ['5', '1', 'al@example.org']);
    const attendees = child(
      render(calendarClass, event('ORGANIZER:mailto:alice@example.org', bob, me), shown('14.1')),
      'Calendar:Attendees',
    );
    const [first] = children(attendees, 'Calendar:Attendee');
    assert.deepEqual(
      (['Email', 'Name', 'AttendeeStatus', 'AttendeeType'] as const).map((name) => at(first, `Calendar:${name}`)),
      ['bob@example.org', 'Bob', '4', '2'],
    );
  });

  it('gives the body in the wanted form', () => {
    const text = event('DESCRIPTION:One\\nTwo', 'X-ALT-DESC;FMTTYPE=text/html:<p>One</p><p><b>Two</b></p>');
    const body = (...preferences: { type: 1 | 2; truncationSize?: number; allOrNone?: boolean; preview?: number }[]) =>
      child(render(calendarClass, text, shown('16.1', { bodyPreferences: preferences })), 'AirSyncBase:Body');
    assert.equal(at(body(), 'AirSyncBase:Data'), 'One\r\nTwo');
    assert.equal(at(body({ type: 1 }, { type: 2 }), 'AirSyncBase:Data'), '<p>One</p><p><b>Two</b></p>');
    const cut = body({ type: 1, truncationSize: 5 });
    assert.deepEqual(
      (['Data', 'Truncated', 'EstimatedDataSize'] as const).map((name) => at(cut, `AirSyncBase:${name}`)),
      ['One\r\n', '1', '8'],
    );
    assert.equal(at(body({ type: 2, truncationSize: 5, allOrNone: true }, { type: 1 }), 'AirSyncBase:Type'), '1');
    assert.equal(at(body({ type: 2, preview: 5 }), 'AirSyncBase:Preview'), 'One T');
    assert.equal(child(body({ type: 1 }), 'AirSyncBase:Truncated'), undefined);
  });

  it('throws for texts that nothing can be made of', () => {
    for (const text of ['', 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n', calendar('BEGIN:VEVENT', 'UID:x', 'END:VEVENT')])
      assert.throws(() => calendarClass.render(text, shown('14.1')), Error);
  });
});

describe('series shown', () => {
  it('shows recurrence and exceptions', () => {
    for (const version of ['14.1', '16.1'] as const) {
      const item = render(calendarClass, MOVED, shown(version));
      const recurrence = child(item, 'Calendar:Recurrence');
      assert.deepEqual([at(recurrence, 'Calendar:Type'), at(recurrence, 'Calendar:DayOfWeek')], ['1', '2']);
      assert.equal(at(recurrence, 'Calendar:FirstDayOfWeek'), '1');
      const key = version === '16.1' ? 'AirSyncBase:InstanceId' : 'Calendar:ExceptionStartTime';
      const [deleted, moved] = children(child(item, 'Calendar:Exceptions'), 'Calendar:Exception') as [Element, Element];
      assert.deepEqual([at(deleted, 'Calendar:Deleted'), at(deleted, key)], ['1', '20261019T070000Z']);
      assert.deepEqual(
        [at(moved, key), at(moved, 'Calendar:StartTime')],
        ['20261026T080000Z', '20261026T100000Z'],
        'summer time is over',
      );
      assert.equal(child(moved, 'Calendar:Subject'), undefined, 'inherited');
      const location = version === '16.1' ? 'AirSyncBase:Location' : 'Calendar:Location';
      assert.deepEqual(child(moved, location)?.content, [], 'an empty element takes the inherited value away');
    }
  });

  it('shows days of a series by their dates', () => {
    const text = calendar(
      ...['BEGIN:VEVENT', 'UID:y', 'DTSTAMP:20260101T000000Z', 'DTSTART;VALUE=DATE:20260301', 'SUMMARY:Rent'],
      ...['RRULE:FREQ=MONTHLY;UNTIL=20261201', 'EXDATE;VALUE=DATE:20260401', 'END:VEVENT'],
    );
    const old = render(calendarClass, text, shown('14.1'));
    assert.equal(at(old, 'Calendar:Recurrence', 'Calendar:Until'), '20261130T230000Z');
    assert.equal(at(old, 'Calendar:Exceptions', 'Calendar:Exception', 'Calendar:ExceptionStartTime'), '20260331T220000Z');
    const modern = render(calendarClass, text, shown('16.0'));
    assert.equal(at(modern, 'Calendar:Recurrence', 'Calendar:Until'), '20261201T000000Z');
    assert.equal(at(modern, 'Calendar:Exceptions', 'Calendar:Exception', 'AirSyncBase:InstanceId'), '20260401T000000Z');
  });

  it('shows one event for a rule without words, and keeps the rule', () => {
    const text = weekly().replace('FREQ=WEEKLY;BYDAY=MO', 'FREQ=YEARLY;BYWEEKNO=41;BYDAY=MO');
    const item = render(calendarClass, text, shown('14.1'));
    assert.equal(child(item, 'Calendar:Recurrence'), undefined);
    assert.deepEqual(touched(text, apply(text, echo(item, subject('New')), sent('14.1'))), ['SUMMARY']);
    const recurrence = el('Calendar:Recurrence', el('Calendar:Type', 0));
    assert.throws(() => apply(text, data(recurrence), sent('16.1')), MalformedItem);
    assert.throws(() => apply(text, data(start('20261005T080000Z')), sent('16.1')), MalformedItem);
    assert.equal(apply(text, echo(item, timezone('America/New_York')), sent('14.1')), text);
  });

  it('shows an occurrence without its series', () => {
    const text = calendar(
      ...['BEGIN:VEVENT', 'UID:o', 'DTSTAMP:20260101T000000Z', 'RECURRENCE-ID:20261005T070000Z'],
      ...['DTSTART:20261005T080000Z', 'DTEND:20261005T090000Z', 'SUMMARY:Only this', 'END:VEVENT'],
    );
    const item = render(calendarClass, text, shown('16.1'));
    assert.equal(at(item, 'AirSyncBase:InstanceId'), '20261005T070000Z');
    assert.deepEqual(touched(text, apply(text, data(subject('That')), sent('16.1'))), ['SUMMARY']);
    const changed = applyInstance(text, new Date(Date.UTC(2026, 9, 5, 7)), data(subject('This')), sent('16.1'));
    assert.deepEqual(touched(text, changed), ['SUMMARY']);
    assert.throws(() => applyInstance(text, new Date(Date.UTC(2026, 9, 5, 7)), null, sent('16.1')), MalformedItem);
    assert.throws(() => applyInstance(text, new Date(0), data(subject('x')), sent('16.1')), MalformedItem);
  });
});

describe('calendar items changed', () => {
  const rich = event(
    'LOCATION;ALTREP="https://example.org/7":Room 7',
    'DESCRIPTION:Words',
    'X-ALT-DESC;FMTTYPE=text/html:<b>Words</b>',
    'CATEGORIES:A,B',
    'CLASS:CONFIDENTIAL',
    'X-KEEP;X-P="a;b":c',
    ...alarm(':-PT15M', 'X-WR-ALARMUID:1'),
    ...alarm(':-P1D'),
  );

  it('touches only what differs', () => {
    for (const version of VERSIONS) {
      const item = render(calendarClass, rich, shown(version));
      assert.equal(apply(rich, echo(item), sent(version)), rich, version);
      assert.deepEqual(difference(rich, apply(rich, echo(item, subject('Other')), sent(version))), {
        gone: ['DTSTAMP:20260101T000000Z', 'SUMMARY:Talk'],
        come: ['DTSTAMP:20261123T120000Z', 'SUMMARY:Other', 'LAST-MODIFIED:20261123T120000Z', 'SEQUENCE:1'],
      });
    }
  });

  it('deletes by absence up to 14.1, and only then', () => {
    const gone = (version: EasVersion, supported: ReadonlySet<never> | null = null) => {
      const item = render(calendarClass, rich, shown(version));
      const partly = without(
        item,
        'Calendar:Categories',
        'Calendar:Location',
        'AirSyncBase:Location',
        'Calendar:Sensitivity',
        'AirSyncBase:Body',
      );
      return touched(rich, apply(rich, partly, sent(version, { supported })));
    };
    assert.deepEqual(gone('14.1'), ['CATEGORIES', 'CLASS', 'LOCATION']);
    assert.deepEqual(gone('14.1', new Set()), ['LOCATION'], 'ghosted, but for what no client may leave out');
    assert.deepEqual(gone('16.1'), []);
    assert.equal(apply(rich, data(subject('Talk')), sent('14.1')), rich, 'a part of an item is no whole item');
  });

  it('loses no attendee to a client that sends none', () => {
    const text = event(
      'ORGANIZER;CN=Carol:mailto:carol@example.org',
      'ATTENDEE;CN=Alice;PARTSTAT=ACCEPTED;X-A=1:mailto:alice@example.org',
      'ATTENDEE;CN=Bob:mailto:bob@example.org',
    );
    for (const version of VERSIONS) {
      const item = render(calendarClass, text, shown(version));
      const reminded = echo(
        without(item, 'Calendar:Attendees', 'Calendar:OrganizerEmail', 'Calendar:MeetingStatus'),
        el('Calendar:Reminder', 5),
      );
      assert.deepEqual(touched(text, apply(text, reminded, sent(version))), ['ACTION', 'BEGIN', 'DESCRIPTION', 'END', 'TRIGGER']);
      const other = el(
        'Calendar:Attendees',
        el('Calendar:Attendee', el('Calendar:Email', 'eve@example.org'), el('Calendar:Name', 'Eve')),
      );
      assert.equal(apply(text, echo(item, other), sent(version)), text, 'only the organizer invites');
    }
  });

  it('invites and uninvites', () => {
    const text = event(
      'ORGANIZER:mailto:alice@example.org',
      'ATTENDEE;CN=Bob;X-A=1:mailto:bob@example.org',
      'ATTENDEE:mailto:dan@example.org',
    );
    const attendee = (email: string, name: string, type = 1) =>
      el('Calendar:Attendee', el('Calendar:Email', email), el('Calendar:Name', name), el('Calendar:AttendeeType', type));
    const list = el('Calendar:Attendees', attendee('BOB@example.org', 'Bob', 2), attendee('room@example.org', 'Room', 3));
    assert.deepEqual(difference(text, apply(text, data(list), sent('16.1'))), {
      gone: ['DTSTAMP:20260101T000000Z', 'ATTENDEE;CN=Bob;X-A=1:mailto:bob@example.org', 'ATTENDEE:mailto:dan@example.org'],
      come: [
        'DTSTAMP:20261123T120000Z',
        'ATTENDEE;CN=Bob;X-A=1;ROLE=OPT-PARTICIPANT:mailto:bob@example.org',
        'ATTENDEE;CN=Room;CUTYPE=RESOURCE;ROLE=NON-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:room@example.org',
        'LAST-MODIFIED:20261123T120000Z',
        'SEQUENCE:1',
      ],
    });
    const invited = apply(event(), data(list), sent('16.1'));
    assert.match(invited, /\r\nORGANIZER;CN=Alice Example:mailto:alice@example.org\r\n/);
    assert.equal(apply(event(), data(el('Calendar:Attendees')), sent('16.1')), event());
  });

  it('moves the chosen alarm and keeps the others', () => {
    const item = (minutes?: number) => data(minutes === undefined ? el('Calendar:Reminder') : el('Calendar:Reminder', minutes));
    const later = apply(rich, item(2880), sent('16.1'));
    assert.deepEqual(difference(rich, later).gone.slice(1), ['TRIGGER:-PT15M']);
    assert.equal(at(render(calendarClass, later, shown('16.1')), 'Calendar:Reminder'), '2880', 'though another one is nearer');
    const none = apply(rich, item(), sent('16.1'));
    assert.equal(none.match(/BEGIN:VALARM/g)?.length, 1);
    assert.match(apply(event(), item(0), sent('14.1')), /TRIGGER:PT0S/);
    const silent = render(calendarClass, event(...alarm(':PT5M')), shown('14.1'));
    assert.equal(apply(event(...alarm(':PT5M')), echo(silent), sent('14.1')), event(...alarm(':PT5M')), 'not shown, not deleted');
  });

  it('keeps the form of times it moves', () => {
    const moved = data(start('20261203T080000Z'), end('20261203T090000Z'));
    assert.deepEqual(difference(event(), apply(event(), moved, sent('16.1'))).come.slice(1, 3), [
      'DTSTART;TZID=Europe/Berlin:20261203T090000',
      'DTEND;TZID=Europe/Berlin:20261203T100000',
    ]);
    const utc = event().replaceAll(/;TZID=Europe\/Berlin:(\d+T\d+)/g, ':$1Z');
    assert.match(apply(utc, moved, sent('16.1')), /\r\nDTSTART:20261203T080000Z\r\n/);
    const floating = event().replaceAll(';TZID=Europe/Berlin', '');
    assert.match(apply(floating, echo(moved, timezone('Europe/Berlin')), sent('14.1')), /\r\nDTSTART:20261203T090000\r\n/);
    const lasting = event().replace(/DTEND.*\r\n/, 'DURATION:PT1H\r\n');
    assert.deepEqual(touched(lasting, apply(lasting, moved, sent('16.1'))), ['DTSTART']);
    assert.match(
      apply(lasting, data(start('20261202T080000Z'), end('20261202T100000Z')), sent('16.1')),
      /DTEND;TZID=Europe\/Berlin:20261202T110000/,
    );
  });

  it('leaves a single event in its zone when only the zone differs', () => {
    const item = render(calendarClass, event(), shown('14.1'));
    assert.equal(apply(event(), echo(item, timezone('America/New_York')), sent('14.1')), event());
    const moved = echo(item, timezone('America/New_York'), start('20261202T150000Z'), end('20261202T160000Z'));
    const text = apply(event(), moved, sent('14.1'));
    assert.match(text, /DTSTART;TZID=America\/New_York:20261202T100000\r\n/);
    assert.match(text, /BEGIN:VTIMEZONE\r\nTZID:America\/New_York\r\n/);
  });

  it('turns days into hours and back', () => {
    for (const version of ['14.1', '16.1'] as const) {
      const days = version === '14.1' ? ['20261201T230000Z', '20261203T230000Z'] : ['20261202T000000Z', '20261204T000000Z'];
      const whole = data(start(days[0] as string), end(days[1] as string), el('Calendar:AllDayEvent', 1));
      const allDay = apply(event(), whole, sent(version));
      assert.match(allDay, /\r\nDTSTART;VALUE=DATE:20261202\r\nDTEND;VALUE=DATE:20261204\r\n/);
      assert.equal(apply(allDay, whole, sent(version)), allDay);
      const back = data(
        timezone('Europe/Berlin'),
        start('20261202T080000Z'),
        end('20261202T090000Z'),
        el('Calendar:AllDayEvent', 0),
      );
      assert.match(
        apply(allDay, back, sent(version)),
        /\r\nDTSTART;TZID=Europe\/Berlin:20261202T090000\r\nDTEND;TZID=Europe\/Berlin:20261202T100000\r\n/,
      );
    }
  });

  it('takes the day of an all-day event from the zone that came with it', () => {
    for (const zone of ['America/Los_Angeles', 'Asia/Tokyo', 'Pacific/Auckland', 'Asia/Kolkata']) {
      const local = Date.UTC(2026, 6, 4) - (ianaZone(zone) as Zone).offsetAt(Date.UTC(2026, 6, 4));
      const compact = (when: number) => new Date(when).toISOString().replace(/[-:]|\.000/g, '');
      const item = data(timezone(zone), el('Calendar:AllDayEvent', 1), start(compact(local)), end(compact(local + 86_400_000)));
      assert.match(apply(null, item, sent('14.1')), /DTSTART;VALUE=DATE:20260704\r\nDTEND;VALUE=DATE:20260705\r\n/, zone);
    }
  });

  it('writes bodies, and knows its own again', () => {
    const body = (type: number, text: string) =>
      el('AirSyncBase:Body', el('AirSyncBase:Type', type), el('AirSyncBase:Data', text));
    assert.equal(apply(rich, data(body(2, '<b>Words</b>')), sent('16.1')), rich);
    assert.equal(apply(rich, data(body(1, 'Words\r\n')), sent('16.1')), rich);
    const plain = event('DESCRIPTION:Words and\\nmore');
    assert.equal(apply(plain, data(body(2, '<html><body>Words and<br>more</body></html>')), sent('16.1')), plain);
    assert.deepEqual(touched(rich, apply(rich, data(body(1, 'New; text')), sent('16.1'))), ['DESCRIPTION', 'X-ALT-DESC']);
    const html = apply(plain, data(body(2, '<p>So <i>new</i></p>')), sent('16.1'));
    assert.match(html, /DESCRIPTION:So new\r\n/);
    assert.match(html, /X-ALT-DESC;FMTTYPE=text\/html:<p>So <i>new<\/i><\/p>\r\n/);
    assert.equal(
      apply(plain, data(el('AirSyncBase:Body', el('AirSyncBase:Type', 1))), sent('16.1')),
      plain,
      'without Data: kept',
    );
    const cut = el(
      'AirSyncBase:Body',
      el('AirSyncBase:Type', 1),
      el('AirSyncBase:Truncated', 1),
      el('AirSyncBase:Data', 'Words a'),
    );
    assert.equal(apply(plain, data(cut), sent('16.1')), plain, 'the beginning of what was cut');
  });

  it('writes places', () => {
    const place = (...parts: Element[]) => data(el('AirSyncBase:Location', parts));
    const named = apply(
      rich,
      place(
        el('AirSyncBase:DisplayName', 'Café'),
        el('AirSyncBase:City', 'Köln'),
        el('AirSyncBase:Latitude', '50.9'),
        el('AirSyncBase:Longitude', '6.96'),
      ),
      sent('16.1'),
    );
    assert.match(named, /\r\nLOCATION:Café\r\n/);
    assert.match(named, /\r\nGEO:50.9;6.96\r\n/);
    const shownAgain = child(render(calendarClass, named, shown('16.1')), 'AirSyncBase:Location');
    assert.equal(at(shownAgain, 'AirSyncBase:City'), 'Köln');
    assert.equal(apply(named, data(shownAgain), sent('16.1')), named);
    const away = apply(named, data(el('AirSyncBase:Location')), sent('16.1'));
    assert.doesNotMatch(away, /LOCATION|GEO/);
    assert.match(
      apply(event(), place(el('AirSyncBase:Street', 'Weg 1'), el('AirSyncBase:City', 'Bonn')), sent('16.1')),
      /LOCATION:Weg 1\\, Bonn/,
    );
  });

  it('shows places of Apple’s apps on the map, and writes them as those read them', () => {
    const apple = (position: string) =>
      `X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="Street 1";X-APPLE-RADIUS=70;X-TITLE="Café":${position}`;
    const placeOf = (stored: string) => child(render(calendarClass, stored, shown('16.1')), 'AirSyncBase:Location');
    const stored = event('LOCATION:Café', apple('geo:48.1,11.5;u=35'));
    assert.deepEqual(
      [at(placeOf(stored), 'AirSyncBase:Latitude'), at(placeOf(stored), 'AirSyncBase:Longitude')],
      ['48.1', '11.5'],
    );
    assert.equal(apply(stored, data(placeOf(stored)), sent('16.1')), stored, 'nothing is written where nothing changed');
    assert.equal(at(placeOf(event('LOCATION:Café', apple('nowhere'))), 'AirSyncBase:Latitude'), undefined);
    const position = [el('AirSyncBase:Latitude', '48.2'), el('AirSyncBase:Longitude', '11.6')];
    const moved = apply(stored, data(el('AirSyncBase:Location', el('AirSyncBase:DisplayName', 'Café'), position)), sent('16.1'));
    assert.match(moved.replace(/\r\n /g, ''), /\r\nX-APPLE-STRUCTURED-LOCATION;[^\r]*X-TITLE="Café":geo:48.2,11.6\r\n/);
    assert.match(moved, /\r\nGEO:48.2;11.6\r\n/);
    const made = apply(
      event(),
      data(el('AirSyncBase:Location', el('AirSyncBase:DisplayName', 'Bar; "old"'), el('AirSyncBase:City', 'Bonn'), position)),
      sent('16.1'),
    ).replace(/\r\n /g, '');
    assert.match(made, /\r\nX-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS=Bonn;X-TITLE=[^\r]*Bar; [^\r]*:geo:48.2,11.6\r\n/);
  });

  it('shows the link by which a meeting is joined, never a number to dial (RFC 7986 §5.11)', () => {
    const link = (...lines: string[]) =>
      at(render(calendarClass, event(...lines), shown('14.1')), 'Calendar:OnlineMeetingExternalLink');
    const dial = 'CONFERENCE;VALUE=URI;FEATURE=PHONE,MODERATOR:tel:+49-30-1';
    assert.equal(link(dial), undefined);
    assert.equal(link(dial, 'CONFERENCE;VALUE=URI;FEATURE=CHAT:xmpp:room@x.test'), 'xmpp:room@x.test');
    const audio = 'CONFERENCE;VALUE=URI;FEATURE=AUDIO:https://x.test/audio';
    const video = 'CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=Web:https://x.test/video';
    assert.equal(link(dial, audio), 'https://x.test/audio');
    assert.equal(link(dial, audio, video), 'https://x.test/video');
    assert.equal(link('X-GOOGLE-CONFERENCE:https://meet.x.test/abc'), 'https://meet.x.test/abc');
  });

  it('writes busy states, sensitivity, categories and cancellations', () => {
    const one = (...elements: Element[]) => difference(event(), apply(event(), data(elements), sent('16.1'))).come.slice(1);
    assert.deepEqual(one(el('Calendar:BusyStatus', 0)).slice(0, 1), ['TRANSP:TRANSPARENT']);
    assert.deepEqual(one(el('Calendar:BusyStatus', 3)).slice(0, 1), ['X-MICROSOFT-CDO-BUSYSTATUS:OOF']);
    assert.deepEqual(one(el('Calendar:Sensitivity', 2)).slice(0, 1), ['CLASS:PRIVATE']);
    assert.deepEqual(one(el('Calendar:Sensitivity', 77)), []);
    assert.deepEqual(one(el('Calendar:Categories', el('Calendar:Category', 'a,b'), el('Calendar:Category', 'c'))).slice(0, 1), [
      'CATEGORIES:a\\,b,c',
    ]);
    assert.deepEqual(touched(rich, apply(rich, data(el('Calendar:Categories')), sent('16.1'))), ['CATEGORIES']);
    const meeting = event('ORGANIZER:mailto:alice@example.org', 'ATTENDEE:mailto:bob@example.org');
    assert.deepEqual(touched(meeting, apply(meeting, data(el('Calendar:MeetingStatus', 5)), sent('14.1'))), ['STATUS']);
    assert.equal(apply(meeting, data(el('Calendar:MeetingStatus', 0)), sent('14.1')), meeting);
    assert.equal(
      one(el('Calendar:BusyStatus', 0)).some((line) => line.startsWith('SEQUENCE')),
      false,
      'nobody else’s business',
    );
  });

  it('refuses what the tables refuse, and only that', () => {
    for (const bad of [
      data(end('20261202T090000Z')),
      data(start('soon')),
      data(el('Calendar:Recurrence', el('Calendar:Type', 1))),
    ])
      assert.throws(() => apply(event(), bad, sent('14.1')), MalformedItem);
    assert.throws(() => apply(null, data(start('20270101T000000Z')), sent('14.1')), MalformedItem);
    const odd = data(
      el('Calendar:BusyStatus', 'x'),
      el('Calendar:Reminder', '-5'),
      el('Calendar:Timezone', '%%%'),
      el('Calendar:MeetingStatus'),
    );
    assert.equal(apply(event(), odd, sent('16.1')), event());
  });
});

describe('series changed', () => {
  it('renames the series and the occurrences that have their name from it', () => {
    for (const version of VERSIONS) {
      const item = render(calendarClass, MOVED, shown(version));
      assert.equal(apply(MOVED, echo(item), sent(version)), MOVED, version);
      const text = apply(MOVED, echo(item, subject('Weekly')), sent(version));
      assert.equal(text.match(/SUMMARY:Weekly/g)?.length, 2);
      assert.deepEqual(touched(MOVED, text), ['SUMMARY']);
    }
  });

  it('deletes, changes and restores single occurrences up to 14.1', () => {
    const exception = (...content: Element[]) => data(el('Calendar:Exceptions', el('Calendar:Exception', content)));
    const key = (value: string) => el('Calendar:ExceptionStartTime', value);
    const deleted = apply(weekly(), exception(el('Calendar:Deleted', 1), key('20261102T080000Z')), sent('14.1'));
    assert.deepEqual(touched(weekly(), deleted), ['EXDATE']);
    assert.match(deleted, /EXDATE;TZID=Europe\/Berlin:20261102T090000\r\n/);
    assert.equal(apply(deleted, exception(el('Calendar:Deleted', 1), key('20261102T080000Z')), sent('14.1')), deleted);
    const changed = apply(deleted, exception(key('20261102T080000Z'), subject('Special')), sent('14.1'));
    assert.doesNotMatch(changed, /EXDATE/);
    assert.match(changed, /RECURRENCE-ID;TZID=Europe\/Berlin:20261102T090000\r\n/);
    const [own] = children(child(render(calendarClass, changed, shown('14.1')), 'Calendar:Exceptions'), 'Calendar:Exception');
    assert.deepEqual([at(own, 'Calendar:Subject'), at(own, 'Calendar:StartTime')], ['Special', '20261102T080000Z']);
    const plain = apply(changed, exception(key('20261102T080000Z'), el('Calendar:Location', 'There')), sent('14.1'));
    const [again] = children(child(render(calendarClass, plain, shown('14.1')), 'Calendar:Exceptions'), 'Calendar:Exception');
    assert.deepEqual(
      [at(again, 'Calendar:Subject'), at(again, 'Calendar:Location')],
      [undefined, 'There'],
      'absent: as the series',
    );
    const removed = apply(plain, exception(el('Calendar:Deleted', 1), key('20261102T080000Z')), sent('14.1'));
    assert.equal(removed.match(/BEGIN:VEVENT/g)?.length, 1);
    assert.throws(() => apply(weekly(), exception(subject('x')), sent('14.1')), MalformedItem);
  });

  it('changes single occurrences by InstanceId from 16.0 on', () => {
    const instance = new Date(Date.UTC(2026, 10, 2, 8));
    const moved = applyInstance(weekly(), instance, data(start('20261102T090000Z'), end('20261102T100000Z')), sent('16.1'));
    assert.match(moved, /RECURRENCE-ID;TZID=Europe\/Berlin:20261102T090000\r\nDTSTART;TZID=Europe\/Berlin:20261102T100000\r\n/);
    const named = applyInstance(moved, instance, data(subject('Late')), sent('16.1'));
    assert.deepEqual(touched(moved, named), ['SUMMARY']);
    assert.equal(applyInstance(named, instance, data(subject('Late')), sent('16.1')), named);
    const gone = applyInstance(named, instance, null, sent('16.1'));
    assert.equal(gone.match(/BEGIN:VEVENT/g)?.length, 1);
    assert.match(gone, /EXDATE;TZID=Europe\/Berlin:20261102T090000\r\n/);
    const inside = data(
      el('Calendar:Exceptions', el('Calendar:Exception', el('AirSyncBase:InstanceId', '20261102T080000Z'), subject('x'))),
    );
    assert.equal(apply(weekly(), inside, sent('16.1')), weekly(), 'not inside the series');
  });

  it('keeps exceptions when a series moves up to 14.1, and drops them from 16.0 on', () => {
    const times = [start('20261005T060000Z'), end('20261005T070000Z')];
    const old = apply(MOVED, echo(render(calendarClass, MOVED, shown('14.1')), ...times), sent('14.1'));
    assert.match(old, /EXDATE;TZID=Europe\/Berlin:20261019T080000\r\n/);
    assert.match(old, /RECURRENCE-ID;TZID=Europe\/Berlin:20261026T080000\r\n/);
    assert.match(old, /DTSTART;TZID=Europe\/Berlin:20261026T110000\r\n/);
    assert.equal(old.match(/EXDATE/g)?.length, 1);
    const modern = apply(MOVED, data(times), sent('16.1'));
    assert.doesNotMatch(modern, /EXDATE|RECURRENCE-ID/);
  });

  it('keeps the exceptions that a series with another end still has', () => {
    const until = (value: string) =>
      el(
        'Calendar:Recurrence',
        el('Calendar:Type', 1),
        el('Calendar:Interval', 1),
        el('Calendar:DayOfWeek', 2),
        el('Calendar:Until', value),
      );
    for (const version of ['14.1', '16.1'] as const) {
      const item = render(calendarClass, MOVED, shown(version));
      const longer = apply(MOVED, echo(item, until('20261130T080000Z')), sent(version));
      assert.deepEqual(touched(MOVED, longer), ['RRULE'], version);
      const before = apply(MOVED, echo(without(item, 'Calendar:Exceptions'), until('20261020T080000Z')), sent(version));
      assert.doesNotMatch(before, /RECURRENCE-ID/, version);
    }
  });

  it('changes and ends the recurrence', () => {
    const recurrence = (...content: Element[]) => el('Calendar:Recurrence', content);
    const daily = recurrence(
      el('Calendar:Type', 0),
      el('Calendar:Interval', 2),
      el('Calendar:Occurrences', 5),
      el('Calendar:Until', '20261231T000000Z'),
    );
    assert.match(apply(weekly(), data(daily), sent('16.1')), /RRULE:FREQ=DAILY;COUNT=5;INTERVAL=2\r\n/);
    const shorter = recurrence(
      el('Calendar:Type', 1),
      el('Calendar:Interval', 1),
      el('Calendar:DayOfWeek', 2),
      el('Calendar:Until', '20261130T080000Z'),
    );
    assert.match(apply(weekly(), data(shorter), sent('16.1')), /RRULE:FREQ=WEEKLY;UNTIL=20261130T080000Z;BYDAY=MO\r\n/);
    assert.doesNotMatch(apply(MOVED, data(recurrence()), sent('16.1')), /RRULE|EXDATE|RECURRENCE-ID/);
    const item = render(calendarClass, MOVED, shown('14.1'));
    assert.doesNotMatch(
      apply(MOVED, without(item, 'Calendar:Recurrence', 'Calendar:Exceptions'), sent('14.1')),
      /RRULE|RECURRENCE-ID/,
    );
    assert.equal(apply(MOVED, without(item, 'Calendar:Exceptions'), sent('14.1')), MOVED, 'without Exceptions they stay');
    assert.match(apply(event(), data(recurrence(el('Calendar:Type', 0))), sent('16.1')), /RRULE:FREQ=DAILY\r\n/);
  });
});

describe('new calendar items', () => {
  const basic = (...more: Element[]) =>
    data(
      timezone('Europe/Berlin'),
      start('20261202T080000Z'),
      end('20261202T090000Z'),
      subject('New'),
      el('Calendar:UID', 'from-the-phone\0'),
      more,
    );

  it('stores what a phone adds', () => {
    const text = apply(null, basic(el('Calendar:Reminder', 10), el('Calendar:BusyStatus', 2)), sent('14.1'));
    assert.match(text, /\r\nUID:from-the-phone\r\n/);
    assert.match(text, /BEGIN:VTIMEZONE\r\nTZID:Europe\/Berlin\r\n/);
    assert.match(text, /\r\nDTSTART;TZID=Europe\/Berlin:20261202T090000\r\nDTEND;TZID=Europe\/Berlin:20261202T100000\r\n/);
    assert.match(text, /TRIGGER:-PT10M/);
    assert.doesNotMatch(text, /ORGANIZER/);
    for (const version of VERSIONS) {
      const item = render(calendarClass, text, shown(version));
      assert.equal(apply(text, echo(item), sent(version)), text);
    }
  });

  it('makes the UID from 16.0 on, and the same one for the same ClientUid', () => {
    const clientUid = el('Calendar:ClientUid', '0123456789ABCDEF0123456789ABCDEF\0');
    const [one, two] = [1, 2].map(() => /UID:(.*)\r/.exec(apply(null, basic(clientUid), sent('16.1')))?.[1]);
    assert.equal(one, two);
    assert.doesNotMatch(apply(null, basic(), sent('16.1')), /from-the-phone/);
    const text = apply(null, basic(clientUid), sent('16.1'));
    assert.deepEqual(calendarClass.answer?.(text, sent('16.1')), [el('Calendar:UID', one)]);
    assert.deepEqual(calendarClass.answer?.(text, sent('14.1')), []);
  });

  it('fills in times', () => {
    assert.match(
      apply(null, data(subject('Now')), sent('16.1')),
      /DTSTART;TZID=Europe\/Berlin:20261123T130000\r\nDTEND;TZID=Europe\/Berlin:20261123T133000/,
    );
    const past = apply(null, data(start('20261123T100000Z')), sent('14.1'));
    assert.match(past, /DTEND;TZID=Europe\/Berlin:20261123T133000/);
  });

  it('takes the user’s zone for phones that say none', () => {
    for (const value of ['', Buffer.alloc(172).toString('base64'), 'AAAA'])
      assert.match(
        apply(null, data(el('Calendar:Timezone', value), start('20261202T080000Z'), end('20261202T090000Z')), sent('14.1')),
        /TZID=Europe\/Berlin:20261202T090000/,
      );
  });

  it('keeps meetings of others as they came', () => {
    const attendees = el(
      'Calendar:Attendees',
      el(
        'Calendar:Attendee',
        el('Calendar:Email', 'alice@example.org'),
        el('Calendar:Name', 'Alice'),
        el('Calendar:AttendeeStatus', 3),
      ),
    );
    const text = apply(
      null,
      basic(el('Calendar:OrganizerEmail', 'carol@example.org'), el('Calendar:OrganizerName', 'Carol'), attendees),
      sent('14.1'),
    );
    assert.match(text, /ORGANIZER;CN=Carol:mailto:carol@example.org\r\n/);
    assert.match(
      text.replace(/\r\n /g, ''),
      /ATTENDEE;CN=Alice;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:alice@example.org\r\n/,
    );
    assert.equal(at(render(calendarClass, text, shown('14.1')), 'Calendar:ResponseType'), '3');
  });

  it('stores series with exceptions at once', () => {
    const recurrence = el(
      'Calendar:Recurrence',
      el('Calendar:Type', 1),
      el('Calendar:DayOfWeek', 8),
      el('Calendar:Until', '20270125T080000Z'),
    );
    const exceptions = el(
      'Calendar:Exceptions',
      el('Calendar:Exception', el('Calendar:Deleted', 1), el('Calendar:ExceptionStartTime', '20261209T080000Z')),
      el(
        'Calendar:Exception',
        el('Calendar:ExceptionStartTime', '20261216T080000Z'),
        start('20261216T100000Z'),
        end('20261216T110000Z'),
      ),
    );
    const text = apply(null, basic(recurrence, exceptions), sent('14.1'));
    assert.match(text, /RRULE:FREQ=WEEKLY;UNTIL=20270125T080000Z;BYDAY=WE\r\n/);
    assert.match(text, /EXDATE;TZID=Europe\/Berlin:20261209T090000\r\n/);
    assert.equal(text.match(/UID:from-the-phone/g)?.length, 2);
    assert.match(text, /DTSTART;TZID=Europe\/Berlin:20261216T110000\r\n/);
  });
});

describe('clocks that change', () => {
  const ZONES = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Sydney',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'America/St_Johns',
    'Pacific/Auckland',
  ];

  it('keeps the instant of events around each change of the year', () => {
    for (const name of ZONES) {
      const zone = ianaZone(name) as Zone;
      const edges = zone.transitions(Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)).map((change) => change.at);
      for (const edge of [...edges, Date.UTC(2026, 5, 1)]) {
        for (const shift of [-7_200_000, -3_600_000, -1_800_000, 0, 1_800_000, 3_600_000]) {
          const compact = (when: number) => new Date(when).toISOString().replace(/[-:]|\.000/g, '');
          const times = [start(compact(edge + shift)), end(compact(edge + shift + 900_000))];
          const text = apply(null, data(el('Calendar:Timezone', blob(name, edge)), times), sent('14.1'));
          const item = render(calendarClass, text, shown('14.1'));
          assert.equal(at(item, 'Calendar:StartTime'), compact(edge + shift), `${name} ${compact(edge + shift)}`);
          assert.equal(at(item, 'Calendar:EndTime'), compact(edge + shift + 900_000), name);
          assert.equal(apply(text, echo(item), sent('14.1')), text);
        }
      }
    }
  });

  it('keeps a clock that no zone has', () => {
    const strange = encodeTimeZone({
      ...describeZone(ianaZone('Europe/Berlin') as Zone, NOW.getTime()),
      standardName: '',
      daylightName: '',
      daylightBias: -120,
    });
    const item = data(
      el('Calendar:Timezone', strange),
      start('20260702T080000Z'),
      end('20260702T090000Z'),
      el('Calendar:Recurrence', el('Calendar:Type', 0)),
    );
    const text = apply(null, item, sent('14.1'));
    assert.match(text, /DTSTART;TZID=EAS-[0-9a-f]{12}:20260702T110000\r\n/);
    assert.equal(at(render(calendarClass, text, shown('14.1')), 'Calendar:StartTime'), '20260702T080000Z');
    assert.equal(apply(text, echo(render(calendarClass, text, shown('14.1'))), sent('14.1')), text);
  });
});
