import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { address, type DavHome, startWorld, type World } from '../support/eas-phone-world.js';
import { builtPath } from '../support/paths.js';

const event = (uid: string, summary: string) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:${summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;

describe('undo', () => {
  let world: World;
  let alice: DavHome;
  let calendar: string;

  before(async () => {
    world = await startWorld({ env: { MASS_REMOVAL_LIMIT: '5' } });
    alice = await world.dav('alice');
    calendar = (await api<{ id: string; kind: string }[]>('/collections')).find(({ kind }) => kind === 'calendar')!.id;
  });

  async function api<T>(path: string, change?: object, user = 'alice'): Promise<T> {
    const authorization = `Basic ${Buffer.from(`${address(user)}:demo`).toString('base64')}`;
    const sent = change && { method: 'POST', body: JSON.stringify(change) };
    const headers = { authorization, ...(change ? { 'content-type': 'application/json' } : {}) };
    const answer = await fetch(`${world.gateway.url}/api/v1${path}`, { ...sent, headers });
    assert.equal(answer.status, 200, `${path}: ${answer.status}`);
    return (await answer.json()) as T;
  }

  it('brings back an overwritten text', async () => {
    const path = `${alice.calendar}one.ics`;
    await alice.put(path, event('one', 'first'));
    await alice.put(path, event('one', 'second'));
    const [version] = await api<{ item: string; seq: string; summary: string }[]>(`/collections/${calendar}/versions`);
    assert.equal(version?.summary, 'first');
    await api(`/collections/${calendar}/restore`, version);
    assert.match((await alice.client.request('GET', path)).text, /SUMMARY:first/);
  });

  it('marks a mass deletion and brings all of it back, by endpoint and by command', async () => {
    const names = Array.from({ length: 8 }, (_, n) => `mass${n}`);
    for (const name of names) await alice.put(`${alice.calendar}${name}.ics`, event(name, name));
    for (const name of names) await alice.remove(`${alice.calendar}${name}.ics`);
    const [point] = await api<{ seq: string; removed: number }[]>(`/collections/${calendar}/restore-points`);
    assert.equal(point?.removed, 8);
    assert.deepEqual(await api(`/collections/${calendar}/restore-deleted`, { since: point.seq }), { restored: 8 });
    assert.equal((await alice.list(alice.calendar)).size, 9);

    for (const name of names) await alice.remove(`${alice.calendar}${name}.ics`);
    const env = { ...process.env, DATABASE_URL: world.databaseUrl, IMAP_URL: world.dovecot.url };
    const gateway = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, [builtPath('src', 'cli.js'), ...args], { env })).stdout;
    assert.match(await gateway('undo', address('alice')), /^calendar\tcalendar\t/m);
    const listed = await gateway('undo', address('alice'), 'calendar');
    const seq = /^restore point\t(\d+)\t16 removed/m.exec(listed)?.[1];
    assert.ok(seq, listed);
    assert.match(await gateway('undo', address('alice'), 'calendar', 'since', seq), /8 brought back/);
    assert.equal((await alice.list(alice.calendar)).size, 9);
  });

  it('shows nobody anything of somebody else, and takes no changes from foreign pages', async () => {
    const headers = (user: string) => ({ authorization: `Basic ${Buffer.from(`${address(user)}:demo`).toString('base64')}` });
    const url = `${world.gateway.url}/api/v1/collections/${calendar}`;
    const bobs = (await api<{ id: string }[]>('/collections', undefined, 'bob')).map(({ id }) => id);
    assert.ok(bobs.includes(calendar), 'identifiers are per account');
    assert.deepEqual(await api(`/collections/${calendar}/versions`, undefined, 'bob'), []);
    assert.equal((await fetch(`${world.gateway.url}/api/v1/collections`)).status, 401);
    assert.equal((await fetch(`${url}/restore`, { method: 'POST', body: '{}', headers: headers('alice') })).status, 415);
    assert.equal(
      (await fetch(`${world.gateway.url}/api/v1/collections/99999/versions`, { headers: headers('alice') })).status,
      404,
    );
  });

  it('lists devices and blocks one', async () => {
    const phone = await world.phone('alice', { deviceId: 'undo1' });
    assert.equal(
      (await api<{ id: string; model: string }[]>('/devices')).find(({ id }) => id === 'undo1')?.model,
      'Test Phone 1',
    );
    await api('/devices/undo1', { blocked: true });
    assert.equal((await phone.folderSync()).status, '129');
  });
});
