import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type EasPhone, t } from '../support/eas-phone.js';
import type { PhoneFolder } from '../support/eas-phone-model.js';
import { address, type DavHome, eventually, startWorld, type World } from '../support/eas-phone-world.js';
import { attendeesIn, meeting, scheduleMail } from '../support/meetings.js';
import { calendarMail, replyText, watchInbox } from '../support/participants.js';

const OUTSIDE = 'olga@elsewhere.example';

let world: World;
/** Owners in whose name the submission server lets nobody else write. */
const strict = new Set<string>();
before(async () => {
  world = await startWorld({
    submission: {
      refuse: ({ user, raw }) => {
        const from = /^From: (?:.*<)?([^\s<>]+@[^\s<>]+)>?\r$/m.exec(raw.toString('latin1'))?.[1] ?? '';
        return strict.has(from) && user !== from ? { code: 553, text: '5.7.1 not your address' } : undefined;
      },
    },
  });
});

interface Office {
  readonly boss: DavHome;
  readonly bossAddress: string;
  readonly secretary: DavHome;
  readonly secretaryAddress: string;
  /** The boss's calendar as the secretary sees it. */
  readonly shared: string;
}

/** A boss whose calendar a secretary may write. */
async function office(story: string, access = 'write'): Promise<Office> {
  const [bossAddress, secretaryAddress] = [address(`${story}-boss`), address(`${story}-secretary`)];
  const [boss, secretary] = await Promise.all([world.dav(`${story}-boss`), world.dav(`${story}-secretary`)]);
  const before = new Set(await calendars(secretary, secretaryAddress));
  const body = `<acl xmlns="DAV:"><ace><principal><href>/dav/principals/${encodeURIComponent(secretaryAddress)}/</href></principal><grant><privilege><${access}/></privilege></grant></ace></acl>`;
  const { status, text } = await boss.client.request('ACL', boss.calendar, {
    body,
    headers: { 'content-type': 'application/xml' },
  });
  assert.equal(status, 200, text);
  const shared = (await calendars(secretary, secretaryAddress)).find((path) => !before.has(path));
  assert.ok(shared, 'the calendar is in the secretary’s home');
  return { boss, bossAddress, secretary, secretaryAddress, shared };
}

async function calendars({ client }: DavHome, user: string): Promise<string[]> {
  const { responses } = await client.propfind(`/dav/calendars/${encodeURIComponent(user)}/`, ['{DAV:}displayname'], 1);
  return responses.map(({ href }) => href);
}

const textOf = async (home: DavHome, path: string, uid: string) => {
  const found = [...(await home.list(path))].find(([, { text }]) => text.includes(`UID:${uid}`));
  return found ? { path: found[0], etag: found[1].etag, text: found[1].text.replace(/\r\n[ \t]/g, '') } : null;
};

const copy = (home: DavHome, path: string, uid: string, done: (text: string) => boolean = () => true) =>
  eventually(
    uid,
    () => textOf(home, path, uid),
    (found) => found !== null && done(found.text),
    60_000,
  ) as Promise<{ path: string; etag: string; text: string }>;

const mails = (uid: string, count: number) =>
  eventually(
    `${count} mails`,
    async () => scheduleMail(world.submission, uid),
    (all) => all.length === count,
    60_000,
  );

/** Something else that goes the same way, after which what must not be sent would have been sent. */
async function later({ boss, bossAddress }: Office, uid: string): Promise<void> {
  const to = 'marker@elsewhere.example';
  await boss.put(`${boss.calendar}${uid}.ics`, meeting({ uid, organizer: bossAddress, attendees: [to] }));
  await mails(uid, 1);
}

const invite = (to: string, uid: string, organizer = OUTSIDE, stamp = new Date()) => {
  const text = meeting({ uid, organizer, attendees: [to] })
    .replace('VERSION:2.0', 'VERSION:2.0\r\nMETHOD:REQUEST')
    .replace(/DTSTAMP:\w+/, `DTSTAMP:${stamp.toISOString().replace(/[-:]|\.\d+/g, '')}`);
  return world.dovecot.deliver(to, calendarMail(organizer, to, 'REQUEST', text), organizer);
};

describe('delegates: who may write a calendar organizes and answers in its owner’s name', () => {
  test('CalDAV: the owner invites, the delegate sends; answers reach the owner’s calendar', async () => {
    const at = await office('dav');
    const colleague = await world.dav('dav-colleague');
    await watchInbox(world, 'dav-boss');
    const uid = 'dav-delegate@example.test';
    const attendees = [address('dav-colleague'), OUTSIDE];
    await at.secretary.put(`${at.shared}d.ics`, meeting({ uid, organizer: at.bossAddress, attendees }));

    const [mail] = await mails(uid, 1);
    assert.equal(mail?.from, at.secretaryAddress, 'the envelope is who sends');
    assert.match(mail?.raw ?? '', new RegExp(`^From: .*${at.bossAddress}`, 'm'));
    assert.match(mail?.raw ?? '', new RegExp(`^Sender: .*${at.secretaryAddress}`, 'm'));
    assert.match(mail?.calendar ?? '', new RegExp(`ORGANIZER;SENT-BY="mailto:${at.secretaryAddress}":mailto:${at.bossAddress}`));
    assert.equal(world.submission.messages.at(-1)?.user, at.secretaryAddress);
    const invited = await copy(colleague, colleague.calendar, uid);
    assert.match(invited.text, new RegExp(`ORGANIZER[^\r]*:mailto:${at.bossAddress}`));
    const stored = await copy(at.boss, at.boss.calendar, uid, (text) => /SCHEDULE-STATUS=1\.1/.test(text));
    assert.equal(attendeesIn(stored.text).get(OUTSIDE), 'NEEDS-ACTION');
    assert.equal(await textOf(at.secretary, at.secretary.calendar, uid), null, 'not in the delegate’s own calendar');

    await world.dovecot.deliver(
      at.bossAddress,
      calendarMail(OUTSIDE, at.bossAddress, 'REPLY', replyText(mail?.calendar ?? '', OUTSIDE, 'ACCEPTED')),
      OUTSIDE,
    );
    const answered = await copy(at.secretary, at.shared, uid, (text) => attendeesIn(text).get(OUTSIDE) === 'ACCEPTED');
    await at.secretary.remove(answered.path);
    const all = await mails(uid, 2);
    assert.deepEqual(
      all.map(({ method, from }) => [method, from]),
      [
        ['REQUEST', at.secretaryAddress],
        ['CANCEL', at.secretaryAddress],
      ],
    );
    await copy(colleague, colleague.calendar, uid, (text) => /STATUS:CANCELLED/.test(text));
  });

  test('CalDAV: an invitation is answered for the owner, once, and again by the owner', async () => {
    const at = await office('answer');
    await watchInbox(world, 'answer-boss');
    const uid = 'answer-delegate@elsewhere.example';
    await invite(at.bossAddress, uid);
    const asked = await copy(at.secretary, at.shared, uid);
    const say = (text: string, partstat: string) =>
      text.replace(new RegExp(`ATTENDEE[^\r]*:mailto:${at.bossAddress}`), (line) =>
        line.replace(/;PARTSTAT=[A-Z-]+/, `;PARTSTAT=${partstat}`),
      );
    await at.secretary.put(asked.path, say(asked.text, 'ACCEPTED'), asked.etag);
    const [reply] = await mails(uid, 1);
    assert.deepEqual([reply?.from, reply?.to, reply?.method], [at.secretaryAddress, OUTSIDE, 'REPLY']);
    assert.match(reply?.raw ?? '', new RegExp(`^From: .*${at.bossAddress}`, 'm'));
    const [line] = /ATTENDEE[^\r\n]*/.exec(reply?.calendar ?? '') ?? [''];
    assert.match(line, /PARTSTAT=ACCEPTED/);
    assert.match(line, new RegExp(`SENT-BY="mailto:${at.secretaryAddress}"`));
    assert.ok(line.endsWith(`:mailto:${at.bossAddress}`));

    const stored = await copy(
      at.boss,
      at.boss.calendar,
      uid,
      (text) => text.includes('SENT-BY') && /SCHEDULE-STATUS=1\.1/.test(text),
    );
    await at.boss.put(stored.path, say(stored.text, 'DECLINED'), stored.etag);
    const all = await mails(uid, 2);
    assert.equal(attendeesIn(stored.text.replace(/;SENT-BY="[^"]*"/, '')).get(at.bossAddress), 'ACCEPTED');
    assert.equal(all[1]?.from, at.bossAddress);
    assert.doesNotMatch(all[1]?.raw ?? '', /^Sender:/m);
    assert.doesNotMatch(all[1]?.calendar ?? '', /SENT-BY/, 'the owner speaks himself');
  });

  test('a submission server that lets nobody write in others’ names: the owner’s next session sends it, once', async () => {
    const at = await office('strict');
    strict.add(at.bossAddress);
    const uid = 'strict-delegate@example.test';
    await at.secretary.put(`${at.shared}s.ics`, meeting({ uid, organizer: at.bossAddress, attendees: [OUTSIDE] }));
    await copy(at.secretary, at.shared, uid, (text) => /SCHEDULE-STATUS=1\.0/.test(text));
    const [mail] = await eventually(
      'the mail of the owner’s own session',
      async () => {
        await at.boss.list(at.boss.calendar);
        return scheduleMail(world.submission, uid);
      },
      (all) => all.length > 0,
      60_000,
    );
    assert.equal(mail?.from, at.bossAddress);
    await copy(at.boss, at.boss.calendar, uid, (text) => /SCHEDULE-STATUS=1\.1/.test(text));
    await later(at, 'strict-marker@example.test');
    assert.equal(scheduleMail(world.submission, uid).length, 1);
  });

  test('who may only read changes nothing', async () => {
    const at = await office('reader', 'read');
    const body = meeting({ uid: 'reader@example.test', organizer: at.bossAddress, attendees: [OUTSIDE] });
    const put = await at.secretary.client.request('PUT', `${at.shared}r.ics`, {
      body,
      headers: { 'content-type': 'text/calendar' },
    });
    assert.equal(put.status, 403);
    await later(at, 'reader-marker@example.test');
    assert.equal(scheduleMail(world.submission, 'reader@example.test').length, 0);
  });
});

describe('a shared calendar on a phone', () => {
  /** The boss's calendar, among the folders of the secretary's phone. */
  async function sharedFolder(phone: EasPhone, boss: string): Promise<PhoneFolder> {
    const found = [...phone.folders.values()].find(({ name }) => name.includes(boss));
    assert.ok(found, `no calendar of ${boss} among ${[...phone.folders.values()].map(({ name }) => name).join(', ')}`);
    await phone.syncAll(found);
    return found;
  }

  test('16.1: what it adds is organized by the owner; what it answers is the owner’s answer', async () => {
    const at = await office('phone');
    await watchInbox(world, 'phone-boss');
    const phone = await world.phone('phone-secretary', { version: '16.1' });
    const folder = await sharedFolder(phone, 'phone-boss');
    const attendee = t(
      'Calendar:Attendee',
      t('Calendar:Email', OUTSIDE),
      t('Calendar:Name', OUTSIDE),
      t('Calendar:AttendeeType', 1),
    );
    const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    phone.add(
      folder,
      t('Calendar:Subject', 'By phone'),
      t('Calendar:StartTime', `${day}T090000Z`),
      t('Calendar:EndTime', `${day}T100000Z`),
      t('Calendar:MeetingStatus', 1),
      t('Calendar:Attendees', attendee),
    );
    const { outcomes } = await phone.syncAll(folder);
    assert.deepEqual(
      [...outcomes.values()].map(({ status }) => status),
      ['1'],
    );
    const stored = await eventually(
      'the event',
      async () => [...(await at.boss.list(at.boss.calendar)).values()].map(({ text }) => text.replace(/\r\n[ \t]/g, '')),
      (all) => all.length === 1,
    );
    assert.match(stored[0] ?? '', new RegExp(`ORGANIZER[^\r]*:mailto:${at.bossAddress}`));
    const uid = /UID:(.*)\r/.exec(stored[0] ?? '')?.[1] ?? '';
    const [mail] = await mails(uid, 1);
    assert.match(mail?.raw ?? '', new RegExp(`^From: .*${at.bossAddress}`, 'm'));
    const [item] = [...folder.items.values()];
    assert.equal(item?.text('Calendar:OrganizerEmail') ?? at.bossAddress, at.bossAddress);

    const theirs = 'phone-asked@elsewhere.example';
    await invite(at.bossAddress, theirs);
    await copy(at.boss, at.boss.calendar, theirs);
    const [id] = await eventually(
      'the invitation on the phone',
      async () => {
        await phone.syncAll(folder);
        return [...folder.items].filter(([, one]) => one.text('Calendar:UID') === theirs).map(([key]) => key);
      },
      (ids) => ids.length === 1,
    );
    const shown = folder.items.get(id ?? '');
    assert.equal(shown?.text('Calendar:ResponseType'), '5', 'the owner has not answered');
    const request = t(
      'MeetingResponse:Request',
      t('MeetingResponse:UserResponse', 1),
      t('MeetingResponse:CollectionId', folder.id),
      t('MeetingResponse:RequestId', id ?? ''),
      t('MeetingResponse:SendResponse'),
    );
    const answer = await phone.ask('MeetingResponse', t('MeetingResponse:MeetingResponse', request));
    assert.equal(answer.child('MeetingResponse:Result')?.text('MeetingResponse:Status'), '1');
    const [reply] = await mails(theirs, 1);
    assert.match(reply?.calendar ?? '', new RegExp(`ATTENDEE[^\r\n]*PARTSTAT=ACCEPTED[^\r\n]*:mailto:${at.bossAddress}`));
    assert.match(reply?.calendar ?? '', /SENT-BY/);
  });

  test('14.1: the phone would mail as its own user; the gateway mails in the owner’s name, and only that', async () => {
    const at = await office('old');
    await watchInbox(world, 'old-boss');
    const phone = await world.phone('old-secretary', { version: '14.1' });
    const folder = await sharedFolder(phone, 'old-boss');
    const uid = 'old-delegate@example.test';
    const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    phone.add(
      folder,
      t('Calendar:UID', uid),
      t('Calendar:DtStamp', `${day}T000000Z`),
      t('Calendar:Subject', 'By phone'),
      t('Calendar:StartTime', `${day}T090000Z`),
      t('Calendar:EndTime', `${day}T100000Z`),
      t('Calendar:MeetingStatus', 1),
      t('Calendar:Attendees', t('Calendar:Attendee', t('Calendar:Email', OUTSIDE), t('Calendar:Name', OUTSIDE))),
    );
    await phone.syncAll(folder);
    const [mail] = await mails(uid, 1);
    assert.match(mail?.raw ?? '', new RegExp(`^From: .*${at.bossAddress}`, 'm'));
    const own = (mail?.calendar ?? '').replace(/ORGANIZER[^\r]*/, `ORGANIZER:mailto:${at.secretaryAddress}`);
    await phone.sendMail(calendarMail(at.secretaryAddress, OUTSIDE, 'REQUEST', own));

    const theirs = 'old-asked@elsewhere.example';
    await invite(at.bossAddress, theirs);
    const asked = await copy(at.boss, at.boss.calendar, theirs);
    const [id] = await eventually(
      'the invitation on the phone',
      async () => {
        await phone.syncAll(folder);
        return [...folder.items].filter(([, one]) => one.text('Calendar:UID') === theirs).map(([key]) => key);
      },
      (ids) => ids.length === 1,
    );
    const named = [t('MeetingResponse:CollectionId', folder.id), t('MeetingResponse:RequestId', id ?? '')];
    await phone.ask(
      'MeetingResponse',
      t('MeetingResponse:MeetingResponse', t('MeetingResponse:Request', t('MeetingResponse:UserResponse', 1), named)),
    );
    const [reply] = await mails(theirs, 1);
    assert.match(reply?.calendar ?? '', new RegExp(`ATTENDEE[^\r\n]*PARTSTAT=ACCEPTED[^\r\n]*:mailto:${at.bossAddress}`));
    assert.ok(asked.text);
    await later(at, 'old-marker@example.test');
    assert.equal(scheduleMail(world.submission, uid).length, 1, 'no second invitation from somebody else');
  });
});
