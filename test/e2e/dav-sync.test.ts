import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CAL, D, type DavClient, type Multistatus } from '../support/dav-client.js';
import { calendarPath, card, event } from '../support/dav-data.js';
import { type DavServer, startDavServer } from '../support/dav-server.js';

const ALICE = 'alice@example.test';
const home = calendarPath(ALICE, 'calendar');
const second = calendarPath(ALICE, 'second');

/** A client's copy of a collection, fed by sync-collection alone. */
class Copy {
  readonly items = new Map<string, string>();
  token = '';

  constructor(
    private readonly client: DavClient,
    private readonly path: string,
  ) {}

  /** One request; returns whether the server said that there is more. */
  async step(limit?: number): Promise<boolean> {
    const answer = await this.client.syncCollection(this.path, this.token, [D('getetag')], limit);
    this.token = answer.syncToken ?? '';
    assert.notEqual(this.token, '');
    const hrefs = answer.responses.map(({ href }) => href);
    assert.equal(new Set(hrefs).size, hrefs.length, 'each href once in an answer');
    let more = false;
    for (const row of answer.responses) {
      if (row.href === this.path) more = row.status === 507;
      else if (row.status === 404) this.items.delete(row.href);
      else this.items.set(row.href, row.props.get(D('getetag'))?.text ?? '');
    }
    return more;
  }

  async run(limit?: number): Promise<number> {
    let steps = 1;
    while (await this.step(limit)) steps += 1;
    return steps;
  }
}

describe('sync-collection (RFC 6578)', () => {
  let server: DavServer;
  let alice: DavClient;

  before(async () => {
    server = await startDavServer();
    alice = await server.client(ALICE);
    await alice.request('MKCALENDAR', second);
  });
  after(() => server.close());

  const put = (path: string, uid: string, ...lines: string[]) =>
    alice.request('PUT', path, { body: event(uid, ...lines), headers: { 'content-type': 'text/calendar' } });
  const present = async (path: string) => {
    const { responses } = await alice.propfind(path, [D('getetag')], 1);
    return new Map(responses.slice(1).map(({ href, props }) => [href, props.get(D('getetag'))?.text ?? '']));
  };
  const sorted = (map: ReadonlyMap<string, string>) => [...map].sort();

  it('tells of what is new, changed and gone, and then of nothing', async () => {
    const copy = new Copy(alice, home);
    await put(`${home}a.ics`, 'a');
    await put(`${home}b.ics`, 'b');
    await copy.run();
    assert.deepEqual(sorted(copy.items), sorted(await present(home)));
    const answer = await alice.syncCollection(home, copy.token);
    assert.deepEqual([answer.responses.length, answer.syncToken], [0, copy.token]);
    await put(`${home}a.ics`, 'a', 'SUMMARY:changed');
    await alice.request('DELETE', `${home}b.ics`);
    await put(`${home}c.ics`, 'c');
    await alice.request('MOVE', `${home}c.ics`, { headers: { destination: `${second}c.ics` } });
    const changes = await alice.syncCollection(home, copy.token);
    assert.deepEqual(changes.responses.map(({ href, status }) => [href, status ?? 200]).sort(), [
      [`${home}a.ics`, 200],
      [`${home}b.ics`, 404],
      [`${home}c.ics`, 404],
    ]);
    await copy.run();
    assert.deepEqual(sorted(copy.items), sorted(await present(home)));
  });

  it('shows a name that was deleted and made again once, as it is now', async () => {
    const copy = new Copy(alice, home);
    await put(`${home}again.ics`, 'again');
    await copy.run();
    await alice.request('DELETE', `${home}again.ics`);
    await put(`${home}again.ics`, 'again-other');
    const { responses } = await alice.syncCollection(home, copy.token);
    assert.deepEqual(
      responses.map(({ href, status }) => [href, status]),
      [[`${home}again.ics`, undefined]],
    );
    assert.equal(await copy.run(1), 2, 'the tombstone and the new item in pages of their own');
    assert.deepEqual(sorted(copy.items), sorted(await present(home)));
  });

  it('pages with 507 for the collection itself and a token that resumes, on first and later syncs', async () => {
    for (let index = 0; index < 25; index += 1) await put(`${second}p${index}.ics`, `p${index}`);
    const copy = new Copy(alice, second);
    const first: Multistatus = await alice.syncCollection(second, '', [D('getetag')], 10);
    const last = first.responses.at(-1);
    assert.deepEqual([first.responses.length, last?.href, last?.status], [11, second, 507]);
    assert.equal(await copy.run(10), 3);
    assert.deepEqual(sorted(copy.items), sorted(await present(second)));
    for (let index = 0; index < 15; index += 1) await put(`${second}p${index}.ics`, `p${index}`, 'SUMMARY:x');
    await alice.request('DELETE', `${second}p20.ics`);
    assert.equal(await copy.run(6), 3);
    assert.deepEqual(sorted(copy.items), sorted(await present(second)));
  });

  it('lists more than one page where no limit is asked', async () => {
    const path = calendarPath(ALICE, 'large');
    await alice.request('MKCALENDAR', path);
    for (let start = 0; start < 1_100; start += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => put(`${path}l${start + index}.ics`, `l${start + index}`)));
    }
    const copy = new Copy(alice, path);
    assert.equal(await copy.run(), 1);
    assert.equal(copy.items.size, 1_100);
    const { responses } = await alice.propfind(path, [D('getetag'), D('getcontentlength')], 1);
    assert.equal(responses.length, 1_101);
  });

  it('gives the properties that are asked for, texts too', async () => {
    const { responses } = await alice.syncCollection(home, '', [
      CAL('calendar-data'),
      D('getetag'),
      D('getcontenttype'),
      '{urn:x}nope',
    ]);
    const row = responses.find(({ href }) => href === `${home}a.ics`);
    assert.equal(row?.props.get(CAL('calendar-data'))?.text, event('a', 'SUMMARY:changed'));
    assert.match(row?.props.get(D('getcontenttype'))?.text ?? '', /component=VEVENT/);
    assert.equal(row?.statuses.get('{urn:x}nope'), 404);
  });

  it('refuses tokens that are not of this collection, with valid-sync-token (RFC 6578 §3.2)', async () => {
    const foreign = (await alice.syncCollection(second)).syncToken ?? '';
    const body = (token: string, level = '1') =>
      `<sync-collection xmlns="DAV:"><sync-token>${token}</sync-token><sync-level>${level}</sync-level><prop/></sync-collection>`;
    for (const token of [foreign, 'data:,zz-zz', 'data:,', 'urn:x', 'garbage', `data:,${'a'.repeat(300)}`]) {
      const answer = await alice.request('REPORT', home, { body: body(token) });
      assert.deepEqual([answer.status, /<D:valid-sync-token\/>/.test(answer.text)], [403, true], token);
    }
    assert.equal((await alice.request('REPORT', home, { body: body('', '7') })).status, 400);
    assert.equal((await alice.request('REPORT', home, { body: body('', 'infinite') })).status, 207);
    assert.equal((await alice.request('REPORT', home, { body: body(''), depth: 1 })).status, 207, 'the header repeats the level');
    assert.equal((await alice.request('REPORT', home, { body: body(''), depth: 'infinity' })).status, 400);
    assert.equal(
      (
        await alice.request('REPORT', home, {
          body: '<sync-collection xmlns="DAV:"><sync-level>1</sync-level></sync-collection>',
        })
      ).status,
      400,
    );
  });

  it('ends with the server’s state while four writers add, change, delete and move', async () => {
    const paths = ['w1', 'w2'].map((slug) => calendarPath(ALICE, slug));
    for (const path of paths) await alice.request('MKCALENDAR', path);
    let writing = true;
    const writer = async (seed: number): Promise<void> => {
      let random = seed;
      const next = (below: number): number => {
        random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
        return Math.floor((random / 2_147_483_648) * below);
      };
      for (let step = 0; step < 60; step += 1) {
        const path = paths[next(2)] as string;
        const name = `${path}s${seed}-${next(12)}.ics`;
        const action = next(4);
        if (action === 0) await alice.request('DELETE', name);
        else if (action === 1)
          await alice.request('MOVE', name, { headers: { destination: name.replace(path, paths[next(2)] as string) } });
        else await put(name, `s${seed}-${/-(\d+)\./.exec(name)?.[1]}`, `SUMMARY:${step}`);
      }
    };
    const copies = paths.map((path) => new Copy(alice, path));
    const reader = async (copy: Copy, limit: number): Promise<void> => {
      while (writing) await copy.run(limit);
    };
    const readers = copies.map((copy, index) => reader(copy, 3 + index * 4));
    await Promise.all([1, 2, 3, 4].map(writer));
    writing = false;
    await Promise.all(readers);
    for (const [index, copy] of copies.entries()) {
      await copy.run(10);
      assert.deepEqual(sorted(copy.items), sorted(await present(paths[index] as string)));
    }
  });

  it('serves address books alike', async () => {
    const book = '/dav/addressbooks/alice%40example.test/contacts/';
    const copy = new Copy(alice, book);
    await copy.run();
    await alice.request('PUT', `${book}x.vcf`, { body: card('x', 'X'), headers: { 'content-type': 'text/vcard' } });
    await copy.run();
    assert.deepEqual([...copy.items.keys()], [`${book}x.vcf`]);
  });

  describe('on homes (RFC 6578 §3.3)', () => {
    const BOB = 'bob@example.test';
    const root = '/dav/calendars/bob%40example.test/';
    const hrefs = (answer: Multistatus) =>
      answer.responses.map(({ href, status }) => `${href.slice(root.length)} ${status ?? 200}`);
    let bob: DavClient;
    const sync = async (token: string, level: '1' | 'infinite', limit?: number) => {
      const cut = limit === undefined ? '' : `<limit><nresults>${limit}</nresults></limit>`;
      const body = `<sync-collection xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><sync-token>${token}</sync-token><sync-level>${level}</sync-level>${cut}<prop><getetag/><displayname/><CS:getctag/><sync-token/></prop></sync-collection>`;
      return bob.multistatus('REPORT', root, { body });
    };
    const bobs = (slug: string, uid: string, ...lines: string[]) =>
      bob.request('PUT', `${root}${slug}/${uid}.ics`, {
        body: event(uid, ...lines),
        headers: { 'content-type': 'text/calendar' },
      });

    before(async () => {
      bob = await server.client(BOB);
    });

    it('are announced where they work', async () => {
      for (const path of [root, '/dav/addressbooks/bob%40example.test/']) {
        const [row] = (
          await bob.propfind(path, [D('supported-report-set'), D('sync-token'), '{http://calendarserver.org/ns/}getctag'])
        ).responses;
        assert.match(JSON.stringify(row?.props.get(D('supported-report-set'))), /sync-collection/);
        const token = row?.props.get(D('sync-token'))?.text ?? '';
        assert.ok(URL.canParse(token) && token.length < 1_000, token);
        const answer = await bob.syncCollection(path, token);
        assert.deepEqual([answer.responses.length, answer.syncToken], [0, token]);
      }
    });

    it('level 1 tells of collections: new, with other items or properties, gone', async () => {
      const first = await sync('', '1');
      assert.deepEqual(hrefs(first).sort(), ['calendar/ 200', 'inbox/ 200', 'notes/ 200', 'outbox/ 200', 'tasks/ 200']);
      await bob.request('MKCALENDAR', `${root}h1/`);
      await bob.request('MKCALENDAR', `${root}h2/`);
      const made = await sync(first.syncToken ?? '', '1');
      assert.deepEqual(hrefs(made).sort(), ['h1/ 200', 'h2/ 200']);
      await bobs('h1', 'one');
      const name = '<propertyupdate xmlns="DAV:"><set><prop><displayname>Other</displayname></prop></set></propertyupdate>';
      await bob.request('PROPPATCH', `${root}tasks/`, { body: name });
      await bob.request('DELETE', `${root}h2/`);
      const changed = await sync(made.syncToken ?? '', '1');
      assert.deepEqual(hrefs(changed).sort(), ['h1/ 200', 'h2/ 404', 'tasks/ 200']);
      assert.deepEqual((await sync(changed.syncToken ?? '', '1')).responses, []);
      assert.deepEqual(hrefs(await sync(made.syncToken ?? '', '1')).sort(), hrefs(changed).sort(), 'an old token again');
    });

    it('level infinite tells of the items too, paged to the last row', async () => {
      for (let index = 0; index < 12; index += 1) await bobs(index % 2 === 0 ? 'h1' : 'calendar', `deep-${index}`);
      const whole = await sync('', 'infinite');
      assert.ok(hrefs(whole).includes('h1/deep-0.ics 200') && hrefs(whole).includes('calendar/deep-1.ics 200'));
      assert.ok(hrefs(whole).includes('inbox/ 403'), 'its members are no part of it');
      for (const limit of [1, 4, 7]) {
        const seen: string[] = [];
        let token = '';
        for (let more = true, rounds = 0; more; rounds += 1) {
          assert.ok(rounds < 60, 'it comes to an end');
          const page = await sync(token, 'infinite', limit);
          const rows = page.responses.filter(({ href }) => href !== root);
          assert.ok(rows.length <= limit);
          seen.push(...rows.map(({ href, status }) => `${href.slice(root.length)} ${status ?? 200}`));
          more = rows.length < page.responses.length;
          token = page.syncToken ?? '';
        }
        assert.deepEqual(seen.sort(), hrefs(whole).sort(), `limit ${limit}`);
        assert.deepEqual((await sync(token, 'infinite')).responses, []);
      }
      await bobs('h1', 'deep-0', 'SUMMARY:x');
      await bob.request('DELETE', `${root}calendar/deep-1.ics`);
      assert.deepEqual(hrefs(await sync(whole.syncToken ?? '', 'infinite')).sort(), [
        'calendar/deep-1.ics 404',
        'h1/deep-0.ics 200',
      ]);
      await bob.request('DELETE', `${root}h1/`);
      await bob.request('MKCALENDAR', `${root}h1/`);
      const anew = await bob.request('REPORT', root, {
        body: `<sync-collection xmlns="DAV:"><sync-token>${whole.syncToken}</sync-token><sync-level>infinite</sync-level><prop/></sync-collection>`,
      });
      assert.deepEqual([anew.status, /valid-sync-token/.test(anew.text)], [403, true], 'made anew under the old name');
    });

    it('refuses tokens of other homes and of none', async () => {
      const foreign = (await alice.syncCollection('/dav/calendars/alice%40example.test/')).syncToken ?? '';
      const books = (await bob.syncCollection('/dav/addressbooks/bob%40example.test/')).syncToken ?? '';
      for (const token of [foreign, books, 'data:,h~', 'data:,h~AAAA', 'data:,1-1', `data:,h~${'A'.repeat(300_000)}`, 'x']) {
        const body = `<sync-collection xmlns="DAV:"><sync-token>${token}</sync-token><sync-level>1</sync-level><prop/></sync-collection>`;
        const answer = await bob.request('REPORT', root, { body });
        assert.deepEqual([answer.status, /<D:valid-sync-token\/>/.test(answer.text)], [403, true], token.slice(0, 40));
      }
    });
  });

  it('logged no error', () => assert.deepEqual(server.errors, []));
});
