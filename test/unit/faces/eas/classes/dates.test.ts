import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { birthdayOf, readDate, toCompact, toExtended } from '../../../../../src/faces/eas/classes/dates.js';

const instant = new Date(Date.UTC(2026, 10, 23, 15, 4, 5));

describe('dates', () => {
  it('writes both forms exactly', () => {
    assert.equal(toCompact(instant), '20261123T150405Z');
    assert.equal(toExtended(instant), '2026-11-23T15:04:05.000Z');
  });

  for (const text of [
    '20261123T150405Z',
    '2026-11-23T15:04:05.000Z',
    '2026-11-23T15:04:05Z',
    '2026-11-23T15:04:05.0000000Z',
    '2026-11-23T15:04:05',
    '20261123T150405',
    '2026-11-23T16:04:05+01:00',
    '20261123T070405-0800',
    ' 2026-11-23t15:04:05.000z ',
  ]) {
    it(`reads ${text}`, () => assert.deepEqual(readDate(text), instant));
  }

  it('reads bare dates', () => assert.deepEqual(readDate('2026-11-23'), new Date(Date.UTC(2026, 10, 23))));

  for (const text of [
    '',
    'soon',
    '2026-13-01',
    '2026-02-30T00:00:00Z',
    '00000000T000000Z',
    '20261123T250000Z',
    '1700000000',
    undefined,
  ]) {
    it(`takes ${text} for no date`, () => assert.equal(readDate(text), undefined));
  }

  it('finds the day of a birthday whatever zone the client thought of', () => {
    const day = { year: 1990, month: 5, day: 4 };
    for (const text of [
      '1990-05-04T11:59:00.000Z', // Exchange
      '1990-05-04T12:00:00.000Z', // Gmail app
      '1990-05-04T00:00:00.000Z',
      '1990-05-03T22:00:00.000Z', // midnight in Berlin
      '1990-05-04T07:00:00.000Z', // midnight in Los Angeles
      '1990-05-03T13:30:00.000Z', // midnight in Adelaide
      '1990-05-04T11:00:00.000Z',
    ])
      assert.deepEqual(birthdayOf(readDate(text) as Date), day, text);
  });
});
