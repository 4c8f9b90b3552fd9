import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parse } from 'vcard4';
import { contactsClass } from '../../../../../src/faces/eas/classes/contacts.js';
import { el } from '../../../../../src/formats/wbxml/tree.js';
import { data, lines, render, sent, shown } from './support.js';

const bare = lines(
  'BEGIN:VCARD',
  'VERSION:4.0',
  'UID:urn:uuid:8f6b2c1e-95b0-4b30-9a4f-0d1f2a3b4c5d',
  'FN:Zoë O’Hara',
  'N:O’Hara;Zoë;;;',
  'END:VCARD',
);

/** A reader that knows nothing but RFC 6350 and refuses what is not in it. */
it('writes into cards of version 4.0 what a strict reader takes', () => {
  const edit = data(
    ...(
      [
        'MobilePhoneNumber',
        'BusinessPhoneNumber',
        'Business2PhoneNumber',
        'HomeFaxNumber',
        'PagerNumber',
        'CarPhoneNumber',
      ] as const
    ).map((name, at) => el(`Contacts:${name}`, `+1 555 010${at}; ext. ${at}`)),
    el('Contacts:FileAs', 'O’Hara, Zoë'),
    el('Contacts:Email1Address', 'zoe@example.net'),
    el('Contacts:Email2Address', 'z,o;e@example.net'),
    el('Contacts:BusinessAddressStreet', '1 Main St\r\nSuite 2, left; right'),
    el('Contacts:BusinessAddressCity', 'Springfield'),
    el('Contacts:CompanyName', 'Widgets, Inc.; more'),
    el('Contacts:Department', 'R&D'),
    el('Contacts:JobTitle', 'Head\\Chief'),
    el('Contacts:Birthday', '1604-02-29T00:00:00.000Z'),
    el('Contacts:Anniversary', '2014-07-19T00:00:00.000Z'),
    el('Contacts:Spouse', 'Sam O’Hara'),
    el('Contacts:Children', el('Contacts:Child', 'Kim, jun.')),
    el('Contacts:WebPage', 'https://zoe.example/?a=1,2;b'),
    el('Contacts:Categories', el('Contacts:Category', 'kites, red'), el('Contacts:Category', 'friends')),
    el('Contacts:Picture', 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'),
    el('Contacts2:NickName', 'Z'),
    el('Contacts2:IMAddress', 'xmpp:zoe@chat.example'),
    el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', 'One\r\ntwo; three, \\four')),
  );
  const text = contactsClass.apply(bare, edit, sent('16.1'));
  assert.doesNotThrow(() => parse(text));
  assert.equal(contactsClass.apply(text, data(contactsClass.render(text, shown('16.1'))), sent('16.1')), text);
  assert.equal(contactsClass.agrees?.(text, edit, sent('16.1')), true);
  assert.ok(render(contactsClass, text, shown('16.1')).content.length > 20);
});
