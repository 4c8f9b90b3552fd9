import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedItem } from '../../../../../src/faces/eas/classes/item-class.js';
import { tasksClass } from '../../../../../src/faces/eas/classes/tasks.js';
import type { TagName } from '../../../../../src/formats/wbxml/pages.js';
import { child, type Element, el } from '../../../../../src/formats/wbxml/tree.js';
import { at, calendar, data, difference, echo, render, sent, shown, touched, VERSIONS, without } from './support.js';

const { apply } = tasksClass;

const task = (...more: string[]) =>
  calendar('BEGIN:VTODO', 'UID:t-1', 'DTSTAMP:20260101T000000Z', 'SUMMARY:Report', ...more, 'END:VTODO');
const field = (name: string, value?: string | number) => el(`Tasks:${name}` as TagName, value);
const values = (item: Element, ...names: string[]) => names.map((name) => at(item, `Tasks:${name}` as TagName));
const show = (stored: string) => render(tasksClass, stored, shown('14.1'));
const come = (stored: string, ...elements: Element[]) =>
  difference(stored, apply(stored, data(elements), sent('14.1'))).come.filter(
    (line) => !/^(?:DTSTAMP|LAST-MODIFIED|SEQUENCE)/.test(line),
  );

describe('tasks shown', () => {
  it('tells both clocks', () => {
    const item = show(task('DUE;VALUE=DATE:20261127', 'DTSTART;VALUE=DATE:20261123'));
    assert.deepEqual(values(item, 'UtcStartDate', 'StartDate', 'UtcDueDate', 'DueDate'), [
      '2026-11-22T23:00:00.000Z',
      '2026-11-23T00:00:00.000Z',
      '2026-11-26T23:00:00.000Z',
      '2026-11-27T00:00:00.000Z',
    ]);
    const timed = show(task('DUE;TZID=America/New_York:20261127T090000'));
    assert.deepEqual(values(timed, 'UtcDueDate', 'DueDate', 'StartDate'), [
      '2026-11-27T14:00:00.000Z',
      '2026-11-27T15:00:00.000Z',
      undefined,
    ]);
    assert.deepEqual(
      values(show(task('DTSTART:20261127T090000Z')), 'UtcDueDate'),
      ['2026-11-27T09:00:00.000Z'],
      'due where it starts',
    );
  });

  it('tells importance, completion and reminder', () => {
    assert.deepEqual(
      ['1', '4', '5', '6', '0', 'x'].map((priority) => values(show(task(`PRIORITY:${priority}`)), 'Importance')[0]),
      ['2', '2', '1', '0', '1', '1'],
    );
    const done = show(task('STATUS:COMPLETED', 'COMPLETED:20261120T100000Z'));
    assert.deepEqual(values(done, 'Complete', 'DateCompleted'), ['1', '2026-11-20T10:00:00.000Z']);
    assert.deepEqual(
      values(show(task('STATUS:COMPLETED')), 'DateCompleted'),
      ['2026-01-01T00:00:00.000Z'],
      'a response must carry one',
    );
    assert.deepEqual(values(show(task('STATUS:IN-PROCESS')), 'Complete', 'DateCompleted'), ['0', undefined]);
    const alarm = ['BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER;RELATED=END:-PT1H', 'END:VALARM'];
    assert.deepEqual(values(show(task('DUE:20261127T090000Z', ...alarm)), 'ReminderSet', 'ReminderTime'), [
      '1',
      '2026-11-27T08:00:00.000Z',
    ]);
    assert.deepEqual(values(show(task()), 'ReminderSet', 'ReminderTime'), ['0', undefined]);
  });

  it('tells the recurrence', () => {
    const recurrence = child(
      show(task('DTSTART;VALUE=DATE:20261123', 'RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4')),
      'Tasks:Recurrence',
    ) as Element;
    assert.deepEqual(
      values(recurrence, 'Type', 'Start', 'Occurrences', 'DayOfWeek', 'Regenerate', 'DeadOccur', 'FirstDayOfWeek'),
      ['1', '2026-11-23T00:00:00.000Z', '4', '2', '0', '0', '1'],
    );
  });
});

describe('tasks changed', () => {
  const rich = task(
    ...[
      'DTSTART;VALUE=DATE:20261123',
      'DUE;VALUE=DATE:20261127',
      'DESCRIPTION:Details',
      'STATUS:IN-PROCESS',
      'PERCENT-COMPLETE:40',
      'PRIORITY:3',
    ],
    ...['RRULE:FREQ=WEEKLY;BYDAY=MO', 'RELATED-TO:parent', 'CATEGORIES:A', 'X-KEEP:1'],
    ...[
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      'TRIGGER:-PT15M',
      'END:VALARM',
      'BEGIN:VALARM',
      'ACTION:EMAIL',
      'TRIGGER:-P1D',
      'END:VALARM',
    ],
  );

  it('touches only what differs', () => {
    for (const version of VERSIONS) {
      const item = render(tasksClass, rich, shown(version));
      assert.equal(apply(rich, echo(item), sent(version)), rich, version);
      assert.deepEqual(touched(rich, apply(rich, echo(item, field('Subject', 'Other')), sent(version))), ['SUMMARY']);
      const lasting = rich.replace('DUE;VALUE=DATE:20261127', 'DURATION:P4D');
      assert.equal(apply(lasting, echo(render(tasksClass, lasting, shown(version))), sent(version)), lasting);
    }
    const begun = task('DTSTART:20261127T090000Z');
    assert.equal(apply(begun, echo(show(begun)), sent('14.1')), begun);
  });

  it('deletes what a whole task leaves out', () => {
    const item = without(
      show(rich),
      'Tasks:DueDate',
      'Tasks:UtcDueDate',
      'Tasks:Categories',
      'Tasks:Recurrence',
      'AirSyncBase:Body',
    );
    assert.deepEqual(touched(rich, apply(rich, item, sent('14.1'))), ['CATEGORIES', 'DUE', 'RRULE']);
    assert.equal(apply(rich, data(field('Subject', 'Report')), sent('14.1')), rich);
  });

  it('completes and opens again', () => {
    const done = apply(rich, data(field('Complete', 1), field('DateCompleted', '2026-11-20T10:00:00.000Z')), sent('14.1'));
    assert.deepEqual(touched(rich, done), ['COMPLETED', 'PERCENT-COMPLETE', 'STATUS']);
    assert.match(done, /COMPLETED:20261120T100000Z\r\n/);
    assert.match(apply(rich, data(field('Complete', 1)), sent('14.1')), /COMPLETED:20261123T120000Z\r\n/);
    const open = apply(done, data(field('Complete', 0)), sent('14.1'));
    assert.match(open, /STATUS:NEEDS-ACTION\r\n/);
    assert.doesNotMatch(open, /COMPLETED|PERCENT/);
  });

  it('moves dates in their form', () => {
    const due = (local: string, utc: string) => [field('UtcDueDate', utc), field('DueDate', local)];
    assert.deepEqual(come(rich, ...due('2026-11-28T00:00:00.000Z', '2026-11-27T23:00:00.000Z')), ['DUE;VALUE=DATE:20261128']);
    assert.deepEqual(
      come(task('DUE:20261127T090000Z'), ...due('2026-11-28T00:00:00.000Z', '2026-11-27T23:00:00.000Z')).filter((line) =>
        line.startsWith('DUE'),
      ),
      ['DUE;TZID=Europe/Berlin:20261128T000000'],
    );
    const timed = come(rich, ...due('2026-11-28T09:00:00.000Z', '2026-11-28T08:00:00.000Z'));
    assert.ok(
      timed.includes('DUE;TZID=Europe/Berlin:20261128T090000') && timed.includes('DTSTART;TZID=Europe/Berlin:20261123T000000'),
      'of one kind',
    );
    assert.deepEqual(touched(rich, apply(rich, data(field('DueDate'), field('UtcDueDate')), sent('14.1'))), ['DUE']);
    assert.throws(
      () => apply(rich, data(...due('2026-11-01T00:00:00.000Z', '2026-10-31T23:00:00.000Z')), sent('14.1')),
      MalformedItem,
    );
  });

  it('sets and takes away the reminder, and no other alarm', () => {
    const set = apply(rich, data(field('ReminderSet', 1), field('ReminderTime', '2026-11-22T08:00:00.000Z')), sent('14.1'));
    assert.deepEqual(
      difference(rich, set).come.filter((line) => line.startsWith('TRIGGER')),
      ['TRIGGER;VALUE=DATE-TIME:20261122T080000Z'],
    );
    const none = apply(rich, data(field('ReminderSet', 0)), sent('14.1'));
    assert.equal(none.match(/BEGIN:VALARM/g)?.length, 1);
    assert.throws(() => apply(rich, data(field('ReminderSet', 1)), sent('14.1')), MalformedItem);
    assert.throws(() => apply(rich, data(field('ReminderSet', 2)), sent('14.1')), MalformedItem);
  });

  it('changes the recurrence', () => {
    const recurrence = (...content: Element[]) => el('Tasks:Recurrence', content);
    const daily = recurrence(
      field('Type', 0),
      field('Start', '2026-11-23T00:00:00.000Z'),
      field('Until', '2026-12-24T00:00:00.000Z'),
    );
    assert.deepEqual(come(rich, daily), ['RRULE:FREQ=DAILY;UNTIL=20261224']);
    assert.deepEqual(come(task(), daily).sort(), ['DTSTART;VALUE=DATE:20261123', 'RRULE:FREQ=DAILY;UNTIL=20261224']);
    assert.throws(() => apply(rich, data(recurrence(field('Interval', 1))), sent('14.1')), MalformedItem);
    const again = apply(rich, data(recurrence(field('Type', 1), field('DayOfWeek', 2), field('Regenerate', 1))), sent('14.1'));
    assert.equal(at(show(again), 'Tasks:Recurrence', 'Tasks:Regenerate'), '1');
  });
});

describe('new tasks', () => {
  it('stores what a phone adds', () => {
    const item = data(
      el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', 'Details')),
      ...[field('Subject', 'Bericht'), field('Importance', 2), field('Complete', 0), field('Sensitivity', 0)],
      ...[field('UtcStartDate', '2026-11-22T23:00:00.000Z'), field('StartDate', '2026-11-23T00:00:00.000Z')],
      ...[field('UtcDueDate', '2026-11-26T23:00:00.000Z'), field('DueDate', '2026-11-27T00:00:00.000Z')],
      ...[field('ReminderSet', 1), field('ReminderTime', '2026-11-27T08:00:00.000Z')],
    );
    const stored = apply(null, item, sent('14.1'));
    for (const line of [
      'SUMMARY:Bericht',
      'PRIORITY:1',
      'DTSTART;VALUE=DATE:20261123',
      'DUE;VALUE=DATE:20261127',
      'DESCRIPTION:Details',
      'TRIGGER;VALUE=DATE-TIME:20261127T080000Z',
    ])
      assert.ok(stored.includes(`\r\n${line}\r\n`), line);
    for (const version of VERSIONS)
      assert.equal(apply(stored, echo(render(tasksClass, stored, shown(version))), sent(version)), stored);
  });
});

describe('the order of tasks (MS-ASTASK OrdinalDate, SubOrdinalDate)', () => {
  const order = [field('OrdinalDate', '2026-11-23T08:00:00.000Z'), field('SubOrdinalDate', '55;x')];

  it('is kept, shown again from 12.0 on, and left alone by who does not name it', () => {
    const stored = apply(task(), data(order), sent('14.1'));
    assert.match(stored, /\r\nX-MS-ORDINALDATE:20261123T080000Z\r\nX-MS-SUBORDINALDATE:55\\;x\r\n/);
    assert.deepEqual(values(show(stored), 'OrdinalDate', 'SubOrdinalDate'), ['2026-11-23T08:00:00.000Z', '55;x']);
    assert.equal(apply(stored, echo(show(stored)), sent('14.1')), stored);
    assert.equal(child(render(tasksClass, stored, shown('2.5')), 'Tasks:OrdinalDate'), undefined);
    const renamed = apply(
      stored,
      echo(without(show(stored), 'Tasks:OrdinalDate', 'Tasks:SubOrdinalDate'), field('Subject', 'x')),
      sent('14.1'),
    );
    assert.deepEqual(touched(stored, renamed), ['SUMMARY']);
  });

  it('of another program is passed over where it can’t be read', () => {
    assert.deepEqual(values(show(task('X-MS-ORDINALDATE:soon')), 'Subject', 'OrdinalDate'), ['Report', undefined]);
  });
});
