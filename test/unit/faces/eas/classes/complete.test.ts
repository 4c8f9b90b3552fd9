import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTACT_FIELDS } from '../../../../../src/faces/eas/classes/contact-fields.js';
import { OCCURRENCE_FIELDS } from '../../../../../src/faces/eas/classes/event-fields.js';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import { hasField } from '../../../../../src/faces/eas/schema/field.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import { PAGES, type TagName } from '../../../../../src/formats/wbxml/pages.js';
import { child, type Element, el, elements, text } from '../../../../../src/formats/wbxml/tree.js';
import { data, echo, render, sent, shown, VERSIONS } from './support.js';

const body = el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', 'Words'));

/** A value for each element that is not a line of text. */
const SAMPLES: Readonly<Partial<Record<TagName, Element>>> = {
  'AirSyncBase:Body': body,
  'AirSyncBase:Location': el(
    'AirSyncBase:Location',
    el('AirSyncBase:DisplayName', 'Here'),
    el('AirSyncBase:Annotation', 'door on the left'),
  ),
  'Calendar:Attendees': el(
    'Calendar:Attendees',
    el('Calendar:Attendee', el('Calendar:Email', 'bob@example.org'), el('Calendar:Name', 'Bob'), el('Calendar:AttendeeType', 2)),
  ),
  'Calendar:BusyStatus': el('Calendar:BusyStatus', 3),
  'Calendar:Categories': el('Calendar:Categories', el('Calendar:Category', 'One'), el('Calendar:Category', 'Two')),
  'Calendar:MeetingStatus': el('Calendar:MeetingStatus', 1),
  'Calendar:Reminder': el('Calendar:Reminder', 30),
  'Calendar:Sensitivity': el('Calendar:Sensitivity', 1),
  'Contacts:Anniversary': el('Contacts:Anniversary', '2014-07-19T00:00:00.000Z'),
  'Contacts:Birthday': el('Contacts:Birthday', '1990-05-04T00:00:00.000Z'),
  'Contacts:Categories': el('Contacts:Categories', el('Contacts:Category', 'One'), el('Contacts:Category', 'Two')),
  'Contacts:Children': el('Contacts:Children', el('Contacts:Child', 'Kim'), el('Contacts:Child', 'Lou')),
  'Contacts:Picture': el('Contacts:Picture', '/9j/4AAQ'),
};

const sample = (tag: TagName) => SAMPLES[tag] ?? el(tag, `${tag.split(':')[1]} value`);

function differing(item: Element, wanted: readonly Element[]): TagName[] {
  const facts = (element: Element | undefined): string[] =>
    element
      ? elements(element)
          .filter(({ tag }) => !UNSENT.has(tag))
          .flatMap(facts)
          .concat(elements(element).length === 0 ? (text(element) ?? '') : [])
      : [];
  return wanted
    .filter((element) => facts(child(item, element.tag)).join('\n') !== facts(element).join('\n'))
    .map(({ tag }) => tag);
}

/** Children that only responses have, or only versions from 12.0 on. */
const UNSENT: ReadonlySet<TagName> = new Set([
  'AirSyncBase:EstimatedDataSize',
  'Calendar:AttendeeStatus',
  'Calendar:AttendeeType',
]);

describe('every element', () => {
  for (const version of VERSIONS) {
    it(`of a contact is kept (${version})`, () => {
      const tags = CONTACT_FIELDS.filter((field) => field.set && hasField(field, version)).map(({ tag }) => tag);
      const wanted = tags.filter((tag) => tag !== 'Contacts:Body').map(sample);
      const stored = PIM_CLASSES.contacts.apply(null, data(wanted), sent(version));
      const item = render(PIM_CLASSES.contacts, stored, shown(version));
      assert.deepEqual(differing(item, wanted), []);
      assert.equal(PIM_CLASSES.contacts.apply(stored, echo(item), sent(version)), stored);
    });

    it(`of an event is kept (${version})`, () => {
      const tags = OCCURRENCE_FIELDS.filter((field) => field.set && hasField(field, version)).map(({ tag }) => tag);
      const wanted = tags.filter((tag) => tag !== 'Calendar:Body').map(sample);
      const times = [
        el('Calendar:StartTime', '20261202T080000Z'),
        el('Calendar:EndTime', '20261202T090000Z'),
        el('Calendar:UID', 'u'),
      ];
      const stored = PIM_CLASSES.calendar.apply(null, data(times, wanted), sent(version));
      assert.deepEqual(differing(render(PIM_CLASSES.calendar, stored, shown(version)), [...times.slice(0, 2), ...wanted]), []);
    });
  }

  it('of the contact pages has a row, but for those of other places', () => {
    const rows = new Set<TagName>(CONTACT_FIELDS.map(({ tag }) => tag));
    const tags = (['Contacts', 'Contacts2'] as const).flatMap((page) =>
      Object.keys(PAGES[page].tokens).map((name) => `${page}:${name}` as TagName),
    );
    // Parts of lists, and what only the recipient cache has.
    const elsewhere = ['Contacts:Category', 'Contacts:Child', 'Contacts:Alias', 'Contacts:WeightedRank'];
    assert.deepEqual(tags.filter((tag) => !rows.has(tag)).sort(), elsewhere.sort());
  });

  it('of the calendar page is shown, written, or a part of one that is', () => {
    const known = new Set<string>(everyTag('16.1').concat(everyTag('14.1')));
    // Requests only, version 2.5 only, or never made by this server.
    const others = [
      'Calendar:ClientUid',
      'Calendar:AppointmentReplyTime',
      'Calendar:OnlineMeetingConfLink',
      'Calendar:OnlineMeetingExternalLink',
    ];
    const recurrence = ['DayOfMonth', 'WeekOfMonth', 'MonthOfYear', 'Occurrences', 'CalendarType', 'IsLeapMonth'].map(
      (name) => `Calendar:${name}`,
    );
    const missing = Object.keys(PAGES.Calendar.tokens)
      .map((name) => `Calendar:${name}`)
      .filter((tag) => !known.has(tag));
    assert.deepEqual(missing.sort(), [...others, ...recurrence].sort());
  });
});

/** Each tag of a rich event as a device gets it. */
function everyTag(version: EasVersion): string[] {
  const content = [
    el('Calendar:StartTime', '20261202T080000Z'),
    el('Calendar:EndTime', '20261202T090000Z'),
    ...OCCURRENCE_FIELDS.filter((field) => field.set && hasField(field, version)).map(({ tag }) => sample(tag)),
    el('Calendar:Recurrence', el('Calendar:Type', 1), el('Calendar:DayOfWeek', 8), el('Calendar:Until', '20270125T080000Z')),
    el(
      'Calendar:Exceptions',
      el('Calendar:Exception', el('Calendar:Deleted', 1), el('Calendar:ExceptionStartTime', '20261209T080000Z')),
    ),
  ];
  const stored = PIM_CLASSES.calendar.apply(null, data(content), sent(version));
  const tags = (element: Element): string[] => [element.tag, ...elements(element).flatMap(tags)];
  return tags(render(PIM_CLASSES.calendar, stored, shown(version)));
}
