import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Balancer, startBalancer } from '../support/balancer.js';
import { D, type DavClient } from '../support/dav-client.js';
import { type EasPhone, ProtocolViolation } from '../support/eas-phone.js';
import { DeskActor, insist, newStage, PhoneActor, random, type Stage, titleOf, USER } from '../support/eas-phone-chaos.js';
import { address, type DavHome, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import type { Gateway } from '../support/gateway.js';

const SEED = Number(process.env.CHAOS_SEED ?? 20261124);
const KILLS = 5;
/** Between a process's being ready again and the next kill, in milliseconds. */
const LIFE = { least: 300, most: 1500 };
/** Answers of Sync that ask for the same request again: not a new start. */
const RETRY = '16';
const CALENDAR = 8;

/** The phones and the desk of the chaos test, sent to any of three processes, and hanging up in the middle of requests. */
class RoamingPhone extends PhoneActor {
  retries = 0;
  pings = 0;
  newStarts = 0;

  override async syncUntilDone(): Promise<void> {
    for (let more = true; more; ) {
      const { collections, status } = await insist(this.stage, () => this.#once());
      if (status === RETRY) {
        this.retries++;
        await sleep(50);
        continue;
      }
      assert.equal(status, '1', `${this.name}: Sync`);
      for (const [id, result] of collections) {
        const folder = this.phone.folders.get(id);
        if (result.status === '3' || folder?.syncKey === '0') this.newStarts++;
        assert.equal(result.status, '1', `${this.name}: collection ${folder?.name}`);
        for (const [item, outcome] of result.outcomes) assert.equal(outcome.status, '1', `${this.name}: ${item}`);
      }
      more = [...collections.values()].some((result) => result.more) || this.folders.some(({ pending }) => pending.length > 0);
    }
    if (this.roll() < 0.1) await this.#pingAndFolders();
  }

  #once() {
    const lost = this.roll();
    const lose = lost < 0.1 ? ('answer' as const) : lost < 0.2 ? ('connection' as const) : undefined;
    if (this.folders.some(({ pending }) => pending.length > 0)) this.stage.writing();
    return this.phone.sync(this.folders, { lose, timeout: 40_000 });
  }

  async #pingAndFolders(): Promise<void> {
    const hangUp = AbortSignal.timeout(Math.round(1_000 + this.roll() * 2_000));
    await this.phone.ping(this.folders, 60, { signal: hangUp }).then(
      ({ status }) => {
        this.pings++;
        assert.ok(['1', '2'].includes(status), `${this.name}: Ping ${status}`);
      },
      (error) => {
        if (error instanceof ProtocolViolation) throw error;
      },
    );
    const { status } = await insist(this.stage, () => this.phone.folderSync());
    if (status === '9') this.newStarts++;
    assert.equal(status, '1', `${this.name}: FolderSync`);
  }
}

/** A desktop program that keeps copies by sync-collection (RFC 6578) from token to token, and never starts over. */
class Mirror {
  readonly #copies = new Map<string, Map<string, string>>();
  readonly #tokens = new Map<string, string>();
  rounds = 0;

  constructor(
    readonly stage: Stage,
    readonly client: DavClient,
    readonly collections: readonly string[],
  ) {}

  async run(): Promise<void> {
    while (!this.stage.over) {
      for (const collection of this.collections) await this.take(collection);
      await sleep(100);
    }
  }

  /** Whatever the token, an answer other than 207 is an error: a refused token would be a new start. */
  async take(collection: string): Promise<void> {
    const copy = this.copy(collection);
    for (let more = true; more; ) {
      const token = this.#tokens.get(collection) ?? '';
      const answer = await insist(this.stage, () => this.client.syncCollection(collection, token, [D('getetag')], 5));
      this.rounds++;
      more = answer.responses.some(({ href, status }) => href === collection && status === 507);
      for (const { href, status, props } of answer.responses) {
        if (href === collection) continue;
        if (status === 404) copy.delete(href);
        else copy.set(href, props.get(D('getetag'))?.text ?? '');
      }
      assert.ok(answer.syncToken, 'a token');
      this.#tokens.set(collection, answer.syncToken);
    }
  }

  copy(collection: string): Map<string, string> {
    const copy = this.#copies.get(collection) ?? new Map<string, string>();
    this.#copies.set(collection, copy);
    return copy;
  }
}

interface Pods {
  readonly gateways: Gateway[];
  readonly balancer: Balancer;
}

async function startPods(world: World, roll: () => number): Promise<Pods> {
  const gateways = [world.gateway, ...(await Promise.all([world.secondGateway(), world.secondGateway()]))];
  const balancer = await startBalancer(
    gateways.map(({ port }) => port),
    () => Math.floor(roll() * gateways.length),
  );
  return { gateways, balancer };
}

async function killer(stage: Stage, pods: Pods, roll: () => number): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(LIFE.least + roll() * (LIFE.most - LIFE.least));
    await new Promise<void>((resolve) => {
      stage.writing = resolve;
    });
    await sleep(roll() * 40);
    const at = kill % pods.gateways.length;
    await pods.gateways[at]!.kill('SIGKILL');
    pods.gateways[at] = await pods.gateways[at]!.restart();
  }
}

async function postman(stage: Stage, roll: () => number): Promise<void> {
  const { world, expected } = stage;
  for (let n = 1; !stage.over; n++) {
    const subject = `mail-${n}`;
    await world.dovecot.deliver(address(USER), message({ to: address(USER), subject, text: 'x' }));
    expected.mail.set(subject, expected.mail.get(subject) ?? false);
    await sleep(300 + roll() * 500);
  }
}

test('three processes, each request to any of them, kill -9 all the time: every client equals the server, none starts over', {
  timeout: 540_000,
}, async (context) => {
  context.diagnostic(`seed ${SEED} (CHAOS_SEED)`);
  const world = await startWorld();
  const pods = await startPods(world, random(SEED + 6));
  const stage = newStage(world);
  const { url } = pods.balancer;
  const phoneOf = (deviceId: string, version: string) => world.phone(USER, { deviceId, version, url });
  const phones = [
    new RoamingPhone(stage, await phoneOf('roam161', '16.1'), 'p161', random(SEED + 1), 'read'),
    new RoamingPhone(stage, await phoneOf('roam141', '14.1'), 'p141', random(SEED + 2), 'delete'),
  ];
  for (const { phone, folders } of phones) for (const folder of folders) await phone.syncAll(folder);
  const balanced = { ...world.gateway, url };
  const desk = new DeskActor(stage, await world.dav(USER, balanced), random(SEED + 3));
  const mirror = new Mirror(stage, (await world.dav(USER, balanced)).client, [desk.dav.calendar, desk.dav.contacts]);

  const end = () => {
    stage.over = true;
  };
  const actors = [...phones.map((actor) => actor.run()), desk.run(), mirror.run(), postman(stage, random(SEED + 4))];
  await Promise.all([...actors.map((actor) => actor.finally(end)), killer(stage, pods, random(SEED)).finally(end)]);

  for (const actor of phones) await actor.syncUntilDone();
  for (const collection of mirror.collections) await mirror.take(collection);
  context.diagnostic(
    `${stage.expected.items.size} events and contacts, ${stage.expected.mail.size} messages; ${pods.balancer.counts.join(', ')} requests to the processes, ` +
      `${pods.balancer.lost()} lost with theirs, ${stage.faults} without an answer; ${phones.map(({ retries }) => retries).join(', ')} asked again, ${mirror.rounds} rounds of the mirror`,
  );
  assert.equal(
    phones.reduce((sum, { newStarts }) => sum + newStarts, 0),
    0,
    'nobody started over',
  );
  await checkItems(stage, phones, desk.dav, mirror);
  await checkMail(stage, phones);
  await checkWake(pods, phones[0]!, desk.dav);
});

async function checkItems({ expected }: Stage, phones: readonly PhoneActor[], dav: DavHome, mirror: Mirror): Promise<void> {
  const wanted = [...expected.items].map(([name, revision]) => titleOf(name, revision)).sort();
  assert.ok(wanted.length > 20, 'enough happened');
  const stored = new Map([...(await dav.list(dav.calendar)), ...(await dav.list(dav.contacts))]);
  const titles = [...stored.values()].map(
    ({ text }) => (/^SUMMARY:(.*)\r$/m.exec(text) ?? /^N:([^;]*);/m.exec(text))?.[1] ?? text,
  );
  assert.deepEqual(titles.sort(), wanted, 'on the server');
  const mirrored = mirror.collections.flatMap((collection) => [...mirror.copy(collection)]);
  const etags = [...stored].map(([path, { etag }]) => [path, etag]);
  assert.deepEqual(mirrored.sort(), etags.sort(), 'in the mirror');
  for (const { phone, name } of phones) assert.deepEqual(titlesOn(phone).sort(), wanted, `on ${name}`);
}

function titlesOn(phone: EasPhone): string[] {
  return [phone.folder(CALENDAR), phone.folder(9)].flatMap((folder) =>
    [...folder.items.values()].map((item) => item.text('Calendar:Subject') ?? item.text('Contacts:LastName') ?? ''),
  );
}

async function checkMail({ world, expected }: Stage, phones: readonly PhoneActor[]): Promise<void> {
  const wanted = [...expected.mail].map(([subject, read]) => `${subject} ${Number(read)}`).sort();
  const table = await world.dovecot.doveadm('-f', 'tab', 'fetch', '-u', address(USER), 'hdr.subject flags', 'mailbox', 'INBOX');
  const rows = table.split('\n').filter(Boolean).slice(1).map((row) => row.split('\t')); // biome-ignore format: one line
  assert.deepEqual(rows.map(([subject, flags]) => `${subject} ${Number(flags?.includes('\\Seen'))}`).sort(), wanted, 'in INBOX');
  for (const { phone, name } of phones) {
    const held = [...phone.folder(2).items.values()].map((item) => `${item.text('Email:Subject')} ${item.text('Email:Read')}`);
    assert.deepEqual(held.sort(), wanted, `mail on ${name}`);
  }
}

/** After all that a change made through one process still wakes a phone that waits at another. */
async function checkWake(pods: Pods, actor: RoamingPhone, dav: DavHome): Promise<void> {
  for (let tries = 1; ; tries++) {
    await actor.syncUntilDone();
    const ping = actor.phone.ping([actor.phone.folder(CALENDAR)], 120).then(({ status }) => status);
    const early = await Promise.race([ping, eventually('the phone waits', () => isWaiting(pods), Boolean)]);
    if (early !== true && tries < 3) continue; // the last kill cut off a write whose signal came late
    assert.equal(early, true, 'the Ping was answered before anything happened');
    await dav.put(`${dav.calendar}wake.ics`, eventText);
    assert.equal(await ping, '2');
    return;
  }
}

async function isWaiting({ gateways }: Pods): Promise<boolean> {
  const texts = await Promise.all(gateways.map(({ url }) => fetch(`${url}/metrics`).then((answer) => answer.text())));
  return texts.some((text) => /^gateway_waiting_requests(?:\{[^}]*\})? [1-9]/m.test(text));
}

const eventText = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//desk//EN', 'BEGIN:VEVENT', 'UID:wake', 'DTSTAMP:20270101T000000Z',
  'DTSTART:20270405T080000Z', 'SUMMARY:wake', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: lines
