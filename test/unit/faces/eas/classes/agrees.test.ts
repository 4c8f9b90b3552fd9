import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import type { PimItemClass } from '../../../../../src/faces/eas/classes/item-class.js';
import { type Element, el } from '../../../../../src/formats/wbxml/tree.js';
import { calendar, data, echo, lines, render, sent, shown, VERSIONS } from './support.js';

const event = (...more: string[]) =>
  calendar(
    'BEGIN:VEVENT',
    'UID:u',
    'DTSTAMP:20260101T000000Z',
    'DTSTART;TZID=Europe/Berlin:20261202T090000',
    'DTEND;TZID=Europe/Berlin:20261202T100000',
    'SUMMARY:Talk',
    ...more,
    'END:VEVENT',
  );
const alarm = (trigger: string) => ['BEGIN:VALARM', 'ACTION:DISPLAY', `TRIGGER:${trigger}`, 'END:VALARM'];
const card = (...more: string[]) =>
  lines('BEGIN:VCARD', 'VERSION:3.0', 'UID:u', 'FN:Ada Lovelace', 'N:Lovelace;Ada;;;', ...more, 'END:VCARD');

/** Whether a device that sends this holds the result. */
function holds(itemClass: PimItemClass, stored: string | null, item: Element): boolean | undefined {
  const result = itemClass.apply(stored, item, sent('16.1'));
  return itemClass.agrees?.(result, item, sent('16.1'));
}

describe('what a device holds after its edit', () => {
  const { calendar: events, contacts, tasks, notes } = PIM_CLASSES;

  it('is the item, where all of the edit was taken', () => {
    for (const version of VERSIONS) {
      const stored = event('DESCRIPTION:x', 'CATEGORIES:A,B', ...alarm('-PT15M'));
      const item = echo(render(events, stored, shown(version)), el('Calendar:Subject', 'Other'), el('Calendar:Reminder', 5));
      assert.equal(events.agrees?.(events.apply(stored, item, sent(version)), item, sent(version)), true, version);
    }
    const times = [
      el('Calendar:StartTime', '20261203T080000Z'),
      el('Calendar:EndTime', '20261203T090000Z'),
      el('Calendar:MeetingStatus', 0),
    ];
    assert.equal(holds(events, null, data(times, el('Calendar:Subject', 'New'), el('Calendar:BusyStatus', 2))), true);
    assert.equal(
      holds(
        contacts,
        null,
        data(el('Contacts:FileAs', 'King, Ada'), el('Contacts:FirstName', 'Ada'), el('Contacts:LastName', 'King')),
      ),
      true,
    );
    assert.equal(holds(tasks, null, data(el('Tasks:Subject', 'x'), el('Tasks:Complete', 0))), true);
    assert.equal(holds(notes, null, data(el('Notes:Subject', 'x'), el('Notes:MessageClass', 'IPM.StickyNote'))), true);
  });

  it('is another one where part of the edit was not for the device to make', () => {
    const meeting = event('ORGANIZER:mailto:carol@example.org', 'ATTENDEE:mailto:alice@example.org');
    const guest = el('Calendar:Attendee', el('Calendar:Email', 'eve@example.org'), el('Calendar:Name', 'Eve'));
    assert.equal(holds(events, meeting, data(el('Calendar:Attendees', guest))), false);
    assert.equal(
      holds(events, event(...alarm('-PT15M'), ...alarm('-P1D')), data(el('Calendar:Reminder'))),
      false,
      'the other alarm stays',
    );
    assert.equal(holds(events, event(...alarm('-PT15M')), data(el('Calendar:Reminder'))), true);
    const renamed = el('Contacts:LastName', 'King');
    assert.equal(holds(contacts, card(), data(renamed)), false, 'FileAs follows from the name');
    assert.equal(holds(contacts, card(), data(renamed, el('Contacts:FileAs', 'Lovelace, Ada'))), false, 'the old one');
    assert.equal(holds(contacts, card(), data(renamed, el('Contacts:FileAs', 'King, Ada'))), true);
    const numbers = card('TEL;TYPE=CELL:1', 'TEL;TYPE=CELL:2');
    assert.equal(
      holds(contacts, numbers, data(el('Contacts:MobilePhoneNumber'))),
      false,
      'the second takes the place of the first',
    );
  });
});

describe('what is not shown', () => {
  it('is a group of contacts', () => {
    for (const kind of ['KIND:group', 'X-ADDRESSBOOKSERVER-KIND:Group'])
      assert.throws(() => PIM_CLASSES.contacts.render(card(kind), shown('16.1')), /group/);
    assert.ok(PIM_CLASSES.contacts.render(card('KIND:individual'), shown('16.1')).length > 0);
  });
});
