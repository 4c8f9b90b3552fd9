import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { neededSpans } from '../../../../src/domain/itip/room.js';
import { isRule, readRules, ruleWords } from '../../../../src/domain/itip/room-rules.js';
import type { LedgerEntry, OutboxJob, SchedulingWrite } from '../../../../src/domain/pim/scheduler.js';
import { decide, host, isRoom, mayAsk, rollOn } from '../../../../src/domain/scheduling/rooms.js';
import type { Account, RoomRules } from '../../../../src/domain/types.js';
import { calendar, event, NOW } from '../itip/support.js';

const HALL: Account = {
  id: 'hall',
  address: 'hall@example.org',
  aliases: [],
  displayName: 'Hall',
  zone: 'Europe/Berlin',
  kind: 'room',
};
const asked = (...more: string[]) => calendar(event([HALL.address], ...more));

/** Bookings in memory; `free` false: somebody else has the room. */
class Books implements Partial<SchedulingWrite> {
  readonly booked = new Map<string, readonly unknown[]>();
  readonly jobs: OutboxJob[] = [];
  readonly entries: LedgerEntry[] = [];
  /** Starts at which another meeting has the room. */
  readonly others = new Set<number>();
  constructor(readonly free = true) {}

  async taken(_room: string, _uid: string, spans: readonly { start: number; end: number }[]) {
    return spans.filter(({ start }) => this.others.has(start));
  }

  async book(_room: string, uid: string, spans: readonly unknown[]): Promise<boolean> {
    if (!this.free && spans.length > 0) return false;
    this.booked.set(uid, spans);
    return true;
  }

  async locals(): Promise<ReadonlyMap<string, Account>> {
    return new Map();
  }

  async enqueue(jobs: readonly OutboxJob[]): Promise<void> {
    this.jobs.push(...jobs);
  }

  async record(_account: string, _uid: string, entries: readonly LedgerEntry[]): Promise<void> {
    this.entries.push(...entries);
  }
}

const write = (books: Books) => books as unknown as SchedulingWrite;

describe('what a room needs', () => {
  test('each occurrence that is to come, without those that are off', () => {
    const series = asked('RRULE:FREQ=DAILY;COUNT=5', 'EXDATE:20261203T090000Z');
    assert.equal(neededSpans(series, HALL, NOW)?.length, 4);
    assert.equal(neededSpans(series, HALL, new Date('2026-12-03T12:00:00Z'))?.length, 2);
    assert.deepEqual(neededSpans(asked('STATUS:CANCELLED'), HALL, NOW), []);
    assert.deepEqual(neededSpans(asked('TRANSP:TRANSPARENT'), HALL, NOW), []);
  });

  test('never what reaches too far, or is too much to work out', () => {
    assert.equal(neededSpans(asked('DTSTART:20290101T090000Z', 'DTEND:20290101T100000Z'), HALL, NOW), null);
    assert.equal(neededSpans(asked('DTSTART:20290101T090000Z', 'RRULE:FREQ=DAILY'), HALL, NOW), null);
    assert.equal(neededSpans(asked('RRULE:FREQ=MINUTELY;COUNT=100000'), HALL, NOW), null);
  });

  test('of a series without end what is in reach and a month more; none where the rules say so', () => {
    const days = (window: number, more: Partial<RoomRules> = {}) =>
      neededSpans(asked('RRULE:FREQ=DAILY'), { ...HALL, booking: { window, ...more } }, NOW)?.length ?? null;
    assert.equal(days(20), 44, 'from the 1st of December to the 13th of January at noon, and a month');
    assert.equal(days(20, { series: 'bounded' }), null);
    assert.equal(days(20, { series: 'none' }), null);
    const yearly = asked('RRULE:FREQ=YEARLY;COUNT=4');
    assert.equal(neededSpans(yearly, HALL, NOW)?.length, 3);
    assert.equal(neededSpans(yearly, { ...HALL, booking: { series: 'bounded' } }, NOW), null);
    const next = new Date('2027-06-01T00:00:00Z');
    assert.deepEqual(neededSpans(yearly, { ...HALL, booking: { window: 30 } }, next), [], 'it began in reach: it goes on');
  });

  test('no longer at a time than its rules allow', () => {
    const trip = asked('DTSTART;VALUE=DATE:20261201', 'DTEND;VALUE=DATE:20261203');
    assert.equal(neededSpans(trip, { ...HALL, booking: { longest: 24 } }, NOW), null);
    assert.equal(neededSpans(trip, { ...HALL, booking: { longest: 48 } }, NOW)?.length, 1);
  });

  test('days are those of its own zone', () => {
    const day = asked('DTSTART;VALUE=DATE:20261201');
    assert.deepEqual(neededSpans(day, HALL, NOW), [{ start: Date.UTC(2026, 10, 30, 23), end: Date.UTC(2026, 11, 1, 23) }]);
  });
});

describe('what a room decides', () => {
  test('it accepts what it is free for, and says so once', async () => {
    const books = new Books();
    const { text, jobs } = await decide(HALL, 'uid-1', asked(), write(books), NOW);
    assert.match(text ?? '', /PARTSTAT=ACCEPTED:mailto:hall@example\.org/);
    assert.deepEqual(
      jobs.map(({ method, recipient }) => `${method} ${recipient}`),
      ['REPLY boss@example.org'],
    );
    assert.equal(books.entries.length, 1);
    const again = await decide(HALL, 'uid-1', text ?? '', write(books), NOW);
    assert.equal(again.jobs.length, 0);
  });

  test('it declines what it is not free for, and keeps no copy and no earlier time', async () => {
    const books = new Books(false);
    const { text, jobs } = await decide(HALL, 'uid-1', asked(), write(books), NOW);
    assert.equal(text, null);
    assert.match(jobs[0]?.text ?? '', /PARTSTAT=DECLINED/);
    assert.deepEqual(books.booked.get('uid-1'), []);
  });

  test('what is off frees it without a word', async () => {
    const books = new Books();
    assert.deepEqual(await decide(HALL, 'uid-1', asked('STATUS:CANCELLED'), write(books), NOW), { text: null, jobs: [] });
    assert.deepEqual(books.booked.get('uid-1'), []);
  });

  test('who manages it is refused what is taken', async () => {
    const change = { place: { account: 'hall', collection: '1' }, before: null, after: asked() };
    await assert.rejects(host(HALL, change, write(new Books(false)), NOW), { kind: 'conflict' });
    await host(HALL, change, write(new Books()), NOW);
    assert.ok(isRoom(HALL) && !isRoom({ ...HALL, kind: undefined }));
  });
});

describe('a series that goes on', () => {
  const HELD = withAccepted(asked('RRULE:FREQ=WEEKLY'));

  test('takes what has come into reach, without a word', async () => {
    const books = new Books();
    const { text, jobs } = await rollOn(HALL, 'uid-1', HELD, write(books), NOW);
    assert.equal(text, HELD);
    assert.equal(jobs.length, 0);
    assert.equal(books.booked.get('uid-1')?.length, Math.floor((732 + 31 - 8) / 7) + 1);
  });

  test('declines just the occurrences that others have, and keeps the rest', async () => {
    const books = new Books();
    for (const start of ['2026-12-15T09:00:00Z', '2026-12-22T09:00:00Z']) books.others.add(Date.parse(start));
    const { text, jobs } = await rollOn(HALL, 'uid-1', HELD, write(books), NOW);
    assert.match(text ?? '', /EXDATE[^\r]*20261215T090000Z/);
    assert.match(text ?? '', /20261222T090000Z/);
    assert.match(text ?? '', /PARTSTAT=ACCEPTED:mailto:hall/);
    const [job] = jobs;
    assert.deepEqual([jobs.length, job?.method, job?.recipient, job?.sender], [1, 'REPLY', 'boss@example.org', HALL.address]);
    assert.deepEqual(job?.text.match(/PARTSTAT=\w+/g), ['PARTSTAT=DECLINED', 'PARTSTAT=DECLINED']);
    assert.deepEqual(job?.text.match(/RECURRENCE-ID:\w+/g), ['RECURRENCE-ID:20261215T090000Z', 'RECURRENCE-ID:20261222T090000Z']);
    const again = await rollOn(HALL, 'uid-1', text ?? '', write(books), NOW);
    assert.deepEqual([again.jobs.length, again.text], [0, text], 'said once');
  });

  test('is tried again later where somebody was faster, and left alone where the rules have changed', async () => {
    await assert.rejects(rollOn(HALL, 'uid-1', HELD, write(new Books(false)), NOW), { kind: 'conflict' });
    const books = new Books();
    const strict: Account = { ...HALL, booking: { series: 'none' } };
    assert.deepEqual(await rollOn(strict, 'uid-1', HELD, write(books), NOW), { text: HELD, jobs: [] });
    assert.equal(books.booked.size, 0);
  });
});

describe('rules of a room', () => {
  test('are read from words, and written the same way', () => {
    const words = ['window=180', 'series=bounded', 'longest=24', 'external=no'];
    assert.deepEqual(ruleWords({ ...HALL, booking: readRules(words) }), words);
    assert.deepEqual(ruleWords(HALL), ['window=732', 'series=roll', 'longest=any', 'external=yes']);
    assert.deepEqual(readRules(['longest=any']), { longest: null });
    assert.ok(isRule('window=x') && !isRule('Great Hall') && !isRule('Europe/Berlin'));
    for (const word of [
      'window=0',
      'window=-1',
      'window=1e3',
      'window=4000',
      'series=endless',
      'external=maybe',
      'size=3',
      'constructor=1',
    ])
      assert.throws(() => readRules([word]), { kind: 'invalid' }, word);
  });

  test('people of other domains may be kept out', () => {
    const own: Account = { ...HALL, booking: { external: false } };
    assert.ok(mayAsk(HALL, 'olga@elsewhere.example') && mayAsk(own, 'boss@EXAMPLE.org'));
    assert.ok(!mayAsk(own, 'olga@elsewhere.example') && !mayAsk(own, 'example.org@elsewhere.example'));
    assert.ok(mayAsk({ ...own, kind: 'individual' }, 'olga@elsewhere.example'), 'people are asked by everybody');
  });
});

function withAccepted(text: string): string {
  return text.replace(/PARTSTAT=NEEDS-ACTION:mailto:hall/, 'PARTSTAT=ACCEPTED:mailto:hall');
}
