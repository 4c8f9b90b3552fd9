import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { occurrences } from '../../../../src/formats/ical/occurrences.js';
import { openCalendarObject } from '../../../../src/formats/ical/parse.js';
import { SchedulingStage } from '../../../support/scheduling-stage.js';
import { calendar, event } from '../itip/support.js';

/** The same cases each time; `PROPERTY_SEED` for others. A failure prints its seed. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20261123);
const RUNS = 100;
const ANN = 'ann@example.org';
const BOSS = 'boss@example.net';

/** What an organizer elsewhere says of a daily series, in this order, a minute apart. */
const STORY: readonly (readonly [method: string, lines: readonly string[]])[] = [
  ['REQUEST', ['RRULE:FREQ=DAILY;COUNT=6']],
  ['REQUEST', [...at(3, 15), 'RECURRENCE-ID:20261203T090000Z', 'SEQUENCE:1']],
  ['CANCEL', [...at(2, 9), 'RECURRENCE-ID:20261202T090000Z', 'SEQUENCE:1', 'STATUS:CANCELLED']],
  ['REQUEST', [...at(5, 16), 'RECURRENCE-ID:20261205T090000Z', 'SEQUENCE:1', 'LOCATION:Hall']],
  ['CANCEL', [...at(5, 16), 'RECURRENCE-ID:20261205T090000Z', 'SEQUENCE:2', 'STATUS:CANCELLED']],
  ['REQUEST', [...at(3, 17), 'RECURRENCE-ID:20261203T090000Z', 'SEQUENCE:2']],
];

function at(day: number, hour: number): string[] {
  const date = `202612${String(day).padStart(2, '0')}T`;
  return [`DTSTART:${date}${String(hour).padStart(2, '0')}0000Z`, `DTEND:${date}${hour + 1}0000Z`];
}

const MESSAGES = STORY.map(([method, lines], minute) =>
  calendar(event([ANN], ...lines))
    .replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`)
    .replaceAll('boss@example.org', BOSS)
    .replace(/DTSTAMP:\w+/, `DTSTAMP:20261120T12${String(minute).padStart(2, '0')}00Z`),
);

/** What Ann's calendar shows after these messages in this order: each start, and where. */
async function shown(order: readonly number[]): Promise<string> {
  const all = new SchedulingStage();
  const ann = all.person('ann');
  for (const which of order) await all.receive(ann, MESSAGES[which] as string, BOSS);
  assert.deepEqual([all.sent, all.errors], [[], []]);
  const object = openCalendarObject(all.textOf(ann, 'uid-1'));
  const seen = [...occurrences(object, { from: 0, to: Date.UTC(2027, 5) })];
  return seen
    .map(({ start, component }) => `${new Date(start).toISOString()} ${component.first('LOCATION')?.text ?? ''}`)
    .join('\n');
}

describe('whatever the order in which mails come', () => {
  test('after the invitation, each of them once or more: the calendar ends the same', async () => {
    const expected = await shown(MESSAGES.map((_, which) => which));
    assert.match(expected, /2026-12-03T17/);
    assert.doesNotMatch(expected, /2026-12-0[25]/);
    const rest = MESSAGES.map((_, which) => which).slice(1);
    const orders = fc
      .tuple(fc.shuffledSubarray(rest, { minLength: rest.length }), fc.array(fc.nat(MESSAGES.length - 1), { maxLength: 6 }))
      .chain(([each, again]) => fc.shuffledSubarray([...each, ...again], { minLength: each.length + again.length }));
    await fc.assert(
      fc.asyncProperty(orders, async (order) => assert.equal(await shown([0, ...order]), expected)),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
