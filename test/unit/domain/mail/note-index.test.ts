import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NoteIndex, noteIdentifier, noteNumber } from '../../../../src/domain/mail/note-index.js';
import { fromJournal, type NoteFacts, subjectAfter, toJournal } from '../../../../src/domain/mail/note-text.js';
import { IdRanges } from '../../../../src/formats/ranges.js';

describe('which message is which note', () => {
  it('a note is the newest of its messages', () => {
    const index = new NoteIndex(
      new Map([
        [3, 100],
        [9, 100],
        [5, 200],
      ]),
    );
    assert.deepEqual([index.uidOf(100), index.uidOf(200), index.uidOf(300)], [9, 5, undefined]);
    assert.deepEqual([index.formsOf(100), index.size], [[3, 9], 2]);
    const later = index.changed(IdRanges.of([9]), new Map([[11, 300]]));
    assert.deepEqual([later.uidOf(100), later.uidOf(300)], [3, 11]);
    assert.equal(index.changed(IdRanges.of([77]), new Map()), index, 'nothing changed: the same object');
  });

  it('survives being written down', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 2 ** 48 - 1 })));
    fc.assert(
      fc.property(pairs, (list) => {
        const index = new NoteIndex(new Map(list));
        assert.equal(NoteIndex.parse(index.toString()).toString(), index.toString());
        assert.deepEqual(NoteIndex.parse(index.toString()).notes, index.notes);
      }),
      { seed: 11 },
    );
  });

  it('numbers fit into a ServerId and do not depend on the case of letters', () => {
    const number = noteNumber('0811aab1-6b98-4236-a762-ac8ccdeab7d4');
    assert.equal(number, noteNumber('0811AAB1-6B98-4236-A762-AC8CCDEAB7D4'));
    assert.match(String(number), /^[1-9]\d{0,14}$/);
    assert.match(noteIdentifier('a', 'b'), /^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/);
    assert.notEqual(noteIdentifier('a', 'b'), noteIdentifier('ab'));
  });
});

const NOTE: NoteFacts = {
  identifier: '0811AAB1-6B98-4236-A762-AC8CCDEAB7D4',
  subject: 'One, two; three\\',
  plain: 'One, two; three\\\n\nÄ 😀',
  html: 'One, two; three\\<div><br></div><div>Ä 😀</div>',
  categories: ['Blau', 'a, b; c'],
  messageClass: 'IPM.StickyNote.Mine',
  created: new Date('2012-01-06T22:00:00Z'),
  modified: new Date('2026-03-02T10:00:00.500Z'),
};

describe('notes as VJOURNAL (RFC 5545 §3.6.3)', () => {
  it('say the same when read again', () => {
    const { identifier: _id, created: _created, modified: _modified, ...content } = NOTE;
    assert.deepEqual(fromJournal(toJournal(NOTE)), content);
    assert.match(toJournal(NOTE), /\r\nLAST-MODIFIED:20260302T100000Z\r\n/);
    const bare = { ...NOTE, subject: '', plain: '', html: undefined, categories: [], messageClass: null, created: null };
    assert.deepEqual(fromJournal(toJournal(bare)), { subject: '', plain: '', categories: [], messageClass: null });
  });

  it('the title stays the first line where it was that', () => {
    const content = (subject: string, plain: string) => ({ ...NOTE, subject, plain });
    assert.equal(subjectAfter(content('a', 'a\nb'), content('a', 'c\nb')), 'c');
    assert.equal(subjectAfter(content('own', 'a\nb'), content('own', 'c')), 'own');
    assert.equal(subjectAfter(content('a', 'a'), content('given', 'c')), 'given');
    assert.equal(subjectAfter(null, content('', '\n  \n first \nsecond')), 'first');
    assert.equal(subjectAfter(null, content('', 'x'.repeat(300))).length, 250);
  });
});
