import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitAlarms, withAlarms } from '../../../../src/domain/pim/alarms.js';
import { visibleTo } from '../../../../src/domain/pim/visibility.js';

const calendar = (...lines: readonly string[]) => ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const alarm = (minutes: number) => ['BEGIN:VALARM', `TRIGGER:-PT${minutes}M`, 'X-ODD;A="b,c":kept', 'END:VALARM'];
const master = ['BEGIN:VEVENT', 'UID:a', 'SUMMARY:fol', ' ded'];
const override = ['BEGIN:VEVENT', 'UID:a', 'RECURRENCE-ID:20260301T100000Z'];
const bare = calendar(...master, 'END:VEVENT', ...override, 'END:VEVENT');
const full = calendar(...master, ...alarm(5), ...alarm(10), 'END:VEVENT', ...override, ...alarm(15), 'END:VEVENT');

describe('alarms of viewers', () => {
  it('are taken out and put back to where they belong, byte for byte', () => {
    const split = splitAlarms(full);
    assert.equal(split.text, bare);
    assert.equal(withAlarms(bare, split.alarms), full);
  });

  it('are none in a text without them, which stays what it is', () => {
    assert.deepEqual(splitAlarms(bare), { text: bare, alarms: null });
    assert.equal(withAlarms(bare, null), bare);
  });

  it('of an occurrence that is gone are left out', () => {
    const alone = calendar(...master, 'END:VEVENT');
    assert.equal(withAlarms(alone, splitAlarms(full).alarms), calendar(...master, ...alarm(5), ...alarm(10), 'END:VEVENT'));
  });

  it('leave a text that can’t be read as it is', () => {
    const broken = 'BEGIN:VCALENDAR\r\nBEGIN:VALARM\r\n';
    assert.deepEqual(splitAlarms(broken), { text: broken, alarms: null });
    assert.equal(withAlarms(broken, splitAlarms(full).alarms), broken);
    assert.equal(withAlarms(bare, 'not JSON'), bare);
  });

  it('of the owner are for the owner alone', () => {
    const item = { text: full, component: 'VEVENT' } as Parameters<typeof visibleTo>[1];
    assert.equal(visibleTo('owner', item).text, full);
    for (const access of ['write', 'read'] as const) assert.equal(visibleTo(access, item).text, bare);
    assert.doesNotMatch(visibleTo('busy', item).text, /VALARM/);
  });
});
