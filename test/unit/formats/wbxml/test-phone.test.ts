import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PhoneFolder, ProtocolViolation, type Tag, t } from '../../../support/eas-phone.js';
import { decodeTag, encodeTag } from '../../../support/eas-phone-wbxml.js';
import { type SampleNode, samples } from '../../../support/wbxml-samples.js';

const toTag = ([name, ...content]: SampleNode): Tag =>
  t(
    name,
    content.map((node) => (Array.isArray(node) ? toTag(node as unknown as SampleNode) : (node as string | Uint8Array))),
  );

for (const { name, bytes, tree } of samples()) {
  test(`the test phone reads and writes ${name}`, () => {
    assert.deepEqual(decodeTag(Buffer.from(bytes)), toTag(tree));
    assert.equal(encodeTag(toTag(tree)).toString('hex'), Buffer.from(bytes).toString('hex'));
  });
}

const data = (subject: string): Tag => t('AirSync:ApplicationData', t('Calendar:Subject', subject));
const command = (kind: string, id: string, item?: Tag): Tag => t(`AirSync:${kind}`, t('AirSync:ServerId', id), item);
const answer = (...more: readonly Tag[]): Tag =>
  t('AirSync:Collection', t('AirSync:SyncKey', '3'), t('AirSync:CollectionId', 'c'), t('AirSync:Status', 1), more);
const commands = (...more: readonly Tag[]): Tag => answer(t('AirSync:Commands', more));

function calendar(): PhoneFolder {
  const folder = new PhoneFolder('c', '8');
  folder.syncKey = '2';
  folder.items.set('known', data('x'));
  return folder;
}

test('the test phone takes what is right', () => {
  const folder = calendar();
  const result = folder.apply(commands(command('Add', 'new', data('a')), command('Change', 'known', data('b'))), '16.1');
  assert.deepEqual([result.added, result.changed, folder.syncKey], [['new'], ['known'], '3']);
});

const WRONG: readonly [what: string, answer: Tag][] = [
  ['an Add of an item it has', commands(command('Add', 'known', data('a')))],
  ['a Change of an item it has not', commands(command('Change', 'new', data('a')))],
  ['a Delete of an item it has not', commands(command('Delete', 'new'))],
  ['an item named twice', commands(command('Delete', 'known'), command('Add', 'known', data('a')))],
  ['empty Commands', commands()],
  ['MoreAvailable with nothing', answer(t('AirSync:MoreAvailable'))],
  ['MoreAvailable after Commands', answer(t('AirSync:Commands', command('Delete', 'known')), t('AirSync:MoreAvailable'))],
  ['a response to nothing', answer(t('AirSync:Responses', t('AirSync:Add', t('AirSync:ClientId', 'x'), t('AirSync:Status', 1))))],
  ['a collection without a key', t('AirSync:Collection', t('AirSync:CollectionId', 'c'), t('AirSync:Status', 1))],
  ['an element of another class', commands(command('Add', 'n', t('AirSync:ApplicationData', t('Email:Subject', 'x'))))],
  ['an element of an older version', commands(command('Add', 'n', t('AirSync:ApplicationData', t('Calendar:Location', 'x'))))],
  [
    'a date in the wrong form',
    commands(command('Add', 'n', t('AirSync:ApplicationData', t('Calendar:StartTime', '2027-01-01T00:00:00.000Z')))),
  ],
  ['an undefined value', commands(command('Add', 'n', t('AirSync:ApplicationData', t('Calendar:BusyStatus', 9))))],
  [
    'an element twice',
    commands(command('Add', 'n', t('AirSync:ApplicationData', t('Calendar:Subject', 'x'), t('Calendar:Subject', 'y')))),
  ],
  [
    'a body in the wrong order',
    commands(
      command(
        'Add',
        'n',
        t('AirSync:ApplicationData', t('AirSyncBase:Body', t('AirSyncBase:Data', 'x'), t('AirSyncBase:Type', 1))),
      ),
    ),
  ],
];

for (const [what, wrong] of WRONG) {
  test(`the test phone refuses ${what}`, () => {
    assert.throws(() => calendar().apply(wrong, '16.1'), ProtocolViolation);
  });
}

test('the test phone misses the response to its Add', () => {
  const folder = calendar();
  folder.pending.push({ kind: 'Add', id: 'c1', data: data('mine') });
  assert.throws(() => folder.apply(commands(command('Delete', 'known')), '16.1'), /no response to the Add/);
});
