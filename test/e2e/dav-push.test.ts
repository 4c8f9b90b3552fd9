import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { D, type DavClient } from '../support/dav-client.js';
import { calendarPath, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const P = (local: string) => `{https://bitfire.at/webdav-push}${local}`;
const XML = { 'content-type': 'application/xml; charset=utf-8' };
const KEY = Buffer.alloc(65, 4).toString('base64url');
const SECRET = Buffer.alloc(16, 1).toString('base64url');

describe('WebDAV-Push (draft-bitfire-webdav-push)', () => {
  let server: DavServer;
  let alice: DavClient;
  const path = calendarPath(ALICE, 'calendar');

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
  });
  after(() => server.close());

  const body = (resource: string, more = '', key = KEY) =>
    `<push-register xmlns="https://bitfire.at/webdav-push" xmlns:D="DAV:"><subscription><web-push-subscription><push-resource>${resource}</push-resource>` +
    `<subscription-public-key type="p256dh">${key}</subscription-public-key><auth-secret>${SECRET}</auth-secret></web-push-subscription></subscription>${more}</push-register>`;
  const register = (resource: string, more = '', target = path) =>
    alice.request('POST', target, { body: body(resource, more), headers: XML });
  const put = (uid: string, headers: Record<string, string> = {}) =>
    alice.request('PUT', `${path}${uid}.ics`, {
      body: event(uid, `SUMMARY:${Math.random()}`),
      headers: { 'content-type': 'text/calendar', ...headers },
    });
  const topicOf = async (target: string) =>
    (await alice.propfind(target, [P('topic')])).responses[0]?.props.get(P('topic'))?.text;

  /** Messages to a push resource, once those that are due have come. */
  const messages = async (resource: string): Promise<string[]> => {
    await sleep(2_200);
    return server.pushed.filter((pushed) => pushed.resource === resource).map(({ message }) => message);
  };

  it('announces itself where it is, with a key and a topic of its own for each', async () => {
    const home = '/dav/calendars/alice%40example.test/';
    assert.match(String((await alice.request('OPTIONS', path)).headers.dav), /webdav-push/);
    const { responses } = await alice.propfind(home, [P('transports'), P('topic'), P('supported-triggers')], 1);
    const watched = responses.filter(({ href }) => !/\/(inbox|outbox)\/$/.test(href));
    const topics = watched.map(({ props }) => props.get(P('topic'))?.text);
    assert.ok(topics.length > 3 && topics.every(Boolean));
    assert.equal(new Set(topics).size, topics.length);
    assert.equal(responses[1]?.props.get(P('transports'))?.children[0]?.children[0]?.attributes.type, 'p256ecdsa');
    const item = await alice.propfind('/dav/principals/alice%40example.test/', [P('topic')]);
    assert.equal(item.responses[0]?.statuses.get(P('topic')), 404);
  });

  it('registers as DAVx5 asks, without trigger and encoding, for at least three days; renews; tells of changes', async () => {
    const resource = 'https://push.example.test/davx5';
    const expires = `<expires>${new Date(Date.now() + 3 * 86_400_000).toUTCString()}</expires>`;
    const made = await register(resource, expires);
    assert.equal(made.status, 201);
    assert.match(made.headers.location ?? '', /^http:\/\/gateway\.test\/dav\/push\//);
    assert.ok(Date.parse(made.headers.expires ?? '') >= Date.now() + 3 * 86_400_000 - 5_000);
    const again = await register(resource);
    assert.deepEqual([again.status, again.headers.location], [204, made.headers.location]);
    await put('pushed');
    await put('pushed');
    const [message, ...more] = await messages(resource);
    assert.equal(more.length, 0, 'a burst is one message');
    assert.match(message ?? '', new RegExp(`<topic>${await topicOf(path)}</topic><content-update/>`));
    await put('own', { 'push-dont-notify': `"${made.headers.location}"` });
    assert.equal((await messages(resource)).length, 1, 'not told of the own change');
    const gone = new URL(made.headers.location ?? '').pathname;
    const bob = await server.client('bob@example.test');
    assert.equal((await bob.request('DELETE', gone)).status, 404);
    assert.equal((await alice.request('DELETE', gone)).status, 204);
    assert.equal((await alice.request('DELETE', gone)).status, 404);
    await put('later');
    assert.equal((await messages(resource)).length, 1);
  });

  it('tells nobody of a change with Push-Dont-Notify: * (§7.3)', async () => {
    const resource = 'https://push.example.test/star';
    const tasks = calendarPath(ALICE, 'tasks');
    const [quiet, loud] = [await register(resource), await register(`${resource}/tasks`, '', tasks)];
    await put('star', { 'push-dont-notify': '*' });
    await alice.request('PUT', `${tasks}star.ics`, {
      body: event('star').replaceAll('VEVENT', 'VTODO'),
      headers: { 'content-type': 'text/calendar' },
    });
    // Messages go out in the order of the changes: when the later one is there, the earlier one does not come any more.
    const toldOf = (of: string) => server.pushed.filter((pushed) => pushed.resource === of).length;
    for (const until = Date.now() + 30_000; toldOf(`${resource}/tasks`) === 0 && Date.now() < until; ) await sleep(50);
    assert.deepEqual([toldOf(resource), toldOf(`${resource}/tasks`)], [0, 1]);
    for (const { headers } of [quiet, loud]) await alice.request('DELETE', new URL(headers.location ?? '').pathname);
  });

  it('tells at the home of new collections', async () => {
    const resource = 'https://push.example.test/home';
    const trigger =
      '<trigger><content-update><D:depth>1</D:depth></content-update><property-update><D:depth>1</D:depth></property-update></trigger>';
    assert.equal((await register(resource, trigger, '/dav/calendars/alice%40example.test/')).status, 201);
    await alice.request('MKCALENDAR', calendarPath(ALICE, 'new'));
    assert.equal((await messages(resource)).length, 1);
  });

  it('refuses what can’t be kept', async () => {
    for (const [answer, condition] of [
      [await register('http://plain.example.test/'), 'invalid-subscription'],
      [await register('nonsense'), 'invalid-subscription'],
      [await register('https://x.test/', '<expires>tomorrow</expires>'), 'invalid-subscription'],
      [await register('https://x.test/', '<trigger><nothing/></trigger>'), 'no-supported-trigger'],
      [await register('https://x.test/', '', '/dav/principals/alice%40example.test/'), 'push-not-available'],
      [await alice.request('POST', path, { body: body('https://x.test/', '', 'AAAA'), headers: XML }), 'invalid-subscription'],
      [
        await alice.request('POST', path, { body: '<push-register xmlns="https://bitfire.at/webdav-push"/>', headers: XML }),
        'invalid-subscription',
      ],
    ] as const) {
      assert.deepEqual([answer.status, answer.text.includes(`<P:${condition}`)], [403, true], condition);
    }
    assert.equal((await alice.propfind(path, [D('displayname')])).responses.length, 1);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
