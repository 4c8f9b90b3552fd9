import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CAL, CARD, D, type DavClient } from '../support/dav-client.js';
import { bookPath, calendarPath, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const CS = (local: string) => `{http://calendarserver.org/ns/}${local}`;
const A = (local: string) => `{http://apple.com/ns/ical/}${local}`;
const HOME = '/dav/calendars/alice%40example.test/';
const BOOKS = '/dav/addressbooks/alice%40example.test/';

const putInto = (client: DavClient, path: string, body: string) =>
  client.request('PUT', path, { body, headers: { 'content-type': 'text/calendar' } });

describe('collections over DAV', () => {
  let server: DavServer;
  let alice: DavClient;

  before(async () => {
    server = await startDavServer({ [ALICE]: ['al@example.test'] });
    alice = await server.client(ALICE);
  });
  after(() => server.close());

  const calendarQuery = (path: string, props: string) =>
    alice.multistatus('PROPFIND', path, {
      depth: 0,
      body: `<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${props}</propfind>`,
    });

  it('lists the default collections in the two homes', async () => {
    const names = [D('resourcetype'), D('displayname'), CAL('supported-calendar-component-set'), CS('getctag'), D('sync-token')];
    const { responses } = await alice.propfind(HOME, names, 1);
    assert.deepEqual(
      responses.map(({ href, props }) => [href, props.get(D('displayname'))?.text]),
      [
        [HOME, 'Calendars'],
        [`${HOME}calendar/`, 'Calendar'],
        [`${HOME}tasks/`, 'Tasks'],
        [`${HOME}notes/`, 'Notes'],
        [`${HOME}inbox/`, 'Inbox'],
        [`${HOME}outbox/`, 'Outbox'],
      ],
    );
    for (const { props } of responses.slice(1, 4)) {
      assert.deepEqual(
        props.get(D('resourcetype'))?.children.map(({ name }) => name),
        [D('collection'), CAL('calendar')],
      );
      assert.match(props.get(D('sync-token'))?.text ?? '', /^data:,./);
      assert.ok(props.get(CS('getctag'))?.text);
    }
    assert.ok(responses[0]?.props.get(CS('getctag'))?.text, 'the home has a CTag of its own');
    assert.deepEqual(
      responses[2]?.props.get(CAL('supported-calendar-component-set'))?.children.map(({ attributes }) => attributes.name),
      ['VTODO'],
    );
    const books = await alice.propfind(BOOKS, [D('resourcetype')], 1);
    assert.deepEqual(
      books.responses.map(({ href }) => href),
      [BOOKS, `${BOOKS}contacts/`],
    );
    assert.deepEqual(
      books.responses[1]?.props.get(D('resourcetype'))?.children.map(({ name }) => name),
      [D('collection'), CARD('addressbook')],
    );
  });

  it('says the current user on every resource (RFC 5397), 200 before 404', async () => {
    await alice.request('PUT', `${HOME}calendar/cup.ics`, { body: event('cup'), headers: { 'content-type': 'text/calendar' } });
    const places = [
      '/',
      '/principals/',
      '/calendar/dav/alice%40example.test/user/',
      '/.well-known/caldav',
      '/.well-known/carddav',
    ];
    const own = [
      '/dav/',
      '/dav/principals/',
      '/dav/principals/alice%40example.test/',
      HOME,
      BOOKS,
      `${HOME}calendar/`,
      `${HOME}calendar/cup.ics`,
    ];
    for (const path of [...places, ...own, '/dav', HOME.slice(0, -1)]) {
      const answer = await alice.request('PROPFIND', path, {
        depth: 0,
        body: '<propfind xmlns="DAV:"><prop><nope xmlns="urn:x"/><current-user-principal/></prop></propfind>',
      });
      assert.equal(answer.status, 207, path);
      assert.match(answer.text, /<D:current-user-principal><D:href>\/dav\/principals\/alice%40example\.test\/<\/D:href>/, path);
      assert.ok(answer.text.indexOf('200 OK') < answer.text.indexOf('404 Not Found'), path);
    }
  });

  it('answers what nobody knows with 404 propstats, or leaves it out under return=minimal', async () => {
    const body = '<propfind xmlns="DAV:"><prop><x:foo xmlns:x="urn:x"/><displayname/></prop></propfind>';
    const full = await alice.multistatus('PROPFIND', HOME, { body, depth: 0 });
    assert.equal(full.responses[0]?.statuses.get('{urn:x}foo'), 404);
    for (const headers of [{ prefer: 'return=minimal' }, { brief: 't' }] as Record<string, string>[]) {
      const brief = await alice.multistatus('PROPFIND', HOME, { body, depth: 0, headers });
      assert.deepEqual([...(brief.responses[0]?.statuses ?? [])], [[D('displayname'), 200]]);
    }
  });

  it('knows allprop, include and propname (RFC 4918 §9.1)', async () => {
    const all = await calendarQuery(
      `${HOME}calendar/`,
      '<allprop/><include><C:supported-calendar-component-set/><nope/></include>',
    );
    const statuses = all.responses[0]?.statuses;
    assert.equal(statuses?.get(D('resourcetype')), 200);
    assert.equal(statuses?.get(CAL('supported-calendar-component-set')), 200);
    assert.equal(statuses?.has(D('current-user-privilege-set')), false, 'later documents keep out of allprop');
    const names = await calendarQuery(`${HOME}calendar/`, '<propname/>');
    assert.equal(names.responses[0]?.props.get(D('sync-token'))?.text, '');
    const empty = await alice.multistatus('PROPFIND', `${HOME}calendar/`, { depth: 0 });
    assert.equal(empty.responses[0]?.statuses.get(D('displayname')), 200);
  });

  it('keeps to Depth (RFC 4918 §9.1, §10.2)', async () => {
    const infinity = await alice.request('PROPFIND', HOME, { depth: 'infinity' });
    assert.deepEqual([infinity.status, /propfind-finite-depth/.test(infinity.text)], [403, true]);
    assert.equal((await alice.request('PROPFIND', HOME, { headers: { depth: '7' } })).status, 400);
    assert.equal((await alice.multistatus('PROPFIND', HOME)).responses.length, 1, 'no Depth means the resource itself');
    const noroot = await alice.multistatus('PROPFIND', HOME, { depth: 1, headers: { prefer: 'depth-noroot' } });
    assert.equal(
      noroot.responses.some(({ href }) => href === HOME),
      false,
    );
  });

  it('sets, keeps and removes properties, all or nothing (RFC 4918 §9.2)', async () => {
    const path = `${HOME}calendar/`;
    const update = (inner: string) =>
      `<propertyupdate xmlns="DAV:" xmlns:A="http://apple.com/ns/ical/" xmlns:x="urn:x">${inner}</propertyupdate>`;
    const dead = '<x:dead xml:lang="de" x:a="1"><x:inner b="&lt;">Grüße &amp; <y xmlns="">leer</y></x:inner>\r\n</x:dead>';
    const set = await alice.multistatus('PROPPATCH', path, {
      body: update(
        `<set><prop><displayname>Täglich</displayname><A:calendar-color>#FF2968FF</A:calendar-color>${dead}</prop></set>`,
      ),
    });
    assert.deepEqual([...(set.responses[0]?.statuses.values() ?? [])], [200, 200, 200]);
    const got = await alice.propfind(path, [D('displayname'), A('calendar-color'), '{urn:x}dead']);
    assert.equal(got.responses[0]?.props.get(D('displayname'))?.text, 'Täglich');
    assert.equal(got.responses[0]?.props.get(A('calendar-color'))?.text, '#FF2968FF');
    const kept = got.responses[0]?.props.get('{urn:x}dead');
    assert.equal(kept?.attributes['xml:lang'] ?? kept?.attributes.lang, 'de');
    assert.equal(kept?.children[0]?.name, '{urn:x}inner');
    assert.equal(kept?.children[0]?.attributes.b, '<');
    assert.equal(kept?.children[0]?.children[0]?.name, '{}y');
    const refused = await alice.multistatus('PROPPATCH', path, {
      body: update(
        '<set><prop><displayname>No</displayname><getetag>"x"</getetag></prop></set><remove><prop><x:dead/></prop></remove>',
      ),
    });
    assert.deepEqual(
      [...(refused.responses[0]?.statuses ?? [])].sort(),
      [
        [D('displayname'), 424],
        [D('getetag'), 403],
        ['{urn:x}dead', 424],
      ].sort(),
    );
    const after = await alice.propfind(path, [D('displayname'), '{urn:x}dead']);
    assert.equal(after.responses[0]?.props.get(D('displayname'))?.text, 'Täglich');
    assert.equal(after.responses[0]?.statuses.get('{urn:x}dead'), 200);
    await alice.multistatus('PROPPATCH', path, { body: update('<remove><prop><x:dead/><A:calendar-color/></prop></remove>') });
    const gone = await alice.propfind(path, ['{urn:x}dead', A('calendar-color')]);
    assert.deepEqual([...(gone.responses[0]?.statuses.values() ?? [])], [404, 404]);
    const minimal = await alice.request('PROPPATCH', path, {
      body: update('<set><prop><displayname>Calendar</displayname></prop></set>'),
      headers: { prefer: 'return=minimal' },
    });
    assert.deepEqual([minimal.status, minimal.text], [200, '']);
  });

  it('refuses properties where nothing can be kept, one by one', async () => {
    const body = '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>';
    for (const path of [HOME, '/dav/principals/alice%40example.test/']) {
      const { responses } = await alice.multistatus('PROPPATCH', path, { body });
      assert.equal(responses[0]?.statuses.get('{urn:x}x'), 403, path);
    }
  });

  it('makes calendars with properties (RFC 4791 §5.3.1)', async () => {
    const body =
      '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/"><set><prop>' +
      '<displayname>Work</displayname><A:calendar-order>3</A:calendar-order><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>' +
      '<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>';
    const path = calendarPath(ALICE, 'work list');
    const made = await alice.request('MKCALENDAR', path, { body });
    assert.equal(made.status, 201);
    const names = [
      D('displayname'),
      A('calendar-order'),
      CAL('schedule-calendar-transp'),
      CAL('supported-calendar-component-set'),
    ];
    const props = (await alice.propfind(path, names)).responses[0]?.props;
    assert.equal(props?.get(D('displayname'))?.text, 'Work');
    assert.equal(props?.get(A('calendar-order'))?.text, '3');
    assert.equal(props?.get(CAL('schedule-calendar-transp'))?.children[0]?.name, CAL('transparent'));
    assert.deepEqual(
      props?.get(CAL('supported-calendar-component-set'))?.children.map(({ attributes }) => attributes.name),
      ['VTODO'],
    );
    const again = await alice.request('MKCALENDAR', path, { body });
    assert.deepEqual([again.status, /resource-must-be-null/.test(again.text)], [403, true]);
    assert.equal((await alice.request('MKCALENDAR', `${HOME}none/below/`)).status, 409);
    assert.equal((await alice.request('MKCALENDAR', `${HOME}calendar/below/`)).status, 403);
    assert.equal((await alice.request('MKCALENDAR', bookPath(ALICE, 'x'))).status, 403);
    const unsupported = await alice.request('MKCALENDAR', `${HOME}bad/`, { body: body.replace('"VTODO"', '"VFREEBUSY"') });
    assert.deepEqual([unsupported.status, /supported-calendar-component/.test(unsupported.text)], [403, true]);
    const invalid = await alice.request('MKCALENDAR', `${HOME}bad/`, {
      body: body.replace('<displayname>', '<C:calendar-timezone>BEGIN:X</C:calendar-timezone><displayname>'),
    });
    assert.match(invalid.text, /mkcalendar-response/);
    assert.equal((await alice.request('PROPFIND', `${HOME}bad/`, { depth: 0 })).status, 404, 'nothing partial is made');
  });

  it('makes address books by extended MKCOL (RFC 5689) and deletes collections', async () => {
    const body = (type: string) =>
      '<mkcol xmlns="DAV:" xmlns:K="urn:ietf:params:xml:ns:carddav" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>' +
      `<resourcetype><collection/>${type}</resourcetype><displayname>Friends</displayname></prop></set></mkcol>`;
    const path = bookPath(ALICE, 'friends');
    assert.equal((await alice.request('MKCOL', path, { body: body('<C:calendar/>') })).status, 403);
    assert.equal((await alice.request('MKCOL', path)).status, 403);
    assert.equal((await alice.request('MKCOL', path, { body: '<x/>' })).status, 415);
    assert.equal((await alice.request('MKCOL', path, { body: body('<K:addressbook/>') })).status, 201);
    assert.equal((await alice.request('MKCOL', path, { body: body('<K:addressbook/>') })).status, 405);
    assert.equal((await alice.propfind(path, [D('displayname')])).responses[0]?.props.get(D('displayname'))?.text, 'Friends');
    assert.equal((await alice.request('DELETE', path)).status, 204);
    assert.equal((await alice.request('PROPFIND', path, { depth: 0 })).status, 404);
    assert.equal((await alice.request('DELETE', `${HOME}calendar/`)).status, 403, 'the default calendar stays');
    assert.equal((await alice.request('DELETE', HOME)).status, 405);
  });

  it('copies a collection with its items and properties', async () => {
    const source = calendarPath(ALICE, 'source');
    await alice.request('MKCALENDAR', source);
    await putInto(alice, `${source}one.ics`, event('one'));
    const headers = { destination: calendarPath(ALICE, 'target') };
    assert.equal((await alice.request('COPY', source, { headers })).status, 201);
    assert.equal((await alice.request('GET', `${calendarPath(ALICE, 'target')}one.ics`)).text, event('one'));
    assert.equal((await alice.request('COPY', source, { headers: { ...headers, overwrite: 'F' } })).status, 412);
    assert.equal((await alice.request('COPY', source, { headers: { ...headers, depth: '0' } })).status, 204);
    assert.equal((await alice.request('GET', `${calendarPath(ALICE, 'target')}one.ics`)).status, 404);
  });

  it('moves a collection within its home: items, properties, shares and identity go along (RFC 4918 §9.9)', async () => {
    const [from, to] = ['mv-from', 'mv-to'].map((slug) => calendarPath(ALICE, slug)) as [string, string];
    const dead =
      '<propertyupdate xmlns="DAV:"><set><prop><displayname>Moving</displayname><x xmlns="urn:x">1</x></prop></set></propertyupdate>';
    await alice.request('MKCALENDAR', from);
    await putInto(alice, `${from}one.ics`, event('one'));
    await alice.request('PROPPATCH', from, { body: dead });
    const facts = async (path: string) => {
      const [row] = (await alice.propfind(path, [D('displayname'), '{urn:x}x', D('resource-id'), D('sync-token')])).responses;
      return [...(row?.props.values() ?? [])].map((node) => node.text + (node.children[0]?.text ?? ''));
    };
    const before = await facts(from);
    const move = (headers: Record<string, string> = {}, source = from, destination = to) =>
      alice.request('MOVE', source, { headers: { destination, ...headers } });
    assert.match(String((await alice.request('OPTIONS', from)).headers.allow), /MOVE/);
    assert.equal((await move({ depth: '0' })).status, 400, 'Depth infinity alone (RFC 4918 §9.9.2)');
    assert.equal((await move({}, from, from)).status, 403);
    assert.equal((await move({}, from, '/dav/addressbooks/alice%40example.test/mv/')).status, 403);
    assert.equal((await move({}, from, calendarPath(ALICE, 'inbox'))).status, 403);
    const lock = await alice.request('LOCK', from, {
      body: '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>',
    });
    assert.equal((await move()).status, 423);
    const done = await move({ if: `<${server.url}${from}> (${lock.headers['lock-token']})` });
    assert.deepEqual([done.status, done.headers.location], [201, to]);
    assert.equal((await alice.request('PROPFIND', from, { depth: 0 })).status, 404);
    assert.equal((await alice.request('GET', `${to}one.ics`)).text, event('one'));
    assert.deepEqual(await facts(to), before);
    assert.doesNotMatch((await alice.request('PROPFIND', to, { depth: 0 })).text, /activelock/, 'locks do not move');
    await alice.request('MKCALENDAR', from);
    assert.equal((await move({ overwrite: 'F' })).status, 412);
    assert.equal((await move()).status, 204);
    assert.equal((await alice.request('GET', `${to}one.ics`)).status, 404, 'what was there is replaced');
    assert.equal((await move({}, to, `${HOME}calendar/`)).status, 403, 'the default calendar stays');
    assert.equal((await alice.request('PROPFIND', to, { depth: 0 })).status, 207, 'and nothing is half done');
    assert.equal((await move({}, calendarPath(ALICE, 'none'))).status, 404);
    await alice.request('DELETE', to);
  });

  it('keeps clients’ properties with items: shown, copied and moved along, gone with the item, bounded', async () => {
    const other = calendarPath(ALICE, 'kept');
    await alice.request('MKCALENDAR', other);
    const update = (inner: string) => `<propertyupdate xmlns="DAV:" xmlns:X="urn:x">${inner}</propertyupdate>`;
    const set = (inner: string) => update(`<set><prop>${inner}</prop></set>`);
    const patch = async (path: string, body: string) => [
      ...((await alice.multistatus('PROPPATCH', path, { body })).responses[0]?.statuses.values() ?? []),
    ];
    const value = async (path: string, name = '{urn:x}note') => {
      const { responses } = await alice.propfind(path, [name, D('getetag')]);
      return responses[0]?.props.get(name)?.text ?? null;
    };
    const item = `${HOME}calendar/kept.ics`;
    await putInto(alice, item, event('kept'));
    await putInto(alice, `${HOME}calendar/bare.ics`, event('bare'));
    const etag = (await alice.request('GET', item)).headers.etag;
    assert.deepEqual(await patch(item, set('<X:note xml:lang="de">Notiz</X:note><X:more><X:in>1</X:in></X:more>')), [200, 200]);
    assert.equal(await value(item), 'Notiz');
    assert.equal((await alice.request('GET', item)).headers.etag, etag, 'the item is the same');
    const listed = (await alice.propfind(`${HOME}calendar/`, ['{urn:x}note', D('getetag')], 1)).responses;
    const shown = listed.filter(({ props }) => props.has('{urn:x}note'));
    assert.deepEqual([shown.length, shown[0]?.href, shown[0]?.props.get('{urn:x}note')?.attributes['xml:lang']], [1, item, 'de']);
    const multiget = `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:X="urn:x"><prop><X:note/></prop><href>${item}</href></C:calendar-multiget>`;
    const [row] = (await alice.multistatus('REPORT', `${HOME}calendar/`, { body: multiget })).responses;
    assert.equal(row?.props.get('{urn:x}note')?.text, 'Notiz');
    for (const [body, pattern] of [
      ['<propfind xmlns="DAV:"><allprop/></propfind>', /<x:note[^>]*>Notiz<\/x:note>/],
      ['<propfind xmlns="DAV:"><propname/></propfind>', /<x:note[^>]*\/>/],
    ] as const) {
      assert.match((await alice.request('PROPFIND', item, { body, depth: 0 })).text, pattern);
    }
    await putInto(alice, item, event('kept', 'SUMMARY:changed'));
    assert.equal(await value(item), 'Notiz', 'a new text keeps them');
    assert.equal((await alice.request('COPY', item, { headers: { destination: `${other}copy.ics` } })).status, 201);
    assert.equal((await alice.request('DELETE', `${other}copy.ics`)).status, 204);
    assert.equal((await alice.request('MOVE', item, { headers: { destination: `${other}moved.ics` } })).status, 201);
    assert.equal(await value(`${other}moved.ics`), 'Notiz');
    assert.equal((await alice.request('COPY', `${other}moved.ics`, { headers: { destination: item } })).status, 201);
    assert.equal(await value(item), 'Notiz');
    assert.deepEqual(await patch(item, update('<remove><prop><X:note/></prop></remove>')), [200]);
    assert.deepEqual([await value(item), await value(`${other}moved.ics`)], [null, 'Notiz']);
    await alice.request('DELETE', item);
    await putInto(alice, item, event('kept'));
    assert.equal(await value(item, '{urn:x}more'), null, 'gone with the item');
    assert.deepEqual(await patch(item, set(`<X:big>${'x'.repeat(9_000)}</X:big>`)), [507]);
    const many = Array.from({ length: 21 }, (_, index) => `<X:p${index}/>`).join('');
    assert.ok((await patch(item, set(many))).every((status) => status === 507));
    assert.deepEqual(await patch(item, set('<getetag>"mine"</getetag><X:ok/>')), [403, 424]);
    await alice.request('DELETE', item);
    await alice.request('DELETE', `${HOME}calendar/bare.ics`);
    await alice.request('DELETE', other);
  });

  it('takes a calendar’s zone by reference or written out, and gives both (RFC 7809 §5.2)', async () => {
    const path = `${HOME}calendar/`;
    const names = [CAL('calendar-timezone'), CAL('calendar-timezone-id')];
    const set = (inner: string) =>
      alice.multistatus('PROPPATCH', path, {
        body: `<propertyupdate xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>${inner}</prop></set></propertyupdate>`,
      });
    assert.equal(
      (await set('<C:calendar-timezone-id>Nowhere/Town</C:calendar-timezone-id>')).responses[0]?.statuses.get(names[1]!),
      403,
    );
    await set('<C:calendar-timezone-id>America/New_York</C:calendar-timezone-id>');
    const byId = (await alice.propfind(path, names)).responses[0]?.props;
    assert.equal(byId?.get(names[1]!)?.text, 'America/New_York');
    assert.match(byId?.get(names[0]!)?.text ?? '', /BEGIN:VTIMEZONE\r\nTZID:America\/New_York\r\n[\s\S]*TZOFFSETTO:-0400/);
    await putInto(alice, `${path}allday.ics`, event('allday', 'DTSTART;VALUE=DATE:20260310'));
    const hits = async (zone = '') =>
      (
        await alice.multistatus('REPORT', path, {
          depth: 1,
          body: `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop/><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20260311T010000Z" end="20260311T020000Z"/></C:comp-filter></C:comp-filter></C:filter>${zone}</C:calendar-query>`,
        })
      ).responses.length;
    assert.equal(await hits(), 1, 'the day lasts longer in New York');
    assert.equal(await hits('<C:timezone-id>Europe/Berlin</C:timezone-id>'), 0);
    const written = 'BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE\nEND:VCALENDAR';
    await set(`<C:calendar-timezone>${written}</C:calendar-timezone>`);
    assert.equal((await alice.propfind(path, names)).responses[0]?.props.get(names[1]!)?.text, 'Europe/Berlin');
    assert.equal(await hits(), 0);
    await alice.request('DELETE', `${path}allday.ics`);
  });

  it('keeps accounts apart, and tells nothing of what others have', async () => {
    const bob = await server.client('bob@example.test');
    await putInto(alice, `${HOME}calendar/same.ics`, event('same', 'SUMMARY:Alice'));
    const mine = calendarPath('bob@example.test', 'calendar');
    assert.equal((await putInto(bob, `${mine}same.ics`, event('same', 'SUMMARY:Bob'))).status, 201);
    assert.match((await alice.request('GET', `${HOME}calendar/same.ics`)).text, /SUMMARY:Alice/);
    const requests: [string, string][] = [
      ['GET', `${HOME}calendar/same.ics`],
      ['GET', `${HOME}calendar/none.ics`],
      ['PUT', `${HOME}calendar/same.ics`],
      ['DELETE', `${HOME}calendar/same.ics`],
      ['PROPFIND', HOME],
      ['PROPFIND', `${HOME}none/`],
      ['PROPFIND', '/dav/principals/alice%40other.test/'],
      ['PROPFIND', '/dav/principals/nobody%40example.test/'],
      ['PROPFIND', '/dav/calendars/nobody%40example.test/calendar/'],
    ];
    for (const [method, path] of requests) {
      const answer = await bob.request(method, path, method === 'PUT' ? { body: event('same') } : {});
      assert.equal(answer.status, 403, `${method} ${path}`);
      assert.doesNotMatch(answer.text, /Alice/);
    }
    const headers = { destination: `${HOME}calendar/stolen.ics` };
    assert.equal((await bob.request('MOVE', `${mine}same.ics`, { headers })).status, 403);
    assert.match((await alice.request('GET', `${HOME}calendar/same.ics`)).text, /SUMMARY:Alice/);
  });

  it('takes the user in any case, by an alias, encoded or not', async () => {
    for (const user of ['alice@example.test', 'ALICE@example.test', 'alice%40example.test', 'al%40example.test']) {
      const { responses } = await alice.propfind(`/dav/calendars/${user}/calendar/`, [D('displayname')]);
      assert.equal(responses[0]?.href, `${HOME}calendar/`, user);
    }
  });

  it('moves the CTag of calendar and home with each change', async () => {
    const tags = async () => {
      const { responses } = await alice.propfind(HOME, [CS('getctag')], 1);
      return responses.slice(0, 3).map(({ props }) => props.get(CS('getctag'))?.text);
    };
    const before = await tags();
    assert.deepEqual(await tags(), before);
    await putInto(alice, `${HOME}calendar/ctag.ics`, event('ctag'));
    const after = await tags();
    assert.deepEqual([after[0] !== before[0], after[1] !== before[1], after[2] === before[2]], [true, true, true]);
  });

  it('announces itself to everybody, on unknown paths too', async () => {
    for (const path of [
      '/',
      '/dav/',
      '/dav/principals/alice%40example.test/',
      `${HOME}calendar/`,
      '/dav/none/such',
      '/.well-known/caldav',
    ]) {
      const answer = await fetch(server.url + path, { method: 'OPTIONS' });
      assert.equal(answer.status, 200, path);
      assert.match(answer.headers.get('dav') ?? '', /calendar-access, addressbook/, path);
      assert.ok(answer.headers.get('allow'), path);
    }
    const moved = await fetch(`${server.url}/.well-known/caldav`, { redirect: 'manual' });
    assert.deepEqual([moved.status, moved.headers.get('location')], [301, '/dav/']);
    const challenged = await fetch(`${server.url}/.well-known/caldav`, { method: 'PROPFIND' });
    assert.deepEqual([challenged.status, /^Basic /.test(challenged.headers.get('www-authenticate') ?? '')], [401, true]);
    const wrong = await alice.request('LOCK', '/dav/');
    assert.equal(wrong.status, 405);
    assert.match(wrong.headers.allow ?? '', /PROPFIND/);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
