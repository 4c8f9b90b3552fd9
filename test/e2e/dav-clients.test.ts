import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DAVClient } from 'tsdav';
import { freshDatabase } from '../support/cluster.js';
import { CAL, CARD, D, DavClient, type MultistatusResponse, readMultistatus } from '../support/dav-client.js';
import { calendarPath, card, event } from '../support/dav-data.js';
import { PASSWORD, startTestDovecot } from '../support/dovecot.js';
import { type Gateway, startGateway } from '../support/gateway.js';

/**
 * The requests that clients send when an account is added and when they sync, in their order and with what they ask for,
 * against a gateway in a process of its own.
 */
const USER = 'alice@example.test';
const PRINCIPAL = '/dav/principals/alice%40example.test/';
const HOME = '/dav/calendars/alice%40example.test/';
const BOOKS = '/dav/addressbooks/alice%40example.test/';
const CS = (local: string) => `{http://calendarserver.org/ns/}${local}`;
const A = (local: string) => `{http://apple.com/ns/ical/}${local}`;

const NAMESPACES =
  'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:K="urn:ietf:params:xml:ns:carddav" xmlns:CS="http://calendarserver.org/ns/" ' +
  'xmlns:A="http://apple.com/ns/ical/" xmlns:ME="http://me.com/_namespace/" xmlns:P="https://bitfire.at/webdav-push"';
const propfind = (props: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<D:propfind ${NAMESPACES}><D:prop>${props
    .split(' ')
    .map((name) => `<${name.includes(':') ? name : `D:${name}`}/>`)
    .join('')}</D:prop></D:propfind>`;

let gateway: Gateway;
let client: DavClient;
let anonymous: DavClient;

before(async () => {
  const [dovecot, databaseUrl] = await Promise.all([startTestDovecot(), freshDatabase()]);
  gateway = await startGateway({ databaseUrl, imapUrl: dovecot.url });
  client = new DavClient({ url: gateway.url, user: USER, password: PASSWORD });
  anonymous = new DavClient({ url: gateway.url });
});
after(() => {
  client.close();
  anonymous.close();
});

const hrefOf = (row: MultistatusResponse | undefined, name: string) =>
  row?.props.get(name)?.children.find((child) => child.name === D('href'))?.text;

describe('macOS and iOS Calendar', () => {
  const headers = { 'user-agent': 'macOS/26.1 (25B78) accountsd/1.0', brief: 't', prefer: 'return=minimal' };
  const ios = { 'user-agent': 'iOS/18.4 (22E240) dataaccessd/1.0', brief: 't', prefer: 'return=minimal' };
  const discovery = propfind('current-user-principal principal-URL resourcetype');

  it('finds the principal: without credentials, with them, and at every address it tries', async () => {
    for (const path of ['/.well-known/caldav', '/', '/principals/', '/calendar/dav/alice%40example.test/user/', '/dav/', HOME]) {
      const refused = await anonymous.request('PROPFIND', path, { body: discovery, depth: 0, headers });
      assert.equal(refused.status, 401, path);
      assert.match(refused.headers['www-authenticate'] ?? '', /^Basic realm=/);
      const { responses } = await client.multistatus('PROPFIND', path, { body: discovery, depth: 0, headers });
      assert.equal(hrefOf(responses[0], D('current-user-principal')), PRINCIPAL, path);
    }
  });

  it('asks OPTIONS of the principal, with and without credentials', async () => {
    for (const asking of [anonymous, client]) {
      const answer = await asking.request('OPTIONS', PRINCIPAL, { headers });
      assert.equal(answer.status, 200);
      assert.match(String(answer.headers.dav), /calendar-access/);
      assert.match(String(answer.headers.allow), /PROPFIND.*REPORT/);
    }
  });

  it('reads the principal', async () => {
    const body = propfind(
      'C:calendar-home-set C:calendar-user-address-set current-user-principal displayname CS:dropbox-home-URL CS:email-address-set ' +
        'CS:notification-URL principal-collection-set principal-URL resource-id C:schedule-inbox-URL C:schedule-outbox-URL ' +
        'supported-report-set C:allowed-calendar-component-set',
    );
    const { responses } = await client.multistatus('PROPFIND', '/dav/principals/alice@example.test/', {
      body,
      depth: 0,
      headers: ios,
    });
    const [row] = responses;
    assert.equal(row?.href, PRINCIPAL);
    assert.equal(hrefOf(row, CAL('calendar-home-set')), HOME);
    assert.equal(row?.props.get(CAL('calendar-home-set'))?.children.length, 1, 'one home');
    const addresses = row?.props.get(CAL('calendar-user-address-set'))?.children.map(({ text }) => text);
    assert.deepEqual(addresses, [`mailto:${USER}`, PRINCIPAL]);
    assert.ok(
      [...(row?.statuses.values() ?? [])].every((status) => status === 200),
      'minimal: nothing that is missing',
    );
  });

  it('runs the reports on principals', async () => {
    const set = await client.request('REPORT', '/dav/principals/', {
      body: `<D:principal-search-property-set ${NAMESPACES}/>`,
      depth: 0,
      headers,
    });
    assert.equal(set.status, 200);
    assert.match(set.text, /principal-search-property-set/);
    const expand =
      `<D:expand-property ${NAMESPACES}>` +
      ['read', 'write']
        .map(
          (way) =>
            `<D:property name="calendar-proxy-${way}-for" namespace="http://calendarserver.org/ns/"><D:property name="displayname"/><D:property name="principal-URL"/></D:property>`,
        )
        .join('') +
      '<D:property name="current-user-principal"><D:property name="displayname"/></D:property></D:expand-property>';
    const { responses } = await client.multistatus('REPORT', PRINCIPAL, { body: expand, depth: 0, headers });
    const inner = responses[0]?.props.get(D('current-user-principal'))?.children[0];
    assert.equal(inner?.name, D('response'));
    const search =
      `<CS:calendarserver-principal-search context="attendee" ${NAMESPACES}><CS:search-token>alice</CS:search-token><CS:limit><CS:nresults>50</CS:nresults></CS:limit>` +
      '<D:prop><C:calendar-user-address-set/><CS:email-address-set/><D:displayname/><CS:record-type/></D:prop></CS:calendarserver-principal-search>';
    const found = await client.multistatus('REPORT', '/dav/principals/', { body: search, depth: 0, headers });
    assert.deepEqual(
      found.responses.map(({ href }) => href),
      [PRINCIPAL],
    );
  });

  it('reads the home with forty properties', async () => {
    const body = propfind(
      'add-member CS:allowed-sharing-modes A:autoprovisioned ME:bulk-requests C:calendar-alarm A:calendar-color C:calendar-description ' +
        'C:calendar-free-busy-set A:calendar-order C:calendar-timezone current-user-privilege-set C:default-alarm-vevent-date ' +
        'C:default-alarm-vevent-datetime displayname CS:getctag CS:invite A:language-code A:location-code owner CS:pre-publish-url ' +
        'CS:publish-url CS:push-transports CS:pushkey quota-available-bytes quota-used-bytes A:refreshrate resource-id resourcetype ' +
        'C:schedule-calendar-transp C:schedule-default-calendar-URL CS:source CS:subscribed-strip-alarms CS:subscribed-strip-attachments ' +
        'CS:subscribed-strip-todos C:supported-calendar-component-set C:supported-calendar-component-sets supported-report-set sync-token ' +
        'C:managed-attachments-server-URL K:max-image-size K:max-resource-size K:me-card',
    );
    for (const extra of [headers, {}]) {
      const { responses } = await client.multistatus('PROPFIND', HOME, { body, depth: 1, headers: extra });
      assert.deepEqual(
        responses.map(({ href }) => href).filter((href) => /calendar\/$|tasks\/$|test\/$/.test(href)),
        [HOME, `${HOME}calendar/`, `${HOME}tasks/`],
      );
      for (const row of responses) {
        if (!row.href.endsWith('/outbox/')) assert.ok(row.props.get(CS('getctag')), `${row.href} has a CTag`);
      }
      const calendar = responses.find(({ href }) => href === `${HOME}calendar/`);
      assert.ok(calendar?.props.get(D('sync-token')));
      const privileges = calendar?.props
        .get(D('current-user-privilege-set'))
        ?.children.map((privilege) => privilege.children[0]?.name);
      assert.ok(privileges?.includes(D('write')) && privileges.includes(D('unbind')));
    }
  });

  it('sets default alarms on the home, and looks of calendars', async () => {
    const alarm = `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><C:default-alarm-vevent-datetime>BEGIN:VALARM&#13;\nEND:VALARM</C:default-alarm-vevent-datetime></D:prop></D:set></D:propertyupdate>`;
    assert.equal(
      (await client.request('PROPPATCH', HOME, { body: alarm, headers: { 'user-agent': headers['user-agent'] } })).status,
      207,
    );
    const looks = `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><A:calendar-color symbolic-color="custom">#711A76FF</A:calendar-color><A:calendar-order>2</A:calendar-order><D:displayname>Privat</D:displayname></D:prop></D:set></D:propertyupdate>`;
    const { responses } = await client.multistatus('PROPPATCH', `${HOME}calendar/`, { body: looks });
    assert.deepEqual([...(responses[0]?.statuses.values() ?? [])], [200, 200, 200]);
    const got = await client.propfind(`${HOME}calendar/`, [A('calendar-color'), D('displayname')]);
    assert.equal(got.responses[0]?.props.get(A('calendar-color'))?.text, '#711A76FF');
  });

  it('makes a calendar and a reminders list', async () => {
    const make = (component: string) =>
      `<C:mkcalendar ${NAMESPACES}><D:set><D:prop><A:calendar-order>9</A:calendar-order><C:supported-calendar-component-set><C:comp name="${component}"/></C:supported-calendar-component-set>` +
      '<A:calendar-color>#FF2D55</A:calendar-color><C:calendar-timezone>BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:x&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:Europe/Berlin&#13;\nEND:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n</C:calendar-timezone>' +
      `<D:displayname>${component}</D:displayname><C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp></D:prop></D:set></C:mkcalendar>`;
    for (const [path, component] of [
      ['0B2D4F6A-1111-2222-3333-444455556666', 'VEVENT'],
      ['7C8D9E0F-1111-2222-3333-444455556666', 'VTODO'],
    ] as const) {
      assert.equal((await client.request('MKCALENDAR', `${HOME}${path}/`, { body: make(component), headers: ios })).status, 201);
      const { responses } = await client.propfind(`${HOME}${path}/`, [
        CAL('supported-calendar-component-set'),
        CAL('calendar-timezone'),
      ]);
      assert.equal(responses[0]?.props.get(CAL('supported-calendar-component-set'))?.children[0]?.attributes.name, component);
      assert.match(responses[0]?.props.get(CAL('calendar-timezone'))?.text ?? '', /TZID:Europe\/Berlin\r\n/);
    }
  });

  it('polls: CTags, a query for names, sync, multiget; writes, moves and deletes', async () => {
    const path = calendarPath(USER, 'calendar');
    const written = await client.request('PUT', `${path}A1B2.ics`, {
      body: event(
        'A1B2',
        'X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT15M',
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="A\\, B":geo:1,2',
      ),
      headers: { ...ios, 'content-type': 'text/calendar', 'if-none-match': '*' },
    });
    assert.deepEqual([written.status, /^"/.test(written.headers.etag ?? '')], [201, true]);
    const body = `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/><D:getcontenttype/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20251101T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`;
    const { responses } = await client.multistatus('REPORT', path, { body, depth: 1, headers: ios });
    assert.match(responses[0]?.props.get(D('getcontenttype'))?.text ?? '', /component=VEVENT/i);
    // Since iOS 18.4 the at sign comes encoded; before, it did not.
    for (const spelled of [path, path.replace('%40', '@')]) {
      const multiget = `<C:calendar-multiget ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data/><C:schedule-tag/></D:prop><D:href>${spelled}A1B2.ics</D:href></C:calendar-multiget>`;
      const rows = (await client.multistatus('REPORT', spelled, { body: multiget, depth: 1, headers: ios })).responses;
      assert.deepEqual([rows[0]?.href, rows[0]?.props.get(D('getetag'))?.text], [`${path}A1B2.ics`, written.headers.etag]);
      assert.match(
        rows[0]?.props.get(CAL('calendar-data'))?.text ?? '',
        /X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="A\\, B":geo:1,2/,
      );
    }
    const other = `${HOME}0B2D4F6A-1111-2222-3333-444455556666/`;
    const moved = await client.request('MOVE', `${path}A1B2.ics`, {
      headers: { ...ios, destination: `${gateway.url}${other}A1B2.ics`, overwrite: 'F' },
    });
    assert.equal(moved.status, 201);
    assert.equal(
      (await client.request('DELETE', `${other}A1B2.ics`, { headers: { ...ios, 'if-match': written.headers.etag ?? '' } }))
        .status,
      204,
    );
    assert.equal((await client.request('DELETE', other, { headers: ios })).status, 204);
  });
});

describe('macOS and iOS Contacts', () => {
  it('finds the one address book and syncs it', async () => {
    const principal = propfind(
      'K:addressbook-home-set K:directory-gateway displayname CS:email-address-set principal-collection-set principal-URL resource-id supported-report-set',
    );
    const { responses } = await client.multistatus('PROPFIND', PRINCIPAL, { body: principal, depth: 0 });
    assert.equal(hrefOf(responses[0], CARD('addressbook-home-set')), BOOKS);
    const home = propfind(
      'add-member ME:bulk-requests current-user-privilege-set displayname K:max-image-size K:max-resource-size K:me-card owner quota-available-bytes resource-id resourcetype supported-report-set sync-token CS:getctag',
    );
    const books = (await client.multistatus('PROPFIND', BOOKS, { body: home, depth: 1 })).responses.filter((row) =>
      row.props.get(D('resourcetype'))?.children.some(({ name }) => name === CARD('addressbook')),
    );
    assert.deepEqual(
      books.map(({ href }) => href),
      [`${BOOKS}contacts/`],
    );
    assert.ok(Number(books[0]?.props.get(CARD('max-image-size'))?.text) >= 10 << 20);
    const group = card('G', 'Friends', 'X-ADDRESSBOOKSERVER-KIND:group', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:C');
    for (const [name, text] of [
      [
        'C',
        card('C', 'Carol', 'BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29', 'item1.URL:http://x', 'item1.X-ABLabel:_$!<HomePage>!$_'),
      ],
      ['G', group],
    ] as const) {
      assert.equal(
        (
          await client.request('PUT', `${BOOKS}contacts/${name}.vcf`, {
            body: text,
            headers: { 'content-type': 'text/vcard', 'if-none-match': '*' },
          })
        ).status,
        201,
      );
      assert.equal((await client.request('GET', `${BOOKS}contacts/${name}.vcf`)).text, text);
    }
    const sync = await client.syncCollection(`${BOOKS}contacts/`, '', [D('getetag'), D('getcontenttype')]);
    assert.equal(sync.responses.length, 2);
  });
});

describe('DAVx5', () => {
  const headers = { 'user-agent': 'DAVx5/4.5 (2026/10/01; dav4jvm; okhttp) Android/15' };

  it('finds homes and collections with what it needs of each', async () => {
    const first = propfind(
      'resourcetype displayname K:addressbook-description current-user-privilege-set current-user-principal K:addressbook-home-set C:calendar-home-set C:supported-calendar-component-set A:calendar-color C:calendar-description C:calendar-timezone CS:source',
    );
    const { responses } = await client.multistatus('PROPFIND', '/', { body: first, depth: 0, headers });
    assert.equal(hrefOf(responses[0], D('current-user-principal')), PRINCIPAL);
    const options = await client.request('OPTIONS', PRINCIPAL, { headers });
    assert.match(String(options.headers.dav), /addressbook/);
    assert.match(String(options.headers.dav), /calendar-access/);
    const homes = propfind(
      'displayname C:calendar-home-set K:addressbook-home-set CS:calendar-proxy-read-for CS:calendar-proxy-write-for group-membership',
    );
    const [row] = (await client.multistatus('PROPFIND', PRINCIPAL, { body: homes, depth: 0, headers })).responses;
    assert.deepEqual([hrefOf(row, CAL('calendar-home-set')), hrefOf(row, CARD('addressbook-home-set'))], [HOME, BOOKS]);
    const list = propfind(
      'resourcetype displayname owner current-user-privilege-set C:calendar-description A:calendar-color C:calendar-timezone C:calendar-timezone-id C:supported-calendar-component-set CS:source P:transports P:topic',
    );
    const collections = (await client.multistatus('PROPFIND', HOME, { body: list, depth: 1, headers })).responses;
    for (const calendar of collections) assert.equal(hrefOf(calendar, D('owner')), PRINCIPAL);
    const capabilities = propfind(
      'C:max-resource-size supported-report-set CS:getctag sync-token K:supported-address-data C:supported-calendar-data',
    );
    const [able] = (await client.multistatus('PROPFIND', `${HOME}calendar/`, { body: capabilities, depth: 0, headers }))
      .responses;
    assert.ok(Number(able?.props.get(CAL('max-resource-size'))?.text) >= 10 << 20);
    assert.ok(
      able?.props
        .get(D('supported-report-set'))
        ?.children.some((report) => report.children[0]?.children[0]?.name === D('sync-collection')),
    );
  });

  it('syncs without a limit: every member has an ETag, every answer a token; starts over at a token that is too old', async () => {
    const path = `${HOME}calendar/`;
    await client.request('PUT', `${path}davx5.ics`, {
      body: event('davx5'),
      headers: { ...headers, 'content-type': 'text/calendar; charset=utf-8', 'if-none-match': '*' },
    });
    const { responses, syncToken } = await client.syncCollection(path);
    assert.ok(responses.every(({ props }) => props.get(D('getetag'))) && syncToken);
    const stale = await client.request('REPORT', path, {
      body: '<sync-collection xmlns="DAV:"><sync-token>data:,old</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>',
      headers,
    });
    assert.equal(stale.status, 403);
    assert.match(stale.text, /<D:error[^>]*><D:valid-sync-token\/>/);
    const get = `<C:calendar-multiget ${NAMESPACES}><D:prop><D:getcontenttype/><D:getetag/><C:calendar-data content-type="text/calendar" version="2.0"/><C:schedule-tag/></D:prop><D:href>${path}davx5.ics</D:href></C:calendar-multiget>`;
    const [row] = (await client.multistatus('REPORT', path, { body: get, headers })).responses;
    assert.equal(row?.props.get(CAL('calendar-data'))?.text, event('davx5'));
    const etag = row?.props.get(D('getetag'))?.text ?? '';
    assert.equal(
      (
        await client.request('PUT', `${path}davx5.ics`, {
          body: event('davx5', 'SEQUENCE:1'),
          headers: { ...headers, 'content-type': 'text/calendar', 'if-match': etag },
        })
      ).status,
      204,
    );
    assert.equal(
      (
        await client.request('PUT', `${path}davx5.ics`, {
          body: event('davx5', 'SEQUENCE:2'),
          headers: { ...headers, 'content-type': 'text/calendar', 'if-match': etag },
        })
      ).status,
      412,
    );
    assert.equal((await client.request('DELETE', `${path}davx5.ics`, { headers })).status, 204);
  });
});

describe('Thunderbird', () => {
  it('finds calendars and whether they can be written', async () => {
    const first = propfind(
      'resourcetype owner displayname current-user-principal current-user-privilege-set A:calendar-color C:calendar-home-set',
    );
    const { responses } = await client.multistatus('PROPFIND', '/.well-known/caldav', { body: first, depth: 0 });
    assert.equal(hrefOf(responses[0], D('current-user-principal')), PRINCIPAL);
    const home = (await client.multistatus('PROPFIND', PRINCIPAL, { body: first, depth: 0 })).responses[0];
    assert.equal(hrefOf(home, CAL('calendar-home-set')), HOME);
    const calendars = (await client.multistatus('PROPFIND', HOME, { body: first, depth: 1 })).responses.filter(({ props }) =>
      props.get(D('resourcetype'))?.children.some(({ name }) => name === CAL('calendar')),
    );
    assert.ok(calendars.length >= 3);
    for (const { props } of calendars) {
      const privileges = props.get(D('current-user-privilege-set'))?.children.map((privilege) => privilege.children[0]?.name);
      assert.ok(privileges?.includes(D('write')) || privileges?.includes(D('write-content')));
    }
  });
});

describe('Evolution', () => {
  it('walks from the bare address to its collections', async () => {
    const walk = propfind(
      'resourcetype current-user-principal principal-URL C:calendar-home-set C:calendar-user-address-set K:addressbook-home-set',
    );
    const { responses } = await client.multistatus('PROPFIND', '/.well-known/carddav', { body: walk, depth: 0 });
    const [principal] = (
      await client.multistatus('PROPFIND', hrefOf(responses[0], D('current-user-principal')) ?? '', { body: walk, depth: 0 })
    ).responses;
    assert.equal(hrefOf(principal, CARD('addressbook-home-set')), BOOKS);
    const token =
      (await client.propfind(`${BOOKS}contacts/`, [D('sync-token')])).responses[0]?.props.get(D('sync-token'))?.text ?? '';
    assert.ok(URL.canParse(token), 'the token looks like a URI');
    const query = `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/><C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="UID"/></C:comp></C:comp></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>`;
    assert.equal((await client.request('REPORT', `${HOME}calendar/`, { body: query, depth: 1 })).status, 207);
    const put = await client.request('PUT', `${HOME}calendar/evo.ics`, {
      body: event('evo'),
      headers: { 'content-type': 'text/calendar', prefer: 'return=minimal' },
    });
    assert.deepEqual([put.status, Boolean(put.headers.etag)], [201, true]);
  });
});

describe('Outlook CalDav Synchronizer', () => {
  it('makes an address book by extended MKCOL and names it', async () => {
    const path = `${BOOKS}outlook/`;
    const make = `<D:mkcol ${NAMESPACES}><D:set><D:prop><D:resourcetype><D:collection/><K:addressbook/></D:resourcetype></D:prop></D:set></D:mkcol>`;
    assert.equal((await client.request('MKCOL', path, { body: make })).status, 201);
    const name = `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:displayname>Outlook</D:displayname></D:prop></D:set></D:propertyupdate>`;
    assert.equal((await client.request('PROPPATCH', path, { body: name })).status, 207);
    const search =
      `<D:principal-property-search test="allof" ${NAMESPACES}><D:apply-to-principal-collection-set/><D:property-search><D:prop><C:calendar-user-address-set/></D:prop>` +
      `<D:match match-type="equals">mailto:${USER}</D:match></D:property-search><D:prop><D:resource-id/><C:calendar-user-type/></D:prop></D:principal-property-search>`;
    const { responses } = await readMultistatus((await client.request('REPORT', '/dav/', { body: search, depth: 0 })).text);
    assert.equal(responses[0]?.props.get(CAL('calendar-user-type'))?.text, 'INDIVIDUAL');
    assert.equal((await client.request('DELETE', path)).status, 204);
  });
});

describe('tsdav', () => {
  it('finds everything from the bare origin', async () => {
    for (const accountType of ['caldav', 'carddav'] as const) {
      const dav = new DAVClient({
        serverUrl: gateway.url,
        credentials: { username: USER, password: PASSWORD },
        authMethod: 'Basic',
        defaultAccountType: accountType,
      });
      await dav.login();
      if (accountType === 'caldav') {
        const calendars = await dav.fetchCalendars();
        const found = calendars.find(({ url }) => url.endsWith('/calendar/'));
        assert.ok(found?.ctag && found.syncToken);
        assert.deepEqual(found.components, ['VEVENT']);
        const objects = await dav.fetchCalendarObjects({ calendar: found });
        assert.ok(objects.some(({ url }) => url.endsWith('/evo.ics')));
      } else {
        const books = await dav.fetchAddressBooks();
        assert.equal(books.length, 1);
        const cards = await dav.fetchVCards({ addressBook: books[0]! });
        assert.equal(cards.length, 2);
      }
    }
  });
});
