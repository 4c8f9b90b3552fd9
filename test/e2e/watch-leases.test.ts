import assert from 'node:assert/strict';
import { it } from 'node:test';
import { address, eventually, message, startWorld } from '../support/eas-phone-world.js';
import type { Gateway } from '../support/gateway.js';

const INBOX = 2;

async function gauge(gateway: Gateway, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'm').exec(text)?.[1]);
}

function becomes(gateway: Gateway, name: string, value: number): Promise<number> {
  return eventually(
    `${name} is ${value}`,
    () => gauge(gateway, name),
    (now) => now === value,
    60_000,
  );
}

it('phones on two processes hear of the same new mail, and go on hearing when the watching process is killed', async (context) => {
  const world = await startWorld();
  const second = await world.secondGateway();
  const one = await world.phone('alice', { deviceId: 'one' });
  const two = await world.phone('alice', { deviceId: 'two', url: second.url });
  for (const phone of [one, two]) await phone.syncAll(phone.folder(INBOX));

  const first = one.ping([one.folder(INBOX)], 300);
  await becomes(world.gateway, 'gateway_imap_watches', 1);
  const other = two.ping([two.folder(INBOX)], 300);
  await becomes(second, 'gateway_waiting_requests', 1);
  await world.dovecot.deliver(address('alice'), message({ subject: 'to both' }));
  assert.deepEqual([(await first).status, (await other).status], ['2', '2']);
  assert.equal(await gauge(second, 'gateway_imap_watches'), 0, 'the account is watched once');

  await two.syncAll(two.folder(INBOX));
  const waiting = two.ping([two.folder(INBOX)], 300);
  await becomes(second, 'gateway_waiting_requests', 1);
  await world.gateway.kill('SIGKILL');
  // Nobody watches now: what comes in this gap must be found by whoever takes over.
  const killed = Date.now();
  await world.dovecot.deliver(address('alice'), message({ subject: 'in the gap' }));
  assert.equal((await waiting).status, '2');
  context.diagnostic(`mail that came after kill -9 was told ${((Date.now() - killed) / 1000).toFixed(1)} s after it`);
  await two.syncAll(two.folder(INBOX));
  const last = two.ping([two.folder(INBOX)], 300);
  await becomes(second, 'gateway_imap_watches', 1);
  await world.dovecot.deliver(address('alice'), message({ subject: 'to the survivor' }));
  assert.equal((await last).status, '2');
});
