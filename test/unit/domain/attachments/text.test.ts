import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Attachment } from '../../../../src/domain/attachments/model.js';
import { idsIn, namedIn, withAttachment, withoutAttachment, withReplaced } from '../../../../src/domain/attachments/text.js';

const ID = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const attachment = (id = ID): Attachment => ({ account: 'a', id, name: 'Ü, "x".pdf', type: 'application/pdf', size: 12 });
const URI = 'https://gateway.test/dav/attachments/a/1';
const calendar = (...lines: readonly string[]) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//x//EN',
    'BEGIN:VEVENT',
    'UID:u',
    'DTSTAMP:20260101T000000Z',
    ...lines,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
const single = calendar('DTSTART:20260301T100000Z', 'X-ODD;A="b":kept');
const series = calendar('DTSTART;TZID=Europe/Berlin:20260301T100000', 'RRULE:FREQ=DAILY;COUNT=3');
const parts = (text: string) =>
  text
    .split('BEGIN:VEVENT')
    .slice(1)
    .map((part) => part.split('ATTACH').length - 1);

describe('managed attachments in texts (RFC 8607)', () => {
  it('are added, read, replaced and removed; all else keeps its bytes', () => {
    const added = withAttachment(single, attachment(), URI, null);
    assert.deepEqual(namedIn(added), [{ id: ID, uri: URI, name: 'Ü, "x".pdf', type: 'application/pdf', size: 12 }]);
    assert.match(added, /X-ODD;A="b":kept/);
    const replaced = withReplaced(added, ID, attachment(OTHER), URI);
    assert.deepEqual(idsIn(replaced), [OTHER]);
    assert.equal(withoutAttachment(replaced, OTHER, null), single);
    assert.equal(withoutAttachment(replaced, ID, null), replaced, 'one that is not there');
  });

  it('belong to instances: M, dates in UTC or local time, an override of its own', () => {
    assert.deepEqual(parts(withAttachment(series, attachment(), URI, ['M'])), [1]);
    for (const rid of ['20260302T090000Z', '20260302T100000']) {
      assert.deepEqual(parts(withAttachment(series, attachment(), URI, [rid])), [0, 1], rid);
    }
    const both = withAttachment(series, attachment(), URI, ['20260302T090000Z', '20260302T100000', 'M']);
    assert.deepEqual(parts(both), [1, 1], 'the same instance twice is one');
    const day = calendar('DTSTART;VALUE=DATE:20260301', 'RRULE:FREQ=DAILY;COUNT=3');
    assert.deepEqual(parts(withAttachment(day, attachment(), URI, ['20260302'])), [0, 1]);
    for (const rid of ['20260302T093000Z', '20270302T090000Z', 'x']) {
      assert.throws(() => withAttachment(series, attachment(), URI, [rid]), { reason: 'valid-rid-parameter' }, rid);
    }
  });

  it('are found wherever a line was folded, and nowhere else', () => {
    const added = withAttachment(single, attachment(), URI, null);
    const folded = added.replace(/\r\n[ \t]/g, '').replace('MANAGED-ID', 'MANA\r\n GED-ID');
    assert.deepEqual(idsIn(folded), [ID]);
    assert.deepEqual(
      idsIn(calendar('DTSTART:20260301T100000Z', 'ATTACH:https://x.test/MANAGED-ID=1', 'DESCRIPTION:MANAGED-ID=2')),
      [],
    );
    assert.deepEqual(idsIn('ATTACH;MANAGED-ID=1:broken'), []);
  });
});
