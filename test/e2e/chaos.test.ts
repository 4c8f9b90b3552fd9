import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeskActor,
  FRIEND,
  insist,
  Mailer,
  newStage,
  PhoneActor,
  random,
  type Stage,
  titleOf,
  USER,
} from '../support/eas-phone-chaos.js';
import { address, type DavHome, message, startWorld, type World } from '../support/eas-phone-world.js';

const SEED = Number(process.env.CHAOS_SEED ?? 20261123);
const KILLS = 10;
/** Between the moment the gateway is ready again and the next kill, in answers: a busy machine takes longer for as many. */
const LIFE = { least: 5, most: 40 };
/** A kill comes at most so many milliseconds after a request with changes has gone out: in the middle of its work. */
const MIDDLE = 40;

/** New mail keeps coming, whatever happens to the gateway. */
async function postman(stage: Stage, roll: () => number): Promise<void> {
  for (let n = 1; !stage.over; n++) {
    const subject = `mail-${n}`;
    await stage.world.dovecot.deliver(address(USER), message({ to: address(USER), subject, text: 'x' }));
    stage.expected.mail.set(subject, stage.expected.mail.get(subject) ?? false);
    await sleep(200 + roll() * 400);
  }
}

async function killer(stage: Stage, roll: () => number): Promise<number[]> {
  const lives: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const life = Math.round(LIFE.least + roll() * (LIFE.most - LIFE.least));
    lives.push(life);
    for (const end = stage.answers + life; stage.answers < end && !stage.over; ) await sleep(20);
    await new Promise<void>((resolve) => {
      stage.writing = resolve;
    });
    await sleep(roll() * MIDDLE);
    await stage.world.gateway.kill('SIGKILL');
    stage.world.gateway = await stage.world.gateway.restart();
  }
  return lives;
}

test('kill -9 at ten random moments: nothing is lost and nothing doubled', { timeout: 540_000 }, async (context) => {
  context.diagnostic(`seed ${SEED} (CHAOS_SEED)`);
  const world = await startWorld();
  const stage = newStage(world);
  const phones = [
    new PhoneActor(stage, await world.phone(USER, { deviceId: 'chaos161', version: '16.1' }), 'p161', random(SEED + 1), 'read'),
    new PhoneActor(
      stage,
      await world.phone(USER, { deviceId: 'chaos141', version: '14.1', base64: true }),
      'p141',
      random(SEED + 2),
      'delete',
    ),
  ];
  for (const { phone, folders } of phones) for (const folder of folders) await phone.syncAll(folder);
  const desk = new DeskActor(stage, await world.dav(USER), random(SEED + 3));

  const end = () => {
    stage.over = true;
  };
  const mailer = new Mailer(stage, await world.phone('mailer', { deviceId: 'chaosmail' }), random(SEED + 5));
  const actors = [...phones.map((actor) => actor.run()), desk.run(), postman(stage, random(SEED + 4)), mailer.run()];
  const lives = killer(stage, random(SEED)).finally(end);
  await Promise.all([...actors.map((actor) => actor.finally(end)), lives]);
  context.diagnostic(`lived ${(await lives).join(', ')} answers; ${stage.faults} requests without an answer`);

  for (const actor of phones) for (const folder of actor.folders) await insist(stage, () => actor.phone.syncAll(folder));
  context.diagnostic(
    `${stage.expected.items.size} events and contacts, ${stage.expected.mail.size} messages, ${stage.expected.trash.size} in Trash`,
  );
  await checkItems(stage, phones, desk.dav);
  await checkMail(stage, phones);
  context.diagnostic(`${await mailer.finish()} messages were sent in a second try`);
  await checkSent(context, stage, mailer.sent);
});

async function checkSent(context: TestContext, { world }: Stage, sent: readonly string[]): Promise<void> {
  const arrived = (await messagesIn(world, FRIEND, 'INBOX')).map(([subject = '']) => subject);
  context.diagnostic(`${sent.length} messages sent, ${arrived.length - new Set(arrived).size} of them twice`);
  assert.deepEqual([...new Set(arrived)].sort(), [...sent].sort(), 'at the friend');
  assert.ok(arrived.length - sent.length <= KILLS, 'at most one message is doubled by a kill');
}

/** Subject and flags of each message. */
async function messagesIn({ dovecot }: World, user: string, box: string): Promise<string[][]> {
  const table = await dovecot.doveadm('-f', 'tab', 'fetch', '-u', address(user), 'hdr.subject flags', 'mailbox', box);
  const [, ...rows] = table.split('\n').filter(Boolean);
  return rows.map((row) => row.split('\t'));
}

async function checkItems({ expected }: Stage, phones: readonly PhoneActor[], dav: DavHome): Promise<void> {
  const wanted = [...expected.items].map(([name, revision]) => titleOf(name, revision)).sort();
  assert.ok(wanted.length > 20, 'enough happened');
  const texts = [...(await dav.list(dav.calendar)).values(), ...(await dav.list(dav.contacts)).values()].map(({ text }) => text);
  const stored = texts.map((text) => (/^SUMMARY:(.*)\r$/m.exec(text) ?? /^N:([^;]*);/m.exec(text))?.[1] ?? text);
  assert.deepEqual(stored.sort(), wanted, 'on the server');
  for (const { phone, name } of phones) {
    const held = [phone.folder(8), phone.folder(9)].flatMap((folder) =>
      [...folder.items.values()].map((item) => item.text('Calendar:Subject') ?? item.text('Contacts:LastName') ?? ''),
    );
    assert.deepEqual(held.sort(), wanted, `on ${name}`);
  }
}

async function checkMail({ world, expected }: Stage, phones: readonly PhoneActor[]): Promise<void> {
  const wanted = [...expected.mail].map(([subject, read]) => `${subject} ${Number(read)}`).sort();
  const stored = (await messagesIn(world, USER, 'INBOX')).map(
    ([subject, flags]) => `${subject} ${Number(flags?.includes('\\Seen'))}`,
  );
  assert.deepEqual(stored.sort(), wanted, 'in INBOX');
  assert.deepEqual(
    (await messagesIn(world, USER, 'Trash')).map(([subject]) => subject).sort(),
    [...expected.trash].sort(),
    'in Trash',
  );
  for (const { phone, name } of phones) {
    const held = [...phone.folder(2).items.values()].map((item) => `${item.text('Email:Subject')} ${item.text('Email:Read')}`);
    assert.deepEqual(held.sort(), wanted, `on ${name}`);
  }
}
