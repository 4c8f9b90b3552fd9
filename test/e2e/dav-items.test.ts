import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CAL as C, D, type DavClient } from '../support/dav-client.js';
import { calendarPath, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ICS = { 'content-type': 'text/calendar; charset=utf-8' };
const ALICE = 'alice@example.test';

describe('items over DAV', () => {
  let server: DavServer;
  let alice: DavClient;
  const home = calendarPath(ALICE, 'calendar');

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
  });
  after(() => server.close());

  const put = (name: string, body: string, headers: Record<string, string> = {}) =>
    alice.request('PUT', home + name, { body, headers: { ...ICS, ...headers } });

  it('gives back the bytes that were put, with a strong entity tag (RFC 4791 §5.3.4)', async () => {
    const text = event(
      'bytes',
      'DTSTART:20260301T100000Z',
      'X-ODD;X-P="a,b":va\\,lue',
      'DESCRIPTION:fol\r\n ded with \r\n\todd breaks',
    );
    const answer = await put('bytes.ics', text);
    assert.equal(answer.status, 201);
    const etag = answer.headers.etag;
    assert.match(etag ?? '', /^"[^"]+"$/);
    const got = await alice.request('GET', `${home}bytes.ics`);
    assert.equal(got.status, 200);
    assert.equal(got.text, text);
    assert.equal(got.headers.etag, etag);
    assert.match(got.headers['content-type'] ?? '', /^text\/calendar; charset=utf-8; component=VEVENT$/i);
    const head = await alice.request('HEAD', `${home}bytes.ics`);
    assert.deepEqual(
      [head.status, head.headers.etag, head.headers['content-length'], head.text],
      [200, etag, String(Buffer.byteLength(text)), ''],
    );
    const listed = await alice.propfind(`${home}bytes.ics`, [D('getetag'), D('getcontentlength'), D('getlastmodified')]);
    assert.equal(listed.responses[0]?.props.get(D('getetag'))?.text, etag);
    assert.equal(listed.responses[0]?.props.get(D('getcontentlength'))?.text, String(Buffer.byteLength(text)));
  });

  it('answers 204 to a replacement and 404 after a deletion', async () => {
    assert.equal((await put('crud.ics', event('crud'))).status, 201);
    assert.equal((await put('crud.ics', event('crud', 'DTSTART:20260302T100000Z'))).status, 204);
    assert.equal((await alice.request('DELETE', `${home}crud.ics`)).status, 204);
    assert.equal((await alice.request('GET', `${home}crud.ics`)).status, 404);
    assert.equal((await alice.request('DELETE', `${home}crud.ics`)).status, 404);
    assert.equal((await put('crud-again.ics', event('crud'))).status, 201, 'a deleted UID is free again');
  });

  it('holds to If-Match and If-None-Match (RFC 9110 §13.1)', async () => {
    const first = (await put('cond.ics', event('cond'), { 'if-none-match': '*' })).headers.etag ?? '';
    const other = event('cond', 'DTSTART:20260303T100000Z');
    assert.equal((await put('cond.ics', other, { 'if-none-match': '*' })).status, 412);
    assert.equal((await put('cond.ics', other, { 'if-match': '"wrong"' })).status, 412);
    assert.equal((await put('cond.ics', other, { 'if-match': `W/${first}` })).status, 412);
    assert.equal((await put('nothing.ics', other, { 'if-match': '*' })).status, 412);
    const second = await put('cond.ics', other, { 'if-match': `"zzz", ${first}` });
    assert.equal(second.status, 204);
    assert.notEqual(second.headers.etag, first);
    assert.equal(
      (await alice.request('GET', `${home}cond.ics`, { headers: { 'if-none-match': second.headers.etag ?? '' } })).status,
      304,
    );
    assert.equal((await alice.request('GET', `${home}cond.ics`, { headers: { 'if-none-match': first } })).status, 200);
    assert.equal((await alice.request('DELETE', `${home}cond.ics`, { headers: { 'if-match': first } })).status, 412);
    assert.equal(
      (await alice.request('DELETE', `${home}cond.ics`, { headers: { 'if-match': second.headers.etag ?? '' } })).status,
      204,
    );
  });

  it('gives the item along where the client prefers it (RFC 7240 §4.2, RFC 8144 §3.2)', async () => {
    const wish = { prefer: 'return=representation' };
    const made = await put('prefer.ics', event('prefer'), wish);
    assert.deepEqual(
      [made.status, made.text, made.headers['preference-applied']],
      [201, event('prefer'), 'return=representation'],
    );
    const late = await put('prefer.ics', event('prefer', 'SUMMARY:late'), { ...wish, 'if-match': '"old"' });
    assert.deepEqual([late.status, late.text, late.headers.etag], [412, event('prefer'), made.headers.etag]);
    assert.equal((await put('prefer.ics', event('prefer', 'SUMMARY:new'), wish)).status, 200);
  });

  it('judges If headers with entity tags and state tokens (RFC 4918 §10.4)', async () => {
    const etag = (await put('if.ics', event('if'))).headers.etag ?? '';
    const token = (await alice.propfind(home, [D('sync-token')])).responses[0]?.props.get(D('sync-token'))?.text;
    const next = event('if', 'DTSTART:20260304T100000Z');
    assert.equal((await put('if.ics', next, { if: '(["nope"])' })).status, 412);
    assert.equal((await put('if.ics', next, { if: '(<urn:uuid:a-lock-that-is-not>)' })).status, 412);
    assert.equal((await put('if.ics', next, { if: 'nonsense' })).status, 400);
    assert.equal((await put('if.ics', next, { if: `(["nope"]) (Not <DAV:no-lock> [${etag}])` })).status, 204);
    const collection = `<${server.url}${home}> (<${token}>)`;
    assert.equal((await put('if.ics', event('if'), { if: collection })).status, 412, 'the token is of an earlier state');
  });

  it('names the UID conflict and its href (RFC 4791 §5.3.2.1)', async () => {
    await put('uid-one.ics', event('same-uid'));
    const answer = await put('uid-two.ics', event('same-uid'));
    assert.equal(answer.status, 403);
    assert.match(
      answer.text,
      /<C:no-uid-conflict><D:href>\/dav\/calendars\/alice%40example\.test\/calendar\/uid-one\.ics<\/D:href>/,
    );
  });

  it('refuses what is no calendar object with the precondition', async () => {
    for (const [body, condition] of [
      ['BEGIN:NOTHING', 'valid-calendar-data'],
      [event('x').replace('END:VEVENT\r\n', ''), 'valid-calendar-data'],
      [event('x').replace(/UID:.*\r\n/, ''), 'valid-calendar-object-resource'],
      [event('x').replaceAll('VEVENT', 'VTODO'), 'supported-calendar-component'],
    ] as const) {
      const answer = await put('bad.ics', body);
      assert.equal(answer.status, 403, condition);
      assert.match(answer.text, new RegExp(`<C:${condition}`));
    }
    const wrongType = await put('bad.ics', event('x'), { 'content-type': 'image/png' });
    assert.deepEqual([wrongType.status, /supported-calendar-data/.test(wrongType.text)], [403, true]);
    assert.equal((await alice.request('GET', `${home}bad.ics`)).status, 404);
  });

  it('moves and copies items (RFC 4918 §9.8, §9.9)', async () => {
    await alice.request('MKCALENDAR', calendarPath(ALICE, 'second'));
    const second = calendarPath(ALICE, 'second');
    await put('m.ics', event('m'));
    const to = (path: string, more: Record<string, string> = {}) => ({ headers: { destination: server.url + path, ...more } });
    assert.equal((await alice.request('MOVE', `${home}m.ics`, to(`${second}m2.ics`))).status, 201);
    assert.equal((await alice.request('GET', `${home}m.ics`)).status, 404);
    assert.equal((await alice.request('GET', `${second}m2.ics`)).text, event('m'));
    assert.equal((await alice.request('COPY', `${second}m2.ics`, to(`${home}copy.ics`))).status, 201);
    assert.equal((await alice.request('COPY', `${second}m2.ics`, to(`${home}copy.ics`, { overwrite: 'F' }))).status, 412);
    assert.equal((await alice.request('COPY', `${second}m2.ics`, to(`${home}copy.ics`))).status, 204);
    assert.equal((await alice.request('MOVE', `${second}m2.ics`, to(`${calendarPath(ALICE, 'none')}x.ics`))).status, 409);
    assert.equal(
      (await alice.request('MOVE', `${second}m2.ics`, { headers: { destination: 'http://elsewhere.test/x' } })).status,
      502,
    );
    assert.equal((await alice.request('MOVE', `${second}m2.ics`)).status, 400);
    assert.equal((await alice.request('MOVE', `${second}none.ics`, to(`${home}y.ics`))).status, 404);
  });

  it('gives a multiget a row for each href, 404 for those that are not here', async () => {
    await put('mg one+ü.ics'.replaceAll(' ', '%20').replace('ü', '%C3%BC'), event('mg1'));
    const hrefs = [
      `${home}mg%20one%2B%C3%BC.ics`,
      `${home}none.ics`,
      '/dav/calendars/bob%40example.test/calendar/a.ics',
      'http://[bad',
      '/other',
    ];
    const body =
      `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop>` +
      `${hrefs.map((href) => `<href>${href}</href>`).join('')}</C:calendar-multiget>`;
    const { responses } = await alice.multistatus('REPORT', home, { body, depth: 1 });
    assert.deepEqual(
      responses.map(({ href, status }) => [href, status]),
      [
        [hrefs[0], undefined],
        [hrefs[1], 404],
        [hrefs[2], 404],
        [hrefs[3], 404],
        [hrefs[4], 404],
      ],
    );
    assert.equal(responses[0]?.props.get(C('calendar-data'))?.text.replace(/\r?\n/g, '\r\n'), event('mg1'));
  });

  it('gives time zones written out or by reference, as the client wishes (RFC 7809 §3.1.3)', async () => {
    const zone = (tzid: string) =>
      `BEGIN:VTIMEZONE\r\nTZID:${tzid}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n`;
    const at = (uid: string, tzid: string, definitions: string) =>
      event(uid, `DTSTART;TZID=${tzid}:20260301T100000`).replace('BEGIN:VEVENT', `${definitions}BEGIN:VEVENT`);
    const texts = {
      'full.ics': at('full', 'Europe/Berlin', zone('Europe/Berlin')),
      'bare.ics': at('bare', 'Europe/Berlin', ''),
      'own.ics': at('own', 'My Own Zone', zone('My Own Zone')),
    };
    for (const [name, text] of Object.entries(texts)) assert.equal((await put(name, text)).status, 201);
    assert.match(String((await alice.request('OPTIONS', home)).headers.dav), /calendar-no-timezone/);
    const get = async (name: string, wish?: string) => {
      const headers: Record<string, string> = wish === undefined ? {} : { 'caldav-timezones': wish };
      const answer = await alice.request('GET', home + name, { headers });
      const body = `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data/></prop><href>${home}${name}</href></C:calendar-multiget>`;
      const [row] = (await alice.multistatus('REPORT', home, { body, headers })).responses;
      assert.equal(row?.props.get(C('calendar-data'))?.text, answer.text, 'the same in a report');
      assert.match(String(answer.headers.vary), /CalDAV-Timezones/);
      return answer.text;
    };
    for (const [name, text] of Object.entries(texts))
      assert.equal(await get(name), text, 'without a wish the bytes as they were put');
    assert.equal(await get('full.ics', 'F'), at('full', 'Europe/Berlin', ''));
    assert.equal(await get('bare.ics', 'F'), texts['bare.ics']);
    assert.equal(await get('own.ics', 'F'), texts['own.ics'], 'nobody else knows that one');
    assert.equal(await get('full.ics', 'T'), texts['full.ics']);
    const written = await get('bare.ics', 'T');
    assert.match(written, /BEGIN:VTIMEZONE\r\nTZID:Europe\/Berlin\r\n.*BEGIN:DAYLIGHT.*BEGIN:VEVENT/s);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
