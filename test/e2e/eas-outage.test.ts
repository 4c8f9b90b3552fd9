import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startTestDovecot } from '../support/dovecot.js';
import { type EasPhone, LostAnswer, type PhoneFolder, t } from '../support/eas-phone.js';
import { contact } from '../support/eas-phone-items.js';
import { address, eventually, message, startWorld, type World } from '../support/eas-phone-world.js';

let world: World;
let refusal: { code: number; text: string } | undefined;
before(async () => {
  world = await startWorld({ submission: { refuse: () => refusal } });
});

const vcf = (uid: string): string => `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${uid}\r\nN:${uid};;;;\r\nFN:${uid}\r\nEND:VCARD\r\n`;
const subjects = (folder: PhoneFolder): string[] =>
  [...folder.items.values()].map((item) => item.text('Email:Subject') ?? '').sort();

async function syncedPhone(user: string, deviceId: string): Promise<EasPhone> {
  const phone = await world.phone(user, { deviceId });
  for (const type of [2, 8, 9]) await phone.syncAll(phone.folder(type));
  return phone;
}

/** Syncs until it goes through without a fault of the line, the gateway or the mail server. */
async function recovered(phone: EasPhone, folder: PhoneFolder): Promise<void> {
  const attempt = () => phone.syncAll(folder).then(() => true, (error: Error) => error.message); // biome-ignore format: one line
  await eventually(`sync of ${folder.name}`, attempt, (outcome) => outcome === true, 20_000);
}

describe('requests at the same time', { concurrency: false }, () => {
  test('the same Sync sent four times at once adds one item', async () => {
    const phone = await syncedPhone('twin', 'twin1');
    const contacts = phone.folder(9);
    phone.add(contacts, ...contact({ first: 'Only', last: 'One' }));
    const body = t('AirSync:Sync', t('AirSync:Collections', contacts.request()));
    const answers = await Promise.all(Array.from({ length: 4 }, () => phone.raw({ command: 'Sync', body })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    await phone.syncAll(contacts);
    assert.equal(contacts.items.size, 1);
    const desk = await world.dav('twin');
    assert.equal((await desk.list(desk.contacts)).size, 1);
  });

  test('two processes that get the same Sync at once add one item', async () => {
    const phone = await syncedPhone('twin', 'twin2');
    const second = await world.secondGateway();
    const other = await world.phone('twin', { deviceId: 'twin2', url: second.url }, { fresh: true });
    other.policyKey = phone.policyKey;
    const contacts = phone.folder(9);
    const before = contacts.items.size;
    phone.add(contacts, ...contact({ first: 'Still', last: 'One' }));
    const body = t('AirSync:Sync', t('AirSync:Collections', contacts.request()));
    const answers = await Promise.all([phone.raw({ command: 'Sync', body }), other.raw({ command: 'Sync', body })]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    await phone.syncAll(contacts);
    assert.equal(contacts.items.size, before + 1);
    const desk = await world.dav('twin');
    assert.equal((await desk.list(desk.contacts)).size, before + 1);
    await second.stop();
  });
});

describe('what is behind the gateway fails', { concurrency: false }, () => {
  test('mail connections that are cut come back', async () => {
    const phone = await syncedPhone('cut', 'cut1');
    await world.dovecot.doveadm('kick', address('cut'));
    await world.dovecot.deliver(address('cut'), message({ to: address('cut'), subject: 'after the cut', text: 'x' }));
    await recovered(phone, phone.folder(2));
    assert.deepEqual(subjects(phone.folder(2)), ['after the cut']);
  });

  test('a waiting Ping survives the cut of its mail connection', async () => {
    const phone = await syncedPhone('cut', 'cut2');
    const waiting = phone.ping([phone.folder(2)], 60);
    await sleep(500);
    await world.dovecot.doveadm('kick', address('cut'));
    await sleep(1000);
    await world.dovecot.deliver(address('cut'), message({ to: address('cut'), subject: 'second', text: 'x' }));
    const { status, ms } = await waiting;
    assert.equal(status, '2');
    assert.ok(ms < 30_000, `${Math.round(ms)} ms`);
  });

  test('without the mail server calendars and contacts go on, and mail takes up where it was', async () => {
    const user = address('down');
    await world.dovecot.deliver(user, message({ to: user, subject: 'before', text: 'x' }));
    const phone = await syncedPhone('down', 'down1');
    const [inbox, contacts] = [phone.folder(2), phone.folder(9)];
    const desk = await world.dav('down');
    await desk.put(`${desk.contacts}during.vcf`, vcf('during'));
    const { ports, dir } = world.dovecot;
    await world.dovecot.stop();
    phone.add(contacts, ...contact({ first: 'Made', last: 'Offline' }));
    const { collections } = await phone.sync([inbox, contacts], { timeout: 60_000 });
    assert.equal(collections.get(contacts.id)?.status, '1');
    assert.equal(collections.get(contacts.id)?.added.length, 1);
    assert.ok([undefined, '5', '16'].includes(collections.get(inbox.id)?.status), collections.get(inbox.id)?.status);
    assert.notEqual(inbox.syncKey, '0', 'the phone need not start over');
    const revived = await startTestDovecot({ dir, ports });
    await revived.deliver(user, message({ to: user, subject: 'after', text: 'x' }));
    await recovered(phone, inbox);
    assert.deepEqual(subjects(inbox), ['after', 'before']);
    assert.deepEqual([...contacts.items.values()].map((item) => item.text('Contacts:LastName')).sort(), ['Offline', 'during']);
    Object.assign(world, { dovecot: revived });
  });

  test('database connections that are cut come back, and so do the signals', async () => {
    const phone = await syncedPhone('db', 'db1');
    const contacts = phone.folder(9);
    const admin = new pg.Client({ connectionString: world.databaseUrl });
    await admin.connect();
    const cut = () =>
      admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
    await cut();
    await recovered(phone, contacts);
    phone.add(contacts, ...contact({ first: 'After', last: 'Cut' }));
    await recovered(phone, contacts);
    assert.equal(contacts.items.size, 1);
    const waiting = phone.ping([contacts], 60);
    await sleep(300);
    await cut();
    await sleep(2000);
    const desk = await world.dav('db', await world.secondGateway());
    await desk.put(`${desk.contacts}signal.vcf`, vcf('signal'));
    const { status } = await waiting;
    assert.equal(status, '2');
    await admin.end();
  });

  test('a mailbox made anew under its old name shows what is in it now', async () => {
    const user = address('anew');
    const imap = await world.imap('anew');
    await imap.mailboxCreate('Vault');
    for (const subject of ['old 1', 'old 2', 'old 3']) await imap.append('Vault', message({ to: user, subject, text: 'x' }));
    const phone = await world.phone('anew');
    const vault = () => [...phone.folders.values()].find(({ name }) => name === 'Vault')!;
    await phone.syncAll(vault());
    assert.equal(vault().items.size, 3);
    await imap.mailboxDelete('Vault');
    await sleep(1100); // UIDVALIDITY is the time in seconds
    await imap.mailboxCreate('Vault');
    await imap.append('Vault', message({ to: user, subject: 'new', text: 'x' }));
    await phone.folderSync();
    // Dovecot itself takes a few seconds to tell a connection that its mailbox is another one.
    const look = async () => {
      const { collections } = await phone.sync([vault()]);
      if (collections.get(vault().id)?.status === '1') await phone.syncAll(vault());
      return subjects(vault()).join();
    };
    await eventually('the new mailbox', look, (shown) => shown === 'new', 30_000);
    assert.deepEqual(subjects(vault()), ['new']);
  });

  test('a message that the mail server refuses is told, and can be sent again', async () => {
    const phone = await world.phone('sender');
    const mime = message({ from: address('sender'), to: address('rcpt'), subject: 'Refused at first', text: 'x' });
    const clientId = phone.nextClientId();
    refusal = { code: 554, text: 'not today' };
    const refused = await phone.sendMail(mime, { clientId });
    assert.ok(['115', '116', '120', '122'].includes(refused), refused);
    refusal = undefined;
    assert.equal(await phone.sendMail(mime, { clientId }), '1');
    assert.equal(world.submission.messages.filter(({ raw }) => raw.includes('Refused at first')).length, 1);
    assert.equal(await phone.sendMail(mime, { clientId }), '118');
  });

  test('a phone that hangs up in the middle leaves nothing behind', async () => {
    const phone = await syncedPhone('hangup', 'hangup1');
    for (let n = 0; n < 10; n++) {
      await assert.rejects(phone.ping([phone.folder(2), phone.folder(8)], 60, { lose: 'connection' }), LostAnswer);
    }
    const gauge = async () => {
      const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
      return Number(/^gateway_waiting_requests(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1]);
    };
    await eventually('nobody waits', gauge, (waiting) => waiting === 0);
  });
});
