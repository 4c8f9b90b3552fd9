import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notesClass } from '../../../../../src/faces/eas/classes/notes.js';
import { el } from '../../../../../src/formats/wbxml/tree.js';
import { at, calendar, data, echo, render, sent, shown, touched } from './support.js';

const { apply } = notesClass;
const body = (text: string) => el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', text));

const note = calendar(
  ...[
    'BEGIN:VJOURNAL',
    'UID:n-1',
    'DTSTAMP:20260101T000000Z',
    'LAST-MODIFIED:20260202T000000Z',
    'SUMMARY:Shopping',
    'DESCRIPTION:Milk\\, bread',
  ],
  ...['DTSTART;VALUE=DATE:20260101', 'CATEGORIES:Yellow', 'END:VJOURNAL'],
);

describe('notes', () => {
  it('shows what a note is', () => {
    const item = render(notesClass, note, shown('14.1'));
    assert.deepEqual(
      (['Subject', 'MessageClass', 'LastModifiedDate'] as const).map((name) => at(item, `Notes:${name}`)),
      ['Shopping', 'IPM.StickyNote', '20260202T000000Z'],
    );
    assert.equal(at(item, 'AirSyncBase:Body', 'AirSyncBase:Data'), 'Milk, bread');
    assert.equal(at(item, 'Notes:Categories', 'Notes:Category'), 'Yellow');
  });

  it('touches only what differs', () => {
    for (const version of ['14.0', '14.1', '16.0', '16.1'] as const) {
      const item = render(notesClass, note, shown(version));
      assert.equal(apply(note, echo(item, el('Notes:LastModifiedDate', '20200101T000000Z')), sent(version)), note);
      assert.deepEqual(touched(note, apply(note, echo(item, body('Milk')), sent(version))), ['DESCRIPTION']);
      assert.deepEqual(touched(note, apply(note, data(el('Notes:Categories')), sent(version))), ['CATEGORIES']);
    }
  });

  it('stores what a phone adds', () => {
    const text = apply(
      null,
      data(el('Notes:Subject', 'Einkauf'), body('Milch, Brot'), el('Notes:MessageClass', 'IPM.StickyNote.Blue')),
      sent('14.1'),
    );
    for (const line of ['SUMMARY:Einkauf', 'DESCRIPTION:Milch\\, Brot', 'X-MS-MESSAGECLASS:IPM.StickyNote.Blue'])
      assert.ok(text.includes(`\r\n${line}\r\n`), line);
    assert.match(text, /UID:[0-9a-f-]{36}/);
    assert.equal(at(render(notesClass, text, shown('14.1')), 'Notes:MessageClass'), 'IPM.StickyNote.Blue');
  });
});
