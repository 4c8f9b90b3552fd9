import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FetchMessageObject, MessageStructureObject } from 'imapflow';
import { readSection } from '../../../../src/infra/imap/lean-fetch.js';
import { toStructure, toSummary } from '../../../../src/infra/imap/messages.js';
import { groupRequests, uidSets } from '../../../../src/infra/imap/parts.js';
import { roleOf } from '../../../../src/infra/imap/special-use.js';

describe('toSummary', () => {
  it('bears a message of which the server tells nothing', () => {
    const summary = toSummary({ seq: 1, uid: 5 } as FetchMessageObject);
    assert.deepEqual([summary.uid, summary.subject, summary.date, summary.from, summary.flags], [5, '', null, [], []]);
    assert.equal(summary.structure.type, 'text/plain');
  });

  it('bears dates that are none, and removes what breaks headers', () => {
    const envelope = { date: 'yesterday', subject: 'a\r\nBcc: b\0', from: [{ name: 'x\ny', address: 'a@b' }] };
    const summary = toSummary({
      seq: 1,
      uid: 5,
      envelope,
      internalDate: 'never',
      flags: new Set(['\\Recent', '\\Seen']),
    } as FetchMessageObject);
    assert.deepEqual([summary.date, summary.received.getTime(), summary.subject], [null, 0, 'a Bcc: b']);
    assert.deepEqual([summary.from[0]?.name, summary.flags], ['x y', ['\\Seen']]);
  });
});

describe('toStructure', () => {
  it('numbers a message of one part as section 1', () => {
    assert.equal(toStructure({ type: 'text/html', size: 3 }).section, '1');
    const mixed = toStructure({ type: 'multipart/mixed', childNodes: [{ part: '1', type: 'text/plain' }] });
    assert.deepEqual([mixed.section, mixed.children[0]?.section], ['', '1']);
  });

  it('takes an embedded message as a leaf', () => {
    const node = { part: '2', type: 'message/rfc822', childNodes: [{ part: '2.1', type: 'text/plain' }] };
    assert.deepEqual(toStructure({ type: 'multipart/mixed', childNodes: [node] }).children[0]?.children, []);
  });

  it('makes file names harmless', () => {
    const name = (filename: string) =>
      toStructure({ type: 'image/png', disposition: 'attachment', dispositionParameters: { filename } }).filename;
    assert.equal(name('../../etc/passwd'), 'passwd');
    assert.equal(name('C:\\x\\a.txt'), 'a.txt');
    assert.equal(name('a\u202egnp.exe\r\n'), 'agnp.exe');
    assert.equal(name('=?utf-8?Q?=C3=BC.png?='), 'ü.png');
    assert.equal(name('/'), null);
    assert.equal(name('x'.repeat(1000))?.length, 255);
  });

  it('is bounded in depth and number, and takes odd types as bytes', () => {
    let deep: MessageStructureObject = { type: 'text/plain' };
    for (let n = 0; n < 500; n++) deep = { type: 'multipart/mixed', childNodes: [deep] };
    let depth = 0;
    for (let part = toStructure(deep); part.children[0]; part = part.children[0]) depth++;
    assert.ok(depth <= 40);
    const wide = toStructure({
      type: 'multipart/mixed',
      childNodes: Array.from({ length: 5000 }, () => ({ type: 'text/plain' })),
    });
    assert.equal(wide.children.length, 1000);
    assert.equal(toStructure({ type: 'nonsense' }).type, 'application/octet-stream');
    assert.equal(toStructure({ type: 'text/plain', disposition: 'weird' }).disposition, 'attachment');
  });
});

describe('requests', () => {
  it('are grouped by section, start and limit; sections that are none are left out', () => {
    const groups = groupRequests([
      { uid: 1, section: '1' },
      { uid: 2, section: '1' },
      { uid: 3, section: '1', maxBytes: 10 },
      { uid: 4, section: '' },
      { uid: 5, section: 'TEXT] FLAGS (' },
      { uid: 6, section: '1', maxBytes: 0 },
    ]);
    assert.deepEqual(
      groups.map(({ section, maxBytes, uids }) => [section, maxBytes, uids]),
      [
        ['1', undefined, [1, 2]],
        ['1', 10, [3]],
        ['', undefined, [4]],
      ],
    );
  });

  it('become sequence sets of bounded length', () => {
    assert.deepEqual(uidSets([3, 1, 2, 2, -5, 1.5, Number.NaN]), ['1:3']);
    assert.deepEqual(uidSets(Array.from({ length: 1200 }, (_, n) => n + 1)), ['1:500', '501:1000', '1001:1200']);
    assert.deepEqual(uidSets([]), []);
  });
});

describe('readSection', () => {
  const uid = [{ value: 'UID' }, { value: '7' }];
  const section = { value: 'BODY', section: [{ value: '1' }] };
  it('takes literals and quoted strings, and nothing else', () => {
    assert.equal(
      Buffer.from(readSection({ attributes: [{}, [...uid, section, { value: Buffer.from('hi') }]] })?.bytes ?? []).toString(),
      'hi',
    );
    assert.equal(
      Buffer.from(readSection({ attributes: [{}, [section, { value: 'hü' }, ...uid]] })?.bytes ?? []).toString(),
      'hü',
    );
    for (const list of [
      [...uid, section, null],
      [section, { value: 'x' }],
      [{ value: 'UID' }, { value: '-1' }, section, { value: 'x' }],
      [],
      [null, null],
    ]) {
      assert.equal(readSection({ attributes: [{}, list] }), null);
    }
    assert.equal(readSection({}), null);
  });
});

it('roles come by special use, INBOX by its name', () => {
  assert.deepEqual(
    [roleOf('inbox', undefined), roleOf('X', '\\Sent'), roleOf('X', '\\All'), roleOf('X', '\\Inbox'), roleOf('X', undefined)],
    ['inbox', 'sent', null, null, null],
  );
});
