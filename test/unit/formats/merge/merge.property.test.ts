import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseContentLines } from '../../../../src/formats/content-lines.js';
import { saidBy } from '../../../../src/formats/merge/component.js';
import { type MergedText, mergeTexts, type Winner } from '../../../../src/formats/merge/index.js';
import { HARD_CALENDARS, HARD_CARDS } from '../../../support/hard-objects.js';
import { RANDOM_CARDS } from '../../../support/random-cards.js';

/** The same cases each time; `PROPERTY_SEED` for others, `PROPERTY_RUNS` for so many times as many. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20261123);
const TIMES = Number(process.env.PROPERTY_RUNS ?? 1);
const runs = (count: number) => ({ seed: SEED, numRuns: Math.round(count * TIMES) });

type Kind = 'calendar' | 'card';
/** What an object says, by parts that change independently; each part is the lines it gives. */
type Model = Readonly<Record<string, readonly string[]>>;

const lines = (all: readonly string[]) => `${all.join('\r\n')}\r\n`;
const meaning = (text: string) => parseContentLines(text).map(saidBy).join('\n');

function merged(kind: Kind, [base, mine, theirs]: readonly [string, string, string], wins: Winner = 'theirs'): MergedText {
  const result = mergeTexts(kind, { base, mine, theirs }, wins);
  assert.ok(result, 'can be merged');
  return result;
}

/** A kind of object: which parts it has, the values each may have, and how a model is written. */
interface Shape {
  readonly kind: Kind;
  readonly parts: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Parts of which only one of both sides' values can stay. */
  readonly exclusive: ReadonlySet<string>;
  write(model: Model): string;
}

const value = (name: string, ...values: string[]): readonly (readonly string[])[] => [
  [],
  ...values.map((one) => [`${name}:${one}`]),
];
const person = (name: string) =>
  ['NEEDS-ACTION', 'ACCEPTED', 'DECLINED'].map((status) => [`ATTENDEE;CN=${name};PARTSTAT=${status}:mailto:${name}@x.test`]);
const alarm = (uid: string) =>
  ['-PT5M', '-PT10M', '-P1D'].map((at) => [
    'BEGIN:VALARM',
    `UID:${uid}`,
    'ACTION:DISPLAY',
    'DESCRIPTION:x',
    `TRIGGER:${at}`,
    'END:VALARM',
  ]);
const time = (name: string, day: number, hour: number) =>
  `${name};TZID=Europe/Berlin:202703${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}0000`;

const EVENT_PARTS: Shape['parts'] = {
  summary: value('SUMMARY', 'a', 'b', 'c'),
  place: [[], ['LOCATION:a'], ['LOCATION:b', 'GEO:1;2'], ['LOCATION:c', 'X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:1,2']],
  body: [[], ['DESCRIPTION:a'], ['DESCRIPTION:b', 'X-ALT-DESC;FMTTYPE=text/html:<b>b</b>']],
  class: value('CLASS', 'PRIVATE', 'CONFIDENTIAL'),
  own: value('X-OWN', '1', '2', '3'),
  url: value('URL', 'http://a.test', 'http://b.test'),
  comment: [[], ['COMMENT:one'], ['COMMENT:one', 'COMMENT:two']],
  ann: [[], ...person('ann')],
  bob: [[], ...person('bob')],
  cleo: [[], ...person('cleo')],
  ring: [[], ...alarm('ring')],
  bell: [[], ...alarm('bell')],
};
const EXCLUSIVE = new Set(['summary', 'place', 'body', 'class', 'own', 'url', 'ann', 'bob', 'cleo']);

const event = (...inner: readonly string[]) => ['BEGIN:VEVENT', 'UID:u', 'DTSTAMP:20260101T000000Z', ...inner, 'END:VEVENT'];
const calendar = (...inner: readonly string[]) => lines(['BEGIN:VCALENDAR', 'VERSION:2.0', ...inner, 'END:VCALENDAR']);
const of = (model: Model, names: readonly string[]) => names.flatMap((name) => model[name] ?? []);

const single: Shape = {
  kind: 'calendar',
  parts: {
    ...EVENT_PARTS,
    when: [9, 10, 11].map((hour) => [time('DTSTART', 1, hour), time('DTEND', 1, hour + 1)]),
  },
  exclusive: new Set([...EXCLUSIVE, 'when']),
  write: (model) => calendar(...event(...of(model, ['when', ...Object.keys(EVENT_PARTS)]))),
};

const DAYS = [2, 3, 4, 5];
/** What is said of the occurrence of a day: nothing, that it is deleted, or a component of its own. */
const occurrence = (day: number): readonly (readonly string[])[] => [
  [],
  [time('EXDATE', day, 9)],
  event(time('RECURRENCE-ID', day, 9), time('DTSTART', day, 9), time('DTEND', day, 10), `SUMMARY:day ${day}`),
  event(time('RECURRENCE-ID', day, 9), time('DTSTART', day, 14), time('DTEND', day, 15), 'SUMMARY:a', 'LOCATION:else'),
];

const occurrences: Shape = {
  kind: 'calendar',
  parts: Object.fromEntries(DAYS.map((day) => [`day${day}`, occurrence(day)])),
  exclusive: new Set(),
  write: (model) => {
    const days = DAYS.map((day) => model[`day${day}`] ?? []);
    const isDeleted = (said: readonly string[]) => said.length === 1;
    const dates = days.filter(isDeleted).flat();
    const when = [time('DTSTART', 1, 9), time('DTEND', 1, 10), 'RRULE:FREQ=DAILY;COUNT=9', ...dates];
    const overrides = days.filter((said) => !isDeleted(said)).flat();
    return calendar(...event(...when, ...of(model, Object.keys(EVENT_PARTS))), ...overrides);
  },
};

/** A series whose occurrences are what they are. */
const series: Shape = {
  kind: 'calendar',
  parts: EVENT_PARTS,
  exclusive: EXCLUSIVE,
  write: (model) => occurrences.write({ ...model, day2: occurrence(2)[1] ?? [], day4: occurrence(4)[3] ?? [] }),
};

const labelled = (group: string, name: string, label: string, ...values: string[]) => [
  [],
  ...values.map((one) => [`${group}.${name}:${one}`, `${group}.X-ABLABEL:${label}`]),
];
const card: Shape = {
  kind: 'card',
  parts: {
    name: [
      ['N:a;;;;', 'FN:a'],
      ['N:b;;;;', 'FN:b'],
      ['N:c;;;;', 'FN:c'],
    ],
    title: value('TITLE', 'a', 'b'),
    note: value('NOTE', 'a', 'b\\, c'),
    birthday: value('BDAY', '1990-01-01', '1990-01-02'),
    cell: value('TEL;TYPE=CELL', '1', '2', '3'),
    home: value('TEL;TYPE=HOME,VOICE', '4', '5'),
    boat: labelled('item1', 'TEL', 'Boat', '6', '7'),
    club: labelled('item2', 'EMAIL', 'Club', 'a@x.test', 'b@x.test'),
    mail: value('EMAIL;TYPE=WORK', 'c@x.test', 'd@x.test'),
    address: value('ADR;TYPE=HOME', ';;a;b;;;', ';;c;d;;;'),
    own: value('X-OWN;X-P="a;b"', '1', '2'),
  },
  exclusive: new Set(['name', 'title', 'note', 'birthday', 'own']),
  write: (model) => lines(['BEGIN:VCARD', 'VERSION:3.0', 'UID:u', ...of(model, Object.keys(card.parts)), 'END:VCARD']),
};

const SHAPES = { single, series, occurrences, card };

/** For each part what it was, and what each side made of it: at most one of them changes it, or (`both`) each to its own. */
function edits({ parts, exclusive }: Shape, both: boolean) {
  const one = (name: string, values: readonly (readonly string[])[]) =>
    fc
      .tuple(fc.shuffledSubarray([...values], { minLength: 3, maxLength: 3 }), fc.constantFrom('none', 'mine', 'theirs', 'both'))
      .map(([[base, first, second], who]) => {
        const isBoth = who === 'both' && both && exclusive.has(name);
        const mine = who === 'mine' || isBoth ? first : base;
        return { name, base, mine, theirs: isBoth ? second : who === 'theirs' ? first : base, isBoth };
      });
  return fc.tuple(
    ...Object.entries(parts).map(([name, values]) => one(name, values.length < 3 ? [...values, ...values] : values)),
  );
}

type Parts = readonly {
  name: string;
  base?: readonly string[];
  mine?: readonly string[];
  theirs?: readonly string[];
  isBoth: boolean;
}[];
const modelOf = (parts: Parts, of: (part: Parts[number]) => readonly string[] | undefined): Model =>
  Object.fromEntries(parts.map((part) => [part.name, of(part) ?? []]));
const same = (a: readonly string[] = [], b: readonly string[] = []) => a.join() === b.join();

for (const [name, shape] of Object.entries(SHAPES)) {
  const texts = (parts: Parts) =>
    [(part: Parts[number]) => part.base, (part: Parts[number]) => part.mine, (part: Parts[number]) => part.theirs].map((of) =>
      shape.write(modelOf(parts, of)),
    ) as [string, string, string];

  describe(name, () => {
    it('edits of different parts are all there, whoever writes them and whoever wins', () => {
      fc.assert(
        fc.property(edits(shape, false), fc.constantFrom<Winner>('mine', 'theirs'), (parts, wins) => {
          const [base, mine, theirs] = texts(parts);
          const expected = shape.write(modelOf(parts, (part) => (same(part.mine, part.base) ? part.theirs : part.mine)));
          const [one, other] = [merged(shape.kind, [base, mine, theirs], wins), merged(shape.kind, [base, theirs, mine], wins)];
          assert.deepEqual([one.lost, other.lost], [[], []]);
          assert.equal(meaning(one.text), meaning(expected));
          assert.equal(meaning(other.text), meaning(expected));
        }),
        runs(200),
      );
    });

    it('of parts that both changed the winner’s stays, and the others are merged', () => {
      fc.assert(
        fc.property(edits(shape, true), (parts) => {
          const [base, mine, theirs] = texts(parts);
          for (const wins of ['mine', 'theirs'] as const) {
            const { text, lost } = merged(shape.kind, [base, mine, theirs], wins);
            const chosen = (part: Parts[number]) =>
              part.isBoth ? part[wins] : same(part.mine, part.base) ? part.theirs : part.mine;
            assert.equal(meaning(text), meaning(shape.write(modelOf(parts, chosen))));
            const collided = parts.some((part) => part.isBoth && !same(part.mine, part.theirs));
            assert.equal(lost.length > 0, collided && wins === 'theirs');
          }
        }),
        runs(200),
      );
    });

    it('an edit that is written already changes nothing, and one that nobody else met is taken as it is', () => {
      fc.assert(
        fc.property(edits(shape, false), (parts) => {
          const [base, mine, theirs] = texts(parts);
          assert.deepEqual(merged(shape.kind, [base, base, theirs]), { text: theirs, lost: [] });
          assert.deepEqual(merged(shape.kind, [base, mine, base]), { text: mine, lost: [] });
          const { text } = merged(shape.kind, [base, mine, theirs]);
          assert.deepEqual(merged(shape.kind, [base, mine, text]), { text, lost: [] });
          assert.deepEqual(merged(shape.kind, [base, theirs, text]), { text, lost: [] });
        }),
        runs(100),
      );
    });
  });
}

describe('objects that are easily damaged', () => {
  it('keep every byte but those of the edit', () => {
    const add = (text: string, line: string) =>
      text.replace(/END:(VEVENT|VTODO|VJOURNAL|VCARD)/, (end) => `${line}${eolOf(text)}${end}`);
    for (const [kind, objects] of [
      ['calendar', HARD_CALENDARS],
      ['card', HARD_CARDS],
    ] as const)
      for (const [name, text] of Object.entries(objects)) {
        const [mine, theirs] = [add(text, 'X-MERGE-A:1'), add(text, 'X-MERGE-B:1')];
        if (mine === text) continue;
        const result = merged(kind, [text, mine, theirs]);
        assert.deepEqual(result.lost, [], name);
        assert.ok(result.text.includes('X-MERGE-A:1') && result.text.includes('X-MERGE-B:1'), name);
        assert.equal(result.text.replace(/X-MERGE-[AB]:1\r?\n/g, ''), text, name);
      }
  });

  it('cards of any app: a line of each side', () => {
    for (const cards of Object.values(RANDOM_CARDS))
      fc.assert(
        fc.property(cards, fc.nat(20), fc.nat(20), (text, at, other) => {
          const all = text
            .replace(/\r\n[ \t]/g, '')
            .split('\r\n')
            .slice(0, -2);
          // A line of the card goes on one side, a line comes on the other.
          const gone = all.findIndex(
            (line, place) => place > 2 + (at % all.length) && !/X-AB/i.test(line) && !/^(?:N|FN|UID|REV)[;:]/.test(line),
          );
          const mine = lines([...all.filter((_, place) => place !== gone), 'END:VCARD']);
          const theirs = lines([...all, `X-MERGE:${other}`, 'END:VCARD']);
          const { text: result } = merged('card', [lines([...all, 'END:VCARD']), mine, theirs]);
          assert.equal(meaning(result), meaning(mine.replace(/END:VCARD\r\n$/, `X-MERGE:${other}\r\nEND:VCARD\r\n`)));
        }),
        runs(100),
      );
  });
});

const eolOf = (text: string) => (text.includes('\r\n') ? '\r\n' : '\n');
