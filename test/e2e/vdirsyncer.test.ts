import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { D, DavClient } from '../support/dav-client.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { startGateway } from '../support/gateway.js';

/** vdirsyncer (Debian's package) between a folder of files and the gateway, as its users run it: discover, sync, sync again, conflicts. */
const USER = 'alice@example.test';
const CALENDAR = `/dav/calendars/${encodeURIComponent(USER)}/calendar/`;
const TASKS = `/dav/calendars/${encodeURIComponent(USER)}/tasks/`;
const CONTACTS = `/dav/addressbooks/${encodeURIComponent(USER)}/contacts/`;

/** What each kind of collection is called on both sides, and an item of it. */
const kinds = {
  calendar: {
    path: CALENDAR,
    folder: ['calendars', 'calendar'],
    suffix: '.ics',
    type: 'text/calendar',
    item: event,
    title: 'SUMMARY',
  },
  tasks: { path: TASKS, folder: ['calendars', 'tasks'], suffix: '.ics', type: 'text/calendar', item: todo, title: 'SUMMARY' },
  'address book': {
    path: CONTACTS,
    folder: ['contacts', 'contacts'],
    suffix: '.vcf',
    type: 'text/vcard',
    item: card,
    title: 'FN',
  },
} as const;

type Kind = (typeof kinds)[keyof typeof kinds];

let home: string;
let dav: DavClient;

before(async () => {
  home = await temporaryFolder('gw-vdir');
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  const gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url });
  dav = new DavClient({ url: gateway.url, user: USER, password: PASSWORD });
  await writeFile(join(home, 'config'), config(gateway.url));
  await writeFile(join(home, 'here wins'), config(gateway.url, 'a wins'));
  await writeFile(join(home, 'there wins'), config(gateway.url, 'b wins'));
});

test('discover finds the calendar, the task list and the address book', async () => {
  const output = await vdirsyncer('y\n'.repeat(20), 'discover');
  for (const { folder } of Object.values(kinds)) {
    assert.match(output, new RegExp(`"${folder[1]}"`));
    await mkdir(join(home, ...folder), { recursive: true });
  }
});

/** Every run of the program looks at all three collections: so does every step. */
const all = Object.values(kinds);

describe('calendar, task list and address book', () => {
  test('both sides get what the other has', async () => {
    for (const kind of all) {
      for (const uid of ['server-1', 'server 2 & ümlaut', 'server-3']) await put(kind, uid, kind.item(uid, 'made there'));
      for (const uid of ['local-1', 'local-2']) await writeFile(localFile(kind, uid), kind.item(uid, 'made here'));
    }
    await vdirsyncer('', 'sync');
    await assertEqualSides({
      'server-1': 'made there',
      'server 2 & ümlaut': 'made there',
      'server-3': 'made there',
      'local-1': 'made here',
      'local-2': 'made here',
    });
  });

  test('the second time there is nothing to do', () => assertNothingToDo());

  test('changes and deletes go both ways', async () => {
    for (const kind of all) {
      await put(kind, 'server-1', kind.item('server-1', 'changed there'));
      await changeLocally(kind, 'server-3', 'changed here');
      await changeLocally(kind, 'local-1', 'changed here, too');
      await rm(await findLocally(kind, 'local-2'));
      await removeThere(kind, 'server 2 & ümlaut');
      await put(kind, 'late', kind.item('late', 'added late'));
    }
    await vdirsyncer('', 'sync');
    await assertEqualSides({
      'server-1': 'changed there',
      'server-3': 'changed here',
      'local-1': 'changed here, too',
      late: 'added late',
    });
  });

  test('and again there is nothing to do', () => assertNothingToDo());

  test('an item deleted here and made anew with the same UID arrives', async () => {
    for (const kind of all) await rm(await findLocally(kind, 'late'));
    await vdirsyncer('', 'sync');
    for (const kind of all) await writeFile(localFile(kind, 'late'), kind.item('late', 'back again'));
    await vdirsyncer('', 'sync');
    for (const kind of all) assert.equal((await there(kind)).get('late'), 'back again');
    await assertNothingToDo();
  });
});

describe('conflicts', () => {
  test('items changed on both sides are reported, and stay as they are on both', async () => {
    for (const kind of all) await changeOnBothSides(kind, 'server-1', 'once more');
    await assert.rejects(vdirsyncer('', 'sync'), /conflict/i);
    await assertTitles('server-1', { here: 'once more here', there: 'once more there' });
  });

  test('until one side is told to win: this one', async () => {
    await vdirsyncerWith('here wins', 'sync');
    await assertTitles('server-1', { here: 'once more here', there: 'once more here' });
  });

  test('or that one', async () => {
    for (const kind of all) await changeOnBothSides(kind, 'server-3', 'again');
    await vdirsyncerWith('there wins', 'sync');
    await assertTitles('server-3', { here: 'again there', there: 'again there' });
  });

  test('what was deleted here and changed there comes back, after which there is nothing to do', async () => {
    for (const kind of all) {
      await rm(await findLocally(kind, 'local-1'));
      await changeThere(kind, 'local-1', 'changed meanwhile');
    }
    await vdirsyncer('', 'sync');
    await assertTitles('local-1', { here: 'changed meanwhile', there: 'changed meanwhile' });
    await assertNothingToDo();
  });

  /** What an item is called on the two sides, in each of the three collections. */
  async function assertTitles(uid: string, expected: { here: string; there: string }): Promise<void> {
    for (const kind of all) {
      assert.deepEqual({ here: (await here(kind)).get(uid), there: (await there(kind)).get(uid) }, expected);
    }
  }
});

test('names and colours go along with metasync', async () => {
  const body = `<propertyupdate xmlns="DAV:"><set><prop><displayname>Field work</displayname></prop></set></propertyupdate>`;
  const answer = await dav.request('PROPPATCH', CALENDAR, { body });
  assert.equal(answer.status, 207);
  await vdirsyncer('', 'metasync');
  assert.equal((await readFile(join(home, 'calendars', 'calendar', 'displayname'), 'utf8')).trim(), 'Field work');
});

/** No item is copied or deleted, and the collections' sync-tokens stay what they were. */
async function assertNothingToDo(): Promise<void> {
  const tokens = () => Promise.all(all.map(async ({ path }) => (await dav.syncCollection(path)).syncToken));
  const before = await tokens();
  assert.doesNotMatch(await vdirsyncer('', 'sync'), /copying|updating|deleting|error|warning/i);
  assert.deepEqual(await tokens(), before);
}

/** In each of the collections, both sides have these titles. */
async function assertEqualSides(expected: Record<string, string>): Promise<void> {
  const sorted = (map: Map<string, string>) => Object.fromEntries([...map].sort());
  const wanted = sorted(new Map(Object.entries(expected)));
  for (const kind of all) {
    assert.deepEqual(sorted(await here(kind)), wanted);
    assert.deepEqual(sorted(await there(kind)), wanted);
  }
}

/** UID -> title of the files. */
async function here(kind: Kind): Promise<Map<string, string>> {
  const files = (await readdir(join(home, ...kind.folder))).filter((name) => name.endsWith(kind.suffix));
  const texts = await Promise.all(files.map((name) => readFile(join(home, ...kind.folder, name), 'utf8')));
  return new Map(texts.map((text) => [value(text, 'UID'), value(text, kind.title)]));
}

/** UID -> title of the collection's members. */
async function there(kind: Kind): Promise<Map<string, string>> {
  const { responses } = await dav.propfind(kind.path, [D('getetag')], 1);
  const members = responses.filter(({ href }) => href.endsWith(kind.suffix));
  const texts = await Promise.all(members.map(async ({ href }) => (await dav.request('GET', href)).text));
  return new Map(texts.map((text) => [value(text, 'UID'), value(text, kind.title)]));
}

function localFile(kind: Kind, uid: string): string {
  return join(home, ...kind.folder, `${encodeURIComponent(uid)}${kind.suffix}`);
}

async function findLocally(kind: Kind, uid: string): Promise<string> {
  for (const name of await readdir(join(home, ...kind.folder))) {
    const file = join(home, ...kind.folder, name);
    if (value(await readFile(file, 'utf8'), 'UID') === uid) return file;
  }
  throw new Error(`no file has the UID ${uid}`);
}

async function changeLocally(kind: Kind, uid: string, title: string): Promise<void> {
  await writeFile(await findLocally(kind, uid), kind.item(uid, title));
}

async function changeOnBothSides(kind: Kind, uid: string, title: string): Promise<void> {
  await changeLocally(kind, uid, `${title} here`);
  await put(kind, uid, kind.item(uid, `${title} there`));
}

/** Changes an item on the server, whatever its name there is. */
async function changeThere(kind: Kind, uid: string, title: string): Promise<void> {
  const { responses } = await dav.propfind(kind.path, [D('getetag')], 1);
  for (const { href } of responses.filter((row) => row.href.endsWith(kind.suffix))) {
    if (value((await dav.request('GET', href)).text, 'UID') !== uid) continue;
    const headers = { 'content-type': `${kind.type}; charset=utf-8` };
    assert.equal((await dav.request('PUT', href, { body: kind.item(uid, title), headers })).status, 204);
    return;
  }
  throw new Error(`no member has the UID ${uid}`);
}

async function put(kind: Kind, uid: string, text: string): Promise<void> {
  const path = `${kind.path}${encodeURIComponent(uid)}${kind.suffix}`;
  const { status } = await dav.request('PUT', path, { body: text, headers: { 'content-type': `${kind.type}; charset=utf-8` } });
  assert.ok(status === 201 || status === 204, `PUT ${path}: ${status}`);
}

async function removeThere(kind: Kind, uid: string): Promise<void> {
  const { status } = await dav.request('DELETE', `${kind.path}${encodeURIComponent(uid)}${kind.suffix}`);
  assert.equal(status, 204);
}

function value(text: string, property: string): string {
  return new RegExp(`^${property}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
}

/** Runs the program to its end; gives what it said, throws when it failed. */
function vdirsyncer(input: string, ...args: string[]): Promise<string> {
  return runVdirsyncer('config', input, args);
}

/** The same with one of the other configurations, which have the same pairs. */
function vdirsyncerWith(name: 'here wins' | 'there wins', ...args: string[]): Promise<string> {
  return runVdirsyncer(name, '', args);
}

function runVdirsyncer(name: string, input: string, args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', VDIRSYNCER_CONFIG: join(home, name) };
  const child = spawn('vdirsyncer', args, { env, timeout: 120_000 });
  child.stdin.end(input);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  return new Promise((done, fail) => {
    child.on('error', (error) => fail(new Error(`vdirsyncer (Debian package vdirsyncer): ${error.message}`)));
    child.on('close', (code) =>
      code === 0 ? done(output) : fail(new Error(`vdirsyncer ${args[0]} ended with ${code}:\n${output}`)),
    );
  });
}

function config(url: string, resolution?: 'a wins' | 'b wins'): string {
  const pair = (name: string, type: string, suffix: string) => `
[pair ${name}]
a = "${name}_here"
b = "${name}_there"
collections = ["from b"]
metadata = ["displayname"]${resolution ? `\nconflict_resolution = "${resolution}"` : ''}

[storage ${name}_here]
type = "filesystem"
path = "${home}/${name}"
fileext = "${suffix}"

[storage ${name}_there]
type = "${type}"
url = "${url}/"
username = "${USER}"
password = "${PASSWORD}"
`;
  return `[general]\nstatus_path = "${home}/status"\n${pair('calendars', 'caldav', '.ics')}${pair('contacts', 'carddav', '.vcf')}`;
}

function event(uid: string, title: string): string {
  return lines(
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Example//Test//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20261101T090000Z',
    'DTSTART:20261201T090000Z',
    'DTEND:20261201T100000Z',
    'RRULE:FREQ=WEEKLY;COUNT=5',
    `SUMMARY:${title}`,
    'X-KEPT;X-PARAM="a;b":as it is',
    'END:VEVENT',
    'END:VCALENDAR',
  );
}

function todo(uid: string, title: string): string {
  return lines(
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Example//Test//EN',
    'BEGIN:VTODO',
    `UID:${uid}`,
    'DTSTAMP:20261101T090000Z',
    'DUE;VALUE=DATE:20261201',
    `SUMMARY:${title}`,
    'END:VTODO',
    'END:VCALENDAR',
  );
}

function card(uid: string, title: string): string {
  return lines(
    'BEGIN:VCARD',
    'VERSION:3.0',
    `UID:${uid}`,
    `FN:${title}`,
    'N:Doe;Jo;;;',
    'item1.TEL;TYPE=CELL:+49 171 555 0100',
    'item1.X-ABLabel:Boat',
    'END:VCARD',
  );
}

function lines(...all: string[]): string {
  return `${all.join('\r\n')}\r\n`;
}
