import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { migrate, openDatabase, poolOf } from '../../src/infra/db/data-source.js';
import { PostgresMailSignals } from '../../src/infra/db/mail-signal-store.js';
import { onEnd } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { address, eventually, message, startWorld } from '../support/eas-phone-world.js';

const [ALICE, BOB, NOBODY] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string, string];

describe('mail signals', () => {
  it('are found from the moment of the last look on, of the accounts asked for', async () => {
    const database = await openDatabase(await freshDatabase());
    onEnd(() => database.destroy());
    await migrate(database);
    const pool = poolOf(database);
    for (const account of [ALICE, BOB]) {
      await pool.query('INSERT INTO accounts (id, address) VALUES ($1, $2)', [account, `${account}@example.test`]);
    }
    const store = new PostgresMailSignals(pool);
    const before = await store.since([ALICE, BOB], null);
    assert.deepEqual(before.places, []);
    const note = [ALICE, BOB, NOBODY].map((account) => ({ account, folder: '7' }));
    await store.note(note);
    await store.note([...note].reverse());
    assert.deepEqual((await store.since([ALICE], before.moment)).places, [{ account: ALICE, folder: '7' }]);
    const both = await store.since([ALICE, BOB, NOBODY], null);
    assert.deepEqual(both.places.map(({ account }) => account).sort(), [ALICE, BOB]);
    const later = new Date(Date.parse(both.moment) + 6_000).toISOString();
    assert.deepEqual((await store.since([ALICE, BOB], later)).places, [], 'five seconds are looked at twice, not more');
    assert.deepEqual((await store.since([], null)).places, []);
  });

  it('the process that watches a mailbox writes them down', async () => {
    const world = await startWorld();
    const phone = await world.phone('alice');
    const inbox = phone.folder(2);
    await phone.syncAll(inbox);
    const waiting = phone.ping([inbox], 900);
    const watched = async () => /^gateway_imap_watches 1$/m.test(await (await fetch(`${world.gateway.url}/metrics`)).text());
    await eventually('the watch', watched, Boolean);
    await world.dovecot.deliver(address('alice'), message({ subject: 'noted' }));
    assert.equal((await waiting).status, '2');
    const database = await openDatabase(world.databaseUrl, { poolSize: 1 });
    onEnd(() => database.destroy());
    const noted = () => database.query('SELECT folder_id FROM mail_signals') as Promise<{ folder_id: number }[]>;
    const found = await eventually('a note', noted, (rows) => rows.length > 0);
    assert.deepEqual(found.map(({ folder_id }) => String(folder_id)), [inbox.id]); // biome-ignore format: one line
  });
});
