import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contactsClass } from '../../../../../src/faces/eas/classes/contacts.js';
import { MalformedItem } from '../../../../../src/faces/eas/classes/item-class.js';
import { readCard } from '../../../../../src/formats/vcard/validate.js';
import type { TagName } from '../../../../../src/formats/wbxml/pages.js';
import { child, children, type Element, el, text } from '../../../../../src/formats/wbxml/tree.js';
import { at, data, difference, echo, lines, render, sent, shown, touched, VERSIONS, without } from './support.js';

const { apply } = contactsClass;

const card3 = (...more: string[]) =>
  lines('BEGIN:VCARD', 'VERSION:3.0', 'UID:c-1', 'FN:Ada Lovelace', 'N:Lovelace;Ada;;;', ...more, 'END:VCARD');
const card4 = (...more: string[]) => card3(...more).replace('VERSION:3.0', 'VERSION:4.0');
const show = (stored: string, version = '16.1' as const) => render(contactsClass, stored, shown(version));
const field = (name: string, value?: string) => el(name as TagName, value);
const values = (item: Element, ...names: string[]) => names.map((name) => at(item, name as TagName));
/** Lines that come with an edit of a part of a contact. */
const come = (stored: string, ...elements: Element[]) => difference(stored, apply(stored, data(elements), sent('16.1'))).come;

const RICH = card3(
  'item1.TEL;TYPE=CELL,VOICE;X-SERVICE=1:+49 170 1',
  'item1.X-ABLABEL:diving trips',
  'TEL;TYPE=WORK:+49 30 1',
  'TEL;TYPE=WORK:+49 30 2',
  'TEL;TYPE=WORK:+49 30 3',
  'TEL;TYPE=X-SATELLITE:+881 1',
  'EMAIL;TYPE=INTERNET;TYPE=HOME;TYPE=pref:ada@example.org',
  'EMAIL;TYPE=INTERNET:ada2@example.org',
  'item2.ADR;TYPE=HOME:PO 7;c/o Byron;Street 1;London;;W1;UK',
  'item2.X-ABADR:gb',
  'ORG:Analytical Engines;Research;Programs',
  'TITLE:Countess\\, mathematician',
  'BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-10',
  'NOTE;LANGUAGE=en:Writes\\; computes\\nand more',
  'CATEGORIES:Friends,Science',
  'X-SOCIALPROFILE;TYPE=x:https://social.example.org/@ada',
  'GEO:1;2',
  'REV:2026-01-01T00:00:00Z',
);

describe('contacts shown', () => {
  it('shows a card of each version', () => {
    const item = show(RICH);
    assert.deepEqual(values(item, 'Contacts:FirstName', 'Contacts:LastName', 'Contacts:FileAs'), [
      'Ada',
      'Lovelace',
      'Lovelace, Ada',
    ]);
    assert.deepEqual(values(item, 'Contacts:Email1Address', 'Contacts:Email2Address'), ['ada@example.org', 'ada2@example.org']);
    assert.deepEqual(values(item, 'Contacts:CompanyName', 'Contacts:Department', 'Contacts:JobTitle'), [
      'Analytical Engines',
      'Research, Programs',
      'Countess, mathematician',
    ]);
    assert.deepEqual(values(item, 'Contacts:HomeAddressStreet', 'Contacts:HomeAddressCity', 'Contacts:HomeAddressCountry'), [
      'PO 7\r\nc/o Byron\r\nStreet 1',
      'London',
      'UK',
    ]);
    assert.equal(at(item, 'Contacts:Birthday'), '1604-12-10T00:00:00.000Z');
    assert.equal(at(item, 'AirSyncBase:Body', 'AirSyncBase:Data'), 'Writes; computes\r\nand more');
    assert.deepEqual(children(child(item, 'Contacts:Categories'), 'Contacts:Category').map(text), ['Friends', 'Science']);
    const four = show(card4('TEL;VALUE=uri;TYPE="voice,home":tel:+1-555-1', 'BDAY:--1210', 'PHOTO:data:image/jpeg;base64,AAAA'));
    assert.deepEqual(values(four, 'Contacts:HomePhoneNumber', 'Contacts:Birthday', 'Contacts:Picture'), [
      '+1-555-1',
      '1604-12-10T00:00:00.000Z',
      'AAAA',
    ]);
    const two =
      'BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\nTEL;WORK;FAX:1\nEND:VCARD\n';
    assert.deepEqual(values(show(two), 'Contacts:LastName', 'Contacts:FirstName', 'Contacts:BusinessFaxNumber'), [
      'Müller',
      'Jörg',
      '1',
    ]);
  });

  it('finds room for every number before it hides one', () => {
    assert.deepEqual(
      values(
        show(RICH),
        'Contacts:MobilePhoneNumber',
        'Contacts:BusinessPhoneNumber',
        'Contacts:Business2PhoneNumber',
        'Contacts2:CompanyMainPhone',
      ),
      ['+49 170 1', '+49 30 1', '+49 30 2', '+49 30 3'],
    );
    const many = Array.from({ length: 20 }, (_, index) => `TEL;TYPE=CELL:${index + 1}`);
    const tags = ['Contacts:HomeFaxNumber', 'Contacts:BusinessFaxNumber', 'Contacts:PagerNumber', 'Contacts:CarPhoneNumber', 'Contacts:RadioPhoneNumber',
      'Contacts:AssistantPhoneNumber', 'Contacts2:CompanyMainPhone', 'Contacts2:MMS', 'Contacts:MobilePhoneNumber', 'Contacts:BusinessPhoneNumber',
      'Contacts:Business2PhoneNumber', 'Contacts:HomePhoneNumber', 'Contacts:Home2PhoneNumber']; // biome-ignore format: names
    const found = values(show(card3(...many)), ...tags).map(Number);
    assert.deepEqual(
      found.sort((a, b) => a - b),
      tags.map((_, index) => index + 1),
    );
  });

  it('puts numbers where their labels and preferences say', () => {
    const item = show(
      card3(
        ...['TEL;TYPE=HOME:1', 'TEL;TYPE=HOME;TYPE=PREF:2', 'item1.TEL:3', 'item1.X-ABLabel:_$!<Main>!$_', 'TEL;TYPE=WORK,FAX:4'],
        ...['TEL;TYPE=FAX,HOME:5', 'TEL;TYPE=PAGER:6', 'TEL;TYPE=CAR:7', 'TEL;TYPE=X-ASSISTANT:8', 'TEL;TYPE=CELL,WORK:9'],
      ),
    );
    assert.deepEqual(
      values(item, 'Contacts:HomePhoneNumber', 'Contacts:Home2PhoneNumber', 'Contacts2:CompanyMainPhone', 'Contacts:BusinessFaxNumber',
        'Contacts:HomeFaxNumber', 'Contacts:PagerNumber', 'Contacts:CarPhoneNumber', 'Contacts:AssistantPhoneNumber', 'Contacts:MobilePhoneNumber'), // biome-ignore format: names
      ['2', '1', '3', '4', '5', '6', '7', '8', '9'],
    );
  });

  it('reads what apps have their own properties for', () => {
    const item = show(
      card3(
        ...[
          'item1.X-ABRELATEDNAMES:Will',
          'item1.X-ABLabel:_$!<Spouse>!$_',
          'X-EVOLUTION-MANAGER:Babbage',
          'X-MS-CHILD:Byron',
          'X-MS-CHILD:Annabella',
        ],
        ...[
          'IMPP;X-SERVICE-TYPE=Jabber:xmpp:ada@jabber.example',
          'X-JABBER:ada@jabber.example',
          'X-AIM:ada1815',
          'item3.X-ABDATE:1835-07-08',
        ],
        ...[
          'item3.X-ABLabel:_$!<Anniversary>!$_',
          'URL:https\\://ada.example.org',
          'NICKNAME:A.,Addie',
          'X-PHONETIC-FIRST-NAME:AY-da',
        ],
      ),
    );
    assert.deepEqual(
      values(
        item,
        'Contacts:Spouse',
        'Contacts2:ManagerName',
        'Contacts2:IMAddress',
        'Contacts2:IMAddress2',
        'Contacts2:IMAddress3',
      ),
      ['Will', 'Babbage', 'ada@jabber.example', 'ada1815', undefined],
    );
    assert.deepEqual(values(item, 'Contacts:Anniversary', 'Contacts:WebPage', 'Contacts2:NickName', 'Contacts:YomiFirstName'), [
      '1835-07-08T00:00:00.000Z',
      'https://ada.example.org',
      'A.',
      'AY-da',
    ]);
    assert.deepEqual(children(child(item, 'Contacts:Children'), 'Contacts:Child').map(text), ['Byron', 'Annabella']);
  });

  it('names those that have no N', () => {
    const named = (...more: string[]) =>
      values(
        show(lines('BEGIN:VCARD', 'VERSION:4.0', ...more, 'END:VCARD')),
        'Contacts:FirstName',
        'Contacts:LastName',
        'Contacts:FileAs',
      );
    assert.deepEqual(named('FN:Ada King Lovelace'), ['Ada King', 'Lovelace', 'Lovelace, Ada King']);
    assert.deepEqual(named('FN:Engines Ltd', 'ORG:Engines Ltd'), [undefined, undefined, 'Engines Ltd']);
    assert.deepEqual(named('FN:ada@example.org', 'EMAIL:ada@example.org'), [undefined, undefined, 'ada@example.org']);
  });

  it('leaves out pictures that are links or too large', () => {
    const picture = (line: string) => at(show(card3(line)), 'Contacts:Picture');
    assert.equal(picture('PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ'), '/9j/4AAQ');
    assert.equal(picture(`PHOTO;ENCODING=b;TYPE=JPEG:${'A'.repeat(49_156)}`), undefined);
    assert.equal(picture('PHOTO;VALUE=URI:https://example.org/ada.jpg'), undefined);
  });

  it('throws for texts that are no card', () => {
    for (const stored of ['', 'x', 'BEGIN:VCARD\r\nEND:VCARD\r\n'])
      assert.throws(() => contactsClass.render(stored, shown('14.1')), Error);
  });
});

describe('contacts changed', () => {
  it('touches only what differs', () => {
    for (const version of VERSIONS) {
      const item = render(contactsClass, RICH, shown(version));
      assert.equal(apply(RICH, echo(item), sent(version)), RICH, version);
      const changed = apply(RICH, echo(item, field('Contacts:JobTitle', 'Diver')), sent(version));
      assert.deepEqual(difference(RICH, changed), {
        gone: ['TITLE:Countess\\, mathematician', 'REV:2026-01-01T00:00:00Z'],
        come: ['TITLE:Diver', 'REV:2026-11-23T12:00:00Z'],
      });
    }
  });

  it('deletes what a whole contact leaves out, and keeps what it could not see', () => {
    const item = show(RICH);
    const partly = without(
      item,
      'Contacts:BusinessPhoneNumber',
      'Contacts:Categories',
      'Contacts:Birthday',
      'AirSyncBase:Body',
      'Contacts:HomeAddressCity',
    );
    const kept = apply(RICH, partly, sent('16.1', { supported: new Set(['Contacts:Birthday']) }));
    assert.deepEqual(touched(RICH, kept), ['BDAY'], 'the rest is ghosted');
    const gone = difference(RICH, apply(RICH, partly, sent('14.1'))).gone;
    assert.ok(gone.includes('TEL;TYPE=WORK:+49 30 1') && gone.includes('CATEGORIES:Friends,Science'));
    assert.equal(
      gone.some((line) => line.startsWith('NOTE') || line.includes('+881')),
      false,
    );
    assert.deepEqual(
      touched(RICH, apply(RICH, data(field('Contacts:JobTitle', 'x')), sent('14.1'))),
      ['TITLE'],
      'a part of a contact',
    );
  });

  it('keeps types, labels and parameters of numbers', () => {
    assert.deepEqual(come(RICH, field('Contacts:MobilePhoneNumber', '+49 170 2')).slice(0, 1), [
      'item1.TEL;TYPE=CELL,VOICE;X-SERVICE=1:+49 170 2',
    ]);
    const gone = difference(RICH, apply(RICH, data(field('Contacts:MobilePhoneNumber')), sent('16.1'))).gone;
    assert.deepEqual(gone.slice(0, 2), ['item1.TEL;TYPE=CELL,VOICE;X-SERVICE=1:+49 170 1', 'item1.X-ABLABEL:diving trips']);
    assert.deepEqual(come(RICH, field('Contacts:PagerNumber', '9')).slice(0, 1), ['TEL;TYPE=PAGER:9']);
    const uri = card4('TEL;VALUE=uri;TYPE=home:tel:+1-555-1');
    assert.deepEqual(come(uri, field('Contacts:HomePhoneNumber', '+1 (555) 2')), ['TEL;VALUE=uri;TYPE=home:tel:+15552']);
    assert.deepEqual(come(uri, field('Contacts:HomePhoneNumber', 'ask Bob; or me')), ['TEL;TYPE=home:ask Bob\\; or me']);
    assert.deepEqual(come(uri, field('Contacts:CarPhoneNumber', '3')), ['TEL;TYPE=car,voice:3']);
  });

  it('changes one part of a name, an address or an organization', () => {
    assert.deepEqual(come(RICH, field('Contacts:HomeAddressCity', 'Paris; Sud')).slice(0, 1), [
      'item2.ADR;TYPE=HOME:PO 7;c/o Byron;Street 1;Paris\\; Sud;;W1;UK',
    ]);
    assert.deepEqual(come(RICH, field('Contacts:HomeAddressStreet', 'Road 2\r\nFlat 3')).slice(0, 1), [
      'item2.ADR;TYPE=HOME:;;Road 2\\nFlat 3;London;;W1;UK',
    ]);
    assert.deepEqual(come(RICH, field('Contacts:BusinessAddressCity', 'Bonn')).slice(0, 1), ['ADR;TYPE=WORK:;;;Bonn;;;']);
    assert.deepEqual(come(RICH, field('Contacts:CompanyName', 'A; B')).slice(0, 1), ['ORG:A\\; B;Research;Programs']);
    assert.deepEqual(come(RICH, field('Contacts:Department', 'Sales')).slice(0, 1), ['ORG:Analytical Engines;Sales']);
    assert.deepEqual(come(card3(), field('Contacts:Department', 'Sales')), ['ORG:;Sales']);
    assert.deepEqual(come(RICH, field('Contacts:LastName', 'King')).slice(0, 2), ['FN:Ada King', 'N:King;Ada;;;']);
    const titled = card3().replace('FN:Ada Lovelace', 'FN:Lady Ada Lovelace (GB)');
    assert.deepEqual(come(titled, field('Contacts:LastName', 'King')), ['FN:Lady Ada King (GB)', 'N:King;Ada;;;']);
    assert.deepEqual(come(card3('NICKNAME:A.,Addie'), field('Contacts2:NickName', 'B.')), ['NICKNAME:B.,Addie']);
  });

  it('writes birthdays in the form of the card', () => {
    const birthday = (value: string) => field('Contacts:Birthday', value);
    assert.deepEqual(come(RICH, birthday('1604-12-11T11:59:00.000Z')).slice(0, 1), ['BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-11']);
    assert.deepEqual(come(RICH, birthday('1815-12-10T00:00:00.000Z')).slice(0, 1), ['BDAY:1815-12-10']);
    assert.deepEqual(come(card4('BDAY:18151210'), birthday('1604-12-10T00:00:00.000Z')), ['BDAY:--1210']);
    assert.deepEqual(come(card4('BDAY:18151210'), birthday('1815-12-09T22:00:00.000Z')), []);
    assert.deepEqual(come(card4('BDAY;VALUE=text:circa 1800'), birthday('1815-12-10T12:00:00.000Z')), ['BDAY:18151210']);
    assert.deepEqual(come(card3(), field('Contacts:Anniversary', '1835-07-08T00:00:00Z')), ['X-ANNIVERSARY:1835-07-08']);
    assert.throws(() => apply(RICH, data(birthday('soon')), sent('14.1')), MalformedItem);
  });

  it('takes pictures, keeps them from empty elements, refuses large ones', () => {
    const stored = card3('PHOTO;ENCODING=b;TYPE=JPEG;X-ABCROP-RECTANGLE=1:/9j/4AAQ');
    const picture = (value?: string) => field('Contacts:Picture', value);
    assert.equal(apply(stored, data(picture()), sent('16.1')), stored);
    assert.equal(apply(stored, data(picture('/9j/4AAQ')), sent('16.1')), stored);
    assert.deepEqual(come(stored, picture('iVBORw0KGgoA')), ['PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoA']);
    assert.deepEqual(come(card4(), picture('/9j/4AAA')), ['PHOTO:data:image/jpeg;base64,/9j/4AAA']);
    assert.throws(() => apply(stored, data(picture('A'.repeat(49_156))), sent('16.1')), MalformedItem);
    const large = card3(`PHOTO;ENCODING=b;TYPE=JPEG:${'A'.repeat(60_000)}`);
    assert.equal(apply(large, echo(show(large)), sent('14.1')), large, 'not shown, not deleted');
  });

  it('keeps the form in which an address came', () => {
    const named = apply(card3(), data(field('Contacts:Email1Address', '"Ada L." <ada@example.org>')), sent('16.1'));
    assert.match(named, /^EMAIL;TYPE=INTERNET,PREF;X-CN=Ada L\.:ada@example\.org\r$/m);
    assert.equal(at(show(named), 'Contacts:Email1Address'), '"Ada L." <ada@example.org>');
    assert.equal(apply(named, echo(show(named)), sent('16.1')), named);
  });

  it('shifts no line when several of a kind change at once', () => {
    const stored = card3('IMPP:xmpp:a', 'IMPP:xmpp:b', 'EMAIL:1@example.org', 'EMAIL:2@example.org', 'EMAIL:3@example.org');
    const edit = data(
      field('Contacts2:IMAddress'),
      field('Contacts2:IMAddress2', 'c'),
      field('Contacts:Email1Address'),
      field('Contacts:Email3Address', '4@example.org'),
    );
    assert.deepEqual(difference(stored, apply(stored, edit, sent('16.1'))), {
      gone: ['IMPP:xmpp:a', 'IMPP:xmpp:b', 'EMAIL:1@example.org', 'EMAIL:3@example.org'],
      come: ['IMPP:xmpp:c', 'EMAIL:2@example.org', 'EMAIL:4@example.org'].filter((line) => !line.includes('2@')),
    });
  });

  it('writes relations where they are, or in the usual place', () => {
    const apple = card3('item1.X-ABRELATEDNAMES:Will', 'item1.X-ABLabel:_$!<Spouse>!$_');
    assert.deepEqual(come(apple, field('Contacts:Spouse', 'Bill')), ['item1.X-ABRELATEDNAMES:Bill']);
    assert.deepEqual(come(card3(), field('Contacts:AssistantName', 'Bill')), ['X-ASSISTANT:Bill']);
    assert.deepEqual(come(card4('RELATED;TYPE=spouse:urn:uuid:1'), field('Contacts:Spouse', 'Bill')), [
      'RELATED;VALUE=text;TYPE=spouse:Bill',
    ]);
    const children = el('Contacts:Children', el('Contacts:Child', 'Byron'), el('Contacts:Child', 'Ralph, jun.'));
    assert.deepEqual(come(card3('X-MS-CHILD:Byron', 'X-MS-CHILD:Annabella'), children), ['X-CHILDREN:Ralph\\, jun.']);
  });

  it('keeps a FileAs that does not follow from the name', () => {
    assert.deepEqual(come(card3(), field('Contacts:FileAs', 'The Countess')), ['X-FILE-AS:The Countess']);
    const kept = card3('X-FILE-AS:The Countess');
    assert.equal(at(show(kept), 'Contacts:FileAs'), 'The Countess');
    assert.deepEqual(touched(kept, apply(kept, data(field('Contacts:FileAs', 'Lovelace, Ada')), sent('16.1'))), ['X-FILE-AS']);
    const renamed = echo(show(card3()), field('Contacts:LastName', 'King'), field('Contacts:FileAs', 'King, Ada'));
    assert.deepEqual(difference(card3(), apply(card3(), renamed, sent('16.1'))).come, ['FN:Ada King', 'N:King;Ada;;;']);
  });

  it('writes old cards in UTF-8', () => {
    const two = lines(
      'BEGIN:VCARD',
      'VERSION:2.1',
      'N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg',
      'TEL;WORK:1',
      'END:VCARD',
    );
    assert.equal(apply(two, echo(show(two)), sent('16.1')), two);
    const changed = apply(two, data(field('Contacts:FirstName', 'Jürgen')), sent('16.1'));
    assert.match(changed, /\r\nN;CHARSET=UTF-8:Müller;Jürgen;;;\r\n/);
    assert.match(changed, /\r\nTEL;WORK:1\r\n/);
  });
});

describe('new contacts', () => {
  it('writes a card of version 3.0 that can be stored and read again', () => {
    const item = data(
      field('Contacts:FileAs', 'Beispiel, Ada'),
      field('Contacts:FirstName', 'Ada'),
      field('Contacts:LastName', 'Beispiel'),
      field('Contacts:Email1Address', 'ada@example.org'),
      field('Contacts:MobilePhoneNumber', '+49 170 0000000'),
      field('Contacts:BusinessAddressCity', 'Köln'),
      field('Contacts:Birthday', '1990-05-04T11:59:00.000Z'),
      el('Contacts:Categories', el('Contacts:Category', 'Kunde')),
      field('Contacts2:NickName', 'A.'),
      el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', 'Notiz')),
    );
    for (const version of VERSIONS) {
      const stored = apply(null, item, sent(version));
      const { uid, version: written, fn } = readCard(stored);
      assert.match(uid ?? '', /^[0-9a-f-]{36}$/);
      assert.deepEqual([written, fn], ['3.0', 'Ada Beispiel']);
      assert.match(stored, /\r\nN:Beispiel;Ada;;;\r\n/);
      assert.match(stored, /\r\nBDAY:1990-05-04\r\n/);
      assert.doesNotMatch(stored, /FILE-AS/);
      const again = render(contactsClass, stored, shown(version));
      assert.equal(apply(stored, echo(again), sent(version)), stored);
    }
  });

  it('keeps first and second numbers apart', () => {
    const names = [
      'Contacts:BusinessPhoneNumber',
      'Contacts:Business2PhoneNumber',
      'Contacts:HomePhoneNumber',
      'Contacts:Home2PhoneNumber',
    ];
    const item = data(names.map((name, index) => field(name, String(index + 1))));
    assert.deepEqual(values(show(apply(null, item, sent('16.1'))), ...names), ['1', '2', '3', '4']);
    const one = apply(null, data(field('Contacts:BusinessPhoneNumber', '1')), sent('16.1'));
    assert.deepEqual(
      values(show(apply(one, data(field('Contacts:Business2PhoneNumber', '2')), sent('16.1'))), ...names.slice(0, 2)),
      ['1', '2'],
    );
  });

  it('always has a name', () => {
    const fn = (...elements: Element[]) => readCard(apply(null, data(elements), sent('16.1'))).fn;
    assert.equal(fn(field('Contacts:FileAs', 'Plumber')), 'Plumber');
    assert.equal(fn(field('Contacts:CompanyName', 'Pipes Ltd')), 'Pipes Ltd');
    assert.equal(fn(field('Contacts:Email1Address', 'p@example.org')), 'p@example.org');
    assert.equal(fn(), '-');
  });
});
