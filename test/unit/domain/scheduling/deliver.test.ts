import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attendeesIn, type MeetingFacts, meeting } from '../../../support/meetings.js';
import { replyText } from '../../../support/participants.js';
import { SchedulingStage } from '../../../support/scheduling-stage.js';

const OLGA = 'olga@elsewhere.example';
const ANN = 'ann@example.org';

function stage() {
  const all = new SchedulingStage();
  return { all, ann: all.person('ann') };
}

/** A message of Olga's to Ann, so many minutes after the first. */
function says(method: string, facts: Partial<MeetingFacts> & { readonly uid: string }, minutes = 0): string {
  const stamp = new Date(Date.UTC(2026, 10, 20, 0, minutes)).toISOString().replace(/[-:]|\.000/g, '');
  return meeting({ organizer: OLGA, attendees: [ANN], day: '20261210', extra: [], ...facts })
    .replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`)
    .replace(/DTSTAMP:\w+/, `DTSTAMP:${stamp}`);
}

describe('messages from elsewhere', () => {
  test('an invitation comes in once, into calendar and inbox; from somebody else, or when it is over, not at all', async () => {
    const { all, ann } = stage();
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'one' }), 'mallory@evil.example'), false);
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'one' }), OLGA), true);
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'one' }), OLGA), false);
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'old', day: '20260110' }), OLGA), false);
    assert.deepEqual(
      all.inboxes.map(({ uid, method }) => `${method} ${uid}`),
      ['REQUEST one'],
    );
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'old', day: '20260110' }), OLGA, { wanted: true }), true);
    assert.equal(all.sent.length, 0, 'nobody is answered by itself');
  });

  test('what its owner deleted does not come back by the same mail, but by a later word', async () => {
    const { all, ann } = stage();
    await all.receive(ann, says('REQUEST', { uid: 'del' }), OLGA);
    await all.remove(ann, 'del');
    assert.deepEqual(all.told('del'), [`REPLY ${OLGA}`]);
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'del' }), OLGA), false);
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'del', extra: ['SEQUENCE:1'] }, 5), OLGA), true);
    await all.remove(ann, 'del');
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'del' }), OLGA, { wanted: true }), true, 'she wants it after all');
  });

  test('a CANCEL that overtakes its invitation is remembered', async () => {
    const { all, ann } = stage();
    const off = says('CANCEL', { uid: 'fast', extra: ['SEQUENCE:1', 'STATUS:CANCELLED'] }, 5);
    assert.equal(await all.receive(ann, off, 'mallory@evil.example'), false);
    assert.equal(await all.receive(ann, off, OLGA), false);
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'fast' }), OLGA), false);
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'fast', extra: ['SEQUENCE:2'] }, 9), OLGA), true);
    const forged = says('CANCEL', { uid: 'kept', extra: ['SEQUENCE:9'] }, 5).replace(
      /ORGANIZER.*\r/,
      'ORGANIZER:mailto:mallory@evil.example\r',
    );
    await all.receive(ann, forged, 'mallory@evil.example');
    assert.equal(await all.receive(ann, says('REQUEST', { uid: 'kept' }), OLGA), true, 'only its organizer calls it off');
  });

  test('a further date of a series that never came is asked for, once an hour (RFC 5546 §3.2.4)', async () => {
    const { all, ann } = stage();
    const add = says('ADD', { uid: 'add', extra: ['SEQUENCE:1'] });
    for (const from of ['mallory@evil.example', OLGA, OLGA]) assert.equal(await all.receive(ann, add, from), false);
    assert.equal(all.textOf(ann, 'add'), '');
    assert.deepEqual(all.told('add'), [`REFRESH ${OLGA}`]);
    const [{ calendar } = { calendar: '' }] = all.mails('add');
    assert.match(calendar, /ATTENDEE[^\r\n]*:mailto:ann@example\.org/);
    assert.doesNotMatch(calendar, /DTSTART|SUMMARY|SEQUENCE|PARTSTAT=ACCEPTED/);
    await all.receive(ann, says('REQUEST', { uid: 'add', rule: 'FREQ=DAILY;COUNT=2' }), OLGA);
    assert.equal(await all.receive(ann, says('ADD', { uid: 'add', hour: 15, extra: ['SEQUENCE:1'] }, 5), OLGA), true);
    assert.match(all.textOf(ann, 'add'), /RDATE:20261210T150000Z/);
  });

  test('who takes an invitation that went to a list answers as themselves', async () => {
    const { all, ann } = stage();
    const list = says('REQUEST', { uid: 'list', attendees: ['team@example.org'] });
    assert.equal(await all.receive(ann, list, OLGA), false);
    const { scheduling, pim } = all;
    const answer = { partstat: 'ACCEPTED', mail: true } as const;
    await scheduling.respond(pim, ann, { invitation: list }, answer);
    await all.settle();
    assert.deepEqual(all.told('list'), [`REPLY ${OLGA}`]);
    const [{ calendar } = { calendar: '' }] = all.mails('list');
    assert.match(calendar, /ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example\.org/);
  });
});

describe('answers from elsewhere', () => {
  async function asked() {
    const { all, ann } = stage();
    await all.put(ann, meeting({ uid: 'mine', organizer: ANN, attendees: [OLGA], day: '20261210', extra: [] }));
    const [{ calendar } = { calendar: '' }] = all.mails('mine');
    const said = () => attendeesIn(all.textOf(ann, 'mine')).get(OLGA);
    return { all, ann, calendar, said };
  }

  test('the latest counts, in whatever order they come; the sender must be who answers', async () => {
    const { all, ann, calendar, said } = await asked();
    const reply = (partstat: string, stamp: string, who = OLGA) => replyText(calendar, who, partstat, stamp);
    await all.receive(ann, reply('DECLINED', '20261124T120000Z'), OLGA);
    assert.equal(await all.receive(ann, reply('ACCEPTED', '20261124T110000Z'), OLGA), false);
    assert.equal(said(), 'DECLINED');
    for (const [text, from] of [
      [reply('ACCEPTED', '20261124T130000Z'), 'mallory@evil.example'],
      [reply('ACCEPTED', '20261124T130000Z', 'mallory@evil.example'), 'mallory@evil.example'],
      [reply('ACCEPTED', '20261124T130000Z', ANN), ANN],
    ] as const)
      assert.equal(await all.receive(ann, text, from), false, from);
    assert.equal(said(), 'DECLINED');
    await all.receive(ann, reply('TENTATIVE', '20261124T140000Z'), OLGA);
    assert.equal(said(), 'TENTATIVE');
    assert.deepEqual(all.told('mine'), [`REQUEST ${OLGA}`], 'others are not told of answers');
  });

  test('an answer to what was moved since is none; the Schedule-Tag stays with answers', async () => {
    const { all, ann, calendar, said } = await asked();
    const tag = all.itemOf(ann, 'mine')?.scheduleTag;
    await all.receive(ann, replyText(calendar, OLGA, 'TENTATIVE', '20261124T100000Z'), OLGA);
    assert.equal(all.itemOf(ann, 'mine')?.scheduleTag, tag);
    await all.put(ann, all.textOf(ann, 'mine').replaceAll('T090000Z', 'T080000Z'));
    assert.equal(said(), 'NEEDS-ACTION');
    assert.equal(await all.receive(ann, replyText(calendar, OLGA, 'ACCEPTED', '20261124T150000Z'), OLGA), false);
    assert.equal(said(), 'NEEDS-ACTION');
  });

  test('REFRESH sends the invitation again to who is invited, once an hour', async () => {
    const { all, ann, calendar } = await asked();
    const lost = (who: string) => replyText(calendar, who, 'NEEDS-ACTION').replace('METHOD:REPLY', 'METHOD:REFRESH');
    await all.receive(ann, lost('mallory@evil.example'), 'mallory@evil.example');
    for (let times = 0; times < 3; times++) await all.receive(ann, lost(OLGA), OLGA);
    assert.deepEqual(all.told('mine'), [`REQUEST ${OLGA}`, `REQUEST ${OLGA}`]);
    all.now = new Date(all.now.getTime() + 3_600_000);
    await all.receive(ann, lost(OLGA), OLGA);
    assert.equal(all.told('mine').length, 3);
  });
});
