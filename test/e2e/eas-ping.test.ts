import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd } from '../support/cleanup.js';
import { EasPhone, t } from '../support/eas-phone.js';
import { contact, event } from '../support/eas-phone-items.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';
import type { Gateway } from '../support/gateway.js';

/** Milliseconds that tell a wake-up from the end of the interval, on however busy a machine; bench/ measures the latency. */
const WITHIN = 20_000;
/** Long enough for a Ping to be waiting. */
const SETTLE = 400;

const ics = (uid: string, summary: string): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//desk//EN', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20270101T000000Z',
    'DTSTART:20270405T080000Z', 'DTEND:20270405T083000Z', `SUMMARY:${summary}`, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: lines

let world: World;
let other: Gateway;
before(async () => {
  world = await startWorld();
  other = await world.secondGateway();
});

let devices = 0;
async function syncedPhone(user: string, identity: object = {}): Promise<EasPhone> {
  const phone = await world.phone(user, { deviceId: `ping${++devices}`, ...identity });
  for (const type of [2, 8, 9]) await phone.syncAll(phone.folder(type));
  return phone;
}

/** Starts to wait, makes the change, and tells how long the answer took after it. */
async function wakes<T>(waiting: Promise<T>, change: () => Promise<unknown>): Promise<{ answer: T; ms: number }> {
  let over = false;
  void waiting.then(() => { over = true; }, () => { over = true; }); // biome-ignore format: one line
  await sleep(SETTLE);
  assert.equal(over, false, 'it answered before anything happened');
  await change();
  const from = performance.now();
  const answer = await waiting;
  return { answer, ms: performance.now() - from };
}

describe('Ping (MS-ASCMD 2.2.1.13, sync-rules)', { concurrency: false }, () => {
  test('wakes for an event put on another process', async () => {
    const phone = await syncedPhone('alice');
    const [inbox, calendar, contacts] = [2, 8, 9].map((type) => phone.folder(type)) as [never, never, never];
    const desk = await world.dav('alice', other);
    const { answer, ms } = await wakes(phone.ping([inbox, calendar, contacts], 60), () =>
      desk.put(`${desk.calendar}a.ics`, ics('a', 'A')),
    );
    assert.deepEqual(answer.folders, [phone.folder(8).id]);
    assert.ok(ms < WITHIN, `${Math.round(ms)} ms`);
    assert.equal((await phone.syncAll(calendar)).added.length, 1);
  });

  test('wakes for mail that arrives in INBOX', async () => {
    const phone = await syncedPhone('alice');
    const inbox = phone.folder(2);
    const mail = () => world.dovecot.deliver(address('alice'), message({ subject: 'Ding', text: 'dong' }));
    const { answer, ms } = await wakes(phone.ping([inbox, phone.folder(8)], 60), mail);
    assert.deepEqual(answer.folders, [inbox.id]);
    assert.ok(ms < WITHIN, `${Math.round(ms)} ms`);
    assert.equal((await phone.syncAll(inbox)).added.length, 1);
  });

  test('wakes a Ping on the other process too, and other users sleep on', async () => {
    const phone = await syncedPhone('alice', { url: other.url });
    const stranger = await syncedPhone('zoe');
    const sleeper = new AbortController();
    let woken = false;
    const strangerPing = stranger.ping([stranger.folder(8)], 60, { signal: sleeper.signal }).then(() => { woken = true; }, () => {}); // biome-ignore format: one line
    const desk = await world.dav('alice');
    const { answer } = await wakes(phone.ping([phone.folder(8)], 60), () => desk.put(`${desk.calendar}b.ics`, ics('b', 'B')));
    assert.equal(answer.status, '2');
    await sleep(300);
    assert.equal(woken, false);
    sleeper.abort();
    await strangerPing;
  });

  test('a change between Sync and Ping is told at once', async () => {
    const phone = await syncedPhone('alice');
    const desk = await world.dav('alice');
    await desk.put(`${desk.calendar}c.ics`, ics('c', 'C'));
    const { folders, ms } = await phone.ping([phone.folder(8)], 60);
    assert.deepEqual(folders, [phone.folder(8).id]);
    assert.ok(ms < WITHIN);
  });

  test('answers "changes" only when the Sync after it has some', async () => {
    const phone = await syncedPhone('alice');
    const calendar = phone.folder(8);
    phone.add(calendar, ...event('16.1', { subject: 'Own', start: '20270301T090000Z', end: '20270301T100000Z' }));
    await phone.sync([calendar]);
    const desk = await world.dav('alice', other);
    const { answer } = await wakes(phone.ping([phone.folder(2), calendar], 60), () =>
      desk.put(`${desk.calendar}d.ics`, ics('d', 'D')),
    );
    assert.deepEqual(answer.folders, [calendar.id], 'its own change does not wake it');
    assert.equal((await phone.syncAll(calendar)).added.length, 1);
  });

  test('a read state set by another program wakes it', async () => {
    await world.dovecot.deliver(address('alice'), message({ subject: 'Unread', text: 'x' }));
    const phone = await syncedPhone('alice');
    const inbox = phone.folder(2);
    const read = () =>
      world.dovecot.doveadm('flags', 'add', '-u', address('alice'), '\\Seen', 'mailbox', 'INBOX', 'header', 'subject', 'Unread');
    const { answer } = await wakes(phone.ping([inbox], 60), read);
    assert.deepEqual(answer.folders, [inbox.id]);
    assert.equal((await phone.syncAll(inbox)).changed.length, 1);
  });

  test('its parameters are remembered, both or each', async () => {
    const phone = await syncedPhone('paul');
    assert.equal((await phone.ping(undefined)).status, '3', 'nothing is known yet');
    assert.equal((await phone.ping([phone.folder(8)])).status, '3', 'no interval is known yet');
    const desk = await world.dav('paul');
    const first = await wakes(phone.ping([phone.folder(8)], 60), () => desk.put(`${desk.calendar}a.ics`, ics('a', 'A')));
    assert.equal(first.answer.status, '2');
    await phone.syncAll(phone.folder(8));
    const second = await wakes(phone.ping(undefined), () => desk.put(`${desk.calendar}b.ics`, ics('b', 'B')));
    assert.deepEqual(second.answer.folders, [phone.folder(8).id]);
    await phone.syncAll(phone.folder(8));
    const third = await wakes(phone.ping([phone.folder(9)]), () =>
      desk.put(`${desk.contacts}a.vcf`, 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:v\r\nN:V;;;;\r\nFN:V\r\nEND:VCARD\r\n'),
    );
    assert.deepEqual(third.answer.folders, [phone.folder(9).id]);
  });

  test('an interval out of range is Status 5 with the nearest one', async () => {
    const phone = await syncedPhone('paul');
    assert.deepEqual(pick(await phone.ping([phone.folder(8)], 5)), { status: '5', heartbeat: '60' });
    assert.deepEqual(pick(await phone.ping([phone.folder(8)], 9999)), { status: '5', heartbeat: '3540' });
  });

  test('an unknown folder is Status 7', async () => {
    const phone = await syncedPhone('paul');
    const unknown = Object.assign(Object.create(Object.getPrototypeOf(phone.folder(8))), phone.folder(8), {
      id: 'no-such-folder',
    });
    assert.equal((await phone.ping([unknown], 60)).status, '7');
  });

  test('a newer Ping of the same device ends the older one', async () => {
    const phone = await syncedPhone('paul');
    const old = phone.ping([phone.folder(8)], 60);
    await sleep(SETTLE);
    const aborted = new AbortController();
    const newer = phone.ping([phone.folder(8)], 60, { signal: aborted.signal }).catch(() => {});
    const answer = await Promise.race([old, sleep(WITHIN, undefined, { ref: false })]);
    assert.ok(answer, 'the older one still waits');
    aborted.abort();
    await newer;
  });
});

describe('Sync that waits', { concurrency: false }, () => {
  test('answers as soon as something comes', async () => {
    const phone = await syncedPhone('wanda');
    const [inbox, calendar] = [phone.folder(2), phone.folder(8)];
    const mail = () => world.dovecot.deliver(address('wanda'), message({ subject: 'Now', text: 'x' }));
    const { answer, ms } = await wakes(phone.sync([inbox, calendar], { heartbeat: 60, timeout: 70_000 }), mail);
    assert.equal(answer.collections.get(inbox.id)?.added.length, 1);
    assert.ok(ms < WITHIN, `${Math.round(ms)} ms`);
  });

  test('answers at once when there is something already or the phone changes something', async () => {
    const phone = await syncedPhone('wanda');
    const contacts = phone.folder(9);
    phone.add(contacts, ...contact({ first: 'Wait', last: 'Not' }));
    const from = performance.now();
    const result = await phone.sync([contacts], { wait: 5 });
    assert.equal(result.collections.get(contacts.id)?.outcomes.size, 1);
    assert.ok(performance.now() - from < WITHIN);
  });

  test('an interval out of range is Status 14 with the limit', async () => {
    const phone = await syncedPhone('wanda');
    const status = async (how: object) => {
      const { status, limit } = await phone.sync([phone.folder(9)], how);
      return { status, limit };
    };
    assert.deepEqual(await status({ wait: 0 }), { status: '14', limit: '1' });
    assert.deepEqual(await status({ wait: 60 }), { status: '14', limit: '59' });
    assert.deepEqual(await status({ heartbeat: 10 }), { status: '14', limit: '60' });
    assert.deepEqual(await status({ heartbeat: 4000 }), { status: '14', limit: '3540' });
    assert.equal((await status({ heartbeat: 60, wait: 1 })).status, '4');
  });

  test('an empty Sync runs the one before again with the present keys', async () => {
    const phone = await syncedPhone('wanda');
    const contacts = phone.folder(9);
    assert.equal((await phone.sync([contacts])).status, '1');
    const desk = await world.dav('wanda');
    await desk.put(`${desk.contacts}e.vcf`, 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:e\r\nN:Leer;;;;\r\nFN:Leer\r\nEND:VCARD\r\n');
    const first = await phone.syncEmpty();
    assert.equal(first.collections.get(contacts.id)?.added.length, 1);
    // A second empty request may be the repetition of the first: it gets the same, or is asked for the keys (Status 13).
    const second = await phone.syncEmpty();
    assert.ok(second.empty || second.status === '13', second.status);
    assert.deepEqual((await phone.syncAll(contacts)).added, []);
  });

  test('an empty Sync with nothing remembered is Status 13', async () => {
    const phone = await world.phone('wanda', { deviceId: 'neversynced' });
    const { status } = await phone.syncEmpty();
    assert.ok(status === '13' || status === '149', status);
  });

  test('a Partial request adds the other collections of the one before', async () => {
    const phone = await syncedPhone('wanda');
    const [calendar, contacts] = [phone.folder(8), phone.folder(9)];
    await phone.sync([calendar, contacts]);
    const desk = await world.dav('wanda');
    await desk.put(`${desk.contacts}p.vcf`, 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:p\r\nN:Teil;;;;\r\nFN:Teil\r\nEND:VCARD\r\n');
    const result = await phone.sync([calendar], { partial: true });
    assert.equal(result.collections.get(contacts.id)?.added.length, 1);
  });

  test('Partial with nothing else is refused', async () => {
    const phone = await syncedPhone('wanda');
    const answer = await phone.command('Sync', t('AirSync:Sync', t('AirSync:Partial')));
    assert.ok(['4', '13'].includes(answer.tree?.text('AirSync:Status') ?? ''), `${answer.tree}`);
  });
});

describe('a device that goes on to another process', { concurrency: false }, () => {
  /** The same phone, sent to the other process. */
  function twinOf(phone: EasPhone): EasPhone {
    const twin = new EasPhone({ ...phone.wire.identity, url: other.url });
    onEnd(() => twin.close());
    twin.policyKey = phone.policyKey;
    for (const [id, folder] of phone.folders) twin.folders.set(id, folder);
    return twin;
  }

  const waitingAt = async (url: string): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^gateway_waiting_requests (\d+)$/m.exec(text)?.[1]);
  };

  /** Begins to wait and comes back when the process holds the request. */
  async function parked<T>(url: string, begin: () => Promise<T>): Promise<{ answer: Promise<T> }> {
    const before = await waitingAt(url);
    const answer = begin();
    await eventually('a parked request', () => waitingAt(url), (count) => count > before); // biome-ignore format: one line
    return { answer };
  }

  test('a newer Ping there ends the older one here, and itself waits on for changes', async () => {
    const phone = await syncedPhone('vera');
    const calendar = phone.folder(8);
    const old = await parked(world.gateway.url, () => phone.ping([calendar], 900));
    const twin = twinOf(phone);
    const newer = await parked(other.url, () => twin.ping([calendar], 900));
    assert.equal((await old.answer).status, '1');
    const desk = await world.dav('vera');
    await desk.put(`${desk.calendar}turn.ics`, ics('turn', 'Turn'));
    assert.deepEqual((await newer.answer).folders, [calendar.id]);
  });

  test('and back again: only the newest is left', async () => {
    const phone = await syncedPhone('vera');
    const [calendar, twin] = [phone.folder(8), twinOf(phone)];
    const first = await parked(world.gateway.url, () => phone.ping([calendar], 900));
    const second = await parked(other.url, () => twin.ping([calendar], 900));
    assert.equal((await first.answer).status, '1');
    const third = await parked(world.gateway.url, () => phone.ping([calendar], 900));
    assert.equal((await second.answer).status, '1');
    const desk = await world.dav('vera', other);
    await desk.put(`${desk.calendar}back.ics`, ics('back', 'Back'));
    assert.equal((await third.answer).status, '2');
  });

  test('a Sync there ends a Sync that waits here, whether it waits or not', async () => {
    const phone = await syncedPhone('vera');
    const [contacts, twin] = [phone.folder(9), twinOf(phone)];
    const first = await parked(world.gateway.url, () => phone.sync([contacts], { heartbeat: 900, timeout: 120_000 }));
    const second = await parked(other.url, () => twin.sync([contacts], { heartbeat: 900, timeout: 120_000 }));
    assert.equal((await first.answer).empty, true);
    await phone.sync([contacts]);
    assert.equal((await second.answer).empty, true);
  });
});

function pick({ status, heartbeat }: { status: string; heartbeat: string | undefined }) {
  return { status, heartbeat };
}
