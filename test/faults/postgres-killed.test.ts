import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd, temporaryFolder } from '../support/cleanup.js';
import { DeskActor, insist, newStage, PhoneActor, random, titleOf, USER } from '../support/eas-phone-chaos.js';
import { startWorld } from '../support/eas-phone-world.js';
import { type Cluster, startCluster } from '../support/postgres.js';
import { size } from './sizes.js';

const SEED = Number(process.env.CHAOS_SEED ?? 20261125);
const KILLS = size(2, 8);

/** Commits survive the server, though not the machine: that is what a kill asks for. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'on', max_connections: '100' };

/** A PostgreSQL of this file alone, to be killed and started again on the same files. */
async function startVictim() {
  const folder = await temporaryFolder('gw-k');
  let cluster: Cluster = await startCluster(folder, SETTINGS);
  onEnd(() => cluster.stop());
  return {
    url: cluster.url,
    /** kill -9 of the server: its children notice and end, and recovery follows. */
    killAndRestart: async (awayMs: number) => {
      const pid = Number((await readFile(join(folder, 'pg', 'postmaster.pid'), 'utf8')).split('\n')[0]);
      process.kill(pid, 'SIGKILL');
      await sleep(awayMs);
      cluster = await startCluster(folder, SETTINGS);
      assert.equal(cluster.url, process.env.TEST_DATABASE_URL, 'it is found where it was');
    },
  };
}

async function resident(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Statuses that ask for the same request again: server error, retry, and their common forms. */
const AGAIN = new Set(['5', '16', '110', '111']);

/** A phone that does as it is told when the server can't answer just now. */
class PatientPhone extends PhoneActor {
  override async syncUntilDone(): Promise<void> {
    for (let more = true; more; ) {
      const { collections, status } = await insist(this.stage, () => this.phone.sync(this.folders, { timeout: 60_000 }));
      const statuses = [status, ...[...collections.values()].map((result) => result.status)];
      const bad = statuses.filter((one) => one !== '1' && !AGAIN.has(one));
      assert.deepEqual(bad, [], `${this.name}: Sync`);
      if (statuses.some((one) => AGAIN.has(one))) await sleep(100);
      more =
        statuses.some((one) => one !== '1') ||
        [...collections.values()].some((result) => result.more) ||
        this.folders.some(({ pending }) => pending.length > 0);
    }
  }
}

test('PostgreSQL killed under load: what was confirmed is there, nothing doubled, the gateway goes on', {
  timeout: 540_000,
}, async (context) => {
  context.diagnostic(`seed ${SEED} (CHAOS_SEED)`);
  const victim = await startVictim();
  process.env.TEST_DATABASE_URL = victim.url;
  const world = await startWorld();
  const stage = newStage(world);
  const phone = new PatientPhone(stage, await world.phone(USER, { deviceId: 'pgkill' }), 'phone', random(SEED + 1), 'read');
  for (const folder of phone.folders) await phone.phone.syncAll(folder);
  const desk = new DeskActor(stage, await world.dav(USER), random(SEED + 2));
  const earlier = await resident(world.gateway.pid);
  const end = () => {
    stage.over = true;
  };
  const kills = async () => {
    const roll = random(SEED);
    for (let kill = 0; kill < KILLS && !stage.over; kill++) {
      await sleep(1_000 + roll() * 1_500);
      await victim.killAndRestart(500 + roll() * 1_500);
    }
    await sleep(1_000);
  };
  void world.gateway.ended.then(
    (code) => !stage.over && console.error(`the gateway ended: ${code}\n${world.gateway.logs().slice(-3000)}`),
  );
  await Promise.all([...[phone.run(), desk.run()].map((actor) => actor.finally(end)), kills().finally(end)]);
  await phone.syncUntilDone();
  const grown = (await resident(world.gateway.pid)) - earlier;
  context.diagnostic(
    `${KILLS} kills, ${stage.faults} requests without an answer, ${stage.expected.items.size} events and contacts; ${grown.toFixed(0)} MB more`,
  );
  const wanted = [...stage.expected.items].map(([name, revision]) => titleOf(name, revision)).sort();
  assert.ok(wanted.length > 0, 'enough happened');
  const texts = [...(await desk.dav.list(desk.dav.calendar)).values(), ...(await desk.dav.list(desk.dav.contacts)).values()];
  const stored = texts.map(({ text }) => (/^SUMMARY:(.*)\r$/m.exec(text) ?? /^N:([^;]*);/m.exec(text))?.[1] ?? text);
  assert.deepEqual(stored.sort(), wanted, 'on the server');
  const held = [phone.phone.folder(8), phone.phone.folder(9)].flatMap((folder) =>
    [...folder.items.values()].map((item) => item.text('Calendar:Subject') ?? item.text('Contacts:LastName') ?? ''),
  );
  assert.deepEqual(held.sort(), wanted, 'on the phone');
});
