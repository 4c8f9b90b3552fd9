import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import type { PimItemClass } from '../../../../../src/faces/eas/classes/item-class.js';
import { openCalendarObject } from '../../../../../src/formats/ical/parse.js';
import { el } from '../../../../../src/formats/wbxml/tree.js';
import { at, echo, render, sent, shown, touched, VERSIONS } from './support.js';

function fixtures(kind: 'ical' | 'vcard', extension: string): [string, string][] {
  let root = import.meta.dirname;
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  const folder = join(root, 'test', 'fixtures', kind);
  const files = readdirSync(folder).filter((name) => name.endsWith(extension));
  return files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

const CLASSES: Readonly<Record<string, PimItemClass>> = {
  VEVENT: PIM_CLASSES.calendar,
  VTODO: PIM_CLASSES.tasks,
  VJOURNAL: PIM_CLASSES.notes,
};

describe('samples of clients', () => {
  for (const [name, text] of fixtures('vcard', '.vcf')) {
    it(`${name} comes back as it was, and with one line changed`, () => {
      for (const version of VERSIONS) {
        const item = render(PIM_CLASSES.contacts, text, shown(version));
        assert.equal(PIM_CLASSES.contacts.apply(text, echo(item), sent(version)), text, version);
        const changed = PIM_CLASSES.contacts.apply(text, echo(item, el('Contacts:CarPhoneNumber', '42')), sent(version));
        assert.deepEqual(touched(text, changed), ['TEL']);
      }
    });
  }

  for (const [name, text] of fixtures('ical', '.ics')) {
    it(`${name} comes back as it was`, () => {
      const itemClass = CLASSES[openCalendarObject(text).component] as PimItemClass;
      for (const version of VERSIONS) {
        const item = render(itemClass, text, shown(version));
        assert.equal(itemClass.apply(text, echo(item), sent(version)), text, version);
      }
    });
  }

  it('shows what is in them', () => {
    const found = new Map(fixtures('vcard', '.vcf'));
    const show = (name: string) => render(PIM_CLASSES.contacts, found.get(name) as string, shown('16.1'));
    const apple = show('apple-labels.vcf');
    assert.equal(at(apple, 'Contacts:Birthday'), '1604-02-29T00:00:00.000Z');
    assert.equal(at(apple, 'Contacts:Spouse'), 'Jan Berg');
    assert.equal(at(apple, 'Contacts:Anniversary'), '2014-07-19T00:00:00.000Z');
    assert.equal(at(apple, 'Contacts2:CompanyMainPhone'), '+49 30 555');
    assert.equal(at(apple, 'Contacts:HomeAddressStreet'), 'Lange Straße 1\r\nHinterhaus');
    assert.ok(at(apple, 'Contacts:Picture')?.startsWith('/9j/'));
    const outlook = show('outlook-21.vcf');
    assert.equal(at(outlook, 'Contacts:CompanyName'), 'Bäckerei Müller');
    assert.equal(at(outlook, 'Contacts:BusinessAddressStreet'), 'Hauptstraße 1');
    assert.equal(at(outlook, 'AirSyncBase:Body', 'AirSyncBase:Data'), 'Zeile eins\r\nZeile zwei');
    assert.equal(at(outlook, 'Contacts2:ManagerName'), 'Chefin');
    assert.equal(at(show('company.vcf'), 'Contacts:FileAs'), 'Stadtwerke');
    const app = show('dav-app-40.vcf');
    assert.equal(at(app, 'Contacts:Email1Address'), 'zoe@widgets.example');
    assert.equal(at(app, 'Contacts:CompanyName'), 'Widgets, Inc.');
  });
});
