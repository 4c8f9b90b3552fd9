import { setTimeout as sleep } from 'node:timers/promises';
import type { EasPhone } from '../../test/support/eas-phone.js';
import { address, message, startWorld } from '../../test/support/eas-phone-world.js';
import { format, type Outcome } from '../support/report.js';
import { BURST } from './sizes.js';
import { untilGauge } from './stage.js';

const INBOX = 2;
const SETTERS = 8;
/** Phones that begin to wait in a second: how they are woken is measured, not how they come. */
const COMING = 100;
/** A phone that is told 503 comes again after so long, in milliseconds. */
const AGAIN_MS = 2_000;
/** Recipients of one delivery. */
const DELIVERY = 100;

/** New mail for everybody at once, on Dovecot with a watch each: all Pings are answered, and each phone syncs. */
export async function burstOfSyncs(): Promise<Outcome[]> {
  const world = await startWorld({ env: { LOG_LEVEL: 'warn' } });
  const phones: EasPhone[] = [];
  let next = 0;
  const setUp = async () => {
    for (let n = next++; n < BURST; n = next++) {
      const phone = await world.phone(`burst${n}`, { deviceId: `burst${n}` });
      await phone.syncAll(phone.folder(INBOX));
      phones.push(phone);
    }
  };
  await Promise.all(Array.from({ length: SETTERS }, setUp));
  let errors = 0;
  let done = 0;
  let answered = 0;
  let last = 0;
  let refused = 0;
  const patient = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!/503/.test(String(error))) throw error;
        refused++;
        await sleep(AGAIN_MS);
      }
    }
  };
  const works = phones.map(async (phone, n) => {
    try {
      await sleep((n * 1000) / COMING);
      const { status } = await patient(() => phone.ping([phone.folder(INBOX)], 900));
      answered++;
      if (status !== '2') throw new Error(`Ping: Status ${status}`);
      await patient(() => phone.syncAll(phone.folder(INBOX)));
      if (phone.folder(INBOX).items.size !== 1) throw new Error('the message did not come');
      done++;
      last = performance.now();
    } catch (error) {
      if (errors++ === 0) console.log(error);
    }
  });
  await untilGauge({ gateways: [world.gateway] }, 'gateway_imap_watches', BURST - errors, 120_000);
  await sleep(2_000);
  const started = performance.now();
  for (let at = 0; at < BURST; at += DELIVERY) {
    const users = Array.from({ length: Math.min(DELIVERY, BURST - at) }, (_, n) => address(`burst${at + n}`));
    await world.dovecot.deliver(users, message({ subject: 'to all', text: 'x' }));
  }
  const delivered = performance.now();
  await Promise.race([Promise.all(works), sleep(120_000)]);
  const seconds = done === BURST ? (last - started) / 1000 : Number.POSITIVE_INFINITY;
  for (const phone of phones) phone.close();
  await world.gateway.kill('SIGKILL');
  const detail = `${format((delivered - started) / 1000)} s of delivery by Dovecot in it; ${answered} Pings answered, ${done} Syncs, ${errors} errors, ${refused} times 503 and again after ${AGAIN_MS / 1000} s; phones and mail server on the same cores`;
  return [
    {
      name: `a burst of ${BURST} Pings to the end of ${BURST} Syncs`,
      value: seconds,
      unit: ' s',
      aim: { operator: '<=', value: 20 },
      detail,
    },
    { name: 'errors in the burst', value: errors, unit: '', aim: { operator: '<=', value: 0 }, detail },
  ];
}
