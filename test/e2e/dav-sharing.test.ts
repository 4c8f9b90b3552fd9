import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CAL, D, type DavClient } from '../support/dav-client.js';
import { bookPath, calendarPath, card, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const CS = (local: string) => `{http://calendarserver.org/ns/}${local}`;
const XMLNS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"';
const XML = { 'content-type': 'application/xml; charset=utf-8' };
const ICS = { 'content-type': 'text/calendar' };
const principal = (address: string) => `/dav/principals/${encodeURIComponent(address)}/`;

describe('sharing between accounts', () => {
  let server: DavServer;
  let alice: DavClient;
  let bob: DavClient;
  const own = calendarPath(ALICE, 'calendar');
  const bobsHome = `/dav/calendars/${encodeURIComponent(BOB)}/`;

  before(async () => {
    server = await startDavServer();
    [alice, bob] = [await server.client(ALICE), await server.client(BOB)];
    await server.session('carol@other.test');
    const secret = event('shared', 'SUMMARY:Secret plans', 'LOCATION:Room 1', 'DTEND:20260301T110000Z');
    await alice.request('PUT', `${own}shared.ics`, { body: secret, headers: ICS });
  });
  after(() => server.close());

  const aclBody = (...entries: readonly (readonly [string, string])[]) =>
    `<acl ${XMLNS}>${entries.map(([who, privilege]) => `<ace><principal><href>${principal(who)}</href></principal><grant><privilege><${privilege}/></privilege></grant></ace>`).join('')}</acl>`;

  /** What Bob sees of Alice's calendar in his own home. */
  const mounted = async () => {
    const names = [
      D('resourcetype'),
      D('displayname'),
      D('owner'),
      D('current-user-privilege-set'),
      CS('invite'),
      D('share-access'),
    ];
    const { responses } = await bob.propfind(bobsHome, names, 1);
    return responses.find(({ props }) => props.get(D('resourcetype'))?.children.some(({ name }) => name === CS('shared')));
  };
  const privileges = async () =>
    (await mounted())?.props.get(D('current-user-privilege-set'))?.children.map((privilege) => privilege.children[0]?.name) ?? [];

  it('is granted by the ACL method: the calendar appears in the other’s one home', async () => {
    assert.equal(await mounted(), undefined);
    assert.equal((await alice.request('ACL', own, { body: aclBody([BOB, 'read']) })).status, 200);
    const found = await mounted();
    assert.match(found?.href ?? '', new RegExp(`^${bobsHome}[^/]+/$`));
    assert.equal(found?.props.get(D('owner'))?.children[0]?.text, principal(ALICE));
    const may = await privileges();
    assert.deepEqual([may.includes(D('read')), may.includes(D('write')), may.includes(D('bind'))], [true, false, false]);
    assert.match((await bob.request('GET', `${found?.href}shared.ics`)).text, /Secret plans/);
    const refused = await bob.request('PUT', `${found?.href}new.ics`, { body: event('new'), headers: ICS });
    assert.deepEqual([refused.status, /need-privileges/.test(refused.text)], [403, true]);
    assert.equal((await bob.request('DELETE', `${found?.href}shared.ics`)).status, 403);
    assert.equal((await bob.request('GET', `${own}shared.ics`)).status, 403, 'not at its owner’s address');
  });

  it('lets a reader choose his own looks', async () => {
    const path = (await mounted())?.href ?? '';
    const body = `<propertyupdate ${XMLNS} xmlns:A="http://apple.com/ns/ical/"><set><prop><A:calendar-color>#112233</A:calendar-color><displayname>Alice</displayname></prop></set></propertyupdate>`;
    const { responses } = await bob.multistatus('PROPPATCH', path, { body });
    assert.deepEqual([...(responses[0]?.statuses.values() ?? [])], [200, 200]);
    const color = '{http://apple.com/ns/ical/}calendar-color';
    assert.equal((await bob.propfind(path, [color])).responses[0]?.props.get(color)?.text, '#112233');
    assert.equal((await alice.propfind(own, [color])).responses[0]?.statuses.get(color), 404);
  });

  it('shows only busy times where no more is granted, on every read path', async () => {
    await alice.request('ACL', own, { body: aclBody([BOB, 'C:read-free-busy']) });
    const path = (await mounted())?.href ?? '';
    const multiget = `<C:calendar-multiget ${XMLNS}><prop><C:calendar-data/></prop><href>${path}shared.ics</href></C:calendar-multiget>`;
    const query = `<C:calendar-query ${XMLNS}><prop><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`;
    const answers = [
      await bob.request('GET', `${path}shared.ics`),
      await bob.request('REPORT', path, { body: multiget }),
      await bob.request('REPORT', path, { body: query, depth: 1 }),
      await bob.request('REPORT', path, {
        body: `<sync-collection ${XMLNS}><sync-token/><sync-level>1</sync-level><prop><C:calendar-data/></prop></sync-collection>`,
      }),
    ];
    for (const { text } of answers) {
      assert.match(text, /DTSTART:20260301T100000Z/);
      assert.doesNotMatch(text, /Secret|Room/);
    }
    const byWord = query.replace(
      'name="VCALENDAR"/>',
      'name="VCALENDAR"><C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match>secret</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter>',
    );
    assert.equal(
      (await bob.multistatus('REPORT', path, { body: byWord, depth: 1 })).responses.length,
      0,
      'nor can it be searched for',
    );
    const copy = `${calendarPath(BOB, 'calendar')}copied.ics`;
    assert.equal((await bob.request('COPY', `${path}shared.ics`, { headers: { destination: copy } })).status, 201);
    assert.doesNotMatch((await bob.request('GET', copy)).text, /Secret|Room/, 'nor copied');
    await bob.request('DELETE', copy);
  });

  it('refuses entries that it can’t hold to, before it changes anything (RFC 3744 §8.1.1)', async () => {
    const entry = (inner: string) => `<acl ${XMLNS}><ace>${inner}</ace></acl>`;
    const who = `<principal><href>${principal(BOB)}</href></principal>`;
    for (const [body, condition] of [
      [entry(`${who}<deny><privilege><read/></privilege></deny>`), 'grant-only'],
      [entry(`<invert>${who}</invert><grant><privilege><read/></privilege></grant>`), 'no-invert'],
      [entry('<principal><all/></principal><grant><privilege><read/></privilege></grant>'), 'allowed-principal'],
      [
        entry(
          `<principal><href>${principal('nobody@example.test')}</href></principal><grant><privilege><read/></privilege></grant>`,
        ),
        'recognized-principal',
      ],
      [
        entry(
          `<principal><href>${principal('carol@other.test')}</href></principal><grant><privilege><read/></privilege></grant>`,
        ),
        'recognized-principal',
      ],
      [entry(`${who}<grant><privilege><unlock/></privilege></grant>`), 'not-supported-privilege'],
    ] as const) {
      const answer = await alice.request('ACL', own, { body });
      assert.deepEqual([answer.status, answer.text.includes(`<D:${condition}`)], [403, true], condition);
    }
    assert.ok(await mounted());
    const path = (await mounted())?.href ?? '';
    assert.equal((await bob.request('ACL', path, { body: aclBody([ALICE, 'write']) })).status, 403);
  });

  it('is granted by invitations of Apple’s clients, and listed to the owner', async () => {
    const body = `<CS:share ${XMLNS}><CS:set><href>mailto:${BOB}</href><CS:common-name>Bob</CS:common-name><CS:summary>Team</CS:summary><CS:read-write/></CS:set></CS:share>`;
    assert.equal((await alice.request('POST', own, { body, headers: XML })).status, 200);
    assert.ok((await privileges()).includes(D('write')));
    const path = (await mounted())?.href ?? '';
    assert.equal((await bob.request('PUT', `${path}bobs.ics`, { body: event('bobs'), headers: ICS })).status, 201);
    assert.equal((await alice.request('GET', `${own}bobs.ics`)).text, event('bobs'));
    const { responses } = await alice.propfind(own, [
      CS('invite'),
      CS('allowed-sharing-modes'),
      D('invite'),
      D('share-access'),
      D('acl'),
    ]);
    const user = responses[0]?.props.get(CS('invite'))?.children[0];
    assert.deepEqual(
      user?.children.map(({ name }) => name),
      [D('href'), CS('common-name'), CS('invite-accepted'), CS('access'), CS('summary')],
    );
    assert.equal(user?.children[3]?.children[0]?.name, CS('read-write'));
    assert.equal(responses[0]?.props.get(D('acl'))?.children.length, 2);
    assert.equal(responses[0]?.props.get(D('share-access'))?.children[0]?.name, D('shared-owner'));
    for (const stranger of ['nobody@nowhere.test', 'carol@other.test']) {
      const partly = await alice.request('POST', own, { body: body.replace(BOB, stranger), headers: XML });
      assert.deepEqual([partly.status, /403/.test(partly.text)], [207, true], 'whether or not there is such an account');
    }
    const set = `<acl-principal-prop-set ${XMLNS}><prop><displayname/></prop></acl-principal-prop-set>`;
    const listed = await alice.multistatus('REPORT', own, { body: set, depth: 0 });
    assert.deepEqual(
      listed.responses.map(({ href }) => href),
      [principal(ALICE), principal(BOB)],
    );
    const end = `<CS:share ${XMLNS}><CS:remove><href>mailto:${BOB}</href></CS:remove></CS:share>`;
    assert.equal((await alice.request('POST', own, { body: end, headers: XML })).status, 200);
    assert.equal(await mounted(), undefined);
    assert.equal((await bob.request('GET', `${path}bobs.ics`)).status, 404);
  });

  it('is granted by the later draft as well, and ended by the other side', async () => {
    const share = (access: string) =>
      `<share-resource ${XMLNS}><sharee><href>mailto:${BOB}</href><share-access><${access}/></share-access></sharee></share-resource>`;
    const headers = { 'content-type': 'application/davsharing+xml' };
    assert.equal((await alice.request('POST', own, { body: share('read'), headers })).status, 200);
    const path = (await mounted())?.href ?? '';
    assert.equal((await mounted())?.props.get(D('share-access'))?.children[0]?.name, D('read'));
    const renamed = `${bobsHome}from-alice/`;
    assert.equal(
      (await bob.request('MOVE', path, { headers: { destination: renamed } })).status,
      201,
      'its place in his home is his',
    );
    assert.equal((await mounted())?.href, renamed);
    assert.equal((await alice.request('GET', `${own}shared.ics`)).status, 200);
    assert.equal((await bob.request('DELETE', renamed)).status, 204);
    assert.equal(await mounted(), undefined);
    assert.equal((await alice.request('GET', `${own}shared.ics`)).status, 200, 'the calendar itself stays');
    assert.equal(
      (await bob.request('POST', calendarPath(BOB, 'calendar'), { body: share('read').replace(BOB, BOB), headers })).status,
      403,
    );
  });

  it('takes the answer to an invitation: declined it leaves the home, accepted it is back (CS:invite-reply)', async () => {
    const share = `<CS:share ${XMLNS}><CS:set><href>mailto:${BOB}</href><CS:read/></CS:set></CS:share>`;
    await alice.request('POST', own, { body: share, headers: XML });
    const shownAs = (await mounted())?.href ?? '';
    const reply = (answer: string, host: string) =>
      bob.request('POST', bobsHome, {
        body: `<CS:invite-reply ${XMLNS}><href>mailto:${BOB}</href><CS:invite-${answer}/><CS:hosturl><href>${host}</href></CS:hosturl><CS:in-reply-to>x</CS:in-reply-to></CS:invite-reply>`,
        headers: XML,
      });
    const status = async () =>
      (await alice.propfind(own, [CS('invite')])).responses[0]?.props.get(CS('invite'))?.children[0]?.children[2]?.name;
    assert.equal((await reply('declined', own)).status, 200);
    assert.deepEqual([await mounted(), await status()], [undefined, CS('invite-declined')]);
    const accepted = await reply('accepted', own);
    assert.deepEqual([accepted.status, accepted.text.includes(`<CS:shared-as`) && accepted.text.includes(shownAs)], [200, true]);
    assert.deepEqual([(await mounted())?.href, await status()], [shownAs, CS('invite-accepted')]);
    assert.equal((await reply('declined', shownAs)).status, 200, 'by its name in the own home too');
    for (const [answer, host] of [
      ['accepted', calendarPath(ALICE, 'tasks')],
      ['accepted', '/nowhere'],
      ['accepted', calendarPath('carol@other.test', 'calendar')],
    ] as const) {
      const refused = await reply(answer, host);
      assert.deepEqual([refused.status, /valid-invite-reply/.test(refused.text)], [403, true], host);
    }
    assert.equal((await reply('pondered', own)).status, 400);
    await alice.request('ACL', own, { body: `<acl ${XMLNS}/>` });
  });

  it('leaves alarms to each viewer: the owner’s are the owner’s, whoever may write sets his own', async () => {
    const alarm = (minutes: number) => [
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      `TRIGGER:-PT${minutes}M`,
      'DESCRIPTION:x',
      'END:VALARM',
    ];
    const withAlarm = (minutes: number, ...more: readonly string[]) => event('ring', 'SUMMARY:Ring', ...more, ...alarm(minutes));
    const path = `${own}ring.ics`;
    const put = (client: DavClient, to: string, body: string, headers: Record<string, string> = {}) =>
      client.request('PUT', to, { body, headers: { ...ICS, ...headers } });
    await put(alice, path, withAlarm(5));
    await alice.request('ACL', own, { body: aclBody([BOB, 'read']) });
    const shown = async () => `${(await mounted())?.href}ring.ics`;
    const text = async (client: DavClient, at: string) => (await client.request('GET', at)).text;
    assert.equal(await text(bob, await shown()), event('ring', 'SUMMARY:Ring'), 'none for a reader');
    await alice.request('ACL', own, { body: aclBody([BOB, 'write']) });
    const his = await shown();
    const found = await bob.request('GET', his);
    assert.equal(found.text, event('ring', 'SUMMARY:Ring'), 'nor for a writer');
    const before = (await bob.syncCollection((await mounted())?.href ?? '')).syncToken ?? '';
    const set = await put(bob, his, withAlarm(30), { 'if-match': String(found.headers.etag) });
    assert.equal(set.status, 204);
    const bobs = await bob.request('GET', his);
    assert.equal(bobs.text, withAlarm(30));
    assert.notEqual(bobs.headers.etag, found.headers.etag, 'his other devices see that there is something new');
    assert.ok(set.headers.etag === undefined || set.headers.etag === bobs.headers.etag);
    const { responses } = await bob.syncCollection((await mounted())?.href ?? '', before, [D('getetag'), CAL('calendar-data')]);
    assert.deepEqual(
      responses.map(({ href, props }) => [href, props.get(CAL('calendar-data'))?.text]),
      [[his, withAlarm(30)]],
    );
    assert.equal(await text(alice, path), withAlarm(5), 'the owner has hers');
    await put(bob, his, withAlarm(30, 'LOCATION:Here'));
    assert.equal(await text(alice, path), withAlarm(5, 'LOCATION:Here'), 'what is the event’s is for both');
    await put(alice, path, withAlarm(10, 'LOCATION:There'));
    assert.equal(await text(bob, his), withAlarm(30, 'LOCATION:There'));
    await put(bob, his, event('ring', 'SUMMARY:Ring', 'LOCATION:There'));
    assert.deepEqual(
      [await text(bob, his), await text(alice, path)],
      [event('ring', 'SUMMARY:Ring', 'LOCATION:There'), withAlarm(10, 'LOCATION:There')],
    );
    await put(bob, his, withAlarm(45, 'LOCATION:There'));
    const query = `<C:calendar-query ${XMLNS}><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:comp-filter name="VALARM"><C:time-range start="20260301T091400Z" end="20260301T091600Z"/></C:comp-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`;
    const ringing = async (client: DavClient, collection: string) =>
      (await client.multistatus('REPORT', collection, { body: query, depth: 1 })).responses.length;
    assert.deepEqual(
      [await ringing(bob, (await mounted())?.href ?? ''), await ringing(alice, own)],
      [1, 0],
      'found by his alarms',
    );
    const made = `${(await mounted())?.href}made.ics`;
    const create = await put(bob, made, withAlarm(20).replace('UID:ring', 'UID:made'));
    assert.equal(create.status, 201);
    assert.match(await text(bob, made), /TRIGGER:-PT20M/);
    assert.doesNotMatch(await text(alice, `${own}made.ics`), /VALARM/, 'nothing rings for the owner that she did not set');
    const copy = `${calendarPath(BOB, 'calendar')}ring-copy.ics`;
    assert.equal((await bob.request('COPY', his, { headers: { destination: copy } })).status, 201);
    assert.equal(await text(bob, copy), withAlarm(45, 'LOCATION:There'), 'his copy has his');
    const renamed = his.replace('ring.ics', 'renamed.ics');
    assert.equal((await bob.request('MOVE', his, { headers: { destination: renamed } })).status, 201);
    assert.deepEqual(
      [await text(bob, renamed), await text(alice, `${own}renamed.ics`)],
      [withAlarm(45, 'LOCATION:There'), withAlarm(10, 'LOCATION:There')],
    );
    for (const name of ['renamed.ics', 'made.ics']) await alice.request('DELETE', own + name);
    await bob.request('DELETE', copy);
    await alice.request('ACL', own, { body: `<acl ${XMLNS}/>` });
  });

  it('serves address books alike', async () => {
    const book = bookPath(ALICE, 'contacts');
    await alice.request('PUT', `${book}x.vcf`, { body: card('x', 'Xaver'), headers: { 'content-type': 'text/vcard' } });
    await alice.request('ACL', book, { body: aclBody([BOB, 'read']) });
    const { responses } = await bob.propfind(`/dav/addressbooks/${encodeURIComponent(BOB)}/`, [D('displayname')], 1);
    assert.equal(responses.length, 3);
    await alice.request('ACL', book, { body: `<acl ${XMLNS}/>` });
  });

  it('delegates all calendars by the groups of calendar-proxy, read or write', async () => {
    const group = (address: string, degree: string) => `${principal(address)}calendar-proxy-${degree}/`;
    const set = (...members: readonly string[]) =>
      `<propertyupdate ${XMLNS}><set><prop><group-member-set>${members.map((member) => `<href>${member}</href>`).join('')}</group-member-set></prop></set></propertyupdate>`;
    const statusOf = async (who: DavClient, path: string, body: string) =>
      [...((await who.multistatus('PROPPATCH', path, { body })).responses[0]?.statuses.values() ?? [])][0];
    const hrefs = async (who: DavClient, path: string, name: string) =>
      (await who.propfind(path, [name])).responses[0]?.props.get(name)?.children.map(({ text }) => text) ?? null;
    const forBob = async () => [
      await hrefs(bob, principal(BOB), CS('calendar-proxy-read-for')),
      await hrefs(bob, principal(BOB), CS('calendar-proxy-write-for')),
      await hrefs(bob, principal(BOB), D('group-membership')),
    ];
    assert.match(String((await alice.request('OPTIONS', principal(ALICE))).headers.dav), /calendar-proxy/);
    const { responses } = await alice.propfind(principal(ALICE), [D('resourcetype')], 1);
    assert.deepEqual(
      responses.slice(1).map(({ href, props }) => [href, props.get(D('resourcetype'))?.children.at(-1)?.name]),
      ['read', 'write'].map((degree) => [group(ALICE, degree), CS(`calendar-proxy-${degree}`)]),
    );
    assert.deepEqual(await forBob(), [[], [], []]);
    assert.equal(await statusOf(alice, group(ALICE, 'write'), set(principal(BOB))), 200);
    assert.deepEqual(await hrefs(alice, group(ALICE, 'write'), D('group-member-set')), [principal(BOB)]);
    assert.deepEqual(await hrefs(alice, group(ALICE, 'read'), D('group-member-set')), []);
    assert.deepEqual(await forBob(), [[], [principal(ALICE)], [group(ALICE, 'write')]]);
    const shown = await bob.propfind(bobsHome, [D('owner')], 1);
    const hers = shown.responses.filter(({ props }) => props.get(D('owner'))?.children[0]?.text === principal(ALICE));
    assert.equal(hers.length, 3, 'calendar, tasks and notes in his one home');
    assert.equal(
      (await bob.request('PUT', `${hers[0]?.href}delegate.ics`, { body: event('delegate'), headers: ICS })).status,
      201,
    );
    const expand = `<expand-property ${XMLNS}><property name="calendar-proxy-write-for" namespace="http://calendarserver.org/ns/"><property name="displayname"/></property></expand-property>`;
    assert.match((await bob.request('REPORT', principal(BOB), { body: expand, depth: 0 })).text, /<D:displayname>alice</);
    assert.equal(await statusOf(alice, group(ALICE, 'read'), set(principal(BOB))), 200);
    assert.deepEqual(await forBob(), [[principal(ALICE)], [], [group(ALICE, 'read')]], 'one degree at a time');
    assert.equal(await hrefs(bob, group(ALICE, 'read'), D('group-member-set')), null, 'who else is hers to know');
    assert.equal(await statusOf(bob, group(ALICE, 'read'), set(principal(BOB))), 403);
    assert.equal(await statusOf(alice, group(ALICE, 'read'), set(principal('carol@other.test'))), 403);
    assert.deepEqual(await hrefs(alice, group(ALICE, 'read'), D('group-member-set')), [principal(BOB)], 'nothing half done');
    assert.equal(await statusOf(alice, group(ALICE, 'read'), set()), 200);
    assert.deepEqual(await forBob(), [[], [], []]);
    await alice.request('ACL', own, { body: aclBody([BOB, 'C:read-free-busy']) });
    assert.deepEqual(await forBob(), [[], [], []], 'busy times are no delegation');
    await alice.request('ACL', own, { body: `<acl ${XMLNS}/>` });
    assert.equal((await alice.request('PROPFIND', `${principal(ALICE)}calendar-proxy-none/`, { depth: 0 })).status, 404);
    await alice.request('DELETE', `${own}delegate.ics`);
  });

  it('finds people of the own domain, and nobody else', async () => {
    const search = (text: string, property = '<displayname/>', type = 'contains') =>
      `<principal-property-search ${XMLNS}><property-search><prop>${property}</prop><match match-type="${type}">${text}</match></property-search><prop><displayname/><C:calendar-home-set/><C:calendar-user-address-set/></prop></principal-property-search>`;
    const found = async (body: string) =>
      (await alice.multistatus('REPORT', '/dav/principals/', { body, depth: 0 })).responses.map(({ href }) => href);
    assert.deepEqual(await found(search('BO')), [principal(BOB)]);
    assert.deepEqual(await found(search(`mailto:${BOB}`, '<C:calendar-user-address-set/>', 'equals')), [principal(BOB)]);
    assert.deepEqual(await found(search('carol')), []);
    const apple = `<CS:calendarserver-principal-search context="attendee" ${XMLNS}><CS:search-token>example</CS:search-token><CS:search-token>bob</CS:search-token><prop><displayname/></prop></CS:calendarserver-principal-search>`;
    assert.deepEqual(await found(apple), [principal(BOB)]);
    const { responses } = await alice.propfind(principal(BOB), [D('displayname'), CAL('calendar-home-set')]);
    assert.deepEqual([...(responses[0]?.statuses.values() ?? [])], [200, 404], 'his home is his');
    assert.equal((await alice.request('PROPFIND', principal('carol@other.test'), { depth: 0 })).status, 403);
  });

  it('asks the outbox when others are busy (RFC 6638 §5)', async () => {
    const outbox = calendarPath(BOB, 'outbox');
    const { responses } = await bob.propfind(principal(BOB), [CAL('schedule-outbox-URL')]);
    assert.equal(responses[0]?.props.get(CAL('schedule-outbox-URL'))?.children[0]?.text, outbox);
    const request = (organizer: string, ...more: readonly string[]) =>
      [
        'BEGIN:VCALENDAR',
        'VERSION:2.0',
        'PRODID:x',
        'METHOD:REQUEST',
        'BEGIN:VFREEBUSY',
        'UID:fb',
        'DTSTAMP:20260101T000000Z',
        'DTSTART:20260301T000000Z',
        'DTEND:20260302T000000Z',
        `ORGANIZER:mailto:${organizer}`,
        `ATTENDEE;CN=Alice:mailto:${ALICE}`,
        'ATTENDEE:mailto:nobody@nowhere.test',
        ...more,
        'END:VFREEBUSY',
        'END:VCALENDAR',
        '',
      ].join('\r\n');
    const answer = await bob.request('POST', outbox, { body: request(BOB), headers: ICS });
    assert.equal(answer.status, 200);
    assert.match(
      answer.text,
      /<C:request-status>2\.0;Success<\/C:request-status><C:calendar-data>[^<]*FREEBUSY:20260301T100000Z\/20260301T110000Z/,
    );
    assert.match(answer.text, /<C:request-status>3\.7;/);
    assert.doesNotMatch(answer.text, /Secret/);
    const masked = await bob.request('POST', outbox, { body: request(BOB, 'X-CALENDARSERVER-MASK-UID:shared'), headers: ICS });
    assert.doesNotMatch(masked.text, /FREEBUSY:2026/);
    for (const [body, condition] of [
      [request(ALICE), 'organizer-allowed'],
      [request(BOB).replace('METHOD:REQUEST\r\n', ''), 'valid-scheduling-message'],
      [request(BOB).replace('DTEND:20260302', 'DTEND:20200302'), 'valid-calendar-data'],
      ['hello', 'valid-calendar-data'],
    ] as const) {
      const refused = await bob.request('POST', outbox, { body, headers: ICS });
      assert.deepEqual([refused.status, refused.text.includes(`<C:${condition}`)], [403, true], condition);
    }
    assert.equal((await alice.request('POST', outbox, { body: request(ALICE), headers: ICS })).status, 403);
  });

  it('names new members itself (RFC 5995)', async () => {
    const path = calendarPath(BOB, 'calendar');
    const { responses } = await bob.propfind(path, [D('add-member')]);
    const target = responses[0]?.props.get(D('add-member'))?.children[0]?.text ?? '';
    const added = await bob.request('POST', target, { body: event('added'), headers: ICS });
    assert.equal(added.status, 201);
    const got = await bob.request('GET', added.headers.location ?? '');
    assert.deepEqual([got.text, got.headers.etag], [event('added'), added.headers.etag]);
    assert.match((await bob.request('POST', target, { body: event('added'), headers: ICS })).text, /no-uid-conflict/);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
