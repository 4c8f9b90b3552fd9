import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { t } from '../support/eas-phone.js';
import { edited } from '../support/eas-phone-items.js';
import { type DavHome, startWorld, type World } from '../support/eas-phone-world.js';

/** What ActiveSync has no words for: X- properties and parameters, two alarms, attendee parameters, an own time zone, a comment. */
const event = (user: string): string =>
  `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example Corp.//Calendar 7.1//EN
CALSCALE:GREGORIAN
X-WR-CALNAME;X-KIND=team:Team
BEGIN:VTIMEZONE
TZID:Custom/Amsterdam
X-LIC-LOCATION:Europe/Amsterdam
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:4f1c-rich@example.org
DTSTAMP:20270101T101010Z
CREATED:20261224T000000Z
LAST-MODIFIED:20270101T101010Z
SEQUENCE:4
DTSTART;TZID=Custom/Amsterdam:20270510T140000
DTEND;TZID=Custom/Amsterdam:20270510T153000
SUMMARY;LANGUAGE=en:Quarterly review
LOCATION;ALTREP="https://example.org/rooms/7":Room 7\\, first floor
DESCRIPTION;FMTTYPE=text/plain:Numbers\\nand a very long line that has to be folded because it is much longer
  than the seventy-five octets that a line may have in iCalendar
CATEGORIES:WORK,REVIEW
COLOR:turquoise
CLASS:PUBLIC
PRIORITY:3
URL:https://example.org/review
GEO:52.37;4.9
X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC
X-MOZ-LASTACK;X-PARAM="quoted, value":20270101T000000Z
ORGANIZER;CN="Doe, Alice";SENT-BY="mailto:desk@example.org":mailto:${user}@example.test
ATTENDEE;CN=Bob;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE;CUTYPE=INDIVIDUAL;X-NUM-GUESTS=2;DIR="ldap
 ://ldap.example.org/bob":mailto:bob@example.org
ATTENDEE;CN="Chair, The";ROLE=CHAIR;PARTSTAT=NEEDS-ACTION;DELEGATED-FROM="mailto:dan@example.org":mailto:chair@example.org
ATTENDEE;CUTYPE=ROOM;ROLE=NON-PARTICIPANT;PARTSTAT=TENTATIVE;SCHEDULE-AGENT=NONE:mailto:room7@example.org
ATTACH;FMTTYPE=application/pdf;FILENAME=agenda.pdf:https://example.org/agenda.pdf
COMMENT:please be on time
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
DESCRIPTION:Soon
X-WR-ALARMUID:aaaa-1
END:VALARM
BEGIN:VALARM
ACTION:EMAIL
TRIGGER;RELATED=END:-P1D
SUMMARY:Tomorrow
DESCRIPTION:Do not forget
ATTENDEE:mailto:${user}@example.test
END:VALARM
END:VEVENT
END:VCALENDAR
`.replaceAll('\n', '\r\n');

const card = `BEGIN:VCARD
VERSION:3.0
PRODID:-//Example Corp.//Addresses 2//EN
UID:rich-card-1
N:Berg;Ida;Maria;Dr.;jun.
FN:Dr. Ida Maria Berg jun.
item1.TEL;TYPE=CELL,VOICE;X-SERVICE=1:+49 170 1234567
item1.X-ABLABEL:diving trips
TEL;TYPE=WORK:+49 30 1
TEL;TYPE=WORK:+49 30 2
TEL;TYPE=WORK:+49 30 3
TEL;TYPE=X-SATELLITE:+881 1
EMAIL;TYPE=INTERNET;TYPE=HOME;TYPE=pref:ida@example.org
EMAIL;TYPE=INTERNET:ida2@example.org
X-SOCIALPROFILE;TYPE=mastodon:https://social.example.org/@ida
X-PHONETIC-FIRST-NAME:EE-dah
GEO:1.5;2.5
RELATED;TYPE=friend:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af
NOTE;LANGUAGE=de:Taucht gern\\; meist tief
REV:2027-01-01T00:00:00Z
END:VCARD
`.replaceAll('\n', '\r\n');

/**
 * Logical lines, with those left out that an edit may touch. SCHEDULE-STATUS is the server's own word about the invitations
 * that it sends for the organizer (RFC 6638 §7.3).
 */
function lines(text: string, but: RegExp): string[] {
  return text
    .replace(/\r\n[ \t]/g, '')
    .replace(/;SCHEDULE-STATUS=[^;:]*/g, '')
    .split('\r\n')
    .filter((line) => !but.test(line));
}

const value = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}[^:]*:(.*)\r$`, 'm').exec(text.slice(text.indexOf('BEGIN:VEVENT')))?.[1];

let world: World;
before(async () => {
  world = await startWorld();
});

for (const version of ['16.1', '14.1']) {
  describe(`renamed by a phone that speaks ${version}`, () => {
    const user = `alice${version.replace('.', '')}`;
    let dav: DavHome;
    before(async () => {
      dav = await world.dav(user);
    });

    test('an event keeps everything that ActiveSync cannot say', async () => {
      const path = `${dav.calendar}rich.ics`;
      await dav.put(path, event(user));
      const stored = (await dav.client.request('GET', path)).text;
      assert.equal(stored, event(user), 'CalDAV gives back what was put');
      const phone = await world.phone(user, { version, deviceId: `patch${user}` });
      const calendar = phone.folder(8);
      await phone.syncAll(calendar);
      const [[id, item]] = [...calendar.items] as [[string, ReturnType<typeof t>]];
      assert.equal(item.text('Calendar:Subject'), 'Quarterly review');
      assert.equal(item.text('Calendar:StartTime'), '20270510T120000Z');
      assert.equal(item.text('Calendar:Reminder'), '15');
      phone.change(calendar, id, ...edited(version, item, t('Calendar:Subject', 'Annual review')));
      const result = await phone.sync([calendar]);
      assert.equal(result.collections.get(calendar.id)?.outcomes.size, 0, 'a successful Change has no response');

      // Invitees are told of the new title; how that went is noted in their lines (RFC 6638 §3.2.9).
      const after = (await dav.client.request('GET', path)).text;
      const renamed = after.replace(/\r\n[ \t]/g, '').replace(/;SCHEDULE-STATUS=[\d.]+/g, '');
      assert.equal(value(renamed, 'SUMMARY'), 'Annual review');
      const touched = /^(SUMMARY|SEQUENCE|DTSTAMP|LAST-MODIFIED)[:;]/;
      assert.deepEqual(lines(renamed, touched), lines(stored, touched));
      assert.ok(Number(value(renamed, 'SEQUENCE')) >= 4);
      assert.equal(renamed.match(/^SUMMARY/gm)?.length, 2, 'the summary of the second alarm stays');
      assert.match(renamed, /^SUMMARY:Tomorrow\r$/m);
      assert.ok(
        after.split('\r\n').every((line) => Buffer.byteLength(line) <= 75 || stored.includes(line)),
        'long lines are folded',
      );
    });

    test('a contact keeps everything that ActiveSync cannot say', async () => {
      const path = `${dav.contacts}rich.vcf`;
      await dav.put(path, card);
      const phone = await world.phone(user, { version, deviceId: `patchcard${user}` });
      const contacts = phone.folder(9);
      await phone.syncAll(contacts);
      const [[id, item]] = [...contacts.items] as [[string, ReturnType<typeof t>]];
      assert.equal(item.text('Contacts:FirstName'), 'Ida');
      assert.equal(item.text('Contacts:Email1Address')?.includes('ida@example.org'), true);
      phone.change(contacts, id, ...edited(version, item, t('Contacts:JobTitle', 'Diver')));
      await phone.sync([contacts]);
      const changed = (await dav.client.request('GET', path)).text;
      assert.match(changed, /^TITLE:Diver\r$/m);
      const touched = /^(TITLE|REV)[:;]/;
      assert.deepEqual(lines(changed, touched), lines(card, touched));
    });
  });
}
