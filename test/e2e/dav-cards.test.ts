import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CARD, D, type DavClient } from '../support/dav-client.js';
import { bookPath } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const XMLNS = 'xmlns="DAV:" xmlns:K="urn:ietf:params:xml:ns:carddav"';
const card = (version: string, ...lines: string[]): string =>
  `${['BEGIN:VCARD', `VERSION:${version}`, ...lines, 'END:VCARD'].join('\r\n')}\r\n`;

const THREE = card(
  '3.0',
  ...['UID:three', 'FN:Ada Lovelace', 'N:Lovelace;Ada;;;', 'TEL;TYPE=CELL,PREF:+1 555', 'BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-10'],
  ...['item1.X-ABDATE;type=pref:1835-07-08', 'item1.X-ABLabel:_$!<Anniversary>!$_', 'PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo='],
);
const FOUR = card(
  '4.0',
  ...['UID:four', 'FN:Zoë', 'TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+1-555-0100', 'ANNIVERSARY:20140719'],
  ...['PHOTO:data:image/png;base64,iVBORw0KGgo=', 'X-THING;X-P=1:kept'],
);
const OLD = card('2.1', 'UID:old', 'N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg', 'TEL;HOME;PREF:1');
const APPLE_GROUP = card(
  '3.0',
  ...['UID:g3', 'N:Friends;;;;', 'FN:Friends', 'X-ADDRESSBOOKSERVER-KIND:group', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:three'],
);
const GROUP = card('4.0', 'UID:g4', 'FN:Family', 'KIND:group', 'MEMBER:urn:uuid:three', 'MEMBER:urn:uuid:four');

describe('cards in the version a client wants (RFC 6352 §5.1.1, §10.4)', () => {
  let server: DavServer;
  let alice: DavClient;
  const book = bookPath(ALICE, 'contacts');
  const path = (name: string) => `${book}${name}.vcf`;
  const tags = new Map<string, string | undefined>();
  const MACOS = { 'user-agent': 'macOS/15.1 (24B83) AddressBookCore/2700.1' };

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
    for (const [name, body] of Object.entries({ three: THREE, four: FOUR, old: OLD, g3: APPLE_GROUP, g4: GROUP })) {
      const put = await alice.request('PUT', path(name), { body, headers: { 'content-type': 'text/vcard' } });
      assert.equal(put.status, 201, put.text);
      tags.set(name, put.headers.etag as string | undefined);
    }
  });
  after(() => server.close());

  const get = (name: string, headers: Record<string, string> = {}) => alice.request('GET', path(name), { headers });
  /** Address data of all cards by name, and their tags. */
  const report = async (attributes: string, headers: Record<string, string> = {}) => {
    const hrefs = ['three', 'four', 'old', 'g3', 'g4'].map((name) => `<href>${path(name)}</href>`).join('');
    const body = `<K:addressbook-multiget ${XMLNS}><prop><getetag/><K:address-data${attributes}/></prop>${hrefs}</K:addressbook-multiget>`;
    const { responses } = await alice.multistatus('REPORT', book, { body, headers });
    const rows = responses.map(({ href, props }) => {
      const name = href.replace(/^.*\/(.*)\.vcf$/, '$1');
      return [name, { text: props.get(CARD('address-data'))?.text ?? '', etag: props.get(D('getetag'))?.text }] as const;
    });
    return Object.fromEntries(rows);
  };

  it('supported-address-data names both (RFC 6352 §6.2.2)', async () => {
    const body = `<propfind ${XMLNS}><prop><K:supported-address-data/></prop></propfind>`;
    const { text } = await alice.request('PROPFIND', book, { body, depth: 0 });
    assert.match(text, /address-data-type [^>]*version="3.0"[\s\S]*address-data-type [^>]*version="4.0"/);
  });

  it('GET without a wish gives the bytes that were put, under the tag of the PUT', async () => {
    for (const [name, text] of [
      ['three', THREE],
      ['four', FOUR],
    ] as const) {
      for (const accept of [
        undefined,
        '*/*',
        'text/vcard',
        'text/html',
        'text/vcard;version=3.0;q=.5, text/vcard;version=4.0;q=.5',
      ]) {
        const got = await get(name, accept === undefined ? {} : { accept });
        assert.equal(got.text, text, accept);
        assert.equal(got.headers.etag, tags.get(name));
        assert.equal(got.headers['content-type'], 'text/vcard; charset=utf-8');
      }
    }
  });

  it('GET gives the version that Accept names, under a tag of its own', async () => {
    const four = await get('three', { accept: 'text/vcard;version=4.0, text/vcard;q=0.1' });
    assert.equal(four.headers['content-type'], 'text/vcard; charset=utf-8; version=4.0');
    assert.match(four.text, /VERSION:4.0\r\nUID;VALUE=text:three\r\n/);
    assert.match(four.text, /TEL;TYPE=cell;PREF=1:\+1 555\r\nBDAY:--1210\r\nANNIVERSARY;PREF=1:18350708\r\n/);
    assert.match(four.text, /PHOTO:data:image\/png;base64,iVBORw0KGgo=/);
    assert.notEqual(four.headers.etag, tags.get('three'));
    assert.match(String(four.headers.vary), /Accept/);
    const three = await get('four', { accept: 'text/vcard; version="3.0"' });
    assert.match(three.text, /TEL;TYPE=VOICE,HOME,PREF;X-VCARD4-VALUE="tel:\+1-555-0100":\+1-555-0100/);
    assert.match(three.text, /N:;Zoë;;;\r\n/);
    const directory = await get('four', { accept: 'text/directory' });
    assert.equal(directory.text, three.text, 'text/directory is 3.0 (RFC 2426)');
  });

  it('the tag of a version stands for the card in conditions', async () => {
    const accept = 'text/vcard;version=3.0';
    const first = await get('four', { accept });
    const etag = String(first.headers.etag);
    assert.equal((await get('four', { accept, 'if-none-match': etag })).status, 304);
    assert.equal((await get('four', { accept, 'if-none-match': String(tags.get('four')) })).status, 200, 'other bytes');
    assert.equal((await get('four', { 'if-none-match': etag })).status, 200, 'other bytes');
    const put = (ifMatch: string) =>
      alice.request('PUT', path('four'), { body: FOUR, headers: { 'content-type': 'text/vcard', 'if-match': ifMatch } });
    assert.equal((await put('"other~3.0"')).status, 412);
    assert.equal((await put(etag)).status, 204);
  });

  it('GET of a version there is none of is refused with the precondition', async () => {
    const { status, text } = await get('three', { accept: 'text/vcard;version=9.0' });
    assert.equal(status, 406);
    assert.match(text, /supported-address-data-conversion/);
  });

  it('reports give the version asked, under the tag of the card', async () => {
    const stored = await report('');
    assert.deepEqual([stored.three?.text, stored.four?.text], [THREE, FOUR], 'none asked: as it was put');
    const three = await report(' content-type="text/vcard" version="3.0"');
    const four = await report(' content-type="text/vcard" version="4.0"');
    assert.equal(three.three?.text, THREE);
    assert.equal(four.four?.text, FOUR);
    for (const rows of [three, four]) for (const [name, row] of Object.entries(rows)) assert.equal(row.etag, stored[name]?.etag);
    assert.ok(Object.values(three).every(({ text }) => text.startsWith('BEGIN:VCARD\r\nVERSION:3.0\r\n')));
    assert.ok(Object.values(four).every(({ text }) => text.startsWith('BEGIN:VCARD\r\nVERSION:4.0\r\n')));
  });

  it('what is given in another version and put back has lost nothing', async () => {
    const { four } = await report(' version="3.0"');
    await alice.request('PUT', path('four'), { body: four?.text ?? '', headers: { 'content-type': 'text/vcard' } });
    const back = await get('four', { accept: 'text/vcard;version=4.0' });
    for (const line of ['TEL;TYPE=voice,home;PREF=1;VALUE=uri:tel:+1-555-0100', 'ANNIVERSARY:20140719', 'X-THING;X-P=1:kept'])
      assert.ok(back.text.split('\r\n').includes(line), `${line} in ${back.text}`);
    await alice.request('PUT', path('four'), { body: FOUR, headers: { 'content-type': 'text/vcard' } });
  });

  it('properties are picked from the version asked (RFC 6352 §10.4.2)', async () => {
    const data = '<K:address-data version="3.0"><K:prop name="X-ABDATE"/><K:prop name="FN"/></K:address-data>';
    const body = `<K:addressbook-multiget ${XMLNS}><prop>${data}</prop><href>${path('four')}</href></K:addressbook-multiget>`;
    const { responses } = await alice.multistatus('REPORT', book, { body });
    assert.equal(
      responses[0]?.props.get(CARD('address-data'))?.text,
      'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:four\r\nFN:Zoë\r\nitem1.X-ABDATE:2014-07-19\r\nEND:VCARD\r\n',
    );
  });

  it('group cards are readable by both kinds of clients', async () => {
    const four = await report(' version="4.0"');
    assert.match(four.g3?.text ?? '', /KIND:group\r\nMEMBER:urn:uuid:three\r\n/);
    const apple = await report('', MACOS);
    assert.match(
      apple.g4?.text ?? '',
      /N:Family;;;;\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:three\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:four\r\n/,
    );
    assert.equal(apple.g3?.text, APPLE_GROUP);
  });

  it('Apple, which names no version and reads 3.0 only, is given 3.0', async () => {
    const rows = await report('', MACOS);
    assert.ok(Object.values(rows).every(({ text }) => text.includes('VERSION:3.0')));
    assert.match((await get('four', { ...MACOS, accept: '*/*' })).text, /VERSION:3.0/);
    assert.match((await get('four', { 'user-agent': 'iOS/18.1 (22B83) dataaccessd/1.0' })).text, /VERSION:3.0/);
  });

  it('vCard 2.1 is taken, kept as it is and given as 3.0, so that its PUT names no tag', async () => {
    assert.equal(tags.get('old'), undefined);
    const got = await get('old');
    assert.equal(got.text, card('3.0', 'FN:Müller Jörg', 'UID:old', 'N:Müller;Jörg', 'TEL;TYPE=HOME,PREF:1'));
    const rows = await report('');
    assert.equal(rows.old?.text, got.text);
    assert.equal(rows.old?.etag, got.headers.etag);
    const representation = await alice.request('PUT', path('old'), {
      body: OLD,
      headers: { 'content-type': 'text/x-vcard', prefer: 'return=representation' },
    });
    assert.equal(representation.text, got.text);
    const [item] = await server.services.pim.itemsByName(await server.session(ALICE), await contacts(), ['old.vcf']);
    assert.equal(item?.text, OLD);
  });

  it('other versions are refused at PUT with supported-address-data', async () => {
    const body = card('5.0', 'UID:x', 'FN:x');
    const { status, text } = await alice.request('PUT', path('five'), { body, headers: { 'content-type': 'text/vcard' } });
    assert.equal(status, 403);
    assert.match(text, /supported-address-data/);
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));

  async function contacts() {
    const all = await server.services.pim.collections(await server.session(ALICE));
    const found = all.find(({ kind, primary }) => kind === 'contacts' && primary);
    assert.ok(found);
    return found;
  }
});
