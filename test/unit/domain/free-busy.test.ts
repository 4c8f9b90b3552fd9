import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { busyPeriods } from '../../../src/domain/pim/free-busy.js';
import type { Collection } from '../../../src/domain/pim/model.js';
import type { Session } from '../../../src/domain/types.js';

const calendar = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//EN', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const event = (...lines: string[]) => calendar('BEGIN:VEVENT', 'UID:u', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT');

const DAY = { start: Date.UTC(2026, 10, 23), end: Date.UTC(2026, 10, 24) };

async function busy(texts: string[], query: { zone?: string; exceptUid?: string; availability?: string } = {}) {
  const pim = {
    async *search() {
      for (const text of texts) yield { text, uid: 'u' } as never;
    },
  };
  const all = { span: DAY, addresses: ['a@example.test'], ...query, zone: query.zone ?? 'UTC' };
  const periods = await busyPeriods(pim, {} as Session, [{} as Collection], all);
  return periods.map(({ type, start, end }) => `${type} ${hour(start)}-${hour(end)}`);
}

const hour = (time: number) => new Date(time).toISOString().slice(11, 16);

describe('busyPeriods', () => {
  it('joins what touches and clips to the range (RFC 4791 §7.10)', async () => {
    const texts = [
      event('DTSTART:20261123T080000Z', 'DTEND:20261123T090000Z'),
      event('DTSTART:20261123T090000Z', 'DURATION:PT30M'),
      event('DTSTART:20261122T230000Z', 'DTEND:20261123T010000Z'),
    ];
    assert.deepEqual(await busy(texts), ['BUSY 00:00-01:00', 'BUSY 08:00-09:30']);
  });

  it('is not spoilt by a broken stored event', async () => {
    const fine = event('DTSTART:20261123T080000Z', 'DTEND:20261123T090000Z');
    assert.deepEqual(await busy(['BEGIN:VCALENDAR', fine, event('DTSTART:nonsense')]), ['BUSY 08:00-09:00']);
  });

  it('leaves out transparent, cancelled and declined events, and knows tentative and absence', async () => {
    const at = ['DTSTART:20261123T080000Z', 'DTEND:20261123T090000Z'];
    const me = (answer: string) => `ATTENDEE;PARTSTAT=${answer}:mailto:A@example.test`;
    assert.deepEqual(await busy([event(...at, 'TRANSP:TRANSPARENT')]), []);
    assert.deepEqual(await busy([event(...at, 'STATUS:CANCELLED')]), []);
    assert.deepEqual(await busy([event(...at, me('DECLINED'))]), []);
    assert.deepEqual(await busy([event(...at, 'ATTENDEE;PARTSTAT=DECLINED:mailto:b@example.test')]), ['BUSY 08:00-09:00']);
    assert.deepEqual(await busy([event(...at, me('TENTATIVE'))]), ['BUSY-TENTATIVE 08:00-09:00']);
    assert.deepEqual(await busy([event(...at, 'STATUS:TENTATIVE')]), ['BUSY-TENTATIVE 08:00-09:00']);
    assert.deepEqual(await busy([event(...at, 'X-MICROSOFT-CDO-BUSYSTATUS:OOF')]), ['BUSY-UNAVAILABLE 08:00-09:00']);
    assert.deepEqual(await busy([event(...at)], { exceptUid: 'u' }), []);
  });

  it("expands series with their exceptions, and sees all-day events in the owner's zone", async () => {
    const series = event('DTSTART:20261116T100000Z', 'DTEND:20261116T110000Z', 'RRULE:FREQ=WEEKLY', 'EXDATE:20261130T100000Z');
    assert.deepEqual(await busy([series]), ['BUSY 10:00-11:00']);
    const allDay = event('DTSTART;VALUE=DATE:20261123');
    assert.deepEqual(await busy([allDay], { zone: 'America/New_York' }), ['BUSY 05:00-00:00']);
  });

  it('counts what VAVAILABILITY leaves out as unavailable (RFC 7953 §5)', async () => {
    const office = calendar(
      'BEGIN:VAVAILABILITY',
      'UID:v',
      'DTSTAMP:20260101T000000Z',
      'BEGIN:AVAILABLE',
      'UID:w',
      'DTSTAMP:20260101T000000Z',
      'DTSTART:20261102T090000Z',
      'DTEND:20261102T170000Z',
      'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
      'END:AVAILABLE',
      'END:VAVAILABILITY',
    );
    assert.deepEqual(await busy([office]), ['BUSY-UNAVAILABLE 00:00-09:00', 'BUSY-UNAVAILABLE 17:00-00:00']);
  });

  const office = (uid: string, lines: readonly string[], ...parts: readonly (readonly string[])[]) =>
    calendar(
      'BEGIN:VAVAILABILITY',
      `UID:${uid}`,
      'DTSTAMP:20260101T000000Z',
      ...lines,
      ...parts.flatMap((part) => ['BEGIN:AVAILABLE', 'DTSTAMP:20260101T000000Z', ...part, 'END:AVAILABLE']),
      'END:VAVAILABILITY',
    );
  const weekly = ['UID:w', 'DTSTART:20261102T090000Z', 'DTEND:20261102T170000Z', 'RRULE:FREQ=WEEKLY;BYDAY=MO'];

  it('expands AVAILABLE with its exceptions: EXDATE, a day moved, another time from a day on (RFC 7953 §3.1)', async () => {
    const moved = ['UID:w', 'RECURRENCE-ID:20261123T090000Z', 'DTSTART:20261123T120000Z', 'DTEND:20261123T130000Z'];
    assert.deepEqual(await busy([office('v', [], weekly, moved)]), [
      'BUSY-UNAVAILABLE 00:00-12:00',
      'BUSY-UNAVAILABLE 13:00-00:00',
    ]);
    const excluded = [...weekly, 'EXDATE:20261123T090000Z'];
    assert.deepEqual(await busy([office('v', [], excluded)]), ['BUSY-UNAVAILABLE 00:00-00:00']);
    const later = [
      'UID:w',
      'RECURRENCE-ID;RANGE=THISANDFUTURE:20261116T090000Z',
      'DTSTART:20261116T110000Z',
      'DTEND:20261116T150000Z',
    ];
    assert.deepEqual(await busy([office('v', [], weekly, later)]), [
      'BUSY-UNAVAILABLE 00:00-11:00',
      'BUSY-UNAVAILABLE 15:00-00:00',
    ]);
    const away = ['UID:w', 'RECURRENCE-ID:20261123T090000Z', 'DTSTART:20261201T120000Z', 'DTEND:20261201T130000Z'];
    assert.deepEqual(await busy([office('v', [], weekly, away)]), ['BUSY-UNAVAILABLE 00:00-00:00'], 'moved to another day');
  });

  it('lets the higher priority count where availabilities overlap (RFC 7953 §5)', async () => {
    const usual = office('v', ['PRIORITY:9'], weekly);
    const day = ['UID:x', 'DTSTART:20261123T060000Z', 'DTEND:20261123T070000Z'];
    const trip = office('t', ['PRIORITY:1', 'DTSTART:20261123T060000Z', 'DTEND:20261123T100000Z', 'BUSYTYPE:BUSY'], day);
    for (const texts of [
      [usual, trip],
      [trip, usual],
    ]) {
      assert.deepEqual(await busy(texts), ['BUSY-UNAVAILABLE 00:00-06:00', 'BUSY 07:00-10:00', 'BUSY-UNAVAILABLE 17:00-00:00']);
    }
    const elsewhere = office('e', ['PRIORITY:1', 'DTSTART:20270101T000000Z', 'DTEND:20270102T000000Z']);
    assert.deepEqual(await busy([usual, elsewhere]), await busy([usual]), 'one of another day says nothing of this one');
    const meeting = event('DTSTART:20261123T120000Z', 'DTEND:20261123T130000Z');
    assert.ok((await busy([usual, meeting])).includes('BUSY 12:00-13:00'), 'what is booked stays booked');
  });

  it('lays what somebody says of all his calendars among what stands in them (RFC 7953 §7.2.4)', async () => {
    const parts = (uid: string, ...lines: string[]) => office(uid, lines, weekly).split('\r\n').slice(3, -2);
    const both = calendar(...parts('v', 'PRIORITY:9'), ...parts('t', 'PRIORITY:1', 'BUSYTYPE:BUSY', 'DTEND:20261123T120000Z'));
    assert.deepEqual(await busy([], { availability: both }), ['BUSY 00:00-09:00', 'BUSY-UNAVAILABLE 17:00-00:00']);
    const morning = ['UID:x', 'DTSTART:20261123T060000Z', 'DTEND:20261123T070000Z'];
    const inCalendar = office('c', ['PRIORITY:5', 'DTSTART:20261123T060000Z', 'DTEND:20261123T080000Z'], morning);
    assert.deepEqual(await busy([inCalendar], { availability: office('v', ['PRIORITY:9'], weekly) }), [
      'BUSY-UNAVAILABLE 00:00-06:00',
      'BUSY-UNAVAILABLE 07:00-09:00',
      'BUSY-UNAVAILABLE 17:00-00:00',
    ]);
    assert.deepEqual(await busy([], { availability: 'nonsense' }), []);
  });

  it('errs on the busy side where there are more periods than an answer has', async () => {
    const rule = 'RRULE:FREQ=SECONDLY;INTERVAL=10;COUNT=6000';
    const periods = await busy([event('DTSTART:20261123T000000Z', 'DURATION:PT1S', rule)]);
    assert.equal(periods.length, 5_000);
    assert.equal(periods.at(-1), 'BUSY 13:53-16:39', 'the last one holds all that is left');
  });
});
