import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeEdit } from '../../../../../src/domain/pim/merge.js';
import type { PimKind } from '../../../../../src/domain/pim/model.js';
import { PIM_CLASSES } from '../../../../../src/faces/eas/classes/index.js';
import type { EasVersion } from '../../../../../src/faces/eas/versions.js';
import { parseContentLines } from '../../../../../src/formats/content-lines.js';
import { saidBy } from '../../../../../src/formats/merge/component.js';
import { type Element, el } from '../../../../../src/formats/wbxml/tree.js';
import { HARD_CALENDARS, HARD_CARDS } from '../../../../support/hard-objects.js';
import { echo, render, sent, shown } from './support.js';

/** Two clients of whatever versions each edit another element of objects that are easily damaged, and a third adds a line. */

const OTHER = 'Other words, with; separators';
const body = (version: EasVersion) =>
  version === '2.5' ? null : el('AirSyncBase:Body', el('AirSyncBase:Type', 1), el('AirSyncBase:Data', OTHER));
const place = (version: EasVersion) =>
  version >= '16' ? el('AirSyncBase:Location', el('AirSyncBase:DisplayName', OTHER)) : el('Calendar:Location', OTHER);
const plain = (element: Element) => () => element;

const EDITS: Readonly<Record<PimKind, readonly ((version: EasVersion) => Element | null)[]>> = {
  calendar: [
    plain(el('Calendar:Subject', OTHER)),
    place,
    plain(el('Calendar:Sensitivity', 3)),
    plain(el('Calendar:BusyStatus', 3)),
    plain(el('Calendar:Reminder', 45)),
    plain(el('Calendar:Categories', el('Calendar:Category', 'Only'))),
    body,
  ],
  tasks: [
    plain(el('Tasks:Subject', OTHER)),
    plain(el('Tasks:Sensitivity', 3)),
    plain(el('Tasks:Importance', 2)),
    plain(el('Tasks:Categories', el('Tasks:Category', 'Only'))),
    body,
  ],
  notes: [plain(el('Notes:Subject', OTHER)), plain(el('Notes:Categories', el('Notes:Category', 'Only'))), body],
  contacts: [
    plain(el('Contacts:JobTitle', OTHER)),
    plain(el('Contacts:WebPage', 'https://other.example/')),
    plain(el('Contacts2:NickName', OTHER)),
    plain(el('Contacts:MobilePhoneNumber', '+49 1')),
    plain(el('Contacts:Spouse', OTHER)),
    body,
  ],
};

const VERSIONS: readonly (readonly [EasVersion, EasVersion])[] = [
  ['2.5', '16.1'],
  ['14.1', '14.1'],
  ['16.1', '12.0'],
];
const KINDS: Readonly<Record<string, PimKind>> = { VEVENT: 'calendar', VTODO: 'tasks', VJOURNAL: 'notes', VCARD: 'contacts' };

const meaning = (text: string) => parseContentLines(text).map(saidBy).join('\n');
const eolOf = (text: string) => (text.includes('\r\n') ? '\r\n' : '\n');
const withLine = (text: string) => text.replace(/END:(?:VEVENT|VTODO|VJOURNAL|VCARD)/, (end) => `X-MERGE:1${eolOf(text)}${end}`);

function edited(kind: PimKind, text: string, version: EasVersion, change: Element): string {
  const itemClass = PIM_CLASSES[kind];
  return itemClass.apply(text, echo(render(itemClass, text, shown(version)), change), sent(version));
}

function merged(kind: PimKind, held: string, current: string, mine: string): string {
  const edit = { from: '' as never, write: () => mine, wins: 'server' as const };
  const result = mergeEdit(kind, held, current, edit, false);
  assert.ok(result, 'can be merged');
  assert.deepEqual(result.lost, []);
  return result.text;
}

// Groups are no contacts: phones are not shown them.
const objects = Object.entries({ ...HARD_CALENDARS, ...HARD_CARDS }).filter(([name]) => !/-group/.test(name));

describe('edits of two elements, merged in either order', () => {
  for (const [name, base] of objects) {
    const kind = KINDS[/^BEGIN:(VEVENT|VTODO|VJOURNAL|VCARD)/m.exec(base)?.[1] ?? ''] as PimKind;
    it(`of ${name} are the same, and both there`, () => {
      for (const [one, other] of VERSIONS)
        for (const [at, first] of EDITS[kind].entries())
          for (const second of EDITS[kind].slice(at + 1, at + 3)) {
            const [mine, theirs] = [first(one), second(other)];
            if (!mine || !theirs || (kind === 'notes' && (one < '14' || other < '14'))) continue;
            const [a, b] = [edited(kind, base, one, mine), withLine(edited(kind, base, other, theirs))];
            const result = merged(kind, base, b, a);
            assert.equal(meaning(result), meaning(merged(kind, base, a, b)), `${mine.tag} ${one}, ${theirs.tag} ${other}`);
            assert.equal(edited(kind, result, one, mine), result, `${mine.tag} is there`);
            assert.equal(edited(kind, result, other, theirs), result, `${theirs.tag} is there`);
            assert.match(result, /^X-MERGE:1\r?$/m);
          }
    });
  }
});
