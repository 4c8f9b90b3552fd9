import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import type { PimItemClass } from '../../../../../src/faces/eas/classes/item-class.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import { escapeText } from '../../../../../src/formats/content-lines.js';
import { decode } from '../../../../../src/formats/wbxml/decode.js';
import { encode } from '../../../../../src/formats/wbxml/encode.js';
import type { TagName } from '../../../../../src/formats/wbxml/pages.js';
import { type Element, el } from '../../../../../src/formats/wbxml/tree.js';
import { HARD_CALENDARS, HARD_CARDS } from '../../../../support/hard-objects.js';
import { repositoryRoot } from '../../../../support/paths.js';
import { RANDOM_CARDS } from '../../../../support/random-cards.js';
import { calendar, echo, render, sent, shown, touched, VERSIONS } from './support.js';

/** The same cases in each run; IDENTITY_SEED gives others. A failure prints its seed. */
const SEED = Number(process.env.IDENTITY_SEED ?? 20261123);
const RUNS = 2_000;

/** What a device changes, and the properties that may differ then. */
interface Edit {
  readonly element: Element;
  readonly lines: RegExp;
  readonly since?: EasVersion;
  readonly until?: EasVersion;
}

const edit = (element: Element, lines: RegExp, range: Pick<Edit, 'since' | 'until'> = {}): Edit => ({ element, lines, ...range });
const text = (page: string, name: string, lines: RegExp, value = '§ new §') =>
  edit(el(`${page}:${name}` as TagName, value), lines);
const body = (lines: RegExp) =>
  edit(el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', '§ new §')), lines, { since: '12.0' });

/** A line that goes takes the label of its group with it; an address that changes, the label it had as a whole. */
const grouped = (name: string): RegExp => new RegExp(`^(?:${name}|X-ABLABEL|X-ABADR)$`);
const NAME = /^(?:N|FN)$/;
const PHONES = ['AssistantPhoneNumber', 'Business2PhoneNumber', 'BusinessFaxNumber', 'BusinessPhoneNumber', 'CarPhoneNumber'];
const MORE_PHONES = [
  'Home2PhoneNumber',
  'HomeFaxNumber',
  'HomePhoneNumber',
  'MobilePhoneNumber',
  'PagerNumber',
  'RadioPhoneNumber',
];
const PARTS = ['City', 'Country', 'PostalCode', 'State', 'Street'];

const CONTACT_EDITS: readonly Edit[] = [
  ...[...PHONES, ...MORE_PHONES].map((name) => text('Contacts', name, grouped('TEL'), '+49 30 4711')),
  ...['CompanyMainPhone', 'MMS'].map((name) => text('Contacts2', name, grouped('TEL'), '+49 30 4711')),
  ...['Business', 'Home', 'Other'].flatMap((slot) =>
    PARTS.map((part) => text('Contacts', `${slot}Address${part}`, grouped('ADR|LABEL'))),
  ),
  ...['Email1Address', 'Email2Address', 'Email3Address'].map((name) => text('Contacts', name, grouped('EMAIL'), 'new@x.test')),
  ...['IMAddress', 'IMAddress2', 'IMAddress3'].map((name) => text('Contacts2', name, /^(?:IMPP|X-AIM)$/, 'new@x.test')),
  ...['FirstName', 'LastName', 'MiddleName', 'Suffix', 'Title'].map((name) => text('Contacts', name, NAME)),
  text('Contacts', 'CompanyName', /^ORG$/),
  text('Contacts', 'Department', /^ORG$/),
  text('Contacts', 'FileAs', /^X-(?:EVOLUTION-)?FILE-AS$/),
  text('Contacts', 'JobTitle', grouped('TITLE')),
  text('Contacts', 'OfficeLocation', /^X-(?:MS|EVOLUTION)-OFFICE$/),
  text('Contacts', 'WebPage', grouped('URL'), 'https://new.test/'),
  text('Contacts', 'YomiFirstName', /^X-PHONETIC-FIRST-NAME$/),
  text('Contacts', 'YomiLastName', /^X-PHONETIC-LAST-NAME$/),
  text('Contacts', 'YomiCompanyName', /^X-PHONETIC-ORG$/),
  text('Contacts', 'Spouse', /^(?:X-(?:MS-|EVOLUTION-)?SPOUSE|RELATED|X-ABRELATEDNAMES)$/),
  text('Contacts', 'AssistantName', /^(?:X-(?:MS-|EVOLUTION-)?ASSISTANT|RELATED)$/),
  text('Contacts2', 'ManagerName', /^(?:X-(?:MS-|EVOLUTION-)?MANAGER|RELATED)$/),
  text('Contacts2', 'NickName', grouped('NICKNAME')),
  text('Contacts2', 'AccountName', /^X-MS-ACCOUNT-NAME$/),
  text('Contacts2', 'CustomerId', /^X-MS-CUSTOMER-ID$/),
  text('Contacts2', 'GovernmentId', /^X-MS-GOVERNMENT-ID$/),
  text('Contacts', 'Birthday', /^BDAY$/, '1977-07-07T00:00:00.000Z'),
  text('Contacts', 'Anniversary', /^(?:ANNIVERSARY|X-ANNIVERSARY|X-EVOLUTION-ANNIVERSARY|X-ABDATE)$/, '1977-07-07T00:00:00.000Z'),
  text('Contacts', 'Picture', /^PHOTO$/, '/9j/4AAQSkZJRg=='),
  edit(el('Contacts:Categories', el('Contacts:Category', '§ new §')), /^CATEGORIES$/),
  edit(el('Contacts:Children', el('Contacts:Child', '§ new §')), /^(?:X-CHILDREN|RELATED|X-ABRELATEDNAMES|X-ABLABEL)$/),
  body(/^NOTE$/),
  { ...text('Contacts', 'Body', /^NOTE$/), until: '2.5' },
];

const DESCRIPTION = /^(?:DESCRIPTION|X-ALT-DESC|STYLED-DESCRIPTION)$/;
const TASK_EDITS: readonly Edit[] = [
  text('Tasks', 'Subject', /^SUMMARY$/),
  text('Tasks', 'Importance', /^PRIORITY$/, '2'),
  text('Tasks', 'Importance', /^PRIORITY$/, '0'),
  text('Tasks', 'Sensitivity', /^CLASS$/, '3'),
  text('Tasks', 'Complete', /^(?:STATUS|COMPLETED|PERCENT-COMPLETE)$/, '1'),
  edit(el('Tasks:Categories', el('Tasks:Category', '§ new §')), /^CATEGORIES$/),
  body(DESCRIPTION),
  { ...text('Tasks', 'Body', DESCRIPTION), until: '2.5' },
];

const NOTE_EDITS: readonly Edit[] = [
  text('Notes', 'Subject', /^SUMMARY$/),
  text('Notes', 'MessageClass', /^X-MS-MESSAGECLASS$/, 'IPM.StickyNote.New'),
  edit(el('Notes:Categories', el('Notes:Category', '§ new §')), /^CATEGORIES$/),
  body(DESCRIPTION),
];

const value = fc
  .oneof(
    fc.string({ maxLength: 30 }),
    fc.string({ unit: fc.constantFrom('a', ';', ',', '\\', '\n', ' ', '"', ':', 'ü', '😀', '<', '\t'), maxLength: 30 }),
  )
  .map(escapeText);
const choice = fc.constantFrom<string[]>;

/** Lines of a to-do or a journal entry: any of them may be there. */
const LINES: readonly fc.Arbitrary<string>[] = [
  value.map((v) => `SUMMARY;LANGUAGE=de:${v}`),
  value.map((v) => `DESCRIPTION:${v}`),
  value.map((v) => `LOCATION;ALTREP="http://x":${v}`),
  value.map((v) => `X-KEEP;X-P="a;b":${v}`),
  value.map((v) => `COMMENT:${v}`),
  fc.array(value, { maxLength: 3 }).map((list) => `CATEGORIES:${list.join(',')}`),
  fc.array(value, { maxLength: 3 }).map((list) => `CATEGORIES;X-P=1:${list.join(',')}`),
  choice('CLASS:PRIVATE', 'CLASS:X-OTHER', 'CLASS:PUBLIC', 'CLASS:'),
  choice('STATUS:IN-PROCESS', 'STATUS:COMPLETED', 'STATUS:CANCELLED', 'STATUS:DRAFT', 'COMPLETED:20260101T120000Z'),
  choice('PERCENT-COMPLETE:50', 'PRIORITY:3', 'PRIORITY:7', 'PRIORITY:x', 'GEO:1;2', 'URL:http://x'),
  choice('X-ALT-DESC;FMTTYPE=text/html:<p>Hi\\, <b>you</b></p>', 'X-ALT-DESC;FMTTYPE=text/html:'),
  choice('ORGANIZER;CN=Al:mailto:alice@example.org', 'ATTENDEE;PARTSTAT=ACCEPTED;X-Q=1:MAILTO:bob@example.org'),
  choice('RELATED-TO;RELTYPE=PARENT:1', 'ATTACH:https://x.test/a', 'X-MS-MESSAGECLASS:IPM.StickyNote.Old', 'SEQUENCE:4'),
  choice('LAST-MODIFIED:20260101T000000Z', 'CREATED:20260101T000000Z', 'COLOR:red'),
  choice('RRULE:FREQ=WEEKLY;BYDAY=MO', 'RRULE:FREQ=YEARLY;BYWEEKNO=20', 'RRULE:nonsense', 'X-MS-REGENERATE:1'),
  choice('-PT15M', '-P1D', 'x').map((trigger) => `BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:${trigger}\r\nX-A:1\r\nEND:VALARM`),
];
const DATES = choice(
  ...['', 'DUE;VALUE=DATE:20261127', 'DTSTART;VALUE=DATE:20261001', 'DTSTART:20261001T090000Z|DUE:20261002T090000Z'],
  ...[
    'DTSTART;TZID=Europe/Berlin:20261005T090000|DURATION:P1D',
    'DUE:20261001T090000',
    'DTSTART;TZID=Nowhere/Land:20261005T090000',
  ],
).map((both) => both.split('|').filter(Boolean));

const objects = (name: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      DATES,
      fc.shuffledSubarray([...LINES]).chain((chosen) => fc.tuple(...chosen)),
    )
    .map(([dates, more]) => {
      // Properties come before components (RFC 5545 §3.6).
      const sorted = [...more.filter((line) => !line.startsWith('BEGIN')), ...more.filter((line) => line.startsWith('BEGIN'))];
      return calendar(`BEGIN:${name}`, 'UID:u', 'DTSTAMP:20260101T000000Z', ...dates, ...sorted, `END:${name}`);
    });

const vcards = readdirSync(join(repositoryRoot, 'test/fixtures/vcard')).filter((name) => name.endsWith('.vcf'));
const samples = vcards.map((name) => readFileSync(join(repositoryRoot, 'test/fixtures/vcard', name), 'utf8'));
const groups = /^(?:KIND|X-ADDRESSBOOKSERVER-KIND)[^:]*:group/im;
const hardCards = [...Object.values(HARD_CARDS), ...samples].filter((card) => !groups.test(card));

/** The hard calendar objects as another kind of component. */
const hard = (name: string): string[] =>
  Object.values(HARD_CALENDARS)
    .filter((one) => !/^BEGIN:VJOURNAL|^BEGIN:VTODO/m.test(one))
    .map((one) => one.replace(/VEVENT/g, name).replace(/^DTEND/gm, 'DUE'));

interface Subject {
  readonly itemClass: PimItemClass;
  readonly hard: readonly string[];
  readonly texts: fc.Arbitrary<string>;
  readonly edits: readonly Edit[];
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  contacts: {
    itemClass: PIM_CLASSES.contacts,
    hard: hardCards,
    texts: fc.oneof(RANDOM_CARDS['3.0'], RANDOM_CARDS['4.0']).filter((card) => !groups.test(card)),
    edits: CONTACT_EDITS,
  },
  tasks: { itemClass: PIM_CLASSES.tasks, hard: hard('VTODO'), texts: objects('VTODO'), edits: TASK_EDITS },
  notes: { itemClass: PIM_CLASSES.notes, hard: hard('VJOURNAL'), texts: objects('VJOURNAL'), edits: NOTE_EDITS },
};

const overTheWire = (item: Element): Element => decode(encode(item));

/** Whether a phone that changed nothing leaves the text as it is. */
function checkIdentity(itemClass: PimItemClass, stored: string, version: EasVersion): void {
  const item = overTheWire(render(itemClass, stored, shown(version)));
  assert.equal(itemClass.apply(stored, echo(item), sent(version)), stored, version);
}

/** Without the soft breaks of quoted-printable (vCard 2.1), so that each property is one line. */
const joined = (stored: string): string =>
  stored.replace(/^[^\r\n:]*QUOTED-PRINTABLE[^\r\n]*(?:(?<==)\r?\n[^\r\n]*)*/gim, (line) => line.replace(/=\r?\n/g, ''));

/** Whether a phone that changed one element changes its property alone, and is shown what it wrote. */
function checkEdit(itemClass: PimItemClass, stored: string, version: EasVersion, { element, lines }: Edit): void {
  const item = overTheWire(render(itemClass, stored, shown(version)));
  const changed = itemClass.apply(stored, echo(item, element), sent(version));
  const wrong = touched(joined(stored), joined(changed)).filter((name) => name !== '' && !lines.test(name.toUpperCase()));
  assert.deepEqual(wrong, [], `${element.tag} in ${version} changed other lines:\n${stored}\n→\n${changed}`);
  const again = overTheWire(render(itemClass, changed, shown(version)));
  assert.equal(itemClass.apply(changed, echo(again), sent(version)), changed, 'the result is stable');
}

/** Versions that differ most; the random cases take all. */
const FEW = ['2.5', '14.1', '16.1'] as const;

const fits = ({ since = '2.5', until = '16.1' }: Edit, version: EasVersion) =>
  Number(since) <= Number(version) && Number(version) <= Number(until);

for (const [kind, { itemClass, hard, texts, edits }] of Object.entries(SUBJECTS)) {
  const versions = VERSIONS.filter((version) => kind !== 'notes' || version >= '14.0');

  describe(kind, () => {
    it(`${hard.length} hard objects come back as they were, in each version`, () => {
      assert.ok(hard.length > 20);
      for (const stored of hard) for (const version of versions) checkIdentity(itemClass, stored, version);
    });

    it('one element of a hard object changes its property alone', () => {
      // The large ones are few kinds of lines, and take long.
      for (const stored of hard)
        for (const one of stored.length > 50_000 ? edits.slice(-5) : edits)
          for (const version of FEW)
            if (fits(one, version) && versions.includes(version)) checkEdit(itemClass, stored, version, one);
    });

    it(`${RUNS} random texts come back as they were`, () => {
      const property = fc.property(texts, fc.constantFrom(...versions), (stored, version) =>
        checkIdentity(itemClass, stored, version),
      );
      fc.assert(property, { numRuns: RUNS, seed: SEED });
    });

    it(`one element of ${RUNS} random texts changes its property alone`, () => {
      const chosen = fc
        .constantFrom(...edits)
        .chain((one) => fc.tuple(fc.constant(one), fc.constantFrom(...versions.filter((v) => fits(one, v)))));
      const property = fc.property(texts, chosen, (stored, [one, version]) => checkEdit(itemClass, stored, version, one));
      fc.assert(property, { numRuns: RUNS, seed: SEED });
    });
  });
}
