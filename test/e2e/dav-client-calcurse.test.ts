import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { D, DavClient } from '../support/dav-client.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { startGateway } from '../support/gateway.js';
import { runWell } from '../support/program.js';
import { saw } from '../support/saw.js';

/** calcurse with its CalDAV program (Debian's package): a calendar in plain text files, synced both ways. */
const USER = 'alice@example.test';
const CALENDAR = `/dav/calendars/${encodeURIComponent(USER)}/calendar/`;

let dav: DavClient;
let home: string;

before(async () => {
  home = await temporaryFolder('gw-calcurse');
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  const gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url });
  dav = new DavClient({ url: gateway.url, user: USER, password: PASSWORD });
  await mkdir(join(home, '.calcurse', 'caldav'), { recursive: true });
  await writeFile(join(home, '.calcurse', 'caldav', 'config'), config(new URL(gateway.url).host));
});

test('takes what the server has', async (t) => {
  await put('plain', 'SUMMARY:Made there', 'DTSTART:20270105T090000Z', 'DTEND:20270105T100000Z');
  await put('weekly', 'SUMMARY:Every week', 'DTSTART:20270106T120000Z', 'DURATION:PT30M', 'RRULE:FREQ=WEEKLY;COUNT=3');
  await put('day', 'SUMMARY:A whole day', 'DTSTART;VALUE=DATE:20270107', 'DTEND;VALUE=DATE:20270108');
  const output = await sync('--init=keep-remote');
  assert.match(output, /3 items imported, 0 items removed locally/);
  const here = await appointments();
  assert.match(here, /^01\/05\/2027 @ 09:00 -> 01\/05\/2027 @ 10:00 ?\|Made there$/m);
  assert.match(here, /^01\/06\/2027 @ 12:00 -> 01\/06\/2027 @ 12:30 \{1W -> 01\/20\/2027\} ?\|Every week$/m);
  assert.match(here, /^01\/07\/2027 \[1\] A whole day$/m);
  saw(t, ...here.trim().split('\n'));
});

test('brings what is new, both ways', async (t) => {
  await appendFile(join(home, '.calcurse', 'apts'), '01/08/2027 @ 15:00 -> 01/08/2027 @ 16:00|Made here\n');
  await put('late', 'SUMMARY:Late', 'DTSTART:20270109T090000Z', 'DTEND:20270109T100000Z');
  saw(t, ...(await sync()).trim().split('\n').slice(-2));
  assert.deepEqual(await there(), ['A whole day', 'Every week', 'Late', 'Made here', 'Made there']);
  assert.match(await appointments(), /\|Late$/m);
});

test('removes what was removed, both ways', async (t) => {
  const left = (await appointments()).split('\n').filter((line) => !line.endsWith('|Made there'));
  await writeFile(join(home, '.calcurse', 'apts'), left.join('\n'));
  assert.equal((await dav.request('DELETE', `${CALENDAR}late.ics`)).status, 204);
  saw(t, ...(await sync()).trim().split('\n').slice(-2));
  assert.deepEqual(await there(), ['A whole day', 'Every week', 'Made here']);
  assert.doesNotMatch(await appointments(), /Late|Made there/);
});

test('then there is nothing to do', async () => {
  const token = async () => (await dav.syncCollection(CALENDAR)).syncToken;
  const before = await token();
  const output = await sync();
  assert.match(output, /0 items imported, 0 items removed locally/);
  assert.match(output, /0 items exported, 0 items removed from the server/);
  assert.equal(await token(), before);
});

function sync(...args: string[]): Promise<string> {
  const program = ['/usr/bin/calcurse-caldav', ...args]; // by Debian's Python, which has its modules
  return runWell('/usr/bin/python3', { debian: 'calcurse', args: program, env: { HOME: home } });
}

const appointments = () => readFile(join(home, '.calcurse', 'apts'), 'utf8');

async function there(): Promise<string[]> {
  const { responses } = await dav.propfind(CALENDAR, [D('getetag')], 1);
  const members = responses.filter(({ href }) => !href.endsWith('/'));
  const texts = await Promise.all(members.map(async ({ href }) => (await dav.request('GET', href)).text));
  return texts.map((text) => /^SUMMARY:(.*?)\r?$/m.exec(text)?.[1] ?? '').sort();
}

async function put(uid: string, ...properties: string[]): Promise<void> {
  const event = ['BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20261101T090000Z', ...properties, 'END:VEVENT'];
  const body = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//Test//EN', ...event, 'END:VCALENDAR', ''].join('\r\n');
  const { status } = await dav.request('PUT', `${CALENDAR}${uid}.ics`, { body, headers: { 'content-type': 'text/calendar' } });
  assert.equal(status, 201);
}

function config(host: string): string {
  const general = { Binary: 'calcurse', Hostname: host, Path: CALENDAR, AuthMethod: 'basic', HTTPS: 'No' };
  const rest = { InsecureSSL: 'No', SyncFilter: 'cal', DryRun: 'No', Verbose: 'Yes' };
  const section = (name: string, values: object) =>
    `[${name}]\n${Object.entries(values)
      .map(([key, value]) => `${key} = ${value}`)
      .join('\n')}\n`;
  return section('General', { ...general, ...rest }) + section('Auth', { Username: USER, Password: PASSWORD });
}
