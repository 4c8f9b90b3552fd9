import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CAL, CARD, D, type DavClient } from '../support/dav-client.js';
import { bookPath, calendarPath } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';
import { HARD_CALENDARS, HARD_CARDS } from '../support/hard-objects.js';

const ALICE = 'alice@example.test';
const XMLNS = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:K="urn:ietf:params:xml:ns:carddav"';

/** What differs between the two kinds of collections. */
interface Kind {
  readonly objects: Readonly<Record<string, string>>;
  readonly path: string;
  readonly suffix: string;
  readonly type: string;
  readonly multiget: string;
  readonly query: string;
  readonly data: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  'calendar objects': {
    objects: HARD_CALENDARS,
    path: calendarPath(ALICE, 'hard'),
    suffix: '.ics',
    type: 'text/calendar; charset=utf-8',
    multiget: 'C:calendar-multiget',
    query: `<C:calendar-query ${XMLNS}><prop><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`,
    data: CAL('calendar-data'),
  },
  cards: {
    objects: HARD_CARDS,
    path: bookPath(ALICE, 'contacts'),
    suffix: '.vcf',
    type: 'text/vcard; charset=utf-8',
    multiget: 'K:addressbook-multiget',
    query: `<K:addressbook-query ${XMLNS}><prop><K:address-data/></prop><K:filter/></K:addressbook-query>`,
    data: CARD('address-data'),
  },
};

describe('hard objects come back byte for byte', () => {
  let server: DavServer;
  let alice: DavClient;

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
    await alice.request('MKCALENDAR', calendarPath(ALICE, 'hard'));
  });
  after(() => server.close());

  it('there are at least sixty', () => assert.ok(Object.keys(HARD_CALENDARS).length + Object.keys(HARD_CARDS).length >= 60));

  for (const [title, kind] of Object.entries(KINDS)) {
    describe(title, () => {
      const pathOf = (name: string) => `${kind.path}${name}${kind.suffix}`;

      for (const [name, text] of Object.entries(kind.objects)) {
        it(`GET: ${name}`, async () => {
          const put = await alice.request('PUT', pathOf(name), { body: text, headers: { 'content-type': kind.type } });
          assert.equal(put.status, 201, put.text);
          const got = await alice.request('GET', pathOf(name));
          assert.deepEqual(got.body, Buffer.from(text));
          assert.equal(got.headers.etag, put.headers.etag);
        });
      }

      /** XML turns bare line feeds and CR LF into what they were, as long as CR is a reference. */
      const check = (rows: readonly { href: string; props: ReadonlyMap<string, { text: string }> }[]) => {
        const texts = new Map(rows.map(({ href, props }) => [href, props.get(kind.data)?.text]));
        for (const [name, text] of Object.entries(kind.objects)) assert.equal(texts.get(pathOf(name)), text, name);
      };

      it('multiget', async () => {
        const hrefs = Object.keys(kind.objects).map((name) => `<href>${pathOf(name)}</href>`);
        const prop = kind.multiget.startsWith('C') ? '<C:calendar-data/>' : '<K:address-data/>';
        const body = `<${kind.multiget} ${XMLNS}><prop>${prop}</prop>${hrefs.join('')}</${kind.multiget}>`;
        check((await alice.multistatus('REPORT', kind.path, { body })).responses);
      });

      it('query', async () => check((await alice.multistatus('REPORT', kind.path, { body: kind.query, depth: 1 })).responses));

      it('sync', async () => check((await alice.syncCollection(kind.path, '', [kind.data, D('getetag')])).responses));
    });
  }

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
