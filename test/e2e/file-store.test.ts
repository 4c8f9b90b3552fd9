import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DataSource } from 'typeorm';
import type { Files } from '../../src/domain/files/model.js';
import type { LockStore } from '../../src/domain/locks/model.js';
import type { Session } from '../../src/domain/types.js';
import { PostgresAccountStore } from '../../src/infra/db/account-store.js';
import { migrate, openDatabase, poolOf } from '../../src/infra/db/data-source.js';
import { PostgresFiles } from '../../src/infra/db/file-store.js';
import { PostgresLockStore } from '../../src/infra/db/lock-store.js';
import { freshDatabase } from '../support/cluster.js';

describe('files and locks in PostgreSQL', () => {
  let database: DataSource;
  let files: Files;
  let locks: LockStore;
  let s: Session;
  let other: Session;

  before(async () => {
    database = await openDatabase(await freshDatabase());
    await migrate(database);
    files = new PostgresFiles(poolOf(database));
    locks = new PostgresLockStore(poolOf(database));
    const accounts = new PostgresAccountStore(database);
    const open = async (address: string): Promise<Session> => {
      const user = await accounts.create({ address, aliases: [], displayName: '', zone: 'UTC' }, []);
      return { account: user.id, origin: 'test', user };
    };
    s = await open('a@example.test');
    other = await open('b@example.test');
  });

  after(() => database.destroy());

  const paths = async (path = '', deep = true) => (await files.members(s, path, deep)).map((file) => file.path);
  const bytes = (text: string) => Buffer.from(text);

  it('writes, reads and replaces a file, and keeps accounts apart', async () => {
    const first = await files.write(s, 'a.txt', bytes('one'), 'text/plain');
    assert.equal(first.created, true);
    const second = await files.write(s, 'a.txt', bytes('two!'), 'text/plain');
    assert.deepEqual([second.created, second.file.size], [false, 4]);
    assert.notEqual(first.file.etag, second.file.etag);
    assert.equal((await files.read(s, 'a.txt')).toString(), 'two!');
    assert.equal(await files.head(other, 'a.txt'), null);
    await assert.rejects(files.read(other, 'a.txt'), { kind: 'not-found' });
  });

  it('wants the folder above', async () => {
    await assert.rejects(files.write(s, 'no/b.txt', bytes('x'), 'text/plain'), { kind: 'conflict' });
    await assert.rejects(files.createFolder(s, 'no/where'), { kind: 'conflict' });
    await files.createFolder(s, 'dir');
    await assert.rejects(files.createFolder(s, 'dir'), { kind: 'precondition-failed' });
    await assert.rejects(files.write(s, 'dir', bytes('x'), 'text/plain'), { kind: 'conflict' });
    await files.write(s, 'dir/b.txt', bytes('b'), 'text/plain');
    await files.createFolder(s, 'dir/sub');
    await files.write(s, 'dir/sub/c_%.txt', bytes('c'), 'text/plain');
    assert.deepEqual(await paths('', false), ['a.txt', 'dir']);
    assert.deepEqual(await paths('dir', true), ['dir/b.txt', 'dir/sub', 'dir/sub/c_%.txt']);
  });

  it('copies and moves trees, shallow where asked', async () => {
    assert.equal(await files.transfer(s, 'dir', 'copy', { copy: true, overwrite: false, shallow: false }), true);
    assert.deepEqual(await paths('copy'), ['copy/b.txt', 'copy/sub', 'copy/sub/c_%.txt']);
    await assert.rejects(files.transfer(s, 'dir', 'copy', { copy: true, overwrite: false, shallow: false }), {
      kind: 'precondition-failed',
    });
    assert.equal(await files.transfer(s, 'dir', 'copy', { copy: true, overwrite: true, shallow: true }), false);
    assert.deepEqual(await paths('copy'), []);
    assert.equal(await files.transfer(s, 'dir', 'moved', { copy: false, overwrite: false, shallow: false }), true);
    assert.deepEqual(await paths(''), ['a.txt', 'copy', 'moved', 'moved/b.txt', 'moved/sub', 'moved/sub/c_%.txt']);
    await assert.rejects(files.transfer(s, 'moved', 'moved/sub/in', { copy: true, overwrite: true, shallow: false }), {
      kind: 'forbidden',
    });
    await assert.rejects(files.transfer(s, 'moved/sub', 'moved', { copy: true, overwrite: true, shallow: false }), {
      kind: 'forbidden',
    });
  });

  it('keeps dead properties and removes trees', async () => {
    await files.setProperties(s, 'a.txt', { '{x}one': '1', '{x}two': '2' });
    await files.setProperties(s, 'a.txt', { '{x}one': null });
    assert.deepEqual((await files.head(s, 'a.txt'))?.properties, { '{x}two': '2' });
    await files.remove(s, 'moved');
    assert.deepEqual(await paths(''), ['a.txt', 'copy']);
    await assert.rejects(files.remove(s, 'moved'), { kind: 'not-found' });
    assert.equal((await files.quota(s)).used, 4);
  });

  it('locks exclude each other on a path, above it and beneath it', async () => {
    const lock = { path: '/dav/x', infinite: true, exclusive: true, principal: s.account, owner: '<o/>', seconds: 100 };
    const held = await locks.create(s, s.account, lock);
    for (const path of ['/dav/x', '/dav/x/y', '/dav/x/y/z']) {
      await assert.rejects(locks.create(s, s.account, { ...lock, path }), { kind: 'conflict' });
    }
    await assert.rejects(locks.create(s, s.account, { ...lock, path: '/dav' }), { kind: 'conflict' });
    await locks.create(s, s.account, { ...lock, path: '/dav/xy', infinite: false });
    assert.equal((await locks.covering(s, s.account, '/dav/x/y', false)).length, 1);
    assert.equal((await locks.covering(s, s.account, '/dav', true)).length, 2);
    assert.equal(await locks.refresh(other, s.account, held.token, 10), null);
    assert.ok(((await locks.refresh(s, s.account, held.token, 10))?.expires.getTime() ?? 0) > Date.now());
    assert.equal(await locks.remove(s, s.account, held.token), true);
    await locks.removeUnder(s, s.account, '/dav/xy');
    assert.deepEqual(await locks.covering(s, s.account, '/dav', true), []);
  });

  it('shared locks share, and expire', async () => {
    const lock = { path: '/s', infinite: false, exclusive: false, principal: s.account, owner: '', seconds: 100 };
    await locks.create(s, s.account, lock);
    await locks.create(s, s.account, { ...lock, seconds: 0 });
    assert.equal((await locks.covering(s, s.account, '/s', false)).length, 1);
    await assert.rejects(locks.create(s, s.account, { ...lock, exclusive: true }), { kind: 'conflict' });
  });
});
