import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../../../src/domain/errors.js';
import type { FolderRole, MailFolder, MessageSummary } from '../../../../src/domain/mail/model.js';
import { MailSearches } from '../../../../src/domain/mail/search.js';
import { IdRanges } from '../../../../src/formats/ranges.js';
import { mailSession } from '../../../support/mail-user.js';

const s = mailSession('alice@example.test');

/** Folders by name with the days of their messages; `slow` folders take so many milliseconds. */
class Box {
  searches = 0;
  underway = 0;
  /** Searches under way at once. */
  most = 0;
  read = 0;
  now = Date.now();
  readonly failing = new Map<string, Error>();
  readonly slow = new Map<string, number>();

  constructor(readonly days: Record<string, number[]>) {}

  folders(): MailFolder[] {
    const roles: Record<string, FolderRole> = { INBOX: 'inbox', Junk: 'junk' };
    return Object.keys(this.days).map((name) => ({
      id: name,
      parent: null,
      name,
      path: name,
      role: roles[name] ?? null,
      selectable: true,
    }));
  }

  async search(_s: unknown, { name }: MailFolder): Promise<IdRanges> {
    this.searches++;
    this.most = Math.max(this.most, ++this.underway);
    await sleep(this.slow.get(name) ?? 0);
    this.underway--;
    const failure = this.failing.get(name);
    if (failure) throw failure;
    return IdRanges.of((this.days[name] ?? []).map((_, at) => at + 1));
  }

  async summaries(_s: unknown, { name }: MailFolder, uids: readonly number[]): Promise<MessageSummary[]> {
    this.read += uids.length;
    return uids.map(
      (uid) => ({ uid, subject: `${name}${uid}`, received: this.received(this.days[name]![uid - 1]!) }) as MessageSummary,
    );
  }

  received(day: number): Date {
    return new Date(Date.UTC(2026, 0, day, 12));
  }

  made(budget = 1000): MailSearches {
    return new MailSearches(this as never, { now: () => new Date(this.now) }, budget);
  }

  find(searches: MailSearches, first: number, last: number, fresh = false, more: object = {}) {
    return searches.find(s, { key: 'k', folders: this.folders(), query: { text: 'x' }, ...more }, { first, last }, fresh);
  }
}

const names = ({ found }: { found: readonly { message: MessageSummary }[] }) => found.map(({ message }) => message.subject);

describe('search through folders', () => {
  it('merges the hits of all folders, newest first, page by page, searching once', async () => {
    const box = new Box({ INBOX: [1, 4, 7], Work: [2, 5], Junk: [3, 6] });
    const searches = box.made();
    const first = await box.find(searches, 0, 3);
    assert.deepEqual(names(first), ['INBOX3', 'Junk2', 'Work2', 'INBOX2']);
    assert.deepEqual([first.total, first.complete], [7, true]);
    assert.deepEqual(names(await box.find(searches, 4, 9)), ['Junk1', 'Work1', 'INBOX1']);
    assert.equal(box.searches, 3);
    await box.find(searches, 0, 3, true);
    assert.equal(box.searches, 6);
  });

  it('reads no more messages than the page needs', async () => {
    const box = new Box({ INBOX: Array.from({ length: 5000 }, (_, n) => n) });
    assert.equal(names(await box.find(box.made(), 0, 9)).length, 10);
    assert.ok(box.read <= 80, `${box.read}`);
  });

  it('keeps to exact bounds of reception', async () => {
    const box = new Box({ INBOX: [1, 2, 3, 4] });
    const { found, total } = await box.find(box.made(), 0, 9, false, { after: box.received(1), before: box.received(4) });
    assert.deepEqual(names({ found }), ['INBOX3', 'INBOX2']);
    assert.equal(total, 2);
  });

  it('gives what there is when the time is over, and all to who asks again', async () => {
    const box = new Box({ INBOX: [1], Work: [2] });
    box.slow.set('Work', 300);
    const searches = box.made(100);
    const hasty = await box.find(searches, 0, 9, true);
    assert.deepEqual([names(hasty), hasty.complete], [['INBOX1'], false]);
    await sleep(300);
    const patient = await box.find(searches, 0, 9);
    assert.deepEqual([names(patient), patient.complete], [['Work1', 'INBOX1'], true]);
    assert.equal(box.searches, 2, 'the search went on by itself');
  });

  it('one folder that fails hides no other; when all fail the failure is told', async () => {
    const box = new Box({ INBOX: [1], Work: [2] });
    box.failing.set('Work', new DomainError('unavailable', 'down'));
    assert.deepEqual(names(await box.find(box.made(), 0, 9)), ['INBOX1']);
    box.failing.set('INBOX', new DomainError('unavailable', 'down'));
    await assert.rejects(box.find(box.made(), 0, 9), /down/);
    const gone = new Box({ INBOX: [1] });
    gone.failing.set('INBOX', new DomainError('not-found', 'gone'));
    assert.equal((await gone.find(gone.made(), 0, 9)).total, 0);
  });

  it('never has more than two folders of an account in search, and gives up what nobody waits for', async () => {
    const days = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`F${n}`, [1]]));
    const box = new Box(days);
    for (const name of Object.keys(days)) box.slow.set(name, 30);
    const searches = box.made(40);
    for (const text of ['c', 'ca', 'cak'])
      await searches.find(s, { key: text, folders: box.folders(), query: { text } }, { first: 0, last: 9 }, true);
    assert.ok(box.most <= 2, `${box.most} at once`);
    const soFar = box.searches;
    assert.ok(soFar < 15, `${soFar} of 60 searches`);
    await sleep(600);
    assert.ok(box.searches <= soFar + 20, 'only the last one goes on');
  });

  it('forgets results after some minutes', async () => {
    const box = new Box({ INBOX: [1] });
    const searches = box.made();
    await box.find(searches, 0, 9);
    box.now += 6 * 60_000;
    await box.find(searches, 0, 9);
    assert.equal(box.searches, 2);
  });
});
