import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DomainError } from '../../../../src/domain/errors.js';
import type { Session } from '../../../../src/domain/types.js';
import { meeting } from '../../../support/meetings.js';
import { SchedulingStage } from '../../../support/scheduling-stage.js';

const OLGA = 'olga@elsewhere.example';
const DAY = 86_400_000;

function stage() {
  const all = new SchedulingStage();
  const ann = all.person('ann');
  const text = (uid: string, ...attendees: string[]) =>
    meeting({ uid, organizer: ann.user.address, attendees, day: '20261230', extra: [] });
  /** The user's next request, some time later. */
  const back = (s: Session, after = 0) => {
    all.now = new Date(all.now.getTime() + after);
    return all.comesBack(s);
  };
  return { all, ann, text, back };
}

const BUSY = new DomainError('unavailable', 'busy');
const REFUSED = new DomainError('invalid', 'no such recipient');
const statusOf = (text: string) => /SCHEDULE-STATUS=([\d.]+):mailto:olga/.exec(text)?.[1];

describe('mails that wait, and are tried again', () => {
  test('a server that is busy gets the same mail later, with the same Message-ID', async () => {
    const { all, ann, text, back } = stage();
    all.refusal = BUSY;
    await all.put(ann, text('busy', OLGA));
    assert.deepEqual([all.sent.length, statusOf(all.textOf(ann, 'busy')), all.jobs.size], [0, '1.0', 1]);
    const [job] = [...all.jobs.values()];
    all.refusal = null;
    await back(ann);
    assert.equal(all.sent.length, 0, 'not before it is due');
    await back(ann, 31_000);
    await back(ann, 31_000);
    assert.deepEqual([all.told('busy'), statusOf(all.textOf(ann, 'busy')), all.jobs.size], [[`REQUEST ${OLGA}`], '1.1', 0]);
    assert.match(all.sent[0]?.raw.toString() ?? '', new RegExp(`^Message-ID: <${job?.job.id}@example\\.org>`, 'im'));
  });

  test('a refusal for good is written into the organizer’s copy at once, a busy server after three days', async () => {
    const { all, ann, text, back } = stage();
    all.refusal = REFUSED;
    await all.put(ann, text('refused', OLGA));
    assert.deepEqual([statusOf(all.textOf(ann, 'refused')), all.jobs.size], ['5.1', 0]);
    all.refusal = BUSY;
    await all.put(ann, text('slow', OLGA));
    await back(ann, DAY);
    assert.equal(statusOf(all.textOf(ann, 'slow')), '1.0');
    await back(ann, 3 * DAY);
    assert.deepEqual([statusOf(all.textOf(ann, 'slow')), all.jobs.size], ['5.1', 0]);
    assert.equal(all.sent.length, 0);
  });

  test('without a password at hand mails wait for the user; events here come at once', async () => {
    const { all, ann, text, back } = stage();
    const bob = all.person('bob');
    await all.put({ ...ann, credentials: undefined }, text('later', OLGA, bob.user.address));
    assert.match(all.textOf(bob, 'later'), /SUMMARY/);
    assert.deepEqual([all.sent.length, all.jobs.size], [0, 1]);
    await back(bob);
    assert.equal(all.sent.length, 0, 'nobody else’s session sends it');
    await back(ann);
    await back(ann);
    assert.deepEqual(all.told('later'), [`REQUEST ${OLGA}`]);
  });

  test('a delegate’s server that refuses leaves it to the owner, who sends it once', async () => {
    const { all, ann, text, back } = stage();
    const bob = all.person('bob');
    all.refusal = REFUSED;
    await all.put(bob, text('behalf', OLGA), all.calendar(ann, bob));
    assert.deepEqual([statusOf(all.textOf(ann, 'behalf')), all.jobs.size], ['1.0', 1]);
    all.refusal = null;
    await back(bob);
    assert.equal(all.sent.length, 0);
    await back(ann);
    await back(ann);
    assert.deepEqual(
      all.sent.map(({ account, onBehalfOf }) => [account, onBehalfOf]),
      [['ann', undefined]],
    );
    assert.equal(statusOf(all.textOf(ann, 'behalf')), '1.1');
  });

  test('the result of a mail about what is deleted by now is told to nobody', async () => {
    const { all, ann, text } = stage();
    await all.put(ann, text('gone', OLGA));
    all.refusal = REFUSED;
    await all.remove(ann, 'gone');
    assert.deepEqual([all.jobs.size, all.errors, all.textOf(ann, 'gone')], [0, [], '']);
  });
});
