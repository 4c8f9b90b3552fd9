import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DataSource } from 'typeorm';
import type { Span } from '../../src/domain/pim/model.js';
import { PimService } from '../../src/domain/pim/pim.js';
import type { PimStore, Place } from '../../src/domain/pim/store.js';
import type { Scope } from '../../src/domain/types.js';
import { PostgresAccountStore } from '../../src/infra/db/account-store.js';
import { migrate, openDatabase, poolOf } from '../../src/infra/db/data-source.js';
import { PostgresDeviceStore } from '../../src/infra/db/device-store.js';
import { PostgresMailFolderStore } from '../../src/infra/db/mail-folder-store.js';
import { PostgresPimStore } from '../../src/infra/db/pim-store.js';
import { freshDatabase } from '../support/cluster.js';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 23, 12);

const row = (uid: string, start = NOON, end = start + HOUR) => ({
  name: `${uid}.ics`,
  uid,
  component: 'VEVENT',
  text: `text of ${uid}`,
  etag: `etag-${uid}`,
  scheduleTag: null,
  spans: [{ start, end }],
  exact: { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY } as Span | null,
  alarms: [],
});

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}

describe('PostgreSQL stores', () => {
  let database: DataSource;
  let store: PimStore;
  let s: Scope;
  let place: Place;

  before(async () => {
    database = await openDatabase(await freshDatabase());
    await migrate(database);
    store = new PostgresPimStore(poolOf(database));
    const accounts = new PostgresAccountStore(database);
    const account = await accounts.create({ address: 'a@example.test', aliases: [], displayName: 'A', zone: 'UTC' }, [
      { kind: 'calendar', slug: 'calendar', name: 'Calendar', primary: true, components: ['VEVENT'], properties: {} },
    ]);
    assert.equal((await accounts.byAddress('a@example.test'))?.id, account.id);
    s = { account: account.id, origin: 'test' };
    place = { account: account.id, collection: '1' };
  });

  after(() => database.destroy());

  it('gives an account made twice at once only once, with its collections', async () => {
    const accounts = new PostgresAccountStore(database);
    const draft = { address: 'twice@example.test', aliases: [], displayName: '', zone: 'UTC' };
    const [one, two] = await Promise.all([accounts.create(draft, []), accounts.create(draft, [])]);
    assert.equal(one.id, two.id);
    await accounts.create({ ...draft, address: 'twice@other.test' }, []);
    const found = async (query: object) => (await accounts.search('example.test', query, 9)).map((account) => account.address);
    assert.deepEqual(await found({ text: 'TWI' }), ['twice@example.test']);
    assert.deepEqual(await found({ address: 'twice@other.test' }), []);
    assert.deepEqual(await found({}), ['twice@example.test', 'a@example.test']);
  });

  it('numbers items by the counter of their collection and lists changes in commit order', async () => {
    const [first, second] = await store.write(s, [place], async (tx) => [
      await tx.insert(place, row('one')),
      await tx.insert(place, row('two')),
    ]);
    assert.deepEqual([first?.id, second?.id], ['1', '2']);
    await store.write(s, [place], (tx) => tx.update(place, first!, { ...row('one'), text: 'changed', etag: 'new' }));
    await store.write(s, [place], (tx) => tx.remove(place, second!));
    const changes = (await store.changes(s, place, 0n, 10))!;
    assert.equal(changes.head, 4n);
    assert.deepEqual(
      changes.changes.map(({ id, gone, seq, etag }) => ({ id, gone, seq, etag })),
      [
        { id: '1', gone: false, seq: 3n, etag: 'new' },
        { id: '2', gone: true, seq: 4n, etag: undefined },
      ],
    );
    assert.deepEqual(
      (await store.changes(s, place, null, 10))!.changes.map(({ id }) => id),
      ['1'],
    );
    assert.deepEqual((await store.changes(s, place, 4n, 10))!.changes, []);
    assert.equal(await store.changes(s, { ...place, collection: '99' }, null, 10), null);
  });

  it('keeps the texts that were replaced or deleted', async () => {
    const versions = await database.query('SELECT item_id, text, deleted, replaced_by FROM item_versions ORDER BY seq');
    assert.deepEqual(versions, [
      { item_id: '1', text: 'text of one', deleted: false, replaced_by: 'test' },
      { item_id: '2', text: 'text of two', deleted: true, replaced_by: 'test' },
    ]);
  });

  it('lets a deleted name and UID be used again, and a creation key only once', async () => {
    const again = await store.write(s, [place], (tx) => tx.insert(place, row('two'), 'key'));
    assert.equal(again.id, '5');
    assert.equal(await store.write(s, [place], (tx) => tx.created(place, 'key')), '5');
    assert.equal(await store.write(s, [place], (tx) => tx.created(place, 'other')), null);
  });

  it('undoes a whole write that fails', async () => {
    await assert.rejects(
      store.write(s, [place], async (tx) => {
        await tx.insert(place, row('half'));
        throw new Error('stop');
      }),
      /stop/,
    );
    assert.deepEqual(await store.items(s, place, { names: ['half.ics'] }), []);
  });

  it('finds by time, with open ends and before the common era', async () => {
    await store.write(s, [place], async (tx) => {
      await tx.insert(place, row('later', NOON + 10 * HOUR));
      await tx.insert(place, {
        ...row('endless'),
        spans: [{ start: NOON + 100 * HOUR, end: Number.POSITIVE_INFINITY }],
        exact: null,
      });
      await tx.insert(place, row('ancient', Date.UTC(-500, 0, 1)));
      await tx.insert(place, { ...row('timeless'), spans: null });
    });
    const search = async (start: number, end: number) =>
      (await all(store.search(s, place, { overlaps: { start, end } }))).flat().map(({ uid, exact }) => `${uid} ${exact}`);
    assert.deepEqual(await search(NOON, NOON + HOUR), ['one true', 'two true']);
    assert.deepEqual(await search(NOON + HOUR, NOON + 2 * HOUR), []);
    assert.deepEqual(await search(NOON + 10_000 * HOUR, Number.POSITIVE_INFINITY), ['endless false']);
    assert.deepEqual(await search(Number.NEGATIVE_INFINITY, 0), ['ancient true']);
    assert.equal((await all(store.search(s, place, {}))).flat().length, 6);
    assert.equal((await all(store.heads(s, place))).length, 6);
  });

  it('finds in the order of ids what fills more than one batch, by rows and by bytes', async () => {
    const draft = { kind: 'calendar', primary: false, components: ['VEVENT'], properties: {} } as const;
    const { place: many } = await store.createCollection(s, s.account, { ...draft, slug: 'many', name: 'Many' });
    const large = 'x'.repeat(150_000);
    const textOf = (n: number) => (n < 10 ? `${n} ${large}` : `text ${n}`);
    const count = 1_050;
    await store.write(s, [many], async (tx) => {
      for (let n = 0; n < count; n++) await tx.insert(many, { ...row(`many-${n}`), text: textOf(n) });
    });
    const batches = await all(store.search(s, many, { overlaps: { start: NOON, end: NOON + HOUR } }));
    assert.ok(batches.length >= 3);
    assert.deepEqual(
      batches.flat().map(({ uid, text, exact }) => [uid, text, exact]),
      Array.from({ length: count }, (_, n) => [`many-${n}`, textOf(n), true]),
    );
    await store.deleteCollection(s, many);
  });

  it('serialises writers of one collection without gaps in what a reader sees', async () => {
    const before = (await store.changes(s, place, null, 1))!.head;
    await Promise.all(Array.from({ length: 40 }, (_, n) => store.write(s, [place], (tx) => tx.insert(place, row(`w${n}`)))));
    const { head, changes } = (await store.changes(s, place, before, 100))!;
    assert.equal(head, before + 40n);
    assert.deepEqual(
      changes.map(({ seq }) => seq),
      Array.from({ length: 40 }, (_, n) => before + BigInt(n + 1)),
    );
  });

  it('keeps two generations of a sync state and notices a second writer', async () => {
    const devices = new PostgresDeviceStore(poolOf(database));
    assert.equal(await devices.open(s, 'phone', ['1']), null);
    await devices.save(s, 'phone', { type: 'iPhone', protocol: '16.1' });
    const saved = await devices.save(s, 'phone', { policyKey: 4_294_967_295 });
    assert.deepEqual([saved.type, saved.policyKey], ['iPhone', 4_294_967_295]);
    const commit = (expected: string | null, base: 'current' | 'previous' | null, key: string) =>
      devices.commit(s, 'phone', [{ collection: '1', expected, base, next: { key, data: { at: key } } }]);
    await commit(null, null, 'k1');
    await commit('k1', 'current', 'k2');
    const { states } = (await devices.open(s, 'phone', ['1', '2']))!;
    assert.deepEqual(states.get('1'), {
      current: { key: 'k2', data: { at: 'k2' } },
      previous: { key: 'k1', data: { at: 'k1' } },
    });
    assert.equal(states.get('2'), undefined);
    await assert.rejects(commit('k1', 'current', 'k3'), { kind: 'conflict' });
    await commit('k2', 'previous', 'k3');
    assert.equal((await devices.open(s, 'phone', ['1']))!.states.get('1')!.previous?.key, 'k1');
    await commit('k3', null, 'k4');
    assert.equal((await devices.open(s, 'phone', ['1']))!.states.get('1')!.previous, null);
    assert.equal(await devices.reserveSend(s, 'phone', 'm1'), 'go');
    assert.equal(await devices.reserveSend(s, 'phone', 'm1'), 'underway');
    await devices.releaseSend(s, 'phone', 'm1');
    assert.equal(await devices.reserveSend(s, 'phone', 'm1'), 'go');
    await database.query(`UPDATE sent_messages SET begun_at = now() - interval '2 minutes'`);
    assert.equal(await devices.reserveSend(s, 'phone', 'm1'), 'go', 'a sender that died does not lose the message');
    await devices.confirmSend(s, 'phone', 'm1');
    await database.query(`UPDATE sent_messages SET begun_at = now() - interval '2 minutes'`);
    assert.equal(await devices.reserveSend(s, 'phone', 'm1'), 'sent');
  });

  it('keeps the ids of mail folders through renames that swap paths', async () => {
    const folders = new PostgresMailFolderStore(poolOf(database));
    const facts = (path: string) => ({ path, delimiter: '/', role: null, selectable: true, uidValidity: '1', objectId: null });
    const none = { create: [], update: [], remove: [] };
    const made = await folders.reconcile(s, (stored) => (stored.length ? none : { ...none, create: [facts('A'), facts('B')] }));
    const [a, b] = made;
    const swapped = await folders.reconcile(s, ([first]) =>
      first?.id === a?.id
        ? {
            ...none,
            update: [
              { ...a!, path: 'B' },
              { ...b!, path: 'A' },
            ],
          }
        : none,
    );
    assert.deepEqual(
      swapped.map(({ id, path }) => [id, path]),
      [
        [b!.id, 'A'],
        [a!.id, 'B'],
      ],
    );
    assert.notEqual(a!.id, place.collection);
  });

  it('changes and deletes a collection with all that is in it', async () => {
    const made = await store.createCollection(s, s.account, {
      kind: 'contacts',
      slug: 'book',
      name: 'Book',
      primary: false,
      components: ['VCARD'],
      properties: { '{x}a': '1' },
    });
    await assert.rejects(store.createCollection(s, s.account, { ...made, name: 'Other' }), { kind: 'conflict' });
    await store.updateCollection(s, made.place, { name: 'Books', properties: { '{x}a': null, '{x}b': '2' } });
    const changed = (await store.collections(s, s.account)).find(({ slug }) => slug === 'book')!;
    assert.deepEqual([changed.name, changed.properties], ['Books', { '{x}b': '2' }]);
    await store.write(s, [made.place], (tx) => tx.insert(made.place, row('card')));
    await store.deleteCollection(s, made.place);
    await assert.rejects(store.deleteCollection(s, made.place), { kind: 'not-found' });
    await assert.rejects(
      store.write(s, [made.place], async () => 1),
      { kind: 'not-found' },
    );
  });

  it("mounts a shared collection in the grantee's home, with looks of his own", async () => {
    const accounts = new PostgresAccountStore(database);
    const bob = await accounts.create(
      { address: 'bob@example.test', aliases: ['rob@example.test'], displayName: 'Bob', zone: 'UTC' },
      [],
    );
    const share = { access: 'read' as const, status: 'accepted' as const, summary: 'ours' };
    await assert.rejects(store.setShare(s, place, 'nobody@example.test', share), { kind: 'not-found' });
    await assert.rejects(store.setShare(s, place, 'a@example.test', share), { kind: 'not-found' });
    assert.equal((await store.setShare(s, place, 'ROB@example.test', share)).account, bob.id);
    const before = (await store.sharedWith(s, bob.id))[0]!;
    await store.updateMount(s, place, bob.id, { name: 'Mine', properties: { '{x}color': 'red' } });
    await store.setShare(s, place, 'bob@example.test', { ...share, access: 'write' });
    const [mounted] = await store.sharedWith(s, bob.id);
    assert.deepEqual(
      [mounted?.access, mounted?.mount.id, mounted?.mount.name, mounted?.mount.properties, mounted?.owner.address],
      ['write', before.mount.id, 'Mine', { '{x}color': 'red' }, 'a@example.test'],
    );
    const mounts = await store.write(s, [place], async (tx) => tx.mounts(place));
    assert.deepEqual(mounts, [{ account: bob.id, collection: mounted?.mount.id }]);
    assert.deepEqual(
      (await store.shares(s, place)).map(({ grantee, access }) => [grantee.address, access]),
      [['bob@example.test', 'write']],
    );
    await store.setShare(s, place, 'bob@example.test', null);
    assert.deepEqual(await store.sharedWith(s, bob.id), []);
  });

  it('gives the texts of an item that ended since a counter value, as long as none of them is gone', async () => {
    const { epoch, head } = (await store.changes(s, place, null, 1))!;
    const limit = { count: 3, bytes: 1000 };
    const item = await store.write(s, [place], (tx) => tx.insert(place, row('h')));
    const history = (after: bigint, how = limit) => store.history(s, place, item.id, { epoch, seq: after }, how);
    const change = (text: string, origin: string) =>
      store.write({ ...s, origin }, [place], (tx) => tx.update(place, item, { ...row('h'), text, etag: text }));
    await change('second', 'one');
    await change('third', 'two');
    const [first, second] = [
      { text: 'text of h', replacedBy: 'one' },
      { text: 'second', replacedBy: 'two' },
    ];
    assert.deepEqual(await history(head + 1n), [first, second]);
    assert.deepEqual(await history(head + 2n), [second]);
    assert.equal(await history(head + 3n), null, 'nothing ended since');
    assert.equal(await history(head), null, 'the item is younger');
    assert.equal(await store.history(s, place, item.id, { epoch: epoch + 1, seq: head + 1n }, limit), null, 'another collection');
    assert.equal(await history(head + 1n, { ...limit, count: 1 }), null, 'too many');
    assert.equal(await history(head + 1n, { ...limit, bytes: 10 }), null, 'too long');
    await database.query(`UPDATE item_versions SET replaced_at = now() - interval '50 days' WHERE text = 'text of h'`);
    await store.purge({ tombstones: new Date(0), versions: new Date(Date.now() - 40 * 86_400_000) });
    assert.equal(await history(head + 1n), null, 'the first is gone');
    assert.deepEqual(await history(head + 2n), [second]);
    await store.write(s, [place], (tx) => tx.remove(place, { ...item, text: 'third' }));
  });

  it('purges old tombstones, so that a cursor below them is stale and one above is not', async () => {
    const { head } = (await store.changes(s, place, null, 1))!;
    const [victim] = await store.items(s, place, { names: ['w0.ics'] });
    await store.write(s, [place], (tx) => tx.remove(place, victim!));
    assert.equal((await store.versions(s, place, { item: victim!.id }, 5))[0]?.text, 'text of w0');
    await database.query(`UPDATE tombstones SET deleted_at = now() - interval '100 days'`);
    assert.ok((await store.purge({ tombstones: new Date(Date.now() - 90 * 86_400_000), versions: new Date(0) })) > 0);
    const after = (await store.changes(s, place, head, 10))!;
    assert.deepEqual([after.purged, after.changes.length], [head + 1n, 0]);
  });

  it('marks the moment before a device removes unusually much, and brings everything back', async () => {
    const user = { id: s.account, address: 'a@example.test', aliases: [], displayName: 'A', zone: 'UTC' };
    const session = { ...s, origin: 'eas:buggy', user };
    const pim = new PimService(store, { publish: () => undefined }, { now: () => new Date() }, 3);
    const collection = await pim.createCollection(session, { kind: 'contacts', name: 'Victims' });
    const card = (n: number) => `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c${n}\r\nFN:C ${n}\r\nEND:VCARD\r\n`;
    for (let n = 0; n < 6; n++) await pim.put(session, collection, { name: `${n}.vcf`, text: card(n) });
    await pim.put(session, collection, { name: '0.vcf', text: card(0).replace('C 0', 'Changed') });
    for (let n = 0; n < 3; n++) await pim.remove(session, collection, { name: `${n}.vcf` });
    assert.deepEqual(await pim.restorePoints(session, collection), []);
    for (let n = 3; n < 5; n++) await pim.remove(session, collection, { name: `${n}.vcf` });
    const [point] = await pim.restorePoints(session, collection);
    assert.deepEqual([point?.seq, point?.removed, point?.origin], ['7', 5, 'eas:buggy']);
    await pim.put(session, collection, { name: 'other.vcf', text: card(4) });
    assert.equal(await pim.restoreDeleted(session, collection, point!.seq), 4);
    const back = await pim.itemsByName(session, collection, ['0.vcf', '1.vcf', '2.vcf', '3.vcf', '5.vcf', 'other.vcf']);
    assert.equal(back.length, 6);
    assert.match(back.find(({ name }) => name === '0.vcf')!.text, /FN:Changed/);
    const [version] = await pim.versions(session, collection, { item: '1' });
    assert.match(version!.text, /FN:Changed/);
  });
});
