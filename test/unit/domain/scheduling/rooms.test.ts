import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { neededSpans } from '../../../../src/domain/itip/room.js';
import type { LedgerEntry, OutboxJob, SchedulingWrite } from '../../../../src/domain/pim/scheduler.js';
import { decide, host, isRoom } from '../../../../src/domain/scheduling/rooms.js';
import type { Account } from '../../../../src/domain/types.js';
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
  constructor(readonly free = true) {}

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

  test('never what has no end, reaches too far, or is too much to work out', () => {
    assert.equal(neededSpans(asked('RRULE:FREQ=DAILY'), HALL, NOW), null);
    assert.equal(neededSpans(asked('RRULE:FREQ=YEARLY;COUNT=4'), HALL, NOW), null);
    assert.equal(neededSpans(asked('RRULE:FREQ=MINUTELY;COUNT=100000'), HALL, NOW), null);
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
