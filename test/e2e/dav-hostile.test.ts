import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { card, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const HOME = '/dav/calendars/alice%40example.test/';
const CAL = '/dav/calendars/alice%40example.test/calendar/';
const BOOK = '/dav/addressbooks/alice%40example.test/contacts/';
const ICS = 'text/calendar';
const VCF = 'text/vcard';

interface Hostile {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly status: number | readonly number[];
  /** The precondition element to be named. */
  readonly names?: string;
}

const propfind = (what: string, body: string | Uint8Array, status = 400): Hostile => ({
  what,
  method: 'PROPFIND',
  path: CAL,
  body,
  status,
});
const report = (what: string, inner: string, status: number, names?: string, path = CAL): Hostile => ({
  what,
  method: 'REPORT',
  path,
  body: inner.replace('>', ' xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:K="urn:ietf:params:xml:ns:carddav">'),
  status,
  ...(names === undefined ? {} : { names }),
});
const put = (
  what: string,
  body: string | Uint8Array,
  status: number,
  names?: string,
  headers: Record<string, string> = {},
): Hostile => ({
  what,
  method: 'PUT',
  path: `${CAL}hostile.ics`,
  headers: { 'content-type': ICS, ...headers },
  body,
  status,
  ...(names === undefined ? {} : { names }),
});
const putCard = (what: string, body: string | Uint8Array, status: number, names?: string): Hostile => ({
  ...put(what, body, status, names, { 'content-type': VCF }),
  path: `${BOOK}hostile.vcf`,
});
const path = (what: string, target: string, status: number | readonly number[] = 400, method = 'PROPFIND'): Hostile => ({
  what,
  method,
  path: target,
  status,
});
const header = (
  what: string,
  method: string,
  headers: Record<string, string>,
  status: number | readonly number[],
  target = `${CAL}kept.ics`,
): Hostile => ({
  what,
  method,
  path: target,
  headers,
  status,
});

const attach = (what: string, query: string, status: number, names?: string): Hostile => ({
  ...header(what, 'POST', { 'content-type': 'text/plain' }, status, `${CAL}kept.ics?${query}`),
  body: 'x',
  ...(names === undefined ? {} : { names }),
});

/** Sixty-four megabytes of nothing in a few dozen kilobytes. */
const HOME_BOMB = `data:,h~${deflateRawSync(Buffer.alloc(64 << 20)).toString('base64url')}`;

const propertyUpdate = (inner: string) =>
  `<propertyupdate xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${inner}</propertyupdate>`;
const filter = (inner: string) =>
  `<C:calendar-query><prop/><C:filter><C:comp-filter name="VCALENDAR">${inner}</C:comp-filter></C:filter></C:calendar-query>`;
const inEvent = (inner: string) => filter(`<C:comp-filter name="VEVENT">${inner}</C:comp-filter>`);
const bomb = `<!DOCTYPE x [<!ENTITY a "${'ha'.repeat(100)}">${Array.from({ length: 20 }, (_, n) => `<!ENTITY b${n} "${'&a;'.repeat(10)}">`).join('')}]><propfind xmlns="DAV:"><prop>&b1;</prop></propfind>`;

const TABLE: readonly Hostile[] = [
  // XML
  propfind('text instead of XML', 'hello'),
  propfind('an unclosed element', '<propfind xmlns="DAV:"><prop>'),
  propfind('crossing elements', '<propfind xmlns="DAV:"><prop></propfind></prop>'),
  propfind('an unbound prefix', '<D:propfind><D:prop/></D:propfind>'),
  propfind('another root element', '<propertyupdate xmlns="DAV:"/>'),
  propfind('a root of no namespace', '<propfind><prop/></propfind>'),
  propfind('two roots', '<propfind xmlns="DAV:"/><propfind xmlns="DAV:"/>'),
  propfind('an attribute twice', '<propfind xmlns="DAV:" a="1" a="2"/>'),
  propfind('a document type', '<!DOCTYPE propfind><propfind xmlns="DAV:"/>'),
  propfind('an entity bomb', bomb),
  propfind(
    'an external entity',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><propfind xmlns="DAV:"><prop><a>&x;</a></prop></propfind>',
  ),
  propfind('a remote document type', '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><propfind xmlns="DAV:"/>'),
  propfind('an unknown entity', '<propfind xmlns="DAV:"><prop>&nbsp;</prop></propfind>'),
  propfind('a zero character', '<propfind xmlns="DAV:"><prop>&#0;</prop></propfind>'),
  propfind(
    'invalid UTF-8',
    Buffer.concat([Buffer.from('<propfind xmlns="DAV:">'), Buffer.from([0xff, 0xfe]), Buffer.from('</propfind>')]),
  ),
  propfind('another encoding', '<?xml version="1.0" encoding="latin1"?><propfind xmlns="DAV:"/>'),
  propfind('white space alone', '  \n '),
  propfind('deep nesting', `<propfind xmlns="DAV:">${'<a>'.repeat(60)}${'</a>'.repeat(60)}</propfind>`, 413),
  propfind('endless nesting', '<a>'.repeat(300_000), 413),
  propfind('a flood of elements', `<propfind xmlns="DAV:"><prop>${'<a/>'.repeat(60_000)}</prop></propfind>`, 413),
  propfind(
    'a thousand properties',
    `<propfind xmlns="DAV:"><prop>${Array.from({ length: 1_000 }, (_, n) => `<p${n}/>`).join('')}</prop></propfind>`,
    413,
  ),
  propfind(
    'a flood of attributes',
    `<propfind xmlns="DAV:" ${Array.from({ length: 500 }, (_, n) => `a${n}=""`).join(' ')}/>`,
    413,
  ),
  propfind('a large document', `<propfind xmlns="DAV:"><!--${'x'.repeat(5 << 20)}--></propfind>`, 413),
  // paths
  path('a dot segment', '/dav/calendars/alice%40example.test/../bob/'),
  path('encoded dots', '/dav/calendars/alice%40example.test/%2e%2e/bob/'),
  path('half-encoded dots', '/dav/calendars/alice%40example.test/.%2e/'),
  path('an encoded slash', '/dav/calendars/alice%40example.test%2fcalendar/'),
  path('an encoded slash in a name', `${CAL}..%2f..%2fbob%2fcalendar%2fx.ics`),
  path('an encoded backslash', `${CAL}..%5cx.ics`),
  path('a zero byte', `${CAL}x%00.ics`),
  path('a line break', `${CAL}x%0d%0aX-Injected:1`),
  path('a lone percent sign', `${CAL}%`),
  path('bad hex digits', `${CAL}%g1`),
  path('bytes that are no UTF-8', `${CAL}%c3%28.ics`),
  path('an overlong slash', `${CAL}%c0%af`),
  path('empty segments', '/dav//calendars'),
  path('a fragment', `${CAL}#x`),
  path('a very long path', `/dav/${'a/'.repeat(4_000)}`),
  path('a very long name', `${CAL}${'a'.repeat(2_000)}.ics`),
  path('a double encoding, which is a name', `${CAL}%252e%252e%252f`, 404),
  path('no such area', '/dav/nothing/', 404),
  path('too many segments', `${CAL}a/b/c/`, 404),
  path('another user', '/dav/calendars/bob%40example.test/', 403),
  path('a user who is none', '/dav/calendars/x/', 403),
  path('PUT on a name of dots', `${CAL}%2e%2e`, 400, 'PUT'),
  // methods
  path('an unknown method', CAL, 405, 'PURGE'),
  path('POST of nothing', CAL, 415, 'POST'),
  path('POST to an item', `${CAL}kept.ics`, 405, 'POST'),
  { what: 'POST of a form', method: 'POST', path: CAL, headers: { 'content-type': 'text/plain' }, body: '<x/>', status: 415 },
  {
    what: 'POST of an unknown document',
    method: 'POST',
    path: CAL,
    headers: { 'content-type': 'text/xml' },
    body: '<x/>',
    status: 415,
  },
  {
    what: 'POST of a broken document',
    method: 'POST',
    path: CAL,
    headers: { 'content-type': 'text/xml' },
    body: '<x',
    status: 400,
  },
  { what: 'ACL of nothing', method: 'ACL', path: CAL, status: 400 },
  path('PATCH', `${CAL}kept.ics`, 405, 'PATCH'),
  path('GET of a collection', CAL, 405, 'GET'),
  path('PUT on a collection', CAL, 405, 'PUT'),
  path('PUT on a home', '/dav/calendars/alice%40example.test/', 405, 'PUT'),
  path('DELETE of a home', '/dav/calendars/alice%40example.test/', 405, 'DELETE'),
  path('DELETE of the principal', '/dav/principals/alice%40example.test/', 405, 'DELETE'),
  path('MKCALENDAR on an item', `${CAL}kept.ics`, 403, 'MKCALENDAR'),
  path('REPORT without a body', CAL, 400, 'REPORT'),
  path('PROPPATCH without a body', CAL, 400, 'PROPPATCH'),
  path('LOCK of a home', '/dav/calendars/alice%40example.test/', 405, 'LOCK'),
  // headers
  header('an absurd Depth', 'PROPFIND', { depth: '-1' }, 400),
  header('a Depth of text', 'PROPFIND', { depth: 'deep' }, 400),
  header('Depth infinity on a home', 'PROPFIND', { depth: 'infinity' }, 403, '/dav/calendars/alice%40example.test/'),
  header('a malformed If', 'DELETE', { if: '((((' }, 400),
  header('a long malformed If', 'DELETE', { if: '('.repeat(8_000) }, 400),
  header('an If that does not hold', 'DELETE', { if: '(["x"])' }, 412),
  header('an If-Match that does not hold', 'DELETE', { 'if-match': '"x"' }, 412),
  header('an If-Match of junk', 'DELETE', { 'if-match': ',,,' }, 412),
  header('MOVE to nowhere', 'MOVE', {}, 400),
  header('MOVE to another host', 'MOVE', { destination: 'http://evil.test/x' }, 502),
  header('MOVE to no URL', 'MOVE', { destination: 'http://[' }, 400),
  header('MOVE to another face', 'MOVE', { destination: '/metrics' }, 403),
  header('MOVE onto a collection', 'MOVE', { destination: CAL }, 403),
  header('MOVE out of the way of rules', 'MOVE', { destination: `${CAL}..%2fx.ics` }, 403),
  header('MOVE to another user', 'MOVE', { destination: '/dav/calendars/bob%40example.test/calendar/x.ics' }, 403),
  header('MOVE onto itself', 'MOVE', { destination: `${CAL}kept.ics` }, 403),
  header('MOVE between unlike collections', 'MOVE', { destination: `${BOOK}x.vcf` }, 403),
  header('an Overwrite that is none', 'MOVE', { destination: `${CAL}y.ics`, overwrite: 'maybe' }, 400),
  header('UNLOCK without a token', 'UNLOCK', {}, 400),
  header('UNLOCK with a foreign token', 'UNLOCK', { 'lock-token': '<urn:uuid:00000000-0000-0000-0000-000000000000>' }, 409),
  header('LOCK refreshing nothing', 'LOCK', { if: '(<urn:uuid:00000000-0000-0000-0000-000000000000>)' }, 412),
  // reports
  report('an unknown report', '<nothing>x</nothing>', 403, 'D:supported-report'),
  report('a multiget of nothing', '<C:calendar-multiget><prop/></C:calendar-multiget>', 400),
  report(
    'a multiget where it is not served',
    '<K:addressbook-multiget><prop/><href>x</href></K:addressbook-multiget>',
    403,
    'D:supported-report',
  ),
  report('a sync without a token', '<sync-collection><prop/></sync-collection>', 400),
  report(
    'a sync with a foreign token',
    '<sync-collection><sync-token>data:,1-1</sync-token><sync-level>1</sync-level><prop/></sync-collection>',
    403,
    'D:valid-sync-token',
  ),
  report(
    'a sync with a token of junk',
    '<sync-collection><sync-token>%00</sync-token><sync-level>1</sync-level><prop/></sync-collection>',
    403,
    'D:valid-sync-token',
  ),
  report('a sync of level 99', '<sync-collection><sync-token/><sync-level>99</sync-level><prop/></sync-collection>', 400),
  report(
    'a sync with a limit of nothing',
    '<sync-collection><sync-token/><sync-level>1</sync-level><limit><nresults>0</nresults></limit><prop/></sync-collection>',
    403,
  ),
  report(
    'a sync with a limit of text',
    '<sync-collection><sync-token/><sync-level>1</sync-level><limit><nresults>many</nresults></limit><prop/></sync-collection>',
    403,
  ),
  report('a query without a filter', '<C:calendar-query><prop/></C:calendar-query>', 403, 'C:valid-filter'),
  report('a filter without a name', filter('<C:comp-filter/>'), 403, 'C:valid-filter'),
  report(
    'a filter outside VCALENDAR',
    '<C:calendar-query><prop/><C:filter><C:comp-filter name="VEVENT"/></C:filter></C:calendar-query>',
    403,
    'C:valid-filter',
  ),
  report('a range of text', inEvent('<C:time-range start="a" end="b"/>'), 403, 'C:valid-filter'),
  report(
    'a range of a day that is none',
    inEvent('<C:time-range start="20260230T000000Z" end="20260301T000000Z"/>'),
    403,
    'C:valid-filter',
  ),
  report('a range backwards', inEvent('<C:time-range start="20260301T000000Z" end="20250101T000000Z"/>'), 403, 'C:valid-filter'),
  report(
    'a range of local time',
    inEvent('<C:time-range start="20260301T000000" end="20260302T000000"/>'),
    403,
    'C:valid-filter',
  ),
  report(
    'a collation nobody has',
    inEvent('<C:prop-filter name="SUMMARY"><C:text-match collation="constructor">x</C:text-match></C:prop-filter>'),
    403,
    'C:supported-collation',
  ),
  report(
    'a negation of text',
    inEvent('<C:prop-filter name="SUMMARY"><C:text-match negate-condition="perhaps">x</C:text-match></C:prop-filter>'),
    403,
    'C:valid-filter',
  ),
  report(
    'a zone that is none',
    `${filter('').replace('</C:calendar-query>', '<C:timezone>UTC</C:timezone></C:calendar-query>')}`,
    403,
    'C:valid-calendar-data',
  ),
  report(
    'another media type',
    filter('').replace('<prop/>', '<prop><C:calendar-data content-type="text/html"/></prop>'),
    403,
    'C:supported-calendar-data',
  ),
  report(
    'an expansion without an end',
    filter('').replace('<prop/>', '<prop><C:calendar-data><C:expand start="20260301T000000Z"/></C:calendar-data></prop>'),
    400,
  ),
  report(
    'a match type nobody has',
    '<K:addressbook-query><prop/><K:filter><K:prop-filter name="FN"><K:text-match match-type="toString">x</K:text-match></K:prop-filter></K:filter></K:addressbook-query>',
    403,
    'CARD:valid-filter',
    BOOK,
  ),
  report(
    'a version of cards nobody has',
    '<K:addressbook-query><prop><K:address-data version="9.0"/></prop><K:filter/></K:addressbook-query>',
    403,
    'CARD:supported-address-data-conversion',
    BOOK,
  ),
  report('a busy query without a range', '<C:free-busy-query><x/></C:free-busy-query>', 403, 'C:valid-filter'),
  report(
    'an expansion within expansions',
    `<expand-property>${'<property name="principal-URL">'.repeat(8)}${'</property>'.repeat(8)}</expand-property>`,
    403,
    undefined,
    '/dav/principals/alice%40example.test/',
  ),
  // properties
  { what: 'an empty propertyupdate', method: 'PROPPATCH', path: CAL, body: propertyUpdate(''), status: 400 },
  { what: 'a set without prop', method: 'PROPPATCH', path: CAL, body: propertyUpdate('<set/>'), status: 400 },
  {
    what: 'a thousand properties to set',
    method: 'PROPPATCH',
    path: CAL,
    body: propertyUpdate(`<set><prop>${Array.from({ length: 1_000 }, (_, n) => `<p${n}/>`).join('')}</prop></set>`),
    status: 413,
  },
  // iCalendar and vCard
  put('nothing', '', 403, 'C:valid-calendar-data'),
  put('text', 'hello', 403, 'C:valid-calendar-data'),
  put('a card', card('c', 'C'), 403, 'C:valid-calendar-data'),
  put('an unclosed component', event('h').replace('END:VEVENT\r\n', ''), 403, 'C:valid-calendar-data'),
  put('two calendars', event('h') + event('i'), 403, 'C:valid-calendar-data'),
  put(
    'two UIDs',
    event('h').replace('END:VCALENDAR', `${event('i').split('\r\n').slice(3, 8).join('\r\n')}\r\nEND:VCALENDAR`),
    403,
    'C:valid-calendar-object-resource',
  ),
  put('no UID', event('h').replace(/UID:h\r\n/, ''), 403, 'C:valid-calendar-object-resource'),
  put('no component', 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n', 403, 'C:valid-calendar-object-resource'),
  put('a METHOD', event('h').replace('VERSION', 'METHOD:REQUEST\r\nVERSION'), 403, 'C:valid-calendar-object-resource'),
  put('a to-do among events', event('h').replaceAll('VEVENT', 'VTODO'), 403, 'C:supported-calendar-component'),
  put('a day that is none', event('h', 'DTSTART:20260230T250000Z'), 403, 'C:valid-calendar-data'),
  put('a rule of junk', event('h', 'RRULE:FREQ=SOMETIMES'), 403, 'C:valid-calendar-data'),
  put(
    'invalid UTF-8',
    Buffer.concat([Buffer.from(event('h').slice(0, 60)), Buffer.from([0xc3, 0x28]), Buffer.from(event('h').slice(60))]),
    403,
    'C:valid-calendar-data',
  ),
  put('deep components', `BEGIN:VCALENDAR\r\n${'BEGIN:VEVENT\r\n'.repeat(5_000)}`, 403, 'C:valid-calendar-data'),
  put(
    '100,000 attendees',
    event('h', ...Array.from({ length: 100_000 }, (_, n) => `ATTENDEE:mailto:a${n}@x.test`)),
    403,
    'C:max-attendees-per-instance',
  ),
  put('12 MB', event('h', `DESCRIPTION:${'x'.repeat(12 << 20)}`), 403, 'C:max-resource-size'),
  put('another media type', event('h'), 403, 'C:supported-calendar-data', { 'content-type': 'application/json' }),
  put('another charset', event('h'), 415, undefined, { 'content-type': 'text/calendar; charset=utf-16' }),
  put('a part of a body', event('h'), 400, undefined, { 'content-range': 'bytes 0-5/100' }),
  report(
    'a home token that unpacks to gigabytes',
    `<sync-collection><sync-token>${HOME_BOMB}</sync-token><sync-level>1</sync-level><prop/></sync-collection>`,
    403,
    'D:valid-sync-token',
    HOME,
  ),
  report(
    'a home token of garbage',
    '<sync-collection><sync-token>data:,h~!!!</sync-token><sync-level>infinite</sync-level><prop/></sync-collection>',
    403,
    'D:valid-sync-token',
    HOME,
  ),
  attach('an attachment action nobody knows', 'action=../../etc/shadow', 403, 'C:valid-action-parameter'),
  attach(
    'two hundred and one instances',
    `action=attachment-add&rid=${Array(201).fill('M').join(',')}`,
    403,
    'C:valid-rid-parameter',
  ),
  attach('an instance of the year 0', 'action=attachment-add&rid=00000000T000000Z', 403, 'C:valid-rid-parameter'),
  attach('an identifier that is none', 'action=attachment-remove&managed-id=%00%27%3B--', 403, 'C:valid-managed-id-parameter'),
  put(
    'an attachment that nobody was given',
    event('h', 'ATTACH;MANAGED-ID=made-up:http://x.test/a'),
    403,
    'C:valid-managed-id-parameter',
  ),
  path('an attachment of nobody', '/dav/attachments/nobody%40example.test/x/y', 404, 'GET'),
  path('an attachment by a path trick', '/dav/attachments/alice%40example.test/..%2f..%2fx/y', 400, 'GET'),
  header('a whole calendar into itself', 'MOVE', { destination: `${CAL}x.ics` }, 403, CAL),
  header('a whole calendar over the inbox', 'MOVE', { destination: `${HOME}inbox/` }, 403, CAL),
  header('a whole calendar into another’s home', 'MOVE', { destination: '/dav/calendars/bob%40example.test/x/' }, 403, CAL),
  putCard('nothing as a card', '', 403, 'CARD:valid-address-data'),
  putCard('an event as a card', event('h'), 403, 'CARD:valid-address-data'),
  putCard('an unclosed card', card('h', 'H').replace('END:VCARD\r\n', ''), 403, 'CARD:valid-address-data'),
  putCard('two cards', card('h', 'H') + card('i', 'I'), 403, 'CARD:valid-address-data'),
  putCard('a card without UID', card('h', 'H').replace('UID:h\r\n', ''), 403, 'CARD:valid-address-data'),
  putCard('invalid UTF-8 as a card', Buffer.from([0xff, 0xfe, 0x00]), 403, 'CARD:valid-address-data'),
];

describe('hostile input over DAV', () => {
  let server: DavServer;

  before(async () => {
    server = await startDavServer();
    await server.session(ALICE);
    await server.session('bob@example.test');
    assert.equal(
      (
        await send({
          what: '',
          method: 'PUT',
          path: `${CAL}kept.ics`,
          headers: { 'content-type': ICS },
          body: event('kept'),
          status: 201,
        })
      ).status,
      201,
    );
  });
  after(() => server.close());

  /** Sends the path as it is written: URL would tidy it. */
  const send = ({ method, path: target, headers, body = '' }: Hostile, user = ALICE) =>
    new Promise<{ status: number; text: string }>((done, fail) => {
      const { port } = new URL(server.url);
      const authorization = `Basic ${Buffer.from(`${user}:x`).toString('base64')}`;
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      const asked = request(
        { port, host: '127.0.0.1', method, path: target, headers: { authorization, ...length, ...headers } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => done({ status: response.statusCode ?? 0, text }));
        },
      );
      asked.on('error', fail);
      asked.end(body);
    });

  const listing = async (): Promise<string> => {
    const parts = [CAL, BOOK].map((target) =>
      send({ what: '', method: 'PROPFIND', path: target, headers: { depth: '1' }, status: 207 }),
    );
    return (await Promise.all(parts)).map(({ text }) => text).join('\n');
  };

  /** Somebody else asks for something, and gets it. */
  const othersAreServed = async (): Promise<void> => {
    const asked: Hostile = { what: '', method: 'PROPFIND', path: '/dav/calendars/bob%40example.test/', status: 207 };
    const { status, text } = await send({ ...asked, headers: { depth: '1' } }, 'bob@example.test');
    assert.deepEqual([status, text.includes('/dav/calendars/bob%40example.test/calendar/')], [207, true]);
  };

  it('a body that never ends keeps nobody waiting', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const login = Buffer.from(`${ALICE}:x`).toString('base64');
    socket.write(
      `PUT ${CAL}slow.ics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${login}\r\nContent-Type: text/calendar\r\nContent-Length: 1000\r\n\r\nBEGIN:`,
    );
    await othersAreServed();
    socket.destroy();
    assert.equal((await send({ what: '', method: 'GET', path: `${CAL}slow.ics`, status: 404 })).status, 404, 'nothing partial');
  });

  it(`has at least a hundred rows: ${TABLE.length}`, () => assert.ok(TABLE.length >= 100));

  for (const row of TABLE) {
    it(`${row.method}: ${row.what}`, async () => {
      const { status, text } = await send(row);
      const wanted = typeof row.status === 'number' ? [row.status] : row.status;
      assert.ok(wanted.includes(status), `${status} ${text.slice(0, 300)}`);
      if (row.names !== undefined) assert.match(text, new RegExp(`<D:error[^>]*><${row.names}`), text);
      assert.doesNotMatch(text, /node_modules|\bat [A-Za-z]|passwd/, 'nothing of the inside is told');
      await othersAreServed();
    });
  }

  it('left nothing behind, and the server answers as before', async () => {
    const after = await listing();
    assert.equal(after.match(/<D:response>/g)?.length, 3, 'the two collections and the one item');
    assert.equal((await send({ what: '', method: 'GET', path: `${CAL}kept.ics`, status: 200 })).text, event('kept'));
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
