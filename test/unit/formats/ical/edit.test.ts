import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CalendarEditor } from '../../../../src/formats/ical/edit.js';
import { IcalError } from '../../../../src/formats/ical/error.js';
import { readCalendarObject } from '../../../../src/formats/ical/parse.js';
import { parseRule } from '../../../../src/formats/ical/rule.js';
import { dateTime, formatTime, MINUTE, utcTime, zonedTime } from '../../../../src/formats/ical/values.js';

/** As a client sent it: folded oddly, parameters quoted, names in small letters, properties nobody knows. */
const TEXT = [
  'BEGIN:VCALENDAR',
  'PRODID:-//Client//EN',
  'version:2.0',
  'X-WR-CALNAME:Mine',
  'BEGIN:VTIMEZONE',
  'TZID:Europe/Berlin',
  'BEGIN:STANDARD',
  'DTSTART:19701025T030000',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'END:STANDARD',
  'END:VTIMEZONE',
  'BEGIN:VEVENT',
  'UID:u1',
  'DTSTAMP:20260101T000000Z',
  'SEQUENCE:4',
  'SUMMARY;X-FOO="a;b";LANGUAGE=de:Alt\\, sehr ',
  ' alt',
  'DTSTART;X-KEEP=1;TZID=Europe/Berlin:20260327T100000',
  'DTEND;TZID=Europe/Berlin:20260327T110000',
  'RRULE:FREQ=DAILY;X-PART=1;COUNT=10',
  'EXDATE;TZID=Europe/Berlin:20260401T100000,20260402T100000',
  'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="Caf\u00e9, A":geo:1,2',
  'ATTENDEE;X-NUM=3;PARTSTAT=NEEDS-ACTION;CN="Doe, J":MAILTO:J@Example.org',
  'CATEGORIES:Work,Two',
  'CATEGORIES:Three',
  'BEGIN:VALARM',
  'UID:a0',
  'ACTION:AUDIO',
  'TRIGGER:-PT30M',
  'END:VALARM',
  'BEGIN:VALARM',
  'UID:a1',
  'ACTION:DISPLAY',
  'TRIGGER;X-A=b:-PT15M',
  'ACKNOWLEDGED:20260101T000000Z',
  'DESCRIPTION:!',
  'END:VALARM',
  'X-LAST:1',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

const zone = 'Europe/Berlin';
const at = (day: number, hour = 10, month = 3) => zonedTime(Date.UTC(2026, month - 1, day, hour), zone);

/** Lines of one text that the other does not have. */
const minus = (a: string, b: string) => a.split('\r\n').filter((line) => !b.split('\r\n').includes(line));

function edited(work: (editor: CalendarEditor) => void, text = TEXT): { added: string[]; removed: string[]; text: string } {
  const editor = CalendarEditor.open(text);
  work(editor);
  const result = editor.toString();
  return { added: minus(result, text), removed: minus(text, result), text: result };
}

describe('what is not touched keeps its bytes', () => {
  test('opening and writing', () => assert.equal(CalendarEditor.open(TEXT).toString(), TEXT));

  test('setting what is there already', () => {
    const { text } = edited(({ master }) => {
      master!.setText('SUMMARY', master!.text('SUMMARY'));
      master!.setList('CATEGORIES', ['Work', 'Two', 'Three']);
      master!.setTime('DTSTART', master!.time('DTSTART'));
      master!.setInteger('SEQUENCE', 4);
      master!.setRule(parseRule('FREQ=DAILY;COUNT=10'));
      master!.setAttendee('j@example.ORG', { PARTSTAT: 'NEEDS-ACTION', CN: 'Doe, J' });
      master!.setReminder(15 * MINUTE);
    });
    assert.equal(text, TEXT);
  });

  test('a title: only that property, with its parameters', () => {
    const { added, removed } = edited(({ master }) => master!.setText('SUMMARY', 'Neu; ja'));
    assert.deepEqual(added, ['SUMMARY;X-FOO="a;b";LANGUAGE=de:Neu\\; ja']);
    assert.deepEqual(removed, ['SUMMARY;X-FOO="a;b";LANGUAGE=de:Alt\\, sehr ', ' alt']);
  });

  test('a time keeps unknown parameters and changes form', () => {
    assert.deepEqual(edited(({ master }) => master!.setTime('DTSTART', at(28))).added, [
      'DTSTART;X-KEEP=1;TZID=Europe/Berlin:20260328T100000',
    ]);
    assert.deepEqual(edited(({ master }) => master!.setTime('DTSTART', utcTime(0))).added, ['DTSTART;X-KEEP=1:19700101T000000Z']);
    assert.deepEqual(edited(({ master }) => master!.setTime('DTSTART', dateTime(0))).added, [
      'DTSTART;X-KEEP=1;VALUE=DATE:19700101',
    ]);
  });

  test('lists, integers, durations, rules; null removes', () => {
    const { added, removed } = edited(({ master }) => {
      master!.setList('CATEGORIES', ['a,b', 'c']);
      master!.setInteger('PRIORITY', 5);
      master!.setTime('DTEND', null);
      master!.setDuration('DURATION', { days: 1, ms: 30 * MINUTE });
      master!.setRule(null);
      master!.setText('LOCATION', null);
    });
    assert.deepEqual(added, ['CATEGORIES:a\\,b,c', 'PRIORITY:5', 'DURATION:P1DT30M']);
    assert.deepEqual(removed, [
      'DTEND;TZID=Europe/Berlin:20260327T110000',
      'RRULE:FREQ=DAILY;X-PART=1;COUNT=10',
      'CATEGORIES:Work,Two',
      'CATEGORIES:Three',
    ]);
  });

  test('LF line ends stay LF, in what is added too', () => {
    const editor = CalendarEditor.open(TEXT.replaceAll('\r\n', '\n'));
    editor.master!.setTime('DTSTART', zonedTime(0, 'Asia/Tokyo'));
    editor.master!.setReminder(null);
    assert.ok(editor.toString().includes('TZID:Asia/Tokyo\n') && !editor.toString().includes('\r'));
  });
});

describe('attendees', () => {
  test('are patched by address, unknown parameters kept', () => {
    const { added } = edited(({ master }) => master!.setAttendee('j@example.org', { PARTSTAT: 'ACCEPTED', CN: null }));
    assert.deepEqual(added, ['ATTENDEE;X-NUM=3;PARTSTAT=ACCEPTED:MAILTO:J@Example.org']);
  });

  test('are added beside the others, and removed', () => {
    const { text, removed } = edited(({ master }) => {
      master!.setAttendee('b@example.org', { CN: 'B: "x"', RSVP: 'TRUE' });
      master!.setOrganizer('boss@example.org', { CN: 'Boss' });
      master!.removeAttendee('mailto:j@example.org');
    });
    assert.ok(text.includes(`ATTENDEE;CN="B: ^'x^'";RSVP=TRUE:mailto:b@example.org\r\n`));
    assert.ok(text.includes('ORGANIZER;CN=Boss:mailto:boss@example.org\r\n'));
    assert.equal(removed.length, 1);
    assert.deepEqual(edited(({ master }) => master!.setOrganizer(null)).removed, []);
  });
});

describe('alarms', () => {
  test('the first display alarm before the start is moved, others stay', () => {
    const { added, removed } = edited(({ master }) => master!.setReminder(10 * MINUTE));
    assert.deepEqual(added, ['TRIGGER;X-A=b:-PT10M']);
    assert.deepEqual(removed, ['TRIGGER;X-A=b:-PT15M', 'ACKNOWLEDGED:20260101T000000Z']);
  });

  test('removed and added', () => {
    const { removed } = edited(({ master }) => {
      master!.setReminder(null);
      assert.equal(master!.reminder, null);
    });
    assert.ok(removed.includes('UID:a1') && !removed.includes('UID:a0'));
    const without = edited(({ master }) => master!.setReminder(null)).text;
    const { added } = edited(({ master }) => master!.setReminder(0, 'Now, please'), without);
    assert.deepEqual(added, ['ACTION:DISPLAY', 'DESCRIPTION:Now\\, please', 'TRIGGER:PT0S']);
  });
});

describe('occurrences', () => {
  test('an override says what the master says, at its own time', () => {
    const editor = CalendarEditor.open(TEXT);
    const override = editor.addOverride(at(30));
    assert.equal(formatTime(override.time('DTSTART')!), '20260330T100000');
    assert.equal(formatTime(override.time('DTEND')!), '20260330T110000');
    assert.deepEqual([override.text('RRULE'), override.text('EXDATE')], [null, null]);
    assert.equal(override.text('X-LAST'), '1');
    override.setText('SUMMARY', 'Once');
    const text = editor.toString();
    assert.ok(text.startsWith(TEXT.slice(0, TEXT.indexOf('END:VCALENDAR'))));
    const object = readCalendarObject(text);
    assert.equal(object.overrides[0]?.component.first('SUMMARY')?.text, 'Once');
  });

  test('are recognised in every form, and made once', () => {
    const editor = CalendarEditor.open(TEXT);
    const override = editor.addOverride(utcTime(Date.UTC(2026, 2, 30, 8)));
    assert.equal(override.component.first('RECURRENCE-ID')?.toString(), 'RECURRENCE-ID;TZID=Europe/Berlin:20260330T100000\r\n');
    assert.equal(editor.addOverride(at(30)).component, override.component);
    assert.equal(editor.override(dateTime(Date.UTC(2026, 2, 30)))?.component, override.component);
    assert.equal(editor.override(at(31)), null);
    assert.equal(editor.removeOverride(at(30)), true);
    assert.equal(editor.removeOverride(at(30)), false);
    assert.equal(editor.toString(), TEXT);
  });

  test('a length over a change of the clock, an end in UTC, a to-do with DUE', () => {
    const utcEnd = TEXT.replace('DTEND;TZID=Europe/Berlin:20260327T110000', 'DTEND:20260327T100000Z');
    const override = CalendarEditor.open(utcEnd).addOverride(at(30));
    assert.equal(formatTime(override.time('DTEND')!), '20260330T090000Z');
    const todo =
      'BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTODO\nUID:1\nDUE;VALUE=DATE:20260101\nRRULE:FREQ=DAILY\nEND:VTODO\nEND:VCALENDAR\n';
    const changed = CalendarEditor.open(todo).addOverride(dateTime(Date.UTC(2026, 0, 5)));
    assert.equal(changed.component.first('DUE')?.toString(), 'DUE;VALUE=DATE:20260105\n');
    assert.equal(changed.component.first('RECURRENCE-ID')?.toString(), 'RECURRENCE-ID;VALUE=DATE:20260105\n');
  });

  test('excluding takes the override away, including takes one date out of a list', () => {
    const editor = CalendarEditor.open(TEXT);
    editor.addOverride(at(30));
    editor.exclude(at(30));
    editor.exclude(at(30));
    editor.exclude(utcTime(Date.UTC(2026, 2, 30, 8)));
    assert.equal(editor.overrides.length, 0);
    editor.include(utcTime(Date.UTC(2026, 3, 1, 8)));
    const lines = editor.master!.component.all('EXDATE').map(String);
    assert.deepEqual(lines, ['EXDATE;TZID=Europe/Berlin:20260402T100000\r\n', 'EXDATE;TZID=Europe/Berlin:20260330T100000\r\n']);
    editor.include(at(30));
    editor.include(at(2, 10, 4));
    assert.deepEqual(editor.excluded, []);
  });

  test('without a master there is nothing to override', () => {
    const editor = CalendarEditor.open(TEXT.replace('RRULE', 'RECURRENCE-ID:20260327T090000Z\r\nX-R'));
    assert.equal(editor.master, null);
    assert.throws(() => editor.addOverride(at(30)), IcalError);
  });
});

describe('calendars', () => {
  test('a new one is a valid object', () => {
    const editor = CalendarEditor.create('VEVENT', 'new,1', new Date(Date.UTC(2026, 0, 1)));
    const event = editor.master!;
    event.setTime('DTSTART', at(27));
    event.setTime('DTEND', zonedTime(Date.UTC(2026, 2, 27, 8), 'America/New_York'));
    event.setText('SUMMARY', 'Line 1\nLine 2');
    event.stamp(new Date(Date.UTC(2026, 0, 2)), { sequence: true });
    const object = readCalendarObject(editor.toString());
    assert.equal(object.uid, 'new,1');
    assert.deepEqual(
      object.timezones.map((timezone) => timezone.first('TZID')?.value),
      ['Europe/Berlin', 'America/New_York'].reverse(),
    );
    assert.equal(object.master?.first('SEQUENCE')?.value, '1');
    assert.equal(object.master?.first('DTSTAMP')?.value, '20260102T000000Z');
    assert.equal(object.master?.first('CREATED')?.value, '20260101T000000Z');
    assert.ok(
      editor
        .toString()
        .split('\r\n')
        .every((line) => Buffer.byteLength(line) <= 75),
    );
  });

  test('a zone is described once, and only if its name is known', () => {
    const { added } = edited(({ master }) => {
      master!.setTime('DTSTART', zonedTime(0, 'Nowhere'));
      master!.setTime('DTEND', zonedTime(0, 'Europe/Berlin'));
    });
    assert.ok(!added.includes('BEGIN:VTIMEZONE'));
  });

  test('what is no calendar is refused', () => {
    for (const text of ['', 'x', 'BEGIN:VCARD\nEND:VCARD\n', 'BEGIN:VCALENDAR\n'])
      assert.throws(() => CalendarEditor.open(text), IcalError);
  });
});
