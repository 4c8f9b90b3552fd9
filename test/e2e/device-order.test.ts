import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import pg from 'pg';
import type { Scope } from '../../src/domain/types.js';
import { PostgresDeviceOrder } from '../../src/infra/db/device-order.js';
import { onEnd } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';

const s: Scope = { account: '7d4f6e51-0000-4000-8000-000000000001', origin: 'test' };
let url: string;
before(async () => {
  url = await freshDatabase();
});

function process(patience?: number): PostgresDeviceOrder {
  const order = new PostgresDeviceOrder(url, patience);
  onEnd(() => order.stop());
  return order;
}

test('another process waits for the same collection of the same device, not for others', async () => {
  const [one, two] = [process(), process()];
  const held = await one.enter(s, 'phone', ['1', '2']);
  const steps: string[] = [];
  const second = two.enter(s, 'phone', ['2', '3']).then((entered) => {
    steps.push('entered');
    return entered;
  });
  (await two.enter(s, 'phone', ['3', '4']))[Symbol.dispose]();
  (await two.enter(s, 'tablet', ['1', '2']))[Symbol.dispose]();
  (await two.enter({ ...s, account: '7d4f6e51-0000-4000-8000-000000000002' }, 'phone', ['1']))[Symbol.dispose]();
  steps.push('left');
  held[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  assert.deepEqual(steps, ['left', 'entered']);
});

test('a process whose connection ends holds nothing any more, and goes on with a new one', async () => {
  const [one, two] = [process(), process()];
  await one.enter(s, 'dying', ['1']);
  const waiting = two.enter(s, 'dying', ['1']);
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  await admin.end();
  (await waiting)[Symbol.dispose]();
  (await one.enter(s, 'dying', ['1']))[Symbol.dispose]();
});

test('who waits too long is refused for a while, and has taken nothing', async () => {
  const [one, two, three] = [process(), process(0), process()];
  const held = await one.enter(s, 'slow', ['2']);
  await assert.rejects(two.enter(s, 'slow', ['1', '2', '3']), { kind: 'unavailable' });
  (await three.enter(s, 'slow', ['1', '3']))[Symbol.dispose]();
  held[Symbol.dispose]();
});
