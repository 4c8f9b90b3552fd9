import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeTexts, type Winner } from '../../../../src/formats/merge/index.js';

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n`;
const STAMPS = ['DTSTAMP:20260101T000000Z', 'LAST-MODIFIED:20260101T000000Z', 'SEQUENCE:1'];
const TIMES = ['DTSTART;TZID=Europe/Berlin:20270301T090000', 'DTEND;TZID=Europe/Berlin:20270301T100000'];
const part = (name: string, ...inner: string[]) => [`BEGIN:${name}`, ...inner, `END:${name}`];
const calendar = (...inner: string[]) => lines('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Desk//EN', ...inner, 'END:VCALENDAR');
const event = (...inner: string[]) => part('VEVENT', 'UID:u1', ...STAMPS, ...inner);
const single = (...inner: string[]) => calendar(...event(...TIMES, ...inner));
const series = (master: string[], ...rest: string[][]) =>
  calendar(...event(...TIMES, 'RRULE:FREQ=DAILY;COUNT=10', ...master), ...rest.flat());
const override = (day: number, ...inner: string[]) =>
  event(
    `RECURRENCE-ID;TZID=Europe/Berlin:202703${String(day).padStart(2, '0')}T090000`,
    `DTSTART;TZID=Europe/Berlin:202703${String(day).padStart(2, '0')}T090000`,
    `DTEND;TZID=Europe/Berlin:202703${String(day).padStart(2, '0')}T100000`,
    ...inner,
  );
const card = (...inner: string[]) => lines('BEGIN:VCARD', 'VERSION:3.0', 'UID:c1', ...inner, 'END:VCARD');

type Texts = readonly [base: string, mine: string, theirs: string];
const merge = (kind: 'calendar' | 'card', [base, mine, theirs]: Texts, wins: Winner = 'theirs') => {
  const merged = mergeTexts(kind, { base, mine, theirs }, wins);
  assert.ok(merged, 'can be merged');
  return merged;
};
/** Both sides' edits are there, whoever writes them. */
function joins(kind: 'calendar' | 'card', [base, mine, theirs]: Texts, expected: string): void {
  for (const sides of [
    [base, mine, theirs],
    [base, theirs, mine],
  ] as const) {
    const { text, lost } = merge(kind, sides);
    assert.deepEqual(lost, []);
    assert.deepEqual(text.split('\r\n').sort(), expected.split('\r\n').sort());
  }
}
function collides(kind: 'calendar' | 'card', texts: Texts, lost: string[], mineText = texts[1]): void {
  const server = merge(kind, texts);
  assert.deepEqual(server.lost, lost);
  assert.equal(server.text, texts[2]);
  const client = merge(kind, texts, 'mine');
  assert.deepEqual(client.lost, []);
  assert.equal(client.text, mineText);
}

describe('edits of different properties', () => {
  it('are both kept', () => {
    const base = single('SUMMARY:Lunch', 'LOCATION:Here', 'X-OLD:1');
    const mine = single('SUMMARY:Dinner', 'LOCATION:Here', 'X-OLD:1');
    const theirs = single('SUMMARY:Lunch', 'LOCATION:There', 'X-NEW:1');
    joins('calendar', [base, mine, theirs], single('SUMMARY:Dinner', 'LOCATION:There', 'X-NEW:1'));
  });

  it('leave every other byte of the present text', () => {
    const odd = 'DESCRIPTION:one two th\r\n ree\\\r\n n four';
    const text = merge('calendar', [
      single('SUMMARY:a', odd),
      single('SUMMARY:b', odd),
      single('x-lower;X="q:;,":v', 'summary;LANGUAGE=de:a', odd).replace('summary;LANGUAGE=de', 'SUMMARY'),
    ]).text;
    assert.equal(text, single('x-lower;X="q:;,":v', 'SUMMARY:b', odd));
  });

  it('that are the same on both sides are no conflict', () => {
    const both = single('SUMMARY:b');
    const { text, lost } = merge('calendar', [single('SUMMARY:a'), both, single('SUMMARY:b', 'X-A:1')]);
    assert.deepEqual([text, lost], [single('SUMMARY:b', 'X-A:1'), []]);
  });

  it('written in another order, folding or case say the same', () => {
    const base = single('SUMMARY:a', 'CATEGORIES:x', 'ATTENDEE;CN=B;PARTSTAT=ACCEPTED:mailto:b@x.test');
    const theirs = single('attendee;PARTSTAT=ACCEPTED;CN=B:mailto:b@x\r\n .test', 'CATEGORIES:x', 'SUMMARY:a');
    const mine = single('SUMMARY:a', 'CATEGORIES:x', 'ATTENDEE;CN=B;PARTSTAT=DECLINED:mailto:b@x.test');
    const { text, lost } = merge('calendar', [base, mine, theirs]);
    assert.deepEqual(lost, []);
    assert.match(text, /PARTSTAT=DECLINED/);
  });

  it('of one property: whoever wins', () => {
    collides('calendar', [single('SUMMARY:a'), single('SUMMARY:b'), single('SUMMARY:c')], ['SUMMARY']);
    collides('calendar', [single('SUMMARY:a'), single(), single('SUMMARY:c')], ['SUMMARY']);
    collides('calendar', [single('SUMMARY:a'), single('SUMMARY:b'), single()], ['SUMMARY']);
    collides('calendar', [single(), single('SUMMARY:b'), single('SUMMARY:c')], ['SUMMARY']);
  });

  it('of which one collides: the others are kept', () => {
    const { text, lost } = merge('calendar', [
      single('SUMMARY:a', 'LOCATION:a'),
      single('SUMMARY:b', 'LOCATION:b'),
      single('SUMMARY:c', 'LOCATION:a'),
    ]);
    assert.deepEqual([text, lost], [single('SUMMARY:c', 'LOCATION:b'), ['SUMMARY']]);
  });

  it('that say one thing together change as one', () => {
    const moved = single().replace('T090000', 'T070000');
    const longer = single().replace('T100000', 'T120000');
    collides('calendar', [single(), moved, longer], ['schedule']);
    const html = 'X-ALT-DESC;FMTTYPE=text/html:<b>a</b>';
    collides(
      'calendar',
      [single('DESCRIPTION:a', html), single('DESCRIPTION:b', html.replace('>a<', '>b<')), single('DESCRIPTION:c', html)],
      ['body'],
    );
    const todo = (...inner: string[]) => calendar(...part('VTODO', 'UID:u1', ...inner));
    collides(
      'calendar',
      [todo('STATUS:NEEDS-ACTION'), todo('STATUS:COMPLETED', 'COMPLETED:20270101T000000Z'), todo('STATUS:IN-PROCESS')],
      ['done'],
    );
  });

  it('keep the later stamps, and every revision', () => {
    const at = (stamp: string, sequence: number, ...inner: string[]) =>
      single(...inner)
        .replaceAll('20260101T000000Z', stamp)
        .replace('SEQUENCE:1', `SEQUENCE:${sequence}`);
    const { text } = merge('calendar', [
      at('20260101T000000Z', 1, 'SUMMARY:a'),
      at('20260103T000000Z', 2, 'SUMMARY:b'),
      at('20260102T000000Z', 3, 'SUMMARY:a', 'LOCATION:x'),
    ]);
    assert.equal(text, at('20260103T000000Z', 4, 'SUMMARY:b', 'LOCATION:x'));
  });
});

describe('properties of which there are many', () => {
  const who = (name: string, status = 'NEEDS-ACTION') => `ATTENDEE;PARTSTAT=${status}:mailto:${name}@x.test`;

  it('are merged one by one', () => {
    joins(
      'calendar',
      [
        single(who('a'), who('b'), who('c')),
        single(who('a', 'DECLINED'), who('c'), who('d')),
        single(who('a'), who('b'), who('c', 'ACCEPTED'), who('e')),
      ],
      single(who('a', 'DECLINED'), who('c', 'ACCEPTED'), who('d'), who('e')),
    );
  });

  it('collide where both changed the same one', () => {
    collides('calendar', [single(who('a')), single(who('a', 'DECLINED')), single(who('a', 'ACCEPTED'))], ['ATTENDEE']);
    collides('calendar', [single(who('a')), single(), single(who('a', 'ACCEPTED'))], ['ATTENDEE']);
    collides('calendar', [single(), single(who('a', 'DECLINED')), single(who('a', 'ACCEPTED'))], ['ATTENDEE']);
  });

  it('words come and go one by one', () => {
    const { text, lost } = merge('calendar', [
      single('CATEGORIES:a,b,c'),
      single('CATEGORIES:a,c,d'),
      single('CATEGORIES:a,b,e'),
    ]);
    assert.deepEqual([text, lost], [single('CATEGORIES:a,e,d'), []]);
    assert.equal(merge('calendar', [single('CATEGORIES:a'), single(), single('X-A:1', 'CATEGORIES:a')]).text, single('X-A:1'));
    assert.equal(
      merge('calendar', [single(), single('CATEGORIES:a\\,b'), single('X-A:1')]).text,
      single('X-A:1', 'CATEGORIES:a\\,b'),
    );
  });

  it('alarms are parts of their own, and merged in turn', () => {
    const alarm = (trigger: string, ...more: string[]) =>
      part('VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', `TRIGGER:${trigger}`, ...more);
    joins(
      'calendar',
      [single(...alarm('-PT5M')), single(...alarm('-PT10M')), single(...alarm('-PT5M', 'ACKNOWLEDGED:20260101T000000Z'))],
      single(...alarm('-PT10M', 'ACKNOWLEDGED:20260101T000000Z')),
    );
    joins(
      'calendar',
      [
        single('SUMMARY:a', ...alarm('-PT5M')),
        single('SUMMARY:b', ...alarm('-PT5M')),
        single('SUMMARY:a', ...alarm('-PT5M'), ...alarm('-P1D')),
      ],
      single('SUMMARY:b', ...alarm('-PT5M'), ...alarm('-P1D')),
    );
    collides('calendar', [single(...alarm('-PT5M')), single(...alarm('-PT10M')), single(...alarm('-PT15M'))], ['TRIGGER']);
    collides('calendar', [single(...alarm('-PT5M')), single(...alarm('-PT10M')), single()], ['VALARM']);
  });
});

describe('series', () => {
  const base = series(['SUMMARY:s']);

  it('edits of two occurrences are both kept', () => {
    const [one, two] = [override(3, 'SUMMARY:three'), override(5, 'SUMMARY:five')];
    joins('calendar', [base, series(['SUMMARY:s'], one), series(['SUMMARY:s'], two)], series(['SUMMARY:s'], one, two));
  });

  it('an occurrence is named by its instant, however it is written', () => {
    const mine = series(['SUMMARY:s'], override(3, 'SUMMARY:s', 'LOCATION:x'));
    const theirs = series(['SUMMARY:s'], override(3, 'SUMMARY:three')).replace(
      'RECURRENCE-ID;TZID=Europe/Berlin:20270303T090000',
      'RECURRENCE-ID:20270303T080000Z',
    );
    const { text, lost } = merge('calendar', [base, mine, theirs]);
    assert.deepEqual(lost, []);
    assert.equal(text, theirs.replace('SUMMARY:three', 'SUMMARY:three\r\nLOCATION:x'));
  });

  it('one occurrence that both made their own is merged, too', () => {
    const moved = (text: string) =>
      text.replace('DTSTART;TZID=Europe/Berlin:20270303T090000', 'DTSTART;TZID=Europe/Berlin:20270303T093000');
    const mine = series(['SUMMARY:s'], override(3, 'SUMMARY:three'));
    joins('calendar', [base, mine, moved(series(['SUMMARY:s'], override(3, 'SUMMARY:s')))], moved(mine));
    collides('calendar', [base, mine, series(['SUMMARY:s'], override(3, 'SUMMARY:drei'))], ['SUMMARY']);
  });

  it('one that was set apart says of the rest what the series says now', () => {
    const apart = series(['SUMMARY:s', 'X-A:1'], override(3, 'SUMMARY:three', 'X-A:1'));
    const changed = series(['SUMMARY:t', 'X-A:2', 'X-B:1']);
    const expected = series(['SUMMARY:t', 'X-A:2', 'X-B:1'], override(3, 'SUMMARY:three', 'X-A:2', 'X-B:1'));
    joins('calendar', [series(['SUMMARY:s', 'X-A:1']), apart, changed], expected);
  });

  it('a deleted occurrence and another that changed', () => {
    const deleted = series(['SUMMARY:s', 'EXDATE;TZID=Europe/Berlin:20270303T090000']);
    const five = override(5, 'SUMMARY:five');
    joins(
      'calendar',
      [base, deleted, series(['SUMMARY:s'], five)],
      series(['SUMMARY:s', 'EXDATE;TZID=Europe/Berlin:20270303T090000'], five),
    );
    const other = series(['SUMMARY:s', 'EXDATE;TZID=Europe/Berlin:20270304T090000']);
    const both = series(['SUMMARY:s', 'EXDATE;TZID=Europe/Berlin:20270303T090000', 'EXDATE;TZID=Europe/Berlin:20270304T090000']);
    joins('calendar', [base, deleted, other], both);
  });

  it('a deletion of an occurrence beats its change, whoever wins', () => {
    const deleted = series(['SUMMARY:s', 'EXDATE;TZID=Europe/Berlin:20270303T090000']);
    const changed = series(['SUMMARY:s'], override(3, 'SUMMARY:three'));
    for (const wins of ['mine', 'theirs'] as const) {
      assert.deepEqual(merge('calendar', [base, deleted, changed], wins), { text: deleted, lost: [] });
      assert.deepEqual(merge('calendar', [base, changed, deleted], wins), { text: deleted, lost: ['RECURRENCE-ID'] });
    }
  });

  it('a moved series and a change of an occurrence do not go together, the rest does', () => {
    const moved = base.replaceAll('T090000', 'T070000').replace('SUMMARY:s', 'SUMMARY:early');
    const changed = series(['SUMMARY:s', 'X-A:1'], override(3, 'SUMMARY:three'));
    const server = merge('calendar', [base, moved, changed]);
    assert.deepEqual(server, { text: changed.replace('SUMMARY:s\r\n', 'SUMMARY:early\r\n'), lost: ['schedule'] });
    const client = merge('calendar', [base, moved, changed], 'mine');
    assert.deepEqual(client, { text: moved.replace('SUMMARY:early', 'SUMMARY:early\r\nX-A:1'), lost: [] });
    assert.deepEqual(merge('calendar', [base, changed, moved]).lost, ['schedule']);
  });

  it('a moved series and a renamed one', () => {
    const moved = base.replaceAll('T090000', 'T070000');
    joins('calendar', [base, moved, series(['SUMMARY:t'])], series(['SUMMARY:t']).replaceAll('T090000', 'T070000'));
  });

  it('a moved start and another end are one thing', () => {
    collides('calendar', [base, base.replace('T090000', 'T070000'), base.replace('T100000', 'T110000')], ['schedule']);
  });

  it('a zone that is named is described', () => {
    const zone = part(
      'VTIMEZONE',
      'TZID:Somewhere',
      ...part('STANDARD', 'DTSTART:19700101T000000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0100'),
    );
    const mine = calendar(...zone, ...event('DTSTART;TZID=Somewhere:20270301T090000', 'DTEND;TZID=Somewhere:20270301T100000'));
    const { text } = merge('calendar', [single(), mine, single('X-A:1')]);
    assert.match(text, /BEGIN:VTIMEZONE\r\nTZID:Somewhere[\s\S]*DTSTART;TZID=Somewhere/);
  });

  it('what is no version of the same object is not merged', () => {
    assert.equal(mergeTexts('calendar', { base, mine: base.replaceAll('UID:u1', 'UID:u2'), theirs: single() }, 'mine'), null);
    assert.equal(mergeTexts('calendar', { base, mine: 'nonsense', theirs: single() }, 'mine'), null);
  });
});

describe('cards', () => {
  it('different properties', () => {
    const base = card('N:Base;Ann;;;', 'FN:Ann Base', 'TEL;TYPE=CELL:1', 'TITLE:t');
    const mine = card('N:Base;Ann;;;', 'FN:Ann Base', 'TEL;TYPE=CELL:2', 'TITLE:t');
    const theirs = card('N:Desk;Ann;;;', 'FN:Ann Desk', 'TEL;TYPE=cell:1', 'NICKNAME:n');
    joins(
      'card',
      [base, mine, theirs],
      card('N:Desk;Ann;;;', 'FN:Ann Desk', 'TEL;TYPE=CELL:2', 'NICKNAME:n').replace('TEL;TYPE=CELL', 'TEL;TYPE=CELL'),
    );
  });

  it('N and FN are one name', () => {
    collides('card', [card('N:a;;;;', 'FN:a'), card('N:b;;;;', 'FN:b'), card('N:a;;;;', 'FN:c')], ['name']);
  });

  it('numbers and addresses come, go and change one by one', () => {
    joins(
      'card',
      [
        card('FN:x', 'TEL;TYPE=HOME:1', 'TEL;TYPE=WORK:2', 'EMAIL:a@x.test'),
        card('FN:x', 'TEL;TYPE=HOME:10', 'TEL;TYPE=WORK:2', 'EMAIL:a@x.test', 'EMAIL:b@x.test'),
        card('FN:x', 'TEL;TYPE=HOME:1', 'TEL;TYPE=WORK:20', 'TEL;TYPE=CELL:3', 'EMAIL:a@x.test', 'EMAIL:c@x.test'),
      ],
      card(
        'FN:x',
        'TEL;TYPE=HOME:10',
        'TEL;TYPE=WORK:20',
        'TEL;TYPE=CELL:3',
        'EMAIL:a@x.test',
        'EMAIL:b@x.test',
        'EMAIL:c@x.test',
      ),
    );
  });

  it('a label goes with its line, under a name of its own', () => {
    const base = card('FN:x');
    const mine = card('FN:x', 'item1.TEL:1', 'item1.X-ABLabel:Boat');
    const theirs = card('FN:x', 'item1.EMAIL:a@x.test', 'item1.X-ABLabel:Club');
    const { text, lost } = merge('card', [base, mine, theirs]);
    assert.deepEqual(lost, []);
    assert.equal(text, card('FN:x', 'item1.EMAIL:a@x.test', 'item1.X-ABLabel:Club', 'item2.TEL:1', 'item2.X-ABLabel:Boat'));
  });

  it('another number under the same label', () => {
    const of = (number: string, ...more: string[]) => card('FN:x', `item1.TEL:${number}`, 'item1.X-ABLabel:Boat', ...more);
    const { text } = merge('card', [of('1'), of('2'), of('1', 'NOTE:n')]);
    assert.equal(text, of('2', 'NOTE:n'));
  });

  it('a card that became another version is not merged', () => {
    const theirs = card('FN:y').replace('3.0', '4.0');
    assert.equal(mergeTexts('card', { base: card('FN:x'), mine: card('FN:x', 'NOTE:n'), theirs }, 'theirs'), null);
  });

  it('line ends are those of the present text', () => {
    const theirs = card('FN:x', 'NOTE:n').replaceAll('\r\n', '\n');
    const { text } = merge('card', [card('FN:x'), card('FN:x', 'TEL:1'), theirs]);
    assert.equal(text, card('FN:x', 'NOTE:n', 'TEL:1').replaceAll('\r\n', '\n'));
  });
});
