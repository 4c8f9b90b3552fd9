import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { D, DavClient } from '../support/dav-client.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { runWell } from '../support/program.js';
import { saw } from '../support/saw.js';

/** SyncEvolution (Debian's package) between folders of files and the gateway, with nothing but the bare address of the server. */
const USER = 'alice@example.test';
const HOME = `/dav/calendars/${encodeURIComponent(USER)}/`;

/** Its names of the stores, and where they are on our side. */
const stores = {
  calendar: { backend: 'caldav', path: `${HOME}calendar/`, suffix: '.ics', type: 'text/calendar', title: 'SUMMARY', item: event },
  todo: { backend: 'caldavtodo', path: `${HOME}tasks/`, suffix: '.ics', type: 'text/calendar', title: 'SUMMARY', item: todo },
  addressbook: {
    backend: 'carddav',
    path: `/dav/addressbooks/${encodeURIComponent(USER)}/contacts/`,
    suffix: '.vcf',
    type: 'text/vcard',
    title: 'FN',
    item: card,
  },
} as const;
type Store = keyof typeof stores;
const all = Object.keys(stores) as Store[];

let gateway: Gateway;
let dav: DavClient;
let home: string;

before(async () => {
  home = await temporaryFolder('gw-syncevolution');
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url });
  dav = new DavClient({ url: gateway.url, user: USER, password: PASSWORD });
  for (const store of all) await mkdir(join(home, store));
});

function syncevolution(...args: string[]): Promise<string> {
  const folders = { XDG_CONFIG_HOME: `${home}/config`, XDG_CACHE_HOME: `${home}/cache`, XDG_DATA_HOME: `${home}/data` };
  return runWell('syncevolution', { debian: 'syncevolution', args: ['--daemon=no', ...args], env: { HOME: home, ...folders } });
}

const login = () => ['keyring=no', `username=${USER}`, `password=${PASSWORD}`, `syncURL=${gateway.url}/`];

test('finds the calendar, the task list and the address book from the bare address', async (t) => {
  for (const { backend, path } of Object.values(stores)) {
    const output = await syncevolution('--print-databases', `backend=${backend}`, ...login());
    assert.ok(output.includes(`(${gateway.url}${path}) <default>`), output);
    saw(t, output.trim().split('\n').at(-1)!.trim());
  }
});

test('is set up', async () => {
  await syncevolution('--configure', '--template', 'webdav', ...login(), 'target-config@gateway', ...all);
  const here = ['--configure', '--template', 'SyncEvolution_Client', 'keyring=no', 'username=', 'password='];
  await syncevolution(...here, 'syncURL=local://@gateway', 'peerIsClient=1', 'gateway@here');
  for (const store of all) {
    const format = `databaseFormat=${stores[store].type}`;
    const files = ['backend=file', format, `database=file://${home}/${store}`, 'sync=two-way'];
    await syncevolution('--configure', ...files, 'gateway@here', store);
  }
});

test('the first time both sides get what the other has', async (t) => {
  for (const store of all) {
    for (const uid of ['server-1', 'server 2 & ü']) await put(store, uid, 'made there');
    await writeFile(join(home, store, 'a'), stores[store].item('local-1', 'made here'));
    await writeFile(join(home, store, 'b'), stores[store].item('local-2', 'made here too'));
  }
  const { table, output } = await sync('--sync', 'slow');
  saw(t, ...summary(table));
  for (const store of all) {
    await assertBothSides(store, ['made here', 'made here too', 'made there', 'made there'], output);
    assert.deepEqual(table.get(store), [2, 0, 0, 0, 2, 0, 0, 0], output);
  }
});

test('the second time there is nothing to do', () => assertNothingToDo());

test('changes and deletes go both ways', async (t) => {
  for (const store of all) {
    await put(store, 'server-1', 'changed there');
    await dav.request('DELETE', pathOf(store, 'server 2 & ü'));
    await writeFile(join(home, store, 'a'), stores[store].item('local-1', 'changed here'));
    await rm(join(home, store, 'b'));
    await put(store, 'late', 'added late');
  }
  const { table, output } = await sync();
  saw(t, ...summary(table));
  for (const store of all) {
    await assertBothSides(store, ['added late', 'changed here', 'changed there'], output);
    assert.deepEqual(table.get(store), [1, 1, 1, 0, 0, 1, 1, 0], output);
  }
});

test('and again there is nothing to do', () => assertNothingToDo());

/** NEW, MOD, DEL, ERR here, and the same there, of each store. */
type Table = Map<string, number[]>;

/** Synchronizes all stores; the last table printed tells both sides. */
async function sync(...args: string[]): Promise<{ table: Table; output: string }> {
  const output = await syncevolution(...args, 'gateway@here', ...all);
  assert.match(output, /synchronization completed successfully/);
  const last = output.slice(output.lastIndexOf('Changes applied during synchronization:'));
  const rows = last.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const table = new Map(all.map((store) => [store, (rows.find((row) => row[1] === store) ?? []).slice(2, 10).map(Number)]));
  return { table, output };
}

async function assertNothingToDo(): Promise<void> {
  const tokens = () => Promise.all(all.map(async (store) => (await dav.syncCollection(stores[store].path)).syncToken));
  const before = await tokens();
  const { table, output } = await sync();
  for (const store of all) assert.deepEqual(table.get(store), [0, 0, 0, 0, 0, 0, 0, 0], output);
  assert.deepEqual(await tokens(), before);
}

function summary(table: Table): string[] {
  const counts = ([added, changed, deleted]: number[]) => `${added} new, ${changed} changed, ${deleted} deleted`;
  return [...table].map(([store, row]) => `${store}: here ${counts(row)}; there ${counts(row.slice(4))}`);
}

async function assertBothSides(store: Store, titles: string[], output: string): Promise<void> {
  const names = await readdir(join(home, store));
  const here = await Promise.all(names.map((name) => readFile(join(home, store, name), 'utf8')));
  const { responses } = await dav.propfind(stores[store].path, [D('getetag')], 1);
  const members = responses.filter(({ href }) => href.endsWith(stores[store].suffix));
  const there = await Promise.all(members.map(async ({ href }) => (await dav.request('GET', href)).text));
  const titlesOf = (texts: string[]) => texts.map((text) => textOf(text, stores[store].title)).sort();
  assert.deepEqual({ here: titlesOf(here), there: titlesOf(there) }, { here: titles, there: titles }, output);
}

const pathOf = (store: Store, uid: string) => `${stores[store].path}${encodeURIComponent(uid)}${stores[store].suffix}`;

async function put(store: Store, uid: string, title: string): Promise<void> {
  const headers = { 'content-type': `${stores[store].type}; charset=utf-8` };
  const { status } = await dav.request('PUT', pathOf(store, uid), { body: stores[store].item(uid, title), headers });
  assert.ok(status === 201 || status === 204, `PUT ${uid}: ${status}`);
}

function textOf(text: string, property: string): string {
  return new RegExp(`^${property}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
}

function event(uid: string, title: string): string {
  const times = ['DTSTAMP:20261101T090000Z', 'DTSTART:20261201T090000Z', 'DTEND:20261201T100000Z', 'RRULE:FREQ=WEEKLY;COUNT=5'];
  return calendar('VEVENT', uid, title, times);
}

function todo(uid: string, title: string): string {
  return calendar('VTODO', uid, title, ['DTSTAMP:20261101T090000Z', 'DUE:20261201T120000Z', 'STATUS:NEEDS-ACTION']);
}

function calendar(component: string, uid: string, title: string, more: string[]): string {
  const inner = [`BEGIN:${component}`, `UID:${uid}`, `SUMMARY:${title}`, ...more, `END:${component}`];
  return lines('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//Test//EN', ...inner, 'END:VCALENDAR');
}

/** Names differ too: SyncEvolution takes contacts with the same name for the same person when it meets them first. */
function card(uid: string, title: string): string {
  const mail = `EMAIL;TYPE=WORK:${uid.replace(/[^a-z0-9]/g, '-')}@example.org`;
  return lines('BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${title}`, `N:${uid};Jo;;;`, mail, 'END:VCARD');
}

function lines(...parts: string[]): string {
  return `${parts.join('\r\n')}\r\n`;
}
