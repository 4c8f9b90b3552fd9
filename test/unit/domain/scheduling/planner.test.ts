import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Session } from '../../../../src/domain/types.js';
import { attendeesIn, type MeetingFacts, meeting } from '../../../support/meetings.js';
import { SchedulingStage } from '../../../support/scheduling-stage.js';

const OLGA = 'olga@elsewhere.example';
const BOB = 'bob@example.org';

/** A stage with an organizer here, and a colleague. */
function stage() {
  const all = new SchedulingStage();
  return { all, ann: all.person('ann', { aliases: ['anna@example.org'] }), bob: all.person('bob') };
}

const at = (facts: Partial<MeetingFacts> & { readonly uid: string }) =>
  meeting({ organizer: 'ann@example.org', attendees: [OLGA], day: '20261210', extra: [], ...facts });

const silent = (s: Session, scheduling: 'client' | 'off'): Session => ({ ...s, scheduling });

describe('who is told of a change, once', () => {
  test('one mail to those elsewhere, the event to those here; the same text again, and what concerns nobody, is told to nobody', async () => {
    const { all, ann, bob } = stage();
    const facts = { uid: 'once', attendees: [OLGA, BOB] };
    const stored = await all.put(ann, at(facts));
    assert.deepEqual(all.told('once'), [`REQUEST ${OLGA}`]);
    assert.match(stored, /SCHEDULE-STATUS=1\.0:mailto:olga/);
    assert.match(stored, /SCHEDULE-STATUS=1\.2:mailto:bob/);
    assert.match(all.textOf(ann, 'once'), /SCHEDULE-STATUS=1\.1:mailto:olga/);
    assert.match(all.textOf(bob, 'once'), /SUMMARY:Planning/);
    assert.deepEqual(
      all.inboxes.map(({ account, method }) => `${account} ${method}`),
      ['bob REQUEST'],
    );

    await all.put(ann, at(facts));
    const mine = [
      'X-MOZ-LASTACK:20261101T000000Z',
      'CATEGORIES:Work',
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      'TRIGGER:-PT5M',
      'END:VALARM',
    ];
    await all.put(ann, at({ ...facts, extra: mine }));
    assert.equal(all.sent.length, 1);
    await all.put(ann, at({ ...facts, summary: 'Review' }));
    await all.put(ann, at({ ...facts, summary: 'Review' }));
    assert.deepEqual(all.told('once'), [`REQUEST ${OLGA}`, `REQUEST ${OLGA}`]);
    await all.remove(ann, 'once');
    assert.deepEqual(all.told('once').slice(2), [`CANCEL ${OLGA}`]);
    assert.match(all.textOf(bob, 'once'), /STATUS:CANCELLED/);
    assert.deepEqual([all.jobs.size, all.errors], [0, []]);
  });

  test('what is over is told to nobody, nor is its end; what becomes over was still to come', async () => {
    const { all, ann } = stage();
    await all.put(ann, at({ uid: 'past', day: '20260110' }));
    await all.put(ann, at({ uid: 'past', day: '20260110', summary: 'Afterwards' }));
    await all.remove(ann, 'past');
    assert.deepEqual(all.told('past'), []);
    await all.put(ann, at({ uid: 'soon' }));
    all.now = new Date('2026-12-11T00:00:00Z');
    await all.remove(ann, 'soon');
    assert.deepEqual(all.told('soon'), [`REQUEST ${OLGA}`], 'deleted when it was over');
    const put = { uid: 'back', day: '20261220' };
    await all.put(ann, at(put));
    await all.put(ann, at({ ...put, day: '20261201' }));
    assert.deepEqual(all.told('back'), [`REQUEST ${OLGA}`, `REQUEST ${OLGA}`], 'moved into the past');
  });

  test('an import with answers in it, a restore, and a MOVE tell nobody; a series that goes on is none of the past', async () => {
    const { all, ann } = stage();
    await all.put(ann, at({ uid: 'import', partstat: 'ACCEPTED' }));
    await all.put(silent(ann, 'off'), at({ uid: 'restored' }));
    await all.put(ann, at({ uid: 'foreign', organizer: OLGA, attendees: ['ann@example.org'], partstat: 'ACCEPTED' }));
    assert.deepEqual(all.sent, []);
    await all.put(ann, at({ uid: 'daily', day: '20200101', rule: 'FREQ=DAILY' }));
    assert.deepEqual(all.told('daily'), [`REQUEST ${OLGA}`]);
  });

  test('SCHEDULE-AGENT: CLIENT and NONE are left alone, SERVER and unheard-of words are not', async () => {
    const { all, ann, bob } = stage();
    const lines = [
      `ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:${OLGA}`,
      `ATTENDEE;SCHEDULE-AGENT=none:mailto:${BOB}`,
      'ATTENDEE;SCHEDULE-AGENT=SERVER:mailto:ida@elsewhere.example',
      'ATTENDEE;SCHEDULE-AGENT=X-ROBOT:mailto:rob@elsewhere.example',
    ];
    await all.put(ann, at({ uid: 'agent', attendees: [], extra: lines }));
    assert.deepEqual(all.told('agent'), ['REQUEST ida@elsewhere.example', 'REQUEST rob@elsewhere.example']);
    assert.equal(all.textOf(bob, 'agent'), '');
    for (const { calendar } of all.mails('agent')) assert.doesNotMatch(calendar, /SCHEDULE-/);
    const theirs = at({ uid: 'reply', organizer: OLGA, attendees: ['ann@example.org'] });
    await all.receive(ann, request(theirs), OLGA);
    const mine = all.textOf(ann, 'reply').replace('ORGANIZER:', 'ORGANIZER;SCHEDULE-AGENT=CLIENT:');
    await all.put(ann, answered(mine, 'ann@example.org', 'ACCEPTED'));
    assert.deepEqual(all.told('reply'), []);
  });

  test('SCHEDULE-FORCE-SEND sends again, once, and is not kept (RFC 6638 §7.2)', async () => {
    const { all, ann } = stage();
    await all.put(ann, at({ uid: 'force' }));
    const forced = at({ uid: 'force', attendees: [], extra: [`ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST:mailto:${OLGA}`] });
    const stored = await all.put(ann, forced);
    assert.deepEqual(all.told('force'), [`REQUEST ${OLGA}`, `REQUEST ${OLGA}`]);
    assert.doesNotMatch(stored, /FORCE-SEND/);
    await all.put(ann, stored);
    assert.equal(all.told('force').length, 2);

    await all.receive(ann, request(at({ uid: 'again', organizer: OLGA, attendees: ['ann@example.org'] })), OLGA);
    const yes = answered(all.textOf(ann, 'again'), 'ann@example.org', 'ACCEPTED');
    await all.put(ann, yes);
    await all.put(ann, all.textOf(ann, 'again').replace(/ORGANIZER[^:]*:/, 'ORGANIZER;SCHEDULE-FORCE-SEND=REPLY:'));
    assert.deepEqual(all.told('again'), [`REPLY ${OLGA}`, `REPLY ${OLGA}`]);
    assert.doesNotMatch(all.textOf(ann, 'again'), /FORCE-SEND/);
  });

  test('who has no mail address is marked as out of reach (SCHEDULE-STATUS 3.7)', async () => {
    const { all, ann } = stage();
    const stored = await all.put(ann, at({ uid: 'tel', attendees: [], extra: ['ATTENDEE;CN=Tel:tel:+491234'] }));
    assert.match(stored, /ATTENDEE;CN=Tel;SCHEDULE-STATUS=3\.7:tel:/);
    assert.equal(all.sent.length, 0);
  });

  test('a phone up to 14.1 mails itself: the gateway tells only those here, and repeats nothing later', async () => {
    const { all, ann, bob } = stage();
    const phone = silent(ann, 'client');
    const facts = { uid: 'phone', attendees: [OLGA, BOB] };
    const stored = await all.put(phone, at(facts));
    assert.deepEqual(all.told('phone'), []);
    assert.doesNotMatch(stored, /SCHEDULE-STATUS=[^:]*:mailto:olga/);
    assert.match(all.textOf(bob, 'phone'), /SUMMARY/);
    const raw = (method: string, text: string) => mailOf(ann.user.address, OLGA, method, text);
    await all.scheduling.sentMail.note(ann, raw('REQUEST', request(at(facts))));
    await all.put(ann, at(facts));
    assert.deepEqual(all.told('phone'), [], 'the phone has said it');
    await all.put(ann, at({ ...facts, hour: 15 }));
    assert.deepEqual(all.told('phone'), [`REQUEST ${OLGA}`], 'another client moves it');
    const moved = request(all.textOf(ann, 'phone'));
    assert.equal(await all.scheduling.sentMail.isRepeated(ann, raw('REQUEST', moved)), true, 'held back');
    assert.equal(await all.scheduling.sentMail.isRepeated(bob, raw('REQUEST', moved)), false);
    assert.equal(await all.scheduling.sentMail.isRepeated(ann, Buffer.from('no mail at all')), false);
  });

  test('an alias of the organizer is the organizer, and the message goes out under it', async () => {
    const { all, ann } = stage();
    await all.put(ann, at({ uid: 'alias', organizer: 'anna@example.org', attendees: [OLGA, 'ann+x@example.org'] }));
    assert.deepEqual(
      all.mails('alias').map(({ from, to }) => [from, to]),
      [['anna@example.org', OLGA]],
    );
  });

  test('a meeting made anew under its old UID goes on counting, so that nobody takes it for an old one', async () => {
    const { all, ann } = stage();
    await all.put(ann, at({ uid: 'anew', extra: ['SEQUENCE:4'] }));
    await all.remove(ann, 'anew');
    const stored = await all.put(ann, at({ uid: 'anew' }));
    assert.match(stored, /SEQUENCE:5/);
    assert.deepEqual(all.told('anew'), [`REQUEST ${OLGA}`, `CANCEL ${OLGA}`, `REQUEST ${OLGA}`]);
  });
});

describe('what an attendee does with the own copy', () => {
  test('each answer is told once; taking it off the calendar declines, unless that was said or it is off', async () => {
    const { all, ann, bob } = stage();
    await all.put(ann, at({ uid: 'mine', attendees: [BOB] }));
    const me = bob.user.address;
    for (const answer of ['ACCEPTED', 'ACCEPTED', 'TENTATIVE'] as const) {
      await all.put(bob, answered(all.textOf(bob, 'mine'), me, answer));
      assert.equal(attendeesIn(all.textOf(ann, 'mine')).get(me), answer);
    }
    const replies = () => all.inboxes.filter(({ account, method }) => account === 'ann' && method === 'REPLY').length;
    assert.equal(replies(), 2);
    await all.remove(bob, 'mine');
    assert.equal(attendeesIn(all.textOf(ann, 'mine')).get(me), 'DECLINED');
    assert.equal(replies(), 3);

    await all.put(ann, at({ uid: 'off', attendees: [BOB] }));
    await all.remove(ann, 'off');
    await all.remove(bob, 'off');
    assert.equal(replies(), 3, 'what is off needs no answer');
    assert.equal(all.sent.length, 0);
  });

  test('times and organizer are not theirs to change; alarms and categories are', async () => {
    const { all, ann, bob } = stage();
    await all.put(ann, at({ uid: 'fixed', attendees: [BOB] }));
    const text = all.textOf(bob, 'fixed');
    const refused = (changed: string) =>
      assert.rejects(all.put(bob, changed), { kind: 'forbidden', reason: 'allowed-attendee-scheduling-object-change' });
    await refused(text.replace('T090000Z', 'T093000Z'));
    await refused(text.replace(/ORGANIZER[^\r]*/, 'ORGANIZER:mailto:ida@example.org'));
    await all.put(bob, text.replace('END:VEVENT', 'CATEGORIES:mine\r\nEND:VEVENT'));
    assert.equal(all.inboxes.filter(({ account }) => account === 'ann').length, 0);
  });

  test('a delegate’s answer is the owner’s, and says who sent it', async () => {
    const { all, ann, bob } = stage();
    await all.receive(ann, request(at({ uid: 'for', organizer: OLGA, attendees: ['ann@example.org'] })), OLGA);
    await all.put(bob, answered(all.textOf(ann, 'for'), 'ann@example.org', 'ACCEPTED'), all.calendar(ann, bob));
    assert.deepEqual(all.told('for'), [`REPLY ${OLGA}`]);
    assert.deepEqual(
      all.sent.map(({ account, onBehalfOf }) => [account, onBehalfOf]),
      [['bob', 'ann']],
    );
    assert.match(all.mails('for')[0]?.calendar ?? '', /SENT-BY="mailto:bob@example\.org"/);
    assert.equal(all.itemOf(bob, 'for'), undefined);
  });
});

function request(text: string): string {
  return text.replace('VERSION:2.0', 'VERSION:2.0\r\nMETHOD:REQUEST');
}

function answered(text: string, who: string, partstat: string): string {
  return text.replace(new RegExp(`ATTENDEE[^\r]*:mailto:${who}`), (line) =>
    line.replace(/;PARTSTAT=[A-Z-]+/, `;PARTSTAT=${partstat}`),
  );
}

function mailOf(from: string, to: string, method: string, calendar: string): Buffer {
  const lines = [
    `From: ${from}`,
    `To: ${to}`,
    'MIME-Version: 1.0',
    `Content-Type: text/calendar; charset=utf-8; method=${method}`,
    '',
    calendar,
  ];
  return Buffer.from(lines.join('\r\n'));
}
