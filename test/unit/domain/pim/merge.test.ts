import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cursor } from '../../../../src/domain/changes/feed.js';
import { type Edit, heldText, mergedOrigin, mergeEdit } from '../../../../src/domain/pim/merge.js';

const PHONE = 'eas:phone';
const DESK = 'dav:desk';
const event = (...inner: string[]) =>
  `${['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:u', 'DTSTART:20270301T090000Z', ...inner, 'END:VEVENT', 'END:VCALENDAR'].join('\r\n')}\r\n`;
const alarm = (trigger: string) => ['BEGIN:VALARM', 'ACTION:DISPLAY', `TRIGGER:${trigger}`, 'END:VALARM'];
const edit = (write: (text: string) => string, wins: Edit['wins'] = 'server'): Edit => ({ from: '1-1' as Cursor, write, wins });

describe('what a client holds', () => {
  const [first, second, third] = [event('SUMMARY:a'), event('SUMMARY:b'), event('SUMMARY:b', 'LOCATION:x')];

  it('is the text it saw, whatever others made of it', () => {
    const history = [
      { text: first, replacedBy: DESK },
      { text: second, replacedBy: 'eas:other' },
    ];
    assert.equal(heldText('calendar', history, third, PHONE), first);
  });

  it('and its own edits', () => {
    assert.equal(heldText('calendar', [{ text: first, replacedBy: PHONE }], second, PHONE), second);
    const history = [
      { text: first, replacedBy: PHONE },
      { text: second, replacedBy: DESK },
    ];
    assert.equal(heldText('calendar', history, third, PHONE), second);
  });

  it('also those that were merged with others’, without these', () => {
    const history = [
      { text: first, replacedBy: DESK },
      { text: event('SUMMARY:a', 'LOCATION:x'), replacedBy: mergedOrigin(PHONE) },
    ];
    assert.equal(heldText('calendar', history, third, PHONE), second);
  });

  it('is not known where nothing is left of it, or what is left can’t be read', () => {
    assert.equal(heldText('calendar', [], third, PHONE), null);
    const history = [
      { text: first, replacedBy: DESK },
      { text: 'nonsense', replacedBy: PHONE },
    ];
    assert.equal(heldText('calendar', history, third, PHONE), null);
  });
});

describe('an edit', () => {
  const rename = edit((text) => text.replace(/SUMMARY:.*/, 'SUMMARY:new'));

  it('is made from what the client holds, and written into what is there', () => {
    const merged = mergeEdit('calendar', event('SUMMARY:a'), event('SUMMARY:a', 'LOCATION:x'), rename, false);
    assert.deepEqual(merged, { text: event('SUMMARY:new', 'LOCATION:x'), lost: [] });
  });

  it('gives way, or wins', () => {
    const [held, current] = [event('SUMMARY:a'), event('SUMMARY:b')];
    assert.deepEqual(mergeEdit('calendar', held, current, rename, false), { text: current, lost: ['SUMMARY'] });
    const wins = { ...rename, wins: 'client' as const };
    assert.deepEqual(mergeEdit('calendar', held, current, wins, false), { text: event('SUMMARY:new'), lost: [] });
  });

  it('that fails ends the merge', () => {
    const broken = edit(() => {
      throw new RangeError('no such day');
    });
    assert.throws(() => mergeEdit('calendar', event(), event('LOCATION:x'), broken, false), RangeError);
  });

  it('of an alarm in somebody else’s calendar gives way: what the viewer had is not kept', () => {
    const held = event('SUMMARY:a', ...alarm('-PT5M'));
    const current = event('SUMMARY:a', 'LOCATION:x', ...alarm('-PT5M'));
    const both = edit((text) => text.replace('SUMMARY:a', 'SUMMARY:new').replace('-PT5M', '-PT10M'));
    const merged = mergeEdit('calendar', held, current, both, true);
    assert.deepEqual(merged, { text: current.replace('SUMMARY:a', 'SUMMARY:new'), lost: ['VALARM'] });
    const client = mergeEdit('calendar', held, current, { ...both, wins: 'client' }, true);
    assert.equal(client?.text, current.replace('SUMMARY:a', 'SUMMARY:new').replace('-PT5M', '-PT10M'));
  });

  it('of another version of a card is not merged', () => {
    const card = (version: string, ...more: string[]) =>
      `BEGIN:VCARD\r\nVERSION:${version}\r\nFN:x\r\n${more.join('\r\n')}END:VCARD\r\n`;
    const note = edit((text) => text.replace('FN:x', 'FN:y'));
    assert.equal(mergeEdit('contacts', card('3.0'), card('4.0'), note, false), null);
  });
});
