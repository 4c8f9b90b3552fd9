import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CAL, D, type DavClient, type DavResponse } from '../support/dav-client.js';
import { bookPath, calendarPath, card, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const ICS = { 'content-type': 'text/calendar' };
const PUBLIC = 'http://gateway.test';

/** The ATTACH lines of a text, unfolded. */
const attachLines = (text: string) =>
  text
    .replace(/\r?\n[ \t]/g, '')
    .split('\r\n')
    .filter((line) => line.startsWith('ATTACH'));

describe('managed attachments (RFC 8607)', () => {
  let server: DavServer;
  let alice: DavClient;
  let bob: DavClient;
  const home = calendarPath(ALICE, 'calendar');

  before(async () => {
    server = await startDavServer();
    [alice, bob] = [await server.client(ALICE), await server.client(BOB)];
  });
  after(() => server.close());

  const put = (path: string, body: string, headers: Record<string, string> = {}) =>
    alice.request('PUT', path, { body, headers: { ...ICS, ...headers } });
  const post = (
    path: string,
    query: string,
    content: string | Uint8Array = '',
    headers: Record<string, string> = {},
    client = alice,
  ) =>
    client.request('POST', `${path}?${query}`, {
      body: content,
      headers: { 'content-type': 'text/plain', 'content-disposition': 'attachment; filename="a b.txt"', ...headers },
    });
  const add = (path: string, content: string | Uint8Array = 'hello', headers: Record<string, string> = {}, rid = '') =>
    post(path, `action=attachment-add${rid}`, content, headers);
  const idOf = (answer: DavResponse) => String(answer.headers['cal-managed-id'] ?? '');
  const urlsIn = async (path: string) =>
    attachLines((await alice.request('GET', path)).text).map((line) => /(http:.*)$/.exec(line)?.[1]?.slice(PUBLIC.length) ?? '');
  const stored = async () => Number((await server.database.query('SELECT count(*) FROM attachments'))[0].count);

  it('is announced with its limits where calendars are', async () => {
    const { headers } = await alice.request('OPTIONS', home);
    assert.match(String(headers.dav), /\bcalendar-managed-attachments\b(?!-no)/);
    const root = '/dav/calendars/alice%40example.test/';
    const [row] = (await alice.propfind(root, [CAL('managed-attachments-server-URL')])).responses;
    assert.deepEqual(
      [row?.props.has(CAL('managed-attachments-server-URL')), row?.props.get(CAL('managed-attachments-server-URL'))?.children],
      [true, []],
    );
    const limits = (await alice.propfind(home, [CAL('max-attachment-size'), CAL('max-attachments-per-resource')])).responses[0];
    assert.ok(Number(limits?.props.get(CAL('max-attachment-size'))?.text) >= 10 << 20);
    assert.ok(Number(limits?.props.get(CAL('max-attachments-per-resource'))?.text) >= 10);
  });

  it('is added, fetched, updated and removed (§3.4 to §3.6)', async () => {
    const path = `${home}crud.ics`;
    const first = await put(path, event('crud', 'X-KEPT;X-P=1:stays', 'SUMMARY:With a file'));
    const made = await add(path, 'hello', { prefer: 'return=representation' });
    assert.equal(made.status, 201);
    assert.notEqual(made.headers.etag, first.headers.etag);
    assert.deepEqual([made.headers['content-location'], made.headers['preference-applied']], [path, 'return=representation']);
    const id = idOf(made);
    const [line = ''] = attachLines(made.text);
    for (const part of [`MANAGED-ID=${id}`, 'FMTTYPE=text/plain', 'SIZE=5', 'FILENAME=a b.txt'])
      assert.ok(line.includes(part), line);
    assert.match(made.text, /X-KEPT;X-P=1:stays/);
    assert.deepEqual(
      [(await alice.request('GET', path)).text, (await alice.request('GET', path)).headers.etag],
      [made.text, made.headers.etag],
    );
    const [url = ''] = await urlsIn(path);
    const got = await alice.request('GET', url);
    assert.deepEqual(
      [got.status, got.text, got.headers['content-type'], got.headers['content-length']],
      [200, 'hello', 'text/plain', '5'],
    );
    assert.match(String(got.headers['content-disposition']), /^attachment; filename="a b\.txt"/);
    const head = await alice.request('HEAD', url);
    assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '5', '']);
    assert.equal((await alice.request('GET', url, { headers: { 'if-none-match': String(got.headers.etag) } })).status, 304);
    for (const method of ['PUT', 'DELETE', 'PROPFIND', 'POST'])
      assert.equal((await alice.request(method, url)).status, 405, method);

    const updated = await post(path, `action=attachment-update&managed-id=${id}`, 'other', {
      'content-type': 'application/pdf',
      'content-disposition': "attachment; filename*=UTF-8''%C3%BCber.pdf",
    });
    assert.equal(updated.status, 204);
    assert.notEqual(idOf(updated), id);
    const [after = ''] = await urlsIn(path);
    assert.match(after, /%C3%BCber\.pdf$/);
    assert.equal((await alice.request('GET', after)).text, 'other');
    assert.equal((await alice.request('GET', url)).status, 404, 'nobody names the old one');

    const removed = await post(path, `action=attachment-remove&managed-id=${idOf(updated)}`);
    assert.deepEqual([removed.status, idOf(removed)], [204, '']);
    assert.deepEqual(await urlsIn(path), []);
    assert.equal(
      (await alice.request('GET', path)).text,
      event('crud', 'X-KEPT;X-P=1:stays', 'SUMMARY:With a file'),
      'the bytes of before',
    );
    assert.equal((await alice.request('GET', after)).status, 404);
  });

  it('belongs to all of a series or to the instances named (§3.3.2)', async () => {
    const path = `${home}series.ics`;
    const series = event('series', 'DTSTART;TZID=Europe/Berlin:20260301T100000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=5');
    await put(path, series);
    const counts = async () => {
      const text = (await alice.request('GET', path)).text;
      return text
        .split('BEGIN:VEVENT')
        .slice(1)
        .map((part) => attachLines(part).length);
    };
    const one = await add(path, 'one', {}, '&rid=20260303T090000Z');
    assert.equal(one.status, 201);
    assert.deepEqual(await counts(), [0, 1], 'an override of its own');
    const all = await add(path, 'all');
    assert.deepEqual(await counts(), [1, 2]);
    assert.equal((await add(path, 'master', {}, '&rid=M')).status, 201);
    assert.deepEqual(await counts(), [2, 2]);
    assert.equal((await post(path, `action=attachment-remove&managed-id=${idOf(all)}&rid=20260304T090000Z`)).status, 204);
    assert.deepEqual(await counts(), [2, 2, 1], 'all but that day');
    assert.equal((await post(path, `action=attachment-remove&managed-id=${idOf(all)}`)).status, 204);
    assert.deepEqual(await counts(), [1, 1, 1]);
    for (const rid of ['20260303T100000Z', '20270101T090000Z', 'nonsense', '', 'M,']) {
      const refused = await add(path, 'x', {}, `&rid=${rid}`);
      assert.deepEqual([refused.status, /<C:valid-rid-parameter\/>/.test(refused.text)], [403, true], rid);
    }
    const some = await post(path, `action=attachment-update&managed-id=${idOf(one)}&rid=M`, 'x');
    assert.match(some.text, /valid-rid-parameter/);
  });

  it('refuses what it can’t do with its precondition, and keeps nothing (§3.11)', async () => {
    const path = `${home}refused.ics`;
    await put(path, event('refused'));
    const etag = String((await alice.request('GET', path)).headers.etag);
    const before = await stored();
    const none = '00000000-0000-4000-8000-000000000000';
    const cases: readonly (readonly [string, string | Uint8Array, string])[] = [
      ['action=attachment-steal', 'x', 'valid-action-parameter'],
      ['action=', 'x', 'valid-action-parameter'],
      [`action=attachment-add&managed-id=${none}`, 'x', 'valid-managed-id-parameter'],
      ['action=attachment-update', 'x', 'valid-managed-id-parameter'],
      [`action=attachment-update&managed-id=${none}`, 'x', 'valid-managed-id-parameter'],
      [`action=attachment-remove&managed-id=${none}`, '', 'valid-managed-id-parameter'],
      ['action=attachment-remove', '', 'valid-managed-id-parameter'],
      ['action=attachment-add', Buffer.alloc((15 << 20) + 1), 'max-attachment-size'],
    ];
    for (const [query, body, condition] of cases) {
      const answer = await post(path, query, body);
      assert.deepEqual([answer.status, answer.text.includes(`<C:${condition}/>`)], [403, true], query);
    }
    assert.equal((await post(path, 'action=attachment-add', 'x', { 'if-match': '"other"' })).status, 412);
    assert.equal((await post(`${home}none.ics`, 'action=attachment-add', 'x')).status, 404);
    assert.equal((await alice.request('GET', path)).headers.etag, etag);
    assert.equal(await stored(), before);
    const made = await add(path, 'x', { 'if-match': etag });
    assert.equal(made.status, 201);
    const foreign = event('made-up', `ATTACH;MANAGED-ID=${none}:https://example.test/a`);
    const madeUp = await put(`${home}made-up.ics`, foreign);
    assert.deepEqual([madeUp.status, /valid-managed-id-parameter/.test(madeUp.text)], [403, true]);
    await alice.request('PUT', `${bookPath(ALICE, 'contacts')}c.vcf`, {
      body: card('c', 'C'),
      headers: { 'content-type': 'text/vcard' },
    });
    assert.equal((await post(`${bookPath(ALICE, 'contacts')}c.vcf`, 'action=attachment-add', 'x')).status, 405);
  });

  it('limits how many an item names', async () => {
    const path = `${home}many.ics`;
    const [row] = (await alice.propfind(home, [CAL('max-attachments-per-resource')])).responses;
    const most = Number(row?.props.get(CAL('max-attachments-per-resource'))?.text);
    await put(path, event('many'));
    for (let index = 0; index < most; index += 1) assert.equal((await add(path, String(index))).status, 201);
    const refused = await add(path, 'one more');
    assert.deepEqual([refused.status, /<C:max-attachments-per-resource\/>/.test(refused.text)], [403, true]);
    await alice.request('DELETE', path);
  });

  it('survives concurrent additions: each is there', async () => {
    const path = `${home}race.ics`;
    await put(path, event('race'));
    const answers = await Promise.all(['a', 'b', 'c'].map((content) => add(path, content)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201],
    );
    const contents = await Promise.all((await urlsIn(path)).map(async (url) => (await alice.request('GET', url)).text));
    assert.deepEqual(contents.sort(), ['a', 'b', 'c']);
  });

  it('is given byte for byte, in pieces, and never shown as a page', async () => {
    const path = `${home}large.ics`;
    await put(path, event('large'));
    const large = Buffer.from(Array.from({ length: 3 << 20 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
    await add(path, large, { 'content-type': 'text/html' });
    const got = await alice.request('GET', (await urlsIn(path))[0] ?? '');
    assert.ok(got.body.equals(large));
    assert.match(String(got.headers['content-security-policy']), /sandbox/);
    assert.match(String(got.headers['content-disposition']), /^attachment/);
    await add(path, '', {
      'content-disposition': 'attachment; filename="..\\\\..\\\\etc/passwd"',
      'content-type': 'not a type\u0001'.slice(0, 10),
    });
    const last = (await urlsIn(path)).at(-1) ?? '';
    assert.match(last, /\/passwd$/);
    assert.equal((await alice.request('GET', last)).headers['content-type'], 'application/octet-stream');
  });

  it('is named by other items too, and gone for everybody when none names it', async () => {
    const path = `${home}first.ics`;
    await put(path, event('first'));
    const id = idOf(await add(path, 'shared'));
    const [url = ''] = await urlsIn(path);
    const [line = ''] = attachLines((await alice.request('GET', path)).text);
    assert.equal((await put(`${home}second.ics`, event('second', line))).status, 201, '§3.6: by reference');
    await alice.request('DELETE', path);
    assert.equal((await alice.request('GET', url)).text, 'shared');
    assert.equal((await put(`${home}second.ics`, event('second'))).status, 204, 'a PUT without it');
    assert.equal((await alice.request('GET', url)).status, 404);
    const session = await server.session(ALICE);
    const { pim } = server.services;
    const calendar = (await pim.collections(session)).find(({ slug }) => slug === 'calendar');
    assert.ok(calendar);
    const deleted = (await pim.versions(session, calendar, { since: new Date(0) })).find(({ name }) => name === 'first.ics');
    assert.ok(deleted);
    await pim.restore(session, calendar, deleted);
    assert.equal((await alice.request('GET', url)).text, 'shared', 'brought back with its event');
    await alice.request('DELETE', path);
    const rows = () => server.database.query('SELECT 1 FROM attachments WHERE id = $1', [id]);
    assert.equal((await rows()).length, 1, 'kept for as long as the earlier text can be brought back');
    const store = (
      server.services.pim as unknown as { store: { purge(before: { tombstones: Date; versions: Date }): Promise<number> } }
    ).store;
    await store.purge({ tombstones: new Date(0), versions: new Date(Date.now() + 60_000) });
    assert.equal((await rows()).length, 0);
    assert.equal((await server.database.query('SELECT 1 FROM attachment_parts WHERE attachment_id = $1', [id])).length, 0);
    await put(`${home}third.ics`, event('third'));
    await add(`${home}third.ics`, 'stays');
    await store.purge({ tombstones: new Date(0), versions: new Date(Date.now() + 60_000) });
    assert.equal((await alice.request('GET', (await urlsIn(`${home}third.ics`))[0] ?? '')).text, 'stays');
  });

  it('reaches those who are invited, with the meeting', async () => {
    const path = `${home}meeting.ics`;
    const lines = [`ORGANIZER:mailto:${ALICE}`, `ATTENDEE:mailto:${ALICE}`, `ATTENDEE:mailto:${BOB}`, 'DTSTART:20990301T100000Z'];
    await put(path, event('meeting', ...lines));
    await add(path, 'the agenda');
    const [url = ''] = await urlsIn(path);
    const his = calendarPath(BOB, 'calendar');
    const copy = async () => {
      const { responses } = await bob.propfind(his, [CAL('calendar-data')], 1);
      return responses.find(({ props }) =>
        /MANAGED-ID/.test(props.get(CAL('calendar-data'))?.text.replace(/\r?\n[ \t]/g, '') ?? ''),
      );
    };
    const until = Date.now() + 30_000;
    while ((await copy()) === undefined && Date.now() < until) await new Promise((done) => setTimeout(done, 50));
    const found = await copy();
    assert.ok(found, 'the attachment is in his copy');
    assert.equal((await bob.request('GET', url)).text, 'the agenda');
    const accepted = (await bob.request('GET', found.href)).text.replace(/PARTSTAT=NEEDS-ACTION/g, 'PARTSTAT=ACCEPTED');
    assert.equal((await bob.request('PUT', found.href, { body: accepted, headers: ICS })).status, 204, 'its identifier is known');
    await alice.request('DELETE', path);
  });

  it('is for those who see an item that names it: sharers by their rights, nobody else', async () => {
    const path = `${home}shared.ics`;
    await put(path, event('shared'));
    await add(path, 'for some');
    const [url = ''] = await urlsIn(path);
    const share = (access: string | null) =>
      alice.request('ACL', home, {
        body: `<acl xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${access === null ? '' : `<ace><principal><href>/dav/principals/bob%40example.test/</href></principal><grant><privilege><${access}/></privilege></grant></ace>`}</acl>`,
      });
    const mounted = async () => {
      const { responses } = await bob.propfind('/dav/calendars/bob%40example.test/', [D('owner')], 1);
      return responses.find(({ props }) => props.get(D('owner'))?.children[0]?.text.includes('alice'))?.href ?? '';
    };
    assert.equal((await bob.request('GET', url)).status, 404, 'a stranger');
    await share('read');
    assert.equal((await bob.request('GET', url)).text, 'for some');
    const refused = await post(`${await mounted()}shared.ics`, 'action=attachment-add', 'x', {}, bob);
    assert.deepEqual([refused.status, /need-privileges/.test(refused.text)], [403, true]);
    await put(
      path,
      (await alice.request('GET', path)).text
        .replace('SUMMARY', 'X')
        .replace('BEGIN:VEVENT\r\n', 'BEGIN:VEVENT\r\nCLASS:PRIVATE\r\n'),
    );
    assert.equal((await bob.request('GET', url)).status, 404, 'a private event');
    await put(path, (await alice.request('GET', path)).text.replace('CLASS:PRIVATE\r\n', ''));
    await share('C:read-free-busy');
    assert.equal((await bob.request('GET', url)).status, 404, 'busy times');
    await share('write');
    const added = await post(`${await mounted()}shared.ics`, 'action=attachment-add', 'from Bob', {}, bob);
    assert.equal(added.status, 201);
    const [, second = ''] = await urlsIn(path);
    assert.match(second, /^\/dav\/attachments\/alice%40example\.test\//, 'it is kept where the calendar is');
    assert.deepEqual(
      [(await alice.request('GET', second)).text, (await bob.request('GET', second)).text],
      ['from Bob', 'from Bob'],
    );
    await share(null);
    assert.equal((await bob.request('GET', url)).status, 404);
    assert.equal((await alice.request('GET', url.replace('alice', 'bob'))).status, 404);
    assert.equal((await alice.request('GET', url.replace('alice', 'nobody'))).status, 404);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
