import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Property } from '../../../../src/formats/content-lines.js';
import { readCardDate, writeCardDate } from '../../../../src/formats/vcard/date.js';
import {
  byPreference,
  component,
  labelOf,
  newCard,
  purposes,
  removeProperty,
  revision,
  setComponent,
  setText,
  touch,
} from '../../../../src/formats/vcard/edit.js';
import { readPhoto, writePhoto } from '../../../../src/formats/vcard/photo.js';
import { parseCard, readCard } from '../../../../src/formats/vcard/validate.js';

const card = (...inner: string[]) => parseCard(['BEGIN:VCARD', 'VERSION:3.0', ...inner, 'END:VCARD', ''].join('\r\n'));
const added = (text: string) => text.split('\r\n').slice(2, -2);

describe('card lines', () => {
  it('tells what they are for', () => {
    const one = card(
      'item1.TEL;TYPE=HOME,VOICE;TYPE=pref:1',
      'item1.X-ABLabel:_$!<Main>!$_',
      'TEL;X-RADIO:2',
      'item2.TEL:3',
      'item2.X-ABLabel:Boat',
    );
    const [first, second, third] = one.all('TEL') as [Property, Property, Property];
    assert.deepEqual([...purposes(one, first)], ['home', 'voice', 'pref', 'main']);
    assert.deepEqual([...purposes(one, second)], ['radio']);
    assert.deepEqual([labelOf(one, third), labelOf(one, second)], ['Boat', undefined]);
  });

  it('puts the preferred first', () => {
    const one = card('EMAIL:1', 'EMAIL;PREF=2:2', 'EMAIL;TYPE=INTERNET,PREF:3', 'EMAIL;PREF=1:4', 'EMAIL:5');
    assert.deepEqual(
      byPreference(one, 'EMAIL').map((property) => property.value),
      ['3', '4', '2', '1', '5'],
    );
  });

  it('go with their labels', () => {
    const one = card('item1.TEL:1', 'item1.X-ABLabel:Boat', 'item2.TEL:2', 'item2.X-ABLabel:Car', 'ITEM2.NOTE:own');
    for (const property of one.all('TEL')) removeProperty(one, property);
    assert.deepEqual(added(one.toString()), ['item2.X-ABLabel:Car', 'ITEM2.NOTE:own']);
  });

  it('change by component', () => {
    const one = card('ADR;TYPE=HOME:;;a\\, b;c;;;d', 'N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg', 'ORG:x');
    const [adr, n, org] = ['ADR', 'N', 'ORG'].map((name) => one.first(name)) as [Property, Property, Property];
    assert.deepEqual([component(adr, 2), component(adr, 9), component(n, 1), component(undefined, 0)], ['a, b', '', 'Jörg', '']);
    setComponent(adr, 3, 'C; D', 7);
    setComponent(n, 1, 'Jürgen', 5);
    setComponent(org, 1, 'unit', 1);
    assert.deepEqual(added(one.toString()), [
      'ADR;TYPE=HOME:;;a\\, b;C\\; D;;;d',
      'N;CHARSET=UTF-8:Müller;Jürgen;;;',
      'ORG:x;unit',
    ]);
    setText(org, 'a;b');
    assert.equal(org.value, 'a\\;b');
  });

  it('say when they were changed, if they said so before', () => {
    const now = new Date(Date.UTC(2026, 10, 23, 12));
    const one = card('REV:x');
    touch(one, '3.0', now);
    assert.equal(one.first('REV')?.value, '2026-11-23T12:00:00Z');
    assert.equal(revision('4.0', now), '20261123T120000Z');
    const other = card();
    touch(other, '3.0', now);
    assert.equal(other.first('REV'), undefined);
  });

  it('make a new card', () => {
    const fresh = newCard('u;1', 'prod');
    fresh.set('FN', 'x');
    assert.deepEqual(readCard(fresh.toString()), { uid: 'u;1', version: '3.0', fn: 'x' });
  });
});

describe('card dates', () => {
  const read = (value: string, params = {}) => readCardDate(new Property('BDAY', value, params));

  it('are read in all their forms', () => {
    for (const value of ['1990-05-04', '19900504', '1990-05-04T12:00:00Z', '19900504T120000'])
      assert.deepEqual(read(value), { year: 1990, month: 5, day: 4 }, value);
    for (const value of ['--0504', '--05-04', '1604-05-04']) assert.deepEqual(read(value), { month: 5, day: 4 }, value);
    assert.deepEqual(read('1700-05-04', { 'X-APPLE-OMIT-YEAR': '1700' }), { month: 5, day: 4 });
    for (const value of ['', 'soon', '1990', '1990-05', '---04', '1990-13-01', '1990-02-30', '0x900504'])
      assert.equal(read(value), undefined, value);
  });

  it('are written in the form of the version', () => {
    const written = (date: { year?: number; month: number; day: number }, version: '3.0' | '4.0') => {
      const property = new Property('BDAY', '');
      writeCardDate(property, date, version);
      return property.toString().trim();
    };
    assert.equal(written({ year: 1990, month: 5, day: 4 }, '3.0'), 'BDAY:1990-05-04');
    assert.equal(written({ year: 1990, month: 5, day: 4 }, '4.0'), 'BDAY:19900504');
    assert.equal(written({ month: 5, day: 4 }, '3.0'), 'BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-04');
    assert.equal(written({ month: 5, day: 4 }, '4.0'), 'BDAY:--0504');
  });
});

describe('card pictures', () => {
  it('are read where they are in the card', () => {
    assert.equal(readPhoto(card('PHOTO;ENCODING=b;TYPE=JPEG:/9j/', ' 4AAQ')), '/9j/4AAQ');
    assert.equal(readPhoto(card('PHOTO;VALUE=uri:http://x/1.jpg', 'PHOTO:data:image/png;base64\\,iVBO')), undefined);
    assert.equal(readPhoto(card('PHOTO;VALUE=uri:http://x/1.jpg', 'PHOTO:data:image/png;base64,iVBO')), 'iVBO');
    assert.equal(readPhoto(card('PHOTO;ENCODING=b:')), undefined);
    assert.equal(readPhoto(card()), undefined);
  });

  it('are written with the type they have', () => {
    for (const [data, version, line] of [
      ['iVBORw0KGgoA', '3.0', 'PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoA'],
      ['R0lGODlh', '2.1', 'PHOTO;ENCODING=BASE64;TYPE=GIF:R0lGODlh'],
      ['/9j/4AAQ', '4.0', 'PHOTO:data:image/jpeg;base64,/9j/4AAQ'],
    ] as const) {
      const one = card('PHOTO:old');
      writePhoto(one, data, version);
      assert.equal(added(one.toString())[0], line);
      assert.equal(readPhoto(one), data);
      writePhoto(one, undefined, version);
      assert.equal(one.first('PHOTO'), undefined);
    }
  });
});
