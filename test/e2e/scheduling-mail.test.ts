import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EasPhone, type Tag, t } from '../support/eas-phone.js';
import { address, type DavHome, eventually, startWorld, type World } from '../support/eas-phone-world.js';
import { FOREIGN_INVITATIONS } from '../support/foreign-invitations.js';
import { attendeesIn, meeting, scheduleMail } from '../support/meetings.js';
import { calendarMail, replyText } from '../support/participants.js';

const OUTSIDE = 'olga@elsewhere.example';

let world: World;
before(async () => {
  world = await startWorld();
});

const itip = (method: string, text: string, stamp = new Date()) =>
  text
    .replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`)
    .replace(/DTSTAMP:\w+/g, `DTSTAMP:${stamp.toISOString().replace(/[-:]|\.\d+/g, '')}`);

const deliver = (to: string, method: string, text: string, from = OUTSIDE) =>
  world.dovecot.deliver(to, calendarMail(from, to, method, text), from);

const textOf = async (home: DavHome, uid: string) =>
  [...(await home.list(home.calendar)).values()].find(({ text }) => text.includes(`UID:${uid}`))?.text ?? null;

/** Mail is looked at on arrival while somebody waits; a phone here does, so that seconds are enough. */
async function withPing<T>(phone: EasPhone, work: () => Promise<T>): Promise<T> {
  const inbox = phone.folder(2);
  await phone.syncAll(inbox);
  const ping = phone.ping([inbox], 60).catch(() => undefined);
  const done = await work();
  void ping;
  return done;
}

describe('invitations that come by mail (RFC 6047)', () => {
  test('an invitation is in the calendar on arrival, for every client; its update and its end too', async () => {
    const me = address('inbound');
    const [home, phone] = await Promise.all([world.dav('inbound'), world.phone('inbound')]);
    const facts = { uid: 'inbound@elsewhere.example', organizer: OUTSIDE, attendees: [me] };
    await withPing(phone, async () => {
      await sleep(300);
      await deliver(me, 'REQUEST', itip('REQUEST', meeting(facts)));
      await eventually(
        'the event',
        () => textOf(home, facts.uid),
        (text) => text !== null,
      );
    });
    const text = (await textOf(home, facts.uid)) as string;
    assert.doesNotMatch(text, /METHOD|VALARM/);
    await deliver(
      me,
      'CANCEL',
      itip('CANCEL', meeting({ ...facts, extra: ['STATUS:CANCELLED', 'SEQUENCE:1'] }), new Date(Date.now() + 5000)),
    );
    await eventually(
      'the cancellation',
      () => textOf(home, facts.uid),
      (now) => /STATUS:CANCELLED/.test(now ?? ''),
      25_000,
    );
    assert.equal(world.submission.messages.length, 0, 'nobody was answered by itself');
  });

  test('in the shapes of Exchange, Google, Apple and others: all come in, and are answered', async () => {
    const me = address('shapes');
    const home = await world.dav('shapes');
    const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    const shapes = Object.entries(FOREIGN_INVITATIONS).map(([shape, write], at) => ({
      shape,
      write,
      uid: `shape${at}@elsewhere.example`,
    }));
    for (const { write, uid } of shapes)
      await world.dovecot.deliver(me, write({ uid, organizer: OUTSIDE, attendee: me, day }), OUTSIDE);
    for (const { shape, uid } of shapes) {
      const text = await eventually(
        shape,
        () => textOf(home, uid),
        (found) => found !== null,
        60_000,
      );
      assert.match(text as string, /SUMMARY[^:]*:Büro/, shape);
    }
    for (const [path, { text, etag }] of await home.list(home.calendar)) {
      const lines = text.replace(/\r\n[ \t]/g, '').split('\r\n');
      const said = lines.map((line) => (/^ATTENDEE.*shapes@/i.test(line) ? line.replace('NEEDS-ACTION', 'ACCEPTED') : line));
      await home.put(path, said.join('\r\n'), etag);
    }
    for (const { shape, uid } of shapes) {
      const [reply] = await eventually(
        `the answer to ${shape}`,
        async () => scheduleMail(world.submission, uid),
        (all) => all.length === 1,
        60_000,
      );
      assert.deepEqual([reply?.method, reply?.to.toLowerCase(), reply?.from], ['REPLY', OUTSIDE, me], shape);
      assert.equal(attendeesIn(reply?.calendar ?? '').get(me), 'ACCEPTED', shape);
    }
  });

  test('forged, stale and broken messages change nothing', async () => {
    const me = address('forged');
    const home = await world.dav('forged');
    const uid = 'forged@example.test';
    await home.put(`${home.calendar}f.ics`, meeting({ uid, organizer: me, attendees: [OUTSIDE] }));
    const [mail] = await eventually(
      'the invitation',
      async () => scheduleMail(world.submission, uid),
      (all) => all.length === 1,
    );
    const asked = mail!.calendar;
    const answered = async (partstat: string) =>
      eventually(
        partstat,
        async () => attendeesIn((await textOf(home, uid)) ?? '').get(OUTSIDE),
        (now) => now === partstat,
        25_000,
      );

    // Another sender answers for the invitee; somebody who was not invited; an unreadable part; a bomb.
    await deliver(me, 'REPLY', replyText(asked, OUTSIDE, 'DECLINED'), 'mallory@evil.example');
    await deliver(me, 'REPLY', replyText(asked, 'mallory@evil.example', 'ACCEPTED'), 'mallory@evil.example');
    await deliver(me, 'REPLY', 'BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n');
    await deliver(me, 'CANCEL', itip('CANCEL', asked).replace(/ORGANIZER[^\r]*/, `ORGANIZER:mailto:${OUTSIDE}`));
    await deliver(me, 'REQUEST', itip('REQUEST', asked.replace('METHOD:REQUEST\r\n', '').replace('Planning', 'Taken over')));
    // Then the true one, and an older one after it.
    await deliver(me, 'REPLY', replyText(asked, OUTSIDE, 'ACCEPTED'));
    await answered('ACCEPTED');
    await deliver(me, 'REPLY', replyText(asked, OUTSIDE, 'DECLINED', '20200101T000000Z'));
    const last = 'marker@elsewhere.example';
    await deliver(me, 'REQUEST', itip('REQUEST', meeting({ uid: last, organizer: OUTSIDE, attendees: [me] })));
    await eventually(
      'the message after them',
      () => textOf(home, last),
      (text) => text !== null,
      25_000,
    );
    const text = (await textOf(home, uid)) as string;
    assert.deepEqual(
      [...attendeesIn(text)].sort(),
      [
        [me, 'ACCEPTED'],
        [OUTSIDE, 'ACCEPTED'],
      ].sort(),
    );
    assert.match(text, /SUMMARY:Planning/);
    assert.doesNotMatch(text, /CANCELLED/);
  });

  test('REFRESH brings the invitation again, COUNTER notes the answer, ADD adds a date', async () => {
    const me = address('methods');
    const home = await world.dav('methods');
    const uid = 'methods@example.test';
    await home.put(`${home.calendar}m.ics`, meeting({ uid, organizer: me, attendees: [OUTSIDE] }));
    const [mail] = await eventually(
      'the invitation',
      async () => scheduleMail(world.submission, uid),
      (all) => all.length === 1,
    );
    await deliver(me, 'REFRESH', replyText(mail!.calendar, OUTSIDE, 'NEEDS-ACTION').replace('METHOD:REPLY', 'METHOD:REFRESH'));
    await eventually(
      'it again',
      async () => scheduleMail(world.submission, uid),
      (all) => all.length === 2,
      25_000,
    );
    await deliver(me, 'COUNTER', replyText(mail!.calendar, OUTSIDE, 'TENTATIVE').replace('METHOD:REPLY', 'METHOD:COUNTER'));
    await eventually(
      'the doubt',
      async () => attendeesIn((await textOf(home, uid)) ?? '').get(OUTSIDE),
      (now) => now === 'TENTATIVE',
      25_000,
    );

    const theirs = { uid: 'add@elsewhere.example', organizer: OUTSIDE, attendees: [me] };
    await deliver(me, 'REQUEST', itip('REQUEST', meeting(theirs)));
    await eventually(
      'the event',
      () => textOf(home, theirs.uid),
      (text) => text !== null,
      25_000,
    );
    await deliver(me, 'ADD', itip('ADD', meeting({ ...theirs, hour: 15, extra: ['SEQUENCE:1'] })));
    await eventually(
      'another date',
      () => textOf(home, theirs.uid),
      (text) => /RDATE:\d{8}T150000Z/.test(text ?? ''),
      25_000,
    );
  });
});

describe('MeetingResponse to an invitation in the mailbox (MS-ASCMD 2.2.1.11)', () => {
  for (const version of ['16.1', '14.1'] as const) {
    test(`a ${version} phone is shown the request, answers it, and finds it in Deleted Items`, async () => {
      const user = `answer${version.replace('.', '')}`;
      const me = address(user);
      const [home, phone] = await Promise.all([world.dav(user), world.phone(user, { version, deviceId: user })]);
      const uid = `answer${version}@elsewhere.example`;
      const inbox = phone.folder(2);
      await phone.syncAll(inbox);
      await deliver(
        me,
        'REQUEST',
        itip(
          'REQUEST',
          meeting({ uid, organizer: OUTSIDE, attendees: [me], extra: ['LOCATION:Room 5', 'RRULE:FREQ=WEEKLY;COUNT=3'] }),
        ),
      );
      const [id, item] = (
        await eventually(
          'the mail',
          async () => {
            await phone.syncAll(inbox);
            return [...inbox.items];
          },
          (items) => items.length === 1,
        )
      )[0] as [string, Tag];
      assert.equal(item.text('Email:MessageClass'), 'IPM.Schedule.Meeting.Request');
      const request = item.child('Email:MeetingRequest')!;
      assert.equal(request.text('Email:InstanceType'), '1');
      assert.match(request.text('Email:StartTime') ?? '', /^\d{4}-\d\d-\d\dT09:00:00\.000Z$/);
      assert.equal(request.text('Email:Organizer'), OUTSIDE);
      assert.equal(Buffer.from(request.text('Email:TimeZone') ?? '', 'base64').length, 172);
      if (version === '16.1') assert.equal(request.text('Calendar:UID'), uid);
      else
        assert.ok(
          Buffer.from(request.text('Email:GlobalObjId') ?? '', 'base64')
            .toString('latin1')
            .includes(uid),
        );

      const respond = async (response: number, ...more: (Tag | undefined)[]) => {
        const asked = t(
          'MeetingResponse:Request',
          t('MeetingResponse:UserResponse', response),
          t('MeetingResponse:CollectionId', inbox.id),
          t('MeetingResponse:RequestId', id),
          more,
        );
        const answer = await phone.ask('MeetingResponse', t('MeetingResponse:MeetingResponse', asked));
        return answer.child('MeetingResponse:Result')!;
      };
      const body = t('AirSyncBase:Body', t('AirSyncBase:Type', 1), t('AirSyncBase:Data', 'Gladly'));
      const result = await respond(1, version === '16.1' ? t('MeetingResponse:SendResponse', body) : undefined);
      assert.equal(result.text('MeetingResponse:Status'), '1');
      assert.ok(result.text('MeetingResponse:CalendarId'));
      assert.equal(attendeesIn((await textOf(home, uid)) ?? '').get(me), 'ACCEPTED');
      await phone.syncAll(inbox);
      assert.equal(inbox.items.size, 0);
      const trash = phone.folder(4);
      await phone.syncAll(trash);
      assert.equal(trash.items.size, 1);

      if (version === '16.1') {
        const [reply] = await eventually(
          'the reply',
          async () => scheduleMail(world.submission, uid),
          (all) => all.length === 1,
        );
        assert.equal(reply!.to, OUTSIDE);
        assert.match(reply!.calendar, /METHOD:REPLY/);
        assert.match(reply!.calendar, /PARTSTAT=ACCEPTED/);
        assert.match(reply!.calendar, /COMMENT:Gladly/);
      } else {
        await sleep(500);
        assert.equal(scheduleMail(world.submission, uid).length, 0, 'the phone mails itself');
      }
      assert.equal((await respond(1)).text('MeetingResponse:Status'), '2', 'the request has gone');
    });
  }

  test('one occurrence is declined, another time is proposed (16.1)', async () => {
    const me = address('instance');
    const [home, phone] = await Promise.all([world.dav('instance'), world.phone('instance')]);
    const uid = 'instance@elsewhere.example';
    const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    await deliver(
      me,
      'REQUEST',
      itip('REQUEST', meeting({ uid, organizer: OUTSIDE, attendees: [me], day, rule: 'FREQ=DAILY;COUNT=3' })),
    );
    const calendar = phone.folder(8);
    await eventually(
      'the event',
      async () => {
        await phone.syncAll(calendar);
        return calendar.items.size;
      },
      (size) => size === 1,
      25_000,
    );
    const [[id]] = [...calendar.items] as [[string, Tag]];
    const respond = async (...elements: Tag[]) => {
      const named = [t('MeetingResponse:CollectionId', calendar.id), t('MeetingResponse:RequestId', id)];
      const request = t('MeetingResponse:Request', elements[0], named, elements.slice(1));
      const answer = await phone.ask('MeetingResponse', t('MeetingResponse:MeetingResponse', request));
      return answer.child('MeetingResponse:Result')!.text('MeetingResponse:Status');
    };
    const proposal = [
      t('MeetingResponse:ProposedStartTime', `${day}T120000Z`),
      t('MeetingResponse:ProposedEndTime', `${day}T130000Z`),
    ];
    assert.equal(await respond(t('MeetingResponse:UserResponse', 2), t('MeetingResponse:SendResponse', proposal)), '1');
    const [counter] = await eventually(
      'the proposal',
      async () => scheduleMail(world.submission, uid),
      (all) => all.length === 1,
    );
    assert.equal(counter!.method, 'COUNTER');
    assert.match(counter!.calendar, new RegExp(`DTSTART:${day}T120000Z`));

    const second = new Date(Date.now() + 41 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    const instance = t('MeetingResponse:InstanceId', `${second}T090000Z`);
    assert.equal(await respond(t('MeetingResponse:UserResponse', 3), instance, t('MeetingResponse:SendResponse')), '1');
    const mails = await eventually(
      'the refusal',
      async () => scheduleMail(world.submission, uid),
      (all) => all.length === 2,
    );
    assert.match(mails[1]!.calendar, new RegExp(`RECURRENCE-ID:${second}T090000Z`));
    assert.match(mails[1]!.calendar, /PARTSTAT=DECLINED/);
    assert.match((await textOf(home, uid)) ?? '', new RegExp(`EXDATE:${second}T090000Z`));
    const none = t('MeetingResponse:InstanceId', '20200101T090000Z');
    assert.equal(await respond(t('MeetingResponse:UserResponse', 1), none), '2');
  });

  test('a client that invites by mail itself and stores the event: one mail (16.x add-ons, SendMail)', async () => {
    const me = address('double');
    const [home, phone] = await Promise.all([world.dav('double'), world.phone('double')]);
    const facts = { uid: 'double@example.test', organizer: me, attendees: [OUTSIDE] };
    const mail = calendarMail(me, OUTSIDE, 'REQUEST', itip('REQUEST', meeting(facts)));
    await phone.sendMail(mail);
    await home.put(`${home.calendar}double.ics`, meeting(facts));
    await sleep(500);
    assert.equal(scheduleMail(world.submission, facts.uid).length, 1, 'mail first, then the event');
    const other = { ...facts, uid: 'double2@example.test' };
    await home.put(`${home.calendar}double2.ics`, meeting(other));
    await eventually(
      'the invitation',
      async () => scheduleMail(world.submission, other.uid).length,
      (count) => count === 1,
    );
    await phone.sendMail(calendarMail(me, OUTSIDE, 'REQUEST', itip('REQUEST', meeting(other))));
    await sleep(300);
    assert.equal(scheduleMail(world.submission, other.uid).length, 1, 'event first, then the mail');
  });
});
