import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import type { PimItemClass } from '../../../../../src/faces/eas/classes/item-class.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import { escapeText } from '../../../../../src/formats/content-lines.js';
import { readCalendarObject } from '../../../../../src/formats/ical/parse.js';
import { readCard } from '../../../../../src/formats/vcard/validate.js';
import { decode } from '../../../../../src/formats/wbxml/decode.js';
import { encode } from '../../../../../src/formats/wbxml/encode.js';
import { PAGES, type TagName } from '../../../../../src/formats/wbxml/pages.js';
import { type Element, el } from '../../../../../src/formats/wbxml/tree.js';
import { HARD_CALENDARS, HARD_CARDS } from '../../../../support/hard-objects.js';
import { calendar, data, echo, lines, render, sent, shown, touched, VERSIONS } from './support.js';

/** The same cases each time; `PROPERTY_SEED` for others, `PROPERTY_RUNS` for so many times as many. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20261123);
const TIMES = Number(process.env.PROPERTY_RUNS ?? 1);
const runs = (count: number) => ({ seed: SEED, numRuns: Math.round(count * TIMES) });

/** Texts as people and apps write them: separators, line ends, other scripts, white space at the ends. */
const words = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('a', ';', ',', '\\', '\n', ' ', '"', ':', 'ü', '日', '😀', '<', '&', '\t'), maxLength: 30 }),
);
const value = words.map(escapeText);
const some = (...choices: fc.Arbitrary<string>[]) => fc.subarray(choices).chain((chosen) => fc.tuple(...chosen));
const constant = (...texts: string[]) => fc.constantFrom(...texts);
const text = (name: string, params = '') => value.map((raw) => `${name}${params}:${raw}`);

const times = constant(
  'DTSTART;TZID=Europe/Berlin:20261005T090000|DTEND;TZID=Europe/Berlin:20261005T100000',
  'DTSTART:20261005T090000Z|DTEND:20261005T100000Z',
  'DTSTART:20261005T090000|DURATION:PT1H',
  'DTSTART;VALUE=DATE:20261005|DTEND;VALUE=DATE:20261007',
  'DTSTART;VALUE=DATE:20261005',
  'DTSTART;TZID=America/New_York:20261005T090000|DTEND;TZID=Europe/Berlin:20261005T200000',
  'DTSTART;TZID=Nowhere/Land:20261005T090000',
  'DTSTART;TZID=Europe/Berlin:20261025T023000|DTEND;TZID=Europe/Berlin:20261025T033000',
  'DTSTART;TZID=W. Europe Standard Time:20261005T090000|DURATION:P1DT2H',
).map((both) => both.split('|'));

const rules = constant(
  ...[
    'RRULE:FREQ=DAILY',
    'RRULE:FREQ=DAILY;COUNT=5000',
    'RRULE:FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU;INTERVAL=2',
    'RRULE:FREQ=MONTHLY;BYMONTHDAY=31',
  ],
  ...[
    'RRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20271231T225959Z',
    'RRULE:FREQ=YEARLY;UNTIL=20300101',
    'RRULE:FREQ=YEARLY;BYWEEKNO=20',
    'RRULE:FREQ=HOURLY',
  ],
  ...[
    'RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYMONTHDAY=28,29,30,31',
    'RRULE:FREQ=YEARLY;RSCALE=CHINESE;BYMONTH=8;BYMONTHDAY=15',
    'RRULE:nonsense',
  ],
);

const alarm = constant('-PT15M', '-P1D', 'PT0S', 'PT10M', 'x').map((trigger) =>
  ['BEGIN:VALARM', 'ACTION:DISPLAY', `TRIGGER:${trigger}`, 'END:VALARM'].join('\r\n'),
);

const common = some(
  text('SUMMARY'),
  text('DESCRIPTION'),
  text('LOCATION', ';ALTREP="http://x"'),
  text('X-KEEP', ';X-P="a;b"'),
  fc.array(value, { maxLength: 3 }).map((list) => `CATEGORIES:${list.join(',')}`),
  constant('CLASS:PRIVATE', 'CLASS:X-OTHER', 'CLASS:PUBLIC', 'CLASS:'),
  constant('TRANSP:TRANSPARENT', 'TRANSP:OPAQUE', 'X-MICROSOFT-CDO-BUSYSTATUS:OOF'),
  constant('STATUS:TENTATIVE', 'STATUS:CANCELLED', 'STATUS:COMPLETED', 'STATUS:IN-PROCESS'),
  constant('GEO:1;2', 'GEO:x', 'PRIORITY:3', 'PRIORITY:x', 'URL:http://x'),
  constant('X-ALT-DESC;FMTTYPE=text/html:<p>Hi\\, <b>you</b></p>', 'X-ALT-DESC;FMTTYPE=text/html:'),
  constant('ORGANIZER;CN=Al:mailto:alice@example.org', 'ORGANIZER:mailto:carol@example.org', 'ORGANIZER:urn:uuid:1'),
  constant(
    'ATTENDEE;PARTSTAT=ACCEPTED;X-Q=1:MAILTO:bob@example.org',
    'ATTENDEE;CUTYPE=ROOM:mailto:r@example.org',
    'ATTENDEE:mailto:alice@example.org',
  ),
  constant('ATTENDEE;ROLE=CHAIR;CN="Chair; The":mailto:chair@example.org', 'ATTENDEE;EMAIL=e@example.org:/principals/e/'),
);

const events = fc
  .tuple(times, common, fc.option(rules), fc.array(alarm, { maxLength: 2 }))
  .map(([when, more, rule, alarms]) =>
    calendar(
      'BEGIN:VEVENT',
      'UID:u',
      'DTSTAMP:20260101T000000Z',
      ...when,
      ...more,
      ...(rule ? [rule] : []),
      ...alarms,
      'END:VEVENT',
    ),
  );

/** Series with a deleted occurrence and one that differs in anything. */
const series = fc
  .tuple(
    constant('TZID=Europe/Berlin:', 'VALUE=DATE:'),
    common,
    common,
    fc.array(alarm, { maxLength: 1 }),
    fc.array(alarm, { maxLength: 1 }),
    fc.nat(3),
  )
  .map(([form, more, own, alarms, ownAlarms, moved]) => {
    const time = (day: number, hour: number) =>
      `;${form}202610${String(day).padStart(2, '0')}${form.startsWith('TZID') ? `T${hour}0000` : ''}`;
    return calendar(
      ...['BEGIN:VEVENT', 'UID:u', 'DTSTAMP:20260101T000000Z', `DTSTART${time(5, 10)}`, `DTEND${time(6, 11)}`, ...more],
      ...['RRULE:FREQ=WEEKLY', `EXDATE${time(19, 10)}`, ...alarms, 'END:VEVENT'],
      ...['BEGIN:VEVENT', 'UID:u', 'DTSTAMP:20260101T000000Z', `RECURRENCE-ID${time(26, 10)}`, `DTSTART${time(26 + moved, 10)}`],
      ...[`DTEND${time(27 + moved, 11)}`, ...own, ...ownAlarms, 'END:VEVENT'],
    );
  });

const tasks = fc
  .tuple(fc.option(times), common, fc.option(rules), fc.array(alarm, { maxLength: 2 }))
  .map(([when, more, rule, alarms]) =>
    calendar(
      ...['BEGIN:VTODO', 'UID:u', 'DTSTAMP:20260101T000000Z', ...(when ?? ['DUE;VALUE=DATE:20261127'])].map((line) =>
        line.replace('DTEND', 'DUE'),
      ),
      ...more,
      ...(rule ? [rule] : []),
      ...alarms,
      'END:VTODO',
    ),
  );

const notes = common.map((more) => calendar('BEGIN:VJOURNAL', 'UID:u', 'DTSTAMP:20260101T000000Z', ...more, 'END:VJOURNAL'));

const cards = fc
  .tuple(
    constant('3.0', '4.0'),
    some(
      text('FN'),
      fc.array(value, { maxLength: 6 }).map((parts) => `N:${parts.join(';')}`),
      fc.array(value, { maxLength: 4 }).map((parts) => `ORG:${parts.join(';')}`),
      fc.array(value, { maxLength: 8 }).map((parts) => `item1.ADR;TYPE=HOME:${parts.join(';')}\r\nitem1.X-ABADR:de`),
      fc.array(value, { maxLength: 8 }).map((parts) => `ADR:${parts.join(';')}`),
      text('NOTE'),
      text('TITLE'),
      text('item2.TEL', ';TYPE=CELL;TYPE=pref'),
      text('TEL', ';TYPE=home,voice'),
      text('TEL'),
      text('EMAIL', ';PREF=1'),
      text('EMAIL'),
      text('NICKNAME'),
      text('X-SPOUSE'),
      text('X-CHILDREN'),
      text('IMPP'),
      text('X-FILE-AS'),
      text('URL'),
      constant(
        'BDAY:1990-05-04',
        'BDAY:--0504',
        'BDAY:19900504T120000Z',
        'BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-04',
        'BDAY:x',
        'BDAY:1990-02-31',
      ),
      constant('PHOTO;ENCODING=b;TYPE=JPEG:/9j/', 'PHOTO:data:image/png;base64,iVBORw==', 'PHOTO:http://x', 'PHOTO;ENCODING=b:'),
      fc.array(value, { maxLength: 3 }).map((list) => `CATEGORIES:${list.join(',')}`),
      constant('KEY:x', 'X-SOCIALPROFILE:y', 'REV:2026-01-01T00:00:00Z'),
    ),
  )
  .map(([version, more]) => lines('BEGIN:VCARD', `VERSION:${version}`, 'UID:u', ...more, 'END:VCARD'));

/** What the device really gets: through the wire and back. */
function overTheWire(item: Element): Element {
  return decode(encode(item));
}

function tagsOf(page: 'Calendar' | 'Contacts' | 'Tasks' | 'Notes'): TagName[] {
  const own = Object.keys(PAGES[page].tokens).map((name) => `${page}:${name}` as TagName);
  return [...own, 'AirSyncBase:Body', 'AirSyncBase:Location', 'Contacts2:NickName', 'Contacts2:IMAddress'];
}

/** Values as clients send them, and others. */
const typical = fc.oneof(
  words,
  constant('', '0', '1', '2', '3', '5', '6', '16', '62', '127', '999', '-1', '4294967295'),
  constant(
    '20261005T070000Z',
    '20261026T090000Z',
    '20261102T080000Z',
    '20261224T000000Z',
    '2026-11-27T00:00:00.000Z',
    '20991231T235959Z',
  ),
  constant('2026-11-26T23:00:00.000Z', '1604-02-29T00:00:00.000Z', 'ada@example.org', '"Ada" <ada@example.org>', '/9j/4AAQ'),
);

const CONTAINERS: readonly (readonly TagName[])[] = [
  ['Calendar:Recurrence'],
  ['Calendar:Exceptions', 'Calendar:Exception'],
  ['Calendar:Attendees', 'Calendar:Attendee'],
  ['Tasks:Recurrence'],
  ['AirSyncBase:Location'],
  ['Contacts:Categories'],
];

function nested([tag, ...rest]: readonly TagName[], inner: readonly Element[]): Element {
  return el(tag as TagName, rest.length > 0 ? nested(rest, inner) : inner);
}

/** Whether the store takes a text. */
function isStorable(kind: string, stored: string): boolean {
  try {
    if (kind === 'contacts') readCard(stored);
    else readCalendarObject(stored);
    return true;
  } catch {
    return false;
  }
}

interface Subject {
  readonly itemClass: PimItemClass;
  readonly texts: fc.Arbitrary<string>;
  /** One element changed, and the lines that may differ then. */
  readonly change: Element;
  readonly lines: RegExp;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  series: { itemClass: PIM_CLASSES.calendar, texts: series, change: el('Calendar:Subject', '§ other §'), lines: /^SUMMARY$/ },
  calendar: { itemClass: PIM_CLASSES.calendar, texts: events, change: el('Calendar:Subject', '§ other §'), lines: /^SUMMARY$/ },
  tasks: { itemClass: PIM_CLASSES.tasks, texts: tasks, change: el('Tasks:Subject', '§ other §'), lines: /^SUMMARY$/ },
  notes: { itemClass: PIM_CLASSES.notes, texts: notes, change: el('Notes:Subject', '§ other §'), lines: /^SUMMARY$/ },
  contacts: {
    itemClass: PIM_CLASSES.contacts,
    texts: cards,
    change: el('Contacts:JobTitle', '§ other §'),
    lines: /^(?:TITLE|FN|N)$/,
  },
};

for (const [kind, { itemClass, texts, change, lines: expected }] of Object.entries(SUBJECTS)) {
  const versions = fc.constantFrom(...VERSIONS.filter((version) => kind !== 'notes' || version >= '14.0'));

  describe(kind, () => {
    it('comes back as it was from a client that changed nothing', () => {
      fc.assert(
        fc.property(texts, versions, (stored, version) => {
          const item = overTheWire(render(itemClass, stored, shown(version)));
          assert.equal(itemClass.apply(stored, echo(item), sent(version)), stored);
        }),
        runs(500),
      );
    });

    it('differs in one property from a client that changed one element', () => {
      fc.assert(
        fc.property(texts, versions, (stored, version) => {
          const item = overTheWire(render(itemClass, stored, shown(version)));
          const changed = itemClass.apply(stored, echo(item, change), sent(version));
          assert.ok(
            touched(stored, changed).every((name) => expected.test(name)),
            touched(stored, changed).join(),
          );
          const again = overTheWire(render(itemClass, changed, shown(version)));
          assert.equal(itemClass.apply(changed, echo(again), sent(version)), changed, 'the result is stable');
        }),
        runs(200),
      );
    });

    const leaf = fc.tuple(fc.constantFrom(...tagsOf(itemClass.className)), typical).map(([tag, content]) => el(tag, content));
    const leaves = fc.array(leaf, { maxLength: 6 });
    const container = fc.tuple(fc.constantFrom(...CONTAINERS), leaves).map(([tags, inner]) => nested(tags, inner));
    const anything = fc.tuple(leaves, fc.array(container, { maxLength: 2 })).map((both) => data(...both));

    it('takes any elements without failing for another reason than the item', () => {
      fc.assert(
        fc.property(texts, versions, anything, (stored, version, item) => {
          const changed = unlessMalformed(() => itemClass.apply(stored, item, sent(version)));
          if (changed === null) return;
          itemClass.render(changed, shown(version));
          if (isStorable(kind, stored)) assert.ok(isStorable(kind, changed), `${changed}: can't be stored`);
        }),
        runs(250),
      );
    });

    it('makes an item of any elements that is stable and can be stored', () => {
      fc.assert(
        fc.property(versions, anything, (version, item) => {
          const made = unlessMalformed(() => itemClass.apply(null, item, sent(version)));
          if (made === null) return;
          assert.ok(isStorable(kind, made), `${made}: can't be stored`);
          assert.equal(itemClass.apply(made, echo(overTheWire(render(itemClass, made, shown(version)))), sent(version)), made);
        }),
        runs(250),
      );
    });
  });
}

it('changes any occurrence without failing for another reason than the item', () => {
  const { applyInstance } = PIM_CLASSES.calendar;
  const days = fc.integer({ min: 1, max: 40 }).map((day) => new Date(Date.UTC(2026, 9, day, day > 25 ? 9 : 8)));
  const edit = fc.option(
    fc.array(
      fc.tuple(fc.constantFrom(...tagsOf('Calendar')), typical).map(([tag, content]) => el(tag, content)),
      { maxLength: 6 },
    ),
  );
  fc.assert(
    fc.property(series, fc.constantFrom('16.0' as const, '16.1' as const), days, edit, (stored, version, day, elements) => {
      const changed = unlessMalformed(() => applyInstance?.(stored, day, elements && data(elements), sent(version)) ?? '');
      if (changed === null) return;
      if (isStorable('calendar', stored)) assert.ok(isStorable('calendar', changed), changed);
      const again = applyInstance?.(changed, day, elements && data(elements), sent(version));
      assert.equal(again, changed, 'done twice is done once');
    }),
    runs(300),
  );
});

/** One element that a client changes, and the properties that may differ then. `null`: not in that version. */
type Edit = readonly [element: (version: EasVersion) => Element | null, lines: RegExp];

const always = (element: Element) => () => element;
const from = (first: EasVersion, element: Element) => (version: EasVersion) =>
  Number(version) >= Number(first) ? element : null;
const OTHER = 'Other words, with; separators';
const note = el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', OTHER));
const place = (version: EasVersion) =>
  Number(version) >= 16 ? el('AirSyncBase:Location', el('AirSyncBase:DisplayName', OTHER)) : el('Calendar:Location', OTHER);

const DESCRIPTION = /^(?:DESCRIPTION|X-ALT-DESC|STYLED-DESCRIPTION|NOTE)$/;
const EDITS: Readonly<Record<string, readonly Edit[]>> = {
  calendar: [
    [always(el('Calendar:Subject', OTHER)), /^SUMMARY$/],
    [place, /^(?:LOCATION|GEO|X-.*LOCATION.*)$/],
    [always(el('Calendar:Sensitivity', 3)), /^CLASS$/],
    [always(el('Calendar:BusyStatus', 3)), /^(?:TRANSP|X-MICROSOFT-CDO-BUSYSTATUS)$/],
    [always(el('Calendar:Reminder', 45)), /^(?:BEGIN|END|ACTION|TRIGGER|DESCRIPTION|X-.*)$/],
    [always(el('Calendar:Categories', el('Calendar:Category', 'Only'))), /^CATEGORIES$/],
    [from('12.0', note), DESCRIPTION],
  ],
  tasks: [
    [always(el('Tasks:Subject', OTHER)), /^SUMMARY$/],
    [always(el('Tasks:Sensitivity', 3)), /^CLASS$/],
    [always(el('Tasks:Importance', 2)), /^PRIORITY$/],
    [always(el('Tasks:Categories', el('Tasks:Category', 'Only'))), /^CATEGORIES$/],
    [from('12.0', note), DESCRIPTION],
  ],
  notes: [
    [always(el('Notes:Subject', OTHER)), /^SUMMARY$/],
    [always(el('Notes:Categories', el('Notes:Category', 'Only'))), /^CATEGORIES$/],
    [always(note), DESCRIPTION],
  ],
  contacts: [
    [always(el('Contacts:JobTitle', OTHER)), /^(?:TITLE|FN|N)$/],
    [always(el('Contacts:WebPage', 'https://other.example/')), /^URL$/],
    [always(el('Contacts2:NickName', OTHER)), /^NICKNAME$/],
    [always(el('Contacts:MobilePhoneNumber', '+49 1')), /^TEL$/],
    [always(el('Contacts:Categories', el('Contacts:Category', 'Only'))), /^CATEGORIES$/],
    [from('12.0', note), DESCRIPTION],
  ],
};

/** Whether a client sees the object at all, and if so that each edit touches its own property alone. */
function checkEdits(itemClass: PimItemClass, stored: string, version: EasVersion, edits: readonly Edit[]): number {
  const item = overTheWire(render(itemClass, stored, shown(version)));
  assert.equal(itemClass.apply(stored, echo(item), sent(version)), stored, `${version}: unchanged`);
  // A card without a name gets one: no other program would take it.
  const isNamed = /^FN(?:;[^:]*)?:[^\S\r\n]*\S/im.test(stored) && /^N(?:;[^:]*)?:/im.test(stored);
  const owed = itemClass.className === 'Contacts' && !isNamed ? /^(?:FN|N)$/ : /^$/;
  let checked = 0;
  for (const [element, allowed] of edits) {
    const change = element(version);
    if (!change) continue;
    const differing = touched(stored, itemClass.apply(stored, echo(item, change), sent(version)));
    assert.deepEqual(
      differing.filter((name) => !allowed.test(name.toUpperCase()) && !owed.test(name)),
      [],
      `${version}: ${change.tag}`,
    );
    checked++;
  }
  return checked;
}

describe('each element for itself', () => {
  for (const [kind, { itemClass, texts }] of Object.entries(SUBJECTS)) {
    const edits = EDITS[kind === 'series' ? 'calendar' : kind] ?? [];
    const versions = VERSIONS.filter((version) => kind !== 'notes' || version >= '14.0');
    it(`of ${kind} in every version: another property never differs`, () => {
      const checked = (stored: string) =>
        versions.reduce((sum, version) => sum + checkEdits(itemClass, stored, version, edits), 0);
      fc.assert(
        fc.property(texts, (stored) => assert.ok(checked(stored) > 0)),
        runs(60),
      );
    });
  }

  // Groups are no contacts: phones are not shown them.
  const hard = Object.entries({ ...HARD_CALENDARS, ...HARD_CARDS }).filter(([name]) => !/-group/.test(name));
  for (const [name, text] of hard) {
    const component = /^BEGIN:(VEVENT|VTODO|VJOURNAL|VCARD)/m.exec(text)?.[1] ?? '';
    const kind = { VEVENT: 'calendar', VTODO: 'tasks', VJOURNAL: 'notes', VCARD: 'contacts' }[component] ?? '';
    it(`of the hard object ${name}`, () => {
      const { itemClass } = SUBJECTS[kind] as Subject;
      for (const version of VERSIONS)
        if (kind !== 'notes' || version >= '14.0') checkEdits(itemClass, text, version, EDITS[kind] ?? []);
    });
  }
});

function unlessMalformed(work: () => string): string | null {
  try {
    return work();
  } catch (error) {
    if ((error as Error).name === 'MalformedItem') return null;
    throw error;
  }
}
