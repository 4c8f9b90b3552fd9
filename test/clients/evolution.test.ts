import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, test } from 'node:test';
import { onEnd, temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { D, DavClient } from '../support/dav-client.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { repositoryRoot } from '../support/paths.js';
import { runWell } from '../support/program.js';
import { saw } from '../support/saw.js';
import { type Collection, eventually, objects, put, putMany, titlesThere, today } from './collections.js';

/**
 * Evolution Data Server (Debian's package), the part of GNOME that Evolution, Calendar and Contacts show: a collection account
 * with nothing but the bare address of the server, as "New Collection Account" makes it, in a D-Bus session of its own.
 */
const USER = 'alice@example.test';

type Kind = 'calendar' | 'tasks' | 'book';
const there: Record<Kind, Collection> = {
  calendar: { path: `/dav/calendars/${encodeURIComponent(USER)}/calendar/`, object: objects.event },
  tasks: { path: `/dav/calendars/${encodeURIComponent(USER)}/tasks/`, object: objects.todo },
  book: { path: `/dav/addressbooks/${encodeURIComponent(USER)}/contacts/`, object: objects.card },
};
const kinds = Object.keys(there) as Kind[];

let gateway: Gateway;
let dav: DavClient;
let evolution: Evolution;

before(async () => {
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url });
  dav = new DavClient({ url: gateway.url, user: USER, password: PASSWORD });
  for (const kind of kinds) await put(dav, there[kind], 'there', 'Made there');
  evolution = await Evolution.start(gateway.url);
});

test('a collection account finds calendar, tasks, notes and contacts from the bare address', async (t) => {
  saw(t, (await runWell('dpkg-query', { debian: 'dpkg', args: ['-W', 'evolution-data-server'] })).trim().replace('\t', ' '));
  await evolution.ask('add_account');
  await eventually(async () => {
    const found = await evolution.ask<string[][]>('sources');
    assert.deepEqual(
      found.map(([kind, name, path]) => [kind, name, decodeURIComponent(path!)]),
      [
        ['book', 'Contacts', decodeURIComponent(there.book.path)],
        ['calendar', 'Calendar', decodeURIComponent(there.calendar.path)],
        ['memos', 'Notes', `/dav/calendars/${USER}/notes/`],
        ['tasks', 'Tasks', decodeURIComponent(there.tasks.path)],
      ],
    );
  });
  for (const [kind, name, path] of await evolution.ask<string[][]>('sources')) saw(t, `${kind}: ${name} at ${path}`);
});

test('the discovery of its dialogs finds them, too', async () => {
  const url = (path: string) => `${gateway.url}${decodeURIComponent(path)}`;
  const found = async (what: string) =>
    (await evolution.ask<string[][]>('discover', what)).map(([name, href]) => [name, decodeURIComponent(href!)]);
  assert.deepEqual(await found('caldav'), [['Calendar', url(there.calendar.path)]]);
  assert.deepEqual(await found('carddav'), [['Contacts', url(there.book.path)]]);
});

test('shows what the server has', async (t) => {
  for (const kind of kinds) {
    await eventually(async () => assert.deepEqual(await titlesHere(kind), ['Made there']));
    saw(t, `${kind}: ${await titlesHere(kind)}`);
  }
});

test('what is made in it arrives at the server', async (t) => {
  for (const kind of kinds) {
    await evolution.ask('add', kind, component(there[kind].object('here', 'Made here')));
    await eventually(async () => assert.deepEqual(await titlesThere(dav, there[kind]), ['Made here', 'Made there']));
    saw(t, `${kind} on the server: ${await titlesThere(dav, there[kind])}`);
  }
});

test('what is changed on the server shows after a refresh', async (t) => {
  for (const kind of kinds) {
    await put(dav, there[kind], 'there', 'Changed there');
    await put(dav, there[kind], 'late', 'Late');
    await eventually(async () => {
      await evolution.ask('refresh', kind);
      assert.deepEqual(await titlesHere(kind), ['Changed there', 'Late', 'Made here']);
    });
    saw(t, `${kind}: ${await titlesHere(kind)}`);
  }
});

test('changes and deletes go both ways', async (t) => {
  for (const kind of kinds) {
    const { path } = there[kind];
    assert.equal((await dav.request('DELETE', `${path}late.${kind === 'book' ? 'vcf' : 'ics'}`)).status, 204);
    await evolution.ask('rename', kind, await uidOf(kind, 'Changed there'), 'Changed here');
    await evolution.ask('remove', kind, await uidOf(kind, 'Made here'));
    await eventually(async () => {
      await evolution.ask('refresh', kind);
      assert.deepEqual(await titlesHere(kind), ['Changed here']);
      assert.deepEqual(await titlesThere(dav, there[kind]), ['Changed here']);
    });
    saw(t, `${kind}: ${await titlesHere(kind)} on both sides`);
  }
});

test('one of a series is changed alone', async (t) => {
  const rule = 'RRULE:FREQ=DAILY;COUNT=5\r\nEND:VEVENT';
  const series = (uid: string, title: string) => objects.event(uid, title).replace('END:VEVENT', rule);
  await put(dav, { ...there.calendar, object: series }, 'series', 'Series');
  await eventually(async () => {
    await evolution.ask('refresh', 'calendar');
    assert.ok((await titlesHere('calendar')).includes('Series'));
  });
  const second = `RECURRENCE-ID:${today('090000', 1)}\r\nEND:VEVENT`;
  await evolution.ask('change_one', component(objects.event('series', 'Second', 1).replace('END:VEVENT', second)));
  const { text } = await dav.request('GET', `${there.calendar.path}series.ics`);
  assert.equal(text.match(/BEGIN:VEVENT/g)?.length, 2, text);
  assert.match(text, /RRULE:FREQ=DAILY;COUNT=5/);
  assert.match(text, /RECURRENCE-ID[^:]*:/);
  await eventually(async () => assert.deepEqual(await titlesHere('calendar'), ['Changed here', 'Second', 'Series']));
  saw(t, `calendar: ${await titlesHere('calendar')}`);
});

test('a contact keeps its picture', async (t) => {
  const picture = Buffer.from(Array.from({ length: 90_000 }, (_, at) => (at * 31) % 251)).toString('base64');
  const pictured = objects
    .card('pictured', 'Pic Tured')
    .replace('END:VCARD', `PHOTO;ENCODING=b;TYPE=JPEG:${picture}\r\nEND:VCARD`);
  await evolution.ask('add', 'book', pictured);
  await eventually(async () => assert.deepEqual(await titlesThere(dav, there.book), ['Changed here', 'Pic Tured']));
  await evolution.ask('rename', 'book', await uidOf('book', 'Pic Tured'), 'Pic Renamed');
  await eventually(async () => assert.deepEqual(await titlesThere(dav, there.book), ['Changed here', 'Pic Renamed']));
  const { responses } = await dav.propfind(there.book.path, [D('getcontentlength')], 1);
  const lengths = responses.map((row) => Number(row.props.get(D('getcontentlength'))?.text ?? 0));
  assert.ok(Math.max(...lengths) > picture.length, `${lengths}`);
  saw(t, `a card of ${Math.max(...lengths)} bytes`);
});

test('takes many at once', async (t) => {
  for (const kind of kinds) {
    const before = await titlesHere(kind);
    const many = await putMany(dav, there[kind], 150);
    await eventually(async () => {
      await evolution.ask('refresh', kind);
      assert.deepEqual(await titlesHere(kind), [...before, ...many].sort());
    });
    saw(t, `${kind}: ${(await titlesHere(kind)).length}`);
  }
});

test('the gateway logged no error', () => {
  const errors = gateway
    .logs()
    .split('\n')
    .filter((line) => /"level":[5-9]\d/.test(line));
  assert.deepEqual(errors, []);
});

async function titlesHere(kind: Kind): Promise<string[]> {
  return (await evolution.ask<[string, string][]>('items', kind)).map(([, title]) => title).sort();
}

async function uidOf(kind: Kind, title: string): Promise<string> {
  const found = (await evolution.ask<[string, string][]>('items', kind)).find((item) => item[1] === title);
  assert.ok(found, `${title} is there`);
  return found[0];
}

/** A contact as it is, and of a calendar object the component alone. */
function component(text: string): string {
  return /BEGIN:(VEVENT|VTODO)[\s\S]*END:\1\r\n/.exec(text)?.[0] ?? text;
}

/** The program that works with Evolution Data Server, and its lines of JSON. */
class Evolution {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async start(url: string): Promise<Evolution> {
    const home = await temporaryFolder('gw-evolution');
    const script = join(repositoryRoot, 'test', 'clients', 'evolution.py');
    const args = ['--', '/usr/bin/python3', script, `${url}/`, USER, PASSWORD];
    const env = { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, LANG: 'C.UTF-8', GIO_USE_PROXY_RESOLVER: 'dummy' };
    const child = spawn('dbus-run-session', args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
    child.on('error', (error) => console.error(`dbus-run-session (Debian package dbus-daemon): ${error.message}`));
    const gone = once(child, 'exit');
    onEnd(async () => {
      child.stdin.end(); // it ends by itself, and the session's services with it
      await gone;
    });
    return new Evolution(child);
  }

  /** One command; throws what it failed with. */
  async ask<T>(...command: string[]): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`);
    const { value: line, done } = await this.#answers.next();
    if (done) throw new Error('the program with Evolution Data Server ended');
    const { value, error } = JSON.parse(line) as { value: T; error?: string };
    if (error) throw new Error(error);
    return value;
  }
}
