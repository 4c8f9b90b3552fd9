import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { Pool } from 'pg';
import { guardPool } from '../../../../src/infra/db/pool-guard.js';

type Callback = (error: Error | undefined, client?: object, done?: () => void) => void;

/** As much of a pool as the guard touches. */
function fakePool() {
  const asked: Callback[] = [];
  const pool = {
    waitingCount: 0,
    connect: (callback: Callback) => void asked.push(callback),
  };
  return { pool: pool as unknown as Pool & { waitingCount: number }, asked };
}

const outcome = (connecting: Promise<unknown>) => connecting.then(() => 'connected', (error: { kind?: string; message: string }) => `${error.kind}: ${error.message}`); // biome-ignore format: one line

test('both ways to ask for a connection go through, and a full queue refuses at once', async () => {
  const { pool, asked } = fakePool();
  guardPool(pool, 2);
  const promised = outcome(pool.connect());
  const called = new Promise((resolve) => pool.connect((_error, client) => resolve(client)));
  const client = new EventEmitter();
  for (const callback of asked) callback(undefined, client, () => undefined);
  assert.equal(await promised, 'connected');
  assert.equal(await called, client);
  assert.equal(client.listenerCount('error'), 1, 'an error of a lent connection ends nothing');
  pool.waitingCount = 2;
  assert.equal(await outcome(pool.connect()), 'unavailable: too many wait for the database');
  assert.equal(asked.length, 2);
});

test('a database that is away is not asked again and again', async () => {
  const { pool, asked } = fakePool();
  const guard = guardPool(pool, 100);
  const tries = Array.from({ length: 5 }, () => outcome(pool.connect()));
  for (const callback of asked.splice(0)) callback(new Error('connect ECONNREFUSED'));
  assert.deepEqual(new Set(await Promise.all(tries)), new Set(['unavailable: the database is not reachable']));
  assert.equal(guard.away, true);
  assert.equal(await outcome(pool.connect()), 'unavailable: the database does not answer');
  assert.equal(asked.length, 0);
});
