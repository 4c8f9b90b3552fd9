import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { AUTHORITY, certificateMaker } from '../support/certificates.js';
import { temporaryFolder } from '../support/cleanup.js';
import { freshDatabase } from '../support/cluster.js';
import { DavClient } from '../support/dav-client.js';
import { PASSWORD, startTestDovecot, startTestSubmission } from '../support/dovecot.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { saw } from '../support/saw.js';
import { type Collection, eventually, objects, put, putMany, titlesThere, today } from './collections.js';
import type { Marionette } from './marionette.js';
import { type NameProxy, startNameProxy } from './name-proxy.js';
import { startThunderbird } from './thunderbird.js';

/**
 * Thunderbird (Debian's package) on a display of its own: the account is added by its address alone in the window that a new
 * profile shows; mail, calendars, tasks and contacts are then synced both ways.
 * What it has to be given because there is no DNS and no public certificate: a proxy that knows the names of `example.test`,
 * and the authority that signed the test certificate.
 */
const USER = 'alice@example.test';
const there: Record<'calendar' | 'tasks' | 'contacts', Collection> = {
  calendar: { path: `/dav/calendars/${encodeURIComponent(USER)}/calendar/`, object: objects.event },
  tasks: { path: `/dav/calendars/${encodeURIComponent(USER)}/tasks/`, object: objects.todo },
  contacts: { path: `/dav/addressbooks/${encodeURIComponent(USER)}/contacts/`, object: objects.card },
};

const BOB = 'bob@example.test';
const bobs: Collection = { path: `/dav/calendars/${encodeURIComponent(BOB)}/calendar/`, object: objects.event };

let gateway: Gateway;
let dav: DavClient;
let bob: DavClient;
let proxy: NameProxy;
let thunderbird: Marionette;
let pictures: string;

before(async () => {
  pictures = process.env.CLIENTS_PICTURES ?? (await temporaryFolder('gw-pictures'));
  await mkdir(pictures, { recursive: true });
  const make = await certificateMaker();
  const authority = await make({ name: 'Test authority', extensions: AUTHORITY });
  const names = 'subjectAltName=DNS:example.test,DNS:*.example.test,IP:127.0.0.1';
  const server = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth', names];
  const certificate = await make({ name: 'example.test', by: authority, extensions: server });
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  const submission = await startTestSubmission(dovecot);
  const env = { TLS_CERT: certificate.file, TLS_KEY: certificate.key, PUBLIC_URL: 'https://example.test' };
  gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url, smtpUrl: submission.url, env });
  dav = new DavClient({ url: gateway.url, user: USER, password: PASSWORD });
  bob = new DavClient({ url: gateway.url, user: BOB, password: PASSWORD });
  await put(dav, there.calendar, 'there', 'Made on the server');
  await put(dav, there.tasks, 'there', 'Task of the server');
  await put(dav, there.contacts, 'there', 'Sara Server');
  await dovecot.deliver(USER, 'From: bob@example.test\r\nTo: alice@example.test\r\nSubject: Welcome\r\n\r\nHello!\r\n');
  proxy = await startNameProxy('example.test', gateway.port);
  thunderbird = await startThunderbird(proxy.port);
  await thunderbird.run(TRUST, authority.pem);
});

test('an address alone finds mail, calendars and address books', async (t) => {
  saw(t, await thunderbird.run<string>('return [Services.appinfo.name, Services.appinfo.version].join(" ")'));
  await hub('emailAutoConfigSubview', { realName: 'Alice Example', email: USER });
  const found = await hub('emailConfigFoundSubview');
  assert.match(found, /IMAP[\s\S]*SMTP/);
  await picture('1-settings-found');
  await hub('emailPasswordSubview', { password: PASSWORD, rememberPassword: true });
  const offered = (await hub('emailSyncAccountsSubview')).split('\n').map((line) => line.trim());
  await picture('2-calendars-found');
  saw(t, `offered to sync: ${offered.filter((line) => /^(Contacts|Calendar|Tasks|Notes)$/.test(line)).join(', ')}`);
  for (const name of ['Contacts', 'Calendar', 'Tasks']) assert.ok(offered.includes(name), offered.join(' '));
  await hub('emailAddedSuccessSubview');
  saw(t, `asked for: ${[...new Set(proxy.asked)].join(', ')}`);
});

test('shows what the server has', async (t) => {
  await eventually(async () => {
    assert.deepEqual(await titles('Calendar'), ['Made on the server']);
    assert.deepEqual(await titles('Tasks'), ['Task of the server']);
    assert.deepEqual(await contacts(), ['Sara Server']);
    assert.deepEqual(await thunderbird.run(INBOX), ['Welcome']);
  });
  assert.deepEqual(await thunderbird.run(READ_ONLY), [], 'nothing is read-only');
  saw(
    t,
    `events ${await titles('Calendar')}; tasks ${await titles('Tasks')}; contacts ${await contacts()}; inbox ${await thunderbird.run(INBOX)}`,
  );
  await thunderbird.run('document.getElementById("calendarButton").click()');
  await eventually(async () => assert.match(await thunderbird.run(CALENDAR_TEXT), /Made on the server/));
  await picture('3-calendar');
});

test('what is made in it arrives at the server', async (t) => {
  await thunderbird.run(
    `${ITEMS} await named('Calendar').addItem(new CalEvent(args[0]))`,
    objects.event('here', 'Made in Thunderbird'),
  );
  await thunderbird.run(
    `${ITEMS} await named('Tasks').addItem(new CalTodo(args[0]))`,
    objects.todo('here', 'Task of Thunderbird'),
  );
  await thunderbird.run(ADD_CONTACT, 'Tom Thunderbird', 'tom@example.org');
  await eventually(async () => {
    assert.deepEqual(await titlesThere(dav, there.calendar), ['Made in Thunderbird', 'Made on the server']);
    assert.deepEqual(await titlesThere(dav, there.tasks), ['Task of Thunderbird', 'Task of the server']);
    assert.deepEqual(await titlesThere(dav, there.contacts), ['Sara Server', 'Tom Thunderbird']);
  });
  saw(
    t,
    `the server has ${await titlesThere(dav, there.calendar)}; ${await titlesThere(dav, there.tasks)}; ${await titlesThere(dav, there.contacts)}`,
  );
});

test('what is changed and removed on the server shows after a refresh', async (t) => {
  await put(dav, there.calendar, 'there', 'Changed on the server');
  await put(dav, there.contacts, 'there', 'Sara Changed');
  await dav.request('DELETE', `${there.tasks.path}there.ics`);
  await eventually(async () => {
    await thunderbird.run(REFRESH);
    assert.deepEqual(await titles('Calendar'), ['Changed on the server', 'Made in Thunderbird']);
    assert.deepEqual(await titles('Tasks'), ['Task of Thunderbird']);
    assert.deepEqual(await contacts(), ['Sara Changed', 'Tom Thunderbird']);
  });
  saw(t, `events ${await titles('Calendar')}; tasks ${await titles('Tasks')}; contacts ${await contacts()}`);
  await eventually(async () => assert.match(await thunderbird.run(CALENDAR_TEXT), /Changed on the server/));
  await picture('4-after-refresh');
});

test('what is changed and removed in it changes on the server', async (t) => {
  await thunderbird.run(
    `${ITEMS} const old = (await items('Calendar')).find(({ title }) => title === args[0]); const changed = old.clone();
     changed.title = args[1]; await named('Calendar').modifyItem(changed, old);`,
    'Changed on the server',
    'Changed in Thunderbird',
  );
  await thunderbird.run(
    `${ITEMS} await named('Calendar').deleteItem((await items('Calendar')).find(({ title }) => title === args[0]));`,
    'Made in Thunderbird',
  );
  await thunderbird.run(
    `${BOOK} book.deleteCards(book.childCards.filter(({ displayName }) => displayName === args[0]));`,
    'Tom Thunderbird',
  );
  await eventually(async () => {
    assert.deepEqual(await titlesThere(dav, there.calendar), ['Changed in Thunderbird']);
    assert.deepEqual(await titlesThere(dav, there.contacts), ['Sara Changed']);
  });
  saw(t, `the server has ${await titlesThere(dav, there.calendar)}; ${await titlesThere(dav, there.contacts)}`);
});

test('takes many at once', async (t) => {
  const [events, cards] = [await putMany(dav, there.calendar, 150), await putMany(dav, there.contacts, 150)];
  await eventually(async () => {
    await thunderbird.run(REFRESH);
    assert.deepEqual(await titles('Calendar'), ['Changed in Thunderbird', ...events]);
    assert.deepEqual(await contacts(), [...cards, 'Sara Changed']);
  });
  saw(t, `${(await titles('Calendar')).length} events, ${(await contacts()).length} contacts`);
});

test('knows who is busy, invites, and sees the answer', async (t) => {
  await put(bob, bobs, 'busy', 'Something of Bob');
  const busy = await thunderbird.run<string[]>(BUSY, `mailto:${BOB}`, today('000000'), today('235959'));
  assert.deepEqual(busy, [`${today('090000')}/${today('100000')}`]);
  await thunderbird.run(`${ITEMS} await named('Calendar').addItem(new CalEvent(args[0]))`, meeting('invited', USER, BOB));
  await eventually(async () => assert.match(await textOf(bob, bobs, 'invited'), /NEEDS-ACTION:mailto:bob@/));
  const answer = (await textOf(bob, bobs, 'invited')).replace(
    'PARTSTAT=NEEDS-ACTION:mailto:bob@',
    'PARTSTAT=ACCEPTED:mailto:bob@',
  );
  await put(bob, { ...bobs, object: () => answer }, 'invited', '');
  await eventually(async () => {
    await thunderbird.run(REFRESH);
    assert.equal(await thunderbird.run(STATUS, 'invited', `mailto:${BOB}`), 'ACCEPTED');
  });
  saw(t, `${BOB} is busy ${busy}; got the invitation; ${await thunderbird.run(STATUS, 'invited', `mailto:${BOB}`)} shows`);
});

test('is invited, and answers', async (t) => {
  await put(bob, { ...bobs, object: () => meeting('inviting', BOB, USER) }, 'inviting', '');
  await eventually(async () => {
    await thunderbird.run(REFRESH);
    assert.equal(await thunderbird.run(STATUS, 'inviting', `mailto:${USER}`), 'NEEDS-ACTION');
  });
  await thunderbird.run(ACCEPT, 'inviting', `mailto:${USER}`);
  await eventually(async () => assert.match(await textOf(bob, bobs, 'inviting'), /PARTSTAT=ACCEPTED[^:]*:mailto:alice@/));
  saw(t, 'the organizer sees ACCEPTED', `pictures: ${pictures}`);
});

test('the gateway logged no error', () => {
  const errors = gateway
    .logs()
    .split('\n')
    .filter((line) => /"level":[5-9]\d/.test(line));
  assert.deepEqual(errors, []);
});

const titles = (calendar: string) =>
  thunderbird.run<string[]>(`${ITEMS} return (await items(args[0])).map(({ title }) => title).sort();`, calendar);
const contacts = () => thunderbird.run<string[]>(`${BOOK} return book.childCards.map(({ displayName }) => displayName).sort();`);

/** An object of the collection, found by its UID; lines unfolded. */
async function textOf(client: DavClient, { path }: Collection, uid: string): Promise<string> {
  const { status, text } = await client.request('GET', `${path}${uid}.ics`);
  assert.equal(status, 200);
  return text.replace(/\r\n[ \t]/g, '');
}

/** In three days: invitations to what is over are not delivered. */
function meeting(uid: string, organizer: string, attendee: string): string {
  const people = [
    `ORGANIZER:mailto:${organizer}`,
    `ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:${organizer}`,
    `ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:${attendee}`,
  ];
  return objects.event(uid, 'Meeting', 3).replace('END:VEVENT', `${people.join('\r\n')}\r\nEND:VEVENT`);
}

/** Waits for a step of the account window, fills it in, and goes on; gives the text it showed. */
function hub(step: string, values: Readonly<Record<string, string | boolean>> = {}): Promise<string> {
  return thunderbird.run<string>(HUB, step, values);
}

async function picture(name: string): Promise<void> {
  await writeFile(join(pictures, `thunderbird-${name}.png`), await thunderbird.screenshot());
}

/** Adds an authority (PEM) for TLS servers. */
const TRUST = `const text = args[0].replace(/-----[^-]+-----|\\s/g, '');
  Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB).addCertFromBase64(text, 'C,,');`;

/** Elements of the account window, which lies in shadow trees: those that are shown. */
const HUB = `
  const all = function* (root) {
    for (const element of root.querySelectorAll('*')) {
      yield element;
      if (element.openOrClosedShadowRoot) yield* all(element.openOrClosedShadowRoot);
    }
  };
  const shown = (id) => [...all(document)].find((element) => element.id === id && element.getClientRects().length > 0);
  const until = async (what, get) => {
    for (let count = 0; count < 400; count++) {
      const value = get();
      if (value) return value;
      await new Promise((done) => window.setTimeout(done, 100));
    }
    throw new Error('not shown: ' + what + '; but: ' + ([...all(document)].find(({ localName }) => localName === 'account-hub-email')?.innerText ?? ''));
  };
  const [step, values] = args;
  const view = await until(step, () => shown(step));
  const fill = (input, value) => {
    if (typeof value === 'boolean') { if (input.checked !== value) input.click(); return; }
    input.focus();
    input.value = value;
    for (const type of ['input', 'change']) input.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
  };
  for (const [id, value] of Object.entries(values)) fill(await until(id, () => shown(id)), value);
  const button = await until('an enabled button', () => shown('forward') && !shown('forward').disabled && shown('forward'));
  const text = view.innerText;
  window.setTimeout(() => button.click(), 300);
  await until('the next step', () => !shown(step));
  return text;`;

const ITEMS = `
  const { cal } = ChromeUtils.importESModule('resource:///modules/calendar/calUtils.sys.mjs');
  const { CalEvent } = ChromeUtils.importESModule('resource:///modules/CalEvent.sys.mjs');
  const { CalTodo } = ChromeUtils.importESModule('resource:///modules/CalTodo.sys.mjs');
  const named = (name) => cal.manager.getCalendars().find((calendar) => calendar.name === name);
  const items = (name) => named(name).getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);`;

const READ_ONLY = `${ITEMS} return cal.manager.getCalendars().filter(({ readOnly }) => readOnly).map(({ name }) => name);`;

const BOOK = `
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const book = MailServices.ab.directories.find(({ dirName }) => dirName === 'Contacts');`;

const ADD_CONTACT = `${BOOK}
  const card = Cc['@mozilla.org/addressbook/cardproperty;1'].createInstance(Ci.nsIAbCard);
  card.displayName = args[0];
  card.primaryEmail = args[1];
  book.addCard(card);`;

const REFRESH = `${ITEMS} ${BOOK}
  for (const calendar of cal.manager.getCalendars()) if (calendar.canRefresh) calendar.refresh();
  const { CardDAVDirectory } = ChromeUtils.importESModule('resource:///modules/CardDAVDirectory.sys.mjs');
  await CardDAVDirectory.forFile(book.fileName).syncWithServer();`;

/** Busy times of an address, START/END each. */
const BUSY = `${ITEMS}
  const [address, start, end] = args;
  return new Promise((done) => cal.freeBusyService.getFreeBusyIntervals(
    address, cal.createDateTime(start), cal.createDateTime(end), Ci.calIFreeBusyInterval.BUSY_ALL,
    { onResult: (operation, found) => { if (!operation?.isPending) done((found ?? []).map(({ interval }) => [interval.start, interval.end].map((time) => time.icalString).join('/'))); } }));`;

/** PARTSTAT of somebody invited. */
const STATUS = `${ITEMS}
  const found = (await items('Calendar')).find(({ id }) => id === args[0]);
  return found?.getAttendeeById(args[1])?.participationStatus ?? null;`;

const ACCEPT = `${ITEMS}
  const old = (await items('Calendar')).find(({ id }) => id === args[0]);
  const changed = old.clone();
  const me = changed.getAttendeeById(args[1]);
  const answer = me.clone();
  answer.participationStatus = 'ACCEPTED';
  changed.removeAttendee(me);
  changed.addAttendee(answer);
  await named('Calendar').modifyItem(changed, old);`;

const INBOX = `
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const server = MailServices.accounts.accounts.map(({ incomingServer }) => incomingServer).find(({ type }) => type === 'imap');
  const inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
  return inbox ? [...inbox.messages].map(({ subject }) => subject) : [];`;

/** The text of the calendar's page, shadow trees included. */
const CALENDAR_TEXT = `return document.getElementById('calendarContent')?.innerText ?? document.documentElement.innerText;`;
