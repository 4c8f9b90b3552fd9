import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePorts } from '../../src/demo/ports.js';
import type { ChangeBus } from '../../src/domain/notify/local-hub.js';
import { PostgresBus } from '../../src/infra/bus/postgres.js';
import { RedisBus } from '../../src/infra/bus/redis.js';
import { onEnd, temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
type Bus = ChangeBus & { start(): Promise<void>; stop(): Promise<void> };

/** Two processes' ends of a bus, with what each heard. */
async function pair(make: () => Bus): Promise<{ one: Bus; heard: string[][] }> {
  const buses = [make(), make()];
  const heard: string[][] = [[], []];
  for (const [index, bus] of buses.entries()) {
    bus.listen((account, collection) => heard[index]?.push(`${account}/${collection}`));
    await bus.start();
    onEnd(() => bus.stop());
  }
  return { one: buses[0] as Bus, heard };
}

async function until(done: () => boolean, ms = 60_000): Promise<void> {
  for (const end = Date.now() + ms; !done(); await sleep(20)) assert.ok(Date.now() < end, 'in time');
}

function behaves(name: string, make: () => Promise<() => Bus>, interrupt: (make: () => Bus) => Promise<void>): void {
  describe(`change bus over ${name}`, () => {
    it('reaches the other process once, and this one at once', async () => {
      const { one, heard } = await pair(await make());
      for (let n = 0; n < 3; n++) one.send('a', '1');
      one.send('a', 'hierarchy');
      assert.equal(heard[0]?.length, 4);
      await until(() => heard[1]?.length === 2);
      await sleep(100);
      assert.deepEqual([heard[0]?.length, heard[1]?.sort()], [4, ['a/1', 'a/hierarchy']]);
    });

    it('carries thousands of signals', async () => {
      const { one, heard } = await pair(await make());
      for (let n = 0; n < 5_000; n++) one.send('11111111-2222-3333-4444-555555555555', String(n));
      await until(() => heard[1]?.length === 5_000);
    });

    it('works again after the connection was lost', async () => {
      const factory = await make();
      const { one, heard } = await pair(factory);
      await interrupt(factory);
      await until(() => {
        one.send('b', '2');
        return (heard[1]?.length ?? 0) > 0;
      }, 20_000);
    });
  });
}

let databaseUrl: string;
behaves(
  'PostgreSQL',
  async () => {
    databaseUrl = await freshDatabase();
    return () => new PostgresBus(databaseUrl, quiet);
  },
  async () => {
    const admin = new pg.Client({ connectionString: databaseUrl });
    await admin.connect();
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gateway-bus' AND datname = current_database()`,
    );
    await admin.end();
  },
);

let redisPort: number;
behaves(
  'Redis',
  async () => {
    redisPort ??= await startRedis();
    return () => new RedisBus(`redis://127.0.0.1:${redisPort}`, quiet);
  },
  async () => {
    const killer = spawn('redis-cli', ['-p', String(redisPort), 'CLIENT', 'KILL', 'TYPE', 'pubsub'], { stdio: 'ignore' });
    await once(killer, 'exit');
  },
);

async function startRedis(): Promise<number> {
  const [port = 0] = await freePorts(1);
  const dir = await temporaryFolder('gw-redis');
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir];
  const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
  onEnd(() => server.kill());
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
  server.stdout.resume();
  return port;
}
