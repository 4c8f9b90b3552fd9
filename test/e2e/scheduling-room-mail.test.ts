import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { onEnd } from '../support/cleanup.js';
import { PASSWORD } from '../support/dovecot.js';
import { eventually, startWorld, type World } from '../support/eas-phone-world.js';
import { attendeesIn, meeting, type ScheduleMail, scheduleMail } from '../support/meetings.js';
import { calendarMail } from '../support/participants.js';
import { builtPath } from '../support/paths.js';

const HALL = 'hall@example.test';
const CELLAR = 'cellar@example.test';
const OLGA = 'olga@elsewhere.example';
const SECRET = 'opens-every-room';
/** Rooms have no password: the mail server's master user opens their mailboxes. */
const MASTER = [
  'auth_master_user_separator = *',
  'passdb {',
  '  driver = static',
  '  master = yes',
  `  args = password=${SECRET}`,
  '}',
];

let world: World;
let database: Client;
const logins: string[] = [];

before(async () => {
  world = await startWorld({
    dovecot: { extra: MASTER.join('\n') },
    submission: {
      authenticate: (user, password) => {
        logins.push(user);
        return password === PASSWORD || (user.endsWith('*gateway') && password === SECRET);
      },
    },
  });
  database = new Client({ connectionString: world.databaseUrl });
  await database.connect();
  onEnd(() => database.end());
  await room(HALL, 'room', 'Great Hall', 'Europe/Berlin');
  await room(CELLAR, 'external=no');
  // Two processes, both of which look after the rooms.
  const env = { ROOM_LOGIN: '{address}*gateway', ROOM_PASSWORD: SECRET };
  await Promise.all([world.secondGateway(env), world.secondGateway(env)]);
});

async function room(address: string, ...more: string[]): Promise<string> {
  const env = { ...process.env, DATABASE_URL: world.databaseUrl, IMAP_URL: 'imaps://mail.example.test' };
  return (await promisify(execFile)(process.execPath, [builtPath('src/cli.js'), 'room', address, ...more], { env })).stdout;
}

interface Said {
  readonly method?: string;
  readonly from?: string;
  /** Seconds from the first message of the story on. */
  readonly after?: number;
}

const START = Date.now();
const stamp = (after: number) => new Date(START + after * 1000).toISOString().replace(/[-:]|\.\d+/g, '');

/** A message of an organizer elsewhere into a room's mailbox. */
async function say(to: string, facts: Parameters<typeof meeting>[0], { method = 'REQUEST', from = OLGA, after = 0 }: Said = {}) {
  const text = meeting({ extra: [], ...facts })
    .replace('VERSION:2.0', `VERSION:2.0\r\nMETHOD:${method}`)
    .replace(/DTSTAMP:\w+/, `DTSTAMP:${stamp(after)}`);
  await world.dovecot.deliver(to, calendarMail(from, to, method, text), from);
}

const replies = (uid: string, count: number): Promise<ScheduleMail[]> =>
  eventually(
    `${count} answers about ${uid}`,
    async () => scheduleMail(world.submission, uid),
    (all) => all.length === count,
    60_000,
  );

const answerOf = (mail: ScheduleMail | undefined, of = HALL) => attendeesIn(mail?.calendar ?? '').get(of);

async function booked(address: string): Promise<string[]> {
  const { rows } = await database.query(
    'SELECT DISTINCT uid FROM bookings JOIN accounts ON id = account_id WHERE address = $1 ORDER BY uid',
    [address],
  );
  return rows.map(({ uid }: { uid: string }) => uid);
}

describe('rooms that nobody logs in to, invited by mail from elsewhere', () => {
  test('a free room accepts by mail, a taken one declines; each once', async () => {
    const facts = { uid: 'first@elsewhere.example', organizer: OLGA, attendees: [HALL] };
    await say(HALL, facts);
    const [accepted] = await replies(facts.uid, 1);
    assert.deepEqual([accepted?.from, accepted?.to, accepted?.method], [HALL, OLGA, 'REPLY']);
    assert.equal(answerOf(accepted), 'ACCEPTED');
    assert.match(accepted?.raw ?? '', /^From: (?:Great Hall <)?hall@example\.test/m);
    assert.ok(logins.includes(`${HALL}*gateway`), logins.join(' '));

    const rival = { uid: 'rival@evil.example', organizer: 'rita@evil.example', attendees: [HALL] };
    await say(HALL, rival, { from: rival.organizer });
    const [declined] = await replies(rival.uid, 1);
    assert.equal(answerOf(declined), 'DECLINED');
    assert.deepEqual(await booked(HALL), [facts.uid]);

    // The same mails once more: a mailbox that is looked through again says nothing new.
    await say(HALL, facts);
    await say(HALL, rival, { from: rival.organizer });
    // Moved: asked again, answered again. The rival's old mail after it is still answered, though the time is free by now.
    await say(HALL, { ...facts, hour: 14, extra: ['SEQUENCE:1'] }, { after: 60 });
    const all = await replies(facts.uid, 2);
    assert.equal(answerOf(all[1]), 'ACCEPTED');
    await say(HALL, rival, { from: rival.organizer });
    await say(HALL, { uid: 'marker@elsewhere.example', organizer: OLGA, attendees: [HALL], hour: 18 });
    await replies('marker@elsewhere.example', 1);
    assert.equal(scheduleMail(world.submission, rival.uid).length, 1);
    assert.deepEqual(await booked(HALL), [facts.uid, 'marker@elsewhere.example']);
  });

  test('forged messages change nothing; the organizer’s own CANCEL frees the room', async () => {
    const facts = { uid: 'forged@elsewhere.example', organizer: OLGA, attendees: [HALL], hour: 7 };
    await say(HALL, facts, { from: 'mallory@evil.example' });
    await say(HALL, { ...facts, uid: 'true@elsewhere.example' });
    await replies('true@elsewhere.example', 1);
    assert.equal(scheduleMail(world.submission, facts.uid).length, 0);

    const off = { ...facts, uid: 'true@elsewhere.example', extra: ['STATUS:CANCELLED', 'SEQUENCE:1'] };
    await say(HALL, off, { method: 'CANCEL', from: 'mallory@evil.example', after: 60 });
    await say(HALL, { ...facts, uid: 'next@elsewhere.example' });
    assert.equal(answerOf((await replies('next@elsewhere.example', 1))[0]), 'DECLINED', 'still taken');
    await say(HALL, off, { method: 'CANCEL', after: 60 });
    await eventually(
      'the room is free',
      () => booked(HALL),
      (uids) => !uids.includes(off.uid),
    );
    // A mail that the cancellation has overtaken does not bring it back.
    await say(HALL, { ...facts, uid: 'true@elsewhere.example' });
    await say(HALL, { ...facts, uid: 'free@elsewhere.example' });
    assert.equal(answerOf((await replies('free@elsewhere.example', 1))[0]), 'ACCEPTED');
    assert.equal(scheduleMail(world.submission, off.uid).length, 1, 'a cancellation is not answered');
  });

  test('a room may be for people of its own domain only; its rules are the operator’s', async () => {
    assert.equal(await room(CELLAR), `${CELLAR}: room window=732 series=roll longest=any external=no\n`);
    await say(CELLAR, { uid: 'cellar@elsewhere.example', organizer: OLGA, attendees: [CELLAR] });
    const ours = 'ida@example.test';
    await say(CELLAR, { uid: 'cellar@example.test', organizer: ours, attendees: [CELLAR] }, { from: ours });
    const [mail] = await replies('cellar@example.test', 1);
    assert.equal(answerOf(mail, CELLAR), 'ACCEPTED');
    assert.equal(scheduleMail(world.submission, 'cellar@elsewhere.example').length, 0);
    await assert.rejects(room(CELLAR, 'window=tomorrow'), /no rule for rooms: window=tomorrow/);
  });
});
