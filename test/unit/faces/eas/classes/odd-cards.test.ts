import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contactsClass } from '../../../../../src/faces/eas/classes/contacts.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import type { TagName } from '../../../../../src/formats/wbxml/pages.js';
import { el } from '../../../../../src/formats/wbxml/tree.js';
import { at, difference, echo, lines, render, sent, shown, touched, VERSIONS, without } from './support.js';

const { apply } = contactsClass;

const card = (version: '2.1' | '3.0' | '4.0', ...more: string[]) =>
  lines('BEGIN:VCARD', `VERSION:${version}`, ...more, 'END:VCARD');

/** As the apps write them, with what each does in its own way. */
const CARDS: Readonly<Record<string, string>> = {
  iOS: card(
    '3.0',
    'PRODID:-//Apple Inc.//iPhone OS 17.4//EN',
    'N:Lovelace;Ada;King,Byron;Dr.;M.D.,A.C.P.',
    'FN:Dr. Ada King Byron Lovelace',
    'X-PHONETIC-FIRST-NAME:eɪda',
    'ORG:Analytical Engines;Research;',
    'item1.EMAIL;type=INTERNET;type=pref:ada@example.org',
    'item1.X-ABLabel:_$!<School>!$_',
    'EMAIL;type=INTERNET;type=HOME:ada@home.example.org',
    'TEL;type=IPHONE;type=CELL;type=VOICE;type=pref:+44 1',
    'TEL;type=APPLEWATCH:+44 2',
    'item2.TEL:+44 3',
    'item2.X-ABLabel:diving trips',
    'TEL;type=HOME;type=FAX:+44 4',
    'item3.ADR;type=HOME;type=pref:;;1 St James’s Square\\nSecond floor;London;;SW1Y 4JH;United Kingdom',
    'item3.X-ABADR:gb',
    'item4.URL;type=pref:https://example.org/ada',
    'item4.X-ABLabel:_$!<HomePage>!$_',
    'item5.X-ABDATE;type=pref:1835-07-08',
    'item5.X-ABLabel:_$!<Anniversary>!$_',
    'item6.X-ABDATE:1843-09-01',
    'item6.X-ABLabel:published',
    'item7.X-ABRELATEDNAMES;type=pref:William King',
    'item7.X-ABLabel:_$!<Spouse>!$_',
    'item8.IMPP;X-SERVICE-TYPE=Jabber;type=pref:xmpp:ada@example.org',
    'item8.X-ABLabel:chess',
    'X-SOCIALPROFILE;type=mastodon;x-user=ada:https://social.example.org/@ada',
    'BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-10',
    'PHOTO;ENCODING=b;TYPE=JPEG;X-ABCROP-RECTANGLE=ABClipRect_1&0&0&1&1&x==:/9j/4AAQSkZJRgABAQ==',
    'CATEGORIES:Friends',
    'UID:ios-1',
    'X-ABUID:1B:ABPerson',
    'REV:2026-01-01T00:00:00Z',
  ),
  Google: card(
    '3.0',
    'N:Lovelace;Ada;;;',
    'FN:Ada Lovelace',
    'item1.ORG:Engines',
    'item1.X-ABLabel:',
    'item2.EMAIL;TYPE=INTERNET:ada@example.org',
    'item2.X-ABLabel:Obsolete',
    'EMAIL;TYPE=INTERNET;TYPE=HOME;TYPE=PREF:ada2@example.org',
    'TEL;TYPE=CELL;TYPE=PREF:+44 1',
    'item3.TEL:+44 2',
    'item3.X-ABLabel:_$!<WorkFax>!$_',
    'ITEM4.TEL:+44 3',
    'item4.X-ABLabel:grandLabel',
    'item5.ADR;TYPE=HOME:;;1 Square;London;;;UK;1 Square\\nLondon',
    'item6.URL:http\\://www.google.com/profiles/1',
    'item6.X-ABLabel:PROFILE',
    'item7.X-ABDATE:1835-07-08',
    'item7.X-ABLabel:_$!<Anniversary>!$_',
    'BDAY:--1210',
    'X-PHONETIC-LAST-NAME:lʌvleɪs',
    'PHOTO:https://lh3.googleusercontent.com/contacts/x',
    'NOTE:one\\ntwo',
    'UID:google-1',
  ),
  Nextcloud: card(
    '3.0',
    'PRODID:-//Sabre//Sabre VObject 4.5.4//EN',
    'UID:nc-1',
    'FN:Ada Lovelace',
    'N:Lovelace;Ada;;;',
    'TEL;TYPE="HOME,VOICE":+44 1',
    'TEL;TYPE=WORK,VOICE,PREF:+44 2',
    'X-SOCIALPROFILE;TYPE=MASTODON:https://social.example.org/@ada',
    'RELATED;TYPE=SPOUSE:William King',
    'ANNIVERSARY:18350708',
    'X-ANNIVERSARY:1835-07-08',
    'BDAY;VALUE=DATE:18151210',
    'PHOTO;ENCODING=b;TYPE=image/png:iVBORw0KGgo=',
    'CATEGORIES:Friends,Science',
    'RESOURCE:x',
  ),
  'Outlook CalDav Synchronizer': card(
    '3.0',
    'PRODID:-//Thomas Jarosch//x//EN',
    'UID:ol-1',
    'FN:Ada Lovelace',
    'N:Lovelace;Ada;;Countess;',
    'TEL;TYPE=WORK,VOICE:+44 1',
    'TEL;TYPE=ASSISTANT:+44 2',
    'TEL;TYPE=COMPANY:+44 3',
    'TEL;TYPE=CALLBACK:+44 4',
    'TEL;TYPE=TTY-TDD:+44 5',
    'ADR;TYPE=work,pref:;;1 Square;London;;;UK',
    'LABEL;TYPE=work,pref:1 Square\\nLondon\\nUK',
    'LABEL;TYPE=home:elsewhere',
    'X-MANAGER:Charles Babbage',
    'X-MS-MANAGER:Charles Babbage',
    'X-ASSISTANT:Mary',
    'X-SPOUSE:William King',
    'item1.X-ABRELATEDNAMES:William King',
    'item1.X-ABLabel:_$!<Spouse>!$_',
    'X-MS-OFFICE:12',
    'X-EVOLUTION-OFFICE:12',
    'IMPP:xmpp:ada@example.org',
    'X-JABBER:ada@example.org',
    'X-ABShowAs:COMPANY',
  ),
  DAVx5: card(
    '4.0',
    'PRODID:DAVx5/4.3.5-ose ez-vcard/0.11.3',
    'UID:davx5-1',
    'FN:Ada Lovelace',
    'N:Lovelace,King;Ada;Augusta;Hon.;',
    'X-PHONETIC-MIDDLE-NAME:x',
    'TEL;PREF=1;TYPE=cell:+44 1',
    'TEL;TYPE=x-sim;VALUE=uri:tel:+44-2',
    'davdroid1.TEL:+44 3',
    'davdroid1.X-ABLabel:boat',
    'EMAIL;PREF=1;TYPE=home:ada@example.org',
    'ADR;LABEL="1 Square\\nLondon";TYPE=home:;;1 Square;London;;;UK',
    'RELATED;TYPE=spouse;VALUE=text:William King',
    'RELATED;TYPE=friend:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'ANNIVERSARY:--0708',
    'davdroid2.X-ABDATE;VALUE=date-and-or-time:--0708',
    'davdroid2.X-ABLabel:_$!<Anniversary>!$_',
    'BDAY:--1210',
    'PHOTO:data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ==',
    'CATEGORIES:Friends',
    'CLIENTPIDMAP:1;urn:uuid:53e374d9-337e-4727-8803-a1e9c14e0556',
  ),
  'an old phone': card(
    '2.1',
    'N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;',
    'FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg M=C3=BCller',
    'TEL;CELL;PREF:1',
    'TEL;HOME;VOICE:2',
    'ADR;WORK;ENCODING=QUOTED-PRINTABLE:;;Street=0D=0A1;Town;;;',
    'BDAY:19700101',
    'X-IRMC-LUID:7',
  ),
};

const value = (stored: string, tag: string, version: EasVersion = '16.1') =>
  at(render(contactsClass, stored, shown(version)), tag as TagName);
const edit = (stored: string, version: EasVersion, tag: string, text: string) =>
  apply(stored, echo(render(contactsClass, stored, shown(version)), el(tag as TagName, text)), sent(version));
const cleared = (stored: string, version: EasVersion, tag: string) =>
  apply(stored, without(render(contactsClass, stored, shown(version)), tag as TagName), sent(version));

/** An element, another value of it, and the properties that may differ afterwards. */
const EDITS: readonly (readonly [tag: string, text: string, names: readonly string[]])[] = [
  ['Contacts:FirstName', 'Augusta', ['FN', 'N']],
  ['Contacts:MiddleName', 'Anne', ['FN', 'N']],
  ['Contacts:MobilePhoneNumber', '+1 555', ['TEL']],
  ['Contacts:HomeAddressCity', 'Paris', ['ADR', 'LABEL']],
  ['Contacts:BusinessAddressCity', 'Paris', ['ADR', 'LABEL']],
  ['Contacts:Email1Address', 'new@example.org', ['EMAIL']],
  ['Contacts:CompanyName', 'Other', ['ORG']],
  ['Contacts:WebPage', 'https://new.example.org', ['URL']],
  ['Contacts:Anniversary', '2001-02-03T00:00:00.000Z', ['ANNIVERSARY', 'X-ABDATE', 'X-ANNIVERSARY']],
  ['Contacts:Birthday', '2001-02-03T00:00:00.000Z', ['BDAY']],
  ['Contacts:Spouse', 'Somebody', ['RELATED', 'X-ABRELATEDNAMES', 'X-SPOUSE']],
  ['Contacts:OfficeLocation', '13', ['X-EVOLUTION-OFFICE', 'X-MS-OFFICE']],
  ['Contacts2:ManagerName', 'Somebody', ['RELATED', 'X-MANAGER', 'X-MS-MANAGER']],
  ['Contacts2:IMAddress', 'new@example.org', ['IMPP', 'X-JABBER']],
];

describe('cards as apps write them', () => {
  for (const [app, stored] of Object.entries(CARDS))
    for (const version of VERSIONS) {
      it(`${app}, ${version}: what comes back unchanged changes nothing`, () => {
        assert.equal(apply(stored, echo(render(contactsClass, stored, shown(version))), sent(version)), stored);
      });

      it(`${app}, ${version}: an edit of one element is an edit of its properties, and is shown`, () => {
        for (const [tag, text, names] of EDITS) {
          const now = edit(stored, version, tag, text);
          const strangers = touched(stored, now).filter((name) => !names.includes(name) && !(name === 'X-ABLABEL'));
          assert.deepEqual(strangers, [], `${tag}\n${JSON.stringify(difference(stored, now))}`);
          assert.equal(value(now, tag, version), text, tag);
        }
      });

      it(`${app}, ${version}: what a phone takes away does not come back from another property`, () => {
        for (const tag of [
          'Contacts:Anniversary',
          'Contacts:Spouse',
          'Contacts:OfficeLocation',
          'Contacts2:ManagerName',
          'Contacts2:IMAddress',
        ])
          assert.equal(value(cleared(stored, version, tag), tag, version), undefined, tag);
      });
    }

  it('shows what the apps mean', () => {
    const shows = (app: string, tag: string) => value(CARDS[app] as string, tag);
    assert.equal(shows('iOS', 'Contacts:Anniversary'), '1835-07-08T00:00:00.000Z');
    assert.equal(shows('iOS', 'Contacts:Spouse'), 'William King');
    assert.equal(shows('iOS', 'Contacts:MobilePhoneNumber'), '+44 1');
    assert.equal(shows('iOS', 'Contacts:HomeFaxNumber'), '+44 4');
    assert.equal(shows('iOS', 'Contacts:Suffix'), 'M.D. A.C.P.');
    assert.equal(shows('Google', 'Contacts:WebPage'), 'http://www.google.com/profiles/1');
    assert.equal(shows('Google', 'Contacts:BusinessFaxNumber'), '+44 2');
    assert.equal(shows('Google', 'Contacts:Birthday'), '1604-12-10T00:00:00.000Z');
    assert.equal(shows('Google', 'Contacts:Email1Address'), 'ada2@example.org');
    assert.equal(shows('Nextcloud', 'Contacts:HomePhoneNumber'), '+44 1');
    assert.equal(shows('Nextcloud', 'Contacts:BusinessPhoneNumber'), '+44 2');
    assert.equal(shows('Nextcloud', 'Contacts:Picture'), 'iVBORw0KGgo=');
    assert.equal(shows('Outlook CalDav Synchronizer', 'Contacts:AssistantPhoneNumber'), '+44 2');
    assert.equal(shows('Outlook CalDav Synchronizer', 'Contacts2:CompanyMainPhone'), '+44 3');
    assert.equal(shows('DAVx5', 'Contacts:Anniversary'), '1604-07-08T00:00:00.000Z');
    assert.equal(shows('DAVx5', 'Contacts:Picture'), '/9j/4AAQSkZJRgABAQ==');
    assert.equal(shows('an old phone', 'Contacts:MobilePhoneNumber'), '1');
    assert.equal(shows('an old phone', 'Contacts:HomePhoneNumber'), '2');
    assert.equal(shows('an old phone', 'Contacts:BusinessAddressStreet'), 'Street\r\n1');
  });

  it('a label of the old address does not stay beside the new one', () => {
    const stored = CARDS['Outlook CalDav Synchronizer'] as string;
    const { gone, come } = difference(stored, edit(stored, '16.1', 'Contacts:BusinessAddressCity', 'Paris'));
    assert.deepEqual(gone, ['ADR;TYPE=work,pref:;;1 Square;London;;;UK', 'LABEL;TYPE=work,pref:1 Square\\nLondon\\nUK']);
    assert.deepEqual(come, ['ADR;TYPE=work,pref:;;1 Square;Paris;;;UK']);
  });

  it('what an app wrote in several ways is changed in all of them', () => {
    const come = (app: string, tag: string, text: string) =>
      difference(CARDS[app] as string, edit(CARDS[app] as string, '16.1', tag, text)).come;
    assert.deepEqual(come('Nextcloud', 'Contacts:Anniversary', '2001-02-03T00:00:00.000Z'), [
      'ANNIVERSARY:2001-02-03',
      'X-ANNIVERSARY:2001-02-03',
    ]);
    assert.deepEqual(come('DAVx5', 'Contacts:Anniversary', '2001-02-03T00:00:00.000Z'), [
      'ANNIVERSARY:20010203',
      'davdroid2.X-ABDATE:20010203',
    ]);
    const outlook = 'Outlook CalDav Synchronizer';
    assert.deepEqual(come(outlook, 'Contacts:Spouse', 'Bob'), ['X-SPOUSE:Bob', 'item1.X-ABRELATEDNAMES:Bob']);
    assert.deepEqual(come(outlook, 'Contacts2:ManagerName', 'Bob'), ['X-MANAGER:Bob', 'X-MS-MANAGER:Bob']);
    assert.deepEqual(come(outlook, 'Contacts:OfficeLocation', '13'), ['X-MS-OFFICE:13', 'X-EVOLUTION-OFFICE:13']);
    assert.deepEqual(come(outlook, 'Contacts2:IMAddress', 'bob@x.test'), ['IMPP:xmpp:bob@x.test', 'X-JABBER:bob@x.test']);
  });

  it('another date or name under the same label stays, and is shown then', () => {
    const stored = card(
      '3.0',
      'FN:A',
      'N:A;;;;',
      'X-ANNIVERSARY:1835-07-08',
      'item1.X-ABDATE:1900-01-01',
      'item1.X-ABLabel:_$!<Anniversary>!$_',
    );
    assert.equal(value(cleared(stored, '16.1', 'Contacts:Anniversary'), 'Contacts:Anniversary'), '1900-01-01T00:00:00.000Z');
  });
});

describe('preferences as apps write them', () => {
  for (const preferred of [
    'TEL;TYPE=HOME,PREF:2',
    'TEL;TYPE=HOME;TYPE=pref:2',
    'TEL;TYPE="HOME,PREF":2',
    'TEL;PREF=1;TYPE=HOME:2',
    'TEL;HOME;PREF:2',
    'TEL;type=pref;type=home:2',
  ])
    it(preferred, () => {
      const stored = card('3.0', 'FN:A', 'N:A;;;;', 'TEL;TYPE=HOME:1', preferred);
      assert.deepEqual([value(stored, 'Contacts:HomePhoneNumber'), value(stored, 'Contacts:Home2PhoneNumber')], ['2', '1']);
    });
});
