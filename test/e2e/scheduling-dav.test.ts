import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { address, type DavHome, eventually, startWorld, type World } from '../support/eas-phone-world.js';
import { attendeesIn, calendarsOf, meeting, scheduleMail } from '../support/meetings.js';

/** Long enough for a message that must not go out to have gone out. */
const QUIET = 400;

let world: World;
before(async () => {
  world = await startWorld();
});

/** An organizer and two invitees of their own for each story. */
async function people(story: string) {
  const names = [`${story}-org`, `${story}-a`, `${story}-b`] as const;
  const [organizer, a, b] = (await Promise.all(names.map((name) => world.dav(name)))) as [DavHome, DavHome, DavHome];
  return { organizer, a, b, addresses: names.map(address) as [string, string, string] };
}

/** The only object of a calendar once it satisfies; what it says of somebody is a matter of seconds. */
const only = (home: DavHome, what: string, done: (text: string) => boolean = () => true) =>
  eventually(
    what,
    async () => [...(await home.list(home.calendar))].map(([path, { etag, text }]) => ({ path, etag, text })),
    (all) => all.length === 1 && done(all[0]!.text),
  ).then((all) => all[0]!);

const none = (home: DavHome) =>
  eventually(
    'nothing',
    async () => [...(await home.list(home.calendar)).keys()],
    (all) => all.length === 0,
  );

describe('implicit scheduling between CalDAV users of this gateway (RFC 6638)', () => {
  test('invite, accept, reschedule, accept again, cancel: copies agree and no mail is sent', async () => {
    const { organizer, a, b, addresses } = await people('life');
    const [boss, ann, bob] = addresses;
    const uid = 'life-cycle@example.test';
    const path = `${organizer.calendar}meeting.ics`;
    await organizer.put(path, meeting({ uid, organizer: boss, attendees: [ann, bob] }));

    const invited = await only(a, 'an invitation');
    assert.match(invited.text, /SUMMARY:Planning/);
    assert.doesNotMatch(invited.text, /METHOD|VALARM|SCHEDULE-STATUS/);
    assert.equal(attendeesIn(invited.text).get(ann), 'NEEDS-ACTION');
    await only(b, 'an invitation for the other');
    const mine = await only(organizer, 'delivery status', (text) => /SCHEDULE-STATUS=1\.2/.test(text));

    await a.put(invited.path, answer(invited.text, ann, 'ACCEPTED'), invited.etag);
    const accepted = await only(organizer, 'the answer', (text) => attendeesIn(text).get(ann) === 'ACCEPTED');
    assert.equal(attendeesIn(accepted.text).get(bob), 'NEEDS-ACTION');
    assert.notEqual(accepted.etag, mine.etag);

    const moved = accepted.text
      .replace(/DTSTART:(\d{8})T090000Z/, 'DTSTART:$1T100000Z')
      .replace(/DTEND:(\d{8})T100000Z/, 'DTEND:$1T110000Z');
    await organizer.put(path, moved, accepted.etag);
    const asked = await only(a, 'the new time', (text) => /DTSTART:\d{8}T100000Z/.test(text));
    assert.equal(attendeesIn(asked.text).get(ann), 'NEEDS-ACTION');
    assert.match(asked.text, /SEQUENCE:1/);
    await a.put(asked.path, answer(asked.text, ann, 'ACCEPTED'), asked.etag);
    await only(organizer, 'the second answer', (text) => attendeesIn(text).get(ann) === 'ACCEPTED');

    await organizer.remove(path);
    await only(a, 'the cancellation', (text) => /STATUS:CANCELLED/.test(text));
    await only(b, 'the cancellation for the other', (text) => /STATUS:CANCELLED/.test(text));
    assert.equal(scheduleMail(world.submission, uid).length, 0);
  });

  test('attendees are added and removed', async () => {
    const { organizer, a, b, addresses } = await people('list');
    const [boss, ann, bob] = addresses;
    const facts = { uid: 'list@example.test', organizer: boss };
    const path = `${organizer.calendar}list.ics`;
    await organizer.put(path, meeting({ ...facts, attendees: [ann] }));
    await only(a, 'an invitation');
    await none(b);
    await organizer.put(path, meeting({ ...facts, attendees: [ann, bob] }));
    await only(b, 'an invitation');
    await organizer.put(path, meeting({ ...facts, attendees: [bob] }));
    await only(a, 'the cancellation', (text) => /STATUS:CANCELLED/.test(text));
    assert.doesNotMatch((await only(b, 'unchanged')).text, /CANCELLED/);
    await organizer.put(path, meeting({ ...facts, attendees: [ann, bob] }));
    await only(a, 'invited again', (text) => !/CANCELLED/.test(text));
  });

  test('one occurrence of a series: moved, declined, removed', async () => {
    const { organizer, a, addresses } = await people('series');
    const [boss, ann] = addresses;
    const facts = { uid: 'series@example.test', organizer: boss, attendees: [ann], rule: 'FREQ=DAILY;COUNT=5' };
    const path = `${organizer.calendar}series.ics`;
    const [, second, third] = calendarsOf(facts);
    await organizer.put(path, meeting(facts));
    const invited = await only(a, 'the series');
    await a.put(invited.path, answer(invited.text, ann, 'ACCEPTED'), invited.etag);
    const stored = await only(organizer, 'the answer', (text) => attendeesIn(text).get(ann) === 'ACCEPTED');

    const moved = [
      'BEGIN:VEVENT',
      `UID:${facts.uid}`,
      'DTSTAMP:20260101T000000Z',
      `RECURRENCE-ID:${second}`,
      `DTSTART:${second!.replace('T09', 'T15')}`,
      `DTEND:${second!.replace('T09', 'T16')}`,
      'SUMMARY:Planning',
      `ORGANIZER:mailto:${boss}`,
      `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${boss}`,
      `ATTENDEE;PARTSTAT=ACCEPTED:mailto:${ann}`,
      'END:VEVENT',
      '',
    ].join('\r\n');
    await organizer.put(path, stored.text.replace('END:VCALENDAR', `${moved}END:VCALENDAR`), stored.etag);
    const copy = await only(a, 'the moved occurrence', (text) => text.includes(`RECURRENCE-ID:${second}`));
    assert.match(copy.text, new RegExp(`DTSTART:${second!.replace('T09', 'T15')}`));

    await a.put(copy.path, copy.text.replace('RRULE:', `EXDATE:${third}\r\nRRULE:`), copy.etag);
    const declined = await only(organizer, 'the declined occurrence', (text) => text.includes(`RECURRENCE-ID:${third}`));
    assert.match(declined.text.replace(/\r\n /g, ''), /PARTSTAT=DECLINED[^\r]*series-a@/);

    await organizer.put(path, declined.text.replace('RRULE:', `EXDATE:${second}\r\nRRULE:`).replace(moved, ''), declined.etag);
    await only(a, 'the removed occurrence', (text) => text.includes(`EXDATE:${second}`));
  });

  test('an attendee who deletes the event declines it', async () => {
    const { organizer, a, addresses } = await people('delete');
    const [boss, ann] = addresses;
    await organizer.put(`${organizer.calendar}d.ics`, meeting({ uid: 'delete@example.test', organizer: boss, attendees: [ann] }));
    const invited = await only(a, 'an invitation');
    await a.remove(invited.path);
    await only(organizer, 'the refusal', (text) => attendeesIn(text).get(ann) === 'DECLINED');
  });

  test('what an attendee may not change is refused (RFC 6638 §3.2.4.3), and so is another organizer (§3.2.4.1)', async () => {
    const { organizer, a, addresses } = await people('refuse');
    const [boss, ann] = addresses;
    const path = `${organizer.calendar}r.ics`;
    await organizer.put(path, meeting({ uid: 'refuse@example.test', organizer: boss, attendees: [ann] }));
    const invited = await only(a, 'an invitation');
    const moved = await a.client.request('PUT', invited.path, {
      body: invited.text.replace('T090000Z', 'T093000Z'),
      headers: ICS,
    });
    assert.equal(moved.status, 403);
    assert.match(moved.text, /allowed-attendee-scheduling-object-change/);
    const stored = await only(organizer, 'the meeting');
    const given = await organizer.client.request('PUT', path, {
      body: stored.text.replace(/ORGANIZER:mailto:[^\r]+/, `ORGANIZER:mailto:${ann}`),
      headers: ICS,
    });
    assert.equal(given.status, 403);
    assert.match(given.text, /allowed-organizer-scheduling-object-change/);
  });

  test('Schedule-Tag stays when only an answer comes in, and lets the organizer write on (RFC 6638 §3.2.10)', async () => {
    const { organizer, a, addresses } = await people('tag');
    const [boss, ann] = addresses;
    const path = `${organizer.calendar}t.ics`;
    await organizer.put(path, meeting({ uid: 'tag@example.test', organizer: boss, attendees: [ann] }));
    const first = await organizer.client.request('GET', path);
    const invited = await only(a, 'an invitation');
    await a.put(invited.path, answer(invited.text, ann, 'TENTATIVE'), invited.etag);
    await only(organizer, 'the answer', (text) => attendeesIn(text).get(ann) === 'TENTATIVE');
    const second = await organizer.client.request('GET', path);
    assert.ok(first.headers['schedule-tag']);
    assert.equal(second.headers['schedule-tag'], first.headers['schedule-tag']);
    assert.notEqual(second.headers.etag, first.headers.etag);
    const body = first.text.replace('SUMMARY:Planning', 'SUMMARY:Planning II');
    const headers = { ...ICS, 'if-schedule-tag-match': String(first.headers['schedule-tag']) };
    const put = await organizer.client.request('PUT', path, { body, headers });
    assert.equal(put.status, 204, put.text);
    const merged = await only(organizer, 'both changes', (text) => text.includes('Planning II'));
    assert.equal(attendeesIn(merged.text).get(ann), 'TENTATIVE');
    await only(a, 'the new title', (text) => text.includes('Planning II'));
  });

  test('nothing is sent for the past, on import, COPY and MOVE, to SCHEDULE-AGENT=CLIENT, or twice', async () => {
    const { organizer, a, b, addresses } = await people('quiet');
    const [boss, ann, bob] = addresses;
    const outside = 'outside@elsewhere.example';
    const put = (name: string, facts: Parameters<typeof meeting>[0]) =>
      organizer.put(`${organizer.calendar}${name}`, meeting(facts));
    await put('past.ics', { uid: 'past@x', organizer: boss, attendees: [ann, outside], day: '20200106' });
    await put('import.ics', { uid: 'import@x', organizer: boss, attendees: [ann, outside], partstat: 'ACCEPTED' });
    await put('foreign.ics', { uid: 'foreign@x', organizer: outside, attendees: [boss, ann], partstat: 'ACCEPTED' });
    await put('agent.ics', {
      uid: 'agent@x',
      organizer: boss,
      attendees: [],
      extra: [`ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:${outside}`, `ATTENDEE;SCHEDULE-AGENT=NONE:mailto:${ann}`],
    });
    const copied = await organizer.client.request('COPY', `${organizer.calendar}past.ics`, {
      headers: { destination: new URL(`${organizer.calendar}moved.ics`, world.gateway.url).href },
    });
    assert.equal(copied.status, 403, 'one UID is one object (RFC 4791 §5.3.2.1)');
    const moved = await organizer.client.request('MOVE', `${organizer.calendar}import.ics`, {
      headers: { destination: new URL(`${organizer.calendar}import-moved.ics`, world.gateway.url).href },
    });
    assert.equal(moved.status, 201);
    await sleep(QUIET);
    await none(a);
    await none(b);
    assert.equal(world.submission.messages.length, 0);
    const again = { uid: 'again@x', organizer: boss, attendees: [bob, outside] };
    await put('again.ics', again);
    await eventually(
      'one mail',
      async () => scheduleMail(world.submission, 'again@x').length,
      (count) => count === 1,
    );
    const { etag } = await only(b, 'one invitation');
    await put('again.ics', again);
    await put('again.ics', {
      ...again,
      extra: ['X-NOBODY-ELSE:cares', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', 'TRIGGER:-PT5M', 'END:VALARM'],
    });
    await sleep(QUIET);
    assert.equal(scheduleMail(world.submission, 'again@x').length, 1);
    assert.equal((await only(b, 'the same')).etag, etag);
  });
});

describe('others get mail (RFC 6047)', () => {
  test('one REQUEST each from the organizer; its result is written back; one CANCEL each', async () => {
    const { organizer, addresses } = await people('imip');
    const [boss] = addresses;
    const uid = 'imip@example.test';
    const others = ['ada@elsewhere.example', 'ben@elsewhere.example'];
    const path = `${organizer.calendar}mail.ics`;
    await organizer.put(path, meeting({ uid, organizer: boss, attendees: others }));
    await only(organizer, 'the result', (text) => text.match(/SCHEDULE-STATUS=1\.1/g)?.length === 2);
    const mails = scheduleMail(world.submission, uid);
    assert.deepEqual(mails.map(({ to }) => to).sort(), others);
    for (const mail of mails) {
      assert.equal(mail.from, boss);
      assert.equal(mail.method, 'REQUEST');
      assert.match(mail.raw, /^From: .*imip-org@example\.test/m);
      assert.match(mail.raw, /Content-Type: multipart\/alternative/i);
      assert.match(mail.raw, /Content-Type: text\/calendar; charset=utf-8; method=REQUEST/i);
      assert.match(mail.raw, /filename="?invite\.ics/);
      assert.doesNotMatch(mail.calendar, /SCHEDULE-|VALARM/);
    }
    await organizer.remove(path);
    const sent = await eventually(
      'cancellations',
      async () => scheduleMail(world.submission, uid),
      (all) => all.length === 4,
    );
    assert.deepEqual(
      sent.slice(2).map(({ method }) => method),
      ['CANCEL', 'CANCEL'],
    );
  });
});

const ICS = { 'content-type': 'text/calendar; charset=utf-8' };

/** The text with another answer of one attendee, as a client writes it. */
function answer(text: string, who: string, partstat: string): string {
  const lines = text.replace(/\r\n[ \t]/g, '').split('\r\n');
  const changed = lines.map((line) =>
    line.startsWith('ATTENDEE') && line.toLowerCase().endsWith(`mailto:${who}`)
      ? line.replace(/;PARTSTAT=[A-Z-]+/, '').replace(':mailto:', `;PARTSTAT=${partstat}:mailto:`)
      : line,
  );
  return changed.join('\r\n');
}

test('two hundred attendees here have the invitation in their calendars', async () => {
  const organizer = await world.dav('crowd-org');
  const names = Array.from({ length: 200 }, (_, at) => `crowd-${at}`);
  // Their accounts exist from their first login on.
  for (let start = 0; start < names.length; start += 20)
    await Promise.all(names.slice(start, start + 20).map((name) => world.dav(name)));
  const last = await world.dav(names.at(-1)!);
  const started = Date.now();
  await organizer.put(
    `${organizer.calendar}crowd.ics`,
    meeting({ uid: 'crowd@x', organizer: address('crowd-org'), attendees: names.map(address) }),
  );
  const stored = Date.now() - started;
  await only(last, 'the invitation');
  const all = await Promise.all(names.slice(0, 5).map((name) => world.dav(name)));
  for (const home of all) await only(home, 'an invitation');
  const delivered = Date.now() - started;
  console.log(`stored after ${stored} ms, with the last after ${delivered} ms`);
  assert.equal(scheduleMail(world.submission, 'crowd@x').length, 0);
});
