import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { address, message, startWorld } from '../support/eas-phone-world.js';

const INBOX = 2;

it('phones on two processes hear of the same new mail, and go on hearing when the watching process is killed', async () => {
  const world = await startWorld();
  const second = await world.secondGateway();
  const one = await world.phone('alice', { deviceId: 'one' });
  const two = await world.phone('alice', { deviceId: 'two', url: second.url });
  for (const phone of [one, two]) await phone.syncAll(phone.folder(INBOX));

  const first = one.ping([one.folder(INBOX)], 120);
  await sleep(1_000);
  const other = two.ping([two.folder(INBOX)], 120);
  await sleep(1_000);
  await world.dovecot.deliver(address('alice'), message({ subject: 'to both' }));
  assert.deepEqual([(await first).status, (await other).status], ['2', '2']);

  await two.syncAll(two.folder(INBOX));
  const waiting = two.ping([two.folder(INBOX)], 120);
  await sleep(500);
  await world.gateway.kill('SIGKILL');
  await sleep(25_000);
  const sent = Date.now();
  await world.dovecot.deliver(address('alice'), message({ subject: 'to the survivor' }));
  assert.equal((await waiting).status, '2');
  assert.ok(Date.now() - sent < 60_000, `${Date.now() - sent} ms`);
});
